"""A name counts as read whenever some way through a cell reads its earlier value: checked by taking every way."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any, Self

import pytest

from nbledger.capture.code.lines import Lines
from nbledger.capture.code.names import CellCode, compile_cell

BODIES = ["x = 1", "pass", "raise E", "x = f()", "f()\nx = 1", "x = 1\nf()", "del x"]
SHAPES = {
    "if": "if c():\n{P}\nelse:\n{Q}",
    "try": "try:\n{P}\nexcept E:\n{Q}",
    "finally": "try:\n{P}\nfinally:\n{Q}",
    "while": "while c():\n{P}\n    if c(): break\nelse:\n{Q}",
    "for": "for i in r():\n{P}\n    if c(): continue\n{Q}",
    "with": "with m():\n{P}\n{q}",
    "try else": "try:\n{P}\nexcept E:\n{Q}\nelse:\n    x = 3",
    "try except finally": "try:\n{P}\nexcept E:\n{Q}\nfinally:\n    f()",
    "match": "match c():\n    case True:\n{PP}\n    case _:\n{QQ}",
    "loop around try": "while True:\n    try:\n{PP}\n        break\n    except E:\n{QQ}\n        if c(): break",
}
TAILS = [
    "x",
    "x\ny = 1\nz = g(x, y)\ng(z)",
    "if c():\n    g(x)\ng(1)",
    "for j in r():\n    g(x)\n    x = 5\ng(2)",
    "g(1); g(2)\ng(x)",
]


class Watched(dict[str, Any]):
    """A namespace that notices when the `x` from before is read."""

    old_was_read = False
    bound = False
    ended = False

    def __getitem__(self, name: str) -> Any:
        if name == "x" and not self.bound:
            self.old_was_read = True
        return dict.__getitem__(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.bound = self.bound or name == "x"
        dict.__setitem__(self, name, value)

    def __delitem__(self, name: str) -> None:
        if name == "x" and not self.bound:
            self.old_was_read = True
        dict.__delitem__(self, name)

    @property
    def has_new_value(self) -> bool:
        """Whether `x` is bound, and not to what it was before."""
        return dict.get(self, "x", "old") != "old"


class TooLongError(Exception):
    """The choices made a loop that does not end."""


def run(code: Any, choices: tuple[int, ...], outside: dict[str, Any]) -> Watched:
    """Run a cell with its branches decided by `choices`, and return its namespace. `outside` are its globals."""
    left = iter((*choices, *(1, 0) * 20))

    def choose() -> int:
        for choice in left:
            return choice
        raise TooLongError

    class E(Exception):
        pass

    def f() -> int:
        if choose():
            raise E
        return 1

    class Manager:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> bool:
            return bool(choose())

    names = Watched(
        c=lambda: bool(choose()), f=f, g=lambda *a: 1, r=lambda: range(choose() * 2), m=Manager, E=E, x="old"
    )
    try:
        exec(code, outside, names)
        names.ended = True
    except (E, TooLongError, NameError):
        pass
    return names


def sources(shape: str) -> Iterator[str]:
    def indented(body: str, depth: int = 1) -> str:
        return "\n".join("    " * depth + line for line in body.splitlines())

    for p, q in itertools.product(BODIES, BODIES):
        head = shape.format(P=indented(p), Q=indented(q), PP=indented(p, 2), QQ=indented(q, 2), q=q)
        for tail in TAILS:
            yield f"{head}\n{tail}"


@pytest.mark.parametrize("shape", SHAPES)
def test_no_way_through_a_cell_reads_an_earlier_value_that_is_not_among_its_reads(shape: str) -> None:
    missed = []
    for source in sources(SHAPES[shape]):
        code = compile_cell(source)
        if "x" in CellCode(code).resolve({}).reads:
            continue
        if any(run(code, bits, {}).old_was_read for bits in itertools.product((0, 1), repeat=5)):
            missed.append(source)
    assert missed == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_name_is_surely_bound_anew_only_where_every_way_to_the_end_binds_it(shape: str) -> None:
    wrong = []
    for source in sources(SHAPES[shape]):
        code = compile_cell(source)
        if "x" in CellCode(code).resolve({}).sure:
            ends = [run(code, bits, {}) for bits in itertools.product((0, 1), repeat=5)]
            wrong.extend(source for names in ends if names.ended and not names.has_new_value)
    assert wrong == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="which lines ran is known since Python 3.12")
@pytest.mark.parametrize("shape", SHAPES)
def test_with_the_lines_that_ran_no_read_is_missed_and_few_are_too_many(shape: str) -> None:
    missed, wrong = [], []
    ways = extra = 0
    lines = Lines()
    for source in sources(SHAPES[shape]):
        code = compile_cell(source)
        cell = CellCode(code)
        seen = set()
        for bits in itertools.product((0, 1), repeat=5):
            outside = {"__builtins__": __builtins__}
            lines.begin(outside)
            names = run(code, bits, outside)
            ran = lines.end()
            assert ran is not None
            found = cell.resolve({}, ran.module, ran.functions)
            if names.old_was_read and "x" not in found.reads:
                missed.append((source, bits))
            if names.ended and "x" in found.sure and not names.has_new_value:
                wrong.append((source, bits))
            if ran.module not in seen:
                seen.add(ran.module)
                ways += 1
                extra += "x" in found.reads and not names.old_was_read
    lines.close()
    assert missed == []
    assert wrong == []
    assert extra <= ways * 0.06, f"{extra} of {ways}"


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\nfor i in r():\n    x\nx",
        "if c():\n    x = 1\nelse:\n    x = 2\nx",
        "try:\n    x = f()\nexcept E:\n    x = 2\nx",
        "x = 1\nwhile c():\n    x += 1\nx",
        "with m() as x:\n    x",
        "for x in r():\n    x",
    ],
)
def test_a_value_that_is_surely_hidden_is_not_read(source: str) -> None:
    assert "x" not in CellCode(compile_cell(source)).resolve({}).reads
