"""A sweep as the ledger has it: its trials, how each of them ended, and which one is best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbledger.ledger import sweeps

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run

STOPPED = "nbledger.stopped_early"


@dataclass(frozen=True, slots=True)
class TrialRun:
    """A trial: `value` is that of the sweep's metric, `reason` why it failed or was stopped.

    `status` is `planned`, `running`, `interrupted`, `finished`, `failed`, `cancelled` or `deleted`; `duration` is in
    seconds.
    """

    number: int
    id: str
    status: str
    params: Mapping[str, Any]
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    duration: float | None = None
    reason: str = ""
    attempts: int = 0
    worker: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return self.status in ("finished", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class SweepRun:
    """A sweep: `metric` (without it nothing is ranked) and whether less of it is better, and its trials by number."""

    id: str
    status: str
    notebook: str
    strategy: str
    metric: str | None
    minimize: bool
    trials: tuple[TrialRun, ...]
    total: int
    started_at: float = 0.0

    @property
    def ranked(self) -> tuple[TrialRun, ...]:
        """The finished trials, the best one first; of equals the one with the lower number."""
        return tuple(sorted((one for one in self.trials if one.status == "finished"), key=self._rank))

    @property
    def best(self) -> TrialRun | None:
        """The best trial that finished, if one did and there is a metric to tell by."""
        ranked = self.ranked
        return ranked[0] if ranked and self.metric and _is_number(ranked[0].value) else None

    @property
    def counts(self) -> dict[str, int]:
        """How many trials have each status."""
        found: dict[str, int] = {}
        for one in self.trials:
            found[one.status] = found.get(one.status, 0) + 1
        return found

    def _rank(self, trial: TrialRun) -> tuple[bool, float, int]:
        value = trial.value
        if value is None or math.isnan(value):
            return True, 0.0, trial.number
        return False, value if self.minimize else -value, trial.number


def read_sweep(ledger: Ledger, run: str) -> SweepRun:
    """Return a sweep by its run's id. Raises `NotFound` for a run that is no sweep."""
    found = ledger.run(run)
    spec = sweeps.spec(ledger, found.id)
    runs = {child.id: child for child in ledger.children(found.id)}
    tries = sweeps.attempts(ledger, found.id)
    leads = found.status in ("running", "interrupted") and sweeps.holder(ledger, found.id) is not None
    trials = tuple(
        _trial(ledger, one, runs.get(one.id), spec["metric"], *tries.get(one.id, (0, "", "")), leads=leads)
        for one in sweeps.trials(ledger, found.id)
    )
    return SweepRun(
        id=found.id,
        status="running" if leads else found.status,
        notebook=spec["notebook"],
        strategy=spec["space"]["strategy"],
        metric=spec["metric"],
        minimize=spec["minimize"],
        trials=trials,
        total=max(spec["trials"], len(trials)),
        started_at=found.started_at,
    )


def _trial(
    ledger: Ledger,
    trial: sweeps.Trial,
    run: Run | None,
    metric: str | None,
    attempts: int,
    worker: str,
    attempt: str,
    *,
    leads: bool,
) -> TrialRun:
    if run is None:
        status = "deleted" if trial.done else "planned"
    elif run.status in ("running", "interrupted"):
        status = "running" if leads and attempt else "interrupted"
    else:
        status = run.status
    metrics = dict(run.metrics) if run is not None else {}
    if status == "running" and metric:
        metrics = {name: one.value for name, one in sweeps.measured(ledger, trial.id).items()}
    reason = ""
    if run is not None:
        reason = f"{run.error.type}: {run.error.message}" if run.error else run.tags.get(STOPPED, "")
    return TrialRun(
        number=trial.number,
        id=trial.id,
        status=status,
        params=trial.params,
        value=metrics.get(metric) if metric else None,
        metrics=metrics,
        duration=run.duration if run else None,
        reason=reason,
        attempts=attempts,
        worker=worker,
    )


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)
