"""Which files stand behind a value that a cell works with: an open file, a database connection, a mapped array."""

from __future__ import annotations

import io
import sys
from typing import Any, Literal, NamedTuple

Access = Literal["read", "write", "map", "url", "plan"]


class Behind(NamedTuple):
    """A file (or a URL) behind a value, and what working with the value may do to it."""

    path: str
    access: Access


_NUMPY_DEPTH = 8


def behind(value: Any) -> tuple[Behind, ...]:
    """Return the files behind a value; nothing for most. Runs no code of the user's, and raises nothing."""
    cls = type(value)
    root = cls.__module__.partition(".")[0]
    finder = _FINDERS.get(root)
    if finder is None:
        return ()
    try:
        return tuple(finder(value))
    except Exception:  # noqa: BLE001 - a closed or broken handle has no file behind it
        return ()


def connection_of(value: Any) -> Any:
    """Return the SQLite connection by which a cursor works, or a shelf (Python 3.13 keeps them so); else `None`."""
    module = type(value).__module__
    if module == "shelve":
        value = getattr(value, "dict", None)
        module = type(value).__module__
    if module == "dbm.sqlite3":
        return getattr(value, "_cx", None)
    return getattr(value, "connection", value) if module == "sqlite3" else None


def _open_file(value: Any) -> list[Behind]:
    if not isinstance(value, io.IOBase) or value.closed:
        return []
    name = getattr(value, "name", None)
    if not isinstance(name, str):
        return []
    return [Behind(name, "write" if value.writable() else "read")]


def _archive(value: Any) -> list[Behind]:
    name = getattr(value, "filename", None) or getattr(value, "name", None)
    writes = getattr(value, "mode", "r") != "r"
    return [Behind(name, "write" if writes else "read")] if isinstance(name, str) else []


def _numpy(value: Any) -> list[Behind]:
    numpy = sys.modules["numpy"]
    for _ in range(_NUMPY_DEPTH):
        if isinstance(value, numpy.memmap) and value.filename is not None:
            return [Behind(str(value.filename), "map" if value.mode in ("r+", "w+") else "read")]
        value = getattr(value, "base", None)
        if value is None:
            break
    return []


def _h5py(value: Any) -> list[Behind]:
    file = value.file
    return [Behind(str(file.filename), "read" if file.mode == "r" else "write")]


def _pyarrow(value: Any) -> list[Behind]:
    files = getattr(value, "files", None)
    return [Behind(path, "read") for path in files] if isinstance(files, list) else []


def _polars(value: Any) -> list[Behind]:
    if type(value).__name__ != "LazyFrame":
        return []
    return [Behind(value.explain(optimized=False), "plan")]


def _sqlalchemy(value: Any) -> list[Behind]:
    engine = getattr(value, "engine", value)
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return [Behind(url.database, "write")] if url.database and url.database != ":memory:" else []
    return [Behind(url.render_as_string(hide_password=True), "url")]


_FINDERS = {
    "_io": _open_file,
    "gzip": _open_file,
    "bz2": _open_file,
    "lzma": _open_file,
    "tempfile": lambda value: _open_file(value.file),
    "zipfile": _archive,
    "tarfile": _archive,
    "numpy": _numpy,
    "h5py": _h5py,
    "pyarrow": _pyarrow,
    "polars": _polars,
    "sqlalchemy": _sqlalchemy,
}
