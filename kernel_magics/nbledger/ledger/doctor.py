"""What may be wrong with a ledger, and what to do about it."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nbledger.ledger.connection import file_system
from nbledger.ledger.errors import LedgerError, LedgerTooNew, ObjectAltered, ObjectMissing
from nbledger.ledger.facts import repack
from nbledger.ledger.keys import Keys
from nbledger.ledger.location import DATABASE, find_folder
from nbledger.ledger.runs import Reader
from nbledger.tables import many

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

#: A temporary file older than this belongs to a writer that is gone.
STRAY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: how bad it is, what it is, what to do, and whether it has just been mended."""

    level: Literal["error", "warning", "note"]
    what: str
    remedy: str
    fixable: bool = False
    fixed: bool = False


def diagnose(path: Path | str | None = None, *, fix: bool = False) -> list[Finding]:
    """Return the findings for the ledger at `path`, also when it cannot even be opened."""
    from nbledger.ledger.ledger import Ledger as Opened

    folder = find_folder(path)
    try:
        return Opened(folder, create=False).doctor(fix=fix)
    except LedgerTooNew as error:
        return [Finding("error", str(error), "Upgrade nbledger: pip install -U nbledger.")]
    except LedgerError as error:
        database = folder / DATABASE
        remedy = (
            f"Copy {database} (with its -wal file) to a safe place, then try `sqlite3 {database} .recover` into a new "
            "file, or move it away and `nbledger merge` a backup; the objects beside it are not affected."
        )
        return [Finding("error", str(error), remedy if database.exists() else "Run a tracked cell to create it.")]


def examine(ledger: Ledger, *, fix: bool) -> list[Finding]:
    """Return all findings of an open ledger, the gravest first."""
    findings = [
        *_database(ledger),
        *_file_system(ledger),
        *_lost(ledger),
        *_objects(ledger, fix),
        *_remote(ledger, fix),
        *_sessions(ledger, fix),
        *_stray(ledger, fix),
        *_packed(ledger, fix),
    ]
    return sorted(findings, key=lambda finding: ("error", "warning", "note").index(finding.level))


def _database(ledger: Ledger) -> Iterator[Finding]:
    rows = ledger.database.rows("PRAGMA integrity_check")
    for (text,) in rows[:5]:
        if text != "ok":
            yield Finding(
                "error",
                f"The database is damaged: {text}",
                f"Copy {ledger.path} away, then `sqlite3 {ledger.path} .recover` into a new file or merge a backup.",
            )
    for table, row, parent, _ in ledger.database.rows("PRAGMA foreign_key_check")[:5]:
        yield Finding(
            "error",
            f"A row of {table} ({row}) refers to a missing row of {parent}.",
            "Merge a backup: `nbledger merge PATH`.",
        )


def _file_system(ledger: Ledger) -> Iterator[Finding]:
    ((mode,),) = ledger.database.rows("PRAGMA journal_mode")
    if mode != "wal" and not ledger.database.read_only:
        yield Finding(
            "warning",
            f"The ledger uses journal mode {mode} ({file_system(ledger.folder) or 'unknown file system'}).",
            "Several processes writing at once are slow here: set NBLEDGER_DIR to a folder on a local disk.",
        )


def _lost(ledger: Ledger) -> Iterator[Finding]:
    """Look for a database that was emptied or replaced beside its objects, which SQLite takes for a new one."""
    ((known,),) = ledger.database.rows("SELECT EXISTS (SELECT 1 FROM run) OR EXISTS (SELECT 1 FROM audit)")
    there = 0 if known else sum(1 for _ in ledger.objects.hashes())
    if there:
        yield Finding(
            "error",
            f"The database has never held a run, but {many(there, 'stored object')} are beside it: it was lost.",
            "Do not run `nbledger gc`, which would remove them; `nbledger merge` a backup, or import a bundle.",
        )


def _objects(ledger: Ledger, fix: bool) -> Iterator[Finding]:
    for (hash,) in ledger.database.rows("SELECT hash FROM object ORDER BY hash"):
        try:
            ledger.objects.check(hash)
        except ObjectMissing:
            yield Finding(
                "error",
                f"Object {hash[:12]} ({_owner(ledger, hash)}) is missing.",
                "Merge a copy or import a bundle that has it, or run the cell again.",
            )
        except ObjectAltered:
            if fix:
                path = ledger.objects.path(hash)
                with contextlib.suppress(OSError):
                    path.rename(path.with_name(path.name + ".altered"))
            yield Finding(
                "error",
                f"Object {hash[:12]} ({_owner(ledger, hash)}) was altered: its bytes do not match its hash.",
                "`nbledger doctor --fix` sets it aside; then merge a copy that has it, or run the cell again.",
                fixable=True,
                fixed=fix,
            )


def _remote(ledger: Ledger, fix: bool) -> Iterator[Finding]:
    """Look whether the remote store of objects can be reached, and has all that is here."""
    from nbledger.ledger.remote_objects import RemoteStore, RemoteUnavailable

    store = ledger.objects
    if not isinstance(store, RemoteStore):
        return
    try:
        unsent = store.unsent()
        for hash in unsent if fix else ():
            store.send(hash)
    except RemoteUnavailable as error:
        yield Finding("warning", str(error), "What is recorded meanwhile stays here, and can be sent later.")
        return
    if unsent:
        yield Finding(
            "warning",
            f"{len(unsent)} objects are here and not in {store.url}.",
            "`nbledger doctor --fix` sends them.",
            fixable=True,
            fixed=fix,
        )


def _owner(ledger: Ledger, hash: str) -> str:
    rows = ledger.database.rows(
        "SELECT a.name, r.id FROM artifact a JOIN run r ON r.key = a.run WHERE a.object = ? LIMIT 1", (hash,)
    )
    if rows:
        return f"{rows[0][0]} of run {rows[0][1][:8]}"
    rows = ledger.database.rows(
        """SELECT g.name, r.id FROM stored_version s JOIN generated g ON g.version = s.version
        JOIN run r ON r.key = g.run WHERE s.object = ? LIMIT 1""",
        (hash,),
    )
    return f"{rows[0][0]} of run {rows[0][1][:8]}" if rows else "of no run"


def _sessions(ledger: Ledger, fix: bool) -> Iterator[Finding]:
    reader: Reader = ledger.reader
    rows = ledger.database.rows(
        """SELECT s.key, s.id, s.host, count(o.run) FROM session s LEFT JOIN session_end e ON e.session = s.key
        LEFT JOIN run r ON r.session = s.key LEFT JOIN open_run o ON o.run = r.key
        WHERE e.session IS NULL GROUP BY s.key"""
    )
    for key, id, host, runs in rows:
        if not reader.is_dead(key):
            continue
        if fix:
            ledger.end_session(id)
        yield Finding(
            "note",
            f"Session {id[:8]} on {host} is dead; {runs} of its runs were interrupted.",
            "Nothing is lost. `nbledger doctor --fix` records its end.",
            fixable=True,
            fixed=fix,
        )


def _stray(ledger: Ledger, fix: bool) -> Iterator[Finding]:
    before = time.time() - STRAY_SECONDS
    for path in list(ledger.objects.stray_files()):
        with contextlib.suppress(OSError):
            old = path.stat().st_mtime < before and path.name.startswith(".writing-")
            if fix and old:
                path.unlink()
            yield Finding(
                "note",
                f"{path.relative_to(ledger.folder)} is no object ({'left by a killed writer' if old else 'unknown'}).",
                "`nbledger doctor --fix` removes it." if old else "Look at it and remove it if it is not yours.",
                fixable=old,
                fixed=fix and old,
            )


def _packed(ledger: Ledger, fix: bool) -> Iterator[Finding]:
    """Compare the packed rows of the newest thousand runs, and the presence of all, with what they were made from."""
    wrong = [
        row[0]
        for row in ledger.database.rows(
            """SELECT e.run FROM run_end e WHERE NOT EXISTS (SELECT 1 FROM pack k WHERE k.run = e.run) AND (
            EXISTS (SELECT 1 FROM param p WHERE p.run = e.run) OR EXISTS (SELECT 1 FROM metric m WHERE m.run = e.run)
            OR EXISTS (SELECT 1 FROM tag t WHERE t.run = e.run))"""
        )
    ]
    reader: Reader = ledger.reader
    newest = ledger.database.rows("SELECT run, shape, items, metrics FROM pack ORDER BY run DESC LIMIT 1000")
    rows = reader.unpacked([row[0] for row in newest])
    for run, shape, items, metrics in newest:
        try:
            same = repr([sorted(part.items()) for part in reader.unpack([(shape, items, metrics)])[0]]) == repr(
                [sorted(part.items()) for part in rows[run]]
            )
        except (StopIteration, ValueError, LookupError, struct.error):
            same = False
        if not same:
            wrong.append(run)
    if wrong:
        if fix:
            with ledger.database.write() as connection:
                for run in wrong:
                    repack(connection, Keys(), run)
        yield Finding(
            "warning",
            f"The packed rows of {len(wrong)} runs differ from their params, metrics and tags.",
            "`nbledger doctor --fix` makes them anew.",
            fixable=True,
            fixed=fix,
        )
