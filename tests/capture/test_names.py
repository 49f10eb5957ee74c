"""Which names a cell reads before writing them, writes and deletes."""

from __future__ import annotations

from typing import Any

import pytest

from nbledger.capture.names import CellCode, compile_cell, function_globals

CASES: list[tuple[str, str, str]] = [
    # source, reads that matter, writes
    ("x = 1\ny = x + z", "z", "x y"),
    ("x = x + 1", "x", "x"),
    ("x += 1", "x", "x"),
    ("if a:\n    x = 1\nx", "a x", "x"),
    ("for i in r:\n    q = i\nq", "r q", "i q"),
    ("while a:\n    a = step(a)", "a step", "a"),
    ("g = [k * m for k in it]", "m it", "g"),
    ("h = lambda v: v + off", "off", "h"),
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
    ("for i in range(3):\n    t = i\n    u = t", "", "i t u"),
]


def names(source: str, namespace: dict[str, Any] | None = None) -> Any:
    return CellCode(compile_cell(source)).resolve(namespace or {})


@pytest.mark.parametrize(("source", "reads", "writes"), CASES)
def test_a_cell_reads_and_writes(source: str, reads: str, writes: str) -> None:
    import builtins

    found = names(source)
    # An `except` clause and a loop that may not turn make their own name a possible read; never the reverse.
    assert {name for name in found.reads if not hasattr(builtins, name)} >= set(reads.split())
    assert set(writes.split()) <= found.writes
    if "except" not in source and "match" not in source:
        assert {name for name in found.reads if not hasattr(builtins, name)} <= set(reads.split())


def test_a_name_that_every_branch_binds_may_count_as_read() -> None:
    # Python 3.12 compiles the last line once behind each branch, 3.11 once behind both.
    found = names("if a:\n    x = 1\nelse:\n    x = 2\nx")
    assert {"a"} <= found.reads <= {"a", "x"}
    assert found.writes == {"x"}


def test_deleted_names_are_found() -> None:
    assert names("del a, b").deletes == {"a", "b"}


def test_a_function_that_is_only_defined_reads_nothing() -> None:
    assert names("def f():\n    return df").reads == frozenset()


def test_a_function_that_is_called_reads_its_globals_transitively() -> None:
    namespace: dict[str, Any] = {}
    exec("def f():\n    return df + g()\ndef g():\n    global count\n    count = 1\n    return k", namespace)
    found = names("f()", namespace)
    assert found.reads >= {"f", "g", "df", "k"}
    assert "count" in found.writes


def test_what_the_cell_bound_before_the_call_is_not_read_from_before() -> None:
    namespace: dict[str, Any] = {}
    exec("def f():\n    return df", namespace)
    assert "df" not in names("df = 1\nf()", namespace).reads
    assert "df" in names("f()\ndf = 1", namespace).reads


def test_functions_inside_partials_lists_and_instances_are_reached() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(
        "from functools import partial\ndef f(x):\n    return one\ndef g(x):\n    return two\n"
        "class C:\n    def m(self):\n        return three\np = partial(f, 1)\nsteps = [g]\nc = C()",
        namespace,
    )
    assert names("p(); steps[0](1); c.m()", namespace).reads >= {"one", "two", "three"}


def test_recursive_functions_end() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(n):\n    return g(n)\ndef g(n):\n    return f(n)", namespace)
    assert names("f(1)", namespace).reads == {"f", "g"}


def test_exec_and_eval_are_said_to_be_opaque() -> None:
    assert names("exec('x = 1')").opaque == ("exec",)


def test_globals_of_nested_functions_are_found() -> None:
    def outer() -> Any:
        def inner() -> Any:
            return CASES

        return inner

    assert function_globals(outer.__code__).reads >= {"CASES"}
