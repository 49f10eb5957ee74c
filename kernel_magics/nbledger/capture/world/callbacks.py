"""Functions of the notebook that a cell gives away: a handler, a callback, a trigger, which others call later.

A cell in which one runs, though nothing in it leads there, depends on the cells that gave it away. Where to is not
known, and need not be: what is given away and kept has more references after the cell than before. Which functions ran
is known on Python 3.12 and later; before, any cell may have run those that no variable holds (methods of classes aside:
each instance of a class is a reference to it).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from nbledger.capture.code.bytecode import nested
from nbledger.capture.code.names import CellCode
from nbledger.capture.code.reach import ADDRESS, PLAIN, codes_behind, label_of
from nbledger.records import Edge, Version

_ROLE = "state"
_TELLS = sys.version_info >= (3, 12)
"""Whether it is known which functions ran."""


class CallbackUse(NamedTuple):
    """The edges of functions that ran though nothing led to them, and of those that were given away."""

    used: tuple[Edge, ...] = ()
    generated: tuple[Edge, ...] = ()
    versions: tuple[Version, ...] = ()


class _Counted(NamedTuple):
    """A variable: its value's identity, how many references there are to it, and how many variables hold it."""

    name: str
    ident: int
    references: int
    holders: int


class Callbacks:
    """What the cells of one namespace gave away.

    `version` gives the version of a value, `reaching` the variables that hold an object of these identities.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any],
        version: Callable[[Any], Version],
        reaching: Callable[[AbstractSet[int]], Collection[str]],
    ) -> None:
        self._namespace = namespace
        self._version = version
        self._reaching = reaching
        self._at_large: dict[CodeType, frozenset[int]] = {}
        self._module = namespace.get("__name__", "__main__")
        self._given: dict[str, Version] = {}
        self._labels: set[str] = set()
        self._values: list[_Counted] = []
        self._inner: list[CodeType] = []
        self._references: list[int] = []

    def begin(self, codes: Sequence[CellCode], reads: Iterable[str], reached: Iterable[CodeType]) -> None:
        """Count the references to the functions, classes and instances that a cell has at hand."""
        self._labels = {label for code in codes for label in code.gives_away}
        self._inner = [code for top in reached for code in _inside(top)]
        self._references = self._count_inner()
        self._values = []
        for name in reads:
            value: Any = self._namespace.get(name)
            kind = type(value)
            if kind is FunctionType:
                if value.__globals__ is not self._namespace:
                    continue
            elif kind in PLAIN or (value if isinstance(value, type) else kind).__module__ != self._module:
                continue
            holders = 0 if _TELLS else self._holders(value)
            self._values.append(_Counted(name, ADDRESS(value), sys.getrefcount(value), holders))

    def end(self, strangers: Collection[str], survivors: Iterable[CodeType]) -> CallbackUse:
        """Return what the cell did, in which `strangers` ran; `survivors` are lambdas of it that there still are."""
        known = [label for label in sorted(strangers) if label in self._given]
        used = [Edge(self._given[label].hash, f"callback {label}", _ROLE) for label in known]
        labels = self._labels.union(map(label_of, survivors))
        for counted in self._values:
            value = self._namespace.get(counted.name)
            if ADDRESS(value) != counted.ident or sys.getrefcount(value) > counted.references:
                labels |= self._given_by(counted, value)
        if self._inner:
            were = zip(self._inner, self._references, self._count_inner(), strict=True)
            labels.update(label_of(code) for code, before, now in were if now > before)
        self._values, self._inner, self._labels = [], [], set()
        if not (used or labels):
            return CallbackUse()
        for label in labels - self._given.keys():
            self._given[label] = self._version(("callback", label))
        given = [(label, self._given[label]) for label in sorted(labels)]
        made = [Edge(version.hash, f"callback {label}", _ROLE, derived=True) for label, version in given]
        return CallbackUse(tuple(used), tuple(made), tuple(self._given[label] for label in {*known, *labels}))

    def at_large(self) -> Mapping[CodeType, frozenset[int]]:
        """Return the functions that may have run in any cell, with their lines: nobody tells before Python 3.12."""
        return self._at_large

    def _count_inner(self) -> list[int]:
        return [sys.getrefcount(code) for code in self._inner]

    def _holders(self, value: object) -> int:
        return len(self._reaching({ADDRESS(value)}))

    def _given_by(self, counted: _Counted, value: object) -> set[str]:
        """Return what a variable led to: there are more references to its value now, or it is bound to another."""
        if ADDRESS(value) != counted.ident:
            return {counted.name}
        codes = codes_behind(value, self._namespace)
        if not _TELLS and not isinstance(value, type) and self._holders(value) <= counted.holders:
            every = (inner for code in codes for inner in nested(code))
            self._at_large.update((code, frozenset(line for *_, line in code.co_lines() if line)) for code in every)
        return set(map(label_of, codes))


def _inside(code: CodeType) -> list[CodeType]:
    """Return the functions that a function makes: most make none."""
    if CodeType not in map(type, code.co_consts):
        return []
    inner = [const for const in code.co_consts if type(const) is CodeType]
    found = [part for part in inner if part.co_name[:1] != "<" or part.co_name == "<lambda>"]
    return found + [part for deeper in inner for part in _inside(deeper)]
