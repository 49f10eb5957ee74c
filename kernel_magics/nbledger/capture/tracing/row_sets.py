"""A set of rows in little space: the smallest hashes of its rows, by which two sets are compared.

Up to `KEPT` rows nothing is left out. Of more, those with the smallest hashes stand for all: two sets keep the same
rows where they have them in common, so that the share of one that lies in the other is found to about two percent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blake3 import blake3

from nbledger.capture.tracing.cell_hashes import mixed, row_hashes
from nbledger.records import RowSet

if TYPE_CHECKING:
    from nbledger.capture.tracing.trace import Seen

KEPT = 2048


def rows_of(seen: Seen) -> RowSet | None:
    """Return the set of a value's rows by their numbers, wherever they came from."""
    import numpy as np

    known = seen.ids[seen.ids >= 0]
    return row_set(mixed(known.astype(np.uint64) + np.uint64(1)), len(seen.ids)) if len(known) else None


def content_of(seen: Seen) -> RowSet | None:
    """Return the set of a value's rows by their content as it is now."""
    if not len(seen.cells.rows):
        return None
    return row_set(seen.cells.rows, seen.cells.count, rich=_is_rich(seen))


def row_set(hashes: Any, count: int, *, rich: bool = False) -> RowSet:
    """Return the set of rows with these hashes; `count` is how many there are in all."""
    import numpy as np

    ordered = np.sort(hashes)  # np.unique takes three times as long on few rows
    fresh = ordered[1:] != ordered[:-1]
    if fresh.all():
        values, repeated = ordered, 0
    else:
        starts = np.flatnonzero(np.concatenate([[True], fresh]))
        repeats = np.diff(starts, append=len(ordered))
        values, repeated = ordered[starts], int(repeats[repeats > 1].sum())
    kept = values[:KEPT].astype("<u8")
    whole = len(kept) == len(values) and len(hashes) == count
    text = b"%d %d %d %d " % (count, len(values), repeated, rich) + kept.tobytes()
    return RowSet(
        blake3(text).hexdigest(length=16), count, len(values), repeated, kept.tobytes(), rich=rich, sampled=not whole
    )


def _is_rich(seen: Seen) -> bool:
    """Tell whether rows hold so much that equal ones are one row twice: a column, or two, nearly as fine as they."""
    import numpy as np

    if seen.cells.width < 2 or len(seen.cells.rows) < 30:
        return False
    distinct = len(np.unique(seen.cells.rows))
    fine = [seen.cells.hashed[index] for index in seen.cells.fractional]
    if distinct < 20 or not fine:
        return False
    top = len(np.unique(fine[0]))
    if len(fine) < 2 or seen.cells.width == 2:
        return top >= 0.95 * distinct  # one fine column: of coarse ones, equal rows are no wonder
    if top >= 0.8 * distinct:
        return True
    pairs = len(np.unique(row_hashes(np.vstack(fine))))
    return top >= 0.4 * distinct and pairs >= 0.97 * distinct
