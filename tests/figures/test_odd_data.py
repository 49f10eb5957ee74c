"""Whatever was recorded, a figure is drawn or says what is missing; none raises or warns."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from nbledger.figures import judged
from nbledger.figures.distribution import distribution
from nbledger.figures.importance import importance
from nbledger.figures.learning import learning_curves
from nbledger.figures.metric_bars import metric_bars
from nbledger.figures.runs_charts import parallel_coordinates, scatter
from nbledger.figures.source import Predictions
from nbledger.figures.sparkline import sparkline

ANYTHING = st.sampled_from(
    [None, math.nan, math.inf, 0, 1, -1, True, "a", "<b>", "", 10**30, 1e-320, 1e308, -1e308, "1.5"]
)
NUMBERS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, 0.3, 5.0, 1e308, -1e308, 1e-320])
ROWS = st.lists(st.tuples(ANYTHING, ANYTHING, NUMBERS, NUMBERS), max_size=12)
COLUMNS = ["params.a", "params.b", "metrics.m", "metrics.k"]


@settings(max_examples=12, deadline=None)
@given(ROWS, st.sampled_from(COLUMNS), st.sampled_from(COLUMNS), st.booleans())
def test_runs_of_any_values_are_drawn(rows, x, y, log):
    frame = pd.DataFrame({name: pd.Series([row[at] for row in rows], dtype=object) for at, name in enumerate(COLUMNS)})
    frame = frame.astype({"metrics.m": "float64", "metrics.k": "float64"})
    frame.index = [f"{number:032x}" for number in range(len(frame))]
    figures = [
        scatter(frame, x, y, color="params.a", size="metrics.k", pareto=[(x, "min"), (y, "max")], log_x=log, log_y=log),
        parallel_coordinates(frame, COLUMNS, y),
        distribution(frame[x], frame[y] if log else None),
        learning_curves(
            pd.DataFrame({"run": "a", "step": frame["metrics.k"], "time": 0.0, "value": frame["metrics.m"]}),
            "m", smoothing=0.5, x="log step", band="std", group={"a": "g"} if log else None,
        ),
        metric_bars(
            pd.DataFrame({"value": frame["metrics.m"], "low": frame["metrics.k"], "high": frame["metrics.k"], "same_data": log}),
            "m", baseline=frame.index[0] if len(frame) else None,
        ),
    ]  # fmt: skip
    if log and len(rows) >= 8:
        figures.append(importance(frame, "metrics.m"))
    assert all(figure.to_json() for figure in figures)
    sparkline(frame["metrics.m"].tolist())


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), NUMBERS), max_size=12), st.booleans())
def test_predictions_of_any_values_are_drawn(rows, number):
    truth, labels = (np.array([row[at] for row in rows], dtype="float64") for at in (0, 1))
    scores = np.array([row[2] for row in rows], dtype="float64")
    one = Predictions("p", "classification", truth, labels, scores, tuple(np.unique(np.r_[truth, labels]).tolist()))
    values = Predictions("r", "regression", scores, labels)
    figures = [judged.roc([one]), judged.pr([one]), judged.calibration([one]), judged.residuals([values])]
    figures.append(judged.confusion(one, normalize="all" if number else None))
    assert all(figure.to_json() for figure in figures)
