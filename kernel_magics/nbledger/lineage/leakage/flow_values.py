"""What is known of a value while cells are followed: whose rows it holds, and which statistics went into them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nbledger.lineage.leakage.flow_words import CENTRES

Way = Literal["scaled", "filled", "encoded", "chosen"]

NO_LINEAGE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Worked:
    """A statistic over all rows of `base` (called `name`), worked into features by a run; `column` is what it is of."""

    way: Way
    base: int
    name: str
    run: str
    column: str = ""
    #: The one column that it was worked into, if it is one.
    into: str = ""
    #: The run that computed the statistic.
    source: str = ""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic over the rows of a value, not yet worked into any; `grouped` if it is one of each group."""

    kind: str
    base: int
    name: str
    column: str = ""
    grouped: bool = False
    whole: bool = False
    run: str = ""

    def worked(self, way: Way, run: str) -> Worked:
        """Return the mark that it leaves where a run works it into rows."""
        of = self.column if way == "encoded" or (way == "chosen" and self.kind == "corr") else ""
        return Worked(way, self.base, self.name, run, of, source=self.run)


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a value."""

    own: int = -1
    lineage: frozenset[int] = NO_LINEAGE
    worked: frozenset[Worked] = frozenset()
    statistics: frozenset[Statistic] = frozenset()
    column: str = ""
    fitted: frozenset[Statistic] = frozenset()
    #: The parts of a tuple, or what a split returns.
    parts: tuple[Value, ...] = ()
    #: The texts that a list holds: names of columns. `("*",)` if they come from a frame's columns.
    words: tuple[str, ...] = ()

    @property
    def has_rows(self) -> bool:
        """Whether it holds rows that are known."""
        return bool(self.lineage)


NOTHING = Value()


@dataclass(frozen=True, slots=True)
class Use:
    """Features (and a target's column) that a call of `function` was given; `text` is their source."""

    function: str
    text: str
    features: Value
    target: str = ""

    @staticmethod
    def of_all(uses: Sequence[Use]) -> Use | None:
        """Return what holds of all uses (the turns of a loop, several calls): the marks of each, the rows of all."""
        if not uses:
            return None
        first = uses[0].features
        worked = frozenset.intersection(*(use.features.worked for use in uses))
        lineage = frozenset.intersection(*(use.features.lineage for use in uses))
        return replace(uses[-1], features=replace(first, worked=worked, lineage=lineage))


def base_of(value: Value) -> int:
    """Return the newest value that rows were taken from whole."""
    return max(value.lineage)


def tells(one: Statistic) -> bool:
    """Tell whether a statistic says something of the target: a correlation with a column, an importance."""
    return one.kind == "importance" or (one.kind == "corr" and bool(one.column))


def centres(values: Iterable[Value]) -> Iterator[Statistic]:
    """Yield the means, medians and the like in values."""
    return (one for value in values for one in value.statistics if one.kind in CENTRES)


def merged(values: Sequence[Value], *, aligned: bool = True) -> Value:
    """Return what several values make together: side by side (`aligned`), their rows are those of each.

    One below the other, they are rows only of what all were taken from.
    """
    lineages = [value.lineage for value in values if value.lineage]
    if aligned:
        lineage = frozenset().union(*lineages)
    else:
        lineage = frozenset.intersection(*lineages) if lineages else NO_LINEAGE
    return Value(
        lineage=lineage,
        worked=frozenset().union(*(value.worked for value in values)),
        statistics=frozenset().union(*(value.statistics for value in values)),
    )


def kept(worked: frozenset[Worked], words: tuple[str, ...], at: ast.expr) -> frozenset[Worked]:
    """Return the marks that are left when columns are picked: those of single columns that are not among them go."""
    if words == ("*",) or isinstance(at, ast.Slice | ast.Compare | ast.UnaryOp | ast.BinOp):
        return worked
    return frozenset(one for one in worked if not one.into or one.into in words) if words else worked
