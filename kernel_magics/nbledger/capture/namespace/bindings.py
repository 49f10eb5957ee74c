"""To which objects the names of a namespace are bound, by identity only: nothing is kept alive.

Before and after every cell it is asked what changed, with hundreds of names and nearly none of them bound anew. So the
names and identities are taken as lists, in C, and compared as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_PIECE = 32


def _places() -> tuple[Callable[[Any], int], int]:
    """Return what tells objects apart, and by how many bits that is to be shifted to give `id`.

    To call `id` is an audit event, which costs 0.2 microseconds for each name as long as anybody listens.
    """
    probe = object()
    return (object.__hash__, 4) if object.__hash__(probe) << 4 == id(probe) else (id, 0)


_ADDRESS, _SHIFT = _places()


class Bindings:
    """The bindings of one namespace when last looked at. `idents` maps each name to the identity of its value."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._names: list[str] = []
        self._ids: list[int] = []
        self.idents: dict[str, int] = {}
        self.new: set[str] = set()
        """The names that the last look found for the first time."""

    def changed(self) -> tuple[list[str], list[str]]:
        """Look again. Returns the names bound to other objects than before (or new), and those that are gone."""
        # Each is one step in C, so no thread comes in between; one that came in between the two is met again next time.
        ids = list(map(_ADDRESS, self._namespace.values()))
        names = list(self._namespace)
        if len(names) != len(ids):
            pairs = [(name, _ADDRESS(value)) for name, value in list(self._namespace.items())]
            names, ids = [name for name, _ in pairs], [ident for _, ident in pairs]
        known = len(self._names)
        if (names if len(names) == known else names[:known]) != self._names:
            return self._renamed(names, ids)
        if ids == self._ids:
            self.new = set()
            return [], []
        moved = self._moved(ids, known)
        new = range(known, len(names))
        self.new = {names[at] for at in new}
        for at in (*moved, *new):
            self.idents[names[at]] = ids[at] << _SHIFT
        self._names, self._ids = names, ids
        return [names[at] for at in (*moved, *new)], []

    def _moved(self, ids: list[int], known: int) -> list[int]:
        """Return the places of those that differ: most pieces are the same, which C tells at once."""
        before = self._ids
        moved: list[int] = []
        for start in range(0, known, _PIECE):
            end = min(start + _PIECE, known)
            if ids[start:end] != before[start:end]:
                moved += [at for at in range(start, end) if ids[at] != before[at]]
        return moved

    def _renamed(self, names: list[str], ids: list[int]) -> tuple[list[str], list[str]]:
        """Compare where names were deleted, or deleted and bound again."""
        before = self.idents
        self._names, self._ids = names, ids
        self.idents = {name: ident << _SHIFT for name, ident in zip(names, ids, strict=True)}
        self.new = self.idents.keys() - before.keys()
        moved = [name for name, ident in self.idents.items() if before.get(name) != ident]
        return moved, [name for name in before if name not in self.idents]
