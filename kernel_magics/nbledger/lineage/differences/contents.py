"""The contents of recorded versions, as far as they can still be had: from the store, or from a file on the disk.

Nothing here runs stored code: a pickle is not read. A file only counts while its bytes still have the recorded hash.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger, content_format
from nbledger.records import Version

#: Contents above this size are not loaded for a comparison.
MOST_BYTES = 256 << 20
_COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zip": "zip", ".xz": "xz", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Found:
    """A content, or in words why there is none."""

    value: Any = None
    why_not: str = ""


class Contents:
    """Loads the contents of versions, each once."""

    def __init__(self, ledger: Ledger, *, most_bytes: int = MOST_BYTES) -> None:
        self._ledger = ledger
        self._most = most_bytes
        self._known: dict[tuple[str, str], Found] = {}

    def of(self, version: Version, name: str) -> Found:
        """Return the content of a version; `name` is its path if it is a file. Never raises for what is missing."""
        key = (version.hash, name if version.kind == "file" else "")
        if key not in self._known:
            try:
                self._known[key] = self._load(version, name)
            except MemoryError:
                self._known[key] = Found(why_not="too large for the memory here")
            except Exception as error:  # noqa: BLE001  (a file that cannot be read is one that is not there)
                reason = str(error).partition("\n")[0][:160] if isinstance(error, NBLedgerError) else repr(error)[:160]
                self._known[key] = Found(why_not=reason)
        return self._known[key]

    def _load(self, version: Version, name: str) -> Found:
        if (version.nbytes or 0) > self._most:
            return Found(why_not="larger than what is loaded for a comparison")
        stored = self._ledger.stored(version.hash)
        if version.kind == "file":
            data = self._bytes(version, name, stored.object if stored else None)
            return Found(why_not="the file changed since, or is gone") if data is None else _parsed(data, name)
        if stored is None or not self._ledger.objects.has(stored.object):
            return Found(why_not="its content was not kept (%%track --snapshot)")
        if stored.format == "cloudpickle" or not stored.trusted:
            return Found(why_not="its content was kept as a pickle, which is not read for a comparison")
        return Found(content_format.load(self._ledger.objects.read(stored.object), stored.format))

    def _bytes(self, version: Version, name: str, stored: str | None) -> bytes | None:
        if stored is not None and self._ledger.objects.has(stored):
            return self._ledger.objects.read(stored)
        path = self._ledger.root / name
        if not path.is_file() or path.stat().st_size != (version.nbytes or path.stat().st_size):
            return None
        data = path.read_bytes()
        return data if content_format.same_content(data, version) else None


def _parsed(data: bytes, name: str) -> Found:
    """Read a file's bytes as its name says; a file of an unknown kind stays bytes."""
    import pandas as pd

    stem, compression = name.lower(), None
    for suffix, method in _COMPRESSED.items():
        if stem.endswith(suffix):
            stem, compression = stem.removesuffix(suffix), method
    stream = io.BytesIO(data)
    if stem.endswith((".csv", ".tsv", ".tab")):
        separator = "," if stem.endswith(".csv") else "\t"
        return Found(pd.read_csv(stream, sep=separator, compression=compression, low_memory=False))
    if stem.endswith((".parquet", ".pq")):
        return Found(pd.read_parquet(stream))
    if stem.endswith(".npy"):
        return Found(content_format.load(data, "npy"))
    if stem.endswith((".jsonl", ".ndjson")):
        return Found(pd.read_json(stream, lines=True, compression=compression))
    return Found(data)


__all__ = ["MOST_BYTES", "Contents", "Found"]
