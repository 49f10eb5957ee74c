"""pandas frames, series, indexes and scalars.

A frame is its column labels, its index and its columns, each with its own hash. Columns of one dtype lie together in
blocks; the identity reads each block in one pass and does not see how columns are grouped, the token takes the
blocks' memory as it is. `attrs` and flags are not content.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from nbledger.records import Column

from .arrays import array_content
from .buffers import row_contents
from .columns import block_content, column_digest, dtype_of, dtype_text, extension_content, typed_digest
from .indexes import index_digest, labels_digest
from .walk import Walk, register, register_base

_Blocks = list[tuple[Any, Any]]
"""Column positions and values; these are two-dimensional arrays or one extension array."""

_SMALL = 4_000
"""Columns of at most so many rows are brought together before they are read: a step for each takes longer."""


def _blocks(frame: Any, *, apart: bool = False) -> _Blocks:
    """Return the blocks of a frame, those of single columns together unless they are asked for `apart`."""
    try:
        blocks = [(block.mgr_locs.as_array, block.values) for block in frame._mgr.blocks]  # noqa: PD011 - a block, not a frame
    except AttributeError:  # another pandas keeps its columns in another way
        return [(np.array([i]), frame.iloc[:, i].array) for i in range(frame.shape[1])]
    return blocks if apart or len(blocks) <= 3 or len(frame) > _SMALL else _together(blocks)


def _together(blocks: _Blocks) -> _Blocks:
    """Return blocks of one column each, as `frame[name] = ...` makes them, as one block for each dtype of numbers."""
    kept: _Blocks = []
    single: dict[Any, _Blocks] = {}
    for block in blocks:
        values = block[1]
        alone = type(values) is np.ndarray and values.ndim == 2 and len(values) == 1 and values.dtype.kind in "fiub"
        (single.setdefault(values.dtype, []) if alone else kept).append(block)
    for found in single.values():
        kept.append((np.concatenate([at for at, _ in found]), np.concatenate([values for _, values in found])))
    return kept


def _column_digests(walk: Walk, blocks: _Blocks, columns: int) -> list[bytes]:
    """Return one digest for each column: of its dtype and values, without its name and without the index."""
    digests: list[bytes] = [b""] * columns
    for places, values in blocks:
        for place, digest in zip(places.tolist(), _block_digests(walk, values), strict=True):
            digests[place] = digest
    return digests


def _block_digests(walk: Walk, values: Any) -> list[bytes]:
    block = values if isinstance(values, np.ndarray) else getattr(values, "_ndarray", None)
    if not isinstance(block, np.ndarray) or values.ndim == 1:
        return [column_digest(walk, values)]
    if block.dtype.kind in "OTV" or block.dtype.char in "gG":
        return [column_digest(walk, row) for row in values]
    typed = typed_digest(walk.sink, values.dtype)
    return [typed(digest) for digest in row_contents(walk.sink, block)]


def _block_tokens(walk: Walk, frame: Any) -> bytes:
    parts = []
    for places, values in _blocks(frame):
        parts.append(places.tobytes() + dtype_text(dtype_of(values)))
        if isinstance(values, np.ndarray):
            parts.append(block_content(walk, values))
        elif values.ndim == 2:
            parts.append(array_content(walk, values._ndarray))
        else:
            parts.append(extension_content(walk, values))
    return walk.sink.digest(b"".join(parts))


def _build_frame(walk: Walk, frame: Any) -> bytes:
    head = b"%d:%b" % (len(frame), labels_digest(walk, frame.columns))
    if walk.sample_over is not None and _measure_frame(frame)[1] > walk.sample_over:
        from .sampling import positions

        walk.sampled = True
        head = b"sampled" + head
        frame = frame.take(positions(len(frame)))
    if walk.sink.raw_layout:
        return head + index_digest(walk, frame.index) + _block_tokens(walk, frame)
    blocks = _blocks(frame)
    digests = _column_digests(walk, blocks, frame.shape[1])
    if walk.depth == 1:
        walk.columns = _schema(walk, frame, blocks, digests)
    return head + index_digest(walk, frame.index) + walk.sink.digest(b"".join(digests))


def _schema(walk: Walk, frame: Any, blocks: _Blocks, digests: list[bytes]) -> tuple[Column, ...]:
    profiles: list[Any] = [None] * len(digests)
    if walk.profile:
        from .profile import frame_profiles

        profiles = frame_profiles(blocks, len(digests), len(frame))
    dtypes = [""] * len(digests)
    for places, values in blocks:
        text = str(dtype_of(values))
        for place in places.tolist():
            dtypes[place] = text
    names = map(_label, frame.columns.tolist())
    return tuple(
        Column(name, dtype, digest.hex(), profile)
        for name, dtype, digest, profile in zip(names, dtypes, digests, profiles, strict=True)
    )


def _label(label: Any) -> str:
    """Return a column label as text, without asking an object of the user's for it."""
    if isinstance(label, tuple):
        return ".".join(map(_label, label))
    if type(label).__module__.partition(".")[0] in ("builtins", "numpy", "pandas", "datetime"):
        return str(label)
    return type(label).__qualname__


def encode_frame(walk: Walk, value: Any) -> bytes:
    """Encode a data frame."""
    return walk.nest(b"F", value, _build_frame)


def _build_series(walk: Walk, series: Any) -> bytes:
    if walk.sample_over is not None and series.nbytes > walk.sample_over:
        from .sampling import positions

        walk.sampled = True
        digest = b"sampled%d:" % len(series)
        series = series.take(positions(len(series)))
    else:
        digest = b""
    values = series._values
    return digest + walk.encode(series.name) + index_digest(walk, series.index) + column_digest(walk, values)


def encode_series(walk: Walk, value: Any) -> bytes:
    """Encode a series: its name, index, dtype and values."""
    return walk.nest(b"Fs", value, _build_series)


def encode_index(walk: Walk, value: Any) -> bytes:
    """Encode an index by meaning."""
    return walk.nest(b"Fi", value, index_digest)


def encode_extension(walk: Walk, value: Any) -> bytes:
    """Encode a pandas array outside of any series."""
    return walk.nest(b"Fa", value, lambda w, v: w.encode(len(v)) + column_digest(w, v))


def encode_dtype(walk: Walk, value: Any) -> bytes:
    """Encode a pandas dtype; a categorical one with its categories."""
    body = dtype_text(value)
    if isinstance(value, pd.CategoricalDtype):
        categories = b"N" if value.categories is None else index_digest(walk, value.categories)
        body += walk.encode(value.ordered) + categories
    return walk.compact(b"Fd", body)


def _measure_frame(value: Any) -> tuple[tuple[int, ...], int]:
    nbytes = sum(int(values.nbytes) for _, values in _blocks(value, apart=True))
    return value.shape, nbytes


def _measure(value: Any) -> tuple[tuple[int, ...], int]:
    return value.shape, int(value.nbytes)


def _encode_missing(_: Walk, value: Any) -> bytes:
    return b"Z" if value is pd.NA else b"Y"


def _encode_time(walk: Walk, value: Any) -> bytes:
    """Timestamp and Timedelta hold 64-bit counts of their unit."""
    zone = getattr(value, "tzinfo", None)
    parts = (type(value).__name__, int(value._value), value.unit, zone and str(zone))
    return walk.compact(b"Ft", walk.encode(parts))


register("table", pd.DataFrame, measure=_measure_frame)(encode_frame)
register("column", pd.Series, measure=_measure)(encode_series)
register_base(pd.DataFrame, encode_frame, "table", _measure_frame)
register_base(pd.Series, encode_series, "column", _measure)
register_base(pd.Index, encode_index, "column", _measure)
register_base(pd.api.extensions.ExtensionArray, encode_extension, "column", _measure)
register_base(pd.api.extensions.ExtensionDtype, encode_dtype, "value")
register("value", type(pd.NA), type(pd.NaT))(_encode_missing)
register("value", pd.Timestamp, pd.Timedelta)(_encode_time)
