"""Columns of Python objects that are checked once more: by what they refer to.

To read two million strings takes 20 to 40 times as long as to compare the references to them. So when a column that
pandas holds is checked for the second time, its references are copied, and from then on it has the same content as long
as they are the same: a string cannot change, and while the copy holds it no other object can stand at its address.

The copy goes when the array does, and all copies together take at most 32 MiB. Only change checks make use of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .walk import Walk

# With fewer elements it is not worth it; with more in all columns together the oldest copy goes.
_LEAST = 1 << 12
_MOST = 1 << 22


class _Copy:
    """The references of an array that lives, and the digest of what they refer to; neither when it was met once."""

    __slots__ = ("_array", "digest", "references")

    def __init__(self, array: Any) -> None:
        key = id(array)
        self._array = weakref.ref(array, lambda _: _copies.pop(key, None))
        self.references: Any = None
        self.digest = b""

    def is_of(self, array: Any) -> bool:
        """Tell whether this is the copy of an array."""
        return self._array() is array

    def is_current(self, array: Any) -> bool:
        """Tell whether the array refers to the same objects still."""
        if self.references is None or _layout(self.references) != _layout(array):
            return False
        one, other = (np.frombuffer(each.ravel(order="K"), np.uintp) for each in (self.references, array))
        return bool(np.array_equal(one, other))


_copies: dict[int, _Copy] = {}


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
    if known.is_current(array):
        return known.digest
    known.references = None
    # What is read is the copy: another thread may write to the array.
    references = array.copy(order="K")
    outer, walk.mixed = walk.mixed, False
    digest = make(references)
    if not walk.mixed:
        known.references, known.digest = references, digest
        _limit(known)
    walk.mixed |= outer
    return digest


def _layout(array: Any) -> tuple[Any, ...]:
    return array.shape, array.flags.c_contiguous, array.flags.f_contiguous


def _limit(newest: _Copy) -> None:
    """Let the oldest copies go where all take too much memory."""
    held = [copy for copy in list(_copies.values()) if copy.references is not None and copy is not newest]
    size = newest.references.size + sum(copy.references.size for copy in held)
    for copy in held:
        if size <= _MOST:
            break
        size -= copy.references.size
        copy.references = None
