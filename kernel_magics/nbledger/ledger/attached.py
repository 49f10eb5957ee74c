"""A connection to a ledger with another database attached for reading, as `other`."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbledger.ledger import forks, schema
from nbledger.ledger.connection import BUSY_SECONDS, Connection, Database
from nbledger.ledger.errors import LedgerCorrupt, LedgerMissing, LedgerReadOnly, translate


@contextlib.contextmanager
def attach(database: Database, path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection of its own to `database` that sees the ledger at `path` as `other`.

    The other one is never written: an older one is upgraded in a copy. It must have our schema to the letter, so that
    no view or trigger of a stranger's runs. Raises `LedgerMissing`, `LedgerTooNew`, `LedgerCorrupt`.
    """
    if not path.is_file():
        raise LedgerMissing(path=str(path), detail="no such file")
    if database.read_only:
        raise LedgerReadOnly(path=str(database.path), detail="it was opened for reading")
    database.connection()
    with contextlib.ExitStack() as stack:
        try:
            target = stack.enter_context(_readable(path))
            connection = forks.connect(database, database.path.as_uri() + "?mode=rw", Connection)
            stack.callback(connection.close)
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("ATTACH DATABASE ? AS other", (target,))
            if _schema(connection, "other") != _schema(connection, "main"):
                raise LedgerCorrupt(path=str(path), detail="its tables are not a ledger's")
        except (sqlite3.Error, OSError) as error:
            raise translate(error, path) from error
        yield connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Hold a write transaction on the connection's main database."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise translate(error, path) from error


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[str]:
    """Yield a URI by which a current form of the ledger at `path` can be attached for reading."""
    with tempfile.TemporaryDirectory(prefix="nbledger-") as folder:
        for query in ("?mode=ro", "?mode=ro&immutable=1"):
            source = sqlite3.connect(path.as_uri() + query, uri=True, isolation_level=None)
            with contextlib.closing(source):
                try:
                    found = schema.state(source, path)
                except sqlite3.OperationalError:
                    continue
                if found == schema.VERSION:
                    yield path.as_uri() + query
                    return
                copy = Path(folder) / "ledger.db"
                _upgraded_copy(source, copy)
                yield copy.as_uri() + "?mode=ro"
                return
        raise LedgerCorrupt(path=str(path), detail="it cannot be opened for reading")


def _upgraded_copy(source: sqlite3.Connection, copy: Path) -> None:
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute("BEGIN IMMEDIATE")
        if schema.state(target, copy) == 0:
            schema.create(target)
        else:
            schema.upgrade(target)
        target.execute("COMMIT")


def _schema(connection: sqlite3.Connection, name: str) -> set[tuple[str, str, str]]:
    rows = connection.execute(f"SELECT type, name, sql FROM {name}.sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    return {(kind, thing, " ".join((sql or "").split())) for kind, thing, sql in rows}
