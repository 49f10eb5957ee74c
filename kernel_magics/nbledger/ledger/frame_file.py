"""Frames, series and indexes as Parquet files that give back exactly what was written.

Parquet knows fewer types than pandas does. Each column is therefore taken apart into columns that Parquet holds (a
categorical into its codes, an interval into its ends, a period into its ordinals), and a note in the file's metadata
says how to put it together again. Plain columns stay plain, under their own names, so that any other tool reads them.
Whether what comes back is equal is for the caller to check, by fingerprint.
"""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import exact_json

NOTE = b"nbledger"
_PANDAS_CLASSES = ("DataFrame", "Series", "Index")


class NotTabular(NBLedgerError):
    """A table that this Parquet layout cannot hold. Field: detail."""

    template = "This table does not fit into Parquet: {detail}."


def dumps(value: Any) -> bytes:
    """Return a frame, a series, an index, a polars frame or an Arrow table as a Parquet file. Raises `NotTabular`."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return _written(value, {"kind": "arrow"})
    if type(value).__module__.partition(".")[0] == "polars" and hasattr(value, "to_arrow"):
        if not hasattr(value, "columns"):
            return _written(pa.table({"value": value.to_arrow()}), {"kind": "polars series", "name": value.name})
        return _written(value.to_arrow(), {"kind": "polars"})
    writer = _Writer()
    note: dict[str, Any]
    if type(value) is pd.DataFrame:
        names = _column_names(value)
        parts = [writer.add(name, value.iloc[:, place].array) for place, name in enumerate(names)]
        note = {"kind": "DataFrame", "columns": parts, "labels": _index_text(value.columns)}
        note["index"] = writer.index(value.index)
    elif type(value) is pd.Series:
        note = {"kind": "Series", "columns": [writer.add("value", value.array)], "index": writer.index(value.index)}
        note["name"] = exact_json.dumps(value.name).decode()
    elif isinstance(value, pd.Index):
        note = {"kind": "Index", "index": writer.index(value)}
    else:
        raise NotTabular(detail=f"{type(value).__qualname__} is no frame that it knows")
    note["rows"] = len(value)
    return _written(pa.table(writer.columns), note)


def loads(data: bytes) -> Any:
    """Return what `dumps` wrote; a Parquet file of others comes back as pandas reads it."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(io.BytesIO(data)).read()
    text = (table.schema.metadata or {}).get(NOTE)
    if text is None:
        return table.to_pandas()
    note = json.loads(text)
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(note["schema"])))
    if not table.schema.equals(schema):
        table = table.cast(schema.with_metadata(table.schema.metadata))
    kind = note["kind"]
    if kind not in _PANDAS_CLASSES:
        return _foreign(table, note)
    reader = _Reader(table, note["rows"])
    index = reader.index(note["index"])
    if kind == "Index":
        return index
    arrays = [reader.array(part) for part in note["columns"]]
    if kind == "Series":
        return pd.Series(arrays[0], index, arrays[0].dtype, exact_json.loads(note["name"]), copy=False)
    columns = {place: pd.Series(array, index, array.dtype, copy=False) for place, array in enumerate(arrays)}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = loads(base64.b64decode(note["labels"]))
    return frame


def _foreign(table: Any, note: dict[str, Any]) -> Any:
    if note["kind"] == "arrow":
        kept = {key: item for key, item in (table.schema.metadata or {}).items() if key != NOTE}
        return table.replace_schema_metadata(kept or None)
    import polars as pl

    frame: Any = pl.from_arrow(table.replace_schema_metadata(None))
    return frame.to_series().rename(note["name"]) if note["kind"] == "polars series" else frame


def _written(table: Any, note: dict[str, Any]) -> bytes:
    import pyarrow.parquet as pq

    bare = table.schema.remove_metadata()
    note["schema"] = base64.b64encode(bare.serialize().to_pybytes()).decode()  # Parquet has no seconds, for one
    metadata = {**(table.schema.metadata or {}), NOTE: json.dumps(note).encode()}
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), out, compression="zstd", use_compliant_nested_type=False)
    return out.getvalue()


def _column_names(frame: Any) -> list[str]:
    """Return a name in the file for each column: its own label where that is a text of its own."""
    labels = frame.columns.tolist()
    counts = Counter(label for label in labels if type(label) is str)
    return [
        label if type(label) is str and counts[label] == 1 else f"column {place}" for place, label in enumerate(labels)
    ]


def _index_text(index: Any) -> str:
    """Return an index as a small Parquet file in text: column labels, or the categories of a column."""
    return base64.b64encode(dumps(index)).decode()


class _Writer:
    """Takes arrays apart into Arrow columns; each `add` returns the note that puts one together again."""

    def __init__(self) -> None:
        self.columns: dict[str, Any] = {}

    def index(self, index: Any) -> dict[str, Any]:
        import pandas as pd

        names = exact_json.dumps(list(index.names)).decode()
        if isinstance(index, pd.RangeIndex):
            return {"range": [index.start, index.stop, index.step], "names": names}
        if isinstance(index, pd.MultiIndex):
            coded = [
                self._keep(f"index {place}", codes) | {"level": _index_text(level.rename(None))}
                for place, (level, codes) in enumerate(zip(index.levels, index.codes, strict=True))
            ]
            return {"levels": coded, "names": names}
        note = {"values": self.add("index", index.array), "names": names}
        if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) and index.freq is not None:
            note["freq"] = index.freq.freqstr
        return note

    def add(self, name: str, array: Any) -> dict[str, Any]:
        import pandas as pd

        if type(array) is pd.arrays.NumpyExtensionArray:
            return self._plain(name, array.to_numpy())
        dtype = array.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            inner = self._keep(name, array.codes)
            return inner | {"as": "category", "categories": _index_text(dtype.categories), "ordered": dtype.ordered}
        if isinstance(dtype, pd.IntervalDtype):
            ends = [self.add(f"{name} ({end})", getattr(array, end).array) for end in ("left", "right")]
            return {"as": "interval", "ends": ends, "closed": dtype.closed}
        if isinstance(dtype, pd.PeriodDtype):
            return self._keep(name, array.asi8) | {"as": "period", "dtype": str(dtype)}
        if isinstance(dtype, pd.SparseDtype):
            inner = self.add(name, pd.Series(array.to_dense()).array)
            fill = array.fill_value
            typed = hasattr(fill, "item")
            text = exact_json.dumps(fill.item() if typed else fill).decode()
            return {"as": "sparse", "values": inner, "fill": text, "typed": typed}
        return self._natural(name, array)

    def _natural(self, name: str, array: Any) -> dict[str, Any]:
        import pandas as pd
        import pyarrow as pa

        dtype = array.dtype
        if isinstance(dtype, pd.StringDtype):
            missing_is_nan = dtype.na_value is not pd.NA
            column = pa.array(array, type=pa.large_string(), from_pandas=True)
            return self._keep(name, column) | {"as": "string", "storage": dtype.storage, "nan": missing_is_nan}
        if isinstance(dtype, pd.ArrowDtype):
            return self._keep(name, array.__arrow_array__()) | {"as": "arrow"}
        if isinstance(array, pd.arrays.DatetimeArray | pd.arrays.TimedeltaArray) and not hasattr(dtype, "tz"):
            return self._plain(name, array.to_numpy())
        if not hasattr(dtype, "__from_arrow__"):
            raise NotTabular(detail=f"dtype {dtype} has no form in Arrow")
        return self._keep(name, pa.array(array)) | {"as": "dtype", "dtype": str(dtype)}

    def _plain(self, name: str, values: Any) -> dict[str, Any]:
        if values.dtype.kind == "O":
            return self._objects(name, values)
        if values.dtype.kind == "c":
            raise NotTabular(detail="it has complex numbers")
        return self._keep(name, values) | {"as": "numpy", "dtype": values.dtype.str}

    def _objects(self, name: str, values: Any) -> dict[str, Any]:
        """Text stays text; other plain objects are written as JSON, one by one."""
        import pyarrow as pa

        items = values.tolist()
        try:
            if all(type(item) is str or item is None for item in items):
                return self._keep(name, pa.array(items, type=pa.large_string())) | {"as": "objects"}
            texts = [exact_json.dumps(item).decode() for item in items]
        except exact_json.NotPlain as error:
            raise NotTabular(detail=f"it holds a {error.type}") from None
        except UnicodeEncodeError:
            raise NotTabular(detail=f"column {name!r} holds text that is no UTF-8") from None
        return self._keep(name, pa.array(texts, type=pa.large_string())) | {"as": "json"}

    def _keep(self, name: str, values: Any) -> dict[str, Any]:
        import pyarrow as pa

        place = name
        while place in self.columns:
            place += "'"
        try:
            self.columns[place] = (
                values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=False)
            )
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise NotTabular(detail=f"column {name!r}: {error}") from None
        return {"in": place}


class _Reader:
    """Puts arrays together again from a table and notes."""

    def __init__(self, table: Any, rows: int) -> None:
        self._table = table
        self._rows = rows

    def index(self, note: dict[str, Any]) -> Any:
        import pandas as pd

        names = exact_json.loads(note["names"])
        if "range" in note:
            return pd.RangeIndex(*note["range"], name=names[0])
        if "levels" in note:
            levels = [loads(base64.b64decode(level["level"])) for level in note["levels"]]
            return pd.MultiIndex(levels, [self._column(level).to_numpy() for level in note["levels"]], names=names)
        array = self.array(note["values"])
        index = pd.Index(array, dtype=array.dtype, name=names[0], copy=False)
        if "freq" in note:
            index.freq = note["freq"]
        return index

    def array(self, note: dict[str, Any]) -> Any:
        import pandas as pd

        make = getattr(self, f"_{note['as']}", None) if note["as"] in _SHAPES else None
        if make is None:
            raise NotTabular(detail=f"{note['as']!r} is no form that this version of nbledger knows")
        found = make(note)
        return found if isinstance(found, pd.api.extensions.ExtensionArray) else found[: self._rows]

    def _column(self, note: dict[str, Any]) -> Any:
        return self._table.column(note["in"])

    def _numpy(self, note: dict[str, Any]) -> Any:
        import numpy as np

        dtype = np.dtype(note["dtype"])
        return np.array(self._column(note).to_numpy(), dtype=dtype)

    def _dtype(self, note: dict[str, Any]) -> Any:
        import pandas as pd

        dtype = pd.api.types.pandas_dtype(note["dtype"])
        if hasattr(dtype, "__from_arrow__"):
            return dtype.__from_arrow__(self._column(note))
        return self._column(note).to_pandas().astype(dtype).array

    def _string(self, note: dict[str, Any]) -> Any:
        import numpy as np
        import pandas as pd

        dtype = pd.StringDtype(note["storage"], na_value=np.nan if note["nan"] else pd.NA)
        return dtype.__from_arrow__(self._column(note))

    def _arrow(self, note: dict[str, Any]) -> Any:
        import pandas as pd

        column = self._column(note)
        return pd.ArrowDtype(column.type).__from_arrow__(column)

    def _objects(self, note: dict[str, Any]) -> Any:
        return _object_array(self._column(note).to_pylist())

    def _json(self, note: dict[str, Any]) -> Any:
        return _object_array([exact_json.loads(text) for text in self._column(note).to_pylist()])

    def _category(self, note: dict[str, Any]) -> Any:
        import pandas as pd

        categories = loads(base64.b64decode(note["categories"]))
        codes = self._column(note).to_numpy()
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories, ordered=note["ordered"]))

    def _interval(self, note: dict[str, Any]) -> Any:
        import pandas as pd

        left, right = map(self.array, note["ends"])
        return pd.arrays.IntervalArray.from_arrays(left, right, closed=note["closed"])

    def _period(self, note: dict[str, Any]) -> Any:
        import numpy as np
        import pandas as pd

        ordinals = np.array(self._column(note).to_numpy(), dtype=np.int64)
        return pd.arrays.PeriodArray(ordinals, dtype=pd.api.types.pandas_dtype(note["dtype"]))

    def _sparse(self, note: dict[str, Any]) -> Any:
        import numpy as np
        import pandas as pd

        dense = self.array(note["values"])
        fill = exact_json.loads(note["fill"])
        dtype = pd.SparseDtype(dense.dtype, np.asarray(fill).astype(dense.dtype)[()] if note["typed"] else fill)
        return pd.arrays.SparseArray(dense, dtype=dtype)


_SHAPES = ("numpy", "dtype", "string", "arrow", "objects", "json", "category", "interval", "period", "sparse")


def _object_array(items: list[Any]) -> Any:
    import numpy as np

    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return array


__all__ = ["NotTabular", "dumps", "loads"]
