"""One step of a pipeline: its notebook run as often as it may be, then its outputs and data checks looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger
from nbledger.pipeline.outcomes import CellEvent, NotebookFailed, NotebookRun
from nbledger.pipeline.pipeline_record import ATTEMPT, BROKEN, CHECKS, STEP
from nbledger.pipeline.resuming import take, what_changed
from nbledger.pipeline.spec import Step
from nbledger.records import Artifact, Facts, Run, Tag
from nbledger.tables import clean, cut

_LONGEST_REASON = 400
StepStatus = Literal["finished", "cached", "failed", "skipped", "cancelled"]


@dataclass(frozen=True, slots=True)
class StepRun:
    """How a step went. `run` is its notebook run's id, `duration` in seconds over all attempts."""

    name: str
    status: StepStatus
    run: str | None = None
    reason: str = ""
    duration: float = 0.0
    attempts: int = 0
    findings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether what depends on the step can run."""
        return self.status in ("finished", "cached")


@dataclass(frozen=True, slots=True)
class StepEvent:
    """A step's state changed: `waiting`, `running` (with the cell it is at), `retrying`, or a `StepStatus`.

    `position` of `total` is the cell that runs, `text` what a reader should know.
    """

    step: str
    state: str
    text: str = ""
    run: str | None = None
    position: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A step with all that running it needs. `session` is the pipeline's, `earlier` its run that may be taken."""

    step: Step
    params: Mapping[str, Any]
    ledger: Ledger
    folder: Path
    parent: str
    session: str
    cache: bool
    fresh: bool | None
    earlier: Run | None = None


def run_step(task: Task, cancel: threading.Event, on_event: Callable[[StepEvent], None]) -> StepRun:
    """Run a step and return how it went; whatever goes wrong in it is told there, nothing is raised."""
    began = time.perf_counter()
    found = _taken(task)
    attempts = 1 if found is None else 0
    while found is None:
        if cancel.is_set():
            return _cancelled(task)
        found = _attempt(task, attempts, cancel, on_event)
        again = found.status == "failed" and attempts <= task.step.retries
        if again:
            delay = task.step.retry_delay
            when = f" in {delay:g} s" if delay else ""
            on_event(StepEvent(task.step.name, "retrying", f"{found.reason}; attempt {attempts + 1}{when}", found.run))
            attempts += 1
            found = _cancelled(task) if cancel.wait(delay) else None
    return replace(found, duration=time.perf_counter() - began, attempts=attempts)


def _taken(task: Task) -> StepRun | None:
    """Return the step as taken from the run that is resumed, or `None` where that no longer holds."""
    if task.earlier is None:
        return None
    try:
        if what_changed(task.ledger, task.earlier, task.step, task.params) is not None:
            return None
        run = take(task.ledger, task.session, task.parent, task.step, task.earlier, task.params)
    except (NBLedgerError, OSError):
        return None  # it runs again, which is always right
    return _looked_at(task, StepRun(task.step.name, "cached", run, f"as in run {task.earlier.id[:8]}"))


def _attempt(task: Task, attempt: int, cancel: threading.Event, on_event: Callable[[StepEvent], None]) -> StepRun:
    from nbledger.pipeline.execute import run_notebook

    step = task.step
    tags = {STEP: step.name, ATTEMPT: str(attempt)}

    begun: list[str] = []

    def tell(event: CellEvent) -> None:
        begun.append(event.run)
        if event.state == "running":
            on_event(StepEvent(step.name, "running", "", event.run, event.position, event.total))

    try:
        done = run_notebook(
            step.notebook,
            task.params,
            ledger=task.ledger,
            parent=task.parent,
            kernel=step.kernel,
            progress=False,
            timeout=step.timeout,
            cell_timeout=step.cell_timeout,
            fresh=task.fresh,
            cache=_cache(task, attempt),
            tags=tags,
            name=step.name,
            on_event=tell,
            cancel=cancel,
        )
    except NotebookFailed as error:
        run = error.run.id
        return _cancelled(task, run) if cancel.is_set() else StepRun(step.name, "failed", run, _told(error))
    except KeyboardInterrupt:
        return _cancelled(task, begun[-1] if begun else None)
    except NBLedgerError as error:
        return StepRun(step.name, "failed", None, clean(str(error)))
    except Exception as error:  # noqa: BLE001 - one step's trouble, whatever it is, is not the others'
        return StepRun(step.name, "failed", None, clean(f"{type(error).__name__}: {error}"))
    return _looked_at(task, _done(step, done))


def _cache(task: Task, attempt: int) -> bool | Literal["renew"]:
    """Take earlier results, or run anew and keep what the results rest on: a run that is resumed asks for that."""
    return True if task.cache and task.step.cache and attempt == 1 else "renew"


def _done(step: Step, done: NotebookRun) -> StepRun:
    if done.cached_from is not None:
        return StepRun(step.name, "cached", done.id, f"as in run {done.cached_from[:8]}", findings=done.findings)
    return StepRun(step.name, "finished", done.id, findings=done.findings)


def _cancelled(task: Task, run: str | None = None) -> StepRun:
    return StepRun(task.step.name, "cancelled", run, "interrupted")


def _told(error: NotebookFailed) -> str:
    """Return a failure on a line: the cell and its error."""
    return cut(clean(str(error).partition("\nThe executed notebook")[0]), _LONGEST_REASON)


def _looked_at(task: Task, done: StepRun) -> StepRun:
    """Return a step that ran, as failed where it did not write what it should or the data breaks its checks."""
    try:
        reason = _problem(task, done)
        if reason and done.run is not None:
            first = cut(clean(reason.partition("\n")[0]), _LONGEST_REASON)
            task.ledger.record(done.run, Facts(tags=(Tag(BROKEN, first),)))
    except (NBLedgerError, OSError) as error:
        reason = clean(f"its data could not be checked: {error}")
    return replace(done, status="failed", reason=reason) if reason else done


def _problem(task: Task, done: StepRun) -> str:
    missing = [name for name in task.step.outputs if not (task.folder / name).exists()]
    if missing:
        return f"it did not write {', '.join(missing)}"
    if not task.step.checks:
        return ""
    import json

    from nbledger.pipeline.checks import run_checks

    report = run_checks(task.step.checks, task.folder, ledger=task.ledger, run=done.run)
    if done.run is not None:
        data = json.dumps(report.to_dict(), indent=1, default=str).encode()
        stored, size = task.ledger.objects.put_bytes(data)
        artifact = Artifact("checks.json", stored, size, "application/json")
        tag = Tag(CHECKS, "passed" if report.passed else "failed")
        task.ledger.record(done.run, Facts(artifacts=(artifact,), tags=(tag,)))
    return "" if report.passed else f"{report.summary}\n{report.text()}"


__all__ = ["StepEvent", "StepRun", "StepStatus", "Task", "run_step"]
