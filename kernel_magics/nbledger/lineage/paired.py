"""The difference of two models' scores on the same rows, with an interval.

Rows are drawn with replacement, the same for both models (a paired bootstrap): each draw weighs every row by how often
it was drawn, so that most metrics are weighted sums and thousands of draws are a few matrix products. Accuracy is
tested by McNemar's exact test, which looks only at rows on which the two models disagree. From `many_rows.MANY` rows on
the draws are had without drawing rows (see `many_rows`): which way was taken is said in `method`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from nbledger.lineage import many_rows

RESAMPLES = 2_000
SEED = 20_220_901

_WIDTH = 1.959963984540054

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
    drawn = _drawn(y_true, (first, second), score, resamples)
    if isinstance(drawn, _Normal):
        spread = drawn.spread
        p_value = many_rows.normal_p(delta, spread)
        return Interval(delta, delta - _WIDTH * spread, delta + _WIDTH * spread, p_value, f"paired, {drawn.method}")
    values = drawn.values[-1] - drawn.values[0]
    values = values[np.isfinite(values)]
    low, high = _bounds(values)
    if score is _accuracy:
        method = f"paired {drawn.method}, McNemar's exact test"
        return Interval(delta, low, high, mcnemar(y_true, first, second), method)
    beyond = min(float((values <= 0).mean()), float((values >= 0).mean())) if len(values) else math.nan
    p_value = min(1.0, max(2 * beyond, 1 / resamples))
    return Interval(delta, low, high, p_value, f"paired {drawn.method}")


class _Drawn(NamedTuple):
    """The scores of each of the predictions over all draws."""

    values: tuple[Any, ...]
    method: str


class _Normal(NamedTuple):
    """The standard error of a score, or of the difference of two."""

    spread: float
    method: str


def _drawn(y_true: Any, predicted: tuple[Any, ...], score: Scores, resamples: int) -> _Drawn | _Normal:
    """Draw rows, the same for all predictions, and score them: row by row, or as `many_rows` has it."""
    import numpy as np

    if len(y_true) < many_rows.MANY:
        found = [[score(y_true, one, weights) for one in predicted] for weights in _draws(len(y_true), resamples)]
        return _Drawn(tuple(np.concatenate(parts) for parts in zip(*found, strict=True)), "bootstrap")
    if score is _accuracy:  # right or wrong is all that counts
        predicted = tuple((one == y_true).astype(np.int64) for one in predicted)
        y_true = np.ones(len(y_true), np.int64)
    kinds = many_rows.kinds_of(y_true, predicted)
    if kinds is not None:
        counts = many_rows.drawn_counts(kinds.counts, resamples, SEED)
        return _Drawn(tuple(score(kinds.y_true, one, counts) for one in kinds.predicted), "bootstrap")
    way = _MEANS.get(score)
    if way is not None:
        values = many_rows.drawn_means(y_true, predicted, way, resamples, SEED)
        return _Drawn(tuple(values), "bootstrap of normal means")
    areas = many_rows.areas(y_true, predicted) if score is _auc else None
    if areas is not None:
        signs = np.array([-1.0, 1.0][-len(predicted) :])
        return _Normal(math.sqrt(max(float(signs @ areas[1] @ signs), 0.0)), "DeLong")
    found = [[score(y_true, one, weights) for one in predicted] for weights in _draws(len(y_true), resamples)]
    return _Drawn(tuple(np.concatenate(parts) for parts in zip(*found, strict=True)), "bootstrap")


def _bounds(values: Any) -> tuple[float, float]:
    import numpy as np

    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


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
    if len(among) >= many_rows.MANY and len(np.unique(y_true[among])) == len(np.unique(y_true)):
        drawn = _drawn(y_true[among], (predicted[among],), score, resamples)
        value = score_of(y_true, predicted, metric, rows)
        at = math.nan if value is None else value
        if isinstance(drawn, _Normal):
            return Interval(at, at - _WIDTH * drawn.spread, at + _WIDTH * drawn.spread, None, drawn.method)
        return Interval(at, *_bounds(drawn.values[0]), None, drawn.method)
    found = []
    for drawn in _draws(len(among), resamples, len(y_true)):
        weights = drawn if rows is None else np.zeros((len(drawn), len(y_true)))
        if rows is not None:
            weights[:, among] = drawn
        found.append(score(y_true, predicted, weights))
    low, high = _bounds(np.concatenate(found))
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

    losses = _losses(y, predicted)
    return np.full(len(weights), np.nan) if losses is None else _mean(losses, weights)


def _losses(y: Any, predicted: Any) -> Any:
    import numpy as np

    classes = np.unique(y)
    if predicted.ndim == 1:
        predicted = np.column_stack([1 - predicted, predicted])
    if predicted.shape[1] != len(classes):
        return None
    chosen = predicted[np.arange(len(y)), np.searchsorted(classes, y)]
    return -np.log(np.clip(chosen, 1e-15, 1))


def _loss_terms(y: Any, predicted: Any) -> Any:
    import numpy as np

    losses = _losses(y, predicted)
    return np.full(len(y), np.nan) if losses is None else losses


def _r2_terms(y: Any, predicted: Any) -> Any:
    import numpy as np

    own = y - y.mean()
    return np.vstack([(y - predicted) ** 2, own**2, own])


_MEANS: dict[Scores, many_rows.Means] = {
    _squared: (lambda y, predicted: (y - predicted) ** 2, lambda means: means[0]),
    _root: (lambda y, predicted: (y - predicted) ** 2, lambda means: abs(means[0]) ** 0.5),
    _absolute: (lambda y, predicted: abs(y - predicted), lambda means: means[0]),
    _r2: (_r2_terms, lambda means: 1 - means[0] / (means[1] - means[2] ** 2)),
    _log_loss: (_loss_terms, lambda means: means[0]),
}
