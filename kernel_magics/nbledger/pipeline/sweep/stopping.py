"""Stopping a trial early, by the metric that it reports while it runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

#: The rule says nothing before this many trials have finished.
LEAST_FINISHED = 3

Point = tuple[int, float]


def below_median(
    own: Sequence[Point], finished: Iterable[Sequence[Point]], *, minimize: bool, least: int = LEAST_FINISHED
) -> str:
    """Return why a trial should stop by the median stopping rule, an empty text when it should go on.

    It stops at a step when its best value up to there is worse than the median of the running averages that finished
    trials had up to there (Golovin et al., Google Vizier, KDD 2017, section 3.2). Points are (step, value).
    """
    known = [point for point in own if not math.isnan(point[1])]
    if not known:
        return ""
    step = max(step for step, _ in known)
    averages = [statistics.fmean(values) for points in finished if (values := _until(points, step))]
    if len(averages) < least:
        return ""
    best = (min if minimize else max)(value for _, value in known)
    median = statistics.median(averages)
    if (best > median) if minimize else (best < median):
        return f"at step {step} its best, {best:.5g}, is worse than the others' median, {median:.5g}"
    return ""


def _until(points: Sequence[Point], step: int) -> list[float]:
    """Return a finished trial's values up to a step, if it got that far."""
    if not points or max(at for at, _ in points) < step:
        return []
    return [value for at, value in points if at <= step and not math.isnan(value)]
