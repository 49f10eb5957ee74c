"""Metrics that nobody declared: the numbers in the results of metric calls, scores and cross-validations.

Names: the name that a value was assigned to, else the function's own.
- One number: `accuracy`. Several of one name in a cell are its steps 0, 1, 2, ...
- A dict (`classification_report(output_dict=True)`): one for each number, as `macro avg.f1-score`.
- A tuple: the names that it was unpacked to, else `NAME.precision`, ...
- Cross-validation: `NAME` is the mean, `NAME.std` the standard deviation (of the population, as numpy's), the steps of
  `NAME.fold` are the folds. NAME is `cv_score` unless assigned; `cross_validate` with several scorers gives
  `NAME.accuracy`, ... and, when asked for, `NAME.train_accuracy`, ...
- A search: `best_score`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbledger.capture.found.values import number
from nbledger.capture.hooks.events import Candidate, CrossValidation, MetricCall, Score, Search
from nbledger.records import Basis, Metric

_PARTS: Mapping[str, tuple[str, ...]] = {
    "class_likelihood_ratios": ("positive", "negative"),
    "homogeneity_completeness_v_measure": ("homogeneity", "completeness", "v_measure"),
    "precision_recall_fscore_support": ("precision", "recall", "fscore", "support"),
    "permutation_test_score": ("score", "permutation_scores", "pvalue"),
}
_TIMES = frozenset({"fit_time", "score_time"})


@dataclass(frozen=True, slots=True)
class Found:
    """One number under a name; `stepped` when it belongs to a series however short that is."""

    name: str
    value: float
    stepped: bool = False


@dataclass(slots=True)
class Collected:
    """The numbers of a run as they come; `metrics` numbers the repeats of a name."""

    _entries: dict[str, list[tuple[float, float, tuple[Basis, ...], bool]]] = field(default_factory=dict)

    def add(self, found: Iterable[Found], basis: tuple[Basis, ...]) -> None:
        """Take in numbers that were computed just now."""
        now = time.time()
        for one in found:
            self._entries.setdefault(one.name, []).append((one.value, now, basis, one.stepped))

    def merge(self, other: Collected) -> None:
        """Take in what another one has."""
        for name, entries in other._entries.items():
            self._entries.setdefault(name, []).extend(entries)

    def metrics(self) -> tuple[Metric, ...]:
        """Return everything taken in: a single value has no step, repeats have the steps 0, 1, 2, ..."""
        metrics = []
        for name, entries in self._entries.items():
            stepped = len(entries) > 1 or entries[0][3]
            for step, (value, when, basis, _) in enumerate(entries):
                metrics.append(Metric(name, value, step if stepped else None, when, basis))
        return tuple(metrics)


def in_metric_call(event: MetricCall) -> Iterator[Found]:
    """Yield the numbers in the result of a metric function."""
    yield from _in_value(
        event.site.name or event.function, event.value, event.site.elements, _PARTS.get(event.function)
    )


def in_score(event: Score) -> Iterator[Found]:
    """Yield the number that an estimator's `score` or a scorer gave."""
    yield from _in_value(event.site.name or event.function, event.value, (), None)


def in_cross_validation(event: CrossValidation) -> Iterator[Found]:
    """Yield mean, standard deviation and folds of a cross-validation; nothing of a curve."""
    name = event.site.name or "cv_score"
    if mean_name(event) is not None:
        name = str(mean_name(event))
    scores = event.scores
    if event.function == "cross_val_score":
        yield from summary(name, floats(scores))
    elif event.function == "cross_validate" and isinstance(scores, Mapping):
        yield from _in_cross_validate(name, scores)
    elif event.function == "permutation_test_score":
        yield from _in_value(event.site.name or event.function, scores, event.site.elements, _PARTS[event.function])


def mean_name(event: CrossValidation) -> str | None:
    """Return the variable that holds just the mean of the scores: `acc = cross_val_score(...).mean()`."""
    return event.site.derived_name if event.site.through in (("mean",), ("average",)) else None


def in_search(event: Search) -> Iterator[Found]:
    """Yield the best candidate's score."""
    best = number(getattr(event.search, "best_score_", None))
    if best is not None:
        yield Found("best_score", best)


def in_candidate(candidate: Candidate) -> Iterator[Found]:
    """Yield the numbers of one candidate of a search."""
    for scorer, mean in candidate.means.items():
        yield Found(scorer, mean)
        yield Found(f"{scorer}.std", candidate.stds[scorer])
        for value in candidate.folds[scorer]:
            yield Found(f"{scorer}.fold", value, stepped=True)
    if candidate.fit_time is not None:
        yield Found("fit_time", candidate.fit_time)
    if candidate.rank is not None:
        yield Found("rank", float(candidate.rank))


def summary(name: str, values: Sequence[float]) -> Iterator[Found]:
    """Yield the mean under `name`, the standard deviation, and each value as a step of `name.fold`."""
    if not values:
        return
    mean = sum(values) / len(values)
    yield Found(name, mean)
    yield Found(f"{name}.std", (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5)
    for value in values:
        yield Found(f"{name}.fold", value, stepped=True)


def floats(values: Any) -> list[float]:
    """Return an array or list of numbers of one dimension as floats; empty for anything else."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return []
    found = [number(value) for value in values]
    return [value for value in found if value is not None] if None not in found else []


def _in_cross_validate(name: str, scores: Mapping[str, Any]) -> Iterator[Found]:
    several = not {"test_score"} >= {key for key in scores if key.startswith("test_")}
    for key, values in scores.items():
        if key in _TIMES or not key.startswith(("test_", "train_")):
            continue
        if several:
            full = f"{name}.{key.removeprefix('test_')}"
        else:
            full = name if key == "test_score" else f"{name}.{key}"
        yield from summary(full, floats(values))


def _in_value(
    name: str, value: Any, elements: tuple[str | None, ...], parts: tuple[str, ...] | None
) -> Iterator[Found]:
    scalar = number(value)
    if scalar is not None:
        yield Found(name, scalar)
    elif isinstance(value, Mapping):
        yield from _in_mapping(value, ())
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            scalar = number(part)
            if scalar is None:
                continue
            if elements:
                part_name = elements[index] if index < len(elements) else None
            else:
                part_name = f"{name}.{parts[index] if parts and index < len(parts) else index}"
            if part_name is not None:
                yield Found(part_name, scalar)


def _in_mapping(values: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[Found]:
    for key, value in values.items():
        scalar = number(value)
        if scalar is not None:
            yield Found(".".join((*path, str(key))), scalar)
        elif isinstance(value, Mapping):
            yield from _in_mapping(value, (*path, str(key)))
