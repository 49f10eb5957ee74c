"""What cells give away, and what runs in cells that do not name it."""

from __future__ import annotations

import sys

import pytest

from nbledger.capture.code.names import CellCode, compile_cell
from nbledger.capture.world.callbacks import Callbacks
from nbledger.fingerprint import fingerprint


class Cells:
    """Cells whose giving away is watched; `run` returns what each used and generated."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"__name__": "__main__", "kept": []}
        self.callbacks = Callbacks(self.names, fingerprint, lambda _: ())

    def run(self, source: str, *strangers: str) -> tuple[list[str], list[str]]:
        code = CellCode(compile_cell(source))
        reached = code.reached_codes(self.names)
        self.callbacks.begin([code], code.resolve(self.names).reads, reached)
        exec(compile(source, "<cell>", "exec"), self.names)
        found = self.callbacks.end(strangers, ())
        return [edge.name for edge in found.used], [edge.name for edge in found.generated]


@pytest.fixture
def cells() -> Cells:
    cells = Cells()
    cells.run("def f(x=0):\n    return x")
    cells.run("class Handler:\n    def handle(self):\n        return 1\nh = Handler()")
    return cells


def test_to_call_a_function_is_not_to_give_it_away(cells: Cells) -> None:
    assert cells.run("y = f(2) + sum(map(f, [1, 2])) + h.handle()") == ([], [])


def test_a_function_that_somebody_keeps_was_given_away(cells: Cells) -> None:
    assert cells.run("kept.append(f)") == ([], ["callback f"])


def test_so_was_an_instance_whose_method_somebody_keeps_and_the_class_of_a_new_one(cells: Cells) -> None:
    assert cells.run("kept.append(h.handle)") == ([], ["callback Handler"])
    assert cells.run("kept.append(Handler())") == ([], ["callback Handler"])


def test_so_was_a_closure_that_is_made_on_the_way(cells: Cells) -> None:
    cells.run("def make(k):\n    def inner():\n        return k\n    return inner")
    assert cells.run("kept.append(make(1))") == ([], ["callback make"])
    assert cells.run("make(2)()") == ([], [])


def test_a_cell_in_which_it_runs_uses_what_gave_it_away(cells: Cells) -> None:
    assert cells.run("z = 1", "f") == ([], [])
    cells.run("kept.append(f)")
    assert cells.run("z = 1", "f") == (["callback f"], [])


def test_a_function_that_its_own_cell_gives_away_is_told_by_its_decorator(cells: Cells) -> None:
    assert cells.run("@kept.append\ndef g():\n    return 1") == ([], ["callback g"])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="which functions ran is known")
def test_before_python_3_12_what_no_variable_holds_may_have_run_in_any_cell(cells: Cells) -> None:
    assert not cells.callbacks.at_large()
    cells.run("kept.append(f)")
    assert [code.co_name for code in cells.callbacks.at_large()] == ["f"]
