"""Deleting a run and taking that back, as events: the last one holds."""

from __future__ import annotations

import sqlite3

from nbledger.ledger import audit
from nbledger.ledger.errors import NotFound
from nbledger.ledger.runs import Reader
from nbledger.ledger.writing import Writer
from nbledger.records import new_id


def add_event(writer: Writer, reader: Reader, run: str, event: str, who: str, at: float) -> str:
    """Add a `delete` or `restore` event for a run and return the run's id."""
    key = reader.key(run)

    def insert(connection: sqlite3.Connection) -> str:
        row = connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise NotFound(what="run", ref=run, remedy="it was removed by gc")
        id = new_id()
        connection.execute(
            """INSERT INTO deletion SELECT NULL, :id, :run, :event,
                (SELECT coalesce(max(seq), 0) + 1 FROM deletion WHERE run = :run), :at, :who""",
            {"id": id, "run": row[0], "event": event, "at": at, "who": who},
        )
        audit.append(connection, event, f"run {row[0]}", {}, who, rows=[("deletion", id)])
        return str(row[0])

    return writer.write(insert)


def deleted_by(reader: Reader, run: str) -> tuple[str, float] | None:
    """Return who hid a run (its full id) and when (seconds since the epoch), `None` for one that is not hidden."""
    rows = reader.database.rows("SELECT who, time FROM deleted_run WHERE run_id = ?", (run,))
    return (str(rows[0][0]), float(rows[0][1])) if rows else None
