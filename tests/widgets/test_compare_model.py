"""What a comparison shows, as a plain model: pages, columns, order, marks; no widget is made."""

from __future__ import annotations

import pytest

from nbledger.ledger import FilterError, NotFound
from nbledger.widgets.compare_model import CompareModel
from nbledger.widgets.table_model import BadState


def shown(model):
    page = model.table()
    return [column.name for column in page.columns], [line.name for line in page.lines]


def cells(model, column):
    page = model.table()
    at = [one.name for one in page.columns].index(column)
    return {line.name: line.cells[at] for line in page.lines}


# -- which runs -----------------------------------------------------------------------------------------------------


def test_all_tracked_runs_are_shown_the_newest_first_a_page_at_a_time(ledger, record):
    for number in range(25):
        record(f"run {number}", metrics={"f1": number / 100})
    record("the notebook around them", kind="notebook")
    model = CompareModel(ledger, page_size=10)
    assert (model.total, model.pages) == (25, 3)
    assert shown(model)[1] == [f"run {number}" for number in range(24, 14, -1)]
    model.change(page=2)
    assert shown(model)[1] == [f"run {number}" for number in range(4, -1, -1)]
    model.change(page=7)
    assert model.state.page == 2  # the last there is


def test_the_runs_of_an_experiment_or_those_given_are_shown(ledger, record):
    one, two, other = record("one"), record("two"), record("other", experiment="else")
    assert shown(CompareModel(ledger, experiment="else"))[1] == ["other"]
    assert shown(CompareModel(ledger, [two[:8], one]))[1] == ["two", "one"]  # in the order given
    assert shown(CompareModel(ledger, [two, one], order_by="started_at asc"))[1] == ["one", "two"]
    assert shown(CompareModel(ledger, []))[1] == []
    with pytest.raises(NotFound):
        CompareModel(ledger, [other, "ffffffff"])


def test_a_filter_chooses_among_the_runs_and_begins_at_the_first_page(ledger, record):
    ids = [record(f"run {number}", metrics={"f1": number / 100}) for number in range(30)]
    model = CompareModel(ledger, page_size=10, page=2)
    model.change(filter="metrics.f1 >= 0.25 OR name = 'run 3'")
    assert (model.state.page, model.total) == (0, 6)
    among = CompareModel(ledger, ids[:4], filter="metrics.f1 >= 0.02")
    assert shown(among)[1] == ["run 3", "run 2"]
    assert len(CompareModel(ledger, [], filter="metrics.f1 > 0").runs()) == 0


def test_a_wrong_filter_points_at_the_token_and_changes_nothing(ledger, record):
    record("one", metrics={"f1": 0.5})
    model = CompareModel(ledger)
    seen = []
    model.on_change(seen.append)
    with pytest.raises(FilterError) as error:
        model.change(filter="metrics.f1 >> 0.5", only_differing=False)
    assert error.value.text == "metrics.f1 >> 0.5" and error.value.position == 12
    assert (model.state.filter, model.state.only_differing, seen) == ("", True, [])


@pytest.mark.parametrize(
    "change",
    [
        {"page_size": 3}, {"page": -1}, {"columns": ["accuracy"]}, {"nothing": 1}, {"options": 5}, {"page": "2"},
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(ledger, change):
    model = CompareModel(ledger)
    with pytest.raises(BadState):
        model.change(**change)


# -- columns --------------------------------------------------------------------------------------------------------


def test_the_columns_that_tell_most_are_shown_first(ledger, record):
    for number in range(4):
        record(f"run {number}", metrics={"f1": number / 10}, C=number, logisticregression__C=number, seed=7)
    columns, _ = shown(CompareModel(ledger))
    assert columns == ["attributes.started_at", "metrics.f1", "params.C"]  # not what repeats it, nor what is the same


def test_columns_are_chosen_and_the_one_sorted_by_is_always_there(ledger, record):
    for number in range(3):
        record(f"run {number}", metrics={"f1": number / 10}, C=number, seed=7, tags={"team": "a"})
    model = CompareModel(ledger, columns=["params.seed", "tags.team", "metrics.f1"])
    assert shown(model)[0] == ["metrics.f1"]  # the others are the same in all
    model.change(only_differing=False)
    assert shown(model)[0] == ["params.seed", "tags.team", "metrics.f1"]
    model.sort("params.C")
    assert shown(model) == (["params.seed", "tags.team", "metrics.f1", "params.C"], ["run 2", "run 1", "run 0"])
    model.sort("params.C")
    assert model.sorted_by == ("params.C", False)


@pytest.mark.parametrize("name", ["max depth", 'a "quoted" one', "split.train", "val/f1", "größe", "<b>x</b>", "and"])
def test_any_name_can_be_sorted_by(ledger, record, name):
    record("low", metrics={name: 0.1})
    record("high", metrics={name: 0.9})
    model = CompareModel(ledger)
    model.sort(f"metrics.{name}")
    assert shown(model)[1] == ["high", "low"]
    assert model.sorted_by == (f"metrics.{name}", True)


def test_runs_without_a_value_come_last_and_show_nothing(ledger, record):
    record("has none")
    record("has", metrics={"f1": 0.5})
    model = CompareModel(ledger)
    for _ in range(2):
        model.sort("metrics.f1")
        assert shown(model)[1] == ["has", "has none"]
    assert cells(model, "metrics.f1")["has none"].text == ""


# -- baseline -------------------------------------------------------------------------------------------------------


def test_changes_are_against_the_baseline_in_the_direction_in_which_a_metric_is_better(ledger, record):
    base = record("base", metrics={"f1": 0.5, "rmse": 2.0})
    record("next", metrics={"f1": 0.75, "rmse": 3.0})
    model = CompareModel(ledger, baseline=base[:6])
    found = cells(model, "metrics.f1")
    assert (found["next"].delta, found["next"].better, found["base"].delta) == (0.25, True, None)
    assert cells(model, "metrics.rmse")["next"].better is False
    assert "▲ better, ▼ worse than the baseline." in model.table().notes
    model.change(baseline=None)
    assert cells(model, "metrics.f1")["next"].delta is None


def test_the_same_number_summed_in_another_order_is_no_change(ledger, record):
    base = record("base", metrics={"auc": 0.1 + 0.2})
    record("next", metrics={"auc": 0.3})
    assert cells(CompareModel(ledger, baseline=base), "metrics.auc")["next"].delta == 0.0


def test_runs_judged_on_other_data_are_marked_and_not_compared(ledger, record):
    base = record("base", judged_on="a", metrics={"f1": 0.5})
    for number in range(2):
        record(f"same {number}", judged_on="a", metrics={"f1": 0.6})
    record("other", judged_on="b", metrics={"f1": 0.9})
    model = CompareModel(ledger)
    found = cells(model, "metrics.f1")
    assert [name for name, cell in found.items() if not cell.comparable] == ["other"]
    assert any("most runs of this page" in note for note in model.table().notes)
    model.change(baseline=base)
    found = cells(model, "metrics.f1")
    assert (found["other"].comparable, found["other"].delta, found["same 0"].delta) == (False, None, pytest.approx(0.1))
    assert any("than the baseline" in note for note in model.table().notes)


def test_the_course_of_a_metric_is_kept_for_its_sparkline(ledger, record):
    record("trained", steps=[1 / (step + 1) for step in range(500)])
    points = cells(CompareModel(ledger), "metrics.loss")["trained"].points
    assert len(points) <= 61
    assert (points[0], points[-1]) == (1.0, 1 / 500)


# -- state ----------------------------------------------------------------------------------------------------------


def test_observers_are_told_once_what_changed_and_until_they_end_it(ledger, record):
    run = record("one", metrics={"f1": 1.0})
    model = CompareModel(ledger)
    seen = []
    end = model.on_change(seen.append)
    model.change(filter="metrics.f1 > 0", only_differing=True)
    model.select([run[:8]])
    model.select([run])
    model.set_option("scatter", "x", "params.C")
    model.refresh()
    end()
    model.change(filter="")
    assert seen == [{"filter"}, {"selected"}, {"options"}, {"ledger"}]


def test_a_state_comes_back_as_it_was_saved(ledger, record):
    one, two = record("one", metrics={"f1": 1.0}), record("two", metrics={"f1": 0.5})
    model = CompareModel(ledger, baseline=one, selected=[two], order_by="metrics.f1 asc", filter="metrics.f1 > 0")
    model.set_option("scatter", "x", "params.C")
    saved = model.state_data()
    other = CompareModel(ledger)
    other.restore(saved)
    assert other.state == model.state
    assert other.option("scatter", "x") == "params.C"
    assert other.option("scatter", "y", "none") == "none"


def test_of_a_saved_state_the_runs_that_are_gone_are_left_out(ledger, record):
    one = record("one")
    saved = CompareModel(ledger, baseline=one, selected=[one]).state_data()
    model = CompareModel(ledger)
    model.restore({**saved, "baseline": "f" * 32, "selected": ["f" * 32, one]})
    assert (model.state.baseline, model.state.selected) == (None, (one,))
    with pytest.raises(BadState):
        model.restore({"filter": "", "unknown": 1})


def test_new_runs_show_after_a_refresh(ledger, record):
    record("one")
    model = CompareModel(ledger)
    assert shown(model)[1] == ["one"]
    record("two")
    model.refresh()
    assert shown(model)[1] == ["two", "one"]


def test_the_runs_of_details_are_the_baseline_and_the_selected_or_else_the_first(ledger, record):
    ids = [record(f"run {number}") for number in range(6)]
    model = CompareModel(ledger)
    assert [run.id for run in model.detailed()] == [ids[5], ids[4]]
    model.change(selected=ids[:2], baseline=ids[3])
    assert [run.id for run in model.detailed()] == [ids[3], ids[0], ids[1]]


def test_a_frame_of_the_runs_that_fit_always_has_the_selected_ones(ledger, record):
    ids = [record(f"run {number}", metrics={"f1": float(number)}) for number in range(4)]
    model = CompareModel(ledger, filter="metrics.f1 > 1.5", selected=[ids[0]])
    assert set(model.frame().frame.index) == {ids[2], ids[3], ids[0]}
    assert model.names("metrics") == ["f1"]


def test_an_empty_ledger_has_an_empty_table(ledger):
    model = CompareModel(ledger)
    page = model.table()
    assert (page.total, page.pages, page.lines) == (0, 1, ())
    assert model.detailed() == []
