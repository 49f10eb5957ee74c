"""Connections across `os.fork`.

SQLite must not be carried over a fork (https://sqlite.org/howtocorrupt.html, 2.6). Three things keep that: no fork
happens inside a write transaction, because forking takes each database's write lock first; a child never uses nor
closes what it inherited, it opens connections of its own; and, because SQLite's bookkeeping in the child believes that
it holds the parent's shared lock on the file, the child takes that lock for real.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbledger.ledger.connection import Connection, Database

#: Bytes of the file that SQLite locks for a reader (os_unix.c: SHARED_FIRST, SHARED_SIZE).
_SHARED_FIRST, _SHARED_SIZE = 0x40000000 + 2, 510

_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_connections: weakref.WeakKeyDictionary[Connection, Database] = weakref.WeakKeyDictionary()
_held: list[Any] = []  # what a child inherited (or locked), kept so that it is never closed
_locked: list[Database] = []
_state = {"child": False}


def register(database: Database) -> None:
    """Have `database` survive forks."""
    _databases.add(database)


def connect(database: Database, target: str, factory: type[Connection]) -> Connection:
    """Open a connection in autocommit mode to a path or `file:` URI, remembered for the next fork."""
    if _state["child"]:
        _hold_shared_lock(database)
    connection = sqlite3.connect(
        target,
        timeout=10.0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        uri=target.startswith("file:"),
        factory=factory,
    )
    _connections[connection] = database
    return connection


def close_all(database: Database) -> None:
    """Close all connections of this process to `database`."""
    for connection in [found for found, owner in _connections.items() if owner is database]:
        connection.close()
        _connections.pop(connection, None)


def _hold_shared_lock(database: Database) -> None:
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        handle = os.open(database.path, os.O_RDWR)
        _held.append(handle)
        fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)


def _before() -> None:
    _locked[:] = list(_databases)
    for database in _locked:
        database._lock.acquire()


def _after_in_parent() -> None:
    for database in _locked:
        database._lock.release()
    _locked.clear()


def _after_in_child() -> None:
    _held.extend(_connections)
    _connections.clear()
    _state["child"] = True
    for database in _locked:
        database._generation += 1
        database._lock.release()
    _locked.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
