"""A scratch copy of a project in which a slice can run and harm nothing.

Only what the slice read is copied, after a check that it is still what was recorded, and the project's own modules.
What the slice writes stays in the copy. Absolute paths into the project are changed in the sources to the copy's.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nbledger.errors import NBLedgerError
from nbledger.fingerprint import file_fingerprint
from nbledger.ledger import Ledger
from nbledger.ledger.errors import NotFound
from nbledger.ledger.location import FOLDER
from nbledger.lineage.extraction.cell_tree import parse_cell, text_literals
from nbledger.lineage.graph import Graph
from nbledger.lineage.places import files_of
from nbledger.lineage.slicing import Input, Slice
from nbledger.lineage.temporary import is_temporary
from nbledger.records import ABSENT

MOST_MODULES = 5000
#: What a folder's recorded listing leaves out.
NOT_LISTED = frozenset({FOLDER, "__pycache__", ".ipynb_checkpoints", ".git"})
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"})


class InputChanged(NBLedgerError):
    """An input file is not what it was. Fields: name, recorded, version, path."""

    template = (
        "{name} is not the file that was read ({why}), and no copy of it is stored: put the file of version {version} "
        "back to reproduce this"
    )


class WouldHarm(NBLedgerError):
    """The slice writes to a place outside of the project that cannot be moved into the scratch copy. Field: name."""

    template = (
        "The slice writes {name}, outside of the project, by a path that its code does not spell out: it was not run, "
        "because a reproduction never touches the originals"
    )


@dataclass(slots=True)
class Scratch:
    """The copy: `base` is all of it, `root` stands for the project's root, `folder` for where the cells ran.

    `moves` are the paths that are changed in sources: (as recorded, as in the copy).
    """

    base: Path
    root: Path
    folder: Path
    moves: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def moved(self, source: str) -> str:
        """Return a source with the absolute paths of the project changed to the copy's."""
        for before, after in self.moves:
            source = re.sub(rf"(?<![\w./~-]){re.escape(before)}(?![\w.-])", after.replace("\\", r"\\"), source)
        return source

    def place(self, name: str) -> Path:
        """Return where a recorded file is in the copy."""
        return copied_place(name, self.root, self.moves)

    def remove(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.base, ignore_errors=True)


def copied_place(name: str, root: Path, moves: Sequence[tuple[str, str]]) -> Path:
    """Return where a file of this recorded name is in a copy with this root and these moves."""
    path = os.path.normpath(Path(moves[0][0], name))
    for before, after in moves:
        if path == before or path.startswith(before + os.sep):
            return Path(after + path[len(before) :])
    return Path(os.path.normpath(root / name))


def make_scratch(ledger: Ledger, cut: Slice, folder: str) -> Scratch:
    """Make the scratch copy for a slice; `folder` is where its cells ran, relative to the project's root.

    Raises `InputChanged` and `WouldHarm`, and then leaves nothing behind.
    """
    read = [item for item in cut.inputs if item.role == "file"]
    written = _written(ledger, cut)
    base = Path(tempfile.mkdtemp(prefix="nbledger-")).resolve()
    try:
        scratch = _empty(ledger, base, [*(item.name for item in read), *written, folder])
        texts = _texts(cut)
        for name in written:
            _make_room(ledger, scratch, name, texts)
        scratch.folder = scratch.place(folder)
        scratch.folder.mkdir(parents=True, exist_ok=True)
        _copy_modules(ledger.root, scratch.root, set(written))
        for item in read:
            _bring(ledger, item, scratch, texts)
        _bring_unrecorded(ledger, scratch, texts, {*files_of(ledger, cut)})
    except BaseException:
        shutil.rmtree(base, ignore_errors=True)
        raise
    return scratch


def _empty(ledger: Ledger, base: Path, names: list[str]) -> Scratch:
    """Make the folders; paths such as `../data/a.csv` find their place beside the project's copy."""
    depth = max((sum(part == ".." for part in PurePosixPath(name).parts) for name in names), default=0)
    parts = ledger.root.resolve().parts[1:]
    root = base.joinpath("project", *parts[-(depth + 1) :]) if parts else base / "project" / "root"
    root.mkdir(parents=True)
    moves = dict.fromkeys((str(ledger.root), str(ledger.root.resolve())), str(root))
    return Scratch(base, root, root, list(moves.items()))


def _written(ledger: Ledger, cut: Slice) -> list[str]:
    graph = Graph(ledger)
    points = [point for run in cut.runs for point in graph.generated(run.key) if point.role == "file"]
    return list(dict.fromkeys(point.name for point in points))


def _texts(cut: Slice) -> set[str]:
    """Return the texts that are written out in the code; of what is no Python, the words."""
    found: set[str] = set()
    for run in cut.runs:
        tree = parse_cell(run.source, cell_magics=frozenset({"track", "time", "capture"}))
        found.update(text_literals(tree) if tree is not None else run.source.split())
    return {text for text in found if 0 < len(text) < 1000}


def _make_room(ledger: Ledger, scratch: Scratch, name: str, texts: set[str]) -> None:
    """Make the folder that a file is written to; what lies outside of the project is moved into the copy."""
    path = Path(os.path.normpath(ledger.root / name))
    if scratch.place(name).is_relative_to(scratch.root) or any(text.startswith("..") for text in texts):
        scratch.place(name).parent.mkdir(parents=True, exist_ok=True)
        return
    temporary = is_temporary(path, outside=ledger.root)
    if temporary and not path.exists():
        return  # it is made anew and is nobody's
    spelled = next((p for p in (path, *path.parents[:-2]) if {str(p), f"{p}{os.sep}"} & texts), None)
    if spelled is None and temporary:
        return  # a name made by chance (`mkdtemp`), or a folder of a library's own: another one today
    if spelled is None:
        raise WouldHarm(name=path)
    target = scratch.base / "outside" / str(spelled).lstrip(os.sep)
    scratch.moves.append((str(spelled), str(target)))
    scratch.place(name).parent.mkdir(parents=True, exist_ok=True)


def _bring(ledger: Ledger, item: Input, scratch: Scratch, texts: set[str]) -> None:
    """Put an input into the copy, from its place if it is still the same, else from the store."""
    if item.version in ("", ABSENT.hash):
        return
    source = Path(os.path.normpath(ledger.root / item.name))
    target = scratch.place(item.name)
    if source.is_dir():
        if source.is_relative_to(ledger.root):
            _bring_folder(source, target, item, scratch)
        return
    same = _is_same(ledger, source, item)
    in_copy = target.is_relative_to(scratch.root) or target.is_relative_to(scratch.base / "outside")
    if same and not in_copy and str(source) in texts:
        return  # outside of the project, named by its whole path: it is read where it is
    target.parent.mkdir(parents=True, exist_ok=True)
    if same:
        shutil.copy2(source, target)
        return
    stored = ledger.stored(item.version)
    if stored is None or not ledger.objects.has(stored.object):
        raise InputChanged(name=item.name, version=item.version[:8], path=str(source), why=_why(source, item))
    target.write_bytes(ledger.objects.read(stored.object))
    if item.time is not None:
        os.utime(target, (item.time, item.time))
    scratch.notes.append(f"{item.name} has changed since; the copy that was stored is used")


def _bring_folder(source: Path, target: Path, item: Input, scratch: Scratch) -> None:
    """Copy the files right in a folder that was listed."""
    from nbledger.capture.world.file_contents import listing

    target.mkdir(parents=True, exist_ok=True)
    names = [entry.name for entry in source.iterdir() if entry.name not in NOT_LISTED]
    if item.version != listing(names).hash:
        scratch.notes.append(f"the folder {item.name} was listed, and has other files today than it had then")
    for name in names:
        if (source / name).is_file() and not (target / name).exists():
            shutil.copy2(source / name, target / name)
        elif (source / name).is_dir():
            (target / name).mkdir(exist_ok=True)


def _bring_unrecorded(ledger: Ledger, scratch: Scratch, texts: set[str], known: set[str]) -> None:
    """Copy files that the code names though no cell was seen to read them, and say so."""
    before, after = scratch.moves[0][0], str(scratch.root)
    here = Path(before + str(scratch.folder).removeprefix(after))
    for text in sorted(texts):
        path = here / text
        if "\n" in text or text.startswith((os.sep, "~")) or ".." in text or not _is_file(path):
            continue
        name = path.relative_to(ledger.root).as_posix() if path.is_relative_to(ledger.root) else None
        target = scratch.folder / text
        if name is None or name in known or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
        scratch.notes.append(f"{name} is named in the code, but no cell was seen to read it: today's file is used")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_same(ledger: Ledger, path: Path, item: Input) -> bool:
    try:
        if file_fingerprint(path).hash == item.version:
            return True
        recorded = ledger.version(item.version)
        found = path.stat()
    except (OSError, NotFound):
        return False
    in_full = recorded.exactness == "exact"
    return not in_full and (recorded.nbytes, item.time) == (found.st_size, found.st_mtime)


def _why(path: Path, item: Input) -> str:
    recorded = f" of {_day(item.time)}" if item.time is not None else ""
    try:
        return f"it was the one{recorded}; today's was changed on {_day(path.stat().st_mtime)}"
    except OSError:
        return f"the file{recorded} is gone"


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def module_files(root: Path) -> Iterator[Path]:
    """Yield the project's Python files, relative to its root; hidden folders and environments are left out."""
    count = 0
    for place, folders, files in os.walk(root):
        here = Path(place)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIPPED and not (here / name / "pyvenv.cfg").exists()
        ]
        for file in files:
            if file.endswith(".py"):
                count += 1
                if count > MOST_MODULES:
                    return
                yield (here / file).relative_to(root)


def _copy_modules(root: Path, target: Path, written: set[str]) -> None:
    """Copy the project's Python files, so that its modules can be imported; what the slice writes itself is not."""
    for path in module_files(root):
        if path.as_posix() not in written:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, target / path)


__all__ = ["InputChanged", "Scratch", "WouldHarm", "copied_place", "make_scratch", "module_files"]
