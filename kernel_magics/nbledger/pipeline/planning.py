"""What running a pipeline would do now: which steps would run and why, and which results would be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbledger.pipeline.execute import read_notebook
from nbledger.pipeline.graph import Dag, dag
from nbledger.pipeline.spec import Pipeline, Step
from nbledger.pipeline.step_params import step_params

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What would become of a step: `run`, `cached`, or `perhaps` where that hangs on what the steps before it write."""

    name: str
    what: Literal["run", "cached", "perhaps"]
    reasons: tuple[str, ...]
    before: tuple[str, ...] = ()
    params: Mapping[str, Any] | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they would run."""

    steps: tuple[PlannedStep, ...]
    dag: Dag
    notes: tuple[str, ...] = ()


def plan(
    pipeline: Pipeline,
    ledger: Ledger | None,
    *,
    params: Mapping[str, Any] | None = None,
    cache: bool = True,
    only: Iterable[str] | None = None,
) -> Plan:
    """Return what running a pipeline would do. Raises what is wrong with it, its params or its order."""
    given = step_params(pipeline, params)
    order = dag(pipeline, ledger, given)
    chosen = order.all_before([pipeline.step(name).name for name in only]) if only else set(order.steps)
    found: dict[str, PlannedStep] = {}
    files: dict[str, str] = {}
    for name in order.steps:
        if name in chosen:
            found[name] = _planned(
                pipeline.step(name), order, found, ledger if cache else None, given[name], cache, files
            )
    return Plan(tuple(found.values()), order, order.notes)


def _planned(
    step: Step,
    order: Dag,
    found: Mapping[str, PlannedStep],
    ledger: Ledger | None,
    params: Mapping[str, Any],
    cache: bool,
    files: dict[str, str],
) -> PlannedStep:
    """Return what would become of a step; the files that taking its results puts back are added to `files`."""
    before = order.before(step.name)
    if not cache or not step.cache:
        return PlannedStep(step.name, "run", ("nothing is to be taken from earlier runs",), before, params)
    if ledger is None:
        return PlannedStep(step.name, "run", ("never run in a ledger",), before, params)
    from nbledger.pipeline.caching import Hit, lookup

    notebook, nb = step.notebook, read_notebook(step.notebook)
    answer = lookup(ledger, nb, notebook, params, step.kernel, notebook.parent, files=files)
    if not isinstance(answer, Hit):
        return PlannedStep(step.name, "run", tuple(answer.reasons), before, params)
    files.update((write.name, write.version) for write in answer.record.writes if write.object)
    again = [one for one in before if one in found and found[one].what != "cached"]
    if again:
        reasons = tuple(f"if {one} gives other files" for one in again)
        return PlannedStep(step.name, "perhaps", reasons, before, params, answer.run)
    return PlannedStep(
        step.name, "cached", (f"nothing changed since run {str(answer.run)[:8]}",), before, params, answer.run
    )


__all__ = ["Plan", "PlannedStep", "plan"]
