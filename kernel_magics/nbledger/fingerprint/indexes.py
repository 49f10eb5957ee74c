"""pandas indexes by meaning.

A `RangeIndex` equals the `int64` index of the same numbers, a `MultiIndex` equals any other with the same tuples
(unused levels and the order of codes are not content). Dtypes and names count, `freq` does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .columns import column_digest, dtype_text
from .text import WINDOW
from .walk import Walk


def index_digest(walk: Walk, index: Any) -> bytes:
    """Return the digest of an index: its length, labels and names."""
    names = walk.encode(list(index.names))
    return walk.sink.digest(b"%b%d:%b" % (names, len(index), _labels(walk, index)))


def labels_digest(walk: Walk, index: Any) -> bytes:
    """Return the digest of the column labels of a table; there are few, and quickest as Python objects."""
    if isinstance(index, pd.RangeIndex) or len(index) > 1000:
        return index_digest(walk, index)
    if isinstance(index, pd.MultiIndex):
        dtype = b"multi"
    elif isinstance(index.dtype, pd.CategoricalDtype):
        return index_digest(walk, index)
    else:
        dtype = dtype_text(index.dtype)
    return walk.sink.digest(walk.encode(list(index.names)) + dtype + walk.encode(index.tolist()))


def _labels(walk: Walk, index: Any) -> bytes:
    if isinstance(index, pd.RangeIndex):
        return _range(index.start, index.step, len(index))
    if isinstance(index, pd.MultiIndex):
        return b"multi" + b"".join(_level(walk, index, number) for number in range(index.nlevels))
    values = index._values
    if isinstance(values, np.ndarray) and values.dtype == np.int64:
        steps = _as_range(values)
        if steps is not None:
            return _range(*steps, len(values))
    return column_digest(walk, values)


def _range(start: int, step: int, length: int) -> bytes:
    return b"range:%d:%d" % (start if length else 0, step if length > 1 else 0)


def _as_range(values: Any) -> tuple[int, int] | None:
    """Return (start, step) when the labels are an arithmetic sequence; most others fail within a window."""
    if len(values) < 2:
        return (int(values[0]), 0) if len(values) else (0, 0)
    start, step = int(values[0]), int(values[1]) - int(values[0])
    if int(values[-1]) != start + step * (len(values) - 1):
        return None
    for left in range(0, len(values) - 1, WINDOW):
        part = values[left : left + WINDOW + 1]
        if (part[1:] - part[:-1] != step).any():
            return None
    return start, step


def _level(walk: Walk, index: Any, number: int) -> bytes:
    """Windows of a level's labels as the rows have them, so that how the level is coded does not show."""
    level, codes = index.levels[number], np.asarray(index.codes[number])
    values = level._values
    digests = [dtype_text(level.dtype)]
    for start in range(0, len(codes), WINDOW):
        part = codes[start : start + WINDOW]
        missing = part < 0
        gone = bool(missing.any())
        if len(values) == 0:
            digests.append(walk.sink.digest(b"missing"))
            continue
        taken = values.take(np.where(missing, 0, part) if gone else part)
        if gone:
            digests.append(walk.sink.digest(missing.tobytes()))
            taken = taken[~missing]
        digests.append(column_digest(walk, taken))
    return walk.sink.digest(b"".join(digests))
