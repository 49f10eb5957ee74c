"""How fast the ledger is, against the best that one would write by hand for each single task.

    python tests/benchmarks/bench_ledger.py [RUNS]

Every figure is a ratio (or a cost) within one process and on one disk, so that it means the same on any machine. The
competitors know their one question in advance: a wide table with a column per param and metric, and tables of
(run, name, value) with covering indexes. The ledger answers all questions.
"""

from __future__ import annotations

import dataclasses
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas

from nbledger.ledger import Ledger, current_process
from nbledger.ledger.filter import parse
from nbledger.records import Facts, Metric, Param, RunEnd, RunStart, Session, Tag, new_id

PARAMS = tuple(f"param_{index}" for index in range(10))
METRICS = tuple(f"metric_{index}" for index in range(10))
RUN_COLUMNS = ("id", "name", "status", "started_at", "ended_at", "duration")


class Result:
    """One line of the table."""

    def __init__(self, what: str, ours: float, theirs: float | None, limit: float, against: str = "") -> None:
        self.what = what
        self.ours = ours
        self.theirs = theirs
        self.limit = limit
        self.against = against

    @property
    def figure(self) -> float:
        """The ratio to the competitor, or the cost in seconds where there is none."""
        return self.ours if self.theirs is None else self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        return self.figure <= self.limit


def session(ledger: Ledger) -> str:
    """Start a session in the ledger and return its id."""
    process = current_process()
    id = new_id()
    ledger.start_session(
        Session(
            id, "benchmark", process.host, process.boot_id, process.pid, process.started, "", "", "", "", time.time()
        )
    )
    return id


def values(index: int) -> tuple[list[Any], list[float]]:
    """Return ten params of mixed types and ten metrics."""
    chance = random.Random(index)
    params = [
        chance.choice(["gini", "entropy", "log_loss"]), chance.randrange(10), chance.random(), chance.randrange(1000),
        "adam", True, chance.randrange(5), chance.random(), chance.randrange(100), chance.choice([None, 3, 5]),
    ]  # fmt: skip
    return params, [chance.random() for _ in METRICS]


#: Made beforehand, so that making them is in no figure.
SAMPLES = [values(index) for index in range(300)]


def facts(params: Sequence[Any], metrics: Sequence[float]) -> Facts:
    """Return them as records, with three tags."""
    return Facts(
        params=tuple(Param(name, value) for name, value in zip(PARAMS, params, strict=True)),
        metrics=tuple(Metric(name, value) for name, value in zip(METRICS, metrics, strict=True)),
        tags=(Tag("team", "a"), Tag("stage", "dev"), Tag("owner", "me")),
    )


def median(action: Callable[[int], object], times: int) -> float:
    """Return the median time of `action(index)` in seconds."""
    found = []
    for index in range(times):
        begin = time.perf_counter()
        action(index)
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def in_turns(actions: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Return the best time of each action in seconds. They take turns, so that a busy machine disturbs all alike."""
    best = dict.fromkeys(actions, float("inf"))
    for _ in range(times):
        for name, action in actions.items():
            begin = time.perf_counter()
            action()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


# -- writing one run --------------------------------------------------------------------------------------------------


def hand_written_rows(folder: Path) -> Callable[[int], None]:
    """Return what writes the same rows (run, end, params, metrics, tags) in one WAL transaction, with two indexes."""
    connection = sqlite3.connect(folder / "hand.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE run (key INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, started_at REAL)")
    connection.execute("CREATE TABLE run_end (run INTEGER PRIMARY KEY, ended_at REAL, duration REAL, status TEXT)")
    for table in ("param", "metric", "tag"):
        connection.execute(
            f"CREATE TABLE {table} (run INTEGER, name TEXT, value, PRIMARY KEY (run, name)) WITHOUT ROWID"
        )
    for table in ("param", "metric"):
        connection.execute(f"CREATE INDEX {table}_value ON {table} (name, value, run)")

    def write(index: int) -> None:
        params, metrics = SAMPLES[index]
        connection.execute("BEGIN IMMEDIATE")
        key = connection.execute("INSERT INTO run VALUES (NULL, ?, ?, ?)", (new_id(), "train", time.time())).lastrowid
        connection.execute("INSERT INTO run_end VALUES (?, ?, ?, ?)", (key, time.time(), 0.1, "finished"))
        connection.executemany(
            "INSERT INTO param VALUES (?, ?, ?)", [(key, n, v) for n, v in zip(PARAMS, params, strict=True)]
        )
        connection.executemany(
            "INSERT INTO metric VALUES (?, ?, ?)", [(key, n, v) for n, v in zip(METRICS, metrics, strict=True)]
        )
        connection.executemany(
            "INSERT INTO tag VALUES (?, ?, ?)", [(key, n, v) for n, v in (("team", "a"), ("stage", "b"), ("by", "me"))]
        )
        connection.execute("COMMIT")

    return write


def bench_one_run(folder: Path) -> list[Result]:
    """One run of 10 params, 10 metrics and 3 tags; and an empty observed cell."""
    ledger = Ledger.open(folder / "one")
    id = session(ledger)
    samples = [facts(*sample) for sample in SAMPLES]
    begin = RunStart("", id, "cell", 0.0, "train", "e", None, "nb.ipynb", "cell-1", 1, "model.fit(X, y)", True)

    def ours(index: int) -> None:
        run = new_id()
        ledger.start_run(dataclasses.replace(begin, id=run, started_at=time.time()))
        ledger.end_run(RunEnd(run, time.time(), 0.1, "finished"), samples[index])

    def empty(index: int) -> None:
        run = new_id()
        ledger.start_run(
            RunStart(run, id, "cell", time.time(), None, None, None, "nb.ipynb", f"c{index % 20}", index, "x")
        )
        ledger.end_run(RunEnd(run, time.time(), 0.1, "finished"))

    theirs = hand_written_rows(folder)
    pairs = [(median(ours, 300), median(theirs, 300)) for _ in range(3)]
    best = min(pairs, key=lambda pair: pair[0] / pair[1])
    return [
        Result("one run, 10 params, 10 metrics, 3 tags", best[0], best[1], 3.0, "one WAL transaction of its rows"),
        Result("an empty observed cell, start and end", min(median(empty, 300) for _ in range(3)), None, 150e-6),
    ]


def bench_steps(folder: Path) -> list[Result]:
    """A thousand metric steps, one call each, as the caller sees it."""
    ledger = Ledger.open(folder / "steps")
    id = session(ledger)
    found = []
    for _ in range(7):
        run = new_id()
        ledger.start_run(RunStart(run, id, "cell", time.time()))
        with ledger.metric_buffer(run) as buffer:
            begin = time.perf_counter()
            for step in range(1000):
                buffer.log("loss", 1.0 / (step + 1), step)
            found.append(time.perf_counter() - begin)
        ledger.end_run(RunEnd(run, time.time(), 0.1, "finished"))
        assert len(ledger.metrics(run)) == 1000
    return [Result("1,000 metric steps, one call each", statistics.median(found), None, 5e-3)]


# -- reading many -----------------------------------------------------------------------------------------------------


def fill(ledger: Ledger, count: int) -> None:
    """Write runs by the ledger's own calls, in large transactions."""
    id = session(ledger)
    for first in range(0, count, 5000):
        with ledger.database.write():
            for index in range(first, min(first + 5000, count)):
                run = new_id()
                ledger.start_run(RunStart(run, id, "cell", 1e9 + index, f"run {index % 50}", "e", tracked=True))
                params, metrics = values(index)
                ledger.end_run(
                    RunEnd(run, 1e9 + index + 1, 1.0, "finished"),
                    Facts(
                        params=tuple(Param(name, value) for name, value in zip(PARAMS, params, strict=True)),
                        metrics=tuple(Metric(name, value) for name, value in zip(METRICS, metrics, strict=True)),
                    ),
                )


def wide(folder: Path, count: int) -> sqlite3.Connection:
    """One column per param and metric, with the one index that the question wants."""
    connection = sqlite3.connect(folder / "wide.db")
    connection.execute("PRAGMA journal_mode = WAL")
    columns = ", ".join([*PARAMS, *(f"{name} REAL" for name in METRICS)])
    connection.execute(
        "CREATE TABLE run (key INTEGER PRIMARY KEY, id TEXT, name TEXT, status TEXT, started_at REAL, ended_at REAL, "
        f"duration REAL, {columns})"
    )
    marks = ",".join("?" * (7 + len(PARAMS) + len(METRICS)))
    connection.executemany(f"INSERT INTO run VALUES ({marks})", (_wide_row(index) for index in range(count)))
    connection.execute("CREATE INDEX by_metric ON run (metric_0)")
    connection.commit()
    return connection


def _wide_row(index: int) -> tuple[Any, ...]:
    params, metrics = values(index)
    start = 1e9 + index
    return (index + 1, new_id(), f"run {index % 50}", "finished", start, start + 1, 1.0, *params, *metrics)


def tall(folder: Path, count: int) -> sqlite3.Connection:
    """Rows of (run, name, value) with covering indexes."""
    connection = sqlite3.connect(folder / "tall.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "CREATE TABLE run (key INTEGER PRIMARY KEY, id TEXT, name TEXT, status TEXT, started_at REAL, ended_at REAL, "
        "duration REAL)"
    )
    connection.execute("CREATE TABLE param (run INTEGER, name TEXT, value, PRIMARY KEY (run, name)) WITHOUT ROWID")
    connection.execute(
        "CREATE TABLE metric (run INTEGER, name TEXT, value REAL, PRIMARY KEY (run, name)) WITHOUT ROWID"
    )
    for first in range(0, count, 5000):
        rows = [_wide_row(index) for index in range(first, min(first + 5000, count))]
        connection.executemany("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?)", [row[:7] for row in rows])
        connection.executemany(
            "INSERT INTO param VALUES (?, ?, ?)",
            [(row[0], name, value) for row in rows for name, value in zip(PARAMS, row[7:17], strict=True)],
        )
        connection.executemany(
            "INSERT INTO metric VALUES (?, ?, ?)",
            [(row[0], name, value) for row in rows for name, value in zip(METRICS, row[17:], strict=True)],
        )
    connection.execute("CREATE INDEX param_value ON param (name, value, run)")
    connection.execute("CREATE INDEX metric_value ON metric (name, value, run)")
    connection.commit()
    return connection


_WIDE_COLUMNS = ("key", *RUN_COLUMNS, *PARAMS, *METRICS)


def wide_top(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The top 20 from the wide table, as dictionaries."""
    rows = connection.execute("SELECT * FROM run WHERE param_1 = 5 ORDER BY metric_0 DESC LIMIT 20")
    return [dict(zip(_WIDE_COLUMNS, row, strict=True)) for row in rows]


def tall_top(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The top 20 from the tall tables, as dictionaries; the join a person would write."""
    keys = connection.execute(
        """SELECT m.run FROM metric m JOIN param p ON p.run = m.run AND p.name = 'param_1'
        WHERE m.name = 'metric_0' AND p.value = 5 ORDER BY m.value DESC LIMIT 20"""
    ).fetchall()
    found = []
    for (key,) in keys:
        row = dict(
            zip(
                ("key", *RUN_COLUMNS),
                connection.execute("SELECT * FROM run WHERE key = ?", (key,)).fetchone(),
                strict=True,
            )
        )
        row.update(connection.execute("SELECT name, value FROM param WHERE run = ?", (key,)))
        row.update(connection.execute("SELECT name, value FROM metric WHERE run = ?", (key,)))
        found.append(row)
    return found


def tall_frame(connection: sqlite3.Connection) -> pandas.DataFrame:
    """All runs from the tall tables, pivoted in Python."""
    runs = connection.execute("SELECT * FROM run").fetchall()
    place = {row[0]: index for index, row in enumerate(runs)}
    columns: dict[str, list[Any]] = {name: [None] * len(runs) for name in (*PARAMS, *METRICS)}
    for table in ("param", "metric"):
        for run, name, value in connection.execute(f"SELECT run, name, value FROM {table}"):
            columns[name][place[run]] = value
    frame = pandas.DataFrame(runs, columns=["key", *RUN_COLUMNS])
    return pandas.concat([frame, pandas.DataFrame(columns)], axis=1)


def wide_frame(connection: sqlite3.Connection) -> pandas.DataFrame:
    """All runs from the wide table."""
    return pandas.DataFrame(connection.execute("SELECT * FROM run").fetchall(), columns=list(_WIDE_COLUMNS))


def bench_reading(folder: Path, count: int) -> list[Result]:
    """Top 20 by a metric under a param filter, and all runs to a frame."""
    ledger = Ledger.open(folder / "many")
    fill(ledger, count)
    hand = {"wide table": wide(folder, count), "tall tables": tall(folder, count)}
    assert top_20(ledger) == read_rows(wide_top(hand["wide table"])) == read_rows(tall_top(hand["tall tables"]))
    assert len(ledger.runs().to_frame()) == count
    tops = in_turns(
        {
            "nbledger": lambda: top_20(ledger),
            "wide table": lambda: read_rows(wide_top(hand["wide table"])),
            "tall tables": lambda: read_rows(tall_top(hand["tall tables"])),
        },
        300,
    )
    frames = in_turns(
        {
            "nbledger": lambda: ledger.runs().to_frame(),
            "wide table": lambda: wide_frame(hand["wide table"]),
            "tall tables": lambda: tall_frame(hand["tall tables"]),
        },
        5,
    )
    forgotten = min(first_top_20(ledger) for _ in range(100))
    opened = [min(times) for times in zip(*(opened_top_20(folder) for _ in range(60)), strict=True)]
    ours_top, ours_frame = tops.pop("nbledger"), frames.pop("nbledger")
    return [
        *(Result(f"top 20 of {count:,} runs", ours_top, theirs, 2.0, name) for name, theirs in tops.items()),
        Result("the same, first on a connection just opened", opened[0], opened[1], 2.0, "wide table, the same"),
        Result("the same, with nothing remembered of it", forgotten, tops["wide table"], 2.0, "wide table, again"),
        *(Result(f"{count:,} runs to a frame", ours_frame, theirs, 2.0, name) for name, theirs in frames.items()),
    ]


def top_20(ledger: Ledger) -> list[tuple[str, float, Any]]:
    """Ask the ledger for the top 20 and read of each what one asked for."""
    runs = list(ledger.runs("params.param_1 = 5", order_by="metrics.metric_0 desc", limit=20))
    return [(run.name or "", run.metrics["metric_0"], run.params["param_1"]) for run in runs]


def read_rows(rows: list[dict[str, Any]]) -> list[tuple[str, float, Any]]:
    """Read the same of rows."""
    return [(row["name"], row["metric_0"], row["param_1"]) for row in rows]


def first_top_20(ledger: Ledger) -> float:
    """Return the seconds of the top 20 when nothing is remembered of the words, the names and what is common."""
    ledger.reader.forget()
    parse.cache_clear()
    begin = time.perf_counter()
    top_20(ledger)
    return time.perf_counter() - begin


def opened_top_20(folder: Path) -> tuple[float, float]:
    """Return the seconds of the top 20 from the ledger and the wide table, each just opened, its schema read."""
    parse.cache_clear()
    ledger, hand = Ledger.open(folder / "many"), sqlite3.connect(folder / "wide.db")
    hand.execute("SELECT 1 FROM run LIMIT 1").fetchone()
    begin = time.perf_counter()
    top_20(ledger)
    between = time.perf_counter()
    read_rows(wide_top(hand))
    end = time.perf_counter()
    ledger.close()
    return between - begin, end - between


def run_all(count: int = 100_000) -> list[Result]:
    """Run all benchmarks in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*bench_one_run(folder), *bench_steps(folder), *bench_reading(folder, count)]


def main() -> None:
    """Print the table; what is over its limit is marked."""
    results = run_all(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    print(f"{'what':45} {'ours':>10} {'by hand':>10} {'figure':>10} {'limit':>10}")
    for one in results:
        theirs = "" if one.theirs is None else f"{one.theirs * 1000:.2f} ms"
        figure = f"{one.ours * 1000:.2f} ms" if one.theirs is None else f"{one.figure:.2f} x"
        limit = f"{one.limit * 1000:g} ms" if one.theirs is None else f"{one.limit:g} x"
        mark = "" if one.holds else "  <-- over"
        print(f"{one.what:45} {one.ours * 1000:7.2f} ms {theirs:>10} {figure:>10} {limit:>10}  {one.against}{mark}")


if __name__ == "__main__":
    main()
