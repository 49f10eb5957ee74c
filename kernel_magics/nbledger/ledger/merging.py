"""Adding one ledger to another: a union of what was recorded, by ids and hashes.

Everything has an id or a hash that is the same on every machine, and nothing recorded ever changes, so a merge only
adds rows. Merging twice gives the same as merging once; a run that was still going gets its end the next time. Where
both have a "latest value", the one with the greater counter wins and the other is kept as an earlier value. Work is
done in transactions of a few thousand runs, so that others can write in between.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from blake3 import blake3

from nbledger.ledger import attached, audit_union
from nbledger.ledger.errors import AuditBroken, ObjectAltered, ObjectMissing
from nbledger.ledger.facts import repack
from nbledger.ledger.keys import Keys
from nbledger.ledger.location import DATABASE, find_folder
from nbledger.ledger.remote_objects import store_of
from nbledger.ledger.union import BASE, MAPS, REGISTRY, RUNS, TO_REPACK

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

CHUNK = 2000

Fetch = Callable[[str], contextlib.AbstractContextManager[IO[bytes]]]


@dataclass(slots=True)
class Merged:
    """What a merge did. `renumbered` lists model versions whose number was taken: (model, their number, ours).

    `moved` lists aliases that stand elsewhere now, as the other ledger moved them later: (model, alias, before, now).
    """

    runs: int = 0
    ends: int = 0
    versions: int = 0
    objects: int = 0
    bytes: int = 0
    renumbered: list[tuple[str, int, int]] = field(default_factory=list)
    moved: list[tuple[str, str, int | None, int | None]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def merge(ledger: Ledger, other: Ledger | Path | str) -> Merged:
    """Add all that `other` holds to `ledger`."""
    folder = getattr(other, "folder", None) or find_folder(other)  # type: ignore[arg-type]
    if folder.resolve() == ledger.folder.resolve():
        return Merged()
    store = store_of(folder, folder / DATABASE)

    def fetch(hash: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        try:
            return open(store.fetch(hash), "rb")
        except FileNotFoundError:
            raise ObjectMissing(hash=hash, path=str(store.folder)) from None

    return merge_database(ledger, folder / DATABASE, fetch)


def merge_database(
    ledger: Ledger,
    path: Path,
    fetch: Fetch | None,
    *,
    strict: bool = False,
    only: Iterable[str] | None = None,
    event: str | None = "merge",
) -> Merged:
    """Add what the database at `path` holds (of runs only those in `only`); `fetch` opens its objects.

    An object that is missing or altered there, or a broken audit, is a line in `problems`, or with `strict` an error
    before anything of the database was merged. `event` is how the audit calls it; without, the other's audit is copied
    (of a whole ledger) or left out.
    """
    done = Merged()
    with attached.attach(ledger.database, path) as connection:
        connection.create_function("same_text", 2, _same_text, deterministic=True)
        flaw = audit_union.flaw(connection)
        if flaw is not None:
            if strict:
                raise AuditBroken(path=str(path), detail=flaw)
            done.problems.append(f"Its registry was left out, because its audit is broken: {flaw} (nbledger verify).")
        if fetch is not None:
            _copy_objects(ledger, connection, fetch, done, strict=strict)
        _choose(connection, only)
        before = _count(connection, "version")
        with attached.transaction(connection, ledger.path):
            _execute(connection, BASE)
        _execute(connection, MAPS)
        done.versions = _count(connection, "version") - before
        _merge_runs(connection, ledger, done)
        with attached.transaction(connection, ledger.path):
            aliases = _aliases(connection)
            numbers = {} if flaw else _merge_models(connection, done, complete=only is None)
            done.moved = _moves(aliases, _aliases(connection))
            if event is not None:
                _join_audits(connection, event, done, numbers, sound=flaw is None)
            elif only is None and flaw is None:
                audit_union.copy(connection)
    return done


def _join_audits(
    connection: sqlite3.Connection, event: str, done: Merged, numbers: dict[str, int], *, sound: bool
) -> None:
    counts = {"runs": done.runs, "ends": done.ends, "versions": done.versions, "objects": done.objects}
    detail = {**counts, "renumbered": done.renumbered, "moved": done.moved, "problems": done.problems[:20]}
    changed = any(counts.values()) or bool(numbers)
    audit_union.join(connection, event, detail, numbers, changed=changed, sound=sound)


def _aliases(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Return where all aliases stand, by model and alias."""
    rows = connection.execute("SELECT model, alias, number FROM main.current_alias")
    return {(model, alias): number for model, alias, number in rows}


def _moves(
    before: dict[tuple[str, str], int], now: dict[tuple[str, str], int]
) -> list[tuple[str, str, int | None, int | None]]:
    return [(*key, before[key], now.get(key)) for key in before if before[key] != now.get(key)]


def _same_text(text: str, hash: str) -> bool:
    return bool(blake3(text.encode("utf-8", "surrogatepass")).hexdigest(length=16) == hash)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM main.{table}").fetchone()[0])


def _execute(connection: sqlite3.Connection, statements: Iterable[str], values: dict[str, int] | None = None) -> None:
    for statement in statements:
        connection.execute(statement, values or {})


def _choose(connection: sqlite3.Connection, only: Iterable[str] | None) -> None:
    connection.execute("CREATE TEMP TABLE chosen (id TEXT PRIMARY KEY) WITHOUT ROWID")
    if only is None:
        connection.execute("INSERT INTO chosen SELECT id FROM other.run")
    else:
        connection.executemany("INSERT OR IGNORE INTO chosen VALUES (?)", [(id,) for id in only])


def _copy_objects(ledger: Ledger, connection: sqlite3.Connection, fetch: Fetch, done: Merged, *, strict: bool) -> None:
    for (hash,) in connection.execute("SELECT hash FROM other.object ORDER BY hash").fetchall():
        if ledger.objects.has(hash):
            continue
        try:
            with fetch(hash) as stream:
                done.bytes += ledger.objects.put_stream(stream, hash)
            done.objects += 1
        except (ObjectMissing, ObjectAltered) as error:
            if strict:
                raise
            done.problems.append(str(error))


def _merge_runs(connection: sqlite3.Connection, ledger: Ledger, done: Merged) -> None:
    keys = Keys()
    for first, last in _chunks(connection):
        runs, ends = _count(connection, "run"), _count(connection, "run_end")
        with attached.transaction(connection, ledger.path):
            connection.execute("DELETE FROM temp.map_run_now")
            span = {"first": first, "last": last}
            for statement in RUNS:
                connection.execute(statement, span if ":first" in statement else {})
            for (run,) in connection.execute(TO_REPACK).fetchall():
                repack(connection, keys, run)
        done.runs += _count(connection, "run") - runs
        done.ends += _count(connection, "run_end") - ends


def _chunks(connection: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    keys = [row[0] for row in connection.execute("SELECT key FROM other.run ORDER BY key")]
    for first in range(0, len(keys), CHUNK):
        yield keys[first], keys[min(first + CHUNK, len(keys)) - 1]


def _merge_models(connection: sqlite3.Connection, done: Merged, *, complete: bool) -> dict[str, int]:
    """Add model versions in the order they were made; a number that is taken here becomes the next free one.

    Returns the numbers that those which were added have here, by their ids.
    """
    numbers: dict[str, int] = {}
    connection.execute("INSERT OR IGNORE INTO main.model (name, created_at) SELECT name, created_at FROM other.model")
    rows = connection.execute(
        """SELECT o.key, o.id, n.key, m.name, o.number, r.new, v.new, o.created_at, o.created_by
        FROM other.model_version o JOIN other.model m ON m.key = o.model JOIN main.model n ON n.name = m.name
        LEFT JOIN temp.map_run r ON r.old = o.run JOIN temp.map_version v ON v.old = o.version
        ORDER BY o.created_at, o.id"""
    ).fetchall()
    for old, id, model, name, number, run, version, created_at, created_by in rows:
        found = connection.execute(
            """SELECT key FROM main.model_version WHERE id = ?
            UNION ALL SELECT key FROM main.model_version
            WHERE model = ? AND number = ? AND run = ? AND version = ?""",
            (id, model, number, run, version),
        ).fetchone()
        if found is None and run is None:
            if complete:
                done.problems.append(f"Version {number} of model {name} was left out: its run was deleted here.")
            continue
        if found is None:
            query = "SELECT max(number), max(number = ?) FROM main.model_version WHERE model = ?"
            highest, taken = connection.execute(query, (number, model)).fetchone()
            ours = highest + 1 if taken else number
            if taken:
                done.renumbered.append((name, number, ours))
            row = (id, model, ours, run, version, created_at, created_by)
            key = connection.execute("INSERT INTO main.model_version VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid
            found = (key,)
            numbers[id] = ours
        connection.execute("INSERT INTO temp.map_model_version VALUES (?, ?)", (old, found[0]))
    _execute(connection, REGISTRY)
    return numbers
