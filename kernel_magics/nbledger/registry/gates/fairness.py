"""The gate `fairness`: a metric by groups of rows, and how far apart the groups may be."""

from __future__ import annotations

import math
from typing import Any

from nbledger.ledger.calls import read_calls
from nbledger.lineage.honest import judged
from nbledger.lineage.paired import score_of
from nbledger.lineage.snapshots import checkout
from nbledger.records import GateResult, Run
from nbledger.registry.best import metric_name
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.spec import BadGate

NAME = "fairness"


def fairness(
    context: GateContext,
    column: str,
    metric: str = "accuracy",
    max_gap: float = 0.1,
    data: str | None = None,
    least_rows: int = 10,
) -> GateResult:
    """Pass when a metric differs by at most `max_gap` between the groups that a column makes.

    The metric is computed for each group from the stored predictions. The column belongs to the stored evaluation data,
    or to the stored variable `data`: a table with that column, or the column itself, of the same rows. Groups of fewer
    than `least_rows` rows are named and left out; two groups at least must be left.
    """
    if not isinstance(max_gap, int | float) or not 0 <= max_gap < math.inf:
        raise BadGate(gate=NAME, detail=f"max_gap is a number that is not negative, and not {max_gap!r}")
    name = metric_name(metric)
    run = context.run_with(name)
    if run is None:
        return GateResult(
            NAME, "error", f"run {context.run.id[:8]} has no metric {name!r}: record it for the candidate"
        )
    found = judged(context.ledger, run.id, name)
    if found is None:
        return GateResult(NAME, "error", "predictions are not stored: judge the model in a tracked cell (%%track)")
    groups = _column(context, run, column, data)
    if len(groups) != len(found.y_true):
        rows = f"{len(groups)} rows and the predictions {len(found.y_true)}"
        return GateResult(NAME, "error", f"{column!r} has {rows}: name data of the evaluated rows by `data`")
    return _by_group(groups, found.y_true, found.y_pred, found.kind, column, float(max_gap), int(least_rows))


def _by_group(
    groups: Any, y_true: Any, y_pred: Any, kind: str, column: str, max_gap: float, least_rows: int
) -> GateResult:
    import numpy as np

    labels = np.asarray([str(value) for value in groups])
    scores: dict[str, float] = {}
    small: list[str] = []
    for label in sorted(set(labels.tolist())):
        mask = labels == label
        if mask.sum() < least_rows:
            small.append(label)
            continue
        score = score_of(y_true, y_pred, kind, mask)
        if score is None or math.isnan(score):
            return GateResult(NAME, "error", f"{kind} cannot be computed for {column} = {label} ({mask.sum()} rows)")
        scores[label] = score
    left_out = f"; left out as too small: {', '.join(small)}" if small else ""
    if len(scores) < 2:
        return GateResult(NAME, "error", f"{column} leaves {len(scores)} group(s) to compare{left_out}")
    gap = max(scores.values()) - min(scores.values())
    said = ", ".join(f"{label} {score:.4g}" for label, score in list(scores.items())[:6])
    detail = f"{kind} by {column}: {said}; gap {gap:.4g}, wanted {max_gap:g} at most{left_out}"
    return GateResult(NAME, "passed" if gap <= max_gap else "failed", detail, gap, max_gap)


def _column(context: GateContext, run: Run, column: str, data: str | None) -> Any:
    """Return the values of the group column of the evaluated rows. Raises `NotStored`, `NotFound` or `BadGate`."""
    name = data or _evaluated(context, run)
    found = checkout(context.ledger, run.id, name)
    if hasattr(found, "columns"):
        if column not in found.columns:
            columns = ", ".join(map(str, list(found.columns)[:8]))
            raise BadGate(gate=NAME, detail=f"{name} has no column {column!r} (it has {columns}): name another `data`")
        return list(found[column])
    if data is not None and hasattr(found, "__len__") and getattr(found, "ndim", 1) == 1:
        return list(found)
    raise BadGate(gate=NAME, detail=f"{name} has no columns: name by `data` a table or a column of the evaluated rows")


def _evaluated(context: GateContext, run: Run) -> str:
    """Return the name of the data that the model was judged on."""
    calls = read_calls(context.ledger.database, [run.id]).get(run.id, [])
    for call in reversed(calls):
        for value in call.values:
            if call.kind in ("predict", "score") and value.role == "X" and value.name:
                return value.name
    raise BadGate(gate=NAME, detail="the evaluated data has no name here: name it by `data`")
