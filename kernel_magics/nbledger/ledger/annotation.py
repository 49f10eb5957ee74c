"""What people say of a run after it was recorded: tags and notes, each with an event of the audit in one transaction.

What a run's own code says while it goes on is recorded as every fact is (`Writer.record`), without an event.
"""

from __future__ import annotations

import sqlite3

from nbledger.ledger import audit
from nbledger.ledger.writing import Writer
from nbledger.records import Facts, Tag


def tag(writer: Writer, run: str, key: str, value: str, who: str = "") -> None:
    """Set a tag on a run (its full id). Raises `NotFound`."""

    def insert(connection: sqlite3.Connection, key: str, value: str, who: str) -> None:
        writer.record(run, Facts(tags=(Tag(key, value),)))
        audit.append(connection, "tag", f"run {run}", {"name": key, "value": value}, who)

    writer.write(insert, key, value, who)


def note(writer: Writer, run: str, text: str, who: str = "") -> None:
    """Add a note to a run (its full id). Raises `NotFound`."""

    def insert(connection: sqlite3.Connection, text: str, who: str) -> None:
        writer.record(run, Facts(notes=(text,)))
        audit.append(connection, "note", f"run {run}", {"text": text}, who)

    writer.write(insert, text, who)


__all__ = ["note", "tag"]
