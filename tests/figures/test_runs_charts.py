"""Runs against each other: scatter, parallel coordinates, metric with intervals, importance, learning curves."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from nbledger.figures.importance import importance
from nbledger.figures.learning import learning_curves
from nbledger.figures.metric_bars import metric_bars
from nbledger.figures.runs_charts import is_wide, parallel_coordinates, scatter
from nbledger.figures.theme import describe

EVIL = "<img src=x onerror=alert(1)>"


def test_a_scatter_has_a_point_for_each_run_and_its_front(runs_of, drawn):
    frame = runs_of(30)
    figure = scatter(frame, "metrics.seconds", "metrics.f1", pareto=[("metrics.seconds", "min"), ("metrics.f1", "max")])
    points, front = drawn(figure)["data"]
    assert len(points["x"]) == len(points["customdata"]) == 30
    assert points["customdata"][3] == f"{3:032x}"
    assert points["hovertext"][3] == "00000000 trial 3"
    assert front["x"] == sorted(front["x"])
    assert front["y"] == sorted(front["y"])
    for x, y in zip(front["x"], front["y"], strict=True):
        beaten = (frame["metrics.seconds"] < x - 1e-4) & (frame["metrics.f1"] > y + 1e-4)
        assert not beaten.any()
    assert max(frame["metrics.f1"]) == pytest.approx(max(front["y"]), rel=1e-6)
    assert "30 runs" in describe(figure)


def test_a_scatter_marks_the_selected_and_leaves_out_what_has_no_number(runs_of, drawn):
    frame = runs_of(10)
    frame.iloc[0, frame.columns.get_loc("metrics.f1")] = math.inf
    frame.iloc[1, frame.columns.get_loc("metrics.f1")] = math.nan
    figure = scatter(frame, "params.optimizer", "metrics.f1", selected=[frame.index[4]])
    others, mine = drawn(figure)["data"]
    assert (len(others["x"]), others["marker"]["symbol"], others["selectedpoints"]) == (7, "circle", [])
    assert (mine["customdata"], mine["marker"]["symbol"]) == ([frame.index[4]], "square")
    assert mine["selectedpoints"] == [0]
    assert "2 runs have no such number" in figure.layout.title.subtitle.text
    assert list(figure.layout.xaxis.ticktext) == ["adam", "sgd"]


def test_a_scatter_shares_one_scale_of_colours_and_rings_the_baseline(runs_of, drawn):
    frame = runs_of(10)
    figure = scatter(
        frame, "params.noise", "metrics.f1", color="params.lr", selected=list(frame.index[:2]), baseline=frame.index[3]
    )
    others, mine, ring = drawn(figure)["data"]
    assert others["marker"]["coloraxis"] == mine["marker"]["coloraxis"] == "coloraxis"
    assert len(others["marker"]["color"]) == 8
    assert ring["name"] == "baseline"
    assert ring["x"] == pytest.approx([frame["params.noise"].iloc[3]], rel=1e-6)


def test_a_run_without_a_value_stands_at_none(runs_of, drawn):
    frame = runs_of(10)
    frame.iloc[2, frame.columns.get_loc("params.noise")] = math.nan
    figure = parallel_coordinates(frame, ["params.lr", "params.optimizer", "params.noise"], "metrics.f1")
    lr, optimizer, noise, f1 = drawn(figure)["data"][0]["dimensions"]
    assert optimizer["ticktext"] == ["adam", "sgd"]
    assert noise["ticktext"][0] == "none"
    assert noise["values"][2] == pytest.approx(noise["tickvals"][0])
    assert (len(lr["tickvals"]), len(set(lr["ticktext"]))) == (41, 41)  # a brush snaps to more than the five texts
    assert [text for text in lr["ticktext"] if text.strip()] == lr["ticktext"][::10]
    assert max(lr["values"]) < 0  # a learning rate is read on a logarithmic axis
    assert f1["label"] == "f1"


def test_the_selected_keep_their_colour(runs_of, drawn):
    frame = runs_of(10)
    figure = parallel_coordinates(
        frame, ["params.lr"], "metrics.f1", selected=[frame.index[1]], baseline=frame.index[0]
    )
    (lines,) = drawn(figure)["data"]
    colors = lines["line"]["color"]
    assert colors[:2] == pytest.approx(frame["metrics.f1"][:2].tolist(), rel=1e-6)
    assert colors[2:] == pytest.approx([lines["line"]["cmin"]] * 8)  # grey, below the scale
    assert lines["customdata"] == list(frame.index)


def test_brushes_stay_on_their_axes(runs_of, drawn):
    figure = parallel_coordinates(runs_of(10), ["params.lr"], "metrics.f1", brushes={"params.lr": [(-3.0, -2.0)]})
    lr, f1 = drawn(figure)["data"][0]["dimensions"]
    assert lr["constraintrange"] == [[-3, -2]] or lr["constraintrange"] == [-3, -2]
    assert "constraintrange" not in f1


def test_numbers_are_read_on_a_logarithmic_axis_where_most_of_them_are_small():
    assert is_wide(pd.Series([0.001, 0.01, 0.1, 1, 10]))
    assert not is_wide(pd.Series(np.random.default_rng(0).uniform(0, 0.5, 1000)))
    assert not is_wide(pd.Series([0.0, 1, 1000]))


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_runs_are_said_and_nothing_is_raised(runs_of, count):
    frame = runs_of(count)
    for figure in (
        scatter(frame, "params.lr", "metrics.f1"),
        scatter(frame, "params.lr", "metrics.none"),
        parallel_coordinates(frame, ["params.lr"], "metrics.f1"),
        importance(frame, "metrics.f1"),
        scatter(frame.assign(**{"metrics.f1": np.nan}), "params.lr", "metrics.f1"),
        parallel_coordinates(frame.assign(**{"metrics.f1": np.inf}), ["params.lr"], "metrics.f1"),
    ):
        assert describe(figure)


def test_figures_of_a_thousand_runs_stay_small(runs_of):
    frame = runs_of(1000).assign(**{"params.text": [f"value {number}" for number in range(1000)]})
    figures = [
        scatter(frame, "params.lr", "metrics.f1", color="params.noise", size="metrics.seconds"),
        scatter(frame, "params.text", "metrics.f1", selected=list(frame.index[:500])),
        parallel_coordinates(frame, [name for name in frame if name.startswith("params.")], "metrics.f1"),
    ]
    assert [len(figure.to_json()) < 200_000 for figure in figures] == [True] * 3


def test_names_from_outside_stay_text_everywhere(runs_of):
    frame = runs_of(25).rename(columns={"params.lr": f"params.{EVIL}", "metrics.f1": f"metrics.{EVIL}"})
    frame["params.optimizer"] = frame["params.optimizer"] + EVIL
    frame["attributes.name"] = EVIL
    curve = pd.DataFrame({"run": [EVIL] * 2, "step": [0, 1], "time": [0, 1], "value": [0.1, 0.2]})
    bars = pd.DataFrame({"value": [0.1], "low": [None], "high": [None], "same_data": [True]}, index=[EVIL])
    for figure in (
        scatter(frame, f"params.{EVIL}", f"metrics.{EVIL}", color="params.optimizer"),
        importance(frame, f"metrics.{EVIL}"),
        learning_curves(curve, EVIL),
        metric_bars(bars, EVIL),
    ):
        figure.layout.meta = None
        assert "<img" not in figure.to_json()


def test_runs_on_other_data_are_marked_and_intervals_drawn(drawn):
    frame = pd.DataFrame(
        {
            "value": [0.8, 0.9, 0.7],
            "low": [0.75, None, 0.6],
            "high": [0.85, None, 0.8],
            "same_data": [True, True, False],
        },
        index=["a", "b", "c"],
    )
    figure = metric_bars(frame, "f1", baseline="a", note="the test set was used 3 times")
    same, other = drawn(figure)["data"]
    assert (same["y"], other["y"]) == ([0, 1], [2])
    assert other["marker"]["symbol"] == "x-open"
    assert same["error_x"]["arrayminus"][0] == pytest.approx(0.05, rel=1e-5)
    assert "used 3 times" in figure.layout.title.subtitle.text
    assert "1 of them judged on other data" in describe(figure)


def test_selected_bars_are_larger_and_name_their_runs(drawn):
    frame = pd.DataFrame({"value": [0.8, 0.9], "low": None, "high": None, "same_data": True, "run": ["1", "2"]})
    (points,) = drawn(metric_bars(frame.set_axis(["a", "b"]), "f1", selected=["2"]))["data"]
    assert points["customdata"] == ["1", "2"]
    assert points["marker"]["size"][0] < points["marker"]["size"][1]


def test_importance_finds_what_the_metric_hangs_on(runs_of, drawn):
    frame = runs_of(60).assign(**{"params.lr_again": lambda runs: runs["params.lr"]})
    figure = importance(frame, "metrics.f1")
    (bars,) = drawn(figure)["data"]
    found = dict(zip(bars["y"], bars["x"], strict=True))
    assert set(found) == {"lr = lr_again", "optimizer", "noise"}
    assert found["noise"] < 0.05 < min(found["lr = lr_again"], found["optimizer"])
    assert "1 param is the same" in describe(figure)


def test_importance_warns_of_few_runs_and_of_chance(runs_of):
    assert "only 12 runs" in describe(importance(runs_of(12), "metrics.f1"))
    assert "that is little" in describe(importance(runs_of(60), "metrics.seconds"))
    assert "too few" in describe(importance(runs_of(5), "metrics.f1"))
    assert "same value" in describe(importance(runs_of(20).assign(**{"metrics.f1": 1.0}), "metrics.f1"))


def test_params_that_change_together_are_named(runs_of):
    frame = runs_of(40).assign(**{"params.scaled": lambda runs: runs["params.lr"] ** 2 + 1e-9})
    frame.iloc[0, frame.columns.get_loc("params.scaled")] = 1.0
    assert "changed together" in describe(importance(frame, "metrics.f1"))


@pytest.fixture
def curves():
    rows = [(f"run{run}", step, step * 2.0, 1 / (step + 1) + run) for run in range(4) for step in range(300)]
    return pd.DataFrame(rows, columns=["run", "step", "time", "value"])


def test_learning_curves_are_one_line_a_run_and_thinned(curves, drawn):
    figure = learning_curves(curves, "loss", names={"run0": "first"})
    lines = drawn(figure)["data"]
    assert [line["name"] for line in lines] == ["first", "run1", "run2", "run3"]
    assert all(len(line["x"]) <= 200 for line in lines)
    assert "at most 200 points a curve" in figure.layout.title.subtitle.text
    assert len({line["line"]["dash"] for line in lines}) == 4


def test_selected_curves_come_first_and_the_others_fade(curves, drawn):
    many = pd.concat([curves.assign(run=curves["run"] + str(number)) for number in range(20)])
    lines = drawn(learning_curves(many, "loss", selected=["run119", "none"]))["data"]
    assert len(lines) == 60
    assert (lines[0]["name"], lines[0]["meta"]["run"], lines[0]["opacity"]) == ("run119", "run119", 1)
    assert {line["opacity"] for line in lines[1:]} == {0.3}
    assert [line["name"] for line in lines if line["showlegend"]] == ["run119"]


def test_smoothing_keeps_the_raw_line_behind(curves, drawn):
    raw, smooth, *_ = drawn(learning_curves(curves, "loss", smoothing=0.9, x="time"))["data"]
    assert raw["opacity"] == 0.3
    assert smooth["y"][1] > raw["y"][1]
    assert smooth["x"][1] == 4.0


def test_repeats_become_a_mean_with_a_band(curves, drawn):
    groups = {"run0": "a", "run1": "a", "run2": "b", "run3": "b"}
    for band, width in (("minmax", 1.0), ("std", 2**0.5)):
        shade, mean, *_ = drawn(learning_curves(curves, "loss", band=band, group=groups))["data"]
        assert mean["y"][0] == pytest.approx(1.5)
        assert shade["y"][0] - shade["y"][-1] == pytest.approx(width, rel=1e-5)


def test_curves_of_nothing_say_so():
    empty = pd.DataFrame({"run": [], "step": [], "time": [], "value": []})
    assert "no run has values" in describe(learning_curves(empty, "loss"))
    nothing = pd.DataFrame({"run": ["a"] * 2, "step": [0, 1], "time": [0, 1], "value": [math.nan] * 2})
    assert "no run has values" in describe(learning_curves(nothing, "loss"))
