"""Ids to integer keys: the ledger's own small numbers for labels, versions, sources, sessions and shapes.

Looked up once and remembered for as long as transactions succeed; whatever goes wrong, the memory is dropped, because
a key may stem from a transaction that was rolled back or from a file that is no longer there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from blake3 import blake3

from nbledger.ledger.errors import NotFound
from nbledger.records import Column, Version

#: Remembered entries per kind; a version's entry is about 150 bytes.
_LIMIT = 50_000
#: Sources that are also remembered by their text: cells are run again and again.
_RECENT = 64

#: As `json.dumps(..., default=str)`, which would make an encoder each time.
_json = json.JSONEncoder(default=str).encode

_VERSION = """INSERT INTO version (key, hash, kind, exactness, type_name, shape, nbytes) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (hash) DO NOTHING"""


class Keys:
    """The keys that one ledger object has seen, per kind of thing."""

    def __init__(self) -> None:
        self._labels: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._recent: dict[str, int] = {}
        self._shapes: dict[str, int] = {}
        self.sessions: dict[str, int] = {}

    def clear(self) -> None:
        """Forget everything."""
        for memory in (self._labels, self._versions, self._sources, self._recent, self._shapes, self.sessions):
            memory.clear()

    def label(self, connection: sqlite3.Connection, text: str) -> int:
        """Return the key of a name of a param, metric or tag, made if it is new."""
        found = self._labels.get(text)
        if found is None:
            found = _get_or_add(connection, "label", "text", text)
            _remember(self._labels, text, found)
        return found

    def shape(self, connection: sqlite3.Connection, names: str) -> int:
        """Return the key of a list of names, made if it is new."""
        found = self._shapes.get(names)
        if found is None:
            found = _get_or_add(connection, "shape", "names", names)
            _remember(self._shapes, names, found)
        return found

    def source(self, connection: sqlite3.Connection, text: str) -> int:
        """Return the key of a text of code, stored once per distinct text."""
        found = self._recent.get(text)
        if found is not None:
            return found
        hash = blake3(text.encode()).hexdigest(length=16)
        found = self._sources.get(hash)
        if found is None:
            row = connection.execute("SELECT key FROM source WHERE hash = ?", (hash,)).fetchone()
            if row is None:
                row = (connection.execute("INSERT INTO source (hash, text) VALUES (?, ?)", (hash, text)).lastrowid,)
            found = int(row[0])
            _remember(self._sources, hash, found)
        if len(self._recent) >= _RECENT:
            self._recent.clear()
        self._recent[text] = found
        return found

    def version(self, connection: sqlite3.Connection, hash: str) -> int:
        """Return the key of a version that was recorded before. Raises `NotFound`."""
        found = self._versions.get(hash)
        if found is None:
            row = connection.execute("SELECT key FROM version WHERE hash = ?", (hash,)).fetchone()
            if row is None:
                raise NotFound(what="version", ref=hash, remedy="record the version before what refers to it")
            found = int(row[0])
            _remember(self._versions, hash, found)
        return found

    def add_versions(self, connection: sqlite3.Connection, versions: Iterable[Version]) -> None:
        """Record versions that are not there yet, with their columns. The transaction must be one that writes."""
        new = [version for version in versions if version.hash not in self._versions]
        if not new:
            return
        ((first,),) = connection.execute("SELECT ifnull(max(key), 0) + 1 FROM version")
        keyed = list(enumerate(new, first))
        done = connection.executemany(_VERSION, [(key, *_version(version)) for key, version in keyed])
        for key, version in keyed:
            if done.rowcount == len(keyed) or self.version(connection, version.hash) == key:
                _remember(self._versions, version.hash, key)
                if version.schema:
                    columns = [(key, position, *_column(column)) for position, column in enumerate(version.schema)]
                    connection.executemany("INSERT INTO version_column VALUES (?, ?, ?, ?, ?, ?)", columns)


def _remember(memory: dict[str, int], name: str, key: int) -> None:
    if len(memory) >= _LIMIT:
        memory.clear()
    memory[name] = key


def _get_or_add(connection: sqlite3.Connection, table: str, column: str, text: str) -> int:
    row = connection.execute(f"SELECT key FROM {table} WHERE {column} = ?", (text,)).fetchone()
    if row is not None:
        return int(row[0])
    return int(connection.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (text,)).lastrowid or 0)


def _version(version: Version) -> tuple[Any, ...]:
    # As JSON has it, at a tenth of the price.
    shape = None if version.shape is None else str([int(length) for length in version.shape])
    return version.hash, version.kind, version.exactness, version.type_name, shape, version.nbytes


def _column(column: Column) -> tuple[str, str, str, str | None]:
    profile = None if column.profile is None else _json(dict(column.profile))
    return column.name, column.dtype, column.hash, profile
