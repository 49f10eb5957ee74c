"""A figure as a small SVG: well formed, without scripts, with its names as text, whatever was recorded."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from nbledger.figures import judged
from nbledger.figures.axis import Axis
from nbledger.figures.distribution import distribution
from nbledger.figures.history import history_timeline
from nbledger.figures.importance import importance
from nbledger.figures.learning import learning_curves
from nbledger.figures.metric_bars import metric_bars
from nbledger.figures.picture import picture
from nbledger.figures.runs_charts import parallel_coordinates, scatter
from nbledger.figures.source import Predictions
from nbledger.figures.sweep_progress import sweep_progress
from nbledger.figures.theme import missing
from nbledger.records import AliasEvent

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<img src=x onerror=alert(1)>"


def drawn(figure):
    """Return a picture as a tree, and its texts."""
    tree = ElementTree.fromstring(picture(figure))
    assert {one.tag for one in tree.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "path", "text", "rect", "g", "circle")
    }
    return tree, [one.text for one in tree.iter(f"{SVG}text")]


def test_a_scatter_has_its_points_axes_and_front(runs_of):
    frame = runs_of(30)
    figure = scatter(frame, "params.lr", "metrics.f1", color="metrics.seconds", log_x=True, selected=frame.index[:2])
    tree, texts = drawn(figure)
    assert sum(one.get("d").count("h0") for one in tree.iter(f"{SVG}path")) == 28
    assert sum(one.get("d").count("z") for one in tree.iter(f"{SVG}path")) == 2
    assert {"f1 by lr", "lr", "0.01", "0.001"} <= set(texts)
    assert tree.find(f"{SVG}title").text.startswith("Scatter of 30 runs")


def test_intervals_lie_inside_the_picture():
    frame = pd.DataFrame(
        {"value": [0.8, 0.9], "low": [0.1, 0.2], "high": [1.5, 1.0], "same_data": [True, False]}, index=["a", EVIL]
    )
    tree, texts = drawn(metric_bars(frame, "f1", baseline="a"))
    places = [
        float(part.split(" ")[0]) for one in tree.iter(f"{SVG}path") for part in one.get("d").strip("M").split("L")
    ]
    assert all(0 <= place <= 720 for place in places)
    assert "a" in texts
    assert EVIL in " ".join(map(str, texts))[:400] or any("<img" in str(text) for text in texts)


def test_a_matrix_has_its_counts():
    one = Predictions("m", "classification", np.array(["a", "b", "b"]), np.array(["a", "a", "b"]), None, ("a", "b"))
    tree, texts = drawn(judged.confusion(one))
    assert len(list(tree.iter(f"{SVG}rect"))) == 4
    assert [text for text in texts if text.isdigit()] == ["1", "0", "1", "1"]


def test_bars_stand_on_zero_side_by_side(runs_of):
    tree, _ = drawn(distribution(pd.Series([1.0, 2, 2, 3]), pd.Series([2.0, 3, 3]), name="x"))
    assert len(list(tree.iter(f"{SVG}rect"))) == 60
    tree, texts = drawn(importance(runs_of(40), "metrics.f1"))
    assert {"lr", "optimizer", "noise"} <= set(texts)
    assert len(list(tree.iter(f"{SVG}rect"))) == 3


def test_parallel_coordinates_of_a_thousand_runs_stay_small(runs_of):
    frame = runs_of(1000)
    dims = [name for name in frame if name.startswith("params.")]
    for figure in (
        parallel_coordinates(frame, dims, "metrics.f1"),
        parallel_coordinates(frame, dims, "metrics.f1", selected=frame.index[:3]),
        scatter(frame, "params.lr", "metrics.f1", color="params.noise", size="metrics.seconds"),
    ):
        assert len(picture(figure)) < 60_000
        drawn(figure)


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, 1.0], [1e308, -1e308], [0.0, 0.0], [5.0]])
def test_odd_numbers_are_drawn_or_left_out(values):
    frame = pd.DataFrame({"params.a": values, "metrics.m": values}, index=[f"{at:032x}" for at in range(len(values))])
    curve = pd.DataFrame({"run": "r", "step": range(len(values)), "time": 0.0, "value": values})
    for figure in (
        scatter(frame, "params.a", "metrics.m", log_x=True),
        parallel_coordinates(frame, ["params.a"], "metrics.m"),
        learning_curves(curve, "m", smoothing=0.5),
        sweep_progress(frame, "metrics.m"),
        distribution(pd.Series(values, dtype="float64", name="a")),
    ):
        assert "nan" not in "".join(one.get("d") or "" for one in drawn(figure)[0].iter(f"{SVG}path"))


def test_names_stay_text_everywhere():
    events = [AliasEvent("1", "m", EVIL, 1, 1.7e9, EVIL, EVIL), AliasEvent("2", "m", EVIL, None, 1.8e9, EVIL, EVIL)]
    curve = pd.DataFrame({"run": EVIL, "step": [0, 1], "time": [0, 1], "value": [0.1, 0.2]})
    for figure in (history_timeline(events), learning_curves(curve, EVIL), missing(EVIL, EVIL), distribution(pd.Series([EVIL], name=EVIL))):  # fmt: skip
        text = picture(figure)
        assert "<img" not in text
        assert any("<img" in str(one) for one in drawn(figure)[1])


def test_an_axis_has_round_ticks():
    class Layout:
        type, range, rangemode, tickvals = None, None, None, None

    axis = Axis.of(Layout, [[0.13, 0.98]], 0, 100)
    assert [label for _, label in axis.ticks()] == ["0.2", "0.4", "0.6", "0.8", "1"]
    assert axis.at(None) is None
    assert axis.at(0.5, "x domain") == 50
