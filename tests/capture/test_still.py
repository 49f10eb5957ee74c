"""Cells that can do nothing but bind names to plain data, and change it, are recorded as any other, for less."""

from __future__ import annotations

import builtins
import random
import sys
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from nbledger.capture.code import planted
from nbledger.capture.code.names import CellCode, compile_cell
from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.outcome import Outcome
from nbledger.capture.recorder import Cell, Context, Recorder
from nbledger.capture.writer import Writer


@pytest.fixture(autouse=True)
def nothing_in_libraries(monkeypatch):
    """No cell of another test has put code into a library: with such code no function is known to do no more."""
    monkeypatch.setattr(planted, "_planted", WeakKeyDictionary())


class Notebook:
    """A recorded session whose cells are, or are not, said to run alone."""

    def __init__(self, folder: Path, *, alone: bool) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
        folder.mkdir()
        self.alone = alone
        self.still: list[bool] = []
        self.recorder = Recorder(self.names, Writer(current_session("python"), folder, print), Context())

    def run(self, source: str) -> Outcome:
        self.recorder.begin(Cell(source, (source,), alone=self.alone), None)
        self.still.append(self.recorder._variables.still)
        failed: BaseException | None = None
        try:
            exec(compile(source, "<cell>", "exec"), self.names)
        except Exception as error:
            failed = error
        outcome = self.recorder.end(failed)
        assert outcome is not None
        assert outcome.recorded
        assert not outcome.problems
        return outcome


@pytest.fixture
def both(tmp_path):
    notebooks = [Notebook(tmp_path / name, alone=name == "alone") for name in ("alone", "watched")]
    yield notebooks
    for notebook in notebooks:
        notebook.recorder.close()
    calls.uninstall()


def is_still(source: str, **names: Any) -> bool:
    return CellCode(compile_cell(source)).is_still(names)


@pytest.mark.parametrize(
    "source",
    [
        "pass",
        "# nothing",
        "a = 1",
        "b = n + 1",
        "n += 1; text = f'{n:>3} {word!r}' * 2",
        "total = 0\nfor i in range(n):\n    if i % 2 and not total > 9: total += i * i\n    else: continue",
        "first, second = word[:2], word[1]\nfirst, second = second, first",
        "m = max(n, len(word), abs(-3)) if n is not None else round(2.5)",
        "while n > 0: n -= 1",
        "found = 'a' in word",
        "del_me = -n ** 2",
        "a = [n, word]; b = {'n': n, word: a}; c = (a, b); d = {n, word}",
        "a = rows + [n] * 2; a[0] = table['a']; a[1:] = rows; del a[0]",
        "rows.append(n)",
        "rows.append(n); a = word",
        "for row in rows:\n    table[row] = n\n    table.setdefault('all', []).append(row)",
        "if n:\n    rows.sort(reverse=True)\nelse:\n    table.update({'a': [n]})",
        "a = [row * n for row in rows if row]; b = {key: value for key, value in table.items()}; c = {row for row in rows}",
        "a = [[row, other] for row in rows for other in [row + inner for inner in rows]]",
        "a = word.upper().replace('W', 'v').split(); b = ', '.join(a)",
        "a = sorted(rows, key=abs); b = dict(zip(rows, reversed(rows))); c = max(rows, default=0)",
        "first, *rest = rows",
        "nested = 1; a = nested",
        "a = sorted(rows, key=lambda row: -row)",
        "f = lambda: n",
        "def f(): pass",
        "def f(path, mode='r', *, size=n) -> str: return open(path, mode).read(size)",
        "def f(x): return x + n\na = f(word)",
        "def f(x):\n    def g(y): return y + x\n    return g(1)\na = [f(row) for row in rows]",
    ],
)
def test_plain_data_is_still(source: str) -> None:
    assert is_still(source, n=3, word="word", rows=[1, 2], table={"a": 1}, nested=[[1], {"a": (2, "b")}])


@pytest.mark.parametrize(
    "source",
    [
        "n",
        "n + 1",
        "print(n)",
        "thing = 1",
        "a = thing",
        "a = n + thing",
        "a = missing",
        "a = [thing]",
        "a = n.real",
        "a = rows.append",
        "thing[0] = n",
        "a = [word, held]",
        "held = 1",
        "unique = 1",
        "folders.append(word)",
        "a = held_folders[0]",
        "rows.copy()",
        "rows.append(n) == n",
        "rows[rows.append(n)]",
        "[row for row in rows]",
        "a = [row.real for row in rows]",
        "a = [thing for row in rows]",
        "a = [open(row) for row in rows]",
        "a = [eval(word) for row in rows]",
        "a = (row for row in rows)",
        "a = word.encode('idna')",
        "a = sorted(rows, key=thing)",
        "a = dict(**table)",
        "large = 1",
        "import os",
        "class C: pass",
        "with held: pass",
        "try: a = n\nexcept TypeError: a = 0",
        "assert n",
        "del n",
        "a: int = 1",
        "a = ~n",
        "a = _",
        "a = open",
        "a = str(n, encoding='utf-8')",
        "exec('a = 1')",
        "global g\ng = n",
        "get_ipython().run_line_magic('time', 'n')",
    ],
)
def test_whatever_may_call_show_or_finish_something_is_not(source: str) -> None:
    names: dict[str, Any] = {"n": 3, "word": "word", "rows": [1, 2], "table": {"a": 1}, "thing": object(), "_": 5}
    names |= {"folders": sys.path, "held_folders": [sys.path]}
    assert not is_still(source, **names, held=[[object()]], unique={1}, large=[0] * 100_000)


@pytest.mark.parametrize(
    ("defined", "source", "still"),
    [
        ("def f(x): return x + n", "a = f(1)", True),
        ("def f(x): return x + n", "def f(x): return x", True),
        ("def f(x): return x + n", "f = g = 1", True),
        ("def f(x): return x + n", "a = sorted(rows, key=f); g = f", True),
        ("def f(x): return x + n", "a = f(x=1)", True),
        ("def f(file): return n", "a = f(file=1)", False),
        ("def f(x): return x\ndef print(x): return x", "print(f(n))", False),
        ("def f(x): return x", "print = f\nprint(n)", False),
        ("def f(x): return x\nf.__code__ = f.__code__.replace(co_consts=(thing,))", "a = f(1)", False),
        ("def f(x): return x + n", "f(1)", False),
        ("def f(x): return x + n", "n = thing", False),
        ("def f(x): return x + thing", "a = f(1)", False),
        ("def f(x): return x + thing", "def f(x): return x", True),
        ("def f(x): return g(x)\ndef g(x): return f(x - 1) if x else n", "a = f(1)", True),
        ("def f(x): return g(x)\ndef g(x): return open(x)", "a = f(1)", False),
        ("def f(x): return g(x)", "def g(x): return open(x)\na = f(1)", False),
        ("def f(x): return g(x)", "def g(x): return x\na = f(1)", True),
        ("def f(x): return g(x)", "a = f(1)", False),
        ("def f(x): return max(x, n)", "a = f(1)", True),
        ("def f(x): return max(x, n)\nmax = open", "a = f(1)", False),
        ("def f(x): return max(x, n)", "a = f(1)\nmax = n", True),
        ("def f(x): return _", "a = f(1)", False),
        ("def f(x):\n    global n\n    n = x", "a = f(1)", False),
        ("def f(x):\n    yield x", "a = f(1)", False),
        ("def f(x):\n    yield x", "def f(x): return x", True),
        ("def f(x): return (y for y in x)", "a = f(rows)", False),
        ("def f(x): return eval(x)", "a = f(word)", False),
        ("def f(x): return x", "a = '{0.__globals__[thing]}'.format(f)", False),
        ("def f(x): return x.format(f)", "a = f('{0.__globals__[thing]}')", False),
        ("def f(x, y=thing): return x", "a = f(1)", False),
        ("def f(x, y=thing): return x", "f = 1", False),
        ("def f(x, y=rows, *, z=n): return x", "a = f(1)", True),
        ("def f(x): return x\nf.note = thing", "f = 1", False),
        ("def f(x): return x\nf.note = thing", "a = f(1)", False),
        ("def f(x: int) -> str: return x", "def f(x: 'text'): return x\na = f(1)", True),
        ("class C: pass\ndef f(x: C): return x", "f = 1", False),
        ("def f(x): return x\nf.__doc__ = thing", "f = 1", False),
        ("import weakref\ndef f(x): return x\nr = weakref.ref(f)", "f = 1", False),
        ("def h(y):\n    def f(x): return x + y\n    return f\nf = h(1)", "a = f(1)", False),
        ("from textwrap import dedent as f", "a = f(word)", False),
        ("from textwrap import dedent as f", "f = 1", True),
        ("held = [lambda: thing]", "a = held[0]()", False),
        ("def f(x): return x", "a = [f]; b = {'f': f}; c = a[0](1)", True),
        ("def f(x): return x", "class C: pass\na = f(1)", False),
        ("def f(x): return x", "@f\ndef g(x): return x", True),
        ("def f(x): return x", "@f\ndef g(x): return open(x)", False),
        ("def f(x): return x", "g = f(lambda: open(word))", False),
    ],
)
def test_functions_of_plain_data_may_be_defined_and_called(defined: str, source: str, still: bool) -> None:
    names: dict[str, Any] = {"__name__": "__main__", "n": 3, "word": "word", "rows": [1, 2], "thing": object()}
    exec(compile(defined, "<cell>", "exec", dont_inherit=True), names)
    assert CellCode(compile_cell(source)).is_still(names) is still


class _Front:
    """Stands for what a kernel prints to; the real one is used in tests/pipeline/test_execution.py."""

    echo = None

    def write(self, text: str) -> int:
        return len(text)


_Front.__name__, _Front.__module__, _Front.write.__module__ = "OutStream", "ipykernel.iostream", "ipykernel.iostream"


@pytest.mark.parametrize(
    ("source", "still"),
    [
        ("print(n)", True),
        ("a = n\nprint('cell', a, f'{n:>3}')\nprint()", True),
        ("a = 1; print(a); b = 2", True),
        ("n; print(n)", False),
        ("print(n); n", False),
        ("print(n); len(word)", False),
        ("print(n) or len(word)", False),
        ("print(n) == n", False),
        ("len(word[print(n)])", False),
        ("len(print(n))", False),
        ("print([n, word])", True),
        ("for i in word: print(i)", True),
        ("print(print(n) if n else n)", False),
        ("print(n) if n else word", False),
        ("n + (print(n) if n else n)", False),
        ("print(thing)", False),
        ("print(n, file=thing)", False),
        ("print(n, end='')", False),
        ("print(*word)", False),
        ("thing.print(n)", False),
        ("if n: print(n)", True),
    ],
)
def test_only_a_print_to_the_front_end_is_still(monkeypatch, source: str, still: bool) -> None:
    monkeypatch.setattr(sys, "stdout", _Front())
    thing = object()
    assert is_still(source, n=3, word="word", thing=thing) is still
    assert not is_still(source, n=3, word="word", thing=thing, print=len)
    sys.stdout.write = lambda text: len(text)  # type: ignore[method-assign]
    assert not is_still(source, n=3, word="word", thing=thing)


def test_a_function_in_place_of_one_of_pythons_is_not_still(monkeypatch) -> None:
    source = "a = divmod(7, 2)"
    assert is_still(source)
    assert not is_still(source, divmod=lambda *numbers: print(numbers))
    assert not is_still(source, __builtins__={"divmod": open})
    monkeypatch.setattr(builtins, "divmod", lambda *numbers: numbers)
    assert not is_still(source)


def test_the_same_is_recorded_whether_or_not_a_cell_counts_as_still(both) -> None:
    draw = random.Random(7)
    names = "abcd"
    expressions = (
        "{} + {}", "{} * 2", "-{}", "len(str({}))", "{} // ({} - 3)", "'text'", "[{}]", "max({}, {})", "2.5",
        "[{}, [{}]]", "{{'k': {}, 'l': {}}}", "({}, {})", "[x for x in [{}, {}]]", "list({})[0]", "sorted({})", "str({}).upper()",
        "list({})", "{{x: {} for x in 'ab'}}",
    )  # fmt: skip
    forms = (
        "{0} = {1}",
        "{0} = {1}\n{2} = {1}",
        "if {1}:\n    {0} = {2}\nelse:\n    {0} = 1",
        "for {0} in range(3):\n    {2} = {1}",
        "{0} = (\n    {1}\n)",
        "{2} = {0}; {0} = {1}",
        "{2} = {0}; {0}.append({1})",
        "{0}[0] = {1}",
        "{0} = []\nfor x in 'ab':\n    {0}.append({1})",
        "{0} = {{}}\nwhile len({0}) < 2:\n    {0}[len({0})] = {1}",
        "{0}.update({1})\nif {2}:\n    {2}.clear()",
        "del {0}[0]; {2} = {1}",
        "{0} = {1}; {0}.extend({2})",
    )
    for _ in range(600):
        terms = iter(lambda: draw.choice((*names, str(draw.randrange(9)))), "")
        expression = draw.choice(expressions)
        expression = expression.format(*(next(terms) for _ in range(2)))
        source = draw.choice(forms).format(draw.choice(names), expression, draw.choice(names))
        facts = [notebook.run(source).facts for notebook in both]
        for part in ("used", "generated", "opaque", "versions"):
            assert set(getattr(facts[0], part)) == set(getattr(facts[1], part)), source
    assert both[0].still.count(True) > 300
    assert not any(both[1].still)


def test_functions_are_recorded_the_same_whether_or_not_a_cell_counts_as_still(both) -> None:
    draw = random.Random(11)
    bodies = (
        "x + {}", "x if {} else {}", "[y for y in [x, {}]]", "{}", "f(x - 1) if x in (1, 2) else {}", "g({}) if x else x",
        "(x, {})", "(lambda z: z + {})(x)", "sorted([x, {}], key=h)", "print(x, {})", "f", "[g, {}]", "open",
    )  # fmt: skip
    forms = (
        "def {0}(x):\n    return {1}",
        "def {0}(x, y={3}):\n    global_ = {3}\n    if x == 2:\n        return {1}\n    return y",
        "def {0}(x, y=[]):\n    y.append(x)\n    return y",
        "{0} = lambda x: {1}",
        "def {0}(x):\n    return {1}\n{3} = {0}({4})",
        "def {0}(x):\n    def inner(y):\n        return x, y, {3}\n    return inner({1})",
        "{3} = {0}({4})",
        "{3} = {0}({4})\n{4} = {0}({2})",
        "{3} = [{0}({4}), {2}({3})]",
        "{0} = {2}",
        "{3} = {0}",
        "{3} = {4}",
        "if {3}:\n    {4} = {0}({3})\nelse:\n    {4} = {2}",
        "for {3} in range(3):\n    {4} = {0}({3})",
        "del {0}",
    )
    for turn in range(300):
        for notebook in () if turn % 30 else both:
            notebook.run("a, b, c = 1, 2, 3\nf = g = h = lambda x: x")
        values = iter(lambda: draw.choice("abc19"), "")
        body = draw.choice(bodies)
        body = body.format(*(next(values) for _ in range(2)))
        functions = [draw.choice("fgh") for _ in range(2)]
        source = draw.choice(forms).format(functions[0], body, functions[1], draw.choice("abc"), draw.choice("abc"))
        facts = [notebook.run(source).facts for notebook in both]
        assert facts[0].opaque == facts[1].opaque, source
        for part in ("used", "generated"):  # that a function may have been given away is told of watched cells only
            still, watched = ({edge for edge in getattr(one, part) if "callback" not in edge.name} for one in facts)
            assert still <= watched, source
            assert still == watched or (part == "used" and sys.version_info < (3, 12)), source
    assert both[0].still.count(True) > 100
    assert not any(both[1].still)


def test_a_cell_that_calls_itself_is_not_still_once_the_depth_of_calls_was_set(both) -> None:
    for notebook in both:
        notebook.run("import sys\ndef f(x): return f(x - 1) if x else 0")
        notebook.run("a = f(3)")
        notebook.run("sys.setrecursionlimit(sys.getrecursionlimit())\nsys.setrecursionlimit(1234)")
        used = {edge.name for edge in notebook.run("b = f(3)").facts.used}
        assert "sys.recursionlimit" in used
        notebook.run("sys.setrecursionlimit(1000)")
    assert both[0].still == [False, True, False, False, False]


def test_a_line_that_was_not_reached_is_left_out_of_a_still_cell_that_failed(both) -> None:
    for notebook in both:
        notebook.run("a = 1\nb = 2\nzero = 0")
    outcomes = [notebook.run("c = a\nd = a // zero\ne = b") for notebook in both]
    assert both[0].still == [True, True]
    assert outcomes[0].end.status == "failed"
    assert set(outcomes[0].facts.used) == set(outcomes[1].facts.used)
    assert set(outcomes[0].facts.generated) == set(outcomes[1].facts.generated)


def test_a_cell_is_not_still_while_a_thread_of_the_notebook_goes_on(both) -> None:
    alone = both[0]
    alone.run("import threading\nstop = threading.Event()\nthread = threading.Thread(target=stop.wait)")
    alone.run("thread.start()")
    alone.run("a = 1")
    alone.run("stop.set(); thread.join()")
    alone.run("a = 2")
    assert alone.still == [False, False, False, False, True]


def test_a_cell_is_not_still_while_a_file_of_the_notebook_is_written(both, tmp_path) -> None:
    for notebook in both:
        path = str(tmp_path / ("alone" if notebook.alone else "watched") / "log.txt")
        notebook.run(f"log = open({path!r}, 'w')\nlog.write('begun')")
        notebook.names["log"].flush()
        later = notebook.run("a = 1")
        assert [edge.name for edge in later.facts.generated if edge.role == "file"] == ["log.txt"]
        notebook.run("log.close()")
        notebook.run("a = 2")
    assert both[0].still == [False, False, False, True]


def test_what_was_watched_around_an_earlier_cell_is_not_told_again(both, tmp_path, monkeypatch) -> None:
    (tmp_path / "reloaded_helper.py").write_text("x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    for notebook in both:
        notebook.run("import importlib, reloaded_helper")
        again = notebook.run("reloaded_helper = importlib.reload(reloaded_helper)")
        assert "reloaded_helper" in {edge.name for edge in again.facts.generated}
        assert [edge.name for edge in notebook.run("a = 1").facts.generated] == ["a"]
        sys.modules.pop("reloaded_helper")
    assert both[0].still == [False, False, True]


def test_what_a_name_was_bound_to_may_have_a_finalizer(both, tmp_path) -> None:
    for notebook in both:
        path = str(tmp_path / ("alone" if notebook.alone else "watched") / "left.txt")
        notebook.run(f"class Leaves:\n    def __del__(self):\n        open({path!r}, 'w').close()\nlast = Leaves()")
        outcome = notebook.run("last = 1")
        assert [edge.name for edge in outcome.facts.generated if edge.role == "file"] == ["left.txt"]
