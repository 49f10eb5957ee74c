"""Where the trials of a sweep come from: planned ahead (grid, random), or asked for one by one (Optuna)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nbledger.pipeline.sweep.stopping import Point, below_median


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a trial when a sweep goes on: `value` is `None` for one that has none."""

    params: Mapping[str, Any]
    done: bool
    value: float | None = None
    stopped: bool = False
    points: tuple[Point, ...] = ()


class Strategy(Protocol):
    """Proposes trials and learns how they ended."""

    def adopt(self, known: Mapping[str, Known]) -> None:
        """Learn what the ledger knows of the trials so far, by their ids."""

    def ask(self, id: str) -> dict[str, Any] | None:
        """Return the params of one more trial, which will have this id; `None` when all were planned ahead."""

    def tell(self, id: str, value: float | None, *, stopped: bool = False) -> None:
        """Say how a trial ended: its value, or `None` for one that failed."""

    def report(self, id: str, points: Sequence[Point]) -> str:
        """Take the newest (step, value) of a running trial; return why it should stop, or an empty text."""

    def forget(self, id: str) -> None:
        """Forget what an attempt that was lost had reported."""


class Planned:
    """All trials were planned ahead; with `median` those whose metric falls behind the finished ones are stopped."""

    def __init__(self, *, minimize: bool, median: bool) -> None:
        self._minimize = minimize
        self._median = median
        self._running: dict[str, list[Point]] = {}
        self._finished: list[Sequence[Point]] = []

    def adopt(self, known: Mapping[str, Known]) -> None:
        """Take over the courses of the trials that finished."""
        done: Iterable[Known] = (one for one in known.values() if one.done and not one.stopped)
        self._finished += [one.points for one in done if one.value is not None and one.points]

    def ask(self, id: str) -> dict[str, Any] | None:  # noqa: ARG002 - the protocol's name
        """Propose nothing: what there is was planned ahead."""
        return None

    def tell(self, id: str, value: float | None, *, stopped: bool = False) -> None:
        """Keep the course of a trial that finished, for the rule."""
        points = self._running.pop(id, [])
        if value is not None and not stopped and points:
            self._finished.append(points)

    def report(self, id: str, points: Sequence[Point]) -> str:
        """Return why the trial should stop by the median stopping rule, if it should."""
        course = self._running.setdefault(id, [])
        course.extend(points)
        return below_median(course, self._finished, minimize=self._minimize) if self._median else ""

    def forget(self, id: str) -> None:
        """Drop the course of an attempt that was lost."""
        self._running.pop(id, None)
