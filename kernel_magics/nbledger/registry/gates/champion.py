"""The gate `better-than-champion`: a gain over the version that holds the alias, judged on the same rows.

Both runs' stored predictions are compared in pairs (`lineage/paired.py`): McNemar's exact test for accuracy, a paired
bootstrap for the other metrics. A difference counts where its two-sided p-value is at most 1 - confidence.
"""

from __future__ import annotations

from nbledger.lineage.honest import Comparison, compare
from nbledger.records import GateResult, Run
from nbledger.registry.best import is_minimized, metric_name
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.spec import BadGate

NAME = "better-than-champion"


def better_than_champion(
    context: GateContext, metric: str, confidence: float = 0.95, minimize: bool | None = None
) -> GateResult:
    """Pass when the candidate is better by a metric than the alias's holder, or when nothing holds it yet."""
    if not isinstance(confidence, int | float) or not 0.5 < confidence < 1:
        raise BadGate(
            gate=NAME, detail=f"confidence is a number between 0.5 and 1, such as 0.95, and not {confidence!r}"
        )
    champion = context.champion
    if champion is None:
        return GateResult(NAME, "passed", f"no version holds @{context.alias} yet, so that there is nothing to compare")
    if champion.version == context.version:
        return GateResult(NAME, "passed", f"it is the very model that holds @{context.alias}")
    name = metric_name(metric)
    holder = f"@{context.alias} (version {champion.number})"
    candidate = context.run_with(name)
    if candidate is None:
        return GateResult(
            NAME, "error", f"run {context.run.id[:8]} has no metric {name!r}: record it for the candidate"
        )
    others = context.judged_champion(name)
    if not others:
        return GateResult(NAME, "error", f"no run judged {holder} by {name!r}: judge it on this test set, then promote")
    found = _compared(context, others, candidate, name)
    if found.delta is None or found.low is None or found.p_value is None:
        said = f"the gain over {holder} cannot be told: {found.reason}"
        return GateResult(NAME, "error", f"{said}; judge it on this test set in a tracked cell, then promote")
    less = is_minimized(name) if minimize is None else minimize
    better = (found.delta < 0) if less else (found.delta > 0)
    sure = found.p_value <= 1 - confidence + 1e-12
    detail = (
        f"{name} {found.a:.6g} -> {found.b:.6g}, {found.delta:+.4g} [{found.low:+.4g}, {found.high:+.4g}] on {found.n} "
        f"rows, p = {found.p_value:.3g} ({found.method}); wanted better than {holder} at {confidence:g}"
    )
    return GateResult(NAME, "passed" if better and sure else "failed", detail, found.delta, 1 - confidence)


def _compared(context: GateContext, others: tuple[Run, ...], candidate: Run, metric: str) -> Comparison:
    """Compare with the newest judgement of the champion on the same rows, or say why none is."""
    first = None
    for other in others:
        found = compare(context.ledger, other.id, candidate.id, metric)
        if found.low is not None:
            return found
        first = found if first is None or (found.same_rows and not first.same_rows) else first
    assert first is not None, "there is a run to compare with"
    return first
