"""The process that leads a sweep: it hands trials out, watches them, and alone writes what became of them.

It keeps nothing that the ledger does not have: killed at any moment, another leader goes on from the ledger. A trial
counts once, by the one attempt that ended otherwise than by losing its worker.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nbledger.capture.redaction.secrets import redact
from nbledger.errors import NBLedgerError
from nbledger.ledger import sweeps
from nbledger.pipeline.executors.task import Event, Executor, Task
from nbledger.pipeline.sweep.reading import STOPPED
from nbledger.pipeline.sweep.results import MetricMissing, params_of, value_of
from nbledger.pipeline.sweep.strategy import Known, Strategy
from nbledger.records import Facts, RunEnd, RunError, RunStart, Tag, new_id

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run

POLL_SECONDS = 0.2
BEAT_SECONDS = 5.0
#: A worker that gave no sign of life for this long is given up.
SILENT_SECONDS = 60.0
#: How long a leader waits for a dead leader's workers to end by themselves.
LEAVE_SECONDS = 15.0
#: A trial that took this many workers with it is not given to another.
MOST_LOST = 3
INCOMING = "incoming"


class Changed(Protocol):
    """What is called when a trial began, moved or ended."""

    def __call__(self, trial: str, *, over: bool) -> None:
        """Take the trial's id, and whether it ended."""


@dataclass(slots=True)
class Running:
    """An attempt under way: since when (monotonic seconds), the last sign of life, and why it was told to stop."""

    trial: sweeps.Trial
    attempt: str
    began: float
    seen: float
    stopping: str = ""


class Leader:
    """Leads one sweep to its end. `changed` is called with a trial's id and whether it ended, whenever one moved."""

    def __init__(
        self,
        ledger: Ledger,
        sweep: str,
        session: str,
        spec: dict[str, Any],
        strategy: Strategy,
        executor: Executor,
        changed: Changed,
    ) -> None:
        self.ledger = ledger
        self.sweep = sweep
        self.session = session
        self.spec = spec
        self.strategy = strategy
        self.executor = executor
        self.changed = changed
        self._pending: list[sweeps.Trial] = []
        self._planned = 0
        self._running: dict[str, Running] = {}
        self._losses: dict[str, int] = {}
        self._beaten = time.monotonic()

    def lead(self) -> None:
        """Work until every trial has ended. Whatever ends it early leaves the sweep so that it can be resumed."""
        sweeps.lead(self.ledger, self.sweep)
        try:
            self._adopt()
            self._start_some()
            while self._running or self._is_more:
                for event in self.executor.poll(POLL_SECONDS):
                    self._handle(event)
                self._give_up_silent()
                self._beat()
                self._start_some()
            self._end()
        finally:
            self.executor.close()
            sweeps.release(self.ledger, self.sweep)  # attempts that are open are settled when the sweep goes on

    # -- beginning and going on -----------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Settle what a former leader left open, and learn what is known."""
        by_id = {trial.id: trial for trial in sweeps.trials(self.ledger, self.sweep)}
        for left in sweeps.open_attempts(self.ledger, self.sweep):
            self._await_end(left.id)
            trial = by_id[left.trial]
            run = self._left_behind(left)
            if run is None:
                sweeps.end_attempt(self.ledger, left.id, "lost", detail="the sweep's process ended")
            else:
                self._settle(Running(trial, left.id, time.monotonic(), 0.0), Event(left.id, "ended", run=run))
        trials = sweeps.trials(self.ledger, self.sweep)
        self._planned = len(trials)
        self._pending = [trial for trial in trials if not trial.done]
        self.strategy.adopt({trial.id: self._known(trial) for trial in trials})

    def _await_end(self, attempt: str) -> None:
        """Wait until the worker of a dead leader's attempt is gone: it ends by itself, or it is killed."""
        deadline = time.monotonic() + LEAVE_SECONDS
        while (process := sweeps.holder(self.ledger, attempt)) is not None and process.pid:
            if time.monotonic() > deadline:
                import os
                import signal

                with contextlib.suppress(OSError):
                    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            time.sleep(0.1)

    def _left_behind(self, left: sweeps.Open) -> str | None:
        """Return the notebook run that an attempt had brought to its end before its leader could say so."""
        bundle = self.ledger.folder / INCOMING / f"{left.id}.zip"
        came = bundle.is_file() and self._merge(bundle)
        found = self._ended_run(left.trial, ("finished", "failed") if came else ("finished",))
        bundle.unlink(missing_ok=True)
        return found

    def _ended_run(self, trial: str, statuses: tuple[str, ...]) -> str | None:
        """Return the notebook run of a trial that has ended with one of these statuses."""
        return next((run.id for run in self.ledger.children(trial) if run.status in statuses), None)

    def _known(self, trial: sweeps.Trial) -> Known:
        metric = self.spec["metric"]
        if not trial.done or not metric:
            return Known(trial.params, trial.done)
        try:
            run = self.ledger.run(trial.id)
        except NBLedgerError:  # its run was deleted
            return Known(trial.params, done=True)
        value = run.metrics.get(metric) if run.status in ("finished", "cancelled") else None
        points = tuple(sweeps.steps(self.ledger, trial.id, metric))
        return Known(trial.params, done=True, value=value, stopped=STOPPED in run.tags, points=points)

    # -- handing out ----------------------------------------------------------------------------------------------

    @property
    def _is_more(self) -> bool:
        """Whether there are trials to hand out."""
        return bool(self._pending) or self._planned < self.spec["trials"]

    def _start_some(self) -> None:
        while self._is_more and (place := self.executor.take()) is not None:
            if not self._pending:
                self._ask()
            self._start(self._pending.pop(0), place)

    def _ask(self) -> None:
        id = new_id()
        params = self.strategy.ask(id)
        assert params is not None, "a strategy that plans ahead has planned them all"
        self._pending.append(sweeps.add_trial(self.ledger, self.sweep, params, id))
        self._planned += 1

    def _start(self, trial: sweeps.Trial, place: Any) -> None:
        spec = self.spec
        params = {**spec["params"], **trial.params}
        attempt = new_id()
        start = RunStart(
            id=trial.id,
            session=self.session,
            kind="trial",
            started_at=time.time(),
            name=f"trial {trial.number}",
            experiment=spec["experiment"],
            parent=self.sweep,
            notebook=str(self.ledger.root / spec["notebook"]),
            tracked=True,
        )
        facts = Facts(params=params_of(params))
        number = sweeps.begin_attempt(self.ledger, start, facts, attempt, place.name, place.process)
        now = time.monotonic()
        self._running[attempt] = Running(trial, attempt, now, now)
        task = Task(
            attempt=attempt,
            trial=trial.id,
            notebook=str(self.ledger.root / spec["notebook"]),
            params=params,
            experiment=spec["experiment"],
            number=number,
            kernel=spec["kernel"],
            timeout=spec["timeout"],
            cell_timeout=spec["cell_timeout"],
            ledger=str(self.ledger.folder) if self.executor.shares_disk else None,
            watch=spec["metric"],
        )
        self.executor.start(place, task)
        self.changed(trial.id, over=False)

    # -- watching -------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        one = self._running.get(event.attempt)
        if one is None:  # given up meanwhile: what it brings counts no more
            if event.bundle:
                Path(event.bundle).unlink(missing_ok=True)
            return
        one.seen = time.monotonic()
        if event.kind == "points":
            why = self.strategy.report(one.trial.id, event.points)
            if why and not one.stopping and self.spec["stop_early"]:
                one.stopping = why
                self.executor.stop(one.attempt)
            self.changed(one.trial.id, over=False)
        elif event.kind == "lost":
            self._lose(one, event.detail)
        elif event.kind == "ended":
            if event.bundle and not self._merge(Path(event.bundle)):
                self._lose(one, "its bundle was damaged")
                return
            self._settle(one, event)
            if event.bundle:
                Path(event.bundle).unlink(missing_ok=True)

    def _merge(self, bundle: Path) -> bool:
        from nbledger.ledger import BadBundle

        try:
            self.ledger.import_bundle(bundle)
        except BadBundle:
            bundle.unlink(missing_ok=True)
            return False
        self.ledger.forget()
        return True

    def _lose(self, one: Running, detail: str) -> None:
        trial = one.trial
        ended = self._ended_run(trial.id, ("finished",))
        if ended is not None:  # the worker was lost after its notebook had ended, and before it said so
            self._settle(one, Event(one.attempt, "ended", run=ended))
            return
        self._running.pop(one.attempt, None)
        self.strategy.forget(trial.id)
        self._losses[trial.id] = self._losses.get(trial.id, 0) + 1
        if self._losses[trial.id] < MOST_LOST:
            sweeps.end_attempt(self.ledger, one.attempt, "lost", detail=detail)
            self._pending.insert(0, trial)
        else:
            error = RunError("WorkerLost", f"it was lost with {MOST_LOST} workers, at last: {redact(detail)}")
            end = RunEnd(trial.id, time.time(), time.monotonic() - one.began, "failed", error)
            sweeps.end_attempt(self.ledger, one.attempt, "failed", detail=detail, end=end)
            self.strategy.tell(trial.id, None)
        self.changed(trial.id, over=self._losses[trial.id] >= MOST_LOST)

    def _give_up_silent(self) -> None:
        before = time.monotonic() - SILENT_SECONDS
        for one in [one for one in self._running.values() if one.seen < before]:
            self.executor.kill(one.attempt)
            self._lose(one, f"its worker gave no sign of life for {SILENT_SECONDS:.0f} s")

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten < BEAT_SECONDS:
            return
        alive = [one.attempt for one in self._running.values() if one.seen > self._beaten]
        self._beaten = now
        self.ledger.heartbeat(self.session)
        sweeps.beat(self.ledger, [self.sweep, *alive])

    # -- ending ---------------------------------------------------------------------------------------------------

    def _settle(self, one: Running, event: Event) -> None:
        """Record how a trial ended, by the notebook run that this attempt brought."""
        trial = one.trial
        self._running.pop(one.attempt, None)
        run = self.ledger.run(event.run) if event.run else None
        metrics = sweeps.measured(self.ledger, run.id) if run else {}
        status, error, value = self._verdict(one, event, run, metrics)
        stopped = status == "cancelled" and bool(one.stopping)
        tags = (Tag(STOPPED, one.stopping),) if stopped else ()
        duration = run.duration if run and run.duration else time.monotonic() - one.began
        sweeps.end_attempt(
            self.ledger,
            one.attempt,
            "stopped" if stopped else "finished" if status == "finished" else "failed",
            run=run.id if run else None,
            detail=one.stopping if stopped else error.message if error else "",
            end=RunEnd(trial.id, time.time(), duration, status, error),
            facts=Facts(metrics=tuple(metrics.values()), tags=tags),
        )
        self.strategy.tell(trial.id, value, stopped=stopped)
        self.changed(trial.id, over=True)

    def _verdict(
        self, one: Running, event: Event, run: Run | None, metrics: dict[str, Any]
    ) -> tuple[Any, RunError | None, float | None]:
        status = event.status or (run.status if run else "failed")
        name = self.spec["metric"]
        value = metrics[name].value if name in metrics else None
        if status == "cancelled":
            return (
                "cancelled",
                None if one.stopping else RunError("KeyboardInterrupt", "its notebook was interrupted"),
                value,
            )
        if status != "finished":
            said = run.error if run and run.error else None
            return "failed", said or RunError("NotebookFailed", redact(event.detail)), None
        if name is not None:
            try:
                value = value_of(metrics, name)
            except MetricMissing as error:
                return "failed", RunError("MetricMissing", str(error)), None
        return "finished", None, value

    def _end(self) -> None:
        """End the sweep's run: it failed when no trial finished."""
        from nbledger.pipeline.sweep.reading import read_sweep

        found = read_sweep(self.ledger, self.sweep)
        best = found.best
        good = any(one.status == "finished" for one in found.trials)
        error = None if good else RunError("NoTrialFinished", "no trial of this sweep finished")
        tags = (Tag("nbledger.best_trial", best.id),) if best else ()
        now = time.time()
        end = RunEnd(self.sweep, now, now - found.started_at, "finished" if good else "failed", error)
        self.ledger.end_run(end, Facts(tags=tags))
