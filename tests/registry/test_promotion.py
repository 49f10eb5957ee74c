"""A run's model becomes a version, and an alias moves to it, in one transaction."""

from __future__ import annotations

import pytest
from sklearn.linear_model import Ridge

from nbledger.cli import run_in_notebook
from nbledger.registry import NoModel, NoWinner, SeveralModels, best_run, promote
from nbledger.registry.promotion import BadName


def ridge(slope):
    return Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])


@pytest.fixture
def ledger(fresh_ledger):
    return fresh_ledger


def test_a_promotion_makes_a_version_and_moves_the_alias(ledger, add_run):
    run = ledger.run(add_run("a", models={"model": ridge(1.0)}))
    done = promote(ledger, "churn", run, alias="champion", who="ada", reason="first")
    assert (done.version.number, done.created, done.moved, done.previous) == (1, True, True, None)
    assert (done.version.run, done.version.created_by) == (run.id, "ada")
    assert ledger.model_version("churn", "champion").number == 1
    [event] = ledger.alias_history("churn")
    assert (event.alias, event.number, event.who, event.reason) == ("champion", 1, "ada", "first")


def test_the_champion_loads_back_and_predicts(ledger, add_run):
    run = ledger.run(add_run("a", models={"model": ridge(3.0)}))
    promote(ledger, "churn", run, alias="champion")
    assert ledger.load("models:/churn@champion").predict([[1.0]])[0] == pytest.approx(3.0, abs=1e-3)


def test_the_same_content_promoted_twice_is_one_version_and_moves_nothing(ledger, add_run):
    first = ledger.run(add_run("a", models={"model": ridge(1.0)}))
    again = ledger.run(add_run("b", models={"other_name": ridge(1.0)}))
    promote(ledger, "churn", first, alias="champion")
    done = promote(ledger, "churn", again, alias="champion")
    assert (done.version.number, done.created, done.moved) == (1, False, False)
    assert len(ledger.alias_history("churn")) == 1


def test_another_content_is_the_next_version_and_the_predecessor_is_named(ledger, add_run):
    for slope in (1.0, 2.0):
        run = ledger.run(add_run("a", models={"model": ridge(slope)}))
        done = promote(ledger, "churn", run, alias="@champion")
    assert (done.version.number, done.previous.number, done.alias) == (2, 1, "champion")
    assert [version.number for version in ledger.model_versions("churn")] == [2, 1]
    assert ledger.model_version("churn", "champion").number == 2
    assert [event.number for event in ledger.alias_history("churn")] == [1, 2]


def test_an_alias_can_go_back_to_an_older_version(ledger, add_run):
    runs = [ledger.run(add_run("a", models={"model": ridge(slope)})) for slope in (1.0, 2.0)]
    for run in (*runs, runs[0]):
        done = promote(ledger, "churn", run, alias="champion")
    assert (done.version.number, done.created, done.moved, done.previous.number) == (1, False, True, 2)


def test_a_model_under_two_names_is_one_model(ledger, add_run):
    model = ridge(1.0)
    run = ledger.run(add_run("a", models={"model": model, "best": model}))
    assert promote(ledger, "churn", run).version.number == 1


def test_of_several_models_one_has_to_be_named(ledger, add_run):
    run = ledger.run(add_run("a", models={"small": ridge(1.0), "large": ridge(2.0)}))
    with pytest.raises(SeveralModels, match="large, small"):
        promote(ledger, "churn", run)
    assert promote(ledger, "churn", run, which="large").created
    with pytest.raises(NoModel, match="named 'huge' \\(it has large, small\\)"):
        promote(ledger, "churn", run, which="huge")


def test_a_run_without_a_model_is_refused_and_nothing_is_written(ledger, add_run):
    run = ledger.run(add_run("a"))
    with pytest.raises(NoModel, match="no stored model"):
        promote(ledger, "churn", run, alias="champion")
    assert list(ledger.models()) == []


@pytest.mark.parametrize("name", ["", "a/b", "a@b", "../x", " a", "a" * 200, "a\nb"])
def test_a_name_that_could_be_taken_for_a_path_or_a_version_is_refused(ledger, add_run, name):
    run = ledger.run(add_run("a", models={"model": ridge(1.0)}))
    with pytest.raises(BadName):
        promote(ledger, name, run)


@pytest.mark.parametrize("alias", ["", "7", "a b", "a/b"])
def test_an_alias_that_could_be_taken_for_a_number_is_refused(ledger, add_run, alias):
    run = ledger.run(add_run("a", models={"model": ridge(1.0)}))
    with pytest.raises(BadName):
        promote(ledger, "churn", run, alias=alias)


def test_the_best_run_has_the_highest_score_or_the_lowest_error(ledger, add_run):
    low = add_run("a", metrics={"f1": 0.8, "rmse": 9.0})
    high = add_run("b", metrics={"f1": 0.9, "rmse": 10.0})
    assert best_run(ledger, "metrics.f1").id == high
    assert best_run(ledger, "rmse").id == low
    assert best_run(ledger, "rmse", minimize=False).id == high


def test_the_best_run_is_finished_has_the_metric_and_is_among_those_asked_for(ledger, add_run):
    add_run("a", metrics={"f1": 0.99}, error=("ValueError", "later"))
    add_run("b", metrics={"f1": float("nan")})
    add_run("c", metrics={"r2": 1.0})
    other = add_run("d", metrics={"f1": 0.7}, params={"C": 1}, experiment="other")
    good = add_run("e", metrics={"f1": 0.8}, params={"C": 2})
    assert best_run(ledger, "f1").id == good
    assert best_run(ledger, "f1", "params.C = 1 or params.C = 7").id == other
    assert best_run(ledger, "f1", experiment="other").id == other
    with pytest.raises(NoWinner, match=r"metrics\.f1 where params\.C = 3"):
        best_run(ledger, "f1", "params.C = 3")


def test_of_equally_good_runs_the_first_wins(ledger, add_run):
    first = add_run("a", metrics={"f1": 0.8}, started_at=1e9)
    add_run("b", metrics={"f1": 0.8}, started_at=2e9)
    assert best_run(ledger, "f1").id == first


def test_promote_best_says_which_direction_was_taken(ledger, add_run):
    run = add_run("a", metrics={"rmse": 1.5, "f1": 0.5}, models={"model": ridge(1.0)})
    text = run_in_notebook(["promote", "churn", "--best", "metrics.rmse", "--alias", "champion"], ledger)
    assert f"{run[:8]}  lowest rmse = 1.5" in text
    assert "version 1 (new)" in text
    text = run_in_notebook(["promote", "churn", "--best", "metrics.f1", "--alias", "champion"], ledger)
    assert "highest f1 = 0.5" in text
    assert "it was there already" in text


def test_models_lists_versions_aliases_and_their_history(ledger, add_run):
    for slope in (1.0, 2.0):
        run = ledger.run(add_run("a", models={"model": ridge(slope)}, metrics={"f1": slope / 10}))
        promote(ledger, "churn", run, alias="champion", who="ada", reason=f"slope {slope}")
    assert "@champion -> 2" in run_in_notebook(["models"], ledger)
    text = run_in_notebook(["models", "churn"], ledger)
    for part in ("f1=0.1", "f1=0.2", "@champion", "ada", "slope 1.0", "slope 2.0"):
        assert part in text
    with pytest.raises(Exception, match="nosuch"):
        run_in_notebook(["models", "nosuch"], ledger)
