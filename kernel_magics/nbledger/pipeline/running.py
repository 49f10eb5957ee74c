"""A pipeline from start to end: `run_pipeline`, which `nbledger pipeline run` and CI call.

Steps without a path between them run side by side, each in a kernel of its own. A step that fails stops what depends
on it and nothing else. Where the pipeline says so the best of its runs is promoted at the end, if the gates let it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbledger.errors import NBLedgerError
from nbledger.pipeline.graph import Dag, dag
from nbledger.pipeline.pipeline_record import PIPELINE, PipelineRecord, alone, identity
from nbledger.pipeline.promoting import Promoted, promote_best
from nbledger.pipeline.resuming import finished_steps
from nbledger.pipeline.spec import Pipeline, load_pipeline
from nbledger.pipeline.step_params import step_params
from nbledger.pipeline.step_running import StepEvent, StepRun, Task, run_step
from nbledger.records import RunError

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run

LATEST = "latest"
PipelineStatus = Literal["finished", "failed", "refused", "cancelled"]
OnStep = Callable[[StepEvent], None]


class NothingToResume(NBLedgerError):
    """The run to resume is none of this pipeline's. Fields: pipeline, why."""

    template = "{pipeline} cannot be resumed: {why}"


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """How a pipeline went. `refused` means that all steps finished and a gate did not let the winner through.

    `duration` is in seconds; `promoted` tells what became of the winner, `notes` what a reader should know.
    """

    id: str
    name: str
    status: PipelineStatus
    steps: tuple[StepRun, ...]
    duration: float
    promoted: Promoted | None = None
    notes: tuple[str, ...] = ()

    def step(self, name: str) -> StepRun:
        """Return how a step went, by its name."""
        return next(step for step in self.steps if step.name == name)


def run_pipeline(
    pipeline: Pipeline | str | Path,
    *,
    ledger: Ledger | None = None,
    params: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    cache: bool = True,
    fresh: bool | None = None,
    resume: str | None = None,
    only: Iterable[str] | None = None,
    upstream: bool = True,
    promote: bool = True,
    on_event: OnStep | None = None,
) -> PipelineRun:
    """Run a pipeline's steps, record it as a run with the steps as children, and return how it went.

    `params` are by `name` or `step.name`; `jobs` steps run at once, by default as many as this machine has cores.
    `cache` takes what did not change from earlier runs. `resume` (a pipeline run's id, or `latest`) takes the steps
    that finished there and still hold, whatever `cache` says. `only` runs these steps and those they need (without
    `upstream` just these: a scheduler ran the others); then, and without `promote`, nothing is promoted. Before
    anything runs it raises what is wrong with the pipeline, the params or the ledger; how steps went is in what it
    returns. An interrupt stops all steps, is recorded, and raised again.
    """
    from nbledger.ledger import Ledger, find_root

    found = pipeline if isinstance(pipeline, Pipeline) else load_pipeline(pipeline)
    given = step_params(found, params)
    for name in only or ():
        found.step(name)
    opened = ledger if ledger is not None else Ledger.open(find_root(found.folder))
    tell = _in_turn(on_event)
    try:
        dag(found, opened, given)  # what is circular is told before one waits
        earlier = _earlier(found, opened, resume)
        waiting = StepEvent("", "waiting", "another run of this pipeline is under way")
        with alone(found, opened, lambda: tell(waiting), shared=bool(only)):
            conductor = _Conductor(found, opened, given, tell)
            conductor.options(cache=cache, fresh=fresh, jobs=jobs, only=only, upstream=upstream, promote=promote)
            return conductor.run(earlier)
    finally:
        if ledger is None:
            opened.close()


def _in_turn(on_event: OnStep | None) -> OnStep:
    """Return a function that hands events on one at a time, as they come from several threads."""
    lock = threading.Lock()

    def tell(event: StepEvent) -> None:
        if on_event is not None:
            with lock:
                on_event(event)

    return tell


def _earlier(pipeline: Pipeline, ledger: Ledger, resume: str | None) -> Run | None:
    if resume is None:
        return None
    name = identity(pipeline, ledger)
    if resume != LATEST:
        run = ledger.run(resume)
        if run.tags.get(PIPELINE) != name:
            raise NothingToResume(pipeline=pipeline.name, why=f"run {run.id[:8]} is no run of it")
        return run
    found = next((run for run in ledger.runs(kind="pipeline") if run.tags.get(PIPELINE) == name), None)
    if found is None:
        raise NothingToResume(pipeline=pipeline.name, why="it was never run in this ledger")
    return found


class _Conductor:
    """Starts each step when what it waits for has ended, and writes down how all went."""

    def __init__(
        self, pipeline: Pipeline, ledger: Ledger, params: Mapping[str, Mapping[str, Any]], tell: OnStep
    ) -> None:
        self.pipeline = pipeline
        self.ledger = ledger
        self.params = params
        self.tell = tell
        self.dag: Dag = dag(pipeline, ledger, params)
        self.chosen = set(self.dag.steps)
        self.cancel = threading.Event()
        self.done: dict[str, StepRun] = {}
        self.notes = list(self.dag.notes)

    def options(
        self,
        *,
        cache: bool,
        fresh: bool | None,
        jobs: int | None,
        only: Iterable[str] | None,
        upstream: bool,
        promote: bool,
    ) -> None:
        """Set what was asked for."""
        if only:
            self.chosen = self.dag.all_before(only) if upstream else set(only)
        self.cache = cache
        self.fresh = fresh
        self.jobs = max(1, jobs or _cores())
        self.promotes = promote and self.pipeline.promote is not None and not only

    def run(self, earlier: Run | None) -> PipelineRun:
        self.record = PipelineRecord(self.ledger, self.notes.append)
        self.earlier = finished_steps(self.ledger, earlier.id) if earlier is not None else {}
        try:
            self.record.begin(self.pipeline, self.dag, self.params, earlier.id if earlier else None)
            try:
                self._steps()
                return self._end()
            except BaseException as error:
                status = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
                self.record.end(status, RunError(type(error).__name__, str(error)))
                raise
        finally:
            self.record.close()

    def _steps(self) -> None:
        waiting = [step for step in self.dag.steps if step in self.chosen]
        going: dict[Future[StepRun], str] = {}
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="step") as pool:
            try:
                while waiting or going:
                    for step in self._ready(waiting):
                        waiting.remove(step)
                        if step not in self.done:
                            going[pool.submit(self._one, step)] = step
                    ended, _ = wait(going, return_when=FIRST_COMPLETED)
                    for future in ended:
                        self._note(going.pop(future), future.result())
            except BaseException:
                self.cancel.set()
                raise

    def _ready(self, waiting: list[str]) -> list[str]:
        """Return the steps that can start now; those that cannot any more are noted as skipped, and returned too."""
        found = []
        for step in waiting:
            before = [one for one in self.dag.before(step) if one in self.chosen]
            lost = next((one for one in before if one in self.done and not self.done[one].ok), None)
            if lost is not None:
                self._note(step, StepRun(step, "skipped", None, f"{lost} {_past(self.done[lost].status)}"))
            if lost is not None or all(one in self.done for one in before):
                found.append(step)
        return found

    def _one(self, name: str) -> StepRun:
        self.tell(StepEvent(name, "running"))
        step = self.pipeline.step(name)
        above = self.dag.all_before([name]) - {name}
        same = all(one in self.done and self.done[one].status == "cached" for one in above)
        task = Task(
            step=step,
            params=self.params[name],
            ledger=self.ledger,
            folder=self.pipeline.folder,
            parent=self.record.run,
            session=self.record.session.id,
            cache=self.cache,
            fresh=self.fresh,
            earlier=self.earlier.get(name) if same else None,
        )
        return run_step(task, self.cancel, self.tell)

    def _note(self, name: str, step: StepRun) -> None:
        self.done[name] = step
        self.tell(StepEvent(name, step.status, step.reason, step.run))

    def _end(self) -> PipelineRun:
        steps = tuple(self.done[step] for step in self.dag.steps if step in self.done)
        failed = [step for step in steps if step.status == "failed"]
        status: PipelineStatus = "failed" if failed else "finished"
        error = RunError("StepFailed", "; ".join(f"{step.name}: {step.reason}" for step in failed)) if failed else None
        promoted = None
        if self.promotes and not failed and self.pipeline.promote is not None:
            promoted = promote_best(self.ledger, self.pipeline, self.pipeline.promote, [step.run for step in steps])
            status = promoted.status
            if promoted.problem:
                error = RunError("PromotionRefused" if status == "refused" else "NotPromoted", promoted.problem)
        self.notes += _missed(self.pipeline, self.ledger, self.params, self.dag, self.done)
        ended = "finished" if status == "finished" else "failed"
        duration = self.record.end(ended, error, tuple(self.notes))
        return PipelineRun(self.record.run, self.pipeline.name, status, steps, duration, promoted, tuple(self.notes))


def _missed(
    pipeline: Pipeline,
    ledger: Ledger,
    params: Mapping[str, Mapping[str, Any]],
    before: Dag,
    done: Mapping[str, StepRun],
) -> list[str]:
    """Return what was seen too late: a step read a file that another one wrote, and nobody knew of it before."""
    try:
        now = dag(pipeline, ledger, params)
    except NBLedgerError as error:
        return [f"What the steps were seen to read and write cannot be put in order: {error}"]
    return [
        f"{edge.after} reads {edge.what}, which {edge.before} writes; that was not known before it ran: run the "
        "pipeline again."
        for edge in now.edges
        if edge.reason == "file"
        and edge.after in done
        and edge.before not in before.all_before([edge.after])
        and done[edge.after].status == "finished"
    ]


def _past(status: str) -> str:
    return "was cancelled" if status == "cancelled" else "was skipped" if status == "skipped" else status


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


__all__ = ["LATEST", "NothingToResume", "OnStep", "PipelineRun", "PipelineStatus", "run_pipeline"]
