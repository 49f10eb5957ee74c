"""A value's content as bytes in a format, and back.

`parquet` (frames, series, indexes), `npy` and `npz` (arrays, sparse matrices), `json` (plain values), `skops` (models)
and `file` (a file's own bytes) are read without running code from them. What none of these gives back exactly, as its
fingerprint tells, is kept as `cloudpickle`, marked untrusted.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.fingerprint import fingerprint
from nbledger.ledger import exact_json, frame_file
from nbledger.records import Version

_TABULAR = ("table", "column")


class ContentUnreadable(NBLedgerError):
    """Stored bytes that are no whole content in the format they claim. Fields: format, detail."""

    template = "The stored {format} content cannot be read: {detail}. `nbledger doctor` checks whether it was altered."


@dataclass(frozen=True, slots=True)
class Content:
    """A value as it is stored; `reason` says why it is not in a format that is safe to read, if it is not."""

    data: bytes
    format: str
    trusted: bool
    reason: str | None = None


def dump(value: Any, version: Version) -> Content:
    """Return a value, whose version this is, as bytes that give it back exactly.

    Raises `ModelNotStorable` where not even cloudpickle can write it.
    """
    from nbledger.ledger.model_format import dump_model

    if version.kind == "model":
        made = dump_model(value)
        return Content(made.data, made.format, made.trusted, made.reason)
    reason = f"a {type(value).__name__} has no format that is safe to read"
    for format in _formats(version):
        try:
            data = _WRITERS[format](value)
            if same_content(_READERS[format](data), version):
                return Content(data, format, trusted=True)
            reason = f"{format} does not give it back exactly"
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  (a format that fails, in whatever way, is not taken)
            reason = str(error).partition("\n")[0][:200] or type(error).__name__
    return Content(_pickled(value), "cloudpickle", trusted=False, reason=reason)


def load(data: bytes, format: str, *, trust: bool = False) -> Any:
    """Return the value in these bytes, running none of their code unless `trust` says that their maker is trusted.

    Raises `UntrustedModel` where that would be needed, `ContentUnreadable` if the bytes are not such a file.
    """
    if format in ("skops", "cloudpickle"):
        from nbledger.ledger.model_format import load_model

        return load_model(data, format, trust=trust)
    reader = _READERS.get(format)
    if reader is None:
        raise ContentUnreadable(format=format[:40], detail="this version of nbledger does not know the format")
    try:
        return reader(data)
    except MemoryError:
        raise
    except Exception as error:
        detail = str(error).partition("\n")[0][:200]
        raise ContentUnreadable(format=format, detail=f"{type(error).__name__}: {detail}") from error


def same_content(value: Any, version: Version) -> bool:
    """Tell whether a value has the content that a version names; what is opaque can only be believed."""
    if version.exactness == "opaque":
        return True
    if version.kind == "file" and isinstance(value, bytes):
        from blake3 import blake3

        return blake3(value).hexdigest(length=16) == version.hash
    sample_over = 0 if version.exactness == "sampled" else None
    return fingerprint(value, profile=False, sample_over=sample_over).hash == version.hash


def _formats(version: Version) -> list[str]:
    """Return the formats to try."""
    if version.exactness == "opaque":
        return []
    if version.kind in _TABULAR:
        return ["parquet"]
    if version.kind == "array":
        return ["npy"]
    if version.kind == "sparse":
        return ["npz"]
    return ["json"] if version.kind == "value" else []


def _to_npy(value: Any) -> bytes:
    import numpy as np

    out = io.BytesIO()
    np.save(out, value, allow_pickle=False)
    return out.getvalue()


def _from_npy(data: bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(data), allow_pickle=False)


def _to_npz(value: Any) -> bytes:
    from scipy import sparse

    out = io.BytesIO()
    sparse.save_npz(out, value)
    return out.getvalue()


def _from_npz(data: bytes) -> Any:
    from scipy import sparse

    return sparse.load_npz(io.BytesIO(data))


def _pickled(value: Any) -> bytes:
    import cloudpickle

    from nbledger.ledger.model_format import ModelNotStorable

    try:
        return bytes(cloudpickle.dumps(value))
    except Exception as error:
        detail = f"{type(error).__name__}: {str(error)[:160]}"
        raise ModelNotStorable(type=type(value).__qualname__, detail=detail) from error


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "parquet": frame_file.dumps,
    "npy": _to_npy,
    "npz": _to_npz,
    "json": exact_json.dumps,
}
_READERS: dict[str, Callable[[bytes], Any]] = {
    "parquet": frame_file.loads,
    "npy": _from_npy,
    "npz": _from_npz,
    "json": exact_json.loads,
    "file": bytes,
}

__all__ = ["Content", "ContentUnreadable", "dump", "load", "same_content"]
