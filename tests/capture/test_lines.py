"""Which lines of a cell ran, and which of the functions that it called."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

import pytest

from nbledger.capture.code.lines import Lines, Ran
from nbledger.capture.code.names import CellCode, compile_cell

needs_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="later Pythons tell which lines ran")
def test_before_python_3_12_nothing_is_watched() -> None:
    lines = Lines()
    lines.begin({})
    assert lines.end() is None
    lines.close()


class Cells:
    """A notebook whose cells are watched."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.lines = Lines()
        self.count = 0

    def run(self, source: str) -> Ran:
        """Run a cell and return what ran of it, whether or not it raised."""
        self.count += 1
        code = compile_cell(source, f"<cell {self.count}>")
        self.lines.begin(self.names, CellCode(code).reached_codes(self.names))
        try:
            made = eval(code, self.names)
            if asyncio.iscoroutine(made):
                asyncio.run(made)
        except Exception:
            pass
        ran = self.lines.end()
        assert ran is not None
        return ran

    def functions(self, source: str) -> dict[str, set[int]]:
        """Run a cell and return the lines of functions by their names."""
        return {code.co_name: set(lines) for code, lines in self.run(source).functions.items()}

    def reads(self, source: str) -> frozenset[str]:
        """Run a cell and return what it read."""
        ran = self.run(source)
        return CellCode(compile_cell(source)).resolve(self.names, ran.of(0, 1), ran.functions).reads


@pytest.fixture
def cells() -> Iterator[Cells]:
    if sys.version_info < (3, 12):
        pytest.skip("sys.monitoring came with Python 3.12")
    cells = Cells()
    yield cells
    cells.lines.close()


def test_the_branch_that_was_taken_ran_and_the_other_did_not(cells: Cells) -> None:
    assert cells.run("if 1 > 2:\n    x = 1\nelse:\n    x = 2\ny = 3").module == {1, 4, 5}


def test_each_cell_tells_its_own_lines_though_events_are_switched_off_at_the_first_hit(cells: Cells) -> None:
    cells.run("def f(v):\n    if v:\n        return 1\n    return 2\nf(0)")
    assert cells.functions("f(0)") == {"f": {2, 4}}
    assert cells.functions("f(1)") == {"f": {2, 3}}
    assert cells.functions("f(0), f(1)") == {"f": {2, 3, 4}}
    assert cells.functions("f") == {"f": set()}


def test_functions_that_are_defined_and_called_in_one_cell_are_watched(cells: Cells) -> None:
    found = cells.functions("def f():\n    def g():\n        return 1\n    return g()\ndef h():\n    return 2\nf()")
    assert found == {"f": {2, 4}, "g": {3}, "h": set()}


def test_what_a_cell_that_raised_did_not_come_to_did_not_run(cells: Cells) -> None:
    assert cells.run("a = 1\nb = 1 / 0\nc = 2").module == {1, 2}


def test_a_cell_that_awaits_is_watched_across_its_pauses(cells: Cells) -> None:
    ran = cells.run("import asyncio\nawait asyncio.sleep(0)\nif False:\n    x = 1\nawait asyncio.sleep(0)\ny = 2")
    assert {1, 2, 5, 6} <= ran.module
    assert 4 not in ran.module


def test_an_exception_that_comes_to_a_with_statement_is_told(cells: Cells) -> None:
    cells.run("from contextlib import suppress")
    assert cells.run("with suppress(KeyError):\n    x = 1").module == {0, 1, 2}
    assert cells.run("with suppress(KeyError):\n    {}[1]\n    x = 1").module == {0, -1, 1, 2}


def test_a_name_bound_in_a_with_statement_is_not_read_from_before_unless_the_body_was_left(cells: Cells) -> None:
    cells.run("from contextlib import suppress\nx = 'old'")
    assert "x" not in cells.reads("with suppress(KeyError):\n    x = 1\nprint(x)")
    assert "x" in cells.reads("with suppress(KeyError):\n    {}[1]\n    x = 1\nprint(x)")


def test_a_generator_of_an_earlier_cell_reads_where_it_goes_on(cells: Cells) -> None:
    cells.run("a, b = 1, 2\ndef numbers():\n    yield a\n    yield b\nit = numbers()")
    assert cells.reads("next(it)") == {"next", "it", "a"}
    assert cells.reads("next(it)") == {"next", "it", "b"}


def test_a_function_in_one_line_is_told_in_each_cell_in_which_it_runs(cells: Cells) -> None:
    cells.run("a, b = 1, 2\ndef f(x): return a if x else 0\ng = lambda: b\nclass C:\n    def m(self): return a + b")
    for _ in range(3):
        assert cells.reads("f(1)") == {"f", "a"}
        assert cells.reads("g()") == {"g", "b"}
        assert cells.reads("C().m()") == {"C", "a", "b"}
        assert cells.reads("f if a else f(1)") == {"f", "a"}


def test_a_function_that_a_library_calls_back_is_watched(cells: Cells) -> None:
    cells.run("import functools\nk = 1\nunused = 2\ndef key(v):\n    return v * k if v else unused")
    assert cells.reads("sorted([1], key=key)") >= {"key", "k"}


def test_a_function_that_only_others_hold_is_told_in_each_cell_in_which_it_runs(cells: Cells) -> None:
    cells.names["library"] = types.ModuleType("library")
    cells.run("k = 1\ndef handle():\n    return k\nlibrary.handler = handle\ndel handle")
    for _ in range(2):
        ran = cells.run("library.handler()")
        assert {code.co_name: set(lines) for code, lines in ran.functions.items()} == {"handle": {3}}
        names = CellCode(compile_cell("1")).resolve(cells.names, ran.of(0, 1), ran.functions)
        assert names.reads == {"k"}
        assert names.strangers == {"handle"}
        assert not cells.functions("1")


def test_threads_that_the_cell_starts_count(cells: Cells) -> None:
    cells.run("import threading\na = 1\ndef work(v):\n    if v:\n        return a\n    return b")
    source = "thread = threading.Thread(target=work, args=(1,))\nthread.start()\nthread.join()"
    assert cells.reads(source) == {"threading", "work", "a"}


def test_a_cell_inside_a_cell_is_told_by_its_file(cells: Cells) -> None:
    cells.names["inner"] = lambda: exec(
        compile("x = 1\nif not x:\n    y = 2", "<ipython-input-2>", "exec"), cells.names
    )
    ran = cells.run("a = 1\nb = 2\ninner()\nc = 3\nd = 4")
    assert ran.of(0, 2) == {1, 2, 3, 4, 5}
    assert ran.of(1, 2) == {1, 2}
    assert ran.of(1, 3) is None


def test_lines_of_exec_do_not_mix_with_the_cells(cells: Cells) -> None:
    ran = cells.run("if 1 > 2:\n    x = 1\nexec('a = 1\\nb = 2\\n')")
    assert ran.of(0, 1) == {1, 3}
    assert ran.of(1, 2) is None


def test_a_module_that_the_cell_imports_is_not_the_cell(cells: Cells, tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "imported_here.py").write_text("x = 1\ny = 2\nz = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert cells.run("import imported_here").module == {1}


def test_nothing_is_told_between_cells(cells: Cells) -> None:
    cells.run("def f():\n    return 1")
    cells.names["f"]()
    assert cells.lines.end() is None
    assert cells.functions("f") == {"f": set()}


def test_a_debugger_goes_on_tracing(cells: Cells) -> None:
    seen = []

    def tracer(frame: types.FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename.startswith("<cell"):
            seen.append((event, frame.f_lineno))
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        ran = cells.run("for i in range(2):\n    x = i\ny = 1")
    finally:
        sys.settrace(before)
    assert ran.module == {1, 2, 3}
    assert [line for event, line in seen if event == "line"].count(2) == 2


def test_another_tool_of_the_monitoring_goes_on(cells: Cells) -> None:
    monitoring = sys.monitoring
    seen = []
    monitoring.use_tool_id(monitoring.COVERAGE_ID, "another")
    monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, lambda _, line: seen.append(line))
    try:
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
        ran = cells.run("for i in range(2):\n    x = i\ny = 1")
    finally:
        monitoring.set_events(monitoring.COVERAGE_ID, 0)
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, None)
        monitoring.free_tool_id(monitoring.COVERAGE_ID)
    assert ran.module == {1, 2, 3}
    assert seen.count(2) == 2


@needs_monitoring
def test_when_others_hold_every_tool_id_nothing_is_watched_and_the_cell_runs() -> None:
    taken = [tool for tool in range(6) if sys.monitoring.get_tool(tool) is None]
    for tool in taken:
        sys.monitoring.use_tool_id(tool, "another")
    lines = Lines()
    try:
        lines.begin({})
        assert lines.end() is None
    finally:
        for tool in taken:
            sys.monitoring.free_tool_id(tool)
    lines.begin({})
    assert lines.end() is not None
    lines.close()


@needs_monitoring
def test_the_tool_id_is_given_back() -> None:
    before = [sys.monitoring.get_tool(tool) for tool in range(6)]
    lines = Lines()
    lines.begin({})
    assert [sys.monitoring.get_tool(tool) for tool in range(6)] != before
    lines.close()
    assert [sys.monitoring.get_tool(tool) for tool in range(6)] == before


def test_a_tool_id_that_another_freed_is_taken_again(cells: Cells) -> None:
    cells.run("x = 1")
    tool = next(tool for tool in range(6) if sys.monitoring.get_tool(tool) == "nbledger")
    sys.monitoring.free_tool_id(tool)
    assert cells.run("x = 1\ny = 2").module == {1, 2}


def test_code_that_runs_in_a_thread_meanwhile_is_not_disturbed(cells: Cells) -> None:
    cells.run("stop = False\ncount = 0\ndef work():\n    global count\n    while not stop:\n        count += 1")
    thread = threading.Thread(target=cells.names["work"])
    thread.start()
    try:
        for _ in range(20):
            assert cells.functions("work")["work"] >= set()
            time.sleep(0.001)
        assert 6 in cells.functions("work; import time; time.sleep(0.05)")["work"]
    finally:
        cells.names["stop"] = True
        thread.join()


def test_an_empty_cell_costs_less_than_50_microseconds(cells: Cells) -> None:
    code = compile_cell("")
    costs = []
    for _ in range(200):
        began = time.perf_counter()
        cells.lines.begin(cells.names)
        exec(code, cells.names)
        cells.lines.end()
        costs.append(time.perf_counter() - began)
    assert min(costs) < 50e-6
