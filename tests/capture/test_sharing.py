"""Cells one after another: what the last one bound anew, changed in place (also what it never names), and deleted.

`expected` names what the last cell generated: `a` bound anew, `a*` changed in place, `-a` deleted.
"""

from __future__ import annotations

import asyncio
import itertools
import linecache
import sys
from typing import Any

import pytest

from nbledger.capture.code.names import CellCode, compile_cell
from nbledger.capture.namespace.known import flat_reach
from nbledger.capture.namespace.sharing import reach_of
from nbledger.capture.namespace.variables import Changes, Variables
from nbledger.capture.namespace.versions import Versions

_cells = itertools.count()


class Notebook:
    """Runs cells in a namespace, as IPython would, and returns what each changed."""

    def __init__(self, sample_over: int | None = None) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        self.variables = Variables(self.namespace, Versions(sample_over))

    def run(self, source: str, *, tolerant: bool = False) -> Changes:
        """Run a cell. Only a division by zero may make it fail, or, where that is `tolerant`, any error."""
        filename = f"<cell sharing {next(_cells)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        codes = [CellCode(compile_cell(source, filename))]
        self.variables.before(codes)
        failed = False
        try:
            exec(compile_cell(source, filename), self.namespace)
        except Exception as error:
            failed = True
            if not (tolerant or type(error) is ZeroDivisionError):
                raise
        return self.variables.after(codes, failed=failed)

    def run_all(self, *sources: str) -> Changes:
        return [self.run(source) for source in sources][-1]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def said(changes: Changes) -> set[str]:
    """What a cell did to the variables, as these tests write it."""
    assert changes.derived <= changes.generated.keys()
    done = {name + "*" * (name in changes.derived) for name in changes.generated}
    return done | {f"-{name}" for name in changes.deleted}


NP, PD = "import numpy as np", "import pandas as pd"
COUNTED = "calls = []\ndef f(x, seen=[]):\n    seen.append(x)\n    return len(seen)"
CLASS = "class A:\n    k = 1\n    registry = []\n    def __init__(self):\n        self.own = []\n    def get(self):\n        return self.k"
MODEL = "from sklearn.linear_model import LinearRegression\nm = LinearRegression().fit([[1], [2]], [1, 2])"

UP_AND_GET = """
def make():
    n = 0
    def up():
        nonlocal n
        n += 1
    def get():
        return n
    return up, get
"""

CASES: dict[str, tuple[list[str], str, str]] = {
    # bound anew, or not at all
    "a name is bound": ([], "x = 1", "x"),
    "a name is bound to an equal value": (["x = [1]"], "x = [1]", "x"),
    "a name is bound to the very same constant": (["x = 1"], "x = 1", "x"),
    "a branch that does not run makes nothing": (["flag = False\nx = 1"], "if flag:\n    x = 1", ""),
    "a branch that does run": (["flag = True\nx = 1"], "if flag:\n    x = 2", "x"),
    "a loop of no turns makes nothing": (["x = 1"], "for x in []:\n    pass", ""),
    "a loop binds its variable": (["x = 1"], "for x in [5, 6]:\n    pass", "x"),
    "an augmented number": (["x = 1"], "x += 1", "x"),
    "an augmented list, and its alias": (["x = [1]\ny = x"], "x += [2]", "x y*"),
    "a with statement": (["import io"], "with io.StringIO('a') as s:\n    t = s.read()", "s t"),
    "an import": ([], "import json", "json"),
    "an import again": (["import json"], "import json", "json"),
    "a star import": ([], "from this_has_two_names import *", "one two"),
    "a def": ([], "def f():\n    pass", "f"),
    "a def again": (["def f():\n    return 1"], "def f():\n    return 1", "f"),
    "a walrus": ([], "(n := 3)", "n"),
    "a chain of names": ([], "a = b = []", "a b"),
    "a swap": (["a, b = [1], [2]"], "a, b = b, a", "a b"),
    "del": (["a = 1"], "del a", "-a"),
    "del, then bound again": (["x = [1]"], "del x\nx = [1]", "x"),
    "bound and deleted within the cell": ([], "t = 1\ndel t", ""),
    "an exception's name is no more": (["e = 1"], "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    pass", "-e"),
    "what a failed cell did before": (["a = [1]\nx = 1"], "a.append(2)\n1 / 0\nx = 1", "a*"),
    "a failed cell binds what it came to": (["x = 1"], "y = 2\n1 / 0\nx = 1", "y"),
    "a global statement": (["n = 0\ndef f():\n    global n\n    n += 1"], "f()", "n"),
    "exec of a text": (["l = [1]\ng = {'l': l}"], "exec('l' + '.append(2)')", "g* l*"),
    # builtin containers
    "append": (["a = [1]"], "a.append(2)", "a*"),
    "append by an alias": (["a = [1]\nb = a"], "b.append(2)", "a* b*"),
    "only read": (["a = [1]\nb = a"], "n = len(a)", "n"),
    "a list in a list": (["a = [1]\nb = [a]"], "a.append(2)", "a* b*"),
    "a list in a tuple": (["a = [1]\nb = (0, a)"], "a.append(2)", "a* b*"),
    "a list deep in dicts": (["a = [1]\nb = {'x': {'y': {'z': a}}}"], "b['x']['y']['z'].append(2)", "a* b*"),
    "the last of a thousand lists": (["l = [[i] for i in range(1000)]\nlast = l[999]"], "last.append(0)", "l* last*"),
    "one of ten thousand dicts": (["l = [{'i': i} for i in range(10_000)]\none = l[7777]"], "one['i'] = 0", "l* one*"),
    "siblings do not change": (["a = [[1], [2]]\nx, y = a"], "x.append(3)", "a* x*"),
    "a dict's value": (["d = {'k': [1]}\nv = d['k']"], "v.append(2)", "d* v*"),
    "a dict's order": (["d = {'a': 1, 'b': 2}"], "d['a'] = d.pop('a')", "d*"),
    "setdefault": (["d = {}"], "d.setdefault('k', []).append(1)", "d*"),
    "a set": (["s = {1}\nt = s"], "s.add(2)", "s* t*"),
    "the order of equal parts matters to who shares them": (["b = [1]\na = [[1]]"], "a[0] = b", "a*"),
    "a defaultdict that is asked": (
        ["from collections import defaultdict\nd = defaultdict(list)"],
        "x = d['k']",
        "d* x",
    ),
    "a deque": (["from collections import deque\nq = deque([[1]], 3)\nx = q[0]"], "x.append(2)", "q* x*"),
    "a Counter": (["from collections import Counter\nc = Counter('ab')\nd = c"], "c.update('a')", "c* d*"),
    "a ChainMap": (["from collections import ChainMap\na = {}\nm = ChainMap(a, {})"], "m['k'] = 1", "a* m*"),
    "an OrderedDict's order": (
        ["from collections import OrderedDict\nd = OrderedDict(a=1, b=2)"],
        "d.move_to_end('a')",
        "d*",
    ),
    "an attribute of a ChainMap": (["from collections import ChainMap\nm = ChainMap({})"], "m.k = 1", "m*"),
    "an attribute of a partial": (["from functools import partial\np = partial(int)"], "p.k = 1", "p*"),
    "a view of a dict": (["d = {'a': 1}\nk = d.keys()"], "d['b'] = 2", "d* k*"),
    "a view of a dict is only read": (["d = {'a': 1}\nk, v = d.keys(), d.values()"], "n = len(k), list(v)", "n"),
    "a mapping proxy": (["import types\nd = {'a': 1}\np = types.MappingProxyType(d)"], "d['b'] = 2", "d* p*"),
    "a bytearray and its memoryview": (["b = bytearray(4)\nm = memoryview(b)"], "m[0] = 1", "b* m*"),
    "an array.array": (["from array import array\na = array('i', [1])\nb = a"], "a.append(2)", "a* b*"),
    "a cycle": (["a = []\na.append(a)\nb = [a]"], "a.append(1)", "a* b*"),
    "what was held by a name that is bound anew": (["a = [1]\nb = [a]"], "a.append(2)\na = 0", "a b*"),
    "what was held by a name that is deleted": (["a = [1]\nb = [a]"], "a.append(2)\ndel a", "-a b*"),
    "a name bound to a part does not change the whole": (["a = [[1], [2]]"], "b = a[0]", "b"),
    "numbers and texts are never looked at": (["a = 1\nb = 'x'\nc = (1, 'y')"], "d = [a, b, c]", "d"),
    # iterators
    "next": (["it = iter([1, 2])"], "next(it)", "it*"),
    "a generator sees its source change": (["l = [1]\ng = (i for i in l)"], "l.append(4)", "g* l*"),
    "a generator's locals": (
        ["def gen(l):\n    for i in l:\n        yield i\nl = [1]\ng = gen(l)"],
        "l.append(2)",
        "g* l*",
    ),
    "map, zip, enumerate, reversed and islice": (
        ["import itertools\nl = [1]\na, b, c, d, e = map(str, l), zip(l), enumerate(l), reversed(l), itertools.islice(l, 2)"],
        "l.append(2)",
        "a* b* c* d* e* l*",
    ),
    "a generator that is left alone": (["g = (i for i in [1])\nl = [1]"], "l.append(2)", "l*"),
    "a generator stays as it was when its source is only read": (["l = [1]\ng = (i for i in l)"], "n = len(l)", "n"),
    "a generator stays as it was when its source gets a name": (["l = [1]\ng = (i for i in l)"], "b = l", "b"),
    "tee": (
        ["import itertools\na, b = itertools.tee(iter([1, 2]))"],
        "next(a)",
        "a* b*",
    ),
    # numpy
    "an array's item": ([NP, "a = np.zeros(3)"], "a[0] = 1", "a*"),
    "a view": ([NP, "a = np.zeros(3)\nb = a[:2]"], "b[0] = 1", "a* b*"),
    "a view of a view": ([NP, "a = np.zeros((3, 3))\nb = a.T[1:]\nc = b.ravel()"], "a[0] = 1", "a* b*"),
    "the part that a view does not show": ([NP, "a = np.zeros(3)\nb = a[:2]"], "a[2] = 1", "a*"),
    "as_strided": ([NP, "a = np.zeros(4)\nb = np.lib.stride_tricks.as_strided(a, (2,), (8,))"], "a[0] = 1", "a* b*"),
    "broadcast_to": ([NP, "a = np.zeros(3)\nb = np.broadcast_to(a, (2, 3))"], "a[0] = 1", "a* b*"),
    "frombuffer": ([NP, "raw = bytearray(8)\na = np.frombuffer(raw, 'u1')"], "raw[0] = 1", "a* raw*"),
    "out=": ([NP, "a = np.ones(2)\nb = a"], "np.add(a, 1, out=b)", "a* b*"),
    "in-place sort": ([NP, "a = np.array([2, 1])"], "a.sort()", "a*"),
    "augmented array": ([NP, "a = np.ones(2)\nb = a"], "a += 1", "a b*"),
    "an object array": ([NP, "l = [1]\na = np.empty(2, object)\na[0] = l"], "l.append(2)", "a* l*"),
    "a record of a structured array": ([NP, "a = np.zeros(2, 'i4,f8')\nr = a[0]"], "r['f0'] = 1", "a* r*"),
    "a flat iterator": ([NP, "a = np.zeros(3)\nf = a.flat"], "f[0] = 1", "a* f*"),
    "an iterator that writes": (
        [NP, "a = np.zeros(2)\nit = np.nditer(a, op_flags=['readwrite'])"],
        "for x in it:\n    x[...] = 5",
        "a* it* x",
    ),
    "an arrow array over an array": ([NP, "import pyarrow as pa", "a = np.zeros(2)\np = pa.array(a)"], "a[0] = 1", "a* p*"),
    "a masked array": ([NP, "a = np.zeros(2)\nm = np.ma.masked_array(a, [0, 1], copy=False)"], "a[0] = 1", "a* m*"),
    "a field of a record array": ([NP, "r = np.rec.array([(1, 2)], names='a,b')\nf = r.a"], "f[0] = 9", "f* r*"),
    "a shape": ([NP, "a = np.zeros(4)"], "a.resize((2, 2), refcheck=False)", "a*"),
    "read-only": ([NP, "a = np.zeros(4)"], "a.flags.writeable = False", "a*"),
    "a copy is another": ([NP, "a = np.zeros(4)\nb = a.copy()"], "a[0] = 1", "a*"),
    "drawing from a generator": ([NP, "rng = np.random.default_rng(0)"], "x = rng.random()", "rng* x"),
    "drawing from a RandomState held elsewhere": (
        [NP, "rng = np.random.RandomState(0)\nheld = {'rng': rng}"],
        "x = held['rng'].rand()",
        "held* rng* x",
    ),
    "shuffling": (["import random\nl = [3, 1, 2]\nd = {'l': l}"], "random.Random(1).shuffle(l)", "d* l*"),
    "a cached property": (
        ["from functools import cached_property\nclass C:\n    @cached_property\n    def v(self):\n        return [1]\nc = C()"],
        "x = c.v",
        "c* x",
    ),
    "what a metaclass does": (
        ["class M(type):\n    def add(cls):\n        cls.items.append(1)\nclass A(metaclass=M):\n    items = []\na = A()"],
        "A.add()",
        "A* a*",
    ),
    "drawing from random.Random": (["import random\nr = random.Random(1)"], "x = r.random()", "r* x"),
    "a ufunc is only called": ([NP, "add = np.add\nf = np.sum"], "x = add(1, f([2]))", "x"),
    # pandas
    "a column": ([PD, "df = pd.DataFrame({'x': [1]})"], "df['y'] = 2", "df*"),
    "a frame in a dict": ([PD, "df = pd.DataFrame({'x': [1]})\nd = {'df': df}"], "d['df']['y'] = 2", "d* df*"),
    "frames copy before they write": (
        [PD, "df = pd.DataFrame({'x': [1]})\ns = df['x']\ne = df[['x']]"],
        "df.loc[0, 'x'] = 5",
        "df*",
    ),
    "a frame is only read": ([PD, "df = pd.DataFrame({'x': [1, 2], 'g': [1, 1]})"], "m = df.groupby('g').mean()", "m"),
    "a frame over an array": (
        [NP, PD, "a = np.zeros((2, 2))\ndf = pd.DataFrame(a, copy=False)"],
        "a[0, 0] = 1",
        "a* df*",
    ),
    "a list in a cell of a copy": (
        [PD, "df = pd.DataFrame({'l': [[1], [2]]})\ne = df.copy()"],
        "df.loc[0, 'l'].append(3)",
        "df* e*",
    ),
    "an item of a series": ([PD, "s = pd.Series([2, 1])\nt = s"], "s[0] = 5", "s* t*"),
    "the name of an index": ([PD, "df = pd.DataFrame({'x': [1]})\ni = df.index"], "i.name = 'k'", "df* i*"),
    "an attribute of an index": ([PD, "i = pd.Index([1])"], "i.source = 1", "i*"),
    "an index that is asked": ([PD, "i = pd.Index([1, 2])"], "u = i.is_unique, i.get_loc(2)", "u"),
    "attrs": ([PD, "df = pd.DataFrame({'x': [1]})"], "df.attrs['k'] = 1", "df*"),
    "an attribute of a frame": ([PD, "df = pd.DataFrame({'x': [1]})"], "df.source = 'a.csv'", "df*"),
    "a group-by is asked": (
        [PD, "df = pd.DataFrame({'x': [1], 'g': [1]})\ng = df.groupby('g')\ng.sum()"],
        "m = g.mean()",
        "m",
    ),
    "the frame of a group-by changes": (
        [PD, "df = pd.DataFrame({'x': [1], 'g': [1]})\ng = df.groupby('g')"],
        "df['z'] = 1",
        "df* g*",
    ),
    # models
    "fit": (["from sklearn.linear_model import LinearRegression\nm = LinearRegression()"], "m.fit([[1]], [1])", "m*"),
    "predict": ([MODEL], "p = m.predict([[1]])", "p"),
    "a fitted array": ([MODEL, "c = m.coef_"], "c[0] = 5", "c* m*"),
    "a step of a pipeline": (
        [
            "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler",
            "s = StandardScaler()\np = make_pipeline(s)",
        ],
        "p.fit([[1.0], [2.0]])",
        "p* s*",
    ),
    "a random state that estimators share": (
        [
            NP,
            "from sklearn.dummy import DummyClassifier\nrng = np.random.RandomState(0)",
            "m = DummyClassifier(strategy='uniform', random_state=rng).fit([[1], [2]], [0, 1])",
        ],
        "p = m.predict([[1]])",
        "m* p rng*",
    ),
    "a sparse matrix": (
        ["import scipy.sparse as sp\nm = sp.csr_matrix([[1.0, 0], [0, 2]])\nd = m.data"],
        "d[0] = 9",
        "d* m*",
    ),
    # objects
    "an attribute": ([CLASS, "a = A()"], "a.x = 1", "a*"),
    "an object by an alias": ([CLASS, "a = A()\nb = [a]"], "b[0].x = 1", "a* b*"),
    "a list that an object holds": ([CLASS, "a = A()\nl = a.own"], "l.append(1)", "a* l*"),
    "an object is only read": ([CLASS, "a = A()"], "x = a.get()", "x"),
    "a method that changes its object": (
        ["class C:\n    n = 0\n    def up(self):\n        self.n += 1\nc = C()\nm = c.up"],
        "m()",
        "c* m*",
    ),
    "slots": (
        ["class S:\n    __slots__ = ('v',)\ns = S()\nl = []\ns.v = l"],
        "l.append(1)",
        "l* s*",
    ),
    "a dataclass with slots": (
        ["from dataclasses import dataclass\n@dataclass(slots=True)\nclass D:\n    v: list\nl = []\nd = D(l)"],
        "d.v.append(1)",
        "d* l*",
    ),
    "a namedtuple": (["from collections import namedtuple\nP = namedtuple('P', 'v')\np = P([])\nv = p.v"], "v.append(1)", "p* v*"),
    "a SimpleNamespace": (["from types import SimpleNamespace\nl = []\nn = SimpleNamespace(l=l)"], "n.l.append(1)", "l* n*"),
    "a subclass of list": (["class L(list): pass\nl = L()\nx = [l]"], "l.append(1)", "l* x*"),
    "an attribute that pickles leave out": (
        ["class C:\n    def __getstate__(self):\n        return {}\nc = C()"],
        "c.hidden = 1",
        "c*",
    ),
    "an object that the library has": (["from fractions import Fraction\nf = Fraction(1, 2)"], "g = f + 1", "g"),
    "a compiled regex": (["import re\nr = re.compile('a')\nl = [r]"], "m = bool(r.match('a'))", "m"),
    "a logger writes to its handlers": (["import io, logging\ns = io.StringIO()\nl = logging.getLogger('l')\nl.addHandler(logging.StreamHandler(s))"], "l.warning(1)", "s*"),
    "an open file": (["import io\nf = io.StringIO('ab')"], "x = f.read(1)", "f* x"),
    "a weak reference leads to its object": (["import weakref\nclass C: pass\nc = C()\nw = weakref.ref(c)"], "w().x = 1", "c* w*"),
    # classes
    "a class attribute, seen by instances": ([CLASS, "a = A()"], "A.k = 2", "A* a*"),
    "a class attribute by way of an instance": ([CLASS, "a = A()"], "type(a).k += 1", "A* a*"),
    "a registry in a class": ([CLASS, "a = A()\nr = A.registry"], "A.registry.append(1)", "A* a* r*"),
    "a method that is put in its place": ([CLASS, "a = A()"], "A.get = lambda self: 5", "A* a*"),
    "a subclass": ([CLASS, "class B(A): pass\nb = B()"], "A.k = 3", "A* B* b*"),
    "a class is only used": ([CLASS, "a = A()"], "b = A()", "b"),
    "an instance counter": (
        ["class N:\n    count = 0\n    def __init__(self):\n        N.count += 1\nn = N()"],
        "o = N()",
        "N* n* o",
    ),
    "an enum is never changed by reading": (["from enum import Enum\nclass E(Enum):\n    A = 1\ne = E.A"], "x = E.A is e", "x"),
    # functions
    "a function is only called": (["def f(x):\n    return x"], "y = f(1)", "y"),
    "a mutable default": ([COUNTED], "n = f(1)", "f* n"),
    "an attribute of a function": (["def f():\n    f.calls += 1\nf.calls = 0"], "f()", "f*"),
    "a counter in a closure": (
        ["def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n        return n\n    return f\nf = make()\ng = f"],
        "f()",
        "f* g*",
    ),
    "a list in a closure": (["def make(l):\n    return lambda x: l.append(x)\nl = []\nf = make(l)"], "f(1)", "f* l*"),
    "two closures over one cell": (
        [
            UP_AND_GET,
            "up, get = make()",
        ],
        "up()",
        "get* up*",
    ),
    "a partial": (["from functools import partial\nl = []\np = partial(l.append)"], "p(1)", "l* p*"),
    "a bound builtin method": (["l = []\nadd = l.append"], "add(1)", "add* l*"),
    "a cached function that is pure": (
        ["from functools import lru_cache\n@lru_cache\ndef f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)"],
        "x = f(9)",
        "x",
    ),
    "a cached function that reads a global": (
        ["from functools import cache\nn = 1\n@cache\ndef f(x):\n    return x + n"],
        "x = f(1)",
        "f* x",
    ),
    "what a cached function has cached": (
        ["from functools import lru_cache\n@lru_cache\ndef f(x):\n    return [x]\nl = f(1)"],
        "l.append(2)",
        "f* l*",
    ),
    "a constant that a function reads": (["K = 1\ndef f():\n    return K"], "K = 2", "K"),
    "a function after a constant that it reads changed": (["K = 1\ndef f():\n    return K", "K = 2"], "x = f()", "x"),
    "a function after one that it calls was defined again": (
        ["def f():\n    return 1\ndef g():\n    return f()", "def f():\n    return 2"],
        "x = g()",
        "x",
    ),
    "a notebook function held by a library object": (
        ["from sklearn.preprocessing import FunctionTransformer\nlog = []\ndef f(x):\n    log.append(1)\n    return x\nt = FunctionTransformer(f)"],
        "t.transform([[1]])",
        "log*",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def module_with_two_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    (tmp_path / "this_has_two_names.py").write_text("one = 1\ntwo = [2]\n")
    (tmp_path / "my_config.py").write_text("items = []\ndef add(x):\n    items.append(x)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("this_has_two_names", "my_config"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", CASES)
def test_what_a_cell_did_is_seen_and_nothing_else(notebook: Notebook, name: str) -> None:
    before, last, expected = CASES[name]
    assert said(notebook.run_all(*before, last)) == set(expected.split())


@pytest.mark.parametrize("name", CASES)
def test_reading_everything_afterwards_changes_nothing_but_what_is_consumed(notebook: Notebook, name: str) -> None:
    before, last, _ = CASES[name]
    notebook.run_all(*before, last)
    names = [n for n in notebook.namespace if not n.startswith("__") and notebook.variables.version(n)]
    opaque = {n for n in names if notebook.variables.version(n).exactness == "opaque"}  # type: ignore[union-attr]
    changes = notebook.run(f"seen = [id(v) for v in [{', '.join(names)}]]")
    assert set(changes.generated) - opaque == {"seen"}


@pytest.mark.parametrize("value", [[], [1, "a"], {}, {"a": 1}, {"a": 1, "b": None}, {1.5}, frozenset({1}), (), (1, 2)])
def test_what_a_container_of_numbers_and_texts_reaches_is_told_at_once(value: Any) -> None:
    assert flat_reach(value) == reach_of(value, {})


def test_a_module_of_ones_own_shares_what_it_holds(notebook: Notebook) -> None:
    notebook.run("import my_config\nfrom my_config import items, add")
    assert said(notebook.run("my_config.items.append(1)")) == {"items*"}
    assert said(notebook.run("add(2)")) == {"items*"}
    assert said(notebook.run("my_config.add(3)")) == {"items*"}


def test_a_class_attribute_is_needed_by_what_reads_it_through_an_instance(notebook: Notebook) -> None:
    notebook.run_all("class A:\n    k = 1", "a = A()")
    made = notebook.run("A.k = 2").generated["a"]
    assert notebook.run("x = a.k").used["a"] == made


@pytest.mark.parametrize("patch", ["pd.DataFrame.half = half", "setattr(frame, 'half', half)"])
def test_a_library_class_that_is_patched_changes_the_library_and_what_is_of_it(notebook: Notebook, patch: str) -> None:
    notebook.run("import pandas as pd\nfrom pandas import DataFrame as frame\ndf = frame({'x': [2]})\nl = [1]")
    notebook.run("import pickle\ndef half(self):\n    return self / 2")
    assert said(notebook.run("raw = pickle.dumps(df)")) == {"raw"}
    try:
        assert said(notebook.run(patch)) == {"pd*", "df*", "frame*"}
        assert said(notebook.run("x = df.half()")) == {"x"}
    finally:
        del notebook.namespace["pd"].DataFrame.half


def test_used_are_the_versions_from_before_the_cell(notebook: Notebook) -> None:
    first = notebook.run("a = [1]\nb = a").generated["a"]
    changes = notebook.run("b.append(2)")
    assert changes.used == {"b": first}
    assert changes.generated["a"] == changes.generated["b"] != first


def test_a_function_that_another_calls_is_used(notebook: Notebook) -> None:
    notebook.run("def f():\n    return 1\ndef g():\n    return f()")
    redefined = notebook.run("def f():\n    return 2").generated["f"]
    assert notebook.run("x = g()").used["f"] == redefined


def test_a_name_that_an_earlier_cell_deleted_is_absent(notebook: Notebook) -> None:
    notebook.run_all("a = 1", "del a")
    changes = notebook.run("try:\n    a\nexcept NameError:\n    b = 0\nnever_there = 'never_there' in globals()")
    assert changes.absent == {"a"}
    assert [edge.name for edge in changes.edges()[0] if edge.version == "0" * 32] == ["a"]
    notebook.run("a = 2")
    assert notebook.run("c = a").absent == set()


def test_edges_tell_what_was_changed_in_place_and_what_was_deleted(notebook: Notebook) -> None:
    notebook.run("a = [1]\nb = a\nc = 1")
    _, generated = notebook.run("b.append(2)\ndel c\nd = 1").edges()
    assert {(e.name, e.derived) for e in generated} == {("a", True), ("b", True), ("c", False), ("d", False)}
    assert {e.name for e in generated if e.version == "0" * 32} == {"c"}


def test_what_is_bound_between_two_cells_is_not_the_next_cells_work(notebook: Notebook) -> None:
    notebook.run("a = [1]\nb = [2]")
    notebook.namespace["b"] = notebook.namespace["a"]
    assert said(notebook.run("a.append(3)")) == {"a*", "b*"}


def test_code_that_comes_to_light_while_the_cell_runs_reads_what_was_there_before(notebook: Notebook) -> None:
    notebook.namespace.update({"a": [1], "b": [2], "c": [3]})
    cell = [CellCode(compile_cell("a = [4]\ndel b\nexec(text)"))]
    notebook.variables.before(cell)
    exec("a = [4]\ndel b", notebook.namespace)
    inner = CellCode(compile_cell("c.append(a)\nb"))
    notebook.variables.learn_reads([inner])
    notebook.namespace["c"].append(notebook.namespace["a"])
    changes = notebook.variables.after([*cell, inner])
    assert said(changes) == {"a", "-b", "c*"}
    assert changes.used.keys() == {"b", "c"}


def test_a_value_beyond_the_limit_is_checked_whatever_changes(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbledger.capture.namespace.sharing.MAX_OBJECTS", 50)
    notebook.run("big = [[i] for i in range(100)]\none = big[99]\nother = [1]")
    assert said(notebook.run("one.append(1)")) == {"big*", "one*"}
    assert said(notebook.run("other.append(1)")) == {"other*"}
    assert said(notebook.run("big[98].append(1)")) == {"big*"}


def test_a_large_value_may_be_sampled_and_says_so() -> None:
    notebook = Notebook(sample_over=10_000)
    made = notebook.run("import numpy as np\na = np.zeros(1_000_000)\nsmall = np.zeros(3)").generated
    assert (made["a"].exactness, made["small"].exactness) == ("sampled", "exact")
    assert said(notebook.run("a[:] = 1")) == {"a*"}
    assert said(notebook.run("n = len(a)")) == {"n"}


def test_a_frame_that_a_cell_only_reads_is_checked_once(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'x': [1.0, 2.0]})\nheld = {'df': df}\ns = df['x']")
    checked = []
    check = Versions.check
    monkeypatch.setattr(Versions, "check", lambda self, value: checked.append(type(value)) or check(self, value))
    notebook.run("total = df['x'].sum()")
    assert [kind.__name__ for kind in checked if kind is not float] == ["DataFrame", "float64"]


def test_a_thread_that_goes_on_is_said_and_what_it_changes_is_seen(notebook: Notebook) -> None:
    notebook.run(
        "import threading\nl = []\nother = [1]\ngo, done, end = threading.Event(), threading.Event(), threading.Event()"
    )
    changes = notebook.run(
        "def work(target):\n    go.wait(10)\n    target.append(1)\n    done.set()\n    end.wait(10)\n"
        "thread = threading.Thread(target=work, args=(l,), name='worker')\nthread.start()"
    )
    assert changes.opaque == ("background thread 'worker' goes on",)
    notebook.namespace["go"].set()
    notebook.namespace["done"].wait(10)
    changes = notebook.run("x = 1")
    assert {"x", "l*"} <= said(changes)
    assert "other*" not in said(changes)
    assert changes.opaque
    notebook.namespace["end"].set()
    notebook.namespace["thread"].join(10)
    notebook.run("y = 1")
    changes = notebook.run("z = 1")
    assert (said(changes), changes.opaque) == ({"z"}, ())


def test_a_task_that_goes_on_is_said_and_what_it_changes_is_seen(notebook: Notebook) -> None:
    async def kernel() -> tuple[Changes, Changes]:
        notebook.run("import asyncio\nl = []\nasync def work():\n    await asyncio.sleep(0)\n    l.append(1)")
        first = notebook.run("task = asyncio.get_running_loop().create_task(work(), name='t')")
        await notebook.namespace["task"]
        return first, notebook.run("x = 1")

    first, second = asyncio.run(kernel())
    assert first.opaque == ("background task 't' goes on",)
    assert said(second) >= {"x", "l*"}
    assert second.opaque == ()


def test_a_thread_that_ended_within_its_cell_is_no_matter(notebook: Notebook) -> None:
    notebook.run("import threading\nl = []")
    changes = notebook.run("t = threading.Thread(target=l.append, args=(1,))\nt.start()\nt.join()")
    assert said(changes) == {"l*", "t"}
    assert changes.opaque == ()


def test_a_list_of_numbers_of_a_type_that_was_never_met_is_the_same_at_the_next_look(notebook):
    new = 'type("float9", (np.float64,), {"__module__": "numpy"})'
    notebook.run_all("import numpy as np", f"number = {new}\nlst, inside = [number(1.5)], [[number(2.5)]]")
    assert said(notebook.run("print(lst, inside)")) == set()
