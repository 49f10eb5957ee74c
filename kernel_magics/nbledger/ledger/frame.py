"""Runs as a pandas frame, built by column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbledger.ledger.runs import Reader

if TYPE_CHECKING:
    import pandas

ATTRIBUTES = (
    "run_id",
    "name",
    "kind",
    "status",
    "experiment",
    "started_at",
    "ended_at",
    "duration",
    "tracked",
    "parent",
    "notebook",
    "cell_id",
    "position",
    "session",
)
_SQL = """SELECT r.key, r.id, r.name, r.kind, e.status, r.experiment, r.started_at, e.ended_at, e.duration, r.tracked,
    r.parent, r.notebook, r.cell_id, r.position, r.session, k.shape, k.items, k.metrics
    FROM run r LEFT JOIN run_end e ON e.run = r.key LEFT JOIN pack k ON k.run = r.key"""


def frame(reader: Reader, keys: list[int]) -> pandas.DataFrame:
    """Return one row per run of `keys`, in that order."""
    import pandas

    rows = _rows(reader, keys)
    columns: dict[str, Any] = {}
    _attributes(reader, rows, columns)
    columns.update(_facts(reader, rows))
    return pandas.DataFrame(columns, index=pandas.RangeIndex(len(rows)), copy=False)


def _rows(reader: Reader, keys: list[int]) -> list[Any]:
    (total,) = reader.database.rows("SELECT count(*) FROM run")[0]
    if 3 * len(keys) > total:
        found = {row[0]: row for row in reader.database.rows(_SQL)}
    else:
        chosen = f"{_SQL} WHERE r.key IN (SELECT value FROM json_each(?))"
        found = {row[0]: row for row in reader.database.rows(chosen, (json.dumps(keys),))}
    return [found[key] for key in keys if key in found]


def _attributes(reader: Reader, rows: list[Any], columns: dict[str, Any]) -> None:
    import pandas

    by_column = list(zip(*rows, strict=True)) if rows else [()] * 18
    sessions = dict(reader.database.rows("SELECT key, id FROM session"))
    for name, values in zip(ATTRIBUTES, by_column[1:15], strict=True):
        if name in ("started_at", "ended_at"):
            columns[name] = pandas.to_datetime(pandas.Series(values, dtype="float64"), unit="s", utc=True)
        elif name == "tracked":
            columns[name] = pandas.Series(values, dtype="bool")
        elif name == "duration":
            columns[name] = pandas.Series(values, dtype="float64")
        elif name == "session":
            columns[name] = [sessions[key] for key in values]
        else:
            columns[name] = list(values)
    columns["status"] = [
        status or reader.status_without_end(row[14]) for status, row in zip(columns["status"], rows, strict=True)
    ]


def _facts(reader: Reader, rows: list[Any]) -> dict[str, Any]:
    import numpy

    count = len(rows)
    groups: dict[int | None, list[int]] = {}
    for position, row in enumerate(rows):
        groups.setdefault(row[15], []).append(position)
    params: dict[str, list[Any]] = {}
    metrics: dict[str, Any] = {}
    tags: dict[str, list[Any]] = {}
    for shape, positions in groups.items():
        if shape is None:
            continue
        names, measured, labels = reader.shape(shape)
        items = json.loads("[" + ",".join([rows[position][16] for position in positions]) + "]")
        whole = len(positions) == count
        for table, name, values in zip(
            [params] * len(names) + [tags] * len(labels), [*names, *labels], zip(*items, strict=True), strict=False
        ):
            if whole:
                table[name] = list(values)
                continue
            column = table.setdefault(name, [None] * count)
            for position, value in zip(positions, values, strict=True):
                column[position] = value
        numbers = numpy.frombuffer(b"".join([rows[position][17] for position in positions]), dtype="<f8")
        numbers = numbers.reshape(len(positions), len(measured))
        for index, name in enumerate(measured):
            if name not in metrics:
                metrics[name] = numpy.full(count, numpy.nan)
            metrics[name][positions] = numbers[:, index]
    _unfinished(reader, rows, groups.get(None, []), params, metrics, tags)
    found: dict[str, Any] = {f"params.{name}": params[name] for name in sorted(params)}
    found.update({f"metrics.{name}": metrics[name] for name in sorted(metrics)})
    found.update({f"tags.{name}": tags[name] for name in sorted(tags)})
    return found


def _unfinished(
    reader: Reader,
    rows: list[Any],
    positions: list[int],
    params: dict[str, list[Any]],
    metrics: dict[str, Any],
    tags: dict[str, list[Any]],
) -> None:
    """Fill in runs that have no packed row: those without an end."""
    import numpy

    without_end = [position for position in positions if rows[position][4] is None]
    if not without_end:
        return
    facts = reader.unpacked([rows[position][0] for position in without_end])
    for position in without_end:
        found = facts[rows[position][0]]
        for table, values in ((params, found[0]), (tags, found[2])):
            for name, value in values.items():
                table.setdefault(name, [None] * len(rows))[position] = value
        for name, value in found[1].items():
            if name not in metrics:
                metrics[name] = numpy.full(len(rows), numpy.nan)
            metrics[name][position] = value
