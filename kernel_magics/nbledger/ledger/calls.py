"""Writing the calls of a run into the ledger, and reading them back.

All calls of a run go in inside the transaction that writes its other facts. Equal sets of rows are stored once.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import NotFound
from nbledger.ledger.keys import Keys
from nbledger.records import Call, CallValue, RowColumn, RowSet

if TYPE_CHECKING:
    from nbledger.ledger.connection import Database

_CALL = "INSERT OR IGNORE INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_VALUE = "INSERT OR IGNORE INTO call_value VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ROW_SET = """INSERT OR IGNORE INTO row_set (hash, count, distinct_rows, repeated, rich, sampled, hashes)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_CALLS = """SELECT c.run, c.number, c.kind, c.function, c.type_name, c.fit, c.name, c.value, c.facts FROM call c
    JOIN run r ON r.key = c.run WHERE r.id IN (SELECT value FROM json_each(?)) ORDER BY c.run, c.number"""
_VALUES = """SELECT v.run, v.number, v.role, v.name, v.row_set, v.content, v.through, v.made_by, n.hash, v.object,
    v.size FROM call_value v JOIN run r ON r.key = v.run LEFT JOIN version n ON n.key = v.version
    WHERE r.id IN (SELECT value FROM json_each(?)) ORDER BY v.run, v.number, v.seq"""


def write_calls(
    connection: sqlite3.Connection, keys: Keys, run: int, calls: Sequence[Call], columns: Sequence[RowColumn]
) -> None:
    """Write the calls of the run of this key, the sets of rows that they worked on, and columns beside these."""
    values = [value for call in calls for value in call.values]
    sets = {rows.hash: rows for value in values for rows in (value.rows, value.content) if rows is not None}
    numbers = {hash: _row_set(connection, rows) for hash, rows in sets.items()}
    now = time.time()
    connection.executemany(
        "INSERT OR IGNORE INTO object VALUES (?, ?, ?)",
        [(value.object, value.size, now) for value in values if value.object is not None],
    )
    connection.executemany(
        _CALL,
        [
            (run, c.number, c.kind, c.function, c.type_name, c.fit, c.name, _number(c.value), json.dumps(dict(c.facts)))
            for c in calls
        ],
    )
    connection.executemany(
        _VALUE,
        [
            _value_row(connection, keys, (run, call.number, place), value, numbers)
            for call in calls
            for place, value in enumerate(call.values)
        ],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO row_column SELECT key, ?, ? FROM row_set WHERE hash = ?",
        [(column.name, column.ranks, column.rows) for column in columns],
    )


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else value  # noqa: PLR0124 - NaN


def _value_row(
    connection: sqlite3.Connection, keys: Keys, key: tuple[int, int, int], value: CallValue, numbers: dict[str, int]
) -> tuple[Any, ...]:
    return (
        *key,
        value.role,
        value.name,
        None if value.rows is None else numbers[value.rows.hash],
        None if value.content is None else numbers[value.content.hash],
        json.dumps(list(value.through)),
        value.made_by,
        _version(connection, keys, value.version),
        value.object,
        value.size,
    )


def _version(connection: sqlite3.Connection, keys: Keys, hash: str | None) -> int | None:
    """Return a version's key; a call is not worth losing a run over a version that was not recorded."""
    if hash is None:
        return None
    try:
        return keys.version(connection, hash)
    except NotFound:
        return None


def _row_set(connection: sqlite3.Connection, rows: RowSet) -> int:
    row = (rows.hash, rows.count, rows.distinct, rows.repeated, int(rows.rich), int(rows.sampled), rows.hashes)
    connection.execute(_ROW_SET, row)
    return int(connection.execute("SELECT key FROM row_set WHERE hash = ?", (rows.hash,)).fetchone()[0])


def read_calls(database: Database, runs: Iterable[str]) -> dict[str, list[Call]]:
    """Return the calls of runs (full ids), in the order that they were made; a run without any is left out."""
    text = json.dumps(list(runs))
    ids = dict(database.rows("SELECT key, id FROM run WHERE id IN (SELECT value FROM json_each(?))", (text,)))
    rows = database.rows(_VALUES, (text,))
    sets = read_row_sets(database, {key for row in rows for key in row[4:6] if key is not None})
    values: dict[tuple[int, int], list[CallValue]] = {}
    for run, number, role, name, own, content, through, made_by, version, object, size in rows:
        passed = tuple(json.loads(through))
        value = CallValue(role, name, sets.get(own), sets.get(content), passed, made_by, version, object, size)
        values.setdefault((run, number), []).append(value)
    found: dict[str, list[Call]] = {}
    for row in database.rows(_CALLS, (text,)):
        known = tuple(values.get(row[:2], ()))
        call: tuple[Any, ...] = (*row[1:8], json.loads(row[8]), known)
        found.setdefault(ids[row[0]], []).append(Call(*call))
    return found


def read_row_sets(database: Database, keys: Iterable[int]) -> dict[int, RowSet]:
    """Return sets of rows by their keys."""
    rows = database.rows(
        """SELECT key, hash, count, distinct_rows, repeated, hashes, rich, sampled FROM row_set
        WHERE key IN (SELECT value FROM json_each(?))""",
        (json.dumps(list(keys)),),
    )
    found: dict[int, RowSet] = {}
    for row in rows:
        values: tuple[Any, ...] = (*row[1:6], bool(row[6]), bool(row[7]))
        found[row[0]] = RowSet(*values)
    return found


def read_row_columns(database: Database, name: str, sets: Iterable[str]) -> list[tuple[RowSet, bytes]]:
    """Return those of the sets of rows with these hashes that have a column of this name, and its ranks."""
    rows = database.rows(
        """SELECT s.key, c.ranks FROM row_column c JOIN row_set s ON s.key = c.row_set
        WHERE c.name = ? AND s.hash IN (SELECT value FROM json_each(?))""",
        (name, json.dumps(list(sets))),
    )
    found = read_row_sets(database, [row[0] for row in rows])
    return [(found[key], ranks) for key, ranks in rows]
