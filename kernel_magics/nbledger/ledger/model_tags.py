"""What is said about models and their versions: tags, of which `description` and `stage` are two, and their files.

Append-only: setting a tag adds an event, removing it adds one without a value, and the last event of a name holds. A
stage is a tag whose history is of interest. Each change is an event of the audit too, which vouches for its rows.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.ledger import audit
from nbledger.records import new_id

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

DESCRIPTION = "description"
STAGE = "stage"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,63}", re.ASCII)
_LONGEST = 10_000
_TAGS = """SELECT t.id, m.name, v.number, t.name, t.value, t.time, t.who
    FROM model_tag t JOIN model m ON m.key = t.model
    LEFT JOIN model_version v ON v.key = t.model_version WHERE m.name = ? AND v.number IS ?"""
_ORDER = "ORDER BY t.seq, t.time, t.id"


class BadModelTag(NBLedgerError):
    """A tag that cannot be kept. Fields: name, why."""

    template = "the tag {name!r} was not set: {why}"


@dataclass(frozen=True, slots=True)
class ModelTag:
    """One setting of a tag of a model or of its version `number`; `value` is `None` where it was removed."""

    id: str
    model: str
    number: int | None
    name: str
    value: str | None
    time: float
    who: str


@dataclass(frozen=True, slots=True)
class ModelArtifact:
    """A file of a model version; `object` is the BLAKE3 hash of its bytes, `size` in bytes."""

    name: str
    object: str
    size: int
    media_type: str
    time: float


def set_tags(
    ledger: Ledger, model: str, number: int | None, values: Mapping[str, str | None], who: str = ""
) -> list[ModelTag]:
    """Set tags of a model, or of its version `number`, in one transaction; the value `None` removes one.

    What is so already is not written again. Returns what was written. Raises `NotFound` and `BadModelTag`.
    """
    for name, value in values.items():
        _check(name, value)
    if number is not None:
        ledger.model_version(model, number)
    else:
        ledger.model_versions(model, limit=1)

    def insert(connection: sqlite3.Connection, values: Mapping[str, str | None], who: str) -> list[ModelTag]:
        (key,) = connection.execute("SELECT key FROM model WHERE name = ?", (model,)).fetchone()
        version = _version_key(connection, key, number)
        held = {row[3]: row[4] for row in connection.execute(f"{_TAGS} {_ORDER}", (model, number))}
        changed = {name: value for name, value in values.items() if held.get(name) != value}
        written = [ModelTag(new_id(), model, number, name, value, time.time(), who) for name, value in changed.items()]
        connection.executemany(
            """INSERT INTO model_tag SELECT NULL, ?, ?, ?, ?, ?, ?, ?,
                (SELECT coalesce(max(seq), 0) + 1 FROM model_tag WHERE model = ?)""",
            [(one.id, key, version, one.name, one.value, one.time, who, key) for one in written],
        )
        if written:
            rows = [("model_tag", one.id) for one in written]
            audit.append(connection, "describe", f"model {model}", {"version": number, "tags": changed}, who, rows=rows)
        return written

    return ledger.write(insert, values, who or audit.user())


def tags(ledger: Ledger, model: str, number: int | None = None) -> dict[str, str]:
    """Return the tags that hold of a model (not those of its versions), or of its version `number`, by name."""
    last = {tag.name: tag.value for tag in history(ledger, model, number)}
    return {name: last[name] for name in sorted(last) if last[name] is not None}  # type: ignore[misc]


def history(ledger: Ledger, model: str, number: int | None = None, name: str | None = None) -> list[ModelTag]:
    """Return every setting and removal of tags of a model or of its version `number`, the first one first."""
    rows = ledger.database.rows(f"{_TAGS} AND (? IS NULL OR t.name = ?) {_ORDER}", (model, number, name, name))
    return [ModelTag(*row) for row in rows]


def add_artifact(ledger: Ledger, model: str, number: int, name: str, object: str, size: int, media_type: str) -> None:
    """Record an object that is in the store as a file of a model version; the latest of a name holds."""

    def insert(connection: sqlite3.Connection) -> None:
        (key,) = connection.execute("SELECT key FROM model WHERE name = ?", (model,)).fetchone()
        version = _version_key(connection, key, number)
        now = time.time()
        connection.execute("INSERT OR IGNORE INTO object VALUES (?, ?, ?)", (object, size, now))
        connection.execute(
            "INSERT OR IGNORE INTO model_artifact VALUES (?, ?, ?, ?, ?, ?)",
            (version, name, object, size, media_type, now),
        )

    ledger.model_version(model, number)
    ledger.write(insert)


def artifacts(ledger: Ledger, model: str, number: int) -> dict[str, ModelArtifact]:
    """Return the files of a model version by name, the latest of each."""
    rows = ledger.database.rows(
        """SELECT a.name, a.object, a.size, a.media_type, a.time FROM model_artifact a
        JOIN model_version v ON v.key = a.model_version JOIN model m ON m.key = v.model
        WHERE m.name = ? AND v.number = ? ORDER BY a.time, a.object""",
        (model, number),
    )
    return {row[0]: ModelArtifact(*row) for row in rows}


def _version_key(connection: sqlite3.Connection, model: int, number: int | None) -> int | None:
    if number is None:
        return None
    query = "SELECT key FROM model_version WHERE model = ? AND number = ?"
    return int(connection.execute(query, (model, number)).fetchone()[0])


def _check(name: str, value: str | None) -> None:
    if not _NAME.fullmatch(name):
        raise BadModelTag(name=name, why="use letters, digits and _ . : / -, a letter first, 64 characters at most")
    if value is not None and (not value.strip() or len(value) > _LONGEST):
        raise BadModelTag(name=name, why=f"its value needs 1 to {_LONGEST} characters; remove a tag to clear it")


__all__ = [
    "DESCRIPTION",
    "STAGE",
    "BadModelTag",
    "ModelArtifact",
    "ModelTag",
    "add_artifact",
    "artifacts",
    "history",
    "set_tags",
    "tags",
]
