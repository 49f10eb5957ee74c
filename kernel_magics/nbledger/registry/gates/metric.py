"""The gate `metric`: a metric of the candidate's run against a limit."""

from __future__ import annotations

import operator

from nbledger.records import GateResult
from nbledger.registry.best import metric_name
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.spec import COMPARISON, BadGate

_SIGNS = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}


def metric(context: GateContext, condition: str) -> GateResult:
    """Pass when the metric meets the condition, such as `accuracy >= 0.9`. Not-a-number meets none."""
    match = COMPARISON.fullmatch(str(condition).strip())
    limit = _number(match["limit"]) if match else None
    if match is None or limit is None:
        raise BadGate(gate="metric", detail=f"{condition!r} is no comparison such as `accuracy >= 0.9`")
    name = metric_name(match["metric"])
    run = context.run_with(name)
    if run is None:
        has = ", ".join(sorted({key for one in context.runs for key in one.metrics})) or "none"
        remedy = f"record it in the cell that judges the model; there are: {has}"
        return GateResult("metric", "error", f"run {context.run.id[:8]} has no metric {name!r}: {remedy}", limit=limit)
    value = run.metrics[name]
    held = _SIGNS[match["sign"]](value, limit)
    detail = f"{name} = {value:.6g}, wanted {match['sign']} {limit:g}"
    return GateResult("metric", "passed" if held else "failed", detail, value, limit)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
