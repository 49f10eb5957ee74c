"""How fast other questions to 100,000 runs are, each against a wide table with the one index that is best for it.

    python tests/benchmarks/bench_questions.py [RUNS]

Asked again, and with nothing remembered of the question; then how many runs fit; then all of it once more with every
other run deleted. By processor time: both take turns and the best of each counts. No schema that answers every question reaches an index on just these columns in
this order where the wide table reads little more than its answer: those rows tell what that costs.
"""

from __future__ import annotations

import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench_ledger import fill, wide

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
    for text, where, index in COUNTED:
        hand.execute("DROP INDEX IF EXISTS best")
        hand.execute(f"CREATE INDEX best ON run ({'deleted, ' * deleted}{index})")
        hand.commit()
        sql = f"SELECT count(*) FROM run WHERE ({where}){' AND deleted = 0' * deleted}"

        def ours(text: str = text) -> int:
            return ledger.count(text)

        def theirs(sql: str = sql) -> int:
            return int(hand.execute(sql).fetchone()[0])

        assert ours() == theirs(), text
        again, hands = best_of([(bool, ours), (bool, theirs)])
        yield f"how many: {text:69} {again * 1000:9.3f} ms {hands * 1000:9.3f} ms {again / hands:8.2f} x"


def rows(ledger: Ledger, hand: sqlite3.Connection, *, deleted: bool) -> Iterator[str]:
    """Yield a line for each question."""
    names = [row[1] for row in hand.execute("PRAGMA table_info(run)")]

    def forget() -> None:
        ledger.reader.forget()
        parse.cache_clear()
        _parse_order.cache_clear()

    for one in ASKED:
        hand.execute("DROP INDEX IF EXISTS best")
        hand.execute(f"CREATE INDEX best ON run ({'deleted, ' * deleted}{one.index})")
        hand.commit()
        kept = " AND deleted = 0" * deleted
        sql = f"SELECT * FROM run WHERE ({one.where}){kept} ORDER BY {one.sql_order} LIMIT {one.limit}"

        def ours(one: Asked = one) -> list[Any]:
            found = ledger.runs(one.filter, order_by=one.order, limit=one.limit)
            return [(run.name, run.metrics["metric_2"], run.params["param_1"]) for run in found]

        def theirs(sql: str = sql) -> list[Any]:
            found = [dict(zip(names, row, strict=True)) for row in hand.execute(sql)]
            return [(row["name"], row["metric_2"], row["param_1"]) for row in found]

        assert ours() == theirs(), one
        again, hands, first = best_of([(bool, ours), (bool, theirs), (forget, ours)])
        yield (
            f"{one.filter or '':50} {one.order or '':22} {one.limit:5} {again * 1000:9.3f} ms {hands * 1000:9.3f} ms "
            f"{again / hands:8.2f} x {first / hands:8.2f} x"
        )


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Ledger.open(folder / "many")
        fill(ledger, count)
        hand = wide(folder, count)
        for deleted in (False, True):
            print("\nhalf of the runs deleted" if deleted else f"{count:,} runs")
            print(f"{'filter':50} {'order':22} {'limit':>5} {'again':>12} {'by hand':>12} {'again':>10} {'first':>10}")
            if deleted:
                delete_half(ledger, hand)
            for line in itertools.chain(rows(ledger, hand, deleted=deleted), counted(ledger, hand, deleted=deleted)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
