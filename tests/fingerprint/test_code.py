"""Functions and classes written in a notebook: by code and what they close over."""

from __future__ import annotations

import functools
import itertools
import linecache
import math
import sys
import types

import numpy as np
import pytest

from nbledger.fingerprint import change_token, fingerprint, token

_cells = itertools.count()


def run(source, **names):
    """Run a cell as IPython does: named lines in `linecache`, functions in `__main__`."""
    filename = f"<ipython-input-{next(_cells)}-test>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace = {"__name__": "__main__", **names}
    exec(compile(source, filename, "exec"), namespace)
    return namespace


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash and token(a) == token(b)


BASE = "def f(x, y=1):\n    return x + y\n"


@pytest.mark.parametrize(
    "other",
    [
        "\n\n# a comment\ndef f(x, y=1):\n    # another\n    return (x +\n            y)\n",
        'def f(x, y=1):\n    """What it does."""\n    return x + y\n',
        "a = 1\nb = 2\ndef f( x,y = 1 ): return x+y\n",
    ],
)
def test_layout_comments_and_docstrings_of_a_function_do_not_count(other):
    assert same(run(BASE)["f"], run(other)["f"])


@pytest.mark.parametrize(
    "other",
    [
        "def f(x, y=1):\n    return x - y\n", "def f(x, y=2):\n    return x + y\n", "def f(x, z=1):\n    return x + z\n",
        "def f(x, y=1):\n    return x + y + 0\n", "def f(x, *, y=1):\n    return x + y\n", "def f(x, y=True):\n    return x + y\n",
        "def g(x, y=1):\n    return x + y\nf = g\n", "async def f(x, y=1):\n    return x + y\n", "f = lambda x, y=1: x + y\n",
    ],
)  # fmt: skip
def test_any_change_of_code_or_defaults_counts(other):
    assert not same(run(BASE)["f"], run(other)["f"])


def test_helpers_constants_and_modules_that_a_function_reads_count():
    source = "import math\nK = {k}\ndef g(x):\n    return x {op} K\ndef f(x):\n    return [g(i) for i in x]\n"
    base = run(source.format(k=1, op="+"))["f"]
    assert same(base, run(source.format(k=1, op="+"))["f"])
    assert not same(base, run(source.format(k=2, op="+"))["f"])
    assert not same(base, run(source.format(k=1, op="-"))["f"])


def test_data_that_a_function_reads_from_a_global_is_not_part_of_it():
    source = "def f():\n    return data\n"
    assert same(run(source, data=np.zeros(3))["f"], run(source, data=np.ones(3))["f"])


def test_closures_count_their_cells():
    source = "def make(n):\n    def f(x):\n        return x + n\n    return f\nf = make({n})\n"
    assert same(run(source.format(n=1))["f"], run(source.format(n=1))["f"])
    assert not same(run(source.format(n=1))["f"], run(source.format(n=2))["f"])
    assert not same(run(source.format(n=1))["f"], run(source.format(n="[1]"))["f"])


def test_functions_that_call_each_other_are_hashed():
    source = "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - {step})\n"
    assert same(run(source.format(step=1))["even"], run(source.format(step=1))["even"])
    assert not same(run(source.format(step=1))["even"], run(source.format(step=3))["even"])


def test_several_lambdas_on_a_line_are_told_apart():
    names = run("a, b, c = lambda x: x + 1, lambda x: x + 2, lambda x: (lambda z: z)(x)\n")
    assert len({fingerprint(names[n]).hash for n in "abc"}) == 3
    assert same(names["a"], run("a = lambda x: x + 1")["a"])


def test_decorated_and_partial_functions():
    source = "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return {n} * f(*a)\n    return inner\n@twice\ndef f(x):\n    return x\n"
    assert same(run(source.format(n=2))["f"], run(source.format(n=2))["f"])
    assert not same(run(source.format(n=2))["f"], run(source.format(n=3))["f"])
    assert not same(functools.partial(int, base=2), functools.partial(int, base=3))


CLASS = "class C:\n    rate = {rate}\n    def f(self):\n        return super().__init__() or {body}\n"


def test_a_class_is_its_methods_attributes_and_bases():
    base = run(CLASS.format(rate=1, body="self"))["C"]
    assert same(base, run(CLASS.format(rate=1, body="self"))["C"])
    assert not same(base, run(CLASS.format(rate=2, body="self"))["C"])
    assert not same(base, run(CLASS.format(rate=1, body="None"))["C"])
    assert not same(
        base, run("class B: pass\n" + CLASS.format(rate=1, body="self").replace("class C", "class C(B)"))["C"]
    )
    assert fingerprint(base).kind == "class"
    assert fingerprint(base).exactness == "exact"


def test_an_instance_counts_the_code_of_its_class():
    make = "class C:\n    def f(self):\n        return {n}\nc = C()\nc.x = 1\n"
    assert same(run(make.format(n=1))["c"], run(make.format(n=1))["c"])
    assert not same(run(make.format(n=1))["c"], run(make.format(n=2))["c"])


@pytest.mark.parametrize(
    "source",
    [
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = {n}\n",
        "from enum import Enum\nclass C(Enum):\n    A = {n}\n",
        "from collections import namedtuple\nC = namedtuple('C', 'a b', defaults=({n},))\n",
        "from typing import NamedTuple\nclass C(NamedTuple):\n    a: int = {n}\n",
        "class C:\n    @property\n    def a(self):\n        return {n}\n",
        "class C:\n    @classmethod\n    def a(cls):\n        return {n}\n",
        "from abc import ABC, abstractmethod\nclass C(ABC):\n    @abstractmethod\n    def a(self):\n        return {n}\n",
        "from functools import cached_property\nclass C:\n    @cached_property\n    def a(self):\n        return {n}\n",
        "class C:\n    __slots__ = ('a',)\n    def f(self):\n        return {n}\n",
    ],
)
def test_special_classes_are_exact_and_see_a_change(source):
    one, two = run(source.format(n=1))["C"], run(source.format(n=2))["C"]
    assert fingerprint(one).exactness == "exact"
    assert same(one, run(source.format(n=1))["C"])
    assert not same(one, two)


def test_a_function_without_source_falls_back_to_its_compiled_code():
    one, two = {}, {}
    exec("def f(x): return x + 1", one)
    exec("def f(x): return x + 2", two)
    assert fingerprint(one["f"]).exactness == "exact"
    assert not same(one["f"], two["f"])
    assert same(one["f"], one["f"])


def test_a_cached_function_is_its_code_and_not_its_cache():
    source = "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x + {n}\n"
    one, two = run(source.format(n=1))["f"], run(source.format(n=1))["f"]
    one(3)
    assert same(one, two)
    assert not same(one, run(source.format(n=2))["f"])


def test_a_bound_method_counts_its_object():
    cell = run("class C:\n    def __init__(self, n):\n        self.n = n\n    def f(self):\n        return self.n\n")
    assert same(cell["C"](1).f, cell["C"](1).f)
    assert not same(cell["C"](1).f, cell["C"](2).f)
    assert not same([1].append, [2].append)


def test_library_functions_and_classes_are_their_name_and_version(monkeypatch):
    before = fingerprint(np.linalg.norm).hash, fingerprint(np.random.Generator).hash, fingerprint(np).hash
    monkeypatch.setattr(np, "__version__", "99.0")
    after = fingerprint(np.linalg.norm).hash, fingerprint(np.random.Generator).hash, fingerprint(np).hash
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert len({*before, *after}) == 6
    assert same(math.sqrt, math.sqrt)
    assert not same(np.add, np.subtract)


def test_a_module_of_ones_own_is_its_source(tmp_path, monkeypatch):
    path = tmp_path / "my_helpers_for_a_test.py"
    monkeypatch.syspath_prepend(str(tmp_path))
    path.write_text("A = 1\n")
    module = types.ModuleType("my_helpers_for_a_test")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "my_helpers_for_a_test", module)
    before = fingerprint(module)
    path.write_text("A = 2\n")
    assert before.kind == "module"
    assert fingerprint(module).hash != before.hash


def test_a_global_that_a_function_reads_is_no_change_of_the_function():
    cell = run(
        "K = 1\ndef g():\n    return K\ndef f():\n    return g()\nclass C:\n    def f(self):\n        return K\nc = C()\n"
    )
    names = ("f", "g", "C", "c")
    before = [(change_token(cell[name])[0], fingerprint(cell[name]).hash) for name in names]
    cell["K"] = 2
    after = [(change_token(cell[name])[0], fingerprint(cell[name]).hash) for name in names]
    assert [token for token, _ in before] == [token for token, _ in after]
    assert all(old != new for (_, old), (_, new) in zip(before, after, strict=True))
    assert [change_token(cell[name])[1] for name in names] == [False] * 4


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("def f(x, seen=[]):\n    seen.append(x)", "f(1)"),
        ("def f():\n    pass", "f.calls = 1"),
        ("def f():\n    return 1\ndef g():\n    return 2", "f.__code__ = g.__code__"),
        ("def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n    return f\nf = make()", "f()"),
        ("import functools\n@functools.cache\ndef f(x):\n    return [x]", "f(1)"),
        ("import functools\nn = 1\n@functools.lru_cache\ndef f(x):\n    return n", "f(1)"),
        ("import functools\nf = functools.partial(int)", "f.note = 1"),
        ("class f:\n    k = 1", "f.k = 2"),
        ("class f:\n    items = []", "f.items.append(1)"),
        ("from dataclasses import dataclass\n@dataclass\nclass f:\n    a: int = 1", "f.__eq__ = lambda a, b: True"),
        ("class C:\n    def __getstate__(self):\n        return None\nf = C()", "f.x = 1"),
        ("class C:\n    def __reduce__(self):\n        return C, ()\nf = C()", "f.x = 1"),
    ],
)
def test_a_change_check_sees_what_a_function_class_or_object_keeps_to_itself(source, change):
    cell = run(source)
    before = change_token(cell["f"])[0]
    assert change_token(cell["f"])[0] == before
    exec(change, cell)
    assert change_token(cell["f"])[0] != before


def test_the_cache_of_a_pure_function_is_no_change():
    cell = run("import functools\n@functools.cache\ndef f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)")
    before = change_token(cell["f"])
    cell["f"](9)
    assert change_token(cell["f"])[0] == before[0]
