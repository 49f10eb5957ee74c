"""Files as a cell uses and makes them: by content, under their path relative to the project.

Told of each file by the audit events (`audit`), by the functions of libraries that open files in C (`file_calls`), by
the commands that the cell gives to a shell, and by the values that it works with (an open file, a connection).
While the cell runs a file costs one `stat`; its bytes are read then only if the cell is about to change what it has
read, and else when the cell has ended. A folder that is listed is a version too: its sorted names.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from nbledger.capture.world import audit, commands
from nbledger.capture.world.file_contents import Contents, State, listing, state_of, unknown_url
from nbledger.capture.world.file_events import ASKS_FOR_FILES, GUARDS, FileEvents
from nbledger.capture.world.file_places import Places
from nbledger.capture.world.file_use import Edges, FileUse, Settling, Touched
from nbledger.capture.world.file_values import behind, connection_of
from nbledger.records import ABSENT, Version

__all__ = ["FileUse", "Files"]

_MOST_WATCHED = 64
_HASHED_WHILE_MAPPED = 64 << 20


class Files(FileEvents):
    """The files of one session. `root` is the project's; `ignore` are folders whose files do not count.

    Files of more than `sample_over` bytes are sampled, and their versions say so; none by default.
    """

    def __init__(self, root: Path, ignore: Sequence[Path] = (), *, sample_over: int | None = None) -> None:
        super().__init__(Places(root, ignore), Contents(sample_over))
        self._known: dict[str, Version] = {}
        self._folders: dict[str, Version] = {}
        self._loaded: dict[str, tuple[Version, float]] = {}
        self._watched: dict[str, State] = {}
        self._asked: list[str] = []
        self._guarded = False

    @property
    def are_closed(self) -> bool:
        """Whether no file is open that an earlier cell wrote: such a one may still be written, by a process say."""
        return not self._watched

    def begin(self) -> None:
        """Start anew for a cell that is about to run."""
        self._asked = []
        self._start()

    def end(self) -> FileUse:
        """Return what the cell did with files since `begin`."""
        with audit.paused():
            edges = Edges(opaque=dict(self._opaque))
            settling = Settling(self._places, self._contents, self._known, edges)
            self._compare_snapshots()
            self._add_databases()
            for path, state in self._watched.items():
                mapped = path in self._mapped and state.size <= _HASHED_WHILE_MAPPED
                if path not in self._touched and (mapped or state_of(path) != state):
                    self._touched[path] = Touched(state, self._known.get(path), changed=True, mapped=mapped)
            self._add_removed(edges)
            written = [path for path, touched in list(self._touched.items()) if settling.settle(path, touched)]
            self._add_asked(edges)
            self._add_folders(edges)
            self._add_modules(edges)
            self._add_urls(edges)
            self._watch(written)
        return edges.done()

    # What the cell says and works with

    def note_commands(self, given: Iterable[str], namespace: Mapping[str, Any]) -> None:
        """Take note of shell commands (`!`, `%%bash`) before they run: the files that they name."""
        for command in given:
            self._command(commands.expand(command, namespace), None)

    def note_values(self, values: Iterable[Any]) -> None:
        """Take note of the values that the cell works with, before it runs or after: the files behind them."""
        for value in values:
            if isinstance(value, (ModuleType, FunctionType, type)):
                self._sources |= self._modules.files_of(value)
                continue
            database = self._databases.get(id(connection_of(value)))
            if database is not None:
                self._database(database)
            for path, access in behind(value):
                self._behind(path, access)

    def note_asked(self, mentions: Collection[str], texts: Collection[str]) -> None:
        """Take note of files that a cell may ask for (`os.path.exists`), where an earlier cell made or removed them.

        Python tells of no such question; so the texts that the cell has at hand say which files it means.
        """
        self._guarded = not GUARDS.isdisjoint(mentions)
        if asks(mentions) and (self._known or self._folders):
            ends = tuple(os.sep + os.path.normpath(text).lstrip(f".{os.sep}") for text in texts if 0 < len(text) < 1024)
            self._asked = [path for path in (*self._known, *self._folders) if path.endswith(ends)]

    def note_names(self, constants: Iterable[str], mentions: Collection[str]) -> None:
        """Take note of the files named by a cell that mentions a function which opens files in C, unseen by us."""
        from nbledger.capture.world.file_calls import opens_unseen

        if opens_unseen(mentions):
            for text in constants:
                if 0 < len(text) < 1024 and "\n" not in text and ("." in text or "/" in text) and "://" not in text:
                    self._name(os.path.abspath(text), "any")

    def _behind(self, path: str, access: str) -> None:
        if access == "url":
            self.requested(path)
        elif access == "plan":
            for scanned in self._scanned:
                if os.path.basename(scanned) in path or "other " in path:
                    self.read(scanned)
        else:
            place = os.path.abspath(path)
            if access == "read":
                self.read(place)
            else:
                self.changed(place)
                if access == "map":
                    self.mapped(place)

    # When the cell has ended

    def _add_removed(self, edges: Edges) -> None:
        """Removing a file takes that it is there, as an earlier cell made it."""
        for path, touched in self._touched.items():
            known = self._known.get(path) or self._folders.get(path)
            if touched.removed and not self._guarded and known is not None and known is not ABSENT:
                edges.use(self._places.name(path), known)

    def _add_asked(self, edges: Edges) -> None:
        for path in self._asked:
            if path not in self._touched:
                edges.use(self._places.name(path), self._known.get(path) or self._folders[path])

    def _compare_snapshots(self) -> None:
        """Find the files below a folder that are others than before."""
        for folder, before in self._snapshots.items():
            now = self._files_of(folder)
            for path in now:
                state = before.get(path)
                if path not in self._touched and self._places.counts(path) and state_of(path) != state:
                    self._touched[path] = Touched(state, changed=state is not None, made=state is None)
            for path in before.keys() - set(now) - self._touched.keys():
                self._touched[path] = Touched(before[path], made=True)

    def _add_databases(self) -> None:
        """A database whose write-ahead log has grown is another one, though its main file is the same."""
        for path in [path for path in self._touched if path.endswith("-wal")]:
            wal, main = self._touched[path], self._touched.get(path.removesuffix("-wal"))
            state = state_of(path)
            if state is not None and state.size == 0:
                del self._touched[path]
            elif state is not None and main is not None and state != wal.before:
                main.beside = True

    def _add_folders(self, edges: Edges) -> None:
        by_command = (path for path, touched in self._touched.items() if touched.named and touched.before is None)
        made = {path for path in (*self._made_folders, *by_command) if os.path.isdir(path)}
        absent = [path for path, version in self._known.items() if version is ABSENT] if self._listed else []
        for path, (version, members) in self._listed.items():
            if path not in made:
                edges.use(self._places.name(path), version)
            for member in (*members, *(gone for gone in absent if _parent(gone) == path)):
                if member in self._known and member not in self._touched:
                    edges.use(self._places.name(member), self._known[member])
        within = (f"{path}{os.sep}." for path in self._entered)
        for path in (*self._touched, *made, *within):
            if (folder := self._made_above(path)) is not None and folder not in made:
                edges.use(self._places.name(folder), self._folders[folder])
        for path in made:
            version = self._folders[path] = listing(())
            edges.generate(self._places.name(path), version)
        for path in [path for path in self._folders if path in self._touched and path not in made]:
            if not os.path.isdir(path):
                del self._folders[path]

    def _made_above(self, path: str) -> str | None:
        """Return the nearest folder above that a cell of this session made."""
        if self._folders:
            while (parent := _parent(path)) != path:
                if parent in self._folders:
                    return parent
                path = parent
        return None

    def _add_modules(self, edges: Edges) -> None:
        for path, touched in self._touched.items():
            used = edges.used.get(("file", self._places.name(path)))
            if path.endswith(".py") and touched.read and used is not None:
                self._loaded[path] = edges.versions[used.version], used.time or 0.0
        for path in self._sources - self._touched.keys():
            state = state_of(path)
            if path not in self._loaded and state is not None:
                try:
                    self._loaded[path] = self._contents.version(path, state), state.time
                except OSError:
                    continue
            if path in self._loaded:
                version, time = self._loaded[path]
                edges.use(self._places.name(path), version, time=time)

    def _add_urls(self, edges: Edges) -> None:
        for url in self._urls:
            edges.use(url, unknown_url(url), role="url")
        if not self._urls:
            for host, port in self._reached:
                edges.use(f"tcp://{host}:{port}", unknown_url(host), role="url")

    def _watch(self, written: list[str]) -> None:
        """Keep an eye on the files that a later cell may go on writing through a handle that is still open."""
        watched = list(dict.fromkeys([*self._watched, *written, *self._mapped]))
        self._watched = {}
        if watched:
            still_open = _open_files()
            for path in watched[-_MOST_WATCHED:] if still_open is None else watched:
                state = state_of(path)
                if state is not None and (still_open is None or os.path.realpath(path) in still_open):
                    self._watched[path] = state
        self._mapped &= self._watched.keys()


def asks(mentions: Collection[str]) -> bool:
    """Tell whether a cell that mentions these names may ask whether there is a file, or how large or old it is."""
    return not ASKS_FOR_FILES.isdisjoint(mentions)


def _parent(path: str) -> str:
    return os.path.dirname(path)


def _open_files() -> set[str] | None:
    """Return the files that this process has open; `None` where the system does not say."""
    try:
        numbers = os.listdir("/proc/self/fd")
    except OSError:
        return None
    found = set()
    for number in numbers:
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue
    return found
