"""Rows added, removed and changed between two tables, cell by cell where rows can be told apart.

Rows are paired by the index where it names them, else by a column of keys, else by position when both tables are
equally long; where none of these fits, rows are counted as wholes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_EXAMPLES = 3
_MOST_CELLS = 8
_KEY_OVERLAP, _UNNAMED_KEY_OVERLAP = 0.5, 0.9
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class RowsDiff:
    """Rows that differ. `by` says how they were paired: `index`, `column NAME`, `position` or `whole rows`.

    `added`, `removed` and `changed` are counts (`changed` is `None` when rows were counted as wholes); `cells` counts
    the changed values of each column. The examples are a few rows: label and values by column, for a changed row a pair
    of old and new by column.
    """

    by: str
    added: int
    removed: int
    changed: int | None
    cells: dict[str, int] = field(default_factory=dict)
    examples_added: tuple[dict[str, Any], ...] = ()
    examples_removed: tuple[dict[str, Any], ...] = ()
    examples_changed: tuple[dict[str, Any], ...] = ()

    @property
    def any(self) -> bool:
        """Whether any row differs."""
        return bool(self.added or self.removed or self.changed)


def diff_rows(a: Any, b: Any) -> RowsDiff:
    """Return how the rows of two pandas frames differ, over the columns that both have."""
    shared = [name for name in a.columns if name in set(b.columns)]
    by = _paired_by(a, b, shared)
    if by is None:
        return _whole_rows(a, b, shared)
    if by.startswith("column "):
        key = next(name for name in shared if f"column {name}" == by)
        return _by_index(a.set_index(key), b.set_index(key), [name for name in shared if name != key], by)
    found = _by_index(a, b, shared, by)
    if by == "position" and len(a) and (found.changed or 0) > _MOSTLY * len(a):
        whole = _whole_rows(a, b, shared)
        return whole if whole.added + whole.removed < (found.changed or 0) else found
    return found


def _paired_by(a: Any, b: Any, shared: Sequence[Any]) -> str | None:
    import pandas as pd

    ranges = isinstance(a.index, pd.RangeIndex) and isinstance(b.index, pd.RangeIndex)
    if not a.columns.is_unique or not b.columns.is_unique:
        return None
    if not ranges and a.index.is_unique and b.index.is_unique and a.index.nlevels == b.index.nlevels:
        return "index" if _overlap(a.index, b.index) else None
    keys = [name for name in shared if _is_key(a[name]) and _is_key(b[name])]
    keys.sort(key=lambda name: not _sounds_like_key(str(name)))
    for name in keys if len(shared) > 1 else ():
        least = _KEY_OVERLAP if _sounds_like_key(str(name)) else _UNNAMED_KEY_OVERLAP
        if _overlap(pd.Index(a[name]), pd.Index(b[name]), least):
            return f"column {name}"
    return "position" if ranges and len(a) == len(b) and a.index.equals(b.index) else None


def _is_key(column: Any) -> bool:
    import pandas as pd

    kind = pd.api.types
    if not (kind.is_integer_dtype(column.dtype) or kind.is_string_dtype(column.dtype)):
        return False
    try:
        return len(column) > 1 and bool(column.is_unique) and not bool(column.isna().any())
    except TypeError:
        return False


def _sounds_like_key(name: str) -> bool:
    words = name.lower().replace("-", "_").split("_")
    return bool({"id", "key", "uuid", "index", "no", "number"} & set(words)) or name.lower().endswith("id")


def _overlap(a: Any, b: Any, least: float = _KEY_OVERLAP) -> bool:
    """Tell whether most labels of the shorter side are on the other one too: these name the same things."""
    try:
        return int(a.isin(b).sum()) >= least * max(min(len(a), len(b)), 1)
    except TypeError:
        return False


def _by_index(a: Any, b: Any, shared: Sequence[Any], by: str) -> RowsDiff:
    in_b, in_a = a.index.isin(b.index), b.index.isin(a.index)
    mine = a.loc[in_b, list(shared)]
    other = b.loc[in_a, list(shared)].reindex(mine.index)
    unequal = {name: _unequal(mine[name], other[name]) for name in shared}
    changed = sum(unequal.values()) > 0 if unequal else None
    places = changed.nonzero()[0] if changed is not None else []
    return RowsDiff(
        by=by,
        added=int((~in_a).sum()),
        removed=int((~in_b).sum()),
        changed=len(places),
        cells={str(name): int(mask.sum()) for name, mask in unequal.items() if mask.any()},
        examples_added=_examples(b[~in_a]),
        examples_removed=_examples(a[~in_b]),
        examples_changed=tuple(_pair(mine, other, unequal, place) for place in places[:MOST_EXAMPLES]),
    )


def _unequal(a: Any, b: Any) -> Any:
    """Return which values of two columns of the same labels differ; two missing values are equal."""
    import numpy as np

    missing_a, missing_b = a.isna().to_numpy(), b.isna().to_numpy()
    try:
        same = np.asarray(_bare(a) == _bare(b)).astype(bool)
    except Exception:  # noqa: BLE001  (values of any kind may refuse to be compared)
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        same = np.fromiter((repr(one) == repr(other) for one, other in pairs), bool, len(a))
    return ~((same & ~missing_a & ~missing_b) | (missing_a & missing_b))


def _bare(column: Any) -> Any:
    """Return values without a dtype that compares with its own kind only (categories), and without missing ones."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype | pd.ArrowDtype | pd.SparseDtype):
        return column.to_numpy(dtype=object, na_value=None) if _takes_na(column) else column.astype(object).to_numpy()
    if isinstance(column.dtype, pd.api.extensions.ExtensionDtype) and hasattr(column.array, "_mask"):
        return column.to_numpy(dtype=object, na_value=None)
    return column.to_numpy()


def _takes_na(column: Any) -> bool:
    import pandas as pd

    return isinstance(column.dtype, pd.StringDtype | pd.ArrowDtype)


def _whole_rows(a: Any, b: Any, shared: Sequence[Any]) -> RowsDiff:
    """Count equal rows over the shared columns, wherever they stand."""
    import numpy as np
    import pandas as pd

    if not a.columns.is_unique or not b.columns.is_unique:
        shared = range(min(a.shape[1], b.shape[1]))
        a, b = a.set_axis(range(a.shape[1]), axis=1), b.set_axis(range(b.shape[1]), axis=1)
    hashes_a, hashes_b = map(_row_hashes, _alike(a[list(shared)], b[list(shared)]))
    extra_a = pd.Series(hashes_a).groupby(hashes_a).cumcount().to_numpy()
    extra_b = pd.Series(hashes_b).groupby(hashes_b).cumcount().to_numpy()
    counts_a, counts_b = (pd.Series(hashes).value_counts() for hashes in (hashes_a, hashes_b))
    lone_a = extra_a >= np.asarray(counts_b.reindex(hashes_a).fillna(0))
    lone_b = extra_b >= np.asarray(counts_a.reindex(hashes_b).fillna(0))
    return RowsDiff(
        by="whole rows",
        added=int(lone_b.sum()),
        removed=int(lone_a.sum()),
        changed=None,
        examples_added=_examples(b[lone_b]),
        examples_removed=_examples(a[lone_a]),
    )


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two frames whose columns have the dtypes of each other, so that equal values are equal."""
    import pandas as pd

    a, b = a.copy(deep=False), b.copy(deep=False)
    for name in a.columns:
        one, two = a[name], b[name]
        if one.dtype == two.dtype and one.dtype != object:
            continue
        if all(pd.api.types.is_numeric_dtype(x.dtype) for x in (one, two)):
            a[name], b[name] = one.astype("float64"), two.astype("float64")
        else:
            a[name], b[name] = one.map(repr), two.map(repr)
    return a, b


def _row_hashes(frame: Any) -> Any:
    import pandas as pd

    return pd.util.hash_pandas_object(frame, index=False).to_numpy()


def _examples(rows: Any) -> tuple[dict[str, Any], ...]:
    head = rows.iloc[:MOST_EXAMPLES, :_MOST_CELLS]
    return tuple(
        {
            "row": _plain(label),
            "values": {str(name): _plain(head.iloc[place, i]) for i, name in enumerate(head.columns)},
        }
        for place, label in enumerate(head.index)
    )


def _pair(a: Any, b: Any, unequal: dict[Any, Any], place: int) -> dict[str, Any]:
    names = [name for name, mask in unequal.items() if mask[place]][:_MOST_CELLS]
    values = {str(name): [_plain(a[name].iloc[place]), _plain(b[name].iloc[place])] for name in names}
    return {"row": _plain(a.index[place]), "values": values}


def _plain(value: Any) -> Any:
    """Return a value as JSON and a reader know it."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


__all__ = ["RowsDiff", "diff_rows"]
