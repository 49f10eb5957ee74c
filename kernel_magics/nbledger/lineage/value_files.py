"""A value written to a file in the format that the file's suffix names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import exact_json, frame_file


class CannotWrite(NBLedgerError):
    """A value that cannot be written to such a file. Fields: path, type, why."""

    template = "A {type} cannot be written to {path}: {why}"


def write_value(value: Any, path: Path, *, force: bool = False) -> int:
    """Write a value to a file as its suffix says (.csv .parquet .npy .json .pkl) and return the size in bytes.

    Bytes (the content of a file) are written as they are. An existing file is only replaced with `force`. Raises
    `CannotWrite`.
    """
    kind = type(value).__name__
    if path.exists() and not force:
        raise CannotWrite(path=path, type=kind, why="the file exists; give another name, or --force")
    writer = _WRITERS.get(path.suffix.lower())
    if isinstance(value, bytes):
        data = value
    elif writer is None:
        raise CannotWrite(path=path, type=kind, why=f"name a file that ends with one of {', '.join(_WRITERS)}")
    else:
        try:
            data = writer(value)
        except (TypeError, ValueError, AttributeError, NBLedgerError) as error:
            why = f"{str(error).partition(chr(10))[0][:160]}; .pkl takes any value"
            raise CannotWrite(path=path, type=kind, why=why) from error
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise CannotWrite(path=path, type=kind, why=error.strerror or str(error)) from error
    return len(data)


def _csv(value: Any) -> bytes:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.ndarray):
        value = pd.DataFrame(value)
    if hasattr(value, "write_csv"):
        return str(value.write_csv()).encode()
    return str(value.to_csv(index=not isinstance(value.index, pd.RangeIndex))).encode()


def _parquet(value: Any) -> bytes:
    import pandas as pd

    if isinstance(value, pd.Series):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        try:
            return bytes(value.to_parquet())
        except (TypeError, ValueError, NotImplementedError):
            return frame_file.dumps(value)
    return frame_file.dumps(value)


def _npy(value: Any) -> bytes:
    import io

    import numpy as np

    out = io.BytesIO()
    np.save(out, value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value), allow_pickle=False)
    return out.getvalue()


def _json(value: Any) -> bytes:
    if hasattr(value, "to_json"):
        return str(value.to_json(orient="records" if getattr(value, "ndim", 1) == 2 else None, indent=2)).encode()
    if hasattr(value, "tolist"):
        value = value.tolist()
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        return exact_json.dumps(value)


def _pickle(value: Any) -> bytes:
    import cloudpickle

    return bytes(cloudpickle.dumps(value))


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".npy": _npy,
    ".json": _json,
    ".pkl": _pickle,
}

__all__ = ["CannotWrite", "write_value"]
