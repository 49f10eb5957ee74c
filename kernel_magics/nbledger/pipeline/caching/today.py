"""What was read from outside as it is today: each read is compared with the disk and the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nbledger.capture.world.file_contents import listing
from nbledger.capture.world.file_places import Places
from nbledger.fingerprint import file_fingerprint
from nbledger.pipeline.caching.cells import digest
from nbledger.pipeline.caching.record import Read
from nbledger.records import ABSENT

_MOST_NAMES = 10_000
_FILE, _FOLDER = "file", "folder"
#: Variables that differ from process to process, or that nbledger sets itself.
_OF_THE_PROCESS = ("NBLEDGER_", "JPY_", "PYDEVD_", "PYTEST_", "VSCODE_", "TERM_", "SSH_", "XDG_SESSION")
_NAMES_OF_THE_PROCESS = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "WINDOWID", "TERM", "COLUMNS", "LINES", "CLICOLOR",
                                   "FORCE_COLOR", "CLICOLOR_FORCE", "PAGER", "GIT_PAGER"})  # fmt: skip
#: The name under which all environment variables are compared at once.
EVERY_VARIABLE = "*"


class Today:
    """Compares reads with what is there now. `root` is the project's folder, `cwd` where the notebook runs.

    `files` are versions of files (by their names relative to `root`) that will be there by then, whatever is now.
    Each other file is hashed once.
    """

    def __init__(
        self,
        root: Path,
        cwd: Path,
        environ: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.cwd = cwd
        self._environ = os.environ if environ is None else environ
        self._places = Places(root, [root / ".nbledger"])
        self._hashes = {str(root / name): version for name, version in (files or {}).items()}

    def changes(self, reads: Iterable[Read], salt: str) -> list[str]:
        """Return in words what is not what it was; the first change of a kind that costs nothing comes first."""
        ordered = sorted(reads, key=lambda read: read.how == "file")
        return [said for read in ordered if (said := self.change(read, salt))]

    def change(self, read: Read, salt: str) -> str:
        """Return in words how one read is not what it was, or nothing."""
        now = self.version(read.how, read.name, salt)
        return "" if now == read.version else _SAY[read.how](read, now)

    def version(self, how: str, name: str, salt: str) -> str:
        """Return today's version of something that is read."""
        match how:
            case "file":
                return self._file(self.root / name)
            case "folder":
                return self._folder(self.root / name)
            case "tree":
                return self._tree(self.root / name)
            case "present":
                return self._present(self.root / name)
            case "variable":
                return self._variable(name, salt)
        return self._shadow(name)

    def _file(self, path: Path) -> str:
        key = str(path)
        if key not in self._hashes:
            try:
                self._hashes[key] = file_fingerprint(path).hash
            except (FileNotFoundError, NotADirectoryError):
                self._hashes[key] = ABSENT.hash
            except (OSError, ValueError) as error:
                self._hashes[key] = f"cannot be read: {type(error).__name__}"
        return self._hashes[key]

    def _folder(self, path: Path) -> str:
        try:
            names = [entry.name for entry in path.iterdir()]
        except OSError:
            return ABSENT.hash
        place = os.path.normpath(path)
        return listing(name for name in names if self._places.counts(f"{place}{os.sep}{name}")).hash

    def _tree(self, path: Path) -> str:
        return tree(str(path), self._places, ())

    def _present(self, path: Path) -> str:
        return _FOLDER if path.is_dir() else _FILE if path.exists() else ABSENT.hash

    def _variable(self, name: str, salt: str) -> str:
        if name != EVERY_VARIABLE:
            value = self._environ.get(name)
            return ABSENT.hash if value is None else digest("variable", salt, value)
        kept = (item for item in sorted(self._environ.items()) if _is_kept(item[0]))
        return digest("variables", salt, *(f"{key}={value}" for key, value in kept))

    def _shadow(self, name: str) -> str:
        """Look for a module in a folder: `folder:module`."""
        folder, _, module = name.rpartition(":")
        place = self.root / folder
        found = any((place / f"{module}{end}").exists() for end in (".py", ".pyd", ".so")) or (place / module).is_dir()
        return _FILE if found else ABSENT.hash


def tree(folder: str, places: Places, without: Iterable[str]) -> str:
    """Return a hash over the names of all files below a folder but those of `without` (whole paths)."""
    left_out = frozenset(without)
    names: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if places.counts(f"{place}{os.sep}{name}")]
        paths = (f"{place}{os.sep}{name}" for name in files)
        names.extend(path[len(folder) :] for path in paths if places.counts(path) and path not in left_out)
        if len(names) > _MOST_NAMES:
            return digest("too many names", os.urandom(16).hex())
    return digest("tree", *sorted(names))


def _is_kept(name: str) -> bool:
    return not name.startswith(_OF_THE_PROCESS) and name not in _NAMES_OF_THE_PROCESS


def _of_file(read: Read, now: str) -> str:
    if now == ABSENT.hash:
        return f"{read.name} is gone"
    if read.version == ABSENT.hash:
        return f"{read.name} is there, and was not then"
    return f"{read.name} {now if now.startswith('cannot') else 'is another one'}"


_SAY: Mapping[str, Callable[[Read, str], str]] = {
    "file": _of_file,
    "folder": lambda read, now: f"the folder {read.name} " + ("is gone" if now == ABSENT.hash else "holds other files"),
    "tree": lambda read, _: f"there are other files below {read.name}",
    "present": lambda read, now: (
        f"{read.name} is gone" if now == ABSENT.hash else f"{read.name} is there, and was not then"
    ),
    "variable": lambda read, _: (
        "environment variables are others"
        if read.name == EVERY_VARIABLE
        else f"the environment variable {read.name} is another one"
    ),
    "shadow": lambda read, _: f"a module {read.name.rpartition(':')[2]} is there now, and would be imported",
}

__all__ = ["EVERY_VARIABLE", "Today", "tree"]
