"""To which objects the names of a namespace are bound, by identity only: nothing is kept alive.

Before and after every cell it is asked what changed, with hundreds of names and nearly none of them bound anew. So the
identities are taken as one run of bytes, in C, and compared as such. IPython adds a name for each cell to the namespace
(`_i1`, `_i2`, ...): of such names it is only known that they are there.
"""

from __future__ import annotations

import ctypes
import re
import sys
from array import array
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Any

_SIZE = ctypes.sizeof(ctypes.c_void_p)
_PIECE = 32 * _SIZE
_is_history = re.compile(r"_(i{0,3}|_{1,2}|\d+|i\d+|oh|dh|ih)?$|__(?!main__)\w+__$").match


def _of_memory(values: tuple[Any, ...]) -> bytes:
    """Return the addresses of these objects, as CPython has them side by side in the tuple."""
    return ctypes.string_at(id(values) + tuple.__basicsize__, _SIZE * len(values))


def _one_by_one(values: tuple[Any, ...]) -> bytes:
    return array("Q", map(id, values)).tobytes()


def _reader() -> Callable[[tuple[Any, ...]], bytes]:
    """Return what gives the identities of objects as bytes.

    To call `id` for each takes 30 times as long: it is an audit event, as long as anybody listens.
    """
    probe = (object(), None, object())
    if sys.implementation.name == "cpython" and _of_memory(probe) == _one_by_one(probe):
        return _of_memory
    return _one_by_one


_identities = _reader()


def _shown(namespace: Mapping[str, Any], output: str) -> list[Any]:
    """Return what is behind a name of IPython's output history: `_`, `_3`, `Out[3]`, or `Out` for all."""
    history: Mapping[int, Any] = namespace.get("_oh") or {}
    digits = output.strip("Out[]_")
    if digits.isdigit():
        return [history.get(int(digits))]
    return [namespace.get(output)] if output in ("_", "__", "___") else list(history.values())


class Bindings:
    """The bindings of one namespace when last looked at. `idents` maps each name to the identity of its value.

    Names for which `passed_over` is true are taken as always bound to the same: their identity is 0.
    """

    def __init__(self, namespace: Mapping[str, Any], passed_over: Callable[[str], object] | None = None) -> None:
        self._namespace = namespace
        self._dict: dict[str, Any] | None = namespace if type(namespace) is dict else None
        self._passed_over = passed_over or (lambda _: False)
        self._names: list[str] = []
        self._ids = b""
        # The last name that is passed over, how many names there are up to it, and those after it.
        self._mark: str | None = None
        self._marked = 0
        self._tail: list[str] = []
        self.idents: dict[str, int] = {}
        self.new: set[str] = set()
        """The names that the last look found for the first time."""

    def shown_as(self, outputs: Collection[str]) -> frozenset[str]:
        """Return the names that are bound to what these names of the output history show: they change together."""
        values = [value for output in outputs for value in _shown(self._namespace, output)]
        idents = {id(value) for value in values if type(value) not in (int, float, bool, str, type(None))}
        return frozenset(name for name, ident in self.idents.items() if ident in idents) if idents else frozenset()

    def changed(self) -> tuple[list[str], list[str]]:
        """Look again. Returns the names bound to other objects than before (or new), and those that are gone."""
        added = self._added()
        if added is None:
            return self._renamed()
        counted = [name for name in added if not self._passed_over(name)]
        names = self._names + counted if counted else self._names
        try:
            # One step in C, so no thread comes in between.
            ids = _identities(tuple(map(self._namespace.__getitem__, names)))
        except KeyError:
            return self._renamed()
        self.new = set(counted)
        if added:
            self._append(added)
        if ids == self._ids:
            return [], []
        moved = self._moved(ids, names)
        self.idents.update(moved)
        self._names, self._ids = names, ids
        return list(moved), []

    def _added(self) -> list[str] | None:
        """Return the names that came after those known; `None` when those are not the same in the same order.

        Of hundreds of cells' names in IPython's history only the last is looked at. A dict keeps its order: when that
        one has as many names before it as ever, they are the same names.
        """
        tail = self._tail
        count = len(self._namespace) - self._marked
        if count < len(tail):
            return None
        if self._mark is None or self._dict is None:
            names = list(self._namespace)
        else:
            names = list(islice(reversed(self._dict), count + 1))
            if len(names) <= count or names.pop() != self._mark:
                return None
            names.reverse()
        return names[len(tail) :] if names[: len(tail)] == tail else None

    def _append(self, added: list[str]) -> None:
        """Take in names that came after those known."""
        self.idents.update(dict.fromkeys(added, 0))
        tail = self._tail + added
        at = next((at for at in reversed(range(len(tail))) if self._passed_over(tail[at])), None)
        if at is not None and self._dict is not None:
            self._mark = tail[at]
            self._marked += at + 1
            tail = tail[at + 1 :]
        self._tail = tail

    def _moved(self, ids: bytes, names: list[str]) -> dict[str, int]:
        """Return the identities of those that differ or are new: most pieces are the same, which C tells at once."""
        before = self._ids
        found: dict[str, int] = {}
        for start in range(0, len(ids), _PIECE):
            if ids[start : start + _PIECE] != before[start : start + _PIECE]:
                for at in range(start, min(start + _PIECE, len(ids)), _SIZE):
                    one = ids[at : at + _SIZE]
                    if one != before[at : at + _SIZE]:
                        found[names[at // _SIZE]] = int.from_bytes(one, sys.byteorder)
        return found

    def _renamed(self) -> tuple[list[str], list[str]]:
        """Compare where names were deleted, or deleted and bound again."""
        before = self.idents
        values = dict(self._namespace)
        self._names = [name for name in values if not self._passed_over(name)]
        self._ids = b""
        ids = _identities(tuple(map(values.__getitem__, self._names)))
        self.idents = {}
        self._mark, self._marked, self._tail = None, 0, []
        self._append(list(values))
        self.idents.update(self._moved(ids, self._names))
        self._ids = ids
        self.new = set(self._names) - before.keys()
        moved = [name for name in self._names if before.get(name) != self.idents[name]]
        return moved, [name for name in before if name not in values]


def is_in_history(name: str) -> bool:
    """Tell whether a name is one of those by which IPython keeps what was typed and shown, or Python's own."""
    return isinstance(name, str) and name[:1] == "_" and _is_history(name) is not None
