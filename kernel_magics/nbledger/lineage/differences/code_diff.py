"""What differs between two pieces of code, cell by cell and statement by statement.

Cells are matched by their ids, then by equal code, then by similarity, in order. A cell whose statements mean the same
is said to differ in comments and formatting, and nothing more is shown of it.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from nbledger.lineage.differences.cell_syntax import Statement, statements

Change = Literal["same", "formatting", "changed", "added", "removed"]
_SIMILAR = 0.5
_CONTEXT = 2
_MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of one side: its code, and how text speaks of it."""

    run: str
    label: str
    source: str
    cell_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatementDiff:
    """One top-level statement that was added, removed or changed; `diff` are lines of a unified diff.

    `line_a` and `line_b` are its first line in the cell (from 1), `None` on the side that lacks it.
    """

    change: Literal["added", "removed", "changed"]
    head: str
    line_a: int | None
    line_b: int | None
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellDiff:
    """A pair of matched cells, or one that the other side lacks. `moved`: it stands elsewhere in the order."""

    change: Change
    a: Cell | None
    b: Cell | None
    statements: tuple[StatementDiff, ...] = ()
    moved: bool = False

    @property
    def label(self) -> str:
        """How text speaks of the cell: as the second side does, else as the first one."""
        cell = self.b or self.a
        return cell.label if cell else ""


def diff_cells(a: Sequence[Cell], b: Sequence[Cell], paired: Sequence[tuple[int, int]] = ()) -> tuple[CellDiff, ...]:
    """Return every cell of both sides, matched; those in `paired` (places in `a` and `b`) belong together anyway."""
    pairs = _match(a, b, dict(paired))
    moved = _moved(pairs)
    by_b = {second: first for first, second in pairs.items()}
    found: list[CellDiff] = []
    removed = iter([place for place in range(len(a)) if place not in pairs])
    waiting = next(removed, None)
    for place, cell in enumerate(b):
        first = by_b.get(place)
        while waiting is not None and first is not None and waiting < first:
            found.append(CellDiff("removed", a[waiting], None))
            waiting = next(removed, None)
        if first is None:
            found.append(CellDiff("added", None, cell))
        else:
            found.append(diff_cell(a[first], cell, moved=first in moved))
    rest = [waiting, *removed] if waiting is not None else []
    return (*found, *(CellDiff("removed", a[place], None) for place in rest if place is not None))


def diff_cell(a: Cell, b: Cell, *, moved: bool = False) -> CellDiff:
    """Return what differs between two cells that belong together."""
    if a.source == b.source:
        return CellDiff("same", a, b, moved=moved)
    mine, other = _statements(a.source), _statements(b.source)
    if mine is None or other is None:
        found = _as_text(a.source, b.source)
    elif [one.meaning for one in mine] == [one.meaning for one in other]:
        return CellDiff("formatting", a, b, moved=moved)
    else:
        found = _diff_statements(mine, other)
    return CellDiff("changed" if found else "formatting", a, b, found, moved)


@lru_cache(maxsize=512)
def _statements(source: str) -> list[Statement] | None:
    return statements(source)


def _as_text(a: str, b: str) -> tuple[StatementDiff, ...]:
    """Code that is no Python is compared as text; white space at the end of lines does not count."""
    mine, other = ([line.rstrip() for line in source.strip().splitlines()] for source in (a, b))
    lines = _unified(mine, other)
    return (StatementDiff("changed", (other or [""])[0], 1, 1, lines),) if lines else ()


def _diff_statements(a: list[Statement], b: list[Statement]) -> tuple[StatementDiff, ...]:
    matcher = difflib.SequenceMatcher(None, [x.meaning for x in a], [x.meaning for x in b], autojunk=False)
    found: list[StatementDiff] = []
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind != "equal":
            found += _replaced(a[a1:a2], b[b1:b2])
    return tuple(found)


def _replaced(a: list[Statement], b: list[Statement]) -> list[StatementDiff]:
    """Pair statements in order, each with the first one that resembles it."""
    found: list[StatementDiff] = []
    rest = list(b)
    for one in a:
        place = next((i for i, other in enumerate(rest) if _akin(one, other, alone=len(a) == len(b) == 1)), None)
        if place is None:
            found.append(_lone(one, "removed"))
            continue
        found += [_lone(other, "added") for other in rest[:place]]
        other = rest[place]
        found.append(StatementDiff("changed", other.head, one.line, other.line, _unified(one.lines, other.lines)))
        del rest[: place + 1]
    return found + [_lone(other, "added") for other in rest]


def _akin(a: Statement, b: Statement, *, alone: bool) -> bool:
    if alone or (a.head and a.head == b.head):
        return True
    return _ratio("\n".join(a.lines), "\n".join(b.lines)) >= _SIMILAR


def _lone(one: Statement, change: Literal["added", "removed"]) -> StatementDiff:
    mark = "+" if change == "added" else "-"
    lines = tuple(mark + line for line in one.lines)
    added = change == "added"
    return StatementDiff(change, one.head, None if added else one.line, one.line if added else None, lines)


def _unified(a: Sequence[str], b: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of a unified diff; `...` stands between parts that lie apart."""
    lines = list(difflib.unified_diff(a, b, n=_CONTEXT, lineterm=""))[3:]
    return tuple("..." if line.startswith("@@") else line for line in lines)


def _match(a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int]) -> dict[int, int]:
    """Return which place in `b` belongs to each place in `a`, where one does."""
    pairs = dict(pairs)
    _by_key(pairs, [cell.cell_id for cell in a], [cell.cell_id for cell in b])
    _by_key(pairs, [cell.source for cell in a], [cell.source for cell in b])
    left = [place for place in range(len(a)) if place not in pairs]
    right = [place for place in range(len(b)) if place not in set(pairs.values())]
    if len(left) * len(right) <= _MOST_COMPARED:
        _by_likeness(pairs, a, b, left, right)
    return pairs


def _by_key(pairs: dict[int, int], a: Sequence[str | None], b: Sequence[str | None]) -> None:
    """Pair what has the same key: the first of those in `a` with the first in `b`, and so on."""
    taken = set(pairs.values())
    free: dict[str, list[int]] = {}
    for place, key in enumerate(b):
        if key is not None and place not in taken:
            free.setdefault(key, []).append(place)
    for place, key in enumerate(a):
        if place not in pairs and key is not None and free.get(key):
            pairs[place] = free[key].pop(0)


def _by_likeness(
    pairs: dict[int, int], a: Sequence[Cell], b: Sequence[Cell], left: list[int], right: list[int]
) -> None:
    """Pair the most alike first."""
    scored = [(_ratio(a[i].source, b[j].source), -abs(i - j), -i, j) for i in left for j in right]
    taken = set(pairs.values())
    for ratio, _, i, j in sorted(scored, reverse=True):
        if ratio < _SIMILAR:
            break
        if -i not in pairs and j not in taken:
            pairs[-i] = j
            taken.add(j)


def _ratio(a: str, b: str) -> float:
    """Return how alike two texts are, from 0 to 1; by their words, which is quick and forgives moved lines."""
    mine, other = Counter(a.split()), Counter(b.split())
    words = sum((mine & other).values()) * 2 / max(sum(mine.values()) + sum(other.values()), 1)
    longest = max(len(a), len(b))
    if words >= _SIMILAR or longest > 2000 or (longest > 100 and words < _SIMILAR / 2):
        return words
    return max(words, difflib.SequenceMatcher(None, a, b, autojunk=False).ratio())


def _moved(pairs: dict[int, int]) -> set[int]:
    """Return the places in `a` that are out of order in `b`: all but the longest run that kept its order."""
    firsts = sorted(pairs)
    tails: list[int] = []
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for first in firsts:
        place = bisect_left(tails, pairs[first])
        before[first] = ends[place - 1] if place else None
        tails[place : place + 1] = [pairs[first]]
        ends[place : place + 1] = [first]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return set(firsts) - kept


__all__ = ["Cell", "CellDiff", "StatementDiff", "diff_cell", "diff_cells"]
