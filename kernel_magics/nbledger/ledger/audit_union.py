"""Two audits made one: the other's events are added, and an event with two predecessors joins them.

Rows that come with no event of their own (from a ledger without an audit, or in a bundle of some runs) are vouched for
by the joining event, and what the other's events vouch for and what was not taken in is named by it. Merging the same
again adds nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from nbledger.ledger import audit


def flaw(connection: sqlite3.Connection, schema: str = "other") -> str | None:
    """Return what is wrong with a ledger's chain of events, `None` for a sound one."""
    events = audit.read_events(connection, schema)
    altered = audit.altered(connection, schema)
    for event in events.values():
        if event.hash in altered:
            return f"event {event.hash[:12]} ({event.action} {event.subject}) was altered"
        for parent in (event.previous, event.merged):
            if parent is not None and parent not in events:
                return f"event {parent[:12]}, which event {event.hash[:12]} follows, is missing"
    head = audit.head(connection, schema)
    if head is None:
        return "its last event is not known" if events else None
    return None if head in events else f"its last event {head[:12]} is missing"


def copy(connection: sqlite3.Connection) -> None:
    """Give an empty ledger the other's audit as it is."""
    connection.execute("INSERT INTO main.audit SELECT * FROM other.audit")
    connection.execute(
        "INSERT OR REPLACE INTO main.meta SELECT name, value FROM other.meta WHERE name = ?", (audit.HEAD,)
    )


def join(
    connection: sqlite3.Connection,
    action: str,
    detail: Mapping[str, Any],
    numbers: Mapping[str, int],
    *,
    changed: bool,
    sound: bool = True,
) -> str | None:
    """Add the other's events and the event that joins them, after its rows; return the new head if there is one.

    `numbers` are those that the versions added have here. Without `changed` and without anything to join nothing is
    written. Of an audit that is not `sound` no event is taken in.
    """
    theirs = audit.head(connection, "other") if sound else None
    known = theirs is None or _has(connection, theirs)
    added = [] if known else list(audit.read_events(connection, "other").values())
    added = [one for one in added if not _has(connection, one.hash)]
    if sound:
        connection.execute("INSERT OR IGNORE INTO main.audit SELECT * FROM other.audit")
    here = [row for row in _rows_of(connection, "other") if _is_here(connection, row)]
    covered = vouched(audit.read_events(connection).values()) if here else set()
    adopted = [(table, id) for table, id in here if f"{table}/{id}" not in covered]
    told = dict(detail)
    missing = [key for key in sorted(vouched(added)) if not _is_here(connection, _row(key))]
    if missing:
        told["left_out"] = missing
    if not (changed or adopted or not known):
        return None
    joined = None if known else theirs
    return audit.append(connection, action, "ledger", told, rows=adopted, numbers=numbers, merged=joined, new=here)


def vouched(events: Iterable[audit.AuditEvent]) -> set[str]:
    """Return the rows that some events vouch for, as `table/id`."""
    return {key for event in events for key in _mapping(event.detail.get("rows"))}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _has(connection: sqlite3.Connection, hash: str) -> bool:
    return connection.execute("SELECT 1 FROM main.audit WHERE hash = ?", (hash,)).fetchone() is not None


def _rows_of(connection: sqlite3.Connection, schema: str) -> list[audit.Row]:
    return [
        (table, row[0])
        for table in audit.TABLES
        for row in connection.execute(f"SELECT id FROM {schema}.{table} ORDER BY key")
    ]


def _row(key: str) -> audit.Row:
    table, _, id = key.partition("/")
    return table, id


def _is_here(connection: sqlite3.Connection, row: audit.Row) -> bool:
    table, id = row
    if table not in audit.TABLES:
        return False
    return connection.execute(f"SELECT 1 FROM main.{table} WHERE id = ?", (id,)).fetchone() is not None
