"""The writing side of a ledger: sessions, runs and what is recorded about them.

A run is one transaction before its code executes and one after it. Each call either writes all of what it was given or
raises a `LedgerError` and writes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from nbledger.ledger.connection import Database
from nbledger.ledger.errors import LedgerError, NotFound, translate
from nbledger.ledger.facts import Points, repack, write_facts, write_points
from nbledger.ledger.keys import Keys
from nbledger.ledger.location import relative
from nbledger.ledger.values import cleaned
from nbledger.records import Environment, Facts, GitState, RunEnd, RunStart, Session

T = TypeVar("T")

_SESSION = "INSERT OR IGNORE INTO session VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_RUN = "INSERT INTO run VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_RUN_END = "INSERT OR IGNORE INTO run_end VALUES (?, ?, ?, ?, ?, ?, ?)"
_NO_FACTS = Facts()


class Writer:
    """Writes to one database; remembers what this process began, in case the file vanishes under it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.keys = Keys()
        self._folder = folder
        self._sessions: dict[str, Session] = {}
        self._started: dict[str, tuple[int | None, RunStart]] = {}
        self.on_forget: Callable[[], None] = lambda: None
        database.on_change(self._forget_keys)

    def write(self, action: Callable[..., T], *records: Any) -> T:
        """Run `action(connection, *records)` in one transaction.

        It is run a second time when a remembered key proved stale, or when a text could not be stored as UTF-8 (then
        with that text escaped).
        """
        try:
            return self._write_once(action, *records)
        except sqlite3.IntegrityError:
            pass
        except UnicodeEncodeError:
            records = cleaned(records)
        try:
            return self._write_once(action, *records)
        except (sqlite3.IntegrityError, UnicodeEncodeError) as error:
            raise LedgerError(detail=f"The ledger {self.database.path} refused a record: {error}") from error

    def _write_once(self, action: Callable[..., T], *records: Any) -> T:
        try:
            with self.database.write() as connection:
                return action(connection, *records)
        except BaseException:
            self._forget_keys()
            raise

    def _forget_keys(self) -> None:
        self.keys.clear()
        self.on_forget()
        self._started = {id: (None, start) for id, (_, start) in self._started.items()}

    # -- sessions -----------------------------------------------------------------------------------------------

    def start_session(self, session: Session) -> None:
        """Record that a process begins to write; the same session twice is harmless."""
        if session.notebook or session.folder:
            session = _with_paths(session, self._folder.parent)
        self.write(self._insert_session, session)
        self._sessions[session.id] = session
        self.heartbeat(session.id)

    def _insert_session(self, connection: sqlite3.Connection, session: Session) -> None:
        row = (
            session.id,
            session.frontend,
            session.host,
            session.boot_id,
            session.pid,
            session.process_started,
            session.user,
            session.python,
            session.platform,
            session.nbledger,
            session.started_at,
            session.notebook,
            session.folder,
        )
        connection.execute(_SESSION, row)

    def end_session(self, session: str, ended_at: float | None = None) -> None:
        """Record that a session ended in order; its runs without an end are interrupted from now on."""
        at = time.time() if ended_at is None else ended_at
        self.write(
            lambda connection: connection.execute(
                "INSERT OR IGNORE INTO session_end VALUES (?, ?)", (self._session_key(connection, session), at)
            )
        )
        self._sessions.pop(session, None)
        with contextlib.suppress(OSError):
            self.heartbeat_file(session).unlink()

    def heartbeat(self, session: str) -> None:
        """Say that a session lives, for those who look from another host; called about once a minute."""
        file = self.heartbeat_file(session)
        try:
            os.utime(file)
        except FileNotFoundError:
            try:
                file.parent.mkdir(exist_ok=True)
                file.touch()
            except OSError as error:
                raise translate(error, self.database.path) from error
        except OSError as error:
            raise translate(error, self.database.path) from error

    def heartbeat_file(self, session: str) -> Path:
        """Return the file whose modification time is a session's heartbeat."""
        return self._folder / "sessions" / "".join(letter for letter in session if letter.isalnum())

    def set_environment(self, session: str, environment: Environment, git: GitState | None = None) -> None:
        """Record the environment that a session runs in from now on; equal environments are stored once."""
        self.write(self._insert_environment, session, environment, git)

    def _insert_environment(
        self, connection: sqlite3.Connection, session: str, environment: Environment, git: GitState | None
    ) -> None:
        packages = json.dumps(dict(environment.packages), sort_keys=True)
        connection.execute(
            "INSERT OR IGNORE INTO environment (hash, python, platform, packages) VALUES (?, ?, ?, ?)",
            (environment.hash, environment.python, environment.platform, packages),
        )
        key = self._session_key(connection, session)
        diff = self.keys.source(connection, git.diff) if git and git.diff else None
        state = (git.commit, git.branch, int(git.dirty), diff) if git else (None, None, None, None)
        given = environment.variables
        variables = None if given is None else json.dumps(dict(given), sort_keys=True)
        connection.execute(
            """INSERT INTO session_environment SELECT ?,
                (SELECT count(*) FROM session_environment WHERE session = ?),
                (SELECT key FROM environment WHERE hash = ?), ?, ?, ?, ?, ?, ?""",
            (key, key, environment.hash, time.time(), *state, variables),
        )

    # -- runs ---------------------------------------------------------------------------------------------------

    def start_run(self, start: RunStart) -> None:
        """Record that a run begins, before its code executes. The session must have been started."""
        key = self.write(self._insert_run, start)
        self._started[start.id] = (key, start)

    def _insert_run(self, connection: sqlite3.Connection, start: RunStart) -> int:
        notebook = start.notebook
        row = (
            start.id,
            self._session_key(connection, start.session),
            start.kind,
            start.started_at,
            start.name,
            start.experiment,
            start.parent,
            relative(notebook, self._folder.parent) if notebook else notebook,
            start.cell_id,
            start.position,
            None if start.source is None else self.keys.source(connection, start.source),
            int(start.tracked),
        )
        key = connection.execute(_RUN, row).lastrowid or 0
        connection.execute("INSERT INTO open_run VALUES (?)", (key,))
        return key

    def end_run(self, end: RunEnd, facts: Facts = _NO_FACTS) -> None:
        """Record a run's end and all that is known of it, in one transaction. A second end of a run changes nothing."""
        self.write(self._insert_end, end, facts)
        self._started.pop(end.run, None)

    def _insert_end(self, connection: sqlite3.Connection, end: RunEnd, facts: Facts) -> None:
        run = self._run_key(connection, end.run)
        error = (end.error.type, end.error.message, end.error.traceback) if end.error else (None, None, None)
        connection.execute(_RUN_END, (run, end.ended_at, end.duration, end.status, *error))
        connection.execute("DELETE FROM open_run WHERE run = ?", (run,))
        write_facts(connection, self.keys, run, facts, ended=True)

    def record(self, run: str, facts: Facts) -> None:
        """Record facts about a run in one transaction, while it goes on or after its end."""
        self.write(self._insert_facts, run, facts)

    def _insert_facts(self, connection: sqlite3.Connection, run: str, facts: Facts) -> None:
        key = self._run_key(connection, run)
        write_facts(connection, self.keys, key, facts, ended=_has_ended(connection, key))

    def write_points(self, run: str, points: Points) -> None:
        """Record metric values as (name, value, step, time) in one transaction."""
        self.write(self._insert_points, run, points)

    def _insert_points(self, connection: sqlite3.Connection, run: str, points: Points) -> None:
        key = self._run_key(connection, run)
        write_points(connection, self.keys, key, points)
        if _has_ended(connection, key):
            repack(connection, self.keys, key)

    # -- keys ---------------------------------------------------------------------------------------------------

    def _session_key(self, connection: sqlite3.Connection, id: str) -> int:
        key = self.keys.sessions.get(id)
        if key is None:
            query = "SELECT key FROM session WHERE id = ?"
            row = connection.execute(query, (id,)).fetchone()
            if row is None and id in self._sessions:
                self._insert_session(connection, self._sessions[id])
                row = connection.execute(query, (id,)).fetchone()
            if row is None:
                raise NotFound(what="session", ref=id, remedy="call start_session first")
            key = self.keys.sessions[id] = int(row[0])
        return key

    def _run_key(self, connection: sqlite3.Connection, id: str) -> int:
        key, start = self._started.get(id, (None, None))
        if key is None:
            row = connection.execute("SELECT key FROM run WHERE id = ?", (id,)).fetchone()
            if row is not None:
                key = int(row[0])
            elif start is not None:
                key = self._insert_run(connection, start)
            else:
                raise NotFound(what="run", ref=id, remedy="give the full id of a run that was started")
        return key


def _has_ended(connection: sqlite3.Connection, run: int) -> bool:
    return connection.execute("SELECT 1 FROM run_end WHERE run = ?", (run,)).fetchone() is not None


def _with_paths(session: Session, root: Path) -> Session:
    """Return a session with paths relative to the project's root; a folder outside of it is not kept."""
    import dataclasses

    folder = relative(session.folder, root) if session.folder else None
    outside = folder is not None and (folder.startswith(("../", "/")) or folder == "..")
    notebook = relative(session.notebook, root) if session.notebook else session.notebook
    return dataclasses.replace(session, notebook=notebook, folder=None if outside else folder)
