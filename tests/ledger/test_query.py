"""Questions to a ledger that is too large to be walked through: whichever way is taken, the answer is the plain one."""

from __future__ import annotations

import math
import random

import pytest

from nbledger.ledger import Ledger
from nbledger.records import Run

from .conftest import add_run, make_facts, make_session

#: More than the ledgers in which a walk is never given up.
RUNS = 6000
MISSING = object()


def fill(ledger: Ledger) -> None:
    session = make_session()
    ledger.start_session(session)
    chance = random.Random(3)
    with ledger.database.write():
        for index in range(RUNS):
            # What is rare is rare together, or only where an order begins or ends: counts of one condition mislead.
            params = {
                "depth": chance.choice([3, 4, 5, 5.0, "5", "deep", None]),
                "fold": index % 10,
                "part": index * 10 // RUNS,
                "rate": chance.choice([0.1, 0.01, chance.random()]),
                "flag": chance.choice([True, False, 1, "True"]),
                "kind": chance.choice(["forest", "Forest", "svm"]),
                "rare": chance.randrange(300),
            }
            metrics = {
                "acc": chance.choice([0.5, math.nan, chance.random(), chance.random()]),
                "rank": float(index),
                "loss": chance.random(),
            }
            for name in chance.sample(sorted(params), chance.choice([0, 0, 1, 2])):
                del params[name]
            if chance.random() < 0.1:
                del metrics["acc"]
            tags = {"team": chance.choice(["a", "b", "10"])} if chance.random() < 0.7 else {}
            run = add_run(
                ledger,
                session.id,
                params,
                metrics,
                tags,
                status=chance.choice(["finished", "finished", "failed"]),
                duration=chance.choice([0.1, 0.2, 5.0]),
                started_at=1e9 + index // 3,
                name=chance.choice([None, "common", f"run {index * 20 // RUNS}"]),
                experiment="all" if index % 50 else "few",
                position=index,
            )
            if chance.random() < 0.05:
                ledger.delete(run)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    ledger = Ledger.open(tmp_path_factory.mktemp("large"))
    fill(ledger)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def all_runs(large):
    return list(large.runs(order_by="position"))


def any_condition(chance):
    """Return words and what they mean: a value that compares is a number, and one that is missing fits nothing."""
    return chance.choice(
        [
            equal_param,
            equal_param,
            param_range,
            metric_range,
            metric_range,
            some_params,
            pattern,
            attribute,
            tag,
            negation,
        ]
    )(chance)


def equal_param(chance):
    name, value = chance.choice(
        [
            ("fold", chance.randrange(12)),
            ("part", chance.randrange(10)),
            ("rare", chance.randrange(300)),
            ("rate", 0.1),
            ("depth", chance.choice([3, 5, 6])),
        ]
    )
    return f"params.{name} = {value}", lambda run: run.params.get(name) == value or run.params.get(name) == str(value)


def param_range(chance):
    name, value = chance.choice([("fold", 2), ("rare", chance.choice([1, 20, 200])), ("rate", chance.random())])
    operator, holds = chance.choice([("<", lambda a, b: a < b), (">=", lambda a, b: a >= b)])
    return f"params.{name} {operator} {value}", lambda run: holds(run.params.get(name, math.nan), value)


def metric_range(chance):
    name, value = chance.choice([("acc", chance.random()), ("loss", chance.random() ** 4), ("rank", RUNS * 0.99)])
    operator, holds = chance.choice([("<", lambda a, b: a < b), (">", lambda a, b: a > b)])
    return f"metrics.{name} {operator} {value}", lambda run: holds(run.metrics.get(name, math.nan), value)


def some_params(chance):
    values = [chance.randrange(300) for _ in range(chance.choice([1, 2, 30]))]
    if chance.random() < 0.3:
        words = " OR ".join(f"params.rare = {value}" for value in values)
        return f"({words})", lambda run: run.params.get("rare") in values
    return f"params.rare IN ({', '.join(map(str, values))})", lambda run: run.params.get("rare") in values


def pattern(chance):
    return chance.choice(
        [
            ("params.kind LIKE 'for%'", lambda run: run.params.get("kind") == "forest"),
            ("params.kind LIKE '%orest'", lambda run: run.params.get("kind") in ("forest", "Forest")),
            ("name LIKE 'run 1%'", lambda run: (run.name or "").startswith("run 1")),
        ]
    )


def attribute(chance):
    part = f"run {chance.randrange(20)}"
    return chance.choice(
        [
            (f"name = '{part}'", lambda run: run.name == part),
            ("name = 'common'", lambda run: run.name == "common"),
            ("status = 'failed'", lambda run: run.status == "failed"),
            ("experiment = 'few'", lambda run: run.experiment == "few"),
            ("experiment = 'all'", lambda run: run.experiment == "all"),
            ("duration > 1", lambda run: run.duration > 1),
        ]
    )


def tag(chance):
    value = chance.choice(["a", "10", "none"])
    return f"tags.team = '{value}'", lambda run: run.tags.get("team") == value


def negation(chance):
    return chance.choice(
        [
            ("params.fold != 3", lambda run: run.params.get("fold", 3) != 3),
            ("params.flag = true", lambda run: run.params.get("flag") is True or run.params.get("flag") == "True"),
            ("NOT metrics.loss > 0.1", lambda run: run.metrics["loss"] <= 0.1),
            ("metrics.acc IS NULL", lambda run: math.isnan(run.metrics.get("acc", math.nan))),
        ]
    )


ORDERS = {
    "metrics.acc": lambda run: run.metrics.get("acc", math.nan),
    "metrics.rank": lambda run: run.metrics["rank"],
    "metrics.loss": lambda run: run.metrics["loss"],
    "params.part": lambda run: run.params.get("part", math.nan),
    "started_at": lambda run: run.started_at,
    "name": lambda run: run.name,
    "duration": lambda run: run.duration,
    "position": lambda run: run.position,
}


def expected(runs: list[Run], fits, order: str, *, descending: bool) -> list[str]:
    key = ORDERS[order]
    found = sorted([run for run in runs if all(fit(run) for fit in fits)], key=lambda run: run.position)
    found = found[::-1] if descending else found
    has = [run for run in found if key(run) is not None and key(run) == key(run)]
    has.sort(key=key, reverse=descending)
    return [run.id for run in has] + [run.id for run in found if key(run) is None or key(run) != key(run)]


@pytest.mark.parametrize("seed", range(12))
def test_generated_questions_are_answered_as_a_plain_reading_of_all_runs_does(large, all_runs, seed):
    chance = random.Random(seed)
    for _ in range(25):
        conditions = [any_condition(chance) for _ in range(chance.choice([1, 1, 2, 2, 3]))]
        words = " AND ".join(one for one, _ in conditions)
        order, descending = chance.choice(sorted(ORDERS)), chance.random() < 0.5
        answer = expected(all_runs, [fits for _, fits in conditions], order, descending=descending)
        limit, offset = chance.choice([1, 3, 20]), chance.choice([0, 0, 5])
        asked = {"order_by": f"{order} {'desc' if descending else 'asc'}", "limit": limit, "offset": offset}
        for _ in range(2):  # the second time by what is remembered of the first
            found = [run.id for run in large.runs(words, **asked)]
            assert found == answer[offset : offset + limit], (words, asked)
        assert large.count(words) == len(answer), words


def test_two_conditions_that_are_rarely_true_together_are_not_walked_for_again(large):
    words = "params.part = 2 AND params.fold = 3"
    large.runs(words, order_by="metrics.rank desc", limit=20)
    (plan,) = [plan for asked, plan in large.reader.plans.items() if asked[0][0] == words]
    assert plan.alone, "the rank orders the parts: a walk from its end visits most of the runs"


def test_a_value_that_is_written_in_another_way_later_is_found_by_a_question_asked_before(ledger, session):
    def found():
        return [run.params["depth"] for run in ledger.runs("params.depth = 5", order_by="metrics.acc desc", limit=3)]

    for index in range(100):
        add_run(ledger, session, {"depth": 5 if index % 2 else 6}, {"acc": index / 1000})
    assert found() == found() == [5, 5, 5]
    add_run(ledger, session, {"depth": "5"}, {"acc": 0.9})
    assert found() == found() == ["5", 5, 5]
    late = add_run(ledger, session, {"depth": 4}, {"acc": 0.95})
    ledger.record(late, make_facts(metrics={"other": 1.0}))
    assert found() == ["5", 5, 5]
    assert ledger.count("params.depth = 5") == 51
    assert ledger.count("params.depth = 5 AND metrics.acc > 0.9") == 0
    assert ledger.count("params.depth = 5 AND metrics.acc > 0.8") == 1
