"""Batches of objects: strings, and what stands between them.

The strings of a batch are hashed together, in a tenth of the time that one object after another takes. So it has to be
known which ones they are, and to ask each object for its type costs as much as all the rest. `None`, NaN, NA and NaT
are found by their addresses. Of other objects, as NaNs that are each a float of their own, it is guessed: Python keeps
objects of one size together, so those of a page of memory mostly have one type, which is asked of one object for each
page. A guess is used once it is proven, which is cheap: strings can be joined, and the rest have other types.
"""

from __future__ import annotations

import sys
from array import array
from itertools import compress
from typing import Any

import numpy as np

from .text import batch_digest
from .walk import Walk

Array = np.ndarray[Any, np.dtype[Any]]

# Bits of an address within a page (Python's allocator calls it a pool), and how many pages are told apart.
_PAGE = 14
_PAGES = 1 << 16
# What is known of a page.
_TEXT, _OTHER = 1, 2
# Values without parts, whose encoding depends on nothing else.
SCALARS = (type(None), bool, int, float, np.float64)


def no_pages() -> Array:
    """Return what `batch_content` keeps of one batch for the next: of each page, whether its objects are strings."""
    return np.zeros(_PAGES, np.int8)


def batch_content(walk: Walk, part: Array, pages: Array | None = None, *, gaps: bool = False) -> bytes:
    """Return the encoding of at most `BATCH` objects (or numpy strings): a letter and a digest.

    `gaps` says that missing values are to be expected, so that they are looked for first. `pages` is what `no_pages`
    gave for the first one of several batches.
    """
    if part.dtype.kind != "O":
        return _texts_or_mixed(walk, part.tolist())
    if not gaps:
        try:
            return b"s" + batch_digest(walk.sink, part.tolist())
        except TypeError:
            pass
    part = np.ascontiguousarray(part)
    references = np.frombuffer(part, np.uintp)
    try:
        return b"m" + _gappy_digest(walk, part, references)
    except TypeError:
        pass
    pages = no_pages() if pages is None else pages
    try:
        return b"m" + _guessed_digest(walk, part, references, pages)
    except TypeError:
        pages[:] = 0
        return _texts_or_mixed(walk, part.tolist())


def _texts_or_mixed(walk: Walk, items: list[Any]) -> bytes:
    try:
        return b"s" + batch_digest(walk.sink, items)
    except TypeError:
        walk.mixed = True
        return b"m" + mixed_batch_digest(walk, items)


def mixed_batch_digest(walk: Walk, items: list[Any]) -> bytes:
    """Return the digest of a batch of any objects; the strings among them are hashed together.

    A subclass of `str` counts as its text, as it does in the quick path.
    """
    kinds = np.fromiter(map(type, items), object, len(items))
    addresses = np.frombuffer(kinds, np.uintp)
    is_text = addresses == id(str)
    for cls in set(kinds[~is_text].tolist()):
        if issubclass(cls, str):
            is_text |= addresses == id(cls)
    texts = list(compress(items, is_text.tobytes()))
    others = list(compress(items, (~is_text).tobytes()))
    return _digest(walk, is_text, texts, _encoded(walk, others, {*map(type, others)}))


def mixed_content(is_text: Any, texts: bytes, others: Any) -> bytes:
    """Return the content of a batch: which are strings (a byte each), their digest, and the encodings of the rest."""
    return b"".join((b"mixed", is_text, texts, others))


def _digest(walk: Walk, is_text: Array, texts: list[str], others: bytes) -> bytes:
    digest = batch_digest(walk.sink, texts) if texts else b""
    return walk.sink.digest(mixed_content(is_text.tobytes(), digest, others))


def _marks(references: Array) -> list[tuple[Any, Array]]:
    """Return the usual missing values that there are, and where."""
    pandas = sys.modules.get("pandas")
    marks = [None, np.nan] if pandas is None else [None, np.nan, pandas.NA, pandas.NaT]
    found = ((mark, references == id(mark)) for mark in marks)
    return [(mark, places) for mark, places in found if places.any()]


def _gappy_digest(walk: Walk, part: Array, references: Array) -> bytes:
    """Return `mixed_batch_digest` of strings and usual missing values.

    Raises `TypeError` where there is anything else, or nothing missing.
    """
    marks = _marks(references)
    if not marks:
        raise TypeError
    is_text = ~marks[0][1]
    for _, places in marks[1:]:
        is_text ^= places
    texts = part[is_text].tolist()
    if len(marks) == 1:
        others = walk.encode(marks[0][0]) * (len(part) - len(texts))
    else:
        encodings = {id(mark): walk.encode(mark) for mark, _ in marks}
        others = b"".join(map(encodings.__getitem__, references[~is_text].tolist()))
    return _digest(walk, is_text, texts, others)


def _guessed_digest(walk: Walk, part: Array, references: Array, pages: Array) -> bytes:
    """Return `mixed_batch_digest` of objects, from a guess which of them are strings.

    Raises `TypeError` where they lie on so many pages that to ask each object is no more work, or the guess is wrong.
    """
    slots = (references >> np.uintp(_PAGE) & np.uintp(_PAGES - 1)).view(np.intp)
    found = pages.take(slots, mode="clip")
    new = np.flatnonzero(found == 0)
    if len(new):
        last = np.empty(_PAGES, np.intp)
        last[slots[new]] = new
        asked = new[last[slots[new]] == new]
        if len(asked) > len(slots) // 4:
            raise TypeError
        pages[slots[asked]] = [_TEXT if type(item) is str else _OTHER for item in part[asked].tolist()]
        found = pages.take(slots, mode="clip")
    is_text = found == _TEXT
    others = part[~is_text].tolist()
    kinds = {*map(type, others)}
    if not kinds or not kinds <= _scalars():
        raise TypeError
    return _digest(walk, is_text, part[is_text].tolist(), _encoded(walk, others, kinds))


def _scalars() -> set[type]:
    pandas = sys.modules.get("pandas")
    return {*SCALARS} if pandas is None else {*SCALARS, type(pandas.NA), type(pandas.NaT)}


def all_equal(numbers: list[float]) -> bool:
    """Tell whether floats have the same bits."""
    bits = np.frombuffer(array("d", numbers), np.uint64)
    return bool((bits == bits[0]).all())


def _encoded(walk: Walk, others: list[Any], kinds: set[type]) -> bytes:
    """Return the encodings of objects of these types, one after another; values that are met again are encoded once."""
    if kinds in ({float}, {np.float64}) and all_equal(others):
        return walk.encode(others[0]) * len(others)
    if kinds <= _scalars():
        addresses = [*map(id, others)]
        known = dict(zip(addresses, others, strict=True))
        if len(known) <= len(others) // 4:
            encodings = {address: walk.encode(item) for address, item in known.items()}
            return b"".join(map(encodings.__getitem__, addresses))
    return b"".join(map(walk.encode, others))
