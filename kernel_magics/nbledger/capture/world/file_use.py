"""From what happened to each file in a cell to the edges that are recorded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from nbledger.capture.world.file_contents import Contents, State, settled, state_of, unknown_file
from nbledger.capture.world.file_places import Places
from nbledger.records import ABSENT, Edge, Version


class FileUse(NamedTuple):
    """What a cell did with files, folders and URLs, ready to be recorded."""

    used: tuple[Edge, ...] = ()
    generated: tuple[Edge, ...] = ()
    versions: tuple[Version, ...] = ()
    opaque: tuple[str, ...] = ()


@dataclass(slots=True)
class Touched:
    """What happened to one path in a cell.

    `before` is its state when it was first touched and `version` its content then, where that had to be known at
    once. It was `read` before the cell made it; `made` anew (cut to nothing, moved here); `changed` in place, or
    opened such that it may be; `removed` as it was; only `named`, by a command; `mapped` into memory, where changes
    leave no mark. `beside` says that it changed in a file beside it (a database's write-ahead log), though its own
    bytes may be the same.
    """

    before: State | None
    version: Version | None = None
    read: bool = False
    made: bool = False
    changed: bool = False
    named: bool = False
    mapped: bool = False
    beside: bool = False
    removed: bool = False
    moved_from: str | None = None

    @property
    def maybe_written(self) -> bool:
        """Whether it may be another file than before."""
        return self.made or self.changed or self.named


@dataclass(slots=True)
class Edges:
    """Collects edges and the versions that they name, each once."""

    used: dict[tuple[str, str], Edge] = field(default_factory=dict)
    generated: dict[tuple[str, str], Edge] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    opaque: dict[str, None] = field(default_factory=dict)

    def use(self, name: str, version: Version, *, role: str = "file", time: float | None = None) -> None:
        """Add a used version; the first one under a name holds."""
        self.versions[version.hash] = version
        self.used.setdefault((role, name), Edge(version.hash, name, role, time=time))

    def generate(self, name: str, version: Version, *, derived: bool = False, time: float | None = None) -> None:
        """Add a generated version; the last one under a name holds."""
        self.versions[version.hash] = version
        self.generated["file", name] = Edge(version.hash, name, "file", derived=derived, time=time)

    def done(self) -> FileUse:
        """Return what was collected."""
        return FileUse(
            tuple(self.used.values()), tuple(self.generated.values()), tuple(self.versions.values()), tuple(self.opaque)
        )


class Settling:
    """Works out, at the end of a cell, what became of each path. `known` holds what the session's cells made."""

    def __init__(self, places: Places, contents: Contents, known: dict[str, Version], edges: Edges) -> None:
        self._places = places
        self._contents = contents
        self._known = known
        self._edges = edges
        self._now = time.time_ns()

    def settle(self, path: str, touched: Touched) -> bool:
        """Add the edges of one path; returns whether the cell changed it."""
        now = state_of(path)
        before = touched.before
        if now is None:
            return self._gone(path, touched)
        if now.folder:
            return False
        if touched.moved_from is not None:
            self._contents.moved(touched.moved_from, path, now)
        if not touched.maybe_written:
            self._read(path, touched, now)
            return False
        if before is None or before.folder or touched.beside or not self._same(path, touched, now):
            return self._written(path, touched, now)
        self._read(path, touched, now)
        return False

    def _same(self, path: str, touched: Touched, now: State) -> bool:
        """Tell whether a file that may have been written is what it was: nothing came of it."""
        if touched.before != now:
            return touched.changed and not touched.made and touched.version == self._version(path, now)
        if touched.made:
            # An open that failed leaves everything as it was; one that succeeded changed at least the time.
            return settled(now, self._now)
        if touched.mapped or not settled(now, self._now):
            return touched.version is None or touched.version == self._version(path, now, sure=not touched.mapped)
        return True

    def _written(self, path: str, touched: Touched, now: State) -> bool:
        name = self._places.name(path)
        fresh = touched.made or touched.before is None
        version = self._version(path, now, sure=not touched.mapped)
        if touched.before is not None and (touched.read or not fresh):
            self._use_before(path, touched)
        elif touched.before is None and touched.read:
            self._edges.use(name, ABSENT)
        self._edges.generate(name, version, derived=not fresh, time=now.time)
        self._known[path] = version
        return True

    def _read(self, path: str, touched: Touched, now: State) -> None:
        before, version = touched.before, touched.version
        if before is None:
            return
        if version is None:
            version = self._version(path, now)
            if before != now:
                name = self._places.name(path)
                self._edges.opaque[f"{name} was changed from outside while the cell ran"] = None
        self._edges.use(self._places.name(path), version, time=before.time)

    def _use_before(self, path: str, touched: Touched) -> None:
        assert touched.before is not None
        if touched.version is not None:
            self._edges.use(self._places.name(path), touched.version, time=touched.before.time)
        elif touched.read:
            self._edges.use(self._places.name(path), unknown_file(path), time=touched.before.time)

    def _gone(self, path: str, touched: Touched) -> bool:
        name = self._places.name(path)
        if touched.before is None:
            if touched.read:  # it was looked for in vain: that it was not there is what the cell met
                self._edges.use(name, ABSENT)
            return False
        if touched.before.folder and not touched.maybe_written:
            return False
        if touched.read:
            self._use_before(path, touched)
        self._edges.generate(name, ABSENT)
        self._known[path] = ABSENT
        return True

    def _version(self, path: str, state: State, *, sure: bool = True) -> Version:
        try:
            return self._contents.version(path, state, sure=sure)
        except OSError as error:
            self._edges.opaque[f"{self._places.name(path)} could not be read: {error.strerror}"] = None
            return unknown_file(path)
