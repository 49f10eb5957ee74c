"""From the path that a request names to the ledger that belongs to it.

A request names a notebook, a folder or a `ledger.db` below the server's root, as JupyterLab does: relative, with `/`.
It never names anything else: not by `..`, an absolute path, a drive, a hidden folder, or a symbolic link that leads
out. The ledger is then found by nbledger's own rule (the nearest `.nbledger` upwards), so it may lie above the root
where the project does.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from nbledger.ledger.location import DATABASE, FOLDER, find_root, relative
from nbledger_lab.problems import bad_request, not_found

MOST_CHARACTERS = 4096
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Place:
    """What a request is about: the folder of the ledger, and the notebook where one was named.

    `asked` is the path as it was named, `file` the same on the disk. `shown` is how the ledger's folder is called
    outside: relative to the server's root, or by its bare name where it lies above.
    """

    root: Path
    asked: str
    file: Path
    folder: Path
    shown: str

    @property
    def is_notebook(self) -> bool:
        """Whether a notebook was named."""
        return self.file.suffix == ".ipynb"

    def notebooks(self) -> list[str]:
        """Return the names under which the ledger may know the notebook: seen through symbolic links or not."""
        project = self.folder.parent
        unresolved = self.root / self.asked
        found = [relative(str(path), base) for path in (self.file, unresolved) for base in (project.resolve(), project)]
        return list(dict.fromkeys(found))

    @property
    def names(self) -> dict[str, str]:
        """What machine paths are called outside, for messages."""
        found = {str(self.folder): self.shown, str(self.folder.resolve()): self.shown}
        for project in (self.folder.parent, self.folder.parent.resolve()):
            found[f"{project}{os.sep}"] = ""
        found[f"{self.root}{os.sep}"] = ""
        return found


def find_place(root: Path, path: str, *, allow_hidden: bool = False) -> Place:
    """Return what `path` names below `root`. Raises a `Problem` (400 or 404) for all that it must not name."""
    parts = _parts(path)
    base = Path(os.path.realpath(root.expanduser()))
    file = Path(os.path.realpath(base.joinpath(*parts)))
    if not file.is_relative_to(base):
        raise _absent(path)
    if not allow_hidden and any(part.startswith(".") for part in _but_ledger(file.relative_to(base).parts)):
        raise _absent(path)
    if not allow_hidden and any(part.startswith(".") for part in _but_ledger(parts)):
        raise _absent(path)
    try:
        there = file.exists()
    except OSError:  # a name that is too long
        there = False
    if not there:
        raise _absent(path)
    folder = _ledger_of(file)
    return Place(base, "/".join(parts), file, folder, _shown(folder, base))


def _parts(path: str) -> tuple[str, ...]:
    if len(path) > MOST_CHARACTERS or not path.isprintable():
        raise bad_request("The path is no path.", "Name a notebook or folder below the server's root.")
    if path.startswith("/") or "\\" in path or _DRIVE.match(path):
        raise bad_request(
            "The path must be relative to the server's root, with '/' between its parts.",
            "Name a notebook or folder as the file browser does.",
        )
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise not_found("The path leads out of the server's root.", "Name a notebook or folder below it.")
    return parts


def _but_ledger(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts without the ledger's own folder at their end, which is hidden and may be named."""
    if parts[-2:] == (FOLDER, DATABASE):
        return parts[:-2]
    return parts[:-1] if parts[-1:] == (FOLDER,) else parts


def _ledger_of(file: Path) -> Path:
    if file.name == DATABASE:
        return file.parent
    if file.name == FOLDER:
        return file
    return find_root(file) / FOLDER


def _shown(folder: Path, root: Path) -> str:
    for one in (folder, folder.resolve()):
        if one.is_relative_to(root):
            return one.relative_to(root).as_posix()
    return folder.name


def _absent(path: str) -> Exception:
    return not_found(f"There is no {path!r} below the server's root.", "It may have been moved: open it again.")
