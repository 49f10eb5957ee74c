"""Figures of stored predictions hold the numbers that scikit-learn gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from nbledger.figures import judged
from nbledger.figures.source import Predictions
from nbledger.figures.theme import describe


@pytest.fixture
def binary():
    random = np.random.default_rng(0)
    y_true = random.integers(0, 2, 3000)
    y_score = np.clip(y_true * 0.3 + random.uniform(size=3000) * 0.7, 0, 1).round(3)
    return Predictions("a", "classification", y_true, (y_score > 0.5).astype(int), y_score, (0, 1))


@pytest.fixture
def regression():
    random = np.random.default_rng(0)
    y_true = random.normal(size=2000)
    return Predictions("r", "regression", y_true, y_true + random.normal(size=2000))


def test_roc_and_pr_are_scikit_learns(binary, drawn):
    (line,) = drawn(judged.roc([binary]))["data"]
    assert len(line["x"]) <= 500
    assert f"{metrics.roc_auc_score(binary.y_true, binary.y_score):.5g}" in line["name"]
    (line,) = drawn(judged.pr([binary]))["data"]
    assert f"{metrics.average_precision_score(binary.y_true, binary.y_score):.5g}" in line["name"]


def test_many_classes_count_one_against_the_rest(drawn):
    random = np.random.default_rng(0)
    y_true = random.choice(["a", "b", "c"], 300)
    y_score = random.dirichlet([1, 1, 1], 300)
    one = Predictions("m", "classification", y_true, y_true, y_score, ("a", "b", "c"))
    (line,) = drawn(judged.roc([one]))["data"]
    hit = (y_true[:, None] == np.array(["a", "b", "c"])).ravel()
    assert f"{metrics.roc_auc_score(hit, y_score.ravel()):.5g} (micro average)" in line["name"]


def test_confusion_counts(binary, drawn):
    (cells,) = drawn(judged.confusion(binary))["data"]
    counts = metrics.confusion_matrix(binary.y_true, binary.y_pred)
    assert cells["text"] == [[f"{one:,}" for one in row] for row in counts]
    (shares,) = drawn(judged.confusion(binary, normalize="pred"))["data"]
    assert shares["text"][0][0] == f"{counts[0, 0] / counts[:, 0].sum():.1%}"
    assert "3,000 rows" in describe(judged.confusion(binary))


def test_calibration_is_the_share_that_came_true(binary, drawn):
    (line,) = drawn(judged.calibration([binary]))["data"]
    assert len(line["x"]) == 10
    assert np.mean(line["y"]) == pytest.approx(binary.y_true.mean(), abs=1e-6)
    assert f"{metrics.brier_score_loss(binary.y_true, binary.y_score):.5g}" in line["name"]


def test_residuals_are_thinned_and_say_so(regression, drawn):
    figure = judged.residuals([regression])
    assert len(drawn(figure)["data"][0]["x"]) == 500
    assert "at most 500" in figure.layout.title.subtitle.text


def test_what_is_not_stored_is_said(binary, regression):
    labels = Predictions("l", "classification", binary.y_true, binary.y_pred, None, (0, 1))
    empty = Predictions("e", "classification", np.array([]), np.array([]), np.array([]), ())
    wild = Predictions("w", "classification", binary.y_true, None, binary.y_score * 5, (0, 1))
    one_class = Predictions("o", "classification", np.zeros(5), np.zeros(5), np.zeros(5), (0.0,))
    for figure in (
        judged.roc([labels, empty, one_class]),
        judged.roc([]),
        judged.pr([regression]),
        judged.calibration([wild, labels]),
        judged.confusion(regression),
        judged.confusion(empty),
        judged.residuals([binary]),
    ):
        assert figure.layout.annotations[0].text.startswith("no ")
    assert "2 without scores" in describe(judged.roc([binary, labels, empty]))
