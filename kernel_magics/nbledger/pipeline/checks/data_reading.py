"""The data that a checks file speaks of, as a pandas frame: a file by its suffix, or a recorded variable's content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

_PACKED = (".gz", ".bz2", ".xz", ".zst")


class DataUnreadable(NBLedgerError):
    """Data that cannot be checked. Fields: data, why."""

    template = "{data} cannot be read: {why}"


def read_file(path: Path, shown: str | None = None) -> Any:
    """Return a file as a frame: csv, tsv, parquet, feather, arrow, json, jsonl, ndjson. Raises `DataUnreadable`."""
    name = shown or str(path)
    reader = _READERS.get(_suffix(path))
    if reader is None:
        raise DataUnreadable(data=name, why=f"name a file that ends with one of {', '.join(_READERS)}")
    if not path.is_file():
        raise DataUnreadable(data=name, why="there is no such file")
    try:
        found = reader(path)
    except MemoryError:
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:160]}"
        raise DataUnreadable(data=name, why=detail) from error
    return as_frame(found, name)


def read_variable(ledger: Ledger, ref: str, run: str | None = None) -> Any:
    """Return a recorded variable as a frame; `ref` is `RUN:NAME`, or a name in `run`, or the latest of that name.

    Only content that is stored is read, and no pickle. Raises `DataUnreadable`.
    """
    from nbledger.lineage.graph import Graph
    from nbledger.lineage.snapshots import checkout
    from nbledger.lineage.targets import find

    given, colon, name = ref.partition(":")
    owner, name = (given, name) if colon else (run, ref)
    try:
        if owner is None:
            graph = Graph(ledger)
            target = find(graph, f"var:{name}")
            point = graph.writer(target.session, "variable", name, target.before)
            owner = None if point is None else graph.run(point.run).id
        value = None if owner is None else checkout(ledger, owner, name)
    except NBLedgerError as error:
        raise DataUnreadable(data=ref, why=str(error)) from error
    if owner is None:
        raise DataUnreadable(data=ref, why="no run is known that made it; name one as RUN:NAME")
    if isinstance(value, bytes):
        raise DataUnreadable(data=ref, why="it is a file: give its path instead")
    return as_frame(value, ref)


def as_frame(value: Any, name: str = "The data") -> Any:
    """Return a value as a pandas frame without copying its columns. Raises `DataUnreadable` for what is no table."""
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series | pd.Index):
        return value.to_frame()
    if isinstance(value, np.ndarray) and value.ndim in (1, 2):
        return pd.DataFrame(value)
    if isinstance(value, dict | list):
        try:
            return pd.DataFrame(value)
        except (ValueError, TypeError) as error:
            raise DataUnreadable(data=name, why=str(error)) from error
    for method in ("to_pandas", "to_frame"):
        convert = getattr(value, method, None)
        if callable(convert):
            return as_frame(convert(), name)
    raise DataUnreadable(data=name, why=f"a {type(value).__name__} is no table: give a frame, a series or an array")


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in _PACKED:
        return suffixes[-2]
    return suffixes[-1] if suffixes else ""


def _csv(separator: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        import pandas as pd

        return pd.read_csv(path, sep=separator, low_memory=False)

    return read


def _parquet(path: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(path)


def _feather(path: Path) -> Any:
    import pandas as pd

    return pd.read_feather(path)


def _json(path: Path) -> Any:
    import pandas as pd

    return pd.read_json(path, orient="records")


def _json_lines(path: Path) -> Any:
    import pandas as pd

    return pd.read_json(path, lines=True)


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _csv(","),
    ".tsv": _csv("\t"),
    ".parquet": _parquet,
    ".feather": _feather,
    ".arrow": _feather,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}

__all__ = ["DataUnreadable", "as_frame", "read_file", "read_variable"]
