"""How a pipeline run stands, from the ledger alone: of one that has ended, and of one that another process runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbledger.ledger import Ledger
from nbledger.pipeline.caching import CACHED_TAG
from nbledger.pipeline.pipeline_record import BROKEN, PIPELINE, plan_of
from nbledger.pipeline.resuming import origin
from nbledger.records import Run
from nbledger.tables import clean, many


@dataclass(frozen=True, slots=True)
class StepState:
    """How a step stands: `waiting`, `running`, or how it ended (`interrupted` with the process that ran it).

    `run` is that of its last attempt; `duration` is in seconds, so far where it runs.
    """

    name: str
    status: str
    run: str | None = None
    detail: str = ""
    duration: float | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class PipelineState:
    """How a pipeline run stands, with its steps in their order."""

    run: Run
    steps: tuple[StepState, ...]

    @property
    def status(self) -> str:
        """The run's status; `refused` where a gate did not let the winner through."""
        error = self.run.error
        return "refused" if error is not None and error.type == "PromotionRefused" else self.run.status


def pipeline_runs(ledger: Ledger, pipeline: str | None = None, limit: int | None = None) -> list[Run]:
    """Return the runs of a pipeline (by what `identity` gives), or of all, the latest first."""
    found = (run for run in ledger.runs(kind="pipeline") if pipeline in (None, run.tags.get(PIPELINE)))
    return [run for _, run in zip(range(limit if limit is not None else 1 << 30), found, strict=False)]


def pipeline_state(ledger: Ledger, run: Run) -> PipelineState:
    """Return how a pipeline run stands."""
    attempts: dict[str, list[Run]] = {}
    for child in ledger.children(run.id):
        if child.kind == "notebook" and child.name:
            attempts.setdefault(child.name, []).append(child)
    plan = plan_of(ledger, run.id) or {}
    planned: list[Mapping[str, Any]] = plan.get("steps") or [{"name": name, "before": []} for name in attempts]
    found: dict[str, StepState] = {}
    for step in planned:
        name = step["name"]
        own = attempts.get(name, [])
        found[name] = _ran(ledger, own) if own else _did_not_run(name, step["before"], found, run)
    return PipelineState(run, tuple(found.values()))


def _ran(ledger: Ledger, attempts: list[Run]) -> StepState:
    last = attempts[-1]
    status, detail, duration = last.status, "", last.duration
    if last.status == "running":
        duration = time.time() - last.started_at
        detail = f"{many(len(ledger.children(last.id)), 'cell')} so far"
    elif BROKEN in last.tags:
        status, detail = "failed", last.tags[BROKEN]
    elif CACHED_TAG in last.tags:
        status, detail = "cached", f"as in run {origin(ledger, last).id[:8]}"
    elif last.error is not None:
        detail = clean(f"{last.error.type}: {last.error.message}".partition("\n")[0])[:200]
    if len(attempts) > 1:
        detail = f"attempt {len(attempts)}" + (f"; {detail}" if detail else "")
    return StepState(last.name or "", status, last.id, detail, duration, len(attempts))


def _did_not_run(name: str, before: list[str], found: Mapping[str, StepState], pipeline: Run) -> StepState:
    lost = [one for one in before if one in found and found[one].status in ("failed", "skipped", "cancelled")]
    if lost:
        return StepState(name, "skipped", None, f"{lost[0]} {_past(found[lost[0]].status)}")
    return StepState(name, "waiting" if pipeline.status == "running" else "not run")


def _past(status: str) -> str:
    return status if status == "failed" else f"was {status}"


__all__ = ["PipelineState", "StepState", "pipeline_runs", "pipeline_state"]
