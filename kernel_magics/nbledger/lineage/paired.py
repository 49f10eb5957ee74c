"""The difference of two models' scores on the same rows, with an interval.

Rows are drawn with replacement, the same for both models (a paired bootstrap): each draw weighs every row by how often
it was drawn, so that most metrics are weighted sums and thousands of draws are a few matrix products. Accuracy is
tested by McNemar's exact test, which looks only at rows on which the two models disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

RESAMPLES = 2_000
SEED = 20_220_901

_CHUNK = 1 << 22

Scores = Callable[[Any, Any, Any], Any]


class Interval(NamedTuple):
    """A difference, its 95 percent interval, and the chance of one as large if there were none (`None`: not had)."""

    delta: float
    low: float
    high: float
    p_value: float | None
    method: str


def difference(y_true: Any, first: Any, second: Any, metric: str, *, resamples: int = RESAMPLES) -> Interval | None:
    """Return how much the second predictions score above the first; `None` for a metric that is not known here.

    `metric` is the name of a function of `sklearn.metrics`, or `accuracy`, `rmse`, ...
    """
    import numpy as np

    score = _score_of(metric)
    if score is None:
        return None
    whole = np.ones((1, len(y_true)))
    delta = float((score(y_true, second, whole) - score(y_true, first, whole))[0])
    differences = [
        score(y_true, second, weights) - score(y_true, first, weights) for weights in _draws(len(y_true), resamples)
    ]
    values = np.concatenate(differences)
    values = values[np.isfinite(values)]
    low, high = (float(value) for value in np.quantile(values, [0.025, 0.975])) if len(values) else (math.nan, math.nan)
    if score is _accuracy:
        return Interval(delta, low, high, mcnemar(y_true, first, second), "paired bootstrap, McNemar's exact test")
    beyond = min(float((values <= 0).mean()), float((values >= 0).mean())) if len(values) else math.nan
    p_value = min(1.0, max(2 * beyond, 1 / resamples))
    return Interval(delta, low, high, p_value, "paired bootstrap")


def interval(
    y_true: Any, predicted: Any, metric: str, *, rows: Any = None, resamples: int = RESAMPLES
) -> Interval | None:
    """Return the score of predictions with its 95 percent interval (percentile bootstrap over rows).

    `delta` is the score itself. `rows` is a mask of the rows to score, as in `score_of`. `None` for a metric that is
    not known here, or of no rows.
    """
    import numpy as np

    score = _score_of(metric)
    among = np.arange(len(y_true)) if rows is None else np.flatnonzero(rows)
    if score is None or not len(among):
        return None
    found = []
    for drawn in _draws(len(among), resamples, len(y_true)):
        weights = drawn if rows is None else np.zeros((len(drawn), len(y_true)))
        if rows is not None:
            weights[:, among] = drawn
        found.append(score(y_true, predicted, weights))
    values = np.concatenate(found)
    values = values[np.isfinite(values)]
    low, high = (float(value) for value in np.quantile(values, [0.025, 0.975])) if len(values) else (math.nan, math.nan)
    value = score_of(y_true, predicted, metric, rows)
    return Interval(math.nan if value is None else value, low, high, None, "bootstrap")


def score_of(y_true: Any, predicted: Any, metric: str, rows: Any = None) -> float | None:
    """Return the score of predictions by a metric's name; `None` for a metric that is not known here.

    `rows` is a mask of the rows to score. Which class counts as positive is still that of all rows: a part may hold
    only one of them.
    """
    import numpy as np

    score = _score_of(metric)
    weights = np.ones((1, len(y_true))) if rows is None else np.asarray(rows, dtype=np.float64).reshape(1, -1)
    return None if score is None else float(score(y_true, predicted, weights)[0])


def mcnemar(y_true: Any, first: Any, second: Any) -> float:
    """Return McNemar's exact two-sided p-value: whether one model is right more often where only one of them is."""
    right, other = first == y_true, second == y_true
    return exact_p(int((right & ~other).sum()), int((other & ~right).sum()))


def exact_p(first: int, second: int) -> float:
    """Return the two-sided chance of a split as uneven as this under even odds."""
    total, least = first + second, min(first, second)
    if total == 0:
        return 1.0
    logs = [math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) for k in range(least + 1)]
    return min(1.0, 2 * sum(math.exp(log - total * math.log(2)) for log in logs))


def _draws(rows: int, resamples: int, width: int | None = None) -> Iterator[Any]:
    """Yield how often each row was drawn, for as many resamples at a time as fit beside arrays of `width` columns."""
    import numpy as np

    drawn = np.random.default_rng(SEED)
    step = max(1, _CHUNK // max(width or rows, 1))
    for start in range(0, resamples, step):
        yield drawn.multinomial(rows, [1 / rows] * rows, min(step, resamples - start)).astype(np.float64)


def _score_of(metric: str) -> Scores | None:
    name = metric.removesuffix("_score")
    found = {
        "accuracy": _accuracy,
        "mean_squared_error": _squared,
        "mse": _squared,
        "root_mean_squared_error": _root,
        "rmse": _root,
        "mean_absolute_error": _absolute,
        "mae": _absolute,
        "r2": _r2,
        "f1": _f1,
        "precision": _precision,
        "recall": _recall,
        "balanced_accuracy": _balanced,
        "roc_auc": _auc,
        "auc": _auc,
        "log_loss": _log_loss,
        "brier_score_loss": _squared,
    }
    return found.get(name)


def _mean(values: Any, weights: Any) -> Any:
    return weights @ values.astype("float64") / weights.sum(axis=1)


def _accuracy(y: Any, predicted: Any, weights: Any) -> Any:
    return _mean(y == predicted, weights)


def _squared(y: Any, predicted: Any, weights: Any) -> Any:
    return _mean((y - predicted) ** 2, weights)


def _root(y: Any, predicted: Any, weights: Any) -> Any:
    return _squared(y, predicted, weights) ** 0.5


def _absolute(y: Any, predicted: Any, weights: Any) -> Any:
    return _mean(abs(y - predicted), weights)


def _r2(y: Any, predicted: Any, weights: Any) -> Any:
    mean = _mean(y, weights)
    spread = _mean(y**2, weights) - mean**2
    return 1 - _squared(y, predicted, weights) / spread


def _classes(y: Any, predicted: Any) -> Any:
    """Return the class that counts as positive of two, or all of several."""
    import numpy as np

    found = np.unique(np.concatenate([np.unique(y), np.unique(predicted)]))
    return found[-1:] if len(found) <= 2 else found


def _rates(y: Any, predicted: Any, weights: Any, positive: Any) -> tuple[Any, Any, Any]:
    hit = weights @ ((y == positive) & (predicted == positive)).astype("float64")
    return hit, weights @ (predicted == positive).astype("float64"), weights @ (y == positive).astype("float64")


def _over_classes(y: Any, predicted: Any, weights: Any, ratio: Callable[[Any, Any, Any], Any]) -> Any:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.nan_to_num(ratio(*_rates(y, predicted, weights, one))) for one in _classes(y, predicted)]
    return np.mean(parts, axis=0)


def _f1(y: Any, predicted: Any, weights: Any) -> Any:
    return _over_classes(y, predicted, weights, lambda hit, said, true: 2 * hit / (said + true))


def _precision(y: Any, predicted: Any, weights: Any) -> Any:
    return _over_classes(y, predicted, weights, lambda hit, said, _: hit / said)


def _recall(y: Any, predicted: Any, weights: Any) -> Any:
    return _over_classes(y, predicted, weights, lambda hit, _, true: hit / true)


def _balanced(y: Any, predicted: Any, weights: Any) -> Any:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        parts = []
        for one in np.unique(y):
            hit, _, true = _rates(y, predicted, weights, one)
            parts.append(hit / true)
    return np.mean(parts, axis=0)


def _auc(y: Any, predicted: Any, weights: Any) -> Any:
    """Return the weighted area under the ROC curve; ties count half."""
    import numpy as np

    classes = np.unique(y)
    if len(classes) != 2 or predicted.ndim != 1:
        return np.full(len(weights), np.nan)
    values, codes = np.unique(predicted, return_inverse=True)
    codes = codes.reshape(-1)
    positive = (y == classes[1]).astype(np.float64)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(values)))
    up = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    down = np.add.reduceat((weights * (1 - positive))[:, order], starts, axis=1)
    below = np.cumsum(down, axis=1) - down
    with np.errstate(divide="ignore", invalid="ignore"):
        return (up * (below + 0.5 * down)).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1))


def _log_loss(y: Any, predicted: Any, weights: Any) -> Any:
    import numpy as np

    classes = np.unique(y)
    if predicted.ndim == 1:
        predicted = np.column_stack([1 - predicted, predicted])
    if predicted.shape[1] != len(classes):
        return np.full(len(weights), np.nan)
    chosen = predicted[np.arange(len(y)), np.searchsorted(classes, y)]
    return _mean(-np.log(np.clip(chosen, 1e-15, 1)), weights)
