"""Where the cells of a value come from: arrays, frames, sparse matrices, lists, each column by column."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from nbledger.capture.tracing.cell_hashes import missing_hash, mixed, number_hashes, object_hashes

if TYPE_CHECKING:
    from nbledger.capture.tracing.cell_hashes import Hashes

LIMIT = 20_000
MAX_COLUMNS = 64

_START = 200
_MAX_LIST = 100_000
_MAX_DENSE = 20_000_000
_SPARSE = 0.25
_FULLEST = 24

Found = tuple["Source", Sequence[str]]


class Source(Protocol):
    """Where cells come from: `shape` is rows and columns."""

    shape: tuple[int, int]

    def hashes(self, columns: Sequence[int], at: Any) -> Hashes:
        """Return the hashes of some columns, at all rows (`at` is `None`) or at some."""
        ...

    def whole(self, columns: Sequence[int]) -> list[bool]:
        """Tell which columns hold whole numbers or times."""
        ...

    def ordered(self, columns: Sequence[int]) -> list[bool]:
        """Tell which columns of numbers only rise or only fall."""
        ...


class _Block:
    """A two-dimensional array of numbers."""

    def __init__(self, values: Any) -> None:
        self.values = values
        self.shape = values.shape

    def hashes(self, columns: Sequence[int], at: Any) -> Hashes:
        values = self.values if at is None else self.values[at]
        if len(columns) < self.shape[1]:
            values = values[:, columns]
        return number_hashes(values.T)

    def whole(self, columns: Sequence[int]) -> list[bool]:
        import numpy as np

        start = self.values[:200][:, columns]
        if start.dtype.kind in "biu":
            return [True] * len(columns)
        return [bool(found) for found in ((np.rint(start) == start) | np.isnan(start)).all(axis=0)]

    def ordered(self, columns: Sequence[int]) -> list[bool]:
        return _are_ordered(self.values[:200][:, columns])


class _Columns:
    """Columns that may each be of another type."""

    def __init__(self, columns: Sequence[Any], count: int) -> None:
        self.columns = columns
        self.shape = (count, len(columns))

    def hashes(self, columns: Sequence[int], at: Any) -> Hashes:
        import numpy as np

        parts = [_hashes(self.columns[index], at) for index in columns]
        return np.vstack(parts) if parts else np.zeros((0, self.shape[0] if at is None else len(at)), np.uint64)

    def whole(self, columns: Sequence[int]) -> list[bool]:
        return [_is_whole(self.columns[index]) for index in columns]

    def ordered(self, columns: Sequence[int]) -> list[bool]:
        import numpy as np

        starts = [_plain(column.iloc[:200] if hasattr(column, "iloc") else column[:200]) for column in self.columns]
        numbers = [start.dtype.kind in "biuf" for start in starts]
        return [numbers[i] and _are_ordered(np.asarray(starts[i])[:, None])[0] for i in columns]


class Sparse:
    """A sparse matrix: its rows as the first column, then those of its columns that are fullest."""

    def __init__(self, value: Any) -> None:
        import numpy as np

        self.value = value.tocsr()
        full = np.bincount(self.value.indices, minlength=value.shape[1])
        self.fullest = np.argsort(-full, kind="stable")[:_FULLEST]
        self.shape = (value.shape[0], 1 + len(self.fullest))

    def hashes(self, columns: Sequence[int], at: Any) -> Hashes:
        """Return the hashes of some columns, the first of which is of whole rows."""
        import numpy as np

        rows = self.value if at is None else self.value[at]
        parts = number_hashes(rows.data) * (mixed(rows.indices.astype(np.uint64) + np.uint64(1)) | np.uint64(1))
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(parts, dtype=np.uint64)])
        whole = mixed(total[rows.indptr[1:]] - total[rows.indptr[:-1]])[None, :]
        if list(columns) == [0]:
            return whole
        dense = number_hashes(rows[:, self.fullest].toarray().T)
        return np.vstack([whole, dense])[list(columns)]

    def whole(self, columns: Sequence[int]) -> list[bool]:
        """Tell of no column that it holds whole numbers."""
        return [False] * len(columns)

    def ordered(self, columns: Sequence[int]) -> list[bool]:
        """Tell of no column that it only rises or falls."""
        return [False] * len(columns)


def source_of(value: Any) -> Found | None:
    """Return where the cells of a value come from, and its columns' names; `None` for what has no rows."""
    np = sys.modules.get("numpy")
    if np is None or value is None:
        return None
    module = type(value).__module__.partition(".")[0]
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if module == "pandas":
        return _of_pandas(value)
    if module == "scipy" and hasattr(value, "tocsr") and len(value.shape) == 2:
        return (Sparse(value), ()) if value.shape[0] else None
    if module == "polars" and hasattr(value, "to_numpy"):
        return _of_polars(value)
    if module == "torch" and hasattr(value, "detach"):
        return _of_array(value.detach().cpu().numpy())
    if isinstance(value, list | tuple) and 0 < len(value) <= _MAX_LIST:
        return _of_list(value)
    return None


def _of_array(value: Any) -> Found | None:
    if value.ndim == 0 or value.dtype.kind in "VM" or value.dtype.names or not len(value):
        return None
    flat = value.reshape(len(value), -1)
    if not flat.shape[1]:
        return None
    if value.dtype.kind in "biuf":
        return (_block(flat), ())
    return _Columns([flat[:, index] for index in range(flat.shape[1])], len(flat)), ()


def _block(values: Any) -> Source:
    """Return a wide array of mostly zeros as what it was made of: a sparse matrix, whose rows are looked at in full."""
    scipy = sys.modules.get("scipy.sparse")
    if scipy is not None and values.shape[1] > MAX_COLUMNS and values.size <= _MAX_DENSE:
        start = values[:2000:20]
        if (start != 0).mean() < _SPARSE:
            return Sparse(scipy.csr_matrix(values))
    return _Block(values)


def _of_list(value: Any) -> Found | None:
    import numpy as np

    if isinstance(value[0], str):
        held = np.empty(len(value), dtype=object)
        held[:] = value
        return _of_array(held)
    if not isinstance(value[0], int | float | list | tuple | np.number | np.ndarray):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return None
    return _of_array(array) if array.dtype.kind in "biuf" and array.ndim <= 3 else None


def _of_pandas(value: Any) -> Found | None:
    if not hasattr(value, "iloc") or not len(value):
        return _of_array(value.to_numpy()) if hasattr(value, "to_numpy") and getattr(value, "ndim", 0) == 1 else None
    if not hasattr(value, "columns"):
        name = value.name
        return _Columns([value], len(value)), ["" if name is None else str(name)]
    names = [str(name) for name in value.columns]
    if not names:
        return None
    if len(value) <= LIMIT and all(
        getattr(dtype, "kind", "O") in "biuf" and dtype.isbuiltin for dtype in _dtypes(value)
    ):
        import numpy as np

        block = _block(value.to_numpy(dtype=np.float64))
        return block, names if isinstance(block, _Block) else ()
    return _Columns([value.iloc[:, index] for index in range(len(names))], len(value)), names


def _dtypes(frame: Any) -> list[Any]:
    import numpy as np

    return [dtype if isinstance(dtype, np.dtype) else np.dtype(object) for dtype in frame.dtypes]


def _of_polars(value: Any) -> Found | None:
    columns = value.get_columns() if hasattr(value, "get_columns") else [value]
    if not columns or not len(value):
        return None
    return _Columns([column.to_numpy() for column in columns], len(value)), [str(c.name) for c in columns]


def _hashes(column: Any, at: Any) -> Any:
    """Return a column's hashes, of all rows or those at given positions."""
    import numpy as np

    if at is not None:
        column = column.iloc[at] if hasattr(column, "iloc") else column[at]
    codes = getattr(getattr(column, "cat", None), "codes", None)
    if codes is not None:
        known = np.append(_hashes(np.asarray(column.cat.categories), None), missing_hash())
        return known[codes.to_numpy()]
    values = _plain(column)
    return number_hashes(values) if values.dtype.kind in "biuf" else object_hashes(values)


def _plain(column: Any) -> Any:
    import numpy as np

    values = column if isinstance(column, np.ndarray) else np.asarray(column)
    if values.dtype.kind in "mM":
        return values.astype("int64")
    if values.dtype.kind == "c":
        return values.real
    if values.dtype.kind == "O" and type(column).__module__.startswith("pandas") and column.dtype != object:
        try:
            return values.astype(np.float64)  # a nullable number
        except (TypeError, ValueError):
            return values
    return values


def _are_ordered(values: Any) -> list[bool]:
    import numpy as np

    if len(values) < 2:
        return [True] * values.shape[1]
    steps = np.diff(values.astype(np.float64), axis=0)
    return [bool(found) for found in (steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)]


def _is_whole(column: Any) -> bool:
    import numpy as np

    start = column.iloc[:200] if hasattr(column, "iloc") else column[:200]
    kind = getattr(getattr(start, "dtype", None), "kind", "O")
    if kind in "biumM":
        return True
    if kind != "f":
        return False
    values = np.asarray(start, dtype=np.float64)
    return bool(np.all((np.rint(values) == values) | np.isnan(values)))
