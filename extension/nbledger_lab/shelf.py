"""The ledgers that the server has open: one `Ledger` each, looked at before it is used, and never changed by reading.

Opening a `Ledger` brings an older schema up to date. A server that only shows must not do that, so the file is looked
at first, on a connection of its own: what is missing, older, newer, locked or damaged is told, and left as it is.

A ledger's `version` is a text that changes whenever anybody writes: `PRAGMA data_version` of one connection that never
writes itself (https://sqlite.org/pragma.html#pragma_data_version), and which file it is.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nbledger.ledger import Ledger, schema
from nbledger.ledger.errors import (
    LedgerCorrupt,
    LedgerError,
    LedgerLocked,
    LedgerMissing,
    LedgerTooNew,
    LedgerTooOld,
    translate,
)
from nbledger.ledger.location import DATABASE
from nbledger_lab.places import Place
from nbledger_lab.problems import Problem

State = Literal["ok", "none", "older", "newer", "locked", "corrupt", "unreadable"]
MOST_OPEN = 16
#: Seconds that a request waits for somebody who holds the ledger for himself, and for the write lock.
READ_PATIENCE, WRITE_PATIENCE = 1.0, 4.0
#: For so long a locked ledger is not asked again, so that who asks does not queue up behind the lock.
LOCKED_SECONDS = 0.5
#: How often what is told of open runs is looked at anew, though nobody wrote.
OPEN_SECONDS = 5
_WAYS = ("?mode=rw", "?mode=ro", "?mode=ro&immutable=1")
_STATUS = {"none": 404, "older": 409, "newer": 409, "locked": 503, "corrupt": 409, "unreadable": 403}
_SAYS: dict[State, tuple[str, str]] = {
    "ok": ("", ""),
    "none": (
        "There is no ledger here yet.",
        "Run a cell that begins with %%track (after %load_ext nbledger): the ledger is made then.",
    ),
    "older": (
        "This ledger was written by an older nbledger; looking at it does not change it.",
        "Run a cell in one of its notebooks, or `nbledger doctor`: either brings it up to date.",
    ),
    "newer": (
        "This ledger was written by a newer nbledger than the server's.",
        "Upgrade nbledger where the Jupyter server runs, and start the server again.",
    ),
    "locked": (
        "Another process holds this ledger for itself.",
        "This view goes on by itself as soon as that process is done; `nbledger doctor` tells more.",
    ),
    "corrupt": (
        "This ledger is damaged, or is not a ledger; it was left as it is.",
        "Run `nbledger doctor`, which says what can be saved; `nbledger merge` takes a copy back in.",
    ),
    "unreadable": (
        "The server may not read this ledger, or its disk does not answer.",
        "Give the server's account the right to read the folder .nbledger, or check the disk.",
    ),
}
_READ_ONLY_OLDER = (
    "It is read-only here, so nothing can bring it up to date in place: make the folder .nbledger writable, or copy it "
    "to where you may write; then run `nbledger doctor` there."
)


@dataclass(frozen=True, slots=True)
class Condition:
    """How it stands with a ledger; `is_writable` by the server's account."""

    state: State
    is_writable: bool = True

    @property
    def message(self) -> str:
        """What is the matter, in words; empty when nothing is."""
        return _SAYS[self.state][0]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _READ_ONLY_OLDER if self.state == "older" and not self.is_writable else _SAYS[self.state][1]

    def problem(self) -> Problem:
        """Return the problem that a request for anything but its state is answered with."""
        kind = {"none": "no-ledger", "older": "older-ledger", "newer": "newer-ledger"}.get(self.state, self.state)
        return Problem(_STATUS[self.state], kind, self.message, self.remedy, state=self.state)


class Shelf:
    """The open ledgers of one server; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._books: OrderedDict[Path, _Book] = OrderedDict()

    @contextlib.contextmanager
    def open(self, place: Place) -> Iterator[Ledger]:
        """Hold the ledger of a place. Raises the `Problem` of one that is not as it should be."""
        with self._book(place.folder) as book:
            yield book.ledger()

    def condition(self, place: Place) -> Condition:
        """Return how it stands with the ledger of a place."""
        with self._book(place.folder) as book:
            return book.condition()

    def version(self, place: Place) -> str:
        """Return a text that is another one after each change; of a ledger that is not as it should be, its state."""
        with self._book(place.folder) as book:
            return book.version()

    def tag(self, place: Place) -> str:
        """Return the version, and while runs are open another one every few seconds: their process may have died."""
        with self._book(place.folder) as book:
            return book.tag()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            for book in self._books.values():
                book.close()
            self._books.clear()

    @contextlib.contextmanager
    def _book(self, folder: Path) -> Iterator[_Book]:
        with self._lock:
            book = self._books.get(folder)
            if book is None:
                book = self._books[folder] = _Book(folder)
            self._books.move_to_end(folder)
            book.users += 1
            spare = len(self._books) - MOST_OPEN
            for old in [one for one in self._books.values() if not one.users][: max(spare, 0)]:
                del self._books[old.folder]
                old.close()
        try:
            yield book
        finally:
            with self._lock:
                book.users -= 1


class _Book:
    """One ledger's folder: the `Ledger` when it is open, and the connection that tells its version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self.users = 0
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None
        self._seen: tuple[object, ...] | None = None
        self._immutable = False
        self._watch: sqlite3.Connection | None = None
        self._nonce = ""
        self._locked_until = 0.0

    def ledger(self) -> Ledger:
        """Return the open ledger. Raises the `Problem` of one that is not as it should be."""
        with self._lock:
            condition = self._look()
            if condition.state != "ok":
                raise condition.problem()
            if self._ledger is None:
                self._ledger = self._opened()
            ledger = self._ledger
        ledger.database.connection().execute(f"PRAGMA busy_timeout = {int(READ_PATIENCE * 1000)}")
        return ledger

    def condition(self) -> Condition:
        with self._lock:
            return self._look()

    def version(self) -> str:
        with self._lock:
            condition = self._look()
            if condition.state != "ok" or self._watch is None:
                return condition.state
            try:
                (number,) = self._watch.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error:
                self._forget()
                return "locked"
            return f"{self._nonce}-{number}"

    def tag(self) -> str:
        with self._lock:
            turn = ""
            if self._look().state == "ok" and self._watch is not None:
                try:
                    (is_open,) = self._watch.execute("SELECT EXISTS (SELECT 1 FROM open_run)").fetchone()
                except sqlite3.Error:
                    is_open = True
                turn = f"-{time.time() // OPEN_SECONDS:.0f}" if is_open else ""
        return f"{self.version()}{turn}"

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _opened(self) -> Ledger:
        try:
            ledger = Ledger(self.folder, create=False)
        except LedgerError as error:
            raise Condition(_state_of(error), _is_writable(self.path)).problem() from error
        ledger.database.patience = WRITE_PATIENCE
        return ledger

    def _look(self) -> Condition:
        """Look at the file unless it is the one that was looked at before and was in order."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._forget()
            return Condition("none")
        except OSError:
            self._forget()
            return Condition("unreadable")
        if self._watch is not None and self._marks(status) == self._seen:
            return Condition("ok")
        self._forget()
        if time.monotonic() < self._locked_until:
            return Condition("locked")
        if not self.path.is_file():
            return Condition("corrupt")
        state, watch, self._immutable = _examined(self.path)
        if state == "locked":
            self._locked_until = time.monotonic() + LOCKED_SECONDS
        if watch is not None:
            self._watch, self._seen, self._nonce = watch, self._marks(status), os.urandom(6).hex()
        return Condition(state, _is_writable(self.path))

    def _marks(self, status: os.stat_result) -> tuple[object, ...]:
        """Return what must stay as it is for the open ledger to be this file, with the same rights.

        SQLite takes an `immutable` file at its word and never looks whether it changed, so that is done here.
        """
        marks: tuple[object, ...] = (status.st_dev, status.st_ino, _is_writable(self.path))
        if self._immutable:
            marks += (status.st_mtime_ns, status.st_size, self.path.with_name(f"{DATABASE}-wal").exists())
        return marks

    def _forget(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
        if self._watch is not None:
            self._watch.close()
        self._ledger = self._watch = self._seen = None


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _examined(path: Path) -> tuple[State, sqlite3.Connection | None, bool]:
    """Return a ledger's state and, when it is in order, a connection that reads it, and whether as `immutable`.

    Nothing is changed. A folder that may not be written to has no place for the files of SQLite's WAL; where no writer
    has made them, the file can only be read as one that nobody changes.
    """
    state: State = "unreadable"
    for way in _WAYS:
        connection = None
        try:
            connection = sqlite3.connect(
                path.as_uri() + way, uri=True, timeout=READ_PATIENCE, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA query_only = ON")
            found = schema.state(connection, path)
            if found == schema.VERSION:
                connection.execute("SELECT 1 FROM run LIMIT 1").fetchone()
                return "ok", connection, "immutable" in way
            state = "older" if found else "none"
        except (sqlite3.Error, LedgerError, OSError) as error:
            state = _state_of(translate(error, path))
        if connection is not None:
            connection.close()
        if state != "unreadable":
            return state, None, False
    return state, None, False


def _state_of(error: LedgerError) -> State:
    if isinstance(error, LedgerMissing):
        return "none"
    if isinstance(error, LedgerTooNew):
        return "newer"
    if isinstance(error, LedgerLocked):
        return "locked"
    if isinstance(error, LedgerCorrupt):
        return "corrupt"
    if isinstance(error, LedgerTooOld):
        return "older"
    return "unreadable"
