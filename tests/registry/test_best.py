"""Which run is best, and in which direction a metric is better."""

from __future__ import annotations

import pytest

from nbledger.ledger.errors import FilterError
from nbledger.registry.best import best_run, direction, is_minimized, metric_name


@pytest.mark.parametrize(
    "name",
    ["mse", "rmse", "val_loss", "log_loss", "mean_absolute_error", "loss", "valLoss", "RMSE", "test-error", "metrics.mae",
     "max_error", "brier_score_loss", "fit_time", "zero_one_loss", "mean_pinball_loss", "davies_bouldin_score"],
)  # fmt: skip
def test_less_is_better_for_errors_losses_and_times(name):
    assert is_minimized(name)


@pytest.mark.parametrize(
    "name",
    ["f1", "accuracy", "roc_auc", "r2", "precision", "neg_mean_squared_error", "cv_neg_log_loss", "score", "terror",
     "glossary", "silhouette_score", "d2_absolute_error_score", "explained_variance"],
)  # fmt: skip
def test_more_is_better_for_scores(name):
    assert not is_minimized(name)


def test_the_direction_that_was_asked_for_wins():
    assert direction("rmse") == "lowest"
    assert direction("rmse", minimize=False) == "highest"
    assert direction("f1", minimize=True) == "lowest"


def test_a_wrong_filter_is_shown_as_it_was_written(fresh_ledger):
    with pytest.raises(FilterError) as caught:
        best_run(fresh_ledger, "accuracy", where="metrics.f1 >> 3")
    assert str(caught.value).splitlines()[1] == "  metrics.f1 >> 3"


def test_a_metric_may_be_named_as_in_a_filter():
    assert metric_name("metrics.f1") == metric_name("f1") == metric_name("metrics.`f1`") == "f1"
