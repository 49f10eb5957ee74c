"""What was last seen under each name, and under which names an object or buffer was reached.

After every cell it is asked which variables may show what the cell made or changed. To look at all of them for that
would take the longer the more there are: the names are kept by mark as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import FunctionType
from typing import Any, NamedTuple

from nbledger.capture.namespace.kinds import IMMUTABLE, Kind, is_bare, kind_of
from nbledger.capture.namespace.sharing import NOTHING, Reach, reach_of
from nbledger.capture.namespace.versions import Token
from nbledger.records import Version

_MOST = 64
"""A variable that reaches more is asked itself: a list of a hundred thousand lists would take as many entries."""


class Known(NamedTuple):
    """What was last seen under a name: the object's identity, its change token, its version and what it reaches."""

    ident: int
    token: Token
    version: Version
    reach: Reach


class KnownVariables(dict[str, Known]):
    """What is known of each variable. Give and take away by `[name] = ` and `pop` only."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[int, set[str]] = {}
        self._asked: set[str] = set()

    def __setitem__(self, name: str, known: Known) -> None:
        before = self.get(name)
        super().__setitem__(name, known)
        if before is not None and before.reach is not known.reach:
            self._forget(name, before.reach)
        elif before is not None:
            return
        if _is_wide(known.reach):
            self._asked.add(name)
        else:
            for mark in known.reach.marks:
                self._names.setdefault(mark, set()).add(name)

    def pop(self, name: str, *default: Any) -> Any:
        """Forget a variable, and return what was known of it."""
        known = super().pop(name, *default)
        if isinstance(known, Known):
            self._forget(name, known.reach)
        return known

    def reaching(self, marks: AbstractSet[int]) -> set[str]:
        """Return the names under which one of these marks is reached, or may be."""
        if len(marks) > len(self):
            return {name for name, known in self.items() if _reaches(known.reach, marks)}
        found = {name for name in self._asked if _reaches(self[name].reach, marks)}
        return found.union(*(self._names[mark] for mark in marks if mark in self._names))

    def _forget(self, name: str, reach: Reach) -> None:
        self._asked.discard(name)
        for mark in () if _is_wide(reach) else reach.marks:
            names = self._names[mark]
            names.discard(name)
            if not names:
                del self._names[mark]


def _is_wide(reach: Reach) -> bool:
    return len(reach.marks) > _MOST or not reach.bounded


def _reaches(reach: Reach, marks: AbstractSet[int]) -> bool:
    return not reach.bounded or not reach.marks.isdisjoint(marks)


def flat_reach(value: Any) -> Reach:
    """Return what a builtin container of numbers and texts reaches: itself, if it can change. A dict has an order."""
    if type(value) in IMMUTABLE:
        return NOTHING
    arranged = type(value) is dict and len(value) > 1
    return Reach(frozenset({id(value)}), order=hash((0, *map(id, value))) if arranged else 0)


def _function_reach(function: FunctionType) -> Reach:
    """Return what a function that `is_bare` reaches: itself and its attributes."""
    return Reach(frozenset({id(function), id(function.__dict__)}))


def reach_in(value: Any, namespace: Mapping[str, Any], *, scan: bool = True) -> Reach:
    """Return what a variable's value reaches; what functions and classes call, code that mentions them tells."""
    if type(value) is FunctionType and is_bare(value, namespace):
        return _function_reach(value)
    reach = reach_of(value, namespace, scan=scan)
    if reach.calls and kind_of(type(value)) in (Kind.FUNCTION, Kind.CLASS):
        return reach._replace(calls=frozenset())
    return reach
