"""What a reader needs to read a figure: units, whole remarks, no axis and no colour bar that says nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from nbledger.figures.picture import picture
from nbledger.figures.runs_charts import parallel_coordinates, scatter
from nbledger.figures.theme import HEIGHT, describe, missing, new_figure, say


def test_a_long_remark_is_broken_into_lines_and_the_figure_grows():
    figure = say(new_figure("t", ""), "a word or two " * 20)
    lines = figure.layout.title.subtitle.text.split("<br>")
    assert len(lines) == 3
    assert max(map(len, lines)) <= 100
    assert (figure.layout.margin.t, figure.layout.height) == (64 + 34, HEIGHT + 34)
    say(figure, "short")
    assert (figure.layout.margin.t, figure.layout.height) == (64, HEIGHT)


def test_remarks_begin_at_the_figures_edge_however_long_the_names_on_its_axis_are():
    assert new_figure("t", "").layout.template.layout.title.xref == "container"


def test_columns_that_are_the_same_in_all_runs_have_no_axis_and_are_named(runs_of, drawn):
    figure = parallel_coordinates(runs_of(9), ["params.lr", "params.seed"], "metrics.f1")
    assert [one["label"] for one in drawn(figure)["data"][0]["dimensions"]] == ["lr", "f1"]
    assert "the same in all runs, left out: seed 1" in figure.layout.title.subtitle.text
    assert "left out: seed 1" in describe(figure)
    nothing = parallel_coordinates(runs_of(9), ["params.seed"], "metrics.f1")
    assert nothing.layout.annotations[0].text == "params are the same in all runs with f1"


def test_a_metric_that_is_the_same_in_all_runs_has_an_axis_but_no_scale_of_colours(runs_of, drawn):
    figure = parallel_coordinates(runs_of(9).assign(**{"metrics.f1": 0.5}), ["params.lr"], "metrics.f1")
    assert drawn(figure)["data"][0]["line"]["showscale"] is False


def test_a_colour_that_is_the_same_in_all_runs_is_said_and_not_drawn(runs_of, drawn):
    figure = scatter(runs_of(9), "params.lr", "metrics.f1", color="params.seed")
    (points,) = drawn(figure)["data"]
    assert "color" not in points["marker"]
    assert figure.layout.coloraxis.colorscale is None
    assert "seed is 1 in all of them" in figure.layout.title.subtitle.text


def test_a_few_whole_numbers_are_the_ticks_of_their_colours(runs_of):
    frame = runs_of(9).assign(**{"params.depth": [1, 2, 4] * 3})
    figure = scatter(frame, "params.lr", "metrics.f1", color="params.depth")
    assert list(figure.layout.coloraxis.colorbar.tickvals) == [1, 2, 4]
    assert list(figure.layout.coloraxis.colorbar.ticktext) == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("seconds", "title", "last"),
    [(100, "started_at, s after the first run", 100), (7_200, "started_at, minutes after the first run", 120),
     (86_400 * 4, "started_at, days after the first run", 4)],
)  # fmt: skip
def test_times_and_durations_have_their_unit(runs_of, drawn, seconds, title, last):
    times = pd.to_datetime([0, seconds // 2, seconds], unit="s", utc=True)
    frame = runs_of(3).assign(**{"attributes.started_at": times, "attributes.duration": [1.0, 2.0, 3.0]})
    figure = scatter(frame, "attributes.started_at", "attributes.duration")
    assert figure.layout.xaxis.title.text == title
    assert figure.layout.yaxis.title.text == "duration, s"
    assert drawn(figure)["data"][0]["x"][-1] == pytest.approx(last)


@pytest.mark.parametrize(("values", "step"), [([0.1, 1, 2], "D2"), ([1e-5, 1e-3, 1], 1)])
def test_a_logarithmic_axis_has_few_ticks(runs_of, values, step):
    figure = scatter(runs_of(3).assign(**{"params.lr": values}), "params.lr", "metrics.f1", log_x=True)
    assert figure.layout.xaxis.dtick == step


def test_a_picture_says_what_is_up_and_what_its_colours_are(runs_of):
    frame = runs_of(9).assign(**{"params.<b>": [1, 2, 4] * 3})
    drawn = picture(scatter(frame, "params.lr", "metrics.f1", color="params.<b>"))
    assert 'rotate(-90)"><text x="0.0" y="0.0" font-size="11" text-anchor="middle">f1</text>' in drawn
    assert "colour: &lt;b&gt;" in drawn
    by_name = picture(scatter(frame, "params.lr", "metrics.f1", color="params.optimizer"))
    assert ">adam</text>" in by_name
    assert ">sgd</text>" in by_name
    assert "colour" not in picture(missing("t", "why"))
