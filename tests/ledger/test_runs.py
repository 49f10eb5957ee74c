"""Listing runs: filters, orders and pages give what a plain reading of them says."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
import pickle
import random
import warnings

import pytest

from nbledger.ledger import LedgerWarning
from nbledger.records import Run, RunEnd

from .conftest import add_run, make_facts, make_session


def ids(runs):
    return [run.id for run in runs]


@pytest.fixture
def zoo(ledger, session):
    """Some hundred runs with all sorts of values, some missing, NaN, equal or of mixed types."""
    chance = random.Random(5)
    depths = [1, 2, 3, 5, 5.0, "5", "deep", None, True]
    for index in range(150):
        params, metrics, tags = {}, {}, {}
        if chance.random() < 0.8:
            params["depth"] = chance.choice(depths)
        if chance.random() < 0.5:
            params["kind"] = chance.choice(["forest", "Forest", "svm_rbf", "svm%rbf"])
        if chance.random() < 0.8:
            metrics["acc"] = chance.choice([0.1, 0.5, 0.5, 0.9, 1.0, math.nan, math.inf])
        if chance.random() < 0.5:
            tags["team"] = chance.choice(["a", "b", "10", "9"])
        add_run(
            ledger,
            session,
            params,
            metrics,
            tags,
            status=chance.choice(["finished", "finished", "failed", None]),
            duration=chance.choice([0.1, 0.2, 5.0]),
            started_at=1e9 + chance.randrange(100),
            name=chance.choice([None, "alpha", "beta"]),
            experiment=chance.choice([None, "one", "two"]),
            tracked=chance.random() < 0.5,
            position=index,
            kind=chance.choice(["cell", "cell", "notebook"]),
        )
    return list(ledger.runs())


MISSING = object()


def depth(run):
    return run.params.get("depth", MISSING)


def number(value):
    return isinstance(value, (int, float))


CASES = [
    ("metrics.acc > 0.5", lambda r: r.metrics.get("acc", math.nan) > 0.5),
    ("metrics.acc <= 0.5", lambda r: r.metrics.get("acc", math.nan) <= 0.5),
    ("metrics.acc = 0.5", lambda r: r.metrics.get("acc") == 0.5),
    ("metrics.acc != 0.5", lambda r: "acc" in r.metrics and r.metrics["acc"] != 0.5),
    ("metrics.acc = inf", lambda r: r.metrics.get("acc") == math.inf),
    ("metrics.acc = nan", lambda r: math.isnan(r.metrics.get("acc", 0.0))),
    ("metrics.acc in (0.1, 1)", lambda r: r.metrics.get("acc") in (0.1, 1.0)),
    ("metrics.acc is null", lambda r: math.isnan(r.metrics.get("acc", math.nan))),
    ("metrics.acc is not null", lambda r: not math.isnan(r.metrics.get("acc", math.nan))),
    ("not metrics.acc > 0.5", lambda r: r.metrics.get("acc", math.nan) <= 0.5),
    ("params.depth = 5", lambda r: depth(r) in (5, "5")),
    ("params.depth = '5'", lambda r: depth(r) in (5, "5")),
    ("params.depth != 5", lambda r: depth(r) not in (5, "5", MISSING)),
    ("params.depth > 2", lambda r: number(depth(r)) and depth(r) > 2),
    ("params.depth < 3", lambda r: number(depth(r)) and depth(r) < 3),
    ("params.depth in (2, 'deep')", lambda r: depth(r) in (2, "deep")),
    ("params.depth not in (2, 'deep')", lambda r: depth(r) not in (2, "deep", None, MISSING)),
    ("params.depth = true", lambda r: depth(r) is True),
    ("params.depth = 'True'", lambda r: depth(r) is True),
    ("params.depth = 'None'", lambda r: depth(r) is None),
    ("params.depth is null", lambda r: depth(r) in (None, MISSING)),
    ("params.kind like '%orest'", lambda r: r.params.get("kind") in ("forest", "Forest")),
    ("params.kind like 'f%'", lambda r: r.params.get("kind") == "forest"),
    ("params.kind ilike 'f%'", lambda r: r.params.get("kind") in ("forest", "Forest")),
    ("params.kind like 'svm_rbf'", lambda r: r.params.get("kind") in ("svm_rbf", "svm%rbf")),
    ("tags.team = 'a'", lambda r: r.tags.get("team") == "a"),
    ("tags.team = 10", lambda r: r.tags.get("team") == "10"),
    ("tags.team is null", lambda r: "team" not in r.tags),
    ("tags.team in ('a', 'b')", lambda r: r.tags.get("team") in ("a", "b")),
    ("status = 'failed'", lambda r: r.status == "failed"),
    ("status = 'running'", lambda r: r.status == "running"),
    ("status != 'finished'", lambda r: r.status != "finished"),
    ("status in ('running', 'failed')", lambda r: r.status in ("running", "failed")),
    ("duration > 1", lambda r: (r.duration or 0) > 1),
    ("ended_at is null", lambda r: r.ended_at is None),
    ("name = 'alpha' and experiment = 'one'", lambda r: (r.name, r.experiment) == ("alpha", "one")),
    ("name is null", lambda r: r.name is None),
    ("tracked = true", lambda r: r.tracked),
    ("tracked != 1", lambda r: not r.tracked),
    ("kind = 'notebook'", lambda r: r.kind == "notebook"),
    ("started_at < 1000000050", lambda r: r.started_at < 1e9 + 50),
    ("position >= 100", lambda r: r.position >= 100),
    (
        "(params.depth = 5 or metrics.acc > 0.8) and not name = 'beta'",
        lambda r: (depth(r) in (5, "5") or r.metrics.get("acc", math.nan) > 0.8) and r.name == "alpha",
    ),
    ("params.depth = 2 or params.depth = 'deep'", lambda r: depth(r) in (2, "deep")),
    ("params.depth = 1 or params.depth in (true, 5)", lambda r: depth(r) in (1, 5, "5")),
    (
        "metrics.acc = nan or metrics.acc = 0.5",
        lambda r: r.metrics.get("acc") == 0.5 or r.metrics.get("acc", 0.0) != r.metrics.get("acc", 0.0),
    ),
    ("tags.team = 'a' or tags.team = 10", lambda r: r.tags.get("team") in ("a", "10")),
    ("status = 'running' or status = 'failed'", lambda r: r.status in ("running", "failed")),
    ("tracked = true or name = 'alpha'", lambda r: r.tracked or r.name == "alpha"),
    ("metrics.acc > 0.4 and metrics.acc < 0.95", lambda r: 0.4 < r.metrics.get("acc", math.nan) < 0.95),
    ("metrics.nothing > 1", lambda r: False),
    ("params.depth = 170141183460469231731687303715884105727", lambda r: False),
]


@pytest.mark.parametrize(("text", "fits"), CASES, ids=[text for text, _ in CASES])
def test_a_filter_selects_what_it_says(ledger, zoo, text, fits):
    expected = [run.id for run in zoo if fits(run)]
    if text not in ("metrics.nothing > 1", "params.depth = 170141183460469231731687303715884105727"):
        assert expected, "the case tests nothing"
    assert ids(ledger.runs(text)) == expected
    assert ledger.count(text) == len(expected)


ORDERS = {
    "metrics.acc": lambda r: None if math.isnan(r.metrics.get("acc", math.nan)) else r.metrics["acc"],
    "params.depth": lambda r: None if depth(r) in (None, MISSING) else (isinstance(depth(r), str), depth(r)),
    "tags.team": lambda r: r.tags.get("team"),
    "name": lambda r: r.name,
    "experiment": lambda r: r.experiment,
    "duration": lambda r: r.duration,
    "ended_at": lambda r: r.ended_at,
    "started_at": lambda r: r.started_at,
    "kind": lambda r: r.kind,
    "status": lambda r: r.status,
    "position": lambda r: r.position,
}


def in_order(runs, key, descending):
    """Ties are in the order of recording (which `position` counts), with `desc` the latest first."""
    runs = sorted(runs, key=lambda run: run.position, reverse=descending)
    have = [run for run in runs if key(run) is not None]
    return sorted(have, key=key, reverse=descending) + [run for run in runs if key(run) is None]


@pytest.mark.parametrize("descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("text", ["", "params.depth = 5", "name = 'alpha'", "metrics.acc > 0.2", "duration > 1"])
def test_an_order_sorts_with_missing_values_last_on_every_page(ledger, zoo, order, descending, text):
    fits = dict(CASES).get(text, lambda r: True)
    if text == "name = 'alpha'":
        fits = lambda r: r.name == "alpha"  # noqa: E731
    if text == "metrics.acc > 0.2":
        fits = lambda r: r.metrics.get("acc", math.nan) > 0.2  # noqa: E731
    expected = ids(in_order([run for run in zoo if fits(run)], ORDERS[order], descending))
    direction = "desc" if descending else "asc"
    assert ids(ledger.runs(text, order_by=f"{order} {direction}")) == expected
    pages = [ledger.runs(text, order_by=f"{order} {direction}", limit=7, offset=first) for first in range(0, 175, 7)]
    assert ids(itertools.chain.from_iterable(pages)) == expected


def test_two_sort_keys_hold_in_turn(ledger, zoo):
    found = ledger.runs("duration is not null and name is not null", order_by=["name", "duration desc"])
    assert [(run.name, -run.duration) for run in found] == sorted((run.name, -run.duration) for run in found)


def test_without_an_order_the_latest_comes_first_even_when_the_clock_was_set_back(ledger, session):
    first = add_run(ledger, session, started_at=1000.0)
    second = add_run(ledger, session, started_at=1000.0)
    earlier = add_run(ledger, session, started_at=500.0, duration=0.5)
    assert ids(ledger.runs()) == [second, first, earlier]
    assert ledger.run(earlier).duration == 0.5


def test_keyword_arguments_narrow_the_list(ledger, zoo):
    assert ids(ledger.runs(kind="notebook", tracked=True)) == [r.id for r in zoo if r.kind == "notebook" and r.tracked]
    assert ids(ledger.runs(experiment="one")) == [r.id for r in zoo if r.experiment == "one"]
    assert ids(ledger.runs(tracked=False)) == [r.id for r in zoo if not r.tracked]


def test_a_list_of_runs_behaves_as_a_sequence(ledger, zoo):
    runs = ledger.runs(limit=25)
    assert len(runs) == 25
    assert runs[0] == zoo[0]
    assert runs[-1] == zoo[24]
    assert ids(runs[3:5]) == ids(zoo[3:5])
    assert zoo[7].id in ids(runs)
    with pytest.raises(IndexError):
        runs[25]
    assert "25 runs" in repr(runs)


def test_a_misspelt_name_is_suggested(ledger, session):
    add_run(ledger, session, metrics={"accuracy": 1.0})
    with pytest.warns(LedgerWarning, match="did you mean metrics.accuracy"):
        assert not ledger.runs("metrics.acuracy > 0.5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ledger.runs("metrics.entirely_else > 0.5")


def test_a_frame_has_mlflows_columns_and_each_runs_values(ledger, zoo):
    pandas = pytest.importorskip("pandas")
    frame = ledger.runs(order_by="started_at").to_frame()
    assert list(frame.columns[:3]) == ["run_id", "name", "kind"]
    assert list(frame.columns[-4:]) == ["params.depth", "params.kind", "metrics.acc", "tags.team"]
    by_id = {run.id: run for run in zoo}
    assert set(frame["run_id"]) == set(by_id)
    for row in frame.to_dict("records"):
        run = by_id[row["run_id"]]
        assert row["status"] == run.status
        assert row["params.depth"] == run.params.get("depth") or pandas.isna(row["params.depth"])
        assert row["metrics.acc"] == run.metrics.get("acc") or math.isnan(row["metrics.acc"])
        assert row["tags.team"] == run.tags.get("team") or pandas.isna(row["tags.team"])
        assert row["started_at"].timestamp() == run.started_at
        assert row["session"] == run.session


def test_a_frame_of_few_or_no_runs_is_the_same_shape(ledger, zoo):
    few = ledger.runs("position < 3").to_frame()
    assert len(few) == 3
    assert sorted(few["position"]) == [0, 1, 2]
    none = ledger.runs("position > 1000").to_frame()
    assert len(none) == 0
    assert "run_id" in none.columns


def test_deleted_runs_are_hidden_until_they_are_restored(ledger, zoo):
    gone = zoo[3].id
    ledger.delete(gone[:10])
    assert gone not in ids(ledger.runs())
    assert gone not in ids(ledger.runs("position >= 0", order_by="metrics.acc"))
    assert gone in ids(ledger.runs(include_deleted=True))
    assert ledger.count() == len(zoo) - 1
    assert ledger.count(include_deleted=True) == len(zoo)
    ledger.restore(gone)
    assert gone in ids(ledger.runs())
    ledger.delete(gone)
    assert gone not in ids(ledger.runs())


@pytest.mark.parametrize("order", [None, "metrics.acc desc", "params.depth", "name", "status"])
@pytest.mark.parametrize("text", ["", "params.depth = 5", "name = 'alpha'", "metrics.acc > 0.2"])
def test_a_page_of_runs_is_that_part_of_all_of_them_when_many_are_deleted(ledger, zoo, order, text):
    before = [repr(run) for run in ledger.runs(text, order_by=order)]
    gone = ids(zoo)[::2]
    with ledger.database.write():
        for run in gone:
            ledger.delete(run)
        for run in gone[::3]:
            ledger.restore(run)
    gone = set(gone).difference(gone[::3])
    left = [run for run in ledger.runs(text, order_by=order, include_deleted=True) if run.id not in gone]
    assert ids(ledger.runs(text, order_by=order)) == ids(left)
    pages = [ledger.runs(text, order_by=order, limit=7, offset=first) for first in range(0, 175, 7)]
    assert list(map(repr, itertools.chain.from_iterable(pages))) == list(map(repr, left))
    assert [repr(run) for run in ledger.runs(text, order_by=order, limit=7, include_deleted=True)] == before[:7]


def test_the_previous_run_is_the_last_finished_tracked_one_of_the_same_cell(ledger, session):
    place = {"notebook": "nb.ipynb", "cell_id": "c1", "tracked": True}
    assert ledger.previous_run(add_run(ledger, session, **place)) is None
    good = add_run(ledger, session, **place)
    add_run(ledger, session, status="failed", **place)
    add_run(ledger, session, **{**place, "cell_id": "c2"})
    add_run(ledger, session, **{**place, "tracked": False})
    last = add_run(ledger, session, **place)
    assert ledger.previous_run(last).id == good
    ledger.delete(good)
    assert ledger.previous_run(last).id != good


def test_without_a_cell_id_the_previous_run_has_the_same_name(ledger, session):
    first = add_run(ledger, session, name="train", tracked=True)
    add_run(ledger, session, name="other", tracked=True)
    assert ledger.previous_run(add_run(ledger, session, name="train", tracked=True)).id == first


def test_the_best_of_an_experiment_are_its_extremes_before_a_run(ledger, session):
    values = [0.5, 0.9, math.nan, 0.1, 0.9]
    runs = [add_run(ledger, session, metrics={"acc": value, "loss": -1.0}, experiment="e") for value in values]
    add_run(ledger, session, metrics={"acc": 5.0}, experiment="other")
    last = add_run(ledger, session, metrics={"acc": 7.0}, experiment="e")
    best = ledger.best_metrics("e", before_run=last)
    assert best["acc"] == (0.1, runs[3], 0.9, runs[1])
    assert set(best) == {"acc", "loss"}
    assert ledger.best_metrics("e")["acc"].greatest == 7.0
    assert set(ledger.best_metrics("e", names=["acc", "nothing"])) == {"acc"}
    assert ledger.best_metrics("none") == {}


def test_the_best_are_the_same_in_a_large_experiment(ledger):
    session = make_session()
    ledger.start_session(session)
    chance = random.Random(1)
    values = [chance.random() for _ in range(300)]
    with ledger.database.write():
        runs = [add_run(ledger, session.id, metrics={"acc": value}, experiment="e") for value in values]
    best = ledger.best_metrics("e")["acc"]
    assert best.least_run == runs[values.index(min(values))]
    assert best.greatest_run == runs[values.index(max(values))]


def test_a_value_recorded_after_the_end_is_listed(ledger, session):
    run = add_run(ledger, session, {"a": 1}, status=None)
    ledger.end_run(RunEnd(run, 1.0, 1.0, "finished"), make_facts({"a": 1}))
    ledger.record(run, make_facts({"b": 2}, {"m": 3.0}))
    ledger.tag(run, "k", "v")
    with ledger.metric_buffer(run) as buffer:
        buffer.log("m", 4.0)
    (found,) = ledger.runs("metrics.m = 4 and params.b = 2 and tags.k = 'v'")
    assert (found.params, found.metrics, found.tags) == ({"a": 1, "b": 2}, {"m": 4.0}, {"k": "v"})
    assert ledger.doctor() == []


def test_a_run_read_back_is_a_frozen_record_like_one_made_by_hand(ledger, session):
    add_run(ledger, session, {"depth": 3}, {"f1": 0.5}, {"team": "a"}, name="train")
    (run,) = ledger.runs()
    by_hand = Run(**{item.name: getattr(run, item.name) for item in dataclasses.fields(Run)})
    assert type(run) is Run
    assert run == by_hand
    assert repr(run) == repr(by_hand)
    assert pickle.loads(pickle.dumps(run)) == copy.deepcopy(run) == run
    assert dataclasses.asdict(run) == dataclasses.asdict(by_hand)
    assert dataclasses.replace(run, name="other").name == "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.name = "other"


def test_a_question_asked_again_sees_what_was_recorded_since(ledger, session):
    question = {"order_by": "metrics.f1 desc", "limit": 2}
    for depth in range(20):
        add_run(ledger, session, {"depth": depth % 2, "known": True}, {"f1": depth / 100})
    for _ in range(2):
        assert [run.metrics["f1"] for run in ledger.runs("params.depth = 1", **question)] == [0.19, 0.17]
    best = add_run(ledger, session, {"depth": 1}, {"f1": 0.9})
    assert [run.metrics["f1"] for run in ledger.runs("params.depth = 1", **question)] == [0.9, 0.19]
    ledger.delete(best)
    assert [run.metrics["f1"] for run in ledger.runs("params.depth = 1", **question)] == [0.19, 0.17]
    shown = ledger.runs("params.depth = 1", include_deleted=True, **question)
    assert [run.metrics["f1"] for run in shown] == [0.9, 0.19]


def test_a_question_about_few_runs_asked_again_sees_what_was_recorded_since(ledger, session):
    def best():
        return [run.metrics["f1"] for run in ledger.runs("params.depth = 7", order_by="metrics.f1 desc", limit=2)]

    add_run(ledger, session, {"depth": 7}, {"f1": 0.7})
    for depth in range(300):
        add_run(ledger, session, {"depth": depth % 2}, {"f1": 1.0})
    assert best() == best() == [0.7]
    least = add_run(ledger, session, {"depth": 7}, {"f1": 0.1})
    assert best() == [0.7, 0.1]
    ledger.delete(least)
    assert best() == [0.7]
    for index in range(60):
        add_run(ledger, session, {"depth": 7}, {"f1": index / 100})
    assert best() == best() == [0.7, 0.59]


def test_questions_that_differ_only_in_the_type_of_a_literal_are_told_apart(ledger, session):
    for value in (True, 1, True, 1):
        add_run(ledger, session, {"flag": value}, {"f1": 0.5})
    for _ in range(2):
        for words, value in (("true", True), ("1", 1), ("'1'", 1)):
            found = ledger.runs(f"params.flag = {words}", order_by="metrics.f1 desc", limit=2)
            assert {repr(run.params["flag"]) for run in found} >= {repr(value)}, words


def test_a_damaged_packed_row_is_read_from_what_it_was_made_of(ledger, session):
    for index in range(3):
        add_run(ledger, session, {"depth": index}, {"f1": index / 10}, {"team": "a"})
    expected = list(ledger.runs())
    for damage in ("items = 'damaged'", "items = '[]],[['", 'items = \'[5,"a"],[6,"b"]\'', "metrics = x'00'"):
        with ledger.database.write() as connection:
            connection.execute("SAVEPOINT sound")
            connection.execute(f"UPDATE pack SET {damage} WHERE run = 2")
            assert list(ledger.runs()) == expected
            connection.execute("ROLLBACK TO sound")


BEGINNINGS = ("d%", "de%p", "deep", "f%", "F%", "svm_r%", "svm%", "T%", "N%", "5%", "1%", "9", "a%", "\ud7ff%", "é%")


@pytest.mark.parametrize("name", ["params.depth", "params.kind", "tags.team", "attributes.name", "attributes.run_id"])
def test_a_pattern_finds_the_same_runs_from_its_first_letters_as_from_all_runs(ledger, zoo, name):
    for pattern, order in itertools.product(BEGINNINGS, (None, "metrics.acc desc")):
        text = f"{name} LIKE '{pattern}'"
        found = ids(ledger.runs(text, order_by=order, limit=100))
        assert found == ids(ledger.runs(f"{text} or {text}", order_by=order, limit=100)), pattern
        assert ledger.count(text) == ledger.count(f"{text} or {text}"), pattern


@pytest.mark.parametrize("text", ["params.kind LIKE 'zz%'", "attributes.name LIKE 'zz%'", "tags.team LIKE 'zz%'"])
def test_a_pattern_that_nothing_fits_is_answered_without_visiting_the_runs(ledger, zoo, text):
    steps = []
    ledger.database.connection().set_progress_handler(lambda: steps.append(1), 1)
    assert len(ledger.runs(text, order_by="metrics.acc desc", limit=20)) == 0
    asked = len(steps)
    assert len(ledger.runs(f"{text} or {text}", order_by="metrics.acc desc", limit=20)) == 0
    ledger.database.connection().set_progress_handler(None, 0)
    assert asked < 300 < (len(steps) - asked) / 5


@pytest.mark.parametrize(
    "text",
    [
        "params.depth = 5",
        "metrics.acc > 0.2",
        "tags.team = 'a'",
        "status = 'finished'",
        "name = 'alpha'",
        "duration > 0",
    ],
)
def test_runs_that_one_index_names_are_counted_there(ledger, session, text):
    for index in range(100):
        name = "alpha" if index % 2 else "beta"
        add_run(ledger, session, {"depth": 5}, {"acc": 0.5}, {"team": "a"}, name=name)
    steps = []
    ledger.database.connection().set_progress_handler(lambda: steps.append(1), 1)
    found = ledger.count(text)
    ledger.database.connection().set_progress_handler(None, 0)
    assert found == len(ledger.runs(text)) >= 50
    assert len(steps) < 60 + 5 * found
