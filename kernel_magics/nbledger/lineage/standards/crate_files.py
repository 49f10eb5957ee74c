"""Where a crate's files go: a new folder or a zip file, there in full or not at all; and which files may go there."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import IO

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger, LedgerError
from nbledger.lineage.standards.spool import whole_file
from nbledger.records import StoredVersion

#: A file of the project goes into a crate up to this size, in bytes; what the ledger stored always does.
MOST_BYTES = 10 << 20
_SUFFIXES = {
    "cloudpickle": ".pkl",
    "pickle": ".pkl",
    "skops": ".skops",
    "parquet": ".parquet",
    "npy": ".npy",
    "npz": ".npz",
    "json": ".json",
}
_PRIVATE = (".key", ".pem", ".p12", ".pfx", ".kdbx", ".keystore", ".jks")


class CrateExists(NBLedgerError):
    """There is something where a crate is to be written. Field: path."""

    template = "{path} exists already: name a new folder, an empty one, or a .zip file."


class Crate:
    """The folder or the zip file that a crate is written into."""

    def __init__(self, folder: Path | None, bundle: zipfile.ZipFile | None) -> None:
        self._folder = folder
        self._bundle = bundle

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a file by its content."""
        if self._bundle is not None:
            self._bundle.writestr(_member(name), data)
        else:
            self._place(name).write_bytes(data)

    def add_file(self, name: str, path: Path) -> None:
        """Add a copy of a file."""
        if self._bundle is not None:
            with path.open("rb") as source, self._bundle.open(_member(name), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
        else:
            shutil.copyfile(path, self._place(name))

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[str]]:
        """Open a text file of the crate to write it piece by piece."""
        if self._bundle is not None:
            with (
                self._bundle.open(_member(name), "w", force_zip64=True) as raw,
                TextIOWrapper(raw, "utf-8", newline="\n") as file,
            ):
                yield file
        else:
            with self._place(name).open("w", encoding="utf-8", newline="\n") as file:
                yield file

    def _place(self, name: str) -> Path:
        assert self._folder is not None
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def _member(name: str) -> zipfile.ZipInfo:
    """Return a zip member of no particular time, so that the same crate is the same file."""
    found = zipfile.ZipInfo(name)
    found.compress_type = zipfile.ZIP_DEFLATED
    found.external_attr = 0o644 << 16
    return found


@contextmanager
def new_crate(path: Path) -> Iterator[Crate]:
    """Make a crate at `path`, a zip file if it ends in `.zip`; nothing is left there when writing it fails.

    Raises `CrateExists` for a folder that is not empty; a zip file is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".zip":
        with _new_zip(path) as crate:
            yield crate
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CrateExists(path=str(path))
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield Crate(folder, None)
        folder.chmod(0o755)
        if path.exists():
            path.rmdir()
        folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _new_zip(path: Path) -> Iterator[Crate]:
    if path.is_dir():
        raise CrateExists(path=str(path))
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        yield Crate(None, bundle)


def safe_name(name: str) -> str:
    """Return the last part of a name as a file name that every system and URL takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", PurePosixPath(name).name).strip(".")[:100] or "file"


def stored_name(name: str, stored: StoredVersion) -> str:
    """Return how a stored content is called in a crate: its name, with the ending of its format."""
    suffix = _SUFFIXES.get(stored.format, "")
    found = safe_name(name)
    return found if found.endswith(suffix) else found + suffix


def stored_path(ledger: Ledger, object: str) -> Path | None:
    """Return where an object lies, after checking its bytes; `None` when it is gone or was altered."""
    try:
        ledger.objects.check(object)
    except LedgerError:
        return None
    return ledger.objects.path(object)


def is_private(name: str) -> bool:
    """Return whether a file is hidden or of a kind that holds keys: such files are named, never copied."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return hidden or PurePosixPath(name).suffix.lower() in _PRIVATE


def project_file(ledger: Ledger, name: str, hash: str) -> bytes | None:
    """Return a file's content if it is still the recorded one, small, and in the project."""
    from blake3 import blake3

    path = ledger.root / name
    try:
        inside = path.resolve().is_relative_to(ledger.root.resolve())
        if not inside or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return data if blake3(data).hexdigest(length=len(hash) // 2) == hash else None


__all__ = [
    "MOST_BYTES",
    "Crate",
    "CrateExists",
    "is_private",
    "new_crate",
    "project_file",
    "safe_name",
    "stored_name",
    "stored_path",
]
