"""Results of metric calls that are no single number, kept for figures: curves and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbledger.capture.hooks.events import CrossValidation, MetricCall
from nbledger.records import Basis

MAX_POINTS = 1000
"""A curve keeps at most this many points, evenly picked, with both ends: a picture shows no more."""

_MAX_CELLS = 10_000
_CURVES = {
    "roc_curve": ("false positive rate", 0, "true positive rate", 1, 2),
    "precision_recall_curve": ("recall", 1, "precision", 0, 2),
    "det_curve": ("false positive rate", 0, "false negative rate", 1, 2),
}
"""By function: the label of x and its place in the result, the same of y, and the place of the thresholds."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve. `kind` is the function that computed it, `thresholds` are as long as `x` or empty."""

    name: str
    kind: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    thresholds: tuple[float, ...] = ()
    basis: tuple[Basis, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of numbers: a confusion matrix, or one row of a value for each class; `labels` as they were asked for."""

    name: str
    kind: str
    rows: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()


def structures_in(event: MetricCall | CrossValidation, basis: tuple[Basis, ...]) -> Iterator[Curve | Table]:
    """Yield the curves and tables in the result of a call."""
    name = event.site.name or event.function
    if isinstance(event, CrossValidation):
        yield from _learning_curve(name, event, basis)
        return
    value = event.value
    if event.function in _CURVES and isinstance(value, tuple):
        x_label, x, y_label, y, threshold = _CURVES[event.function]
        points = len(value[x])
        yield Curve(
            name,
            event.function,
            x_label,
            y_label,
            _picked(value[x], points),
            _picked(value[y], points),
            _picked(value[threshold], points),
            basis,
        )
    elif len(getattr(value, "shape", ())) in (1, 2) and 0 < value.size <= _MAX_CELLS:
        rows = value.tolist() if len(value.shape) == 2 else [value.tolist()]
        labels = event.keywords.get("labels")
        texts = tuple(map(str, labels)) if labels is not None else ()
        yield Table(name, event.function, tuple(tuple(map(float, row)) for row in rows), texts, basis)


def _learning_curve(name: str, event: CrossValidation, basis: tuple[Basis, ...]) -> Iterator[Curve]:
    if event.function == "learning_curve":
        sizes, train, test = event.scores[:3]
        label = "training examples"
    elif event.function == "validation_curve":
        sizes, (train, test) = event.keywords.get("param_range", ()), event.scores
        label = str(event.keywords.get("param_name", "param"))
    else:
        return
    try:
        x = tuple(float(size) for size in sizes)
    except (TypeError, ValueError):
        x = tuple(float(index) for index in range(len(test)))
    for part, scores in (("train", train), ("test", test)):
        y = tuple(float(value) for value in scores.mean(axis=1))
        yield Curve(f"{name}.{part}", event.function, label, "score", x, y, (), basis)


def _picked(values: Any, points: int) -> tuple[float, ...]:
    """Return at most `MAX_POINTS` of the values, the first and the last among them."""
    if points <= MAX_POINTS:
        return tuple(float(value) for value in values)
    indices = [round(index * (points - 1) / (MAX_POINTS - 1)) for index in range(MAX_POINTS)]
    return tuple(float(values[index]) for index in indices if index < len(values))
