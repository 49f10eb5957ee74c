"""One SQLite database, used safely from many threads and processes.

Each thread has a connection of its own; writes are short `BEGIN IMMEDIATE` transactions in WAL mode with
`synchronous=NORMAL` (a killed process loses nothing that was committed; a power cut may lose the last transactions but
damages nothing). Writers of one process take turns at a lock, because SQLite's own waiting is a sleep; writers of
other processes are waited for, with jitter, up to `BUSY_SECONDS` (or the database's `patience`, in seconds).

The file may be deleted or replaced below a running process. Writes would then go to a file without a name and be lost
in silence, so its inode is compared before each transaction (2 microseconds) and the database opened anew.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from nbledger.ledger import forks, schema
from nbledger.ledger.errors import LedgerMissing, LedgerReadOnly, LedgerTooOld, LedgerWarning, translate

T = TypeVar("T")

BUSY_SECONDS = 10.0
_WAIT_SECONDS = 1.0
"""How long SQLite itself waits at a transaction's begin and end before we try again, while there is patience."""

#: SQLite keeps 2 MB of pages by default, which a question to 100,000 runs may need twice: it took 3 times as long then.
_CACHE = "PRAGMA cache_size = -16000"
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "fuse.gcsfuse", "fuse.s3fs"})


class Connection(sqlite3.Connection):
    """A connection that may be referenced weakly and that closes itself, as Python 3.13 demands."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


class Database:
    """The database file at `path`; created when it is missing and `create` is true."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._text = str(path)
        self._create = create
        self._local = threading.local()
        self._lock = threading.RLock()
        self._generation = 0
        self._inode: tuple[int, int] | None = None
        self._on_change: list[Callable[[], None]] = []
        self.read_only = False
        self.patience = BUSY_SECONDS
        forks.register(self)
        self.connection()

    # -- transactions -------------------------------------------------------------------------------------------

    def write(self) -> Transaction:
        """Hold one write transaction: committed at the end of the block, rolled back when it raises.

        Inside another write of the same thread it joins that one: when it raises, only its own part is undone.
        SQLite's errors arrive as `LedgerError`s.
        """
        return Transaction(self)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Hold one consistent view for several reads."""
        connection = self.connection()
        outer = connection.in_transaction
        try:
            if not outer:
                connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if not outer:
                    self._roll_back(connection)
        except (sqlite3.Error, OSError) as error:
            raise translate(error, self.path) from error

    def rows(self, sql: str, parameters: Any = ()) -> list[Any]:
        """Return all rows of one query."""
        connection = self.connection()
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def _begin(self, connection: sqlite3.Connection) -> None:
        if self.read_only:
            raise LedgerReadOnly(path=self._text, detail="it was opened for reading")
        local = self._local
        wait = min(self.patience, _WAIT_SECONDS)
        if getattr(local, "patience", None) != wait:
            connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
            local.patience = wait
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            _retry(lambda: connection.execute("BEGIN IMMEDIATE"), self.patience)

    def _end(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            _retry(lambda: connection.execute("COMMIT"), self.patience)

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    # -- connections --------------------------------------------------------------------------------------------

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, opened anew after a fork or when the file was deleted or replaced."""
        local = self._local
        found: sqlite3.Connection | None = getattr(local, "connection", None)
        if found is not None:
            try:
                status = os.stat(self._text)
                same = (status.st_dev, status.st_ino) == self._inode
            except OSError:
                same = False
            if same and local.generation == self._generation:
                return found
            if not same and found.in_transaction:
                return found  # let it end; the next transaction notices
        with self._lock:
            return self._open()

    def on_change(self, call: Callable[[], None]) -> None:
        """Have `call` called whenever the file below turns out to be another one, so that caches can be emptied."""
        self._on_change.append(call)

    def close(self) -> None:
        """Close this process's connections; the database opens again when it is next used."""
        with self._lock:
            forks.close_all(self)
            self._local = threading.local()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = self._connect()
        except (sqlite3.Error, OSError) as error:
            raise translate(error, self.path) from error
        status = os.stat(self._text)
        inode = (status.st_dev, status.st_ino)
        if inode != self._inode:
            if self._inode is not None:
                self._generation += 1
                for call in self._on_change:
                    call()
            self._inode = inode
        self._local.connection = connection
        self._local.generation = self._generation
        return connection

    def _connect(self) -> sqlite3.Connection:
        exists = self.path.is_file()
        if not exists and not self._create:
            raise LedgerMissing(path=self._text, detail="no such file")
        if not exists:
            _make_folder(self.path.parent)
        elif not os.access(self._text, os.W_OK) or not os.access(self.path.parent, os.W_OK):
            return self._connect_read_only()
        connection = forks.connect(self, self._text, Connection)
        try:
            return self._prepare(connection)
        except sqlite3.OperationalError as error:
            connection.close()
            if exists and error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                return self._connect_read_only()
            raise
        except BaseException:
            connection.close()
            raise

    def _prepare(self, connection: Connection) -> Connection:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        self._local.patience = BUSY_SECONDS
        if _retry(lambda: schema.state(connection, self.path)) != schema.VERSION:
            self._bring_up_to_date(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        # A checkpoint syncs the disk (5 ms and more) while a cell waits: every 16 MB of WAL instead of every 4.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute(_CACHE)
        return connection

    def _connect_read_only(self) -> Connection:
        self.read_only = True
        uri = self.path.as_uri()
        for query in ("?mode=ro", "?mode=ro&immutable=1"):
            connection = forks.connect(self, uri + query, Connection)
            try:
                found = schema.state(connection, self.path)
            except sqlite3.OperationalError:
                connection.close()
                continue
            if found != schema.VERSION:
                connection.close()
                raise LedgerTooOld(path=self._text, found=found, known=schema.VERSION)
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(_CACHE)
            return connection
        raise LedgerReadOnly(path=self._text, detail="and it cannot be opened for reading either")

    def _bring_up_to_date(self, connection: Connection) -> None:
        """Create or upgrade the schema; of several processes that try at once, one does it and the others see it."""
        _retry(lambda: connection.execute("BEGIN IMMEDIATE"))
        try:
            found = schema.state(connection, self.path)
            if found == 0:
                schema.create(connection)
            elif found < schema.VERSION:
                schema.upgrade(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise
        set_journal_mode(connection, self.path)


class Transaction:
    """What `Database.write` holds. No generator: every cell holds two of them, and that would be ten calls more."""

    __slots__ = ("_connection", "_database", "_joined")

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        database = self._database
        database._lock.acquire()
        try:
            connection = self._connection = database.connection()
            self._joined = connection.in_transaction
            if self._joined:
                connection.execute("SAVEPOINT part")
            else:
                database._begin(connection)
        except BaseException as error:
            database._lock.release()
            self._tell(error)
            raise
        return connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._leave(failed=error is not None)
        except BaseException as raised:
            self._tell(raised)
            raise
        finally:
            self._database._lock.release()
        if error is not None:
            self._tell(error)

    def _leave(self, *, failed: bool) -> None:
        database, connection = self._database, self._connection
        if self._joined:
            _leave_savepoint(connection, failed=failed)
        elif failed:
            database._roll_back(connection)
        else:
            try:
                database._end(connection)
            except BaseException:
                database._roll_back(connection)
                raise

    def _tell(self, error: BaseException) -> None:
        """Raise what happened to the ledger as a `LedgerError`."""
        if isinstance(error, sqlite3.IntegrityError):
            return  # a fault of what was written, not of the ledger: the writer knows what to do
        if isinstance(error, (sqlite3.Error, OSError)):
            raise translate(error, self._database.path) from error


def _leave_savepoint(connection: sqlite3.Connection, *, failed: bool) -> None:
    if failed:
        if not connection.in_transaction:
            return
        connection.execute("ROLLBACK TO part")
    connection.execute("RELEASE part")


def set_journal_mode(connection: sqlite3.Connection, path: Path) -> str:
    """Choose WAL where the file system can hold it, else a rollback journal with one warning; return the mode."""
    if file_system(path.parent) not in _NETWORK:
        (mode,) = _retry(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
        if mode == "wal":
            return "wal"
    (mode,) = _retry(lambda: connection.execute("PRAGMA journal_mode = DELETE").fetchone())
    warnings.warn(
        f"The ledger {path} lies on a file system without reliable shared locks: it uses a slower journal; "
        "set NBLEDGER_DIR to a local folder if several processes write to it.",
        LedgerWarning,
        stacklevel=2,
    )
    return str(mode)


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds `folder` (Linux only, else an empty text)."""
    best, kind = "", ""
    try:
        place = os.path.realpath(folder)
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                _, point, found = line.split(" ", 3)[:3]
                inside = place == point or place.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, found
    except (OSError, ValueError):
        return ""
    return kind


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by nbledger: the ledger is shared by bundles and merges, not by Git.\n*\n")


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in _BUSY


def _retry(action: Callable[[], T], patience: float = BUSY_SECONDS) -> T:
    """Do `action`; where SQLite says busy without having waited, try again with jitter for `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - jitter, not a secret
