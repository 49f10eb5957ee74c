"""What happens to files while a cell runs, as it is told: each costs a `stat`, and is hashed only if it must be."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

from nbledger.capture.redaction.secrets import redact
from nbledger.capture.world import audit, commands
from nbledger.capture.world.file_contents import Contents, State, listing, state_of, unknown_file
from nbledger.capture.world.file_places import Places, source_of
from nbledger.capture.world.file_use import Touched
from nbledger.capture.world.local_modules import LocalModules
from nbledger.records import Version

_WRITES = os.O_WRONLY | os.O_RDWR
_MOST_FILES_OF_A_FOLDER = 10_000
_MOST_FILES_AROUND = 1000
_HASHED_FOR_A_COMMAND = 16 << 20
_SELF_STARTED = ("multiprocessing", "joblib.externals.loky", "--multiprocessing-fork", "ipykernel_launcher")


ASKS_FOR_FILES = frozenset(
    "exists isfile is_file isdir is_dir stat lstat getsize getmtime getctime lexists access".split()
)
"""Names of functions that ask whether there is a file, or how large or old it is: no audit event tells of them."""
GUARDS = ASKS_FOR_FILES | {"suppress", "FileNotFoundError", "OSError", "Exception"}
"""What a cell mentions that removes a file only if there is one."""


class FileEvents(audit.Listener):
    """Keeps what a cell did to each file until the cell has ended."""

    def __init__(self, places: Places, contents: Contents) -> None:
        self._places = places
        self._contents = contents
        self._modules = LocalModules(places)
        self._mapped: set[str] = set()
        self._databases: dict[int, str] = {}
        self._connecting: dict[int, str] = {}
        self._scanned: set[str] = set()
        self._start()

    def _start(self) -> None:
        self._touched: dict[str, Touched] = {}
        self._listed: dict[str, tuple[Version, tuple[str, ...]]] = {}
        self._made_folders: set[str] = set()
        self._entered: set[str] = set()
        self._snapshots: dict[str, dict[str, State]] = {}
        self._sources: set[str] = set()
        self._urls: dict[str, None] = {}
        self._reached: dict[tuple[str, int], None] = {}
        self._opaque: dict[str, None] = {}

    def opened(self, path: str, mode: str | None, flags: int) -> None:  # noqa: ARG002 - the flags say all
        """A file is about to be opened."""
        if os.path.islink(path):
            if flags & _WRITES:
                self.changed(path)  # what was written went where the link leads
            else:
                self.read(path)
            path = os.path.realpath(path)
        if not flags & _WRITES:
            self.read(source_of(path))
        elif flags & os.O_TRUNC or (flags & os.O_CREAT and state_of(path) is None):
            self.make(path)
        else:
            self.changed(path)

    def read(self, path: str) -> None:
        """A file is about to be read; of a folder, the files in it."""
        touched = self._touch(path)
        if touched is not None and not touched.made and not (touched.before is not None and touched.before.folder):
            touched.read = True
            if path.endswith(".py"):
                self._modules.forget()

    def read_all(self, path: str) -> None:
        """A file, or all files of a folder and of the folders in it, are about to be read."""
        if not os.path.isdir(path):
            self.read(path)
        elif self._places.counts(path):
            self.listed(path)
            for found in self._files_of(path):
                self.read(found)

    def scanned(self, path: str) -> None:
        """A file is about to be read, and again whenever a plan that names it is carried out."""
        self._scanned.add(path)
        self.read_all(path)

    def make(self, path: str) -> None:
        """A file is about to be made anew, over one that there may be."""
        touched = self._touch(path)
        if touched is not None:
            if touched.read:
                self._secure(path, touched)
            touched.made = True

    def changed(self, path: str) -> None:
        """A file is about to be changed in place, or may be."""
        touched = self._touch(path)
        if touched is not None and not touched.made:
            self._secure(path, touched)
            touched.changed = True
            touched.made = touched.before is None

    def make_within(self, path: str) -> None:
        """Files are about to be written somewhere below a folder (or it may be a single file)."""
        if self._places.counts(path):
            if os.path.isdir(path):
                self._snapshot(path)
            else:
                self.make(path)
                self._snapshots[path] = {}

    def connected(self, database: str) -> None:
        """An SQLite database is about to be opened."""
        path = _database_path(database)
        if path is not None and self._places.counts(path):
            self._connecting[threading.get_ident()] = path
            self._database(path)

    def _database(self, path: str) -> None:
        self.changed(path)
        self.changed(f"{path}-wal")

    def connection(self, connection: Any) -> None:
        """The connection to a database that was just told of."""
        path = self._connecting.pop(threading.get_ident(), None)
        if path is None:
            self._databases.pop(id(connection), None)
        else:
            self._databases[id(connection)] = path

    def removed(self, path: str) -> None:
        """A file is about to be removed."""
        touched = self._touch(path)
        if touched is not None:
            if touched.read:
                self._secure(path, touched)
            touched.removed = touched.removed or not touched.made
            touched.made = True
            self._made_folders.discard(path)

    def renamed(self, src: str, dst: str) -> None:
        """A file or a folder is about to be renamed."""
        state = state_of(src)
        if state is not None and state.folder:
            self._made(dst)
            for path in self._files_of(src):
                self._moved(path, dst + path[len(src) :])
        else:
            self._moved(src, dst)

    def _moved(self, src: str, dst: str) -> None:
        source = self._touch(src)
        if source is not None and not source.made:
            source.read = source.read or source.before is not None
            self._secure(src, source)
        if source is not None:
            source.made = True
        self.make(dst)
        target = self._touched.get(dst)
        if target is not None:
            target.moved_from = src

    def linked(self, src: str, dst: str) -> None:
        """A link is about to be made."""
        self.read(src)
        self.make(dst)

    def truncated(self, path: str) -> None:
        """A file is about to be cut."""
        self.changed(path)

    def mapped(self, path: str) -> None:
        """A file is about to be mapped into memory."""
        touched = self._touch(path)
        if touched is not None:
            touched.mapped = True
            self._mapped.add(path)

    def listed(self, path: str) -> None:
        """A folder is about to be listed."""
        if path not in self._listed and self._places.counts(path):
            with audit.paused():
                try:
                    names = sorted(os.listdir(path))
                except OSError:
                    return
            counting = tuple(name for name in names if self._places.counts(f"{path}{os.sep}{name}"))
            self._listed[path] = listing(counting), tuple(f"{path}{os.sep}{name}" for name in counting)

    def made(self, path: str) -> None:
        """A folder is about to be made."""
        if state_of(path) is None:
            self._made(path)

    def moved(self, path: str | None) -> None:
        """The current folder is about to be another one."""
        if path is not None:
            self._entered.add(path)

    def _made(self, path: str) -> None:
        if self._places.counts(path):
            self._made_folders.add(path)

    def started(self, command: str | tuple[str, ...], cwd: str | None, *, by_library: bool) -> None:
        """A process is about to be started."""
        if any(mark in word for mark in _SELF_STARTED for word in command):
            return
        self._command(command, cwd, quiet=by_library)

    def requested(self, url: str) -> None:
        """A URL is about to be requested."""
        self._urls[redact(url)] = None

    def reached(self, host: str, port: int) -> None:
        """A network connection is about to be made."""
        self._reached[host, port] = None

    def missed(self, event: str, error: Exception) -> None:
        """An event could not be followed."""
        self._opaque[f"{event} could not be followed: {type(error).__name__}"] = None

    def _touch(self, path: str) -> Touched | None:
        touched = self._touched.get(path)
        if touched is None and self._places.counts(path):
            touched = self._touched[path] = Touched(state_of(path))
        return touched

    def _secure(self, path: str, touched: Touched) -> None:
        """Hash a file as it is now, because the cell is about to change it."""
        if touched.version is None and touched.before is not None and not touched.before.folder:
            with audit.paused():
                try:
                    touched.version = self._contents.version(path, touched.before)
                except OSError:
                    touched.version = unknown_file(path)

    def _command(self, command: str | Sequence[str], cwd: str | None, *, quiet: bool = False) -> None:
        folder = cwd or os.getcwd()
        with audit.paused():
            for path, how in commands.named_files(command, folder):
                self._name(path, how)
        program = commands.program(command)
        if program:
            self._snapshot_around(folder)
        if program and not quiet:
            self._opaque[f"shell command {program}"] = None

    def _name(self, path: str, how: str) -> None:
        if how == "listed":
            self.listed(path)
            return
        touched = self._touch(path)
        if touched is None:
            return
        if touched.before is not None and touched.before.folder:
            self.listed(path)
            self._snapshot(path)
        elif how == "made":
            touched.made = True
        elif not touched.made:
            touched.named = True
            touched.read = touched.read or touched.before is not None
            if touched.before is not None and touched.before.size <= _HASHED_FOR_A_COMMAND:
                self._secure(path, touched)

    def _snapshot(self, folder: str) -> None:
        if folder not in self._snapshots:
            found = ((path, state_of(path)) for path in self._files_of(folder))
            self._snapshots[folder] = {path: state for path, state in found if state is not None}

    def _snapshot_around(self, folder: str) -> None:
        """Take note of the files in a folder where a process works: it tells nobody what it writes."""
        if self._places.counts(folder) and folder not in self._snapshots:
            found = self._files_of(folder, _MOST_FILES_AROUND + 1)
            if len(found) <= _MOST_FILES_AROUND:
                states = ((path, state_of(path)) for path in found)
                self._snapshots[folder] = {path: state for path, state in states if state is not None}

    def _files_of(self, folder: str, most: int = _MOST_FILES_OF_A_FOLDER) -> list[str]:
        """Return the files below a folder, however deep, up to a number beyond which nobody reads them all."""
        found: list[str] = []
        with audit.paused():
            for place, folders, names in os.walk(folder):
                folders[:] = [name for name in folders if self._places.counts(f"{place}{os.sep}{name}")]
                found.extend(f"{place}{os.sep}{name}" for name in names)
                if len(found) > most:
                    break
        return found[:most]


def _database_path(database: str) -> str | None:
    """Return the file of an SQLite database as given to `connect`; `None` for one in memory."""
    if database.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        parts = urlsplit(database)
        if "mode=memory" in parts.query:
            return None
        database = unquote(parts.path)
    if not database or database.startswith(":memory:"):
        return None
    return audit.absolute(database)
