"""The arrays inside pandas: one column's content, whatever holds it.

The same values of the same dtype have the same content in any storage: a `str` column is equal whether pyarrow or
Python objects hold it. What a missing value hides (under a mask, in a null slot) is not content.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from . import repeats
from .arrays import array_content, dtype_name
from .buffers import content
from .sink import Sink
from .text import encode_text, portions, text_content
from .walk import Walk

# Rows of one digest in contents that are made window by window.
WINDOW = 1 << 15


def dtype_text(dtype: Any) -> bytes:
    """Return a dtype as text; a string dtype without its storage, a categorical without its categories."""
    if isinstance(dtype, np.dtype):
        return dtype_name(dtype)
    if isinstance(dtype, pd.StringDtype):
        return b"string[NA]" if dtype.na_value is pd.NA else b"str"
    if isinstance(dtype, pd.CategoricalDtype):
        return b"category"
    return f"{type(dtype).__name__}:{dtype}".encode()


def dtype_of(values: Any) -> Any:
    """Return an array's dtype. A nullable array would note the answer in itself, so its twin is asked."""
    return values.view().dtype if isinstance(getattr(values, "_mask", None), np.ndarray) else values.dtype


def column_digest(walk: Walk, values: Any) -> bytes:
    """Return the digest of a column's dtype and values."""
    if isinstance(values, np.ndarray):
        return typed_digest(walk.sink, values.dtype)(array_content(walk, values))
    return typed_digest(walk.sink, dtype_of(values))(extension_content(walk, values))


def typed_digest(sink: Sink, dtype: Any) -> Callable[[bytes], bytes]:
    """Return what gives the digest of a column of this dtype from its values' digest."""
    start = b"column:%b;" % dtype_text(dtype)
    return lambda digest: sink.digest(start + digest)


def extension_content(walk: Walk, values: Any) -> bytes:
    """Return the digest of the values of a pandas extension array."""
    dtype = dtype_of(values)
    if isinstance(dtype, pd.StringDtype):
        return _string_content(walk, values)
    if isinstance(dtype, pd.CategoricalDtype):
        from .indexes import index_digest

        order = b"ordered" if dtype.ordered else b"unordered"
        return walk.sink.digest(order + index_digest(walk, dtype.categories) + array_content(walk, values.codes))
    if isinstance(dtype, pd.ArrowDtype):
        from .arrow import chunked_content

        return chunked_content(walk, values._pa_array)
    if isinstance(dtype, pd.SparseDtype):
        return _sparse_content(walk, values)
    if isinstance(dtype, pd.IntervalDtype):
        return walk.sink.digest(_part(walk, values.left) + _part(walk, values.right))
    if isinstance(getattr(values, "_mask", None), np.ndarray):
        return array_content(walk, values._data, values._mask)
    if isinstance(getattr(values, "_ndarray", None), np.ndarray):
        return array_content(walk, values._ndarray)
    return array_content(walk, np.asarray(values, dtype=object))


def _part(walk: Walk, index: Any) -> bytes:
    return column_digest(walk, index._values)


def _sparse_content(walk: Walk, values: Any) -> bytes:
    """Positions and values that differ from the fill value, which the dtype holds."""
    stored = values.sp_values
    places = values.sp_index.to_int_index().indices
    fill = np.asarray([values.fill_value]).astype(stored.dtype, copy=False)
    if stored.dtype.kind in "fciumMb":
        width = stored.dtype.itemsize
        plain = np.ascontiguousarray(stored).view(np.uint8).reshape(-1, width)
        kept = (plain != fill.view(np.uint8)).any(axis=1)
        if not kept.all():
            stored, places = stored[kept], places[kept]
    head = walk.encode(len(values)) + walk.encode(fill)
    return walk.sink.digest(head + array_content(walk, places.astype(np.int64)) + array_content(walk, stored))


def _string_content(walk: Walk, values: Any) -> bytes:
    chunked = getattr(values, "_pa_array", None)
    if chunked is not None:
        from .arrow import text_content

        return text_content(walk, chunked)
    objects = values._ndarray.reshape(-1)
    starts = range(0, len(objects), WINDOW)
    if walk.sink.raw_layout:
        numbered = repeats.window_digests(walk, objects, len(objects))
        if numbered and None not in numbered:
            return walk.sink.digest(b"".join(part for window in numbered for part in window or ()))
        return walk.sink.digest(b"".join(_token_of_objects(walk, objects[i : i + WINDOW]) for i in starts))
    found = repeats.text_digests(walk, objects, WINDOW)
    return walk.sink.digest(
        b"".join(
            _window_of_objects(walk, objects[i : i + WINDOW]) if digest is None else digest
            for i, digest in zip(starts, found or [None] * len(starts), strict=True)
        )
    )


def _filled(window: Any) -> tuple[Any, list[str]]:
    """Return (mask of missing values or None, the strings with "" for those)."""
    items = window.tolist()
    try:
        "".join(items)  # five times as fast as asking pandas, and most columns miss nothing
    except TypeError:
        missing = pd.isna(window)
    else:
        return None, items
    window = window.copy()
    window[missing] = ""
    return missing, window.tolist()


def _token_of_objects(walk: Walk, window: Any) -> bytes:
    missing, items = _filled(window)
    mask = b"-" if missing is None else walk.sink.digest(missing.tobytes())
    return mask + walk.sink.digest(b"".join(text_content(walk.sink, items)))


def _window_of_objects(walk: Walk, window: Any) -> bytes:
    """One window of strings from Python objects: as `arrow_text` has it from lengths and text."""
    missing, items = _filled(window)
    hasher = walk.sink.new()
    sizes = []
    for part in portions(items):
        hasher.update(encode_text("".join(part)))
        sizes.append(_utf8_lengths(part))
    lengths = np.concatenate(sizes) if sizes else np.zeros(0, np.int64)
    if missing is not None:
        lengths[missing] = -1
    return walk.sink.digest(content(walk.sink, lengths) + walk.sink.finish(hasher))


def _utf8_lengths(items: Sequence[str]) -> Any:
    """Return each string's bytes in UTF-8: from the NULs that a join puts between them, 3 times as fast as `len`."""
    data = np.frombuffer(encode_text("\0".join(items)), np.uint8)
    gaps = np.flatnonzero(data == 0)
    if len(gaps) != len(items) - 1:  # NULs inside
        return np.fromiter((len(encode_text(item)) for item in items), np.int64, len(items))
    return np.diff(gaps, prepend=-1, append=len(data)) - 1
