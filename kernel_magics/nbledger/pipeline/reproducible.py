"""The gate `reproducible`: the candidate's slice, run again in a clean kernel, gives the same."""

from __future__ import annotations

from typing import Literal

from nbledger.records import GateResult, Run
from nbledger.registry.best import metric_name
from nbledger.registry.gates import BadGate, GateContext
from nbledger.registry.gates.context import inside

NAME = "reproducible"


def reproducible(context: GateContext, metric: str | None = None, tolerance: float = 1e-9) -> GateResult:
    """Pass when a reproduction of the run (or of the metric alone) is identical or equivalent within `tolerance`.

    Where another notebook fitted the model, what made it there is run again as well. Each reproduction is recorded as a
    run of its own, as every one is, also in a dry run.
    """
    if not isinstance(tolerance, int | float) or not tolerance >= 0:
        raise BadGate(gate=NAME, detail=f"tolerance is a number that is not negative, and not {tolerance!r}")
    ledger = context.ledger
    target, judged = f"run:{context.run.id}", context.run
    if metric is not None:
        name = metric_name(metric)
        run = context.run_with(name)
        if run is None:
            raise BadGate(gate=NAME, detail=f"run {context.run.id[:8]} has no metric {name!r}")
        target, judged = f"metric:{run.id}.{name}", run
    maker = ledger.run(context.maker)
    targets = [target] if maker.session in _sessions(context, judged) else [f"run:{maker.id}", target]
    said: list[str] = []
    for one in targets:
        status, detail = _again(context, one, float(tolerance))
        if status != "passed":
            return GateResult(NAME, status, detail)
        said.append(detail)
    return GateResult(NAME, "passed", "; ".join(said))


def _again(context: GateContext, target: str, tolerance: float) -> tuple[Literal["passed", "failed"], str]:
    from nbledger.pipeline.reproduce import reproduce

    found = reproduce(context.ledger, target, tolerance=tolerance, progress=False)
    if found.failure is not None:
        return "failed", f"{found.target}: failed at {found.failure}"
    if found.first is not None:
        return "failed", f"{found.target}: different: {found.first}"
    detail = f"{found.verdict}: {found.compared} values compared in a clean kernel, run {found.run[:8]}"
    return ("passed" if found.exit_code == 0 else "failed"), detail


def _sessions(context: GateContext, run: Run) -> set[str]:
    """Return the sessions whose cells a reproduction of a run goes through."""
    return {one.session for one in (run, *inside(context.ledger, run)) if one.kind in ("cell", "script")}
