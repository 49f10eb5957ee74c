"""Intervals of scores over many rows, without drawing each row thousands of times.

- Rows that hold the same true value and the same predictions are alike: how often each kind of row is drawn follows a
  multinomial distribution over the kinds. That is the bootstrap itself, not an approximation (classes, rounded scores).
- Errors, R2 and log loss are functions of a few means. Over thousands of rows drawn means are normally distributed
  (central limit theorem): they are drawn from the normal distribution with the rows' own mean and covariance.
- The area under the ROC curve goes by DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

MANY = 5_000
"""From so many rows on scores are drawn in these ways."""

MOST_KINDS = 2_000
_MOST_CELLS = 4_000_000

Means = tuple[Callable[[Any, Any], Any], Callable[[Any], Any]]
"""The terms of each row, one column each, and the score from the means of these columns."""


class Kinds(NamedTuple):
    """Rows of which no two are alike, and how many of each kind there are."""

    y_true: Any
    predicted: tuple[Any, ...]
    counts: Any


def kinds_of(y_true: Any, predicted: Sequence[Any]) -> Kinds | None:
    """Return the kinds of rows that there are; `None` for too many, or for several predictions in a row."""
    import numpy as np

    if any(one.ndim != 1 for one in (y_true, *predicted)):
        return None
    codes, kinds = np.zeros(len(y_true), np.int64), 1
    found: list[Any] = []
    for one in (y_true, *predicted):
        values, own = np.unique(one, return_inverse=True)
        kinds *= len(values)
        if kinds > _MOST_CELLS:
            return None
        codes = codes * len(values) + own.reshape(-1)
        found.append(values)
    counts = np.bincount(codes, minlength=kinds)
    cells = np.flatnonzero(counts)
    if len(cells) > MOST_KINDS:
        return None
    places = np.unravel_index(cells, [len(values) for values in found])
    held = [values[place] for values, place in zip(found, places, strict=True)]
    return Kinds(held[0], tuple(held[1:]), counts[cells])


def drawn_counts(counts: Any, resamples: int, seed: int) -> Any:
    """Return how often rows of each kind are drawn, one line for each resample."""
    import numpy as np

    rows = int(counts.sum())
    return np.random.default_rng(seed).multinomial(rows, counts / rows, resamples).astype(np.float64)


def drawn_means(y_true: Any, predicted: Sequence[Any], way: Means, resamples: int, seed: int) -> list[Any]:
    """Return the scores of each of the predictions, over the same normally distributed draws of the means."""
    import numpy as np

    terms, score = way
    parts = [np.atleast_2d(terms(y_true, one).astype(np.float64)) for one in predicted]
    table = np.vstack(parts)
    mean = table.mean(axis=1)
    spread = np.atleast_2d(np.cov(table)) / table.shape[1]
    # Terms may depend on each other (y stands in both): `eigh` takes covariances of less than full rank.
    drawn = np.random.default_rng(seed).multivariate_normal(mean, spread, resamples, method="eigh")
    ends = np.cumsum([0, *(len(part) for part in parts)])
    return [score(drawn[:, start:end].T) for start, end in itertools.pairwise(ends)]


def areas(y_true: Any, predicted: Sequence[Any]) -> tuple[Any, Any] | None:
    """Return the areas under the ROC curve of the predictions, and their covariance; `None` without two classes."""
    import numpy as np

    classes = np.unique(y_true)
    if len(classes) != 2 or any(one.ndim != 1 for one in predicted):
        return None
    positive = y_true == classes[1]
    ups, downs = int(positive.sum()), int((~positive).sum())
    if min(ups, downs) < 2:
        return None
    above, below = np.empty((len(predicted), ups)), np.empty((len(predicted), downs))
    for place, one in enumerate(predicted):
        ranks = _midranks(one)
        above[place] = (ranks[positive] - _midranks(one[positive])) / downs
        below[place] = 1 - (ranks[~positive] - _midranks(one[~positive])) / ups
    return above.mean(axis=1), np.atleast_2d(np.cov(above)) / ups + np.atleast_2d(np.cov(below)) / downs


def normal_p(value: float, spread: float) -> float:
    """Return the two-sided chance of a normally distributed value as far from zero as this."""
    if spread <= 0:
        return 1.0 if value == 0 else 0.0
    return math.erfc(abs(value) / spread / math.sqrt(2))


def _midranks(values: Any) -> Any:
    """Return the ranks from 1 on; equal values share the middle of theirs."""
    import numpy as np

    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[codes.reshape(-1)]
