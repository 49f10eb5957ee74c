"""Where a ledger lies.

`.nbledger/` is found as Git finds `.git`: the nearest one upwards; where there is none yet, a new one goes beside the
nearest `.git` or `pyproject.toml`, else into the folder one starts from. The environment variable `NBLEDGER_DIR`
(a project's root or a `.nbledger` folder) wins over all of that.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

FOLDER = ".nbledger"
DATABASE = "ledger.db"
VARIABLE = "NBLEDGER_DIR"


def find_root(start: Path | str | os.PathLike[str] | None = None) -> Path:
    """Return the project's root, the folder in which `.nbledger/` lies or will be made.

    `start` is a folder or a file (a notebook); by default the current folder.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return find_folder(Path(named).expanduser()).parent
    here = Path(start if start is not None else Path.cwd()).expanduser().absolute()
    if here.is_file() or here.suffix == ".ipynb":
        here = here.parent
    upwards = (here, *here.parents)
    for folder in upwards:
        if (folder / FOLDER).is_dir():
            return folder
    for folder in upwards:
        if (folder / ".git").exists() or (folder / "pyproject.toml").is_file():
            return folder
    return here


def find_folder(path: Path | str | os.PathLike[str] | None = None) -> Path:
    """Return the ledger's own folder for `path`: a root, a `.nbledger` folder, its `ledger.db`, or `None` to search."""
    if path is None:
        named = os.environ.get(VARIABLE)
        return find_folder(Path(named).expanduser()) if named else find_root() / FOLDER
    place = Path(path).expanduser().absolute()
    if place.name == DATABASE:
        return place.parent
    if place.name == FOLDER or (place / DATABASE).is_file():
        return place
    return place / FOLDER


def relative(path: str, root: Path) -> str:
    """Return a notebook's path relative to the project's root, with POSIX separators.

    A path that is relative already is kept; one on another drive is reduced to its name.
    """
    if not os.path.isabs(path):
        return path.replace("\\", "/") if os.sep == "\\" else path
    try:
        found = os.path.relpath(path, root)
    except ValueError:
        return Path(path).name
    return str(PurePosixPath(*Path(found).parts))
