"""One check of a pipeline by a build server: what ran, how the candidate stands to the champion, what the gates say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbledger.errors import NBLedgerError
from nbledger.pipeline.ci.base import BaseDiff, diff_with_base
from nbledger.pipeline.promoting import NoCandidate, best_of
from nbledger.pipeline.running import OnStep, PipelineRun, run_pipeline
from nbledger.pipeline.spec import Pipeline
from nbledger.records import GateResult, ModelVersion, Run
from nbledger.registry.gates import titles

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.registry.gates import GateContext

CiStatus = Literal["passed", "failed", "refused"]
#: 0 all is well; 3 a gate did not pass; 4 a step failed, or there is nothing to judge.
EXIT_CODES: Mapping[CiStatus, int] = {"passed": 0, "refused": 3, "failed": 4}
_MOST_METRICS = 20


@dataclass(frozen=True, slots=True)
class Gain:
    """A metric of the candidate beside the champion's. `low` and `high` bound the gain with 95 % confidence.

    `better` is `None` where the two cannot be compared, and `reason` then says why; `sure` says whether the interval
    leaves out zero.
    """

    metric: str
    candidate: float
    champion: float | None = None
    low: float | None = None
    high: float | None = None
    better: bool | None = None
    sure: bool = False
    reason: str = ""

    @property
    def delta(self) -> float | None:
        """The candidate's value less the champion's."""
        return None if self.champion is None else self.candidate - self.champion


@dataclass(frozen=True, slots=True)
class CiReport:
    """What a check found. `candidate` is the run that the gates judged; `version` what it became where it was promoted.

    `problem` says in a line what kept it from passing, empty where nothing did.
    """

    pipeline: str
    run: PipelineRun
    ledger: Path
    candidate: Run | None = None
    model: str = ""
    alias: str = ""
    champion: ModelVersion | None = None
    gains: tuple[Gain, ...] = ()
    gates: tuple[GateResult, ...] = ()
    version: int | None = None
    base: BaseDiff | None = None
    problem: str = ""

    @property
    def status(self) -> CiStatus:
        """`passed`, `refused` by a gate, or `failed`: a step, or there is nothing that could be judged."""
        if not all(gate.ok for gate in self.gates):
            return "refused"
        return "failed" if self.problem else "passed"

    @property
    def exit_code(self) -> int:
        """The process's exit code."""
        return EXIT_CODES[self.status]


def run_ci(
    pipeline: Pipeline,
    ledger: Ledger,
    *,
    params: Mapping[str, Any] | None = None,
    promote: bool = False,
    base: Path | None = None,
    cache: bool = True,
    jobs: int | None = None,
    on_event: OnStep | None = None,
) -> CiReport:
    """Run a pipeline, judge its best run, and promote it only where `promote` says so and every gate passes.

    `base` is another ledger (a project, a `.nbledger` folder or a bundle): the base branch's. Raises what is wrong
    with the pipeline, the params or the base before anything runs; what went wrong later is in the report.
    """
    compare = diff_with_base(pipeline, base)
    with compare:
        done = run_pipeline(
            pipeline, ledger=ledger, params=params, cache=cache, jobs=jobs, promote=False, on_event=on_event
        )
        diff = compare.with_run(ledger, done.id)
    found: dict[str, Any] = {"pipeline": pipeline.name, "run": done, "ledger": ledger.folder, "base": diff}
    failed = [step for step in done.steps if not step.ok]
    if failed:
        return CiReport(**found, problem="; ".join(f"{step.name} {step.status}" for step in failed))
    if pipeline.promote is None:
        return CiReport(**found)
    try:
        best = best_of(ledger, pipeline.promote, [step.run for step in done.steps])
    except (NoCandidate, NBLedgerError) as error:
        return CiReport(**found, model=pipeline.promote.model, alias=pipeline.promote.alias, problem=str(error))
    return CiReport(**found, **_judged(ledger, pipeline, best, promote=promote))


def _judged(ledger: Ledger, pipeline: Pipeline, best: Run, *, promote: bool) -> dict[str, Any]:
    """Return what the candidate's part of the report holds."""
    from nbledger import registry
    from nbledger.registry.candidate import candidate
    from nbledger.registry.gates import judge_in

    wanted = pipeline.promote
    assert wanted is not None
    found: dict[str, Any] = {"candidate": best, "model": wanted.model, "alias": wanted.alias}
    try:
        context = candidate(ledger, wanted.model, best, alias=wanted.alias, which=wanted.which)
        found |= {"champion": context.champion, "gains": gains(context)}
        if promote:
            done = registry.promote(
                ledger,
                wanted.model,
                best,
                alias=wanted.alias,
                which=wanted.which,
                gates=pipeline.gates,
                reason=f"pipeline {pipeline.name}: best by {wanted.best}",
            )
            found |= {"gates": done.gates, "version": done.version.number}
        else:
            found["gates"] = judge_in(context, pipeline.gates)
    except registry.PromotionRefused as error:
        found["gates"] = tuple(error.results)
    except NBLedgerError as error:
        found["problem"] = str(error)
    gates = found.get("gates", ())
    lost = [title for title, gate in zip(titles(gates), gates, strict=True) if not gate.ok]
    return {**found, "problem": f"did not pass: {', '.join(lost)}"} if lost else found


def gains(context: GateContext) -> tuple[Gain, ...]:
    """Return the candidate's metrics, each beside the champion's where both were judged on the same rows."""
    seen: dict[str, Run] = {}
    for run in context.runs:
        for name in run.metrics:
            seen.setdefault(name, run)
    return tuple(_gain(context, name, run) for name, run in list(seen.items())[:_MOST_METRICS])


def _gain(context: GateContext, name: str, run: Run) -> Gain:
    from nbledger.lineage.honest import compare
    from nbledger.registry import is_minimized

    value = run.metrics[name]
    if context.champion is None:
        return Gain(name, value, reason=f"nothing holds @{context.alias} yet")
    others = context.judged_champion(name)
    if not others:
        return Gain(name, value, reason="the champion was not judged by it")
    best = None
    for other in others:
        try:
            found = compare(context.ledger, other.id, run.id, name)
        except NBLedgerError:
            continue
        best = found if best is None or (found.same_rows and not best.same_rows) else best
    before = others[0].metrics[name]
    if best is None or not best.same_rows or best.delta is None:
        return Gain(name, value, before, reason=best.reason if best else "what it was computed on is not recorded")
    better = None if best.delta == 0 else (best.delta < 0) == is_minimized(name)
    return Gain(name, value, best.a, best.low, best.high, better, best.sure, best.reason)
