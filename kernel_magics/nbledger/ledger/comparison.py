"""What a run is compared with: the run before it of the same cell, and the best of its experiment."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from nbledger.ledger.connection import Database


class Best(NamedTuple):
    """The least and the greatest value of one metric, and the ids of the (first) runs that have them."""

    least: float
    least_run: str
    greatest: float
    greatest_run: str


_PREVIOUS = """SELECT p.key FROM run p JOIN run_end e ON e.run = p.key
    WHERE p.notebook {notebook} AND p.{column} = ? AND p.tracked = 1 AND e.status = 'finished'
    AND p.key < ? AND p.kind = ? AND NOT EXISTS (SELECT 1 FROM deleted_run d WHERE d.run = p.key)
    ORDER BY p.key DESC LIMIT 1"""


def previous_run(database: Database, run: int) -> int | None:
    """Return the key of the last finished tracked run of the same cell, else of the same notebook and name."""
    ((notebook, cell, name, kind),) = database.rows(
        "SELECT notebook, cell_id, name, kind FROM run WHERE key = ?", (run,)
    )
    for column, value in (("cell_id", cell), ("name", name)):
        if value is None:
            continue
        sql = _PREVIOUS.format(column=column, notebook="IS NULL" if notebook is None else "= ?")
        values = [value, run, kind] if notebook is None else [notebook, value, run, kind]
        found = database.rows(sql, values)
        if found:
            return int(found[0][0])
        if column == "cell_id":
            return None
    return None


def best_metrics(database: Database, experiment: str, before: int | None, names: list[str] | None) -> dict[str, Best]:
    """Return the extremes of each metric in an experiment, among runs with keys less than `before`."""
    last = before if before is not None else (1 << 62)
    with database.read() as connection:
        (total,) = connection.execute("SELECT coalesce(max(key), 0) FROM run").fetchone()
        bound = int(math.sqrt(total)) + 1
        (few,) = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM run WHERE experiment = ? LIMIT ?)", (experiment, bound)
        ).fetchone()
        # In a small experiment its runs are visited, in a large one the metric's index is walked from each end.
        small = few < bound
        sql = _EXTREME.format(join=_SMALL if small else _LARGE, direction="{direction}")
        found: dict[str, Best] = {}
        for name, label in _labels(database, names, experiment if small else None):
            values = {"name": label, "experiment": experiment, "last": last}
            least = connection.execute(sql.format(direction="ASC"), values).fetchone()
            if least is not None:
                greatest = connection.execute(sql.format(direction="DESC"), values).fetchone()
                found[name] = Best(*least, *greatest)
    return found


_SMALL = "run r INDEXED BY run_experiment CROSS JOIN metric m ON m.run = r.key AND m.name = :name"
_LARGE = "metric m INDEXED BY metric_value CROSS JOIN run r ON r.key = m.run"
_EXTREME = """SELECT m.value, r.id FROM {join}
    WHERE m.name = :name AND m.value IS NOT NULL AND r.experiment = :experiment AND r.key < :last
    AND NOT EXISTS (SELECT 1 FROM deleted_run d WHERE d.run = r.key)
    ORDER BY m.value {direction}, r.key LIMIT 1"""


def _labels(database: Database, names: list[str] | None, experiment: str | None) -> list[tuple[str, int]]:
    """Return the names of metrics to look at, with their keys: those given, or an experiment's, or all there are."""
    if names is not None:
        chosen, values = f"text IN ({','.join('?' * len(names))})", list[str | int](names)
    elif experiment is not None:
        chosen = "key IN (SELECT m.name FROM run r JOIN metric m ON m.run = r.key WHERE r.experiment = ?)"
        values = [experiment]
    else:
        values = list(distinct(database, "name", "metric"))
        chosen = f"key IN ({','.join('?' * len(values))})"
    return database.rows(f"SELECT text, key FROM label WHERE {chosen} ORDER BY text", values)


def distinct(database: Database, column: str, table: str) -> list[Any]:
    """Return the distinct values of an indexed column in order, by one step in the index for each of them."""
    rows = database.rows(
        f"""WITH RECURSIVE step (value) AS (
            SELECT min({column}) FROM {table} WHERE {column} IS NOT NULL
            UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > step.value) FROM step
            WHERE step.value IS NOT NULL
        ) SELECT value FROM step WHERE value IS NOT NULL"""
    )
    return [row[0] for row in rows]
