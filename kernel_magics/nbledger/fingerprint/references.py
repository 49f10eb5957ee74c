"""Columns of Python objects that are checked once more: by what they refer to.

To read two million strings takes 20 to 40 times as long as to compare the references to them. So when a column that
pandas holds is checked for the second time, its references are copied, and from then on it has the same content as long
as they are the same: a string cannot change, and while the copy holds it no other object can stand at its address.

The copy goes when the array does, and all copies together take at most 32 MiB. Only change checks make use of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from .walk import Walk

# With fewer elements it is not worth it; with more in all columns together no copy is made.
_LEAST = 1 << 12
_MOST = 1 << 22


class _Copy:
    """A copy of an array that lives, and its digest; neither while it was met only once."""

    __slots__ = ("_array", "held", "met")

    def __init__(self, array: Any) -> None:
        key = id(array)
        self._array = weakref.ref(array, lambda _: _copies.pop(key, None))
        #: When the array was checked last.
        self.met = next(_checks)
        #: Copy and digest; set at once, for other threads may look.
        self.held: tuple[Any, bytes] | None = None

    def is_of(self, array: Any) -> bool:
        """Tell whether this is the copy of an array."""
        return self._array() is array

    def digest(self, array: Any) -> bytes | None:
        """Return the digest of the array if it refers to the same objects still."""
        held = self.held
        if held is None or _layout(held[0]) != _layout(array):
            return None
        one, other = (np.frombuffer(each.ravel(order="K"), np.uintp) for each in (held[0], array))
        return held[1] if np.array_equal(one, other) else None

    def size(self) -> int:
        """Return how many references are held."""
        held = self.held
        return 0 if held is None else int(held[0].size)


_copies: dict[int, _Copy] = {}
_checks = count()


def content_by_reference(walk: Walk, array: Any, make: Callable[[Any], bytes]) -> bytes:
    """Return `make(array)`, or what it gave when the array referred to the same strings and other plain values."""
    if not walk.sink.raw_layout or not _LEAST <= array.size <= _MOST or type(array) is not np.ndarray:
        return make(array)
    if array.dtype.kind != "O" or not array.flags.forc:
        return make(array)
    known = _copies.get(id(array))
    if known is None or not known.is_of(array):
        _copies[id(array)] = _Copy(array)
        return make(array)
    before, known.met = known.met, next(_checks)
    digest = known.digest(array)
    if digest is not None:
        return digest
    known.held = None
    if not _has_room(array.size, before):
        return make(array)
    # What is read is the copy: another thread may write to the array.
    references = array.copy(order="K")
    outer, walk.mixed = walk.mixed, False
    digest = make(references)
    if not walk.mixed:
        known.held = references, digest
    walk.mixed |= outer
    return digest


def _layout(array: Any) -> tuple[Any, ...]:
    return array.shape, array.flags.c_contiguous, array.flags.f_contiguous


def _has_room(size: int, before: int) -> bool:
    """Tell whether so many references may be held; copies that were of no use since this time go first.

    So columns that are checked in turn do not drive each other out.
    """
    copies = list(_copies.values())
    size += sum(copy.size() for copy in copies)
    for copy in copies:
        if size > _MOST and copy.met < before:
            size -= copy.size()
            copy.held = None
    return size <= _MOST
