"""What a worker without our disk needs of a project to run a notebook: a zip file, unpacked afresh for each attempt.

It holds the notebook, the project's Python files, the files that the notebook's last recorded run was seen to read, and
whatever else is named. Everything keeps its place below the project's root, so that relative paths work.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from nbledger.errors import NBLedgerError
from nbledger.ledger.location import FOLDER

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

#: The time of every member, so that the same files make the same parcel.
_TIME = (1980, 1, 1, 0, 0, 0)


class CannotSend(NBLedgerError):
    """A file cannot be sent to workers. Fields: path, why."""

    template = "{path} cannot be sent to workers: {why}"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A project's files for a worker: `id` is the content's hash, `data` the zip file, `names` what is in it."""

    id: str
    data: bytes
    names: tuple[str, ...]


def pack(ledger: Ledger, notebook: Path, upload: Iterable[Path] = ()) -> Parcel:
    """Return the parcel of a notebook. Raises `CannotSend`."""
    root = ledger.root.resolve()
    names = {_inside(root, notebook), *(path.as_posix() for path in _modules(root)), *_read_before(ledger, notebook)}
    for path in upload:
        names |= {_inside(root, file) for file in _files(path)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(names):
            with bundle.open(zipfile.ZipInfo(name, _TIME), "w") as member:
                member.write((root / name).read_bytes())
    data = buffer.getvalue()
    return Parcel(blake3(data).hexdigest(length=16), data, tuple(sorted(names)))


def unpack(data: bytes, folder: Path) -> None:
    """Lay a project out in an empty folder, as the place of a ledger."""
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        bundle.extractall(folder)  # names are relative and inside: `zipfile` takes `..` and roots out
    (folder / FOLDER).mkdir()


def _modules(root: Path) -> Iterator[Path]:
    from nbledger.pipeline.scratch import module_files

    return module_files(root)


def _read_before(ledger: Ledger, notebook: Path) -> set[str]:
    """Return the project's files that the notebook's last run read."""
    from nbledger.lineage.notebook_files import last_files

    found = last_files(ledger, ledger.relative(notebook))
    root = ledger.root.resolve()
    names = set(found.read) if found else set()
    return {name for name in names if not name.startswith(("/", "..")) and (root / name).is_file()}


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise CannotSend(path=str(path), why="there is no such file or folder")
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file() and FOLDER not in file.parts)
    else:
        yield path


def _inside(root: Path, path: Path) -> str:
    found = path.expanduser().resolve()
    if not found.is_relative_to(root):
        raise CannotSend(path=str(path), why=f"it is outside of the project {root}, where they would not find it")
    return found.relative_to(root).as_posix()
