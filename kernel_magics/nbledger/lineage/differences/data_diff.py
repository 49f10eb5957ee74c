"""What differs between two versions of data: columns, dtypes, rows, values, distributions.

The recorded columns, each with its own hash and light profile, tell which ones changed without the data. Where the
contents of both versions can be had, rows are compared as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbledger.fingerprint import fingerprint
from nbledger.lineage.differences import shift
from nbledger.lineage.differences.contents import Contents
from nbledger.lineage.differences.rows_diff import RowsDiff, diff_rows
from nbledger.lineage.differences.shift import Shift
from nbledger.records import Column, Version
from nbledger.tables import many

Change = Literal["same", "changed", "added", "removed"]
_MOST_COLUMNS = 200
_SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """A column that both tables have and whose content differs.

    `cells` is how many values differ in the rows that both have, `None` where that is not known.
    """

    name: str
    dtype_a: str
    dtype_b: str
    cells: int | None = None
    shift: Shift | None = None


@dataclass(frozen=True, slots=True)
class TableDiff:
    """How two tables differ. `columns` are those that both have and whose content differs."""

    rows_a: int
    rows_b: int
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns: tuple[ColumnDiff, ...] = ()
    reordered: bool = False
    rows: RowsDiff | None = None

    @property
    def changed(self) -> tuple[ColumnDiff, ...]:
        """The columns that changed in themselves, not only because rows came or went."""
        if self.rows is None and self.rows_a != self.rows_b:
            return tuple(column for column in self.columns if column.dtype_a != column.dtype_b)
        return tuple(column for column in self.columns if column.cells != 0 or column.dtype_a != column.dtype_b)


@dataclass(frozen=True, slots=True)
class ArrayDiff:
    """How two arrays differ. `changed` is how many values differ, of `size`, the largest by `most`."""

    shape_a: tuple[int, ...] | None
    shape_b: tuple[int, ...] | None
    dtype_a: str = ""
    dtype_b: str = ""
    changed: int | None = None
    size: int | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class DataDiff:
    """A piece of data in both runs, paired by its role and name; `name_a` is set when it had another name in the first.

    `is_input`: no recorded run made it, it came from outside. `note` says what could not be compared, and why.
    """

    name: str
    role: str
    change: Change
    direction: Literal["used", "generated"] = "used"
    is_input: bool = False
    kind: str = ""
    hash_a: str | None = None
    hash_b: str | None = None
    exact: bool = True
    table: TableDiff | None = None
    array: ArrayDiff | None = None
    name_a: str | None = None
    note: str = ""

    @property
    def summary(self) -> str:
        """In a few words, what changed of it."""
        if self.change != "changed":
            return self.change
        words = _table_words(self.table) if self.table else _array_words(self.array)
        return ", ".join(words) or ("content" if self.kind == "file" else "values")


def diff_versions(
    a: Version, b: Version, contents: Contents, *, names: tuple[str, str]
) -> tuple[TableDiff | None, ArrayDiff | None, str]:
    """Return how two versions differ: as tables or as arrays, and a note of what could not be compared."""
    found_a, found_b = contents.of(a, names[0]), contents.of(b, names[1])
    values = found_a.value, found_b.value
    notes = []
    if _SAMPLED in (a.exactness, b.exactness):
        notes.append("hashed from a sample of its rows")
    if any(value is None for value in values):
        missing = [side for side, found in (("first", found_a), ("second", found_b)) if found.value is None]
        which = "" if len(missing) == 2 else f"the {missing[0]} one: "
        notes.append("values not compared: " + which + (found_a if found_a.value is None else found_b).why_not)
    tabular = all(version.kind in ("table", "column", "file") for version in (a, b))
    one, two = (as_frame(value) if tabular and value is not None else None for value in values)
    if one is not None and two is not None:
        return _diff_frames(one, two, (a.schema, b.schema)), None, "; ".join(notes)
    if a.kind == b.kind == "table":
        return _diff_schemas(a, b), None, "; ".join(notes)
    if a.kind in ("array", "column", "sparse", "tensor"):
        return None, _diff_arrays(a, b, *values), "; ".join(notes)
    return None, None, "; ".join(notes)


def as_frame(value: Any) -> Any:
    """Return a table or column of pandas, Arrow or Polars as a pandas frame, `None` for all else."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        return value.to_frame("value" if value.name is None else value.name)
    if type(value).__module__.partition(".")[0] in ("pyarrow", "polars") and hasattr(value, "to_pandas"):
        return as_frame(value.to_pandas())
    return None


def _diff_frames(a: Any, b: Any, schemas: tuple[Sequence[Column], Sequence[Column]]) -> TableDiff:
    mine = schemas[0] or fingerprint(a).schema
    other = schemas[1] or fingerprint(b).schema
    rows = diff_rows(a, b)
    base = _columns(mine, other)
    by_name_a = {str(name): name for name in a.columns}
    by_name_b = {str(name): name for name in b.columns}
    columns = []
    for place, (name, one, two) in enumerate(base.pop("both")):
        cells = None if rows.changed is None else rows.cells.get(name, 0)
        if one.hash == two.hash:
            continue
        moved = None
        compared = place < _MOST_COLUMNS and a.columns.is_unique and rows.by != f"column {name}"
        if compared and name in by_name_a and name in by_name_b:
            moved = _shift(a[by_name_a[name]], b[by_name_b[name]], one, two)
        columns.append(ColumnDiff(name, one.dtype, two.dtype, cells, moved))
    return TableDiff(len(a), len(b), columns=tuple(columns), rows=rows if rows.any else None, **base)


def _shift(a: Any, b: Any, one: Column, two: Column) -> Shift | None:
    try:
        return shift.of_values(a, b, one.profile, two.profile)
    except Exception:  # noqa: BLE001  (values of any kind may refuse to be counted; the profiles still speak)
        return shift.of_profiles(one.profile, two.profile)


def _diff_schemas(a: Version, b: Version) -> TableDiff:
    base = _columns(a.schema, b.schema)
    rows = [version.shape[0] if version.shape else 0 for version in (a, b)]
    columns = tuple(
        ColumnDiff(name, one.dtype, two.dtype, None, shift.of_profiles(one.profile, two.profile))
        for name, one, two in base.pop("both")
        if one.hash != two.hash
    )
    return TableDiff(rows[0], rows[1], columns=columns, **base)


def _columns(a: Sequence[Column], b: Sequence[Column]) -> dict[str, Any]:
    """Pair columns by name (and by order among those of one name)."""
    mine, other = _numbered(a), _numbered(b)
    both = [name for name in other if name in mine]
    order = [name for name in mine if name in other]
    return {
        "columns_added": tuple(name for name in other if name not in mine),
        "columns_removed": tuple(name for name in mine if name not in other),
        "reordered": order != both,
        "both": [(name, mine[name], other[name]) for name in both],
    }


def _numbered(columns: Sequence[Column]) -> dict[str, Column]:
    seen: Counter[str] = Counter()
    found = {}
    for column in columns:
        seen[column.name] += 1
        count = seen[column.name]
        found[column.name if count == 1 else f"{column.name} ({count})"] = column
    return found


def _diff_arrays(a: Version, b: Version, mine: Any, other: Any) -> ArrayDiff:
    import numpy as np

    plain = ArrayDiff(a.shape, b.shape)
    if not isinstance(mine, np.ndarray) or not isinstance(other, np.ndarray):
        return plain
    dtypes = str(mine.dtype), str(other.dtype)
    if mine.shape != other.shape:
        return ArrayDiff(mine.shape, other.shape, *dtypes)
    numeric = mine.dtype.kind in "fiubc" and other.dtype.kind in "fiubc"
    unequal = mine != other
    if numeric:
        unequal &= ~(np.isnan(mine) & np.isnan(other))
    most = None
    if numeric and unequal.any() and "c" not in (mine.dtype.kind, other.dtype.kind):
        gaps = np.abs(mine[unequal].astype(float) - other[unequal].astype(float))
        most = float(np.nanmax(gaps)) if not np.isnan(gaps).all() else None
    return ArrayDiff(mine.shape, other.shape, *dtypes, int(unequal.sum()), int(mine.size), most)


def _table_words(table: TableDiff) -> list[str]:
    words = []
    if table.columns_added:
        words.append(f"{many(len(table.columns_added), 'column')} added")
    if table.columns_removed:
        words.append(f"{many(len(table.columns_removed), 'column')} removed")
    if table.changed:
        words.append(many(len(table.changed), "column"))
    rows = table.rows
    if rows is not None and rows.added:
        words.append(f"{many(rows.added, 'row')} added")
    if rows is not None and rows.removed:
        words.append(f"{many(rows.removed, 'row')} removed")
    if rows is None and table.rows_a != table.rows_b:
        words.append(f"rows {table.rows_a} -> {table.rows_b}")
    if not words:
        words.append("order of columns" if table.reordered else "index or names, no column")
    return words


def _array_words(array: ArrayDiff | None) -> list[str]:
    if array is None:
        return []
    words = []
    if array.shape_a != array.shape_b:
        words.append(f"shape {shape_text(array.shape_a)} -> {shape_text(array.shape_b)}")
    if array.dtype_a != array.dtype_b:
        words.append(f"dtype {array.dtype_a} -> {array.dtype_b}")
    if array.changed is not None and array.size:
        words.append(f"{array.changed / array.size:.3g} of its values" if array.changed else "no value")
    return words


def shape_text(shape: tuple[int, ...] | None) -> str:
    """Return a shape as text: `3 x 2`."""
    return " x ".join(map(str, shape)) if shape else "unknown"


__all__ = ["ArrayDiff", "ColumnDiff", "DataDiff", "TableDiff", "as_frame", "diff_versions", "shape_text"]
