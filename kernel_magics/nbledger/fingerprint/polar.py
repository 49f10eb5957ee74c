"""polars frames and series by meaning, without pyarrow: chunks are not content.

Numbers, booleans and times are read as numpy sees them (without copying where there is no null), strings in windows
of Python strings, anything else (lists, structs, decimals) as Python values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from nbledger.records import Column

from .arrays import array_content
from .mixed import mixed_batch_digest
from .text import WINDOW
from .walk import Walk, register


def column_content(walk: Walk, series: Any) -> bytes:
    """Return the digest of a polars series' values."""
    digests = [_window(walk, series.slice(start, WINDOW)) for start in range(0, len(series), WINDOW)]
    return walk.sink.digest(b"".join(digests))


def _window(walk: Walk, part: Any) -> bytes:
    dtype = part.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum):
        part = part.cast(pl.String)
    elif dtype.is_numeric() and not dtype.is_decimal() and dtype != pl.Int128:
        return _numbers(walk, part)
    elif dtype == pl.Boolean:
        return _numbers(walk, part.cast(pl.UInt8))
    elif dtype.is_temporal():
        return _numbers(walk, part.to_physical())
    return mixed_batch_digest(walk, part.to_list())


def _numbers(walk: Walk, part: Any) -> bytes:
    if not part.null_count():
        return array_content(walk, part.to_numpy())
    mask = part.is_null().to_numpy()
    return array_content(walk, np.asarray(part.fill_null(0).to_numpy()), np.asarray(mask))


def _head(series: Any) -> bytes:
    return f"{series.dtype!r};{len(series)};".encode()


def encode_series(walk: Walk, value: Any) -> bytes:
    """Encode a polars series: name, dtype, values."""
    return walk.nest(b"Os", value, lambda w, v: w.encode(v.name) + _head(v) + column_content(w, v))


def _build_frame(walk: Walk, value: Any) -> bytes:
    columns = value.get_columns()
    digests = [walk.sink.digest(b"column:polars:" + _head(column) + column_content(walk, column)) for column in columns]
    if walk.depth == 1:
        walk.columns = tuple(
            Column(
                column.name, str(column.dtype), digest.hex(), {"missing": column.null_count()} if walk.profile else None
            )
            for column, digest in zip(columns, digests, strict=True)
        )
    return walk.encode([c.name for c in columns]) + walk.encode(value.height) + walk.sink.digest(b"".join(digests))


def encode_frame(walk: Walk, value: Any) -> bytes:
    """Encode a polars data frame: names, dtypes, values."""
    return walk.nest(b"Of", value, _build_frame)


def _encode_lazy(walk: Walk, _: Any) -> bytes:
    """A lazy frame is a plan: to read it would be to run it."""
    return walk.opaque_part()


def _measure(value: Any) -> tuple[tuple[int, ...], int]:
    return value.shape, int(value.estimated_size())


register("column", pl.Series, measure=_measure)(encode_series)
register("table", pl.DataFrame, measure=_measure)(encode_frame)
register("object", pl.LazyFrame)(_encode_lazy)
