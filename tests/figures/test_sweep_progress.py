"""The trials of a sweep in their order, with the best so far; what has no number yet is said."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from nbledger.figures import source
from nbledger.figures.sweep_progress import sweep_progress
from nbledger.figures.theme import describe
from nbledger.ledger import NotFound, sweeps
from nbledger.records import RunStart, new_id


@pytest.fixture
def trials():
    """A frame of six trials, one of them failed, one running, one stopped early."""
    return pd.DataFrame(
        {
            "metrics.loss": [0.5, 0.4, math.nan, 0.6, 0.3, math.nan],
            "attributes.status": ["finished", "finished", "failed", "finished", "cancelled", "running"],
            "attributes.number": range(6),
        },
        index=pd.Index([f"{number:032x}" for number in range(6)], name="run"),
    )


def test_trials_stand_by_how_they_ended_and_the_best_so_far_is_a_line(trials, drawn):
    traces = {one["name"]: one for one in drawn(sweep_progress(trials, "metrics.loss", minimize=True, total=9))["data"]}
    assert set(traces) == {"finished", "running", "stopped early", "failed", "best so far"}
    assert traces["finished"]["x"] == [0, 1, 3]
    assert traces["best so far"]["y"] == pytest.approx([0.5, 0.4, 0.4])
    assert traces["failed"]["y"][0] < 0.3  # on the lower edge
    assert traces["failed"]["customdata"] == [f"{2:032x}"]


def test_how_far_it_is_stands_in_words(trials):
    told = describe(sweep_progress(trials, "metrics.loss", minimize=True, total=9))
    assert told.startswith("Sweep: loss of 6 trials, the best so far 0.4 in trial 1. 5 of 9 trials are over; 1 running")
    assert "best so far 0.6 in trial 3" in describe(sweep_progress(trials, "metrics.loss"))


def test_a_selected_trial_is_larger(trials, drawn):
    figure = sweep_progress(trials, "metrics.loss", selected=[trials.index[1]])
    assert drawn(figure)["data"][0]["marker"]["size"] == [8, 14, 8]


def test_runs_without_status_or_number_are_taken_in_their_order(trials, drawn):
    bare = trials[["metrics.loss"]]
    assert drawn(sweep_progress(bare, "metrics.loss"))["data"][0]["x"] == [0, 1, 3, 4]


@pytest.mark.parametrize("values", [[math.nan], [math.inf], [1e308], [0.5]])
def test_odd_values_are_drawn(values):
    frame = pd.DataFrame({"metrics.m": values, "attributes.status": "finished"}, index=["a" * 32])
    assert "1 of 1 trials are over" in describe(sweep_progress(frame, "metrics.m"))
    assert "no trial has begun" in describe(sweep_progress(frame.iloc[:0], "metrics.m"))
    assert describe(sweep_progress(frame.assign(**{"attributes.status": "planned"}), "metrics.none"))


def test_a_thousand_trials_stay_small():
    frame = pd.DataFrame({"metrics.m": [number % 37 for number in range(1000)]})
    frame.index = [f"{number:032x}" for number in range(1000)]
    assert len(sweep_progress(frame, "metrics.m", selected=frame.index[:3]).to_json()) < 200_000


def test_a_sweep_is_read_from_the_ledger(fresh_ledger, add_run):
    sweep = new_id()
    start = RunStart(sweep, add_run.session.id, "sweep", 1.0, name="sweep")
    spec = {"notebook": "a.ipynb", "metric": "f1", "minimize": False, "trials": 3, "space": {"strategy": "grid"}}
    sweeps.plan(fresh_ledger, start, spec, [{"C": 1}, {"C": 2}, {"C": 3}])
    first = sweeps.trials(fresh_ledger, sweep)[0].id
    add_run("trial 0", kind="trial", id=first, parent=sweep, params={"C": 1}, metrics={"f1": 0.5})
    found = source.trials(fresh_ledger, sweep)
    assert (found.metric, found.minimize, found.total) == ("f1", False, 3)
    assert list(found.frame.index) == [first]
    assert found.frame.loc[first, "metrics.f1"] == 0.5
    assert "1 of 3 trials are over" in describe(sweep_progress(found.frame, "metrics.f1", total=found.total))
    with pytest.raises(NotFound):
        source.trials(fresh_ledger, first)


def test_recorded_columns_are_read_with_their_profiles(tmp_path):
    from tests.lineage.notebook_session import NotebookSession

    session = NotebookSession(tmp_path)
    try:
        session.run("import pandas as pd\npeople = pd.DataFrame({'age': [1.0, None, 3.0], 'city': ['a', 'b', 'a']})")
        (edge,) = [one for one in session.ledger.generated(session.outcomes[-1].start.id) if one.name == "people"]
        found = source.columns(session.ledger, edge.version)
    finally:
        session.close()
    assert list(found.index) == ["age", "city"]
    assert found.loc["age", ["missing", "min", "max"]].tolist() == [1, 1.0, 3.0]
    assert found.loc["city", "missing"] == 0


def test_ticks_stand_at_whole_trials(trials, drawn):
    few = drawn(sweep_progress(trials, "metrics.loss", total=9))["layout"]["xaxis"]
    assert few["dtick"] == 1
    many = drawn(sweep_progress(trials, "metrics.loss", total=500))["layout"]["xaxis"]
    assert "dtick" not in many  # plotly's own are whole there
