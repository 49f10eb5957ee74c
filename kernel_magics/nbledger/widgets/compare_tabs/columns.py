"""Which columns of the runs can stand on an axis, and which ones tell most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbledger.widgets.compare_tabs.options import Choice, Option, named, one_of
from nbledger.widgets.table_page import facts

if TYPE_CHECKING:
    from nbledger.records import Run
    from nbledger.widgets.compare_model import CompareModel

MOST_AXES = 8
_ATTRIBUTES = ("attributes.duration", "attributes.started_at", "attributes.status", "attributes.experiment")


def metrics(model: CompareModel) -> list[str]:
    """Return the metrics as columns: what the table is sorted by, what judges most of its runs, then the commonest."""
    found = [column.name for column in model.available() if column.entity == "metrics"]
    runs = model.runs()
    judging = Counter(f"metrics.{name}" for run in runs for name, on in facts(model, run).judged_on.items() if on)
    found.sort(key=lambda name: 2 * judging[name] < len(runs) or not judging[name])
    now = model.sorted_by
    if now is not None and now[0] in found:
        found.remove(now[0])
        found.insert(0, now[0])
    return found


def params(model: CompareModel) -> list[str]:
    """Return the params as columns: those of the table first, then all others that differ."""
    differing = [column.name for column in model.available() if column.entity == "params" and column.differs]
    shown = [column.name for column in model.columns() if column.entity == "params" and column.differs]
    return list(dict.fromkeys([*shown, *differing]))


def telling(model: CompareModel, among: str | None = None) -> list[str]:
    """Return the params that tell runs apart, few enough for an axis each; only runs with a value in `among` count."""
    shown = [column.name for column in model.columns() if column.entity == "params" and column.differs]
    key = ("axes", model.state.filter, among, *shown)
    if key not in model.cache:
        model.cache[key] = _telling(model, shown or params(model), among)
    found: list[str] = model.cache[key]
    return list(found)


def _telling(model: CompareModel, found: list[str], among: str | None) -> list[str]:
    table = model.frame().frame
    if among is not None and among in table:
        runs = table[table[among].notna()]
        found = [name for name in found if name in runs and runs[name].map(repr).nunique() > 1]
    return found[:MOST_AXES]


def axes(model: CompareModel) -> tuple[Choice, ...]:
    """Return all that can stand on an axis: metrics, params, and what else is known of a run."""
    return named([*metrics(model), *params(model), *_ATTRIBUTES])


def metric_option(model: CompareModel, label: str = "Metric") -> Option:
    """Return the choice of a metric."""
    return one_of("metric", label, named(metrics(model)))


def called(run: Run) -> str:
    """Return what charts call a run."""
    from nbledger.figures.report_tables import called as shown

    return shown(run)


def run_choices(runs: Sequence[Run]) -> tuple[Choice, ...]:
    """Return runs as choices."""
    return tuple((called(run), run.id) for run in runs)


__all__ = ["axes", "called", "metric_option", "metrics", "params", "run_choices", "telling"]
