"""The registry's rows: models, their numbered versions, and the events that move aliases.

Nothing here is ever updated. A version's number is one more than the model's highest, taken in the transaction that
writes it. An alias stands where its last event put it; events are ordered by a counter (a Lamport clock, so that a
clock set back moves nothing), then by time and id.
"""

from __future__ import annotations

import sqlite3
import time

from nbledger.ledger.errors import NotFound
from nbledger.ledger.runs import Reader
from nbledger.ledger.writing import Writer
from nbledger.records import AliasEvent, ModelVersion, new_id

_VERSION = """SELECT m.name, v.number, r.id, c.hash, v.created_at, v.created_by, v.key
    FROM model_version v JOIN model m ON m.key = v.model JOIN run r ON r.key = v.run
    JOIN version c ON c.key = v.version"""
_EVENT = """SELECT a.id, m.name, a.alias, v.number, a.time, a.who, a.reason, a.run
    FROM alias_event a JOIN model m ON m.key = a.model LEFT JOIN model_version v ON v.key = a.model_version"""
_ALIASES = """SELECT a.alias, v.number
    FROM (SELECT DISTINCT e.model, e.alias FROM alias_event e JOIN model m ON m.key = e.model WHERE m.name = ?) n
    JOIN alias_event a ON a.key = (SELECT l.key FROM alias_event l WHERE l.model = n.model AND l.alias = n.alias
        ORDER BY l.seq DESC, l.time DESC, l.id DESC LIMIT 1)
    JOIN model_version v ON v.key = a.model_version"""
_ORDER = "ORDER BY a.seq, a.time, a.id"


class Models:
    """Reads and writes the registry's rows of one ledger; what may be promoted is decided elsewhere."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def add_version(self, model: str, run: str, version: str, who: str) -> ModelVersion:
        """Register a version's hash, made by a run, as the next version of a model."""
        number = self._writer.write(self._insert_version, model, run, version, who)
        return self.version(model, number)

    def _insert_version(self, connection: sqlite3.Connection, model: str, run: str, version: str, who: str) -> int:
        run_key = self._reader.key(run)
        now = time.time()
        connection.execute("INSERT OR IGNORE INTO model (name, created_at) VALUES (?, ?)", (model, now))
        (key,) = connection.execute("SELECT key FROM model WHERE name = ?", (model,)).fetchone()
        query = "SELECT coalesce(max(number), 0) + 1 FROM model_version WHERE model = ?"
        (number,) = connection.execute(query, (key,)).fetchone()
        row = (new_id(), key, number, run_key, self._writer.keys.version(connection, version), now, who)
        connection.execute("INSERT INTO model_version VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", row)
        return int(number)

    def set_alias(self, event: AliasEvent) -> None:
        """Move an alias by one event; the same event twice is harmless."""
        self._writer.write(self._insert_event, event)

    def _insert_event(self, connection: sqlite3.Connection, event: AliasEvent) -> None:
        row = connection.execute("SELECT key FROM model WHERE name = ?", (event.model,)).fetchone()
        if row is None:
            raise _no_model(event.model)
        target = None
        if event.number is not None:
            query = "SELECT key FROM model_version WHERE model = ? AND number = ?"
            found = connection.execute(query, (row[0], event.number)).fetchone()
            if found is None:
                raise _no_version(event.model, str(event.number))
            target = found[0]
        connection.execute(
            """INSERT OR IGNORE INTO alias_event SELECT NULL, :id, :model, :alias, :target,
                (SELECT coalesce(max(seq), 0) + 1 FROM alias_event WHERE model = :model AND alias = :alias),
                :time, :who, :reason, :run""",
            {
                "id": event.id,
                "model": row[0],
                "alias": event.alias,
                "target": target,
                "time": event.time,
                "who": event.who,
                "reason": event.reason,
                "run": event.run,
            },
        )

    def names(self) -> list[str]:
        """Return the names of all models."""
        return [row[0] for row in self._reader.database.rows("SELECT name FROM model ORDER BY name")]

    def versions(self, model: str, *, limit: int | None = None, offset: int = 0) -> list[ModelVersion]:
        """Return a model's versions, the newest first."""
        rows = self._reader.database.rows(
            f"{_VERSION} WHERE m.name = ? ORDER BY v.number DESC LIMIT ? OFFSET ?",
            (model, -1 if limit is None else limit, offset),
        )
        if not rows and not offset and model not in self.names():
            raise _no_model(model)
        aliases = self.aliases(model)
        return [_model_version(row, aliases) for row in rows]

    def version(self, model: str, which: int | str) -> ModelVersion:
        """Return a model's version by number (3 or "3") or by alias ("champion" or "@champion"). Raises `NotFound`."""
        text = str(which).removeprefix("@")
        aliases = self.aliases(model)
        if not str(which).startswith("@") and text.isdecimal():
            number: int | None = int(text)
        else:
            number = aliases.get(text)
        rows = self._reader.database.rows(f"{_VERSION} WHERE m.name = ? AND v.number = ?", (model, number))
        if not rows:
            if model not in self.names():
                raise _no_model(model)
            raise _no_version(model, str(which))
        return _model_version(rows[0], aliases)

    def versions_of(self, version: str) -> list[ModelVersion]:
        """Return the model versions whose content is this version."""
        rows = self._reader.database.rows(f"{_VERSION} WHERE c.hash = ? ORDER BY v.key", (version,))
        return [_model_version(row, self.aliases(row[0])) for row in rows]

    def versions_from(self, run: str) -> list[ModelVersion]:
        """Return the model versions that a run (its full id) made."""
        rows = self._reader.database.rows(f"{_VERSION} WHERE r.id = ? ORDER BY v.key", (run,))
        return [_model_version(row, self.aliases(row[0])) for row in rows]

    def aliases(self, model: str) -> dict[str, int]:
        """Return where a model's aliases stand."""
        return dict(self._reader.database.rows(_ALIASES, (model,)))

    def at(self, model: str, time: float) -> dict[str, AliasEvent]:
        """Return the moves by which a model's aliases stood where they stood at a time (seconds since the epoch)."""
        found = {event.alias: event for event in self.history(model) if event.time <= time}
        return {alias: event for alias, event in found.items() if event.number is not None}

    def history(self, model: str, alias: str | None = None) -> list[AliasEvent]:
        """Return the moves of a model's aliases (or of one of them), the first one first."""
        rows = self._reader.database.rows(
            f"{_EVENT} WHERE m.name = :model AND (:alias IS NULL OR a.alias = :alias) {_ORDER}",
            {"model": model, "alias": alias},
        )
        return [AliasEvent(*row) for row in rows]


def _model_version(row: tuple[str, int, str, str, float, str, int], aliases: dict[str, int]) -> ModelVersion:
    return ModelVersion(*row[:6], aliases=tuple(sorted(alias for alias, number in aliases.items() if number == row[1])))


def _no_model(model: str) -> NotFound:
    return NotFound(what="model", ref=model, remedy="see `nbledger models`, or register one by `nbledger promote`")


def _no_version(model: str, which: str) -> NotFound:
    return NotFound(what=f"version or alias of model {model}", ref=which, remedy=f"see `nbledger models {model}`")
