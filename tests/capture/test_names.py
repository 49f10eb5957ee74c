"""Which names a cell reads before writing them, writes, surely binds and deletes."""

from __future__ import annotations

import builtins
import sys
import textwrap
import types
from typing import Any

import pytest

from nbledger.capture.code.names import CellCode, Names, compile_cell, function_globals

CASES: list[tuple[str, str, str]] = [
    # source, reads that matter, writes
    ("x = 1\ny = x + z", "z", "x y"),
    ("x = x + 1", "x", "x"),
    ("x += 1", "x", "x"),
    ("if a:\n    x = 1\nx", "a x", "x"),
    ("for i in r:\n    q = i\nq", "r q", "i q"),
    ("while a:\n    a = step(a)", "a step", "a"),
    ("g = [k * m for k in it]", "m it", "g"),
    ("h = lambda v: v + off", "", "h"),
    ("h = apply(lambda v: v + off)", "apply off", "h"),
    ("class A(B):\n    q = z\n    w = q", "B z", "A"),
    ("try:\n    import foo\nexcept ImportError:\n    foo = None", "", "foo"),
    ("import a.b as c\nfrom d import e as f", "", "c f"),
    ("with open(p) as f:\n    d = f.read()", "p", "f d"),
    ("df['x'] = df['y']", "df", ""),
    ("obj.attr = v", "obj v", ""),
    ("a, (b, *c) = t", "t", "a b c"),
    ("del gone", "gone", ""),
    ("(n := 10) + n", "", "n"),
    ("f'{name!r:>{width}}'", "name width", ""),
    ("match point:\n    case (0, y):\n        r = y", "point", "y r"),
    ("x: int = 5", "", "x"),
    ("await coro", "coro", ""),
    ("global q\nq = 1", "", "q"),
    ("a = b = c", "c", "a b"),
    ("def f(x=default):\n    return x", "default", "f"),
    ("@decorate\ndef f():\n    pass", "decorate", "f"),
    ("@register\ndef f():\n    return df", "register df", "f"),
    ("for i in range(3):\n    t = i\n    u = t", "", "i t u"),
    ("class A:\n    def m(self):\n        return df", "", "A"),
    ("class A:\n    def m(self):\n        return df\nA().m()", "df", "A"),
    ("def f():\n    return df\nf()\ndel f", "df", "f"),
    ("def f():\n    return df\ndf = 1\nf()", "", "f df"),
    ("[y := v for v in it]\ny", "it y", "y"),
    ("gen = (v * k for v in it)", "k it", "gen"),
    ("class A:\n    if flag:\n        q = 1\n    w = q", "flag q", "A"),
    ("class A:\n    q = sorted(v, key=lambda w: k)", "v k", "A"),
    ("class A:\n    q = [v for w in z]", "v z", "A"),
    ("class A:\n    @property\n    def p(self):\n        return df", "", "A"),
    ("class A:\n    class B:\n        q = z", "z", "A"),
    ("exec('y = x + 1')\ny", "x", "y"),
    ("exec('if c:\\n    y = 1')\ny", "c y", "y"),
    ("v = eval('a + b')", "a b", "v"),
    ("exec('x = 1', {})\nx", "x", ""),
]


def names(source: str, namespace: dict[str, Any] | None = None, ran: set[int] | None = None) -> Names:
    return CellCode(compile_cell(source)).resolve(namespace or {}, None if ran is None else frozenset(ran))


def own(found: frozenset[str]) -> set[str]:
    return {name for name in found if not hasattr(builtins, name)}


def notebook(source: str) -> dict[str, Any]:
    """Return the namespace of a notebook in which a cell ran."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(textwrap.dedent(source), namespace)
    return namespace


@pytest.mark.parametrize(("source", "reads", "writes"), CASES)
def test_a_cell_reads_and_writes(source: str, reads: str, writes: str) -> None:
    found = names(source)
    # An `except` clause and a loop that may not turn make their own name a possible read; never the reverse.
    assert own(found.reads) >= set(reads.split())
    assert set(writes.split()) <= found.writes
    if all(word not in source for word in ("except", "match", "def f", "A().m")):
        assert own(found.reads) <= set(reads.split())


def test_a_name_that_every_branch_binds_may_count_as_read() -> None:
    # Python 3.12 compiles the last line once behind each branch, 3.11 once behind both.
    found = names("if a:\n    x = 1\nelse:\n    x = 2\nx")
    assert {"a"} <= found.reads <= {"a", "x"}
    assert found.writes == {"x"}


def test_deleted_names_are_found() -> None:
    assert names("del a, b").deletes == {"a", "b"}


SURE = [
    # source, names that are surely bound anew at its end
    ("x = 1", "x"),
    ("if a:\n    x = 1", ""),
    ("if a:\n    x = 1\nelse:\n    x = 2\n    y = 1", "x"),
    ("for x in r:\n    y = 1", ""),
    ("x = 1\ndel x", ""),
    ("del x\nx = 1", "x"),
    ("try:\n    x = f()\nexcept E:\n    pass", ""),
    ("try:\n    x = f()\nexcept E:\n    x = 2", "x"),
    ("try:\n    x = f()\nfinally:\n    y = 2", "x y"),
    ("while True:\n    x = f()\n    if x:\n        break", "x"),
    ("def f(): pass\nclass A: pass\nimport q", "f A q"),
    ("[x := v for v in r]", ""),
    ("exec('x = 1')", "x"),
    ("exec('if a:\\n    x = 1')", ""),
    ("globals()['x'] = 1", "x"),
    ("with m() as x:\n    y = 1", ""),
]


@pytest.mark.parametrize(("source", "sure"), SURE)
def test_a_cell_surely_binds(source: str, sure: str) -> None:
    assert names(source).sure == set(sure.split())


RAN = [
    # source, lines that ran, reads, surely bound
    ("if c:\n    x = 1\nx", "1 2 3", "c", "x"),
    ("if c:\n    x = 1\nx", "1 3", "c x", ""),
    ("if a or b:\n    x = 1\nx", "1 2 3", "a b", "x"),
    ("if a:\n    u\nelif b:\n    x = v\nelse:\n    w\nx", "1 3 4 7", "a b v", "x"),
    ("if a: x = 1\nx", "1 2", "a x", ""),
    ("for i in r:\n    x = i\nx", "1 2 3", "r", "i x"),
    ("for i in r:\n    x = i\nx", "1 3", "r x", ""),
    ("while a:\n    x = 1\nx", "1 2 3", "a", "x"),
    ("try:\n    x = f()\nexcept E:\n    x = g\nx", "1 2 5", "f", "x"),
    ("try:\n    x = f()\nexcept E:\n    x = g\nx", "1 2 3 4 5", "f E g", "x"),
    ("try:\n    x = f()\nexcept E:\n    pass\nx", "1 2 3 4 5", "f E x", ""),
    ("with m() as q:\n    x = 1\nx", "0 1 2 3", "m", "q x"),
    ("with m() as q:\n    x = 1\nx", "0 -1 1 2 3", "m x", ""),
    ("with m() as q:\n    x = 1\nx", "1 2 3", "m x", ""),
    ("a = 1\nb = f()\nc = d", "1 2", "f", "a b"),
    ("match p:\n    case 0:\n        x = u\n    case _:\n        x = w\nx", "1 2 4 5 6", "p w", "x"),
    ("for i in r:\n    if c:\n        x = u\n    else:\n        y = v\nx, y", "1 2 3 6", "r c u y", "i x"),
    ("assert c, message", "1", "c message", ""),
]


@pytest.mark.parametrize(("source", "ran", "reads", "sure"), RAN)
def test_lines_that_did_not_run_neither_read_nor_write(source: str, ran: str, reads: str, sure: str) -> None:
    if sys.version_info < (3, 12):
        pytest.skip("which lines ran is known since Python 3.12")
    found = names(source, ran={int(line) for line in ran.split()})
    assert own(found.reads) == set(reads.split())
    assert found.sure == set(sure.split())


def test_a_line_that_did_not_run_writes_and_deletes_nothing() -> None:
    found = names("if c:\n    x = 1\n    del y\n", ran={1})
    assert found.writes == found.deletes == frozenset()


REACHED = [
    # what an earlier cell defined, the cell, names that it reads besides those that it mentions
    ("def f():\n    return df + g()\ndef g():\n    return k", "f()", "g df k"),
    ("def f(): return df", "xs.apply(f)", "df"),
    ("def f(): return df\nrun = [f]", "run[0]()", "df"),
    ("def f(): return df\nrun = {'a': {'b': f}}", "run['a']['b']()", "df"),
    ("run = {'a': lambda: df}", "run['a']()", "df"),
    ("from functools import partial\ndef f(x): return df\np = partial(f, 1)", "p()", "df"),
    ("from functools import lru_cache\n@lru_cache\ndef f(): return df", "f()", "df"),
    ("def deco(g):\n    def w(): return log, g()\n    return w\n@deco\ndef f(): return df", "f()", "df log"),
    ("from functools import wraps\ndef deco(g):\n    return wraps(g)(lambda: g())\n@deco\ndef f(): return df", "f()", "df"),
    ("def outer():\n    def inner(): return df\n    return inner\nh = outer()", "h()", "df"),
    ("def make(k):\n    return lambda: k()\ndef f(): return df\nh = make(f)", "h()", "df"),
    ("def f(): return df\ndef g(call=f): return call()\ndel f", "g()", "df"),
    ("def f(): return df\ndef g(*, call=f): return call()\ndel f", "g()", "df"),
    ("class C:\n    def m(self): return df\nc = C()", "c.m()", "C df"),
    ("class B:\n    def m(self): return df\nclass C(B): pass\nc = C()", "c.m()", "B C df"),
    ("class C:\n    @property\n    def p(self): return a\n    @p.setter\n    def p(self, v): b\nc = C()", "c.p = 1", "C a b"),
    ("class C:\n    @staticmethod\n    def s(): return a\n    @classmethod\n    def k(cls): return b", "C.s()", "a b"),
    ("class C:\n    class D:\n        def m(self): return df", "C.D().m()", "df"),
    ("class C: pass\nc = C()\nc.call = lambda: df", "c.call()", "C df"),
    ("class C:\n    __slots__ = ('call',)\nc = C()\nc.call = lambda: df", "c.call()", "C df"),
    ("from types import SimpleNamespace\ns = SimpleNamespace(call=lambda: df)", "s.call()", "df"),
    ("class C:\n    def m(self): return df\nm = C().m", "m()", "C df"),
    ("from dataclasses import dataclass, field\n@dataclass\nclass C:\n    v: list = field(default_factory=lambda: df)", "C()", "df"),
    ("from functools import cached_property\nclass C:\n    @cached_property\n    def p(self): return df\nc = C()", "c.p", "C df"),
    ("class E(Exception):\n    def __str__(self): return df\ne = E()", "str(e)", "E df"),
    ("class M(type):\n    def __call__(cls): return df\nclass C(metaclass=M): pass", "C()", "M df"),
    ("def g():\n    yield df\nit = g()", "next(it)", "df"),
    ("it = map(lambda v: v + df, [1])", "list(it)", "df"),
    ("from collections import defaultdict\nd = defaultdict(lambda: df)", "d[1]", "df"),
    ("from functools import singledispatch\n@singledispatch\ndef f(v): return a\n@f.register\ndef _f(v: int): return b", "f(1)", "a b"),
    ("def f(): return df\nf.helper = lambda: k", "f.helper()", "df k"),
    ("def f(): exec('v = df')", "f()", "df"),
]  # fmt: skip


@pytest.mark.parametrize(("earlier", "cell", "reads"), REACHED)
def test_a_cell_reads_what_the_functions_that_it_mentions_read(earlier: str, cell: str, reads: str) -> None:
    assert names(cell, notebook(earlier)).reads >= set(reads.split())


def test_an_estimator_of_a_library_is_looked_through_for_the_notebooks_functions() -> None:
    namespace = notebook(
        "from sklearn.preprocessing import FunctionTransformer\nfrom sklearn.pipeline import make_pipeline\n"
        "pipe = make_pipeline(FunctionTransformer(lambda X: X * factor))"
    )
    assert "factor" in names("pipe.fit_transform(X)", namespace).reads


def test_what_a_name_stands_for_is_asked_each_time() -> None:
    code = CellCode(compile_cell("a = [use(row) for row in rows]\nb = rows[0](1)\nc = frame"))
    later = notebook("def use(row):\n    return row + offset\ndef own(row):\n    return row * factor\nrows = [own]")
    assert code.resolve({"use": len, "rows": [1], "frame": {}}).reads == {"use", "rows", "frame"}
    assert code.resolve({"use": len, "rows": [[1]] * 60, "frame": {}}).reads == {"use", "rows", "frame"}
    assert code.resolve(later).reads == {"use", "rows", "frame", "offset", "factor"}
    assert code.resolve({"use": len, "rows": [1], "frame": {}}).reads == {"use", "rows", "frame"}


def test_a_function_that_is_only_defined_reads_nothing() -> None:
    assert names("def f():\n    return df").reads == frozenset()


def test_a_function_of_a_module_does_not_read_the_notebooks_variables() -> None:
    module = types.ModuleType("helpers")
    exec("def f(): return df", module.__dict__)
    assert names("f()", {"f": module.__dict__["f"]}).reads == {"f"}


def test_what_a_function_binds_counts_as_written_but_not_as_sure() -> None:
    found = names("f()", notebook("def f():\n    global count\n    count = 1"))
    assert "count" in found.writes
    assert "count" not in found.sure


def test_what_the_cell_bound_before_the_call_is_not_read_from_before() -> None:
    namespace = notebook("def f():\n    return df")
    assert "df" not in names("df = 1\nf()", namespace).reads
    assert "df" in names("f()\ndf = 1", namespace).reads


def test_recursive_functions_end() -> None:
    assert names("f(1)", notebook("def f(n):\n    return g(n)\ndef g(n):\n    return f(n)")).reads == {"f", "g"}


def test_of_a_watched_function_only_the_lines_that_ran_read() -> None:
    namespace = notebook("def f(v):\n    if v:\n        return a\n    return b\ndef g():\n    return c")
    f, g = namespace["f"].__code__, namespace["g"].__code__
    cell = CellCode(compile_cell("f(1), g"))
    assert cell.reached_codes(namespace) >= {f, g}
    assert cell.resolve(namespace, frozenset({1}), {f: frozenset({2, 3}), g: frozenset()}).reads == {"f", "g", "a"}
    assert cell.resolve(namespace, frozenset({1}), {f: frozenset({2, 3})}).reads == {"f", "g", "a", "c"}


def test_a_watched_function_that_ran_though_nothing_leads_to_it_reads() -> None:
    namespace = notebook("def f():\n    return df")
    cell = CellCode(compile_cell("library.run_callbacks()"))
    ran = {namespace["f"].__code__: frozenset({2})}
    assert "df" in cell.resolve(namespace, frozenset({1}), ran).reads


OUTPUTS = [
    ("_ + 1", "_"),
    ("x = _12", "_12"),
    ("Out[3] + Out[4]", "Out[3] Out[4]"),
    ("Out[n]", "Out"),
    ("_oh[7]", "Out[7]"),
    ("_ = 1\n_", ""),
    ("for _ in range(3):\n    pass", ""),
    ("a, _ = pair", ""),
    ("_private + __dunder", ""),
]


@pytest.mark.parametrize(("source", "outputs"), OUTPUTS)
def test_reads_of_ipythons_outputs_are_told(source: str, outputs: str) -> None:
    assert names(source).outputs == set(outputs.split())


CONFIG = types.ModuleType("config")
CONFIG.__dict__.update(DEBUG=1, LEVELS=[1], helper=len, sub=types.ModuleType("config.sub"), Base=type("Base", (), {}))
CONFIG.__dict__["sub"].__dict__.update(RATE=0.5)
STATE = [
    # source, module attributes that it touches, those of them that it assigns
    ("config.DEBUG", "config.DEBUG", ""),
    ("config.DEBUG = 2", "", "config.DEBUG"),
    ("config.NEW = 2", "", "config.NEW"),
    ("del config.DEBUG", "", "config.DEBUG"),
    ("config.DEBUG += 1", "config.DEBUG", "config.DEBUG"),
    ("config.LEVELS.append(2)", "config.LEVELS", ""),
    ("config.LEVELS[0] = 2", "config.LEVELS", ""),
    ("config.LEVELS.name = 2", "config.LEVELS", ""),
    ("config.sub.RATE", "config.sub.RATE", ""),
    ("config.sub.RATE = other.value", "", "config.sub.RATE"),
    ("setattr(config, 'DEBUG', 3)", "", "config.DEBUG"),
    ("getattr(config, 'DEBUG')", "config.DEBUG", ""),
    ("config.helper(1), config.Base(), config.sub", "", ""),
    ("value.DEBUG = 1", "", ""),
    ("f()", "config.DEBUG", ""),
    ("g()", "", "config.DEBUG"),
    ("print(c.DEBUG)", "config.DEBUG", ""),
    ("[config.DEBUG + row for row in rows]", "config.DEBUG", ""),
    ("[row for row in rows if row > c.sub.RATE]", "config.sub.RATE", ""),
]


@pytest.mark.parametrize(("source", "touched", "stored"), STATE)
def test_data_in_modules_is_told(source: str, touched: str, stored: str) -> None:
    namespace = notebook("def f():\n    return config.DEBUG\ndef g():\n    config.DEBUG = 5")
    namespace.update(config=CONFIG, c=CONFIG, value=object(), rows=[1])
    found = names(source, namespace)
    assert found.attributes == set(touched.split())
    assert found.stored_attributes == set(stored.split())


def test_functions_of_libraries_are_not_state_but_their_settings_are() -> None:
    import os

    import numpy as np
    import pandas as pd

    found = names(
        "np.mean(x), np.sin(x), np.random.rand(3), pd.DataFrame(), os.environ['A'], os.getcwd(), pd.options.display",
        {"np": np, "pd": pd, "os": os},
    )
    assert {name for name in found.attributes if not name.startswith("pandas.")} == {"os.environ"}
    assert len(found.attributes) == 2


SPELLED = [
    # source, reads of the variables a b x df, reasons
    ("exec(text)", "", "exec"),
    ("globals()['x']", "x", ""),
    ("'x' in globals()", "x", ""),
    ("globals().get('x')", "x", "globals()"),
    ("globals()[name]", "a b x df", "globals()"),
    ("locals().items()", "a b x df", "locals()"),
    ("vars(obj)", "", ""),
    ("vars()", "a b x df", "vars()"),
    ("get_ipython().user_ns['x']", "x", "get_ipython().user_ns"),
    ("get_ipython().user_ns", "a b x df", "get_ipython().user_ns"),
    ("import __main__\n__main__.x", "a b x df", "__main__"),
    ("df.query('q > @x')", "df x", ""),
    ("df.eval(f'r = q + @a * {k}')", "df a", ""),
    ("df.query('q > 1')", "df", ""),
    ("df.query(condition)", "df b", ""),
    ("model.eval()", "", ""),
    ("duckdb.sql('select * from df join b using (k)')", "df b", ""),
    ("get_ipython().system('echo {x} $a ${b} {{}}')", "x a b", ""),
    ("files = get_ipython().getoutput('ls {df.name}')", "df", ""),
    ("get_ipython().run_line_magic('time', 'f(x)')", "x", ""),
    ("get_ipython().run_line_magic('timeit', '-n 10 -r 3 f(x, a)')", "x a", ""),
    ("get_ipython().run_line_magic('prun', '-s cumtime f(x)')", "x", ""),
    ("get_ipython().run_line_magic('matplotlib', 'inline')", "", ""),
    ("get_ipython().run_line_magic('cd', '{x}')", "x", ""),
    ("get_ipython().run_line_magic('run', 'file.py')", "", ""),
    ("get_ipython().run_line_magic('store', 'x')", "x", "%store"),
    ("get_ipython().run_line_magic('reset', '-f')", "", "%reset"),
    ("get_ipython().run_cell_magic('time', '', 'b = x')", "", ""),
    ("get_ipython().run_cell_magic('sql', '', 'select :a from {x}')", "a x", "%%sql"),
    ("get_ipython().run_cell_magic('bash', '', 'echo $x')", "", ""),
    ("get_ipython().run_cell('x')", "x", "get_ipython().run_cell"),
]


@pytest.mark.parametrize(("source", "reads", "opaque"), SPELLED)
def test_names_that_are_only_spelled_are_found(source: str, reads: str, opaque: str) -> None:
    namespace: dict[str, Any] = {"a": 1, "b": 2, "x": 3, "df": object(), "condition": "q > @b"}
    found = names(source, namespace)
    assert found.reads & {"a", "b", "x", "df"} == set(reads.split())
    assert found.opaque == tuple(opaque.split("|") if opaque else ())


def test_a_line_magic_that_binds_surely_binds() -> None:
    found = names("get_ipython().run_line_magic('time', 'x = f(y)')\nx")
    assert found.sure == {"x"}
    assert own(found.reads) == {"get_ipython", "f", "y"}


def test_shell_commands_and_files_of_magics_are_kept_as_they_are_spelled() -> None:
    found = names(
        "get_ipython().system('cp {a} b.csv')\nget_ipython().run_line_magic('run', '-i prepare.py')\n"
        "get_ipython().run_cell_magic('bash', '', 'cat c.txt')"
    )
    assert found.commands == ("-i prepare.py", "cat c.txt", "cp {a} b.csv")


def test_code_that_exec_or_eval_compiled_is_scanned_like_a_cell() -> None:
    code = compile("a + f(b)", "<string>", "eval")
    assert CellCode(code).resolve({}).reads == {"a", "f", "b"}
    assert CellCode(compile("x = y", "<string>", "single")).resolve({}) == Names(
        reads=frozenset({"y"}), writes=frozenset({"x"}), sure=frozenset({"x"})
    )


def test_a_long_cell_whose_instructions_need_wide_arguments_is_scanned_like_a_short_one() -> None:
    found = names("\n".join(f"v{i} = w{i}.attr{i} + {i}" for i in range(400)))
    assert found.reads == {f"w{i}" for i in range(400)}
    assert found.sure == {f"v{i}" for i in range(400)}


def test_globals_of_nested_functions_are_found() -> None:
    def outer() -> Any:
        def inner() -> Any:
            return CASES

        return inner

    assert function_globals(outer.__code__).reads >= {"CASES"}
