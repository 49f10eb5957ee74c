"""The arrays inside pandas: one column's content, whatever holds it.

The same values of the same dtype have the same content in any storage: a `str` column is equal whether pyarrow or
Python objects hold it. What a missing value hides (under a mask, in a null slot) is not content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from .arrays import array_content, dtype_name
from .python_text import objects_content
from .references import content_by_reference
from .sink import Sink
from .walk import Walk


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
        return typed_digest(walk.sink, values.dtype)(block_content(walk, values))
    return typed_digest(walk.sink, dtype_of(values))(extension_content(walk, values))


def block_content(walk: Walk, values: Any) -> bytes:
    """Return the digest of an array that pandas holds."""
    return content_by_reference(walk, values, lambda array: array_content(walk, array))


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
    missing = dtype_of(values).na_value
    return content_by_reference(walk, values._ndarray, lambda array: objects_content(walk, array.reshape(-1), missing))
