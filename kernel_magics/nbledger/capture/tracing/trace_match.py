"""How rows of one value are found in another: by index labels, by the content of rows, or by single telling columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from nbledger.capture.tracing.row_sources import LIMIT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nbledger.capture.tracing.trace import Seen

EXACT = 100_000
"""Parts of a larger whole are only found for some rows."""

_PROBES = 24
_COMPARED = 256
_TELLING_ROWS = 0.5


class ContentIndex(NamedTuple):
    """A value's rows sorted by their hash (first) and by each of its telling columns, with the order of each.

    `telling` says whether rows differ enough to be known by their content, `repeated` which share has an equal one.
    """

    hashes: list[Any]
    orders: list[Any]
    pool: Any
    telling: bool
    repeated: float


def by_labels(seen: Seen, other: Seen) -> bool:
    """Take the numbers of rows that have the same index label and equal values in another value."""
    import numpy as np

    if seen.labels is None or other.labels is None or len(other.labels) != other.cells.count:
        return False
    if not other.labels.is_unique or other.cells.sampled != seen.cells.sampled:
        return False
    try:
        at = other.labels.get_indexer(seen.labels)
    except (TypeError, ValueError):
        return False
    found = np.flatnonzero(at >= 0)
    if len(found) < max(2, len(at) // 20) or seen.cells.sampled:
        return False
    if (seen.ids[found] >= 0).all():  # nothing to take: whether they are the same rows is all that is asked
        return bool(_equal_columns(seen, other, found, at[found], most=1))
    pairs = _equal_columns(seen, other, found, at[found])
    if not pairs:
        return False
    _take(seen, other, found, at[found], pairs)
    return True


def by_content(seen: Seen, other: Seen) -> bool:
    """Take the numbers of rows whose content, or whose value in a telling column, is found in another value."""
    import numpy as np

    index = index_of(other)
    columns = [seen.cells.rows, *(seen.cells.hashed[key] for key in seen.cells.keys)]
    if not len(seen.cells.rows) or not len(index.pool):
        return False
    probes = np.concatenate([column[:: max(1, len(column) // _PROBES)] for column in columns])
    if not _among(probes, index.pool).any():
        return False
    accepted = False
    for first, values in enumerate(columns):
        for second, (hashes, order) in enumerate(zip(index.hashes, index.orders, strict=True)):
            whole_rows = first == 0 and second == 0 and seen.cells.width > 1
            if first == 0 and second == 0 and (not whole_rows or not index.telling):
                continue
            if not whole_rows and not _may_be_one(seen, first, other, second):
                continue
            at, found = _places(values, hashes, order)
            if found.sum() < (1 if whole_rows else max(3, len(values) // 2)):
                continue
            if whole_rows and found.mean() <= 1.5 * index.repeated:
                continue  # no more than rows of this kind are equal by nature
            rows = np.flatnonzero(found)
            pairs = _equal_columns(seen, other, rows, at[rows], exact=True)
            _take(seen, other, seen.cells.positions[rows], other.cells.positions[at[rows]], pairs)
            accepted = True
            if whole_rows and len(rows) == len(values):
                return True
    return accepted


def _may_be_one(seen: Seen, first: int, other: Seen, second: int) -> bool:
    """Tell whether two telling columns may be the same one: a lag has another's values too, but on other rows.

    `first` and `second` count the keys from 1; 0 stands for rows of one column. Columns that have names go by these,
    others by their place where the two values are of one width, and none is that of a target.
    """
    places = [0 if at == 0 else one.cells.keys[at - 1] for one, at in ((seen, first), (other, second))]
    names = seen.cells.names[places[0]], other.cells.names[places[1]]
    if all(names):
        return names[0] == names[1]
    if other.target:
        return False
    return places[0] == places[1] or seen.cells.width != other.cells.width


def index_of(seen: Seen) -> ContentIndex:
    """Return the sorted hashes of a value, made once."""
    if seen.index is None:
        import numpy as np

        columns = [seen.cells.rows, *(seen.cells.hashed[key] for key in seen.cells.keys)]
        orders = [np.argsort(column, kind="stable") for column in columns]
        hashes = [column[order] for column, order in zip(columns, orders, strict=True)]
        distinct = 1 + int((np.diff(hashes[0]) != 0).sum()) if len(hashes[0]) else 0
        pool = np.sort(np.concatenate(hashes))
        equal = np.diff(hashes[0]) == 0
        twice = np.concatenate([[False], equal]) | np.concatenate([equal, [False]])
        telling = distinct >= _TELLING_ROWS * len(hashes[0])
        seen.index = ContentIndex(hashes, orders, pool, telling, float(twice.mean()) if len(hashes[0]) else 0.0)
    return seen.index


def place_parts(whole: NDArray[np.uint64], parts: Sequence[NDArray[np.uint64]]) -> list[Any] | None:
    """Return where in the whole the rows of each part are; equal rows are each taken once. `None` if some are not.

    Of a large whole only rows with a small hash are looked for; the others are at -1.
    """
    import numpy as np

    if len(whole) > EXACT:
        bound = np.uint64(int(2**64 * (LIMIT / len(whole))))
        kept = np.flatnonzero(whole <= bound)
        picked = [np.flatnonzero(part <= bound) for part in parts]
        found = place_parts(whole[kept], [part[at] for part, at in zip(parts, picked, strict=True)])
        if found is None:
            return None
        places = [np.full(len(part), -1, np.int64) for part in parts]
        for place, at, one in zip(places, picked, found, strict=True):
            place[at] = kept[one]
        return places
    order = np.argsort(whole, kind="stable")
    at, found = _places(np.concatenate(list(parts)), whole[order], order)
    if not found.all():
        return None
    return [at[: len(parts[0])], at[len(parts[0]) :]]


def _places(values: Any, hashes: Any, order: Any) -> tuple[Any, Any]:
    """Return for each value its place in another value, and whether it has one; of equal ones each goes to another."""
    import numpy as np

    left = np.searchsorted(hashes, values, side="left")
    count = np.searchsorted(hashes, values, side="right") - left
    found = count > 0
    own = np.argsort(values, kind="stable")
    ordered = values[own]
    starts = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(own) else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(starts, np.arange(len(own)), 0))
    rank = np.empty(len(own), np.int64)
    rank[own] = np.arange(len(own)) - first
    places = np.minimum(left + rank % np.maximum(count, 1), max(len(order) - 1, 0))
    return order[places], found


def _among(values: Any, ordered: Any) -> Any:
    import numpy as np

    return ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values


def _equal_columns(
    seen: Seen, other: Seen, rows: Any, at: Any, *, exact: bool = False, most: int | None = None
) -> dict[int, int]:
    """Return which columns are equal at rows that are held to be the same; `exact` takes those of few values too."""
    import numpy as np

    if not len(rows):
        return {}
    few = np.unique(np.linspace(0, len(rows) - 1, min(_COMPARED, len(rows))).astype(np.int64))
    ours, theirs = seen.cells.hashed[:, rows[few]], other.cells.hashed[:, at[few]]
    pairs: dict[int, int] = {}
    for column, values in enumerate(ours):
        same = np.count_nonzero(theirs == values, axis=1)
        best = int(same.argmax())
        if same[best] / len(few) < 0.99:
            continue
        if exact or (not seen.cells.ordered[column] and len(set(values.tolist())) >= 3):
            pairs[column] = best
            if len(pairs) == most:
                break
    return pairs


def _take(seen: Seen, other: Seen, rows: Any, at: Any, pairs: dict[int, int]) -> None:
    unknown = seen.ids[rows] < 0
    if unknown.any():
        seen.ids[rows[unknown]] = other.ids[at[unknown]]
        for column, place in pairs.items():
            seen.through[column] = seen.through[column] | other.through[place]
