"""Columns beside the rows that a call worked on, as ranks: so that groups and times can be asked about later.

The column of a patient or of a date is rarely among the features; it stands in the frame that these were taken from.
Such a frame is known by its rows: the same index labels, and a column in common. Only ranks are kept, no values.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbledger.capture.tracing.cell_hashes import mixed
from nbledger.capture.tracing.row_sets import KEPT
from nbledger.capture.tracing.rows import cells_of
from nbledger.records import RowColumn

if TYPE_CHECKING:
    from nbledger.capture.tracing.trace import Seen

_MAX_COLUMNS = 40
_MAX_ROWS = 200_000


def columns_beside(seen: Seen, names: Mapping[str, Any]) -> Iterator[RowColumn]:
    """Yield the columns of the value itself and of frames in the namespace that have the same rows."""
    import numpy as np

    pandas = sys.modules.get("pandas")
    if pandas is None or seen.labels is None or seen.cells.count > _MAX_ROWS or (seen.ids < 0).any():
        return
    rows = seen.row_sets[0]
    if rows is None:
        return
    hashes, first = np.unique(mixed(seen.ids.astype(np.uint64) + np.uint64(1)), return_index=True)
    picked = first[: min(KEPT, len(hashes))]
    done: set[str] = set()
    index = seen.labels
    if type(index).__name__ != "RangeIndex":
        yield from _ranks(rows.hash, str(index.name or "index"), index, picked, done)
    for value in [seen.ref(), *names.values()]:
        if isinstance(value, pandas.DataFrame) and (value is seen.ref() or _has_rows(value, seen)):
            for position, name in enumerate(value.columns[:_MAX_COLUMNS]):
                yield from _ranks(rows.hash, str(name), value.iloc[:, position], picked, done)


def different(wholes: Sequence[Seen]) -> list[Seen]:
    """Return these values without those that have the same rows, labels and columns as one before, cell for cell."""
    found: list[Seen] = []
    for seen in wholes:
        if not any(_is_same(one, seen) for one in found):
            found.append(seen)
    return found


def _is_same(one: Seen, other: Seen) -> bool:
    """Tell whether nothing can be said of the second of two values that the first does not say."""
    import numpy as np

    cells, others = one.cells, other.cells
    if cells.names != others.names or cells.width != others.width or len(cells.names) < cells.width or cells.sampled:
        return False
    if one.labels is None or other.labels is None or not one.labels.equals(other.labels):
        return False
    if one.ref() is None and other.ref() is not None:
        return False
    return np.array_equal(one.ids, other.ids) and np.array_equal(cells.hashed, others.hashed)


def wider(seen: Seen, names: Mapping[str, Any]) -> Iterator[Any]:
    """Yield frames of the namespace that a value's rows were picked out of: they have its labels, and more rows."""
    pandas = sys.modules.get("pandas")
    if pandas is None or seen.labels is None or seen.cells.count > _MAX_ROWS:
        return
    for value in list(names.values()):
        if not isinstance(value, pandas.DataFrame) or not seen.cells.count < len(value) <= _MAX_ROWS:
            continue
        if value.index.is_unique and seen.labels.isin(value.index).all():
            shared = _shared(value, seen)
            if shared and _has_rows(value[shared].loc[seen.labels], seen):
                yield value


def _has_rows(frame: Any, seen: Seen) -> bool:
    """Tell whether a frame has the rows of a value, in order: its labels, and (as a counter is no proof) a column."""
    if len(frame) != seen.cells.count or not frame.index.equals(seen.labels):
        return False
    shared = _shared(frame, seen)
    if not shared:
        return False
    cells = cells_of(frame[shared])
    marks = set(seen.cells.marks) - {0}
    return cells is not None and bool(marks & set(cells.marks))


def _shared(frame: Any, seen: Seen) -> list[Any]:
    return [name for name in frame.columns if str(name) in seen.cells.names and str(name)]


def _ranks(rows: str, name: str, column: Any, picked: Any, done: set[str]) -> Iterator[RowColumn]:
    import numpy as np

    if name in done or getattr(column, "nlevels", 1) > 1:
        return
    kind = getattr(getattr(column, "dtype", None), "kind", "O")
    if kind == "f" and name not in done:
        values = np.asarray(column)[picked]
        if not (np.rint(values) == values).all():
            return  # a measurement: neither a group nor a time that one would name
    done.add(name)
    values = np.asarray(column)[picked]
    if values.dtype.kind == "O":
        values = np.array([str(value) for value in values])
    _, ranks = np.unique(values, return_inverse=True)
    yield RowColumn(rows, name, ranks.reshape(-1).astype("<u4").tobytes())
