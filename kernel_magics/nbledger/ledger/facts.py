"""Writing what is known of one run, inside a transaction that is already open.

All rows of one table go in by one `executemany`. A second value of a metric without a step takes the next step; a
second value of a param or a tag takes the first one's place, and the first one is kept as an earlier value.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any

from nbledger.ledger.calls import write_calls
from nbledger.ledger.keys import Keys
from nbledger.ledger.values import NULL, decode, encode, number, pack_items, pack_metrics
from nbledger.records import Artifact, Edge, Facts, Metric, Param, StoredVersion, Tag

_PARAM = "INSERT OR REPLACE INTO param VALUES (?, ?, ?, ?, ?, ?, ?)"
_PARAM_EARLIER = "INSERT OR IGNORE INTO param_earlier VALUES (?, ?, ?, ?, ?, ?, ?)"
_METRIC = "INSERT OR REPLACE INTO metric VALUES (?, ?, ?, ?, ?, ?)"
_METRIC_STEP = "INSERT INTO metric_step VALUES (?, ?, ?, ?, ?, ?)"
_TAG = "INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?, ?)"
_TAG_EARLIER = "INSERT OR IGNORE INTO tag_earlier VALUES (?, ?, ?, ?, ?)"
_PACK = "INSERT OR REPLACE INTO pack VALUES (?, ?, ?, ?)"
_ANY_FACTS = """SELECT EXISTS (SELECT 1 FROM param WHERE run = ?) OR EXISTS (SELECT 1 FROM metric WHERE run = ?)
    OR EXISTS (SELECT 1 FROM tag WHERE run = ?)"""

Points = Iterable[tuple[str, Any, int | None, float]]


def write_facts(connection: sqlite3.Connection, keys: Keys, run: int, facts: Facts, *, ended: bool) -> None:
    """Write all of `facts` about the run of this key; `ended` says that the run has (now) an end."""
    if facts.versions:
        keys.add_versions(connection, facts.versions)
    _write_used(connection, keys, run, facts.used)
    _write_generated(connection, keys, run, facts.generated)
    _write_artifacts(connection, keys, run, facts.artifacts)
    if facts.calls or facts.row_columns:
        write_calls(connection, keys, run, facts.calls, facts.row_columns)
    _write_stored(connection, keys, facts.stored)
    _write_notes(connection, run, facts.notes)
    if facts.opaque:
        connection.executemany("INSERT OR IGNORE INTO opaque VALUES (?, ?)", [(run, text) for text in facts.opaque])
    measured = facts.params or facts.metrics or facts.tags
    if not (measured or ended):
        return
    (before,) = connection.execute(_ANY_FACTS, (run, run, run)).fetchone()
    if measured:
        now = time.time()
        params = _write_params(connection, keys, run, facts.params, bool(before))
        tags = _write_tags(connection, keys, run, facts.tags, now, bool(before))
        points = [(metric.name, metric.value, metric.step, metric.time or now) for metric in facts.metrics]
        metrics = _write_points(connection, keys, run, points, facts.metrics, before=bool(before))
        if ended and not before:
            _write_pack(connection, keys, run, params, metrics, tags)
    if ended and before:
        repack(connection, keys, run)


def write_points(connection: sqlite3.Connection, keys: Keys, run: int, points: Points) -> None:
    """Write metric values as (name, value, step, time) for a run that may have values already."""
    _write_points(connection, keys, run, points, before=True)


def repack(connection: sqlite3.Connection, keys: Keys, run: int) -> None:
    """Make a run's packed row anew from its params, metrics and tags."""
    params = connection.execute(
        "SELECT l.text, p.value, p.type FROM param p JOIN label l ON l.key = p.name WHERE p.run = ?", (run,)
    ).fetchall()
    metrics = connection.execute(
        "SELECT l.text, m.value FROM metric m JOIN label l ON l.key = m.name WHERE m.run = ?", (run,)
    ).fetchall()
    tags = connection.execute(
        "SELECT l.text, t.value FROM tag t JOIN label l ON l.key = t.name WHERE t.run = ?", (run,)
    ).fetchall()
    values = {name: decode(value, type) for name, value, type in params}
    _write_pack(connection, keys, run, values, dict(metrics), dict(tags))


def _write_pack(
    connection: sqlite3.Connection,
    keys: Keys,
    run: int,
    params: dict[str, Any],
    metrics: dict[str, float | None],
    tags: dict[str, str],
) -> None:
    shape = keys.shape(connection, json.dumps([list(params), list(metrics), list(tags)], separators=(",", ":")))
    items = pack_items([*params.values(), *tags.values()])
    connection.execute(_PACK, (run, shape, items, pack_metrics(list(metrics.values()))))


def _write_used(connection: sqlite3.Connection, keys: Keys, run: int, edges: Sequence[Edge]) -> None:
    if edges:
        connection.executemany(
            "INSERT OR IGNORE INTO used (run, name, role, version, time) VALUES (?, ?, ?, ?, ?)",
            [(run, edge.name, edge.role, keys.version(connection, edge.version), edge.time) for edge in edges],
        )


def _write_generated(connection: sqlite3.Connection, keys: Keys, run: int, edges: Sequence[Edge]) -> None:
    if edges:
        connection.executemany(
            "INSERT OR IGNORE INTO generated (run, name, role, version, derived, time) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (run, edge.name, edge.role, keys.version(connection, edge.version), int(edge.derived), edge.time)
                for edge in edges
            ],
        )


def _write_params(
    connection: sqlite3.Connection, keys: Keys, run: int, params: Sequence[Param], before: bool
) -> dict[str, Any]:
    """Write params and return name to value of those written; the last of one name is the run's."""
    if not params:
        return {}
    rows: dict[int, tuple[Any, ...]] = {}
    earlier: list[tuple[Any, ...]] = []
    if before:
        found = connection.execute("SELECT * FROM param WHERE run = ?", (run,))
        rows = {row[1]: row for row in found}
    values: dict[str, Any] = {}
    written: dict[int, tuple[Any, ...]] = {}
    for param in params:
        name = keys.label(connection, param.name)
        value, type = encode(param.value)
        last = rows.get(name)
        if last is not None:
            earlier.append(last)
        row = (
            run,
            name,
            value,
            type,
            keys.label(connection, param.origin),
            int(param.is_default),
            last[6] + 1 if last else 0,
        )
        rows[name] = written[name] = row
        values[param.name] = decode(value, type) if type != NULL else None
    connection.executemany(_PARAM, written.values())
    if earlier:
        connection.executemany(_PARAM_EARLIER, earlier)
    return values


def _write_tags(
    connection: sqlite3.Connection, keys: Keys, run: int, tags: Sequence[Tag], now: float, before: bool
) -> dict[str, str]:
    if not tags:
        return {}
    rows: dict[int, tuple[Any, ...]] = {}
    earlier: list[tuple[Any, ...]] = []
    if before:
        rows = {row[1]: row for row in connection.execute("SELECT * FROM tag WHERE run = ?", (run,))}
    values: dict[str, str] = {}
    written: dict[int, tuple[Any, ...]] = {}
    for tag in tags:
        name = keys.label(connection, tag.key)
        last = rows.get(name)
        if last is not None:
            earlier.append(last)
        rows[name] = written[name] = (run, name, str(tag.value), now, last[4] + 1 if last else 0)
        values[tag.key] = str(tag.value)
    connection.executemany(_TAG, written.values())
    if earlier:
        connection.executemany(_TAG_EARLIER, earlier)
    return values


def _write_points(
    connection: sqlite3.Connection,
    keys: Keys,
    run: int,
    points: Points,
    metrics: Sequence[Metric] = (),
    *,
    before: bool,
) -> dict[str, float | None]:
    """Write metric values in order; `metrics`, when given, are the same points with what they were computed on."""
    state: dict[int, list[Any]] = {}  # label -> [value, step, time, count]
    if before:
        found = connection.execute("SELECT name, value, step, time, count FROM metric WHERE run = ?", (run,))
        state = {row[0]: list(row[1:]) for row in found}
    steps: list[tuple[Any, ...]] = []
    bases: list[tuple[Any, ...]] = []
    latest: dict[str, float | None] = {}
    touched: dict[int, list[Any]] = {}
    for index, (name, value, given, at) in enumerate(points):
        label = keys.label(connection, name)
        held = number(value)
        step = given
        last = state.get(label)
        if last is None:
            count = 0
            last = state[label] = [held, step, at, 1]
        else:
            count = last[3]
            if last[1] is None:
                steps.append((run, label, 0, 0, last[0], last[2]))
                last[1] = 0
            step = last[1] + 1 if step is None else step
            last[:] = [held, step, at, count + 1]
        if step is not None:
            steps.append((run, label, count, step, held, at))
        touched[label] = last
        latest[name] = held
        if metrics and metrics[index].basis:
            bases += [(run, label, count, b.role, keys.version(connection, b.version)) for b in metrics[index].basis]
    connection.executemany(_METRIC, [(run, label, *last) for label, last in touched.items()])
    if steps:
        connection.executemany(_METRIC_STEP, steps)
    if bases:
        connection.executemany("INSERT OR IGNORE INTO metric_basis VALUES (?, ?, ?, ?, ?)", bases)
    return latest


def _write_objects(connection: sqlite3.Connection, objects: list[tuple[str, int]]) -> None:
    now = time.time()
    connection.executemany(
        "INSERT OR IGNORE INTO object VALUES (?, ?, ?)", [(hash, size, now) for hash, size in objects]
    )


def _write_artifacts(connection: sqlite3.Connection, keys: Keys, run: int, artifacts: Sequence[Artifact]) -> None:
    if not artifacts:
        return
    _write_objects(connection, [(artifact.object, artifact.size) for artifact in artifacts])
    rows = [
        (
            run,
            artifact.name,
            artifact.object,
            artifact.size,
            artifact.media_type,
            None if artifact.version is None else keys.version(connection, artifact.version),
        )
        for artifact in artifacts
    ]
    connection.executemany(
        "INSERT OR IGNORE INTO artifact (run, name, object, size, media_type, version) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


def _write_stored(connection: sqlite3.Connection, keys: Keys, stored: Sequence[StoredVersion]) -> None:
    if not stored:
        return
    _write_objects(connection, [(one.object, one.size) for one in stored])
    connection.executemany(
        "INSERT OR IGNORE INTO stored_version VALUES (?, ?, ?, ?, ?)",
        [(keys.version(connection, one.version), one.object, one.format, one.size, int(one.trusted)) for one in stored],
    )


def _write_notes(connection: sqlite3.Connection, run: int, notes: Sequence[str]) -> None:
    if notes:
        now = time.time()
        connection.executemany(
            "INSERT OR IGNORE INTO note VALUES (?, ?, ?, ?)",
            [(run, now, position, text) for position, text in enumerate(notes)],
        )
