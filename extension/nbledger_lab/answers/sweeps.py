"""Sweeps and pipelines, as they stand: those that have ended, and those that other processes run now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbledger_lab.plain import clean, left_out, optional, page, scalar, scalars
from nbledger_lab.routes import OFFSET, PATH, RUN_ID, Ask, Table, limit

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.pipeline_state import PipelineState, StepState
    from nbledger.pipeline.sweep.reading import SweepRun, TrialRun
    from nbledger.records import Run

TABLE = Table()
MOST_TRIALS, MOST_STEPS = 5_000, 500
PAGE = {"path": PATH, "offset": OFFSET, "limit": limit(50, 10)}


@TABLE.get("sweeps", "Sweeps, the latest first", "SweepPage", query=PAGE, slow=True)
def sweeps(ask: Ask) -> Any:
    """Return one page of sweeps (`IPage<ISweepRow>`)."""
    found = ask.ledger.runs(kind="sweep", limit=ask.query["limit"], offset=ask.query["offset"])
    return page([_sweep(ask.ledger, run) for run in found], ask.ledger.count(kind="sweep"), ask.query["offset"])


@TABLE.get("sweeps/{run}", "One sweep with its trials", "Sweep", names={"run": RUN_ID}, query={"path": PATH},
           slow=True)  # fmt: skip
def sweep(ask: Ask) -> Any:
    """Return a sweep with its trials (`ISweep`). Raises `NotFound`."""
    from nbledger.pipeline.sweep import read_sweep

    run = ask.ledger.run(ask.names["run"])
    found = read_sweep(ask.ledger, run.id)
    return _summary(run, found) | {
        "trials": [_trial(one) for one in found.trials[:MOST_TRIALS]],
        "truncated": left_out(("trials", len(found.trials), MOST_TRIALS)),
    }


@TABLE.get("pipelines", "Pipeline runs, the latest first", "PipelinePage", query=PAGE, slow=True)
def pipelines(ask: Ask) -> Any:
    """Return one page of pipeline runs (`IPage<IPipelineRow>`)."""
    from nbledger.pipeline.pipeline_state import pipeline_state

    found = ask.ledger.runs(kind="pipeline", limit=ask.query["limit"], offset=ask.query["offset"])
    items = [_pipeline(pipeline_state(ask.ledger, run)) for run in found]
    return page(items, ask.ledger.count(kind="pipeline"), ask.query["offset"])


@TABLE.get("pipelines/{run}", "One pipeline run with its steps", "PipelineRun", names={"run": RUN_ID},
           query={"path": PATH}, slow=True)  # fmt: skip
def pipeline(ask: Ask) -> Any:
    """Return a pipeline run with its steps (`IPipelineRun`). Raises `NotFound`."""
    from nbledger.ledger.errors import NotFound
    from nbledger.pipeline.pipeline_record import plan_of
    from nbledger.pipeline.pipeline_state import pipeline_state

    run = ask.ledger.run(ask.names["run"])
    if run.kind != "pipeline":
        raise NotFound(what="pipeline run", ref=run.id[:8], remedy="`nbledger runs --kind pipeline` lists them")
    plan = plan_of(ask.ledger, run.id) or {}
    planned = {step["name"]: step for step in plan.get("steps") or ()}
    state = pipeline_state(ask.ledger, run)
    steps = [_step(one, planned.get(one.name, {})) for one in state.steps[:MOST_STEPS]]
    return _pipeline(state) | {"steps": steps, "truncated": left_out(("steps", len(state.steps), MOST_STEPS))}


def _sweep(ledger: Ledger, run: Run) -> dict[str, Any]:
    from nbledger.ledger.errors import NotFound
    from nbledger.pipeline.sweep import read_sweep

    try:
        return _summary(run, read_sweep(ledger, run.id))
    except NotFound:  # a search in a cell: its trials are runs and nothing else was planned
        return _summary(run, None)


def _summary(run: Run, found: SweepRun | None) -> dict[str, Any]:
    best = None if found is None else found.best
    return {
        "id": run.id,
        "name": clean(run.name or ""),
        "notebook": clean((found.notebook if found else run.notebook) or ""),
        "status": found.status if found else run.status,
        "strategy": clean(found.strategy) if found else "",
        "metric": optional(found.metric) if found else None,
        "minimize": bool(found and found.minimize),
        "started_at": run.started_at,
        "duration": run.duration,
        "total": found.total if found else 0,
        "counts": found.counts if found else {},
        "best": None if best is None else _trial(best),
    }


def _trial(one: TrialRun) -> dict[str, Any]:
    return {
        "number": one.number,
        "run": one.id,
        "status": one.status,
        "params": scalars(one.params),
        "value": scalar(one.value),
        "metrics": scalars(one.metrics),
        "duration": one.duration,
        "reason": clean(one.reason),
        "attempts": one.attempts,
        "worker": clean(one.worker),
    }


def _pipeline(state: PipelineState) -> dict[str, Any]:
    run = state.run
    counts: dict[str, int] = {}
    for step in state.steps:
        counts[step.status] = counts.get(step.status, 0) + 1
    error = "" if run.error is None else f"{run.error.type}: {run.error.message}"
    return {
        "id": run.id,
        "name": clean(run.name or ""),
        "status": state.status,
        "started_at": run.started_at,
        "duration": run.duration,
        "counts": counts,
        "error": clean(error)[:2_000],
    }


def _step(one: StepState, planned: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": clean(one.name),
        "notebook": clean(str(planned.get("notebook") or "")),
        "before": [clean(name) for name in planned.get("before", ())],
        "status": one.status,
        "run": one.run,
        "detail": clean(one.detail),
        "duration": one.duration,
        "attempts": one.attempts,
    }
