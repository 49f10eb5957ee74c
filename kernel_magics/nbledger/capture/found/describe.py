"""What a fitted model of a library can say beyond its params: series of numbers from its training, and single facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Description:
    """What a fitted model says of itself.

    `series` maps a metric's name to its value at each step (a boosting round, an epoch), `metrics` a name to a single
    number, and `params` a name to a setting that `get_params` does not have.
    """

    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)


_describers: dict[type, Callable[[Any], Description]] = {}


def register(cls: type, describer: Callable[[Any], Description]) -> None:
    """Let models of a class (and of its subclasses) be described by `describer`."""
    _describers[cls] = describer


def clear() -> None:
    """Forget all describers."""
    _describers.clear()


def description_of(model: Any) -> Description | None:
    """Return what a fitted model says of itself; `None` when nobody knows its class."""
    for cls in type(model).__mro__:
        if cls in _describers:
            return _describers[cls](model)
    return None
