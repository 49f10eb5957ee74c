"""How fast other questions to 100,000 runs are, each against a wide table with the one index that is best for it.

    python tests/benchmarks/bench_questions.py [RUNS]

Asked again, and with nothing remembered of the question; then how many runs fit; then all of it once more with every
other run deleted. By processor time: both take turns and the best of each counts. Last, each question as the only one
of a new process, once the ledger or the table is open and its schema read: the median of five processes of each, by
turns. No schema that answers every question reaches an index on just these columns in this order where the wide table
reads little more than its answer: those rows tell what that costs.
"""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from nbledger.ledger import Ledger
from nbledger.ledger.filter import _parse_order, parse


class Asked(NamedTuple):
    """A question to the ledger, and the same in SQL with the index that it wants."""

    filter: str | None
    order: str | None
    limit: int
    where: str
    sql_order: str
    index: str


BY_2 = ("metrics.metric_2 desc", 20)
ASKED = (
    Asked("params.param_1 = 3", None, 20, "param_1 = 3", "started_at DESC", "started_at"),
    Asked("params.param_1 = 3", "metrics.metric_2 desc", 100, "param_1 = 3", "metric_2 DESC", "metric_2"),
    Asked("params.param_1 = 3", "metrics.metric_2", 20, "param_1 = 3", "metric_2", "metric_2"),
    Asked("params.param_3 = 77", *BY_2, "param_3 = 77", "metric_2 DESC", "param_3, metric_2"),
    Asked("params.param_2 < 0.01", *BY_2, "param_2 < 0.01", "metric_2 DESC", "param_2"),
    Asked(
        "params.param_2 < 0.1 and params.param_0 = 'gini'", *BY_2, "param_2 < 0.1 AND param_0 = 'gini'",
        "metric_2 DESC", "metric_2",
    ),
    Asked(None, *BY_2, "1", "metric_2 DESC", "metric_2"),
    Asked(None, "metrics.metric_2", 100, "1", "metric_2", "metric_2"),
    Asked(None, None, 20, "1", "started_at DESC", "started_at"),
    Asked("attributes.status = 'finished'", None, 20, "status = 'finished'", "started_at DESC", "started_at"),
    Asked("attributes.name = 'run 8'", *BY_2, "name = 'run 8'", "metric_2 DESC", "name, metric_2"),
    Asked("attributes.name LIKE 'run 4%'", *BY_2, "name LIKE 'run 4%'", "metric_2 DESC", "metric_2"),
    Asked("params.param_0 LIKE 'gi%'", *BY_2, "param_0 LIKE 'gi%'", "metric_2 DESC", "metric_2"),
    Asked("params.param_0 IN ('gini', 'entropy')", *BY_2, "param_0 IN ('gini', 'entropy')", "metric_2 DESC", "metric_2"),
    Asked("params.param_1 = 3 or params.param_1 = 4", *BY_2, "param_1 IN (3, 4)", "metric_2 DESC", "metric_2"),
    Asked(
        "metrics.metric_2 > 0.9 and metrics.metric_3 > 0.9", *BY_2, "metric_2 > 0.9 AND metric_3 > 0.9",
        "metric_2 DESC", "metric_2",
    ),
    Asked(
        "params.param_0 = 'gini' and metrics.metric_3 > 0.9", *BY_2, "param_0 = 'gini' AND metric_3 > 0.9",
        "metric_2 DESC", "metric_2",
    ),
    Asked("params.param_3 = 77", None, 20, "param_3 = 77", "started_at DESC", "param_3, started_at"),
    Asked("params.param_8 = 77", *BY_2, "param_8 = 77", "metric_2 DESC", "param_8, metric_2"),
    Asked(
        "params.param_1 = 3 and params.param_8 = 7", *BY_2, "param_1 = 3 AND param_8 = 7", "metric_2 DESC",
        "param_1, param_8, metric_2",
    ),
    Asked(
        "attributes.name = 'run 8' and params.param_1 = 5", *BY_2, "name = 'run 8' AND param_1 = 5", "metric_2 DESC",
        "name, param_1, metric_2",
    ),
    Asked("attributes.name = 'run 8'", None, 20, "name = 'run 8'", "started_at DESC", "name, started_at"),
    Asked(None, "attributes.duration desc", 20, "1", "duration DESC", "duration"),
    Asked(None, "attributes.name", 20, "1", "name", "name"),
)  # fmt: skip
#: A filter, the same in SQL and the index that holds the answer.
COUNTED = (
    ("params.param_1 = 5", "param_1 = 5", "param_1"),
    ("params.param_3 = 77", "param_3 = 77", "param_3"),
    ("params.param_2 < 0.1", "param_2 < 0.1", "param_2"),
    ("metrics.metric_0 > 0.9", "metric_0 > 0.9", "metric_0"),
    ("params.param_1 = 3 or params.param_1 = 4", "param_1 IN (3, 4)", "param_1"),
    ("attributes.name = 'run 8'", "name = 'run 8'", "name"),
    ("attributes.status = 'finished'", "status = 'finished'", "status"),
    ("params.param_0 = 'gini' and metrics.metric_3 > 0.9", "param_0 = 'gini' AND metric_3 > 0.9", "param_0, metric_3"),
)


def delete_half(ledger: Ledger, hand: sqlite3.Connection) -> None:
    """Delete every other run in both."""
    with ledger.database.write() as connection:
        connection.execute(
            """INSERT INTO deletion (id, run, event, seq, time, who)
            SELECT lower(hex(randomblob(16))), id, 'delete', 1, 1e9, 'me' FROM run WHERE key % 2 = 0"""
        )
    hand.execute("ALTER TABLE run ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0")
    hand.execute("UPDATE run SET deleted = 1 WHERE key % 2 = 0")
    hand.commit()


def best_of(actions: list[tuple[Callable[[], object], Callable[[], object]]], span: float = 1.0) -> list[float]:
    """Return the best seconds of each action, each after what prepares it, by turns for `span` seconds."""
    best = [float("inf")] * len(actions)
    stop = time.perf_counter() + span
    while time.perf_counter() < stop or best[0] == float("inf"):
        for place, (before, action) in enumerate(actions):
            before()
            begin = time.process_time()
            action()
            best[place] = min(best[place], time.process_time() - begin)
    return best


def counted(ledger: Ledger, hand: sqlite3.Connection, *, deleted: bool) -> Iterator[str]:
    """Yield a line for each question of how many runs fit."""
    for text, where, columns in COUNTED:
        index(hand, f"{'deleted, ' * deleted}{columns}")
        sql = f"SELECT count(*) FROM run WHERE ({where}){' AND deleted = 0' * deleted}"

        def ours(text: str = text) -> int:
            return ledger.count(text)

        def theirs(sql: str = sql) -> int:
            return int(hand.execute(sql).fetchone()[0])

        assert ours() == theirs(), text
        again, hands = best_of([(bool, ours), (bool, theirs)])
        yield f"how many: {text:69} {again * 1000:9.3f} ms {hands * 1000:9.3f} ms {again / hands:8.2f} x"


def ask(ledger: Ledger, one: Asked) -> list[Any]:
    """Ask the ledger, and read of each run what was asked for."""
    found = ledger.runs(one.filter, order_by=one.order, limit=one.limit)
    return [(run.name, run.metrics["metric_2"], run.params["param_1"]) for run in found]


def ask_by_hand(hand: sqlite3.Connection, one: Asked, kept: str = "") -> list[Any]:
    """Ask the wide table, and read the same of its rows as dictionaries."""
    cursor = hand.execute(f"SELECT * FROM run WHERE ({one.where}){kept} ORDER BY {one.sql_order} LIMIT {one.limit}")
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor]
    return [(row["name"], row["metric_2"], row["param_1"]) for row in found]


def rows(ledger: Ledger, hand: sqlite3.Connection, *, deleted: bool) -> Iterator[str]:
    """Yield a line for each question."""

    def forget() -> None:
        ledger.reader.forget()
        parse.cache_clear()
        _parse_order.cache_clear()

    kept = " AND deleted = 0" * deleted
    for one in ASKED:
        index(hand, f"{'deleted, ' * deleted}{one.index}")
        ours, theirs = partial(ask, ledger, one), partial(ask_by_hand, hand, one, kept)
        assert ours() == theirs(), one
        again, hands, first = best_of([(bool, ours), (bool, theirs), (forget, ours)])
        yield (
            f"{one.filter or '':50} {one.order or '':22} {one.limit:5} {again * 1000:9.3f} ms {hands * 1000:9.3f} ms "
            f"{again / hands:8.2f} x {first / hands:8.2f} x"
        )


def alone(folder: Path, hand: sqlite3.Connection) -> Iterator[str]:
    """Yield a line for each question, the only one of its process."""
    for place, one in enumerate(ASKED):
        index(hand, one.index)
        times: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(5):
            for whose, found in times.items():
                command = [sys.executable, __file__, "--once", str(folder), str(place), whose]
                found.append(float(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
        ours, theirs = (statistics.median(found) for found in times.values())
        yield (
            f"{one.filter or '':50} {one.order or '':22} {one.limit:5} {ours * 1000:9.3f} ms {theirs * 1000:9.3f} ms "
            f"{ours / theirs:8.2f} x"
        )


def once(folder: Path, place: int, whose: str) -> float:
    """Return the processor time of one question in this process, which has just begun."""
    if whose == "ours":
        action = partial(ask, Ledger.open(folder / "many"), ASKED[place])
    else:
        hand = sqlite3.connect(folder / "wide.db")
        hand.execute("SELECT 1 FROM run LIMIT 1").fetchone()
        action = partial(ask_by_hand, hand, ASKED[place])
    begin = time.process_time()
    action()
    return time.process_time() - begin


def index(hand: sqlite3.Connection, columns: str) -> None:
    """Give the wide table the one index that a question wants."""
    hand.execute("DROP INDEX IF EXISTS best")
    hand.execute(f"CREATE INDEX best ON run ({columns})")
    hand.commit()


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["--once"]:
        print(once(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
        return
    from bench_ledger import fill, wide  # imports pandas, which a process with one question does without

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Ledger.open(folder / "many")
        fill(ledger, count)
        hand = wide(folder, count)
        print(f"{count:,} runs, the only question of a process")
        for line in alone(folder, hand):
            print(line, flush=True)
        for deleted in (False, True):
            print("\nhalf of the runs deleted" if deleted else f"{count:,} runs")
            print(f"{'filter':50} {'order':22} {'limit':>5} {'again':>12} {'by hand':>12} {'again':>10} {'first':>10}")
            if deleted:
                delete_half(ledger, hand)
            for line in itertools.chain(rows(ledger, hand, deleted=deleted), counted(ledger, hand, deleted=deleted)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
