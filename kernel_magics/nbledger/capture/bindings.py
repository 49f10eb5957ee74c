"""To which objects the names of a namespace are bound, by identity only: nothing is kept alive.

Before and after every cell it is asked what changed, with hundreds of names and nearly none of them bound anew. So the
names and identities are taken as lists, in C, and compared as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Bindings:
    """The bindings of one namespace when last looked at. `idents` maps each name to the identity of its value."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._names: list[str] = []
        self._ids: list[int] = []
        self.idents: dict[str, int] = {}

    def changed(self) -> tuple[list[str], list[str]]:
        """Look again. Returns the names that are bound to other objects than before (or new), and those that are gone.

        `idents` is then another dict, if anything changed.
        """
        # Each is one step in C, so no thread comes in between; one that came in between the two is met again next time.
        ids = list(map(id, self._namespace.values()))
        names = list(self._namespace)
        if len(names) != len(ids):
            pairs = [(name, id(value)) for name, value in list(self._namespace.items())]
            names, ids = [name for name, _ in pairs], [ident for _, ident in pairs]
        known = len(self._names)
        if names[:known] != self._names:
            return self._renamed(names, ids)
        if ids == self._ids:
            return [], []
        moved = [(name, new) for name, old, new in zip(names, self._ids, ids, strict=False) if old != new]
        moved += zip(names[known:], ids[known:], strict=True)
        self.idents = {**self.idents, **dict(moved)}
        self._names, self._ids = names, ids
        return [name for name, _ in moved], []

    def _renamed(self, names: list[str], ids: list[int]) -> tuple[list[str], list[str]]:
        """Compare where names were deleted, or deleted and bound again."""
        before = self.idents
        self._names, self._ids = names, ids
        self.idents = dict(zip(names, ids, strict=True))
        moved = [name for name, ident in self.idents.items() if before.get(name) != ident]
        return moved, [name for name in before if name not in self.idents]
