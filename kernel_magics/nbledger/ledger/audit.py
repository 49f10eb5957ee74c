"""The audit: a chain of events, each of which names the one before it by its hash.

An event's hash covers all its columns and the hash of its predecessor, so that no event can be changed or taken out of
the middle without the change of all that come after it. Ledgers are merged, so the chain is a graph as Git's is: a
merge has two predecessors. The hash of the last event, the head, stands for all of it; who wrote it down elsewhere can
tell later whether anything was cut off or made anew (`verification.py`).

An event vouches for rows: its detail holds a digest of each row that was written with it. Rows that are older than the
audit, or that came from a ledger without one, are vouched for from the moment when they are first met.
"""

from __future__ import annotations

import getpass
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

HEAD = "audit_head"
BEGIN = "begin"

Row = tuple[str, str]
"""A table and the text id of one of its rows."""

#: What a row's digest covers: all that means the same in every ledger that the row is merged into.
_COVERED: Mapping[str, str] = {
    "deletion": "SELECT o.id, o.run, o.event, o.seq, o.time, o.who FROM {0}.deletion o",
    "approval": "SELECT o.id, o.model, o.version, o.event, o.seq, o.time, o.who, o.note FROM {0}.approval o",
    "model_version": """SELECT o.id, m.name, r.id, c.hash, o.created_at, o.created_by FROM {0}.model_version o
        JOIN {0}.model m ON m.key = o.model JOIN {0}.run r ON r.key = o.run JOIN {0}.version c ON c.key = o.version""",
    "alias_event": """SELECT o.id, m.name, o.alias, c.hash, o.seq, o.time, o.who, o.reason, o.run,
        o.model_version IS NULL
        FROM {0}.alias_event o JOIN {0}.model m ON m.key = o.model
        LEFT JOIN {0}.model_version v ON v.key = o.model_version LEFT JOIN {0}.version c ON c.key = v.version""",
    "promotion": """SELECT o.id, o.model, o.alias, o.outcome, o.predecessor, o.run, o.version, o.artifact, o.slice,
        o.time, o.who, o.reason, o.alias_event, c.hash, o.model_version IS NULL
        FROM {0}.promotion o LEFT JOIN {0}.model_version v ON v.key = o.model_version
        LEFT JOIN {0}.version c ON c.key = v.version""",
    "model_tag": """SELECT o.id, m.name, r.id, c.hash, o.model_version IS NULL, o.name, o.value, o.seq, o.time, o.who
        FROM {0}.model_tag o JOIN {0}.model m ON m.key = o.model
        LEFT JOIN {0}.model_version v ON v.key = o.model_version LEFT JOIN {0}.run r ON r.key = v.run
        LEFT JOIN {0}.version c ON c.key = v.version""",
}
TABLES = tuple(_COVERED)
_GATES = """SELECT g.seq, g.gate, g.status, g.detail, g.value, g.threshold, g.options FROM {0}.gate_result g
    JOIN {0}.promotion p ON p.key = g.promotion WHERE p.id = ? ORDER BY g.seq"""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of the audit; `previous` and `merged` are the hashes of the events that it follows."""

    hash: str
    previous: str | None
    merged: str | None
    time: float
    who: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def user() -> str:
    """Return who acts, for events: the name of the user of this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container's passwd
        return "unknown"


def append(
    connection: sqlite3.Connection,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    who: str = "",
    *,
    rows: Iterable[Row] = (),
    numbers: Mapping[str, int] | None = None,
    merged: str | None = None,
    new: Iterable[Row] = (),
) -> str:
    """Add an event in the caller's transaction and return its hash, the new head.

    `rows` are the rows that the event vouches for, written before it in the same transaction. `numbers` are the numbers
    that model versions (by id) have in this ledger from now on. `new` are further rows that are not older than the
    audit, where it begins with this event.
    """
    written = tuple(rows)
    if action != BEGIN:
        _begin(connection, (*written, *new), who)
    previous = head(connection)
    told = dict(detail)
    if written:
        told["rows"] = digests(connection, written)
    if numbers:
        told["numbers"] = dict(numbers)
    text = json.dumps(told, sort_keys=True, ensure_ascii=True, default=str)
    event = (previous, merged, time.time(), who or user(), action, subject, text)
    hash = hash_of(*event)
    connection.execute("INSERT INTO main.audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (hash, *event))
    connection.execute("INSERT OR REPLACE INTO main.meta VALUES (?, ?)", (HEAD, hash))
    return hash


def head(connection: sqlite3.Connection, schema: str = "main") -> str | None:
    """Return the hash of the last event, `None` where there is no audit yet."""
    row = connection.execute(f"SELECT value FROM {schema}.meta WHERE name = ?", (HEAD,)).fetchone()
    return None if row is None else str(row[0])


def hash_of(
    previous: str | None, merged: str | None, time: float, who: str, action: str, subject: str, detail: str
) -> str:
    """Return the hash of an event's columns: BLAKE3 of their JSON array."""
    columns = [previous, merged, time, who, action, subject, detail]
    return blake3(json.dumps(columns, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def digests(connection: sqlite3.Connection, rows: Iterable[Row], schema: str = "main") -> dict[str, str]:
    """Return a digest of each of these rows as they are now, by `table/id`; rows that are not there are left out."""
    found: dict[str, str] = {}
    for table, id in rows:
        row = connection.execute(f"{_COVERED[table].format(schema)} WHERE o.id = ?", (id,)).fetchone()
        if row is not None:
            found[f"{table}/{id}"] = _digest(connection, schema, table, row)
    return found


def all_digests(connection: sqlite3.Connection, schema: str = "main") -> dict[str, str]:
    """Return a digest of every row that the audit vouches for, by `table/id`."""
    return {
        f"{table}/{row[0]}": _digest(connection, schema, table, row)
        for table, query in _COVERED.items()
        for row in connection.execute(f"{query.format(schema)} ORDER BY o.key").fetchall()
    }


def numbers_of(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of each model version, by its id."""
    return dict(connection.execute("SELECT id, number FROM main.model_version ORDER BY key").fetchall())


def read_events(connection: sqlite3.Connection, schema: str = "main") -> dict[str, AuditEvent]:
    """Return all events by their hash, as they stand there; a detail that is no JSON object is an empty one."""
    rows = connection.execute(
        f"SELECT hash, previous, merged, time, who, action, subject, detail FROM {schema}.audit ORDER BY time, hash"
    )
    found: dict[str, AuditEvent] = {}
    for row in rows:
        values: tuple[Any, ...] = (*row[:7], _parsed(row[7]))
        found[row[0]] = AuditEvent(*values)
    return found


def altered(connection: sqlite3.Connection, schema: str = "main") -> set[str]:
    """Return the hashes of the events whose columns do not give their hash any more."""
    rows = connection.execute(f"SELECT hash, previous, merged, time, who, action, subject, detail FROM {schema}.audit")
    return {row[0] for row in rows if not _is_sound(row)}


def _is_sound(row: tuple[Any, ...]) -> bool:
    try:
        return bool(hash_of(*row[1:]) == row[0])
    except (TypeError, ValueError):  # bytes where a text was
        return False


def _begin(connection: sqlite3.Connection, new: Iterable[Row], who: str = "") -> None:
    """Where there is no audit yet, vouch for what is older than it: for all rows but those that are `new`."""
    if head(connection) is not None:
        return
    without = {f"{table}/{id}" for table, id in new}
    older = {key: digest for key, digest in all_digests(connection).items() if key not in without}
    if older:
        numbers = {id: number for id, number in numbers_of(connection).items() if f"model_version/{id}" in older}
        append(connection, BEGIN, "ledger", {"rows": older}, who, numbers=numbers)


def _parsed(text: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(connection: sqlite3.Connection, schema: str, table: str, row: tuple[Any, ...]) -> str:
    gates = connection.execute(_GATES.format(schema), (row[0],)).fetchall() if table == "promotion" else []
    text = json.dumps([*row, *gates], ensure_ascii=True, separators=(",", ":"), default=repr)
    return blake3(text.encode()).hexdigest(length=16)
