"""A pipeline run in the ledger: begun with its plan, ended with how it went; its steps are its children.

Which steps there are and what each waits for is kept as the artifact `pipeline.json`, so that another process can tell
the state of a run that goes on: the rest of it is derived from the steps' runs. One pipeline runs once at a time: a
second start waits for the first, as both would write the same files.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from nbledger.capture.identity import current_session
from nbledger.capture.redaction.secrets import redact, redact_value
from nbledger.capture.writer import Writer
from nbledger.ledger import Ledger
from nbledger.pipeline.graph import Dag
from nbledger.pipeline.spec import Pipeline
from nbledger.records import Artifact, Facts, RunEnd, RunError, RunStart, Session, Tag, new_id

PIPELINE = "nbledger.pipeline"
STEP = "nbledger.step"
ATTEMPT = "nbledger.attempt"
RESUMED_FROM = "nbledger.resumed_from"
CHECKS = "nbledger.checks"
#: Why a step failed although its notebook finished: its outputs or its data are not what they should be.
BROKEN = "nbledger.step_failed"
PLAN = "pipeline.json"
_POLL_SECONDS = 0.2


def identity(pipeline: Pipeline, ledger: Ledger) -> str:
    """Return what names a pipeline in a ledger: its file, or its folder, relative to the project."""
    return ledger.relative(pipeline.file or pipeline.folder)


class PipelineRecord:
    """Writes one pipeline run, in a session of its own that keeps beating while the steps run."""

    def __init__(self, ledger: Ledger, say: Callable[[str], None]) -> None:
        self.run = new_id()
        self.session: Session = current_session("pipeline")
        self._ledger = ledger
        self._writer = Writer(self.session, ledger.folder, say)
        self._clock = time.perf_counter()

    def begin(self, pipeline: Pipeline, dag: Dag, params: Mapping[str, Mapping[str, Any]], resumed: str | None) -> None:
        """Write the run's start and its plan. Raises `LedgerError`: a pipeline is not run unrecorded."""
        ledger = self._writer.ledger
        ledger.start_run(
            RunStart(
                id=self.run,
                session=self.session.id,
                kind="pipeline",
                started_at=time.time(),
                name=pipeline.name,
                experiment=pipeline.name,
                parent=_cell_around(),
                tracked=True,
            )
        )
        plan = {
            "name": pipeline.name,
            "pipeline": identity(pipeline, ledger),
            "steps": [
                {
                    "name": step,
                    "notebook": ledger.relative(pipeline.step(step).notebook),
                    "before": list(dag.before(step)),
                    "params": {name: redact_value(name, value) for name, value in params[step].items()},
                }
                for step in dag.steps
            ],
        }
        stored, size = ledger.objects.put_bytes(redact(json.dumps(plan, indent=1, default=str)).encode())
        tags = [Tag(PIPELINE, identity(pipeline, ledger))]
        if resumed is not None:
            tags.append(Tag(RESUMED_FROM, resumed))
        artifact = Artifact(PLAN, stored, size, "application/json")
        ledger.record(self.run, Facts(artifacts=(artifact,), tags=tuple(tags)))

    def end(self, status: Any, error: RunError | None, notes: tuple[str, ...] = ()) -> float:
        """Write the run's end; return how long it took, in seconds."""
        duration = time.perf_counter() - self._clock
        told = RunError(error.type, redact(error.message)) if error is not None else None
        end = RunEnd(self.run, time.time(), duration, status, told)
        self._writer.end(end, Facts(notes=tuple(map(redact, notes))), None)
        return duration

    def close(self) -> None:
        """End the session; a run that was not ended is interrupted from now on."""
        self._writer.close()


def plan_of(ledger: Ledger, run: str) -> dict[str, Any] | None:
    """Return what a pipeline run was to do, `None` where that was not recorded."""
    found = next((artifact for artifact in ledger.artifacts(run) if artifact.name == PLAN), None)
    if found is None or not ledger.objects.has(found.object):
        return None
    plan: dict[str, Any] = json.loads(ledger.objects.read(found.object))
    return plan


@contextlib.contextmanager
def alone(pipeline: Pipeline, ledger: Ledger, waiting: Callable[[], None], *, shared: bool = False) -> Iterator[None]:
    """Hold the pipeline's lock; `waiting` is called once if another process has it. Without file locks none is held.

    Runs of some steps only share it: a scheduler starts them side by side, in the right order.
    """
    from blake3 import blake3

    place = ledger.folder / "locks" / f"pipeline-{blake3(identity(pipeline, ledger).encode()).hexdigest()[:16]}"
    place.parent.mkdir(exist_ok=True)
    with place.open("w") as handle:
        told = False
        while not _lock(handle, shared=shared):
            if not told:
                waiting()
                told = True
            time.sleep(_POLL_SECONDS)
        yield


def _lock(handle: IO[str], *, shared: bool) -> bool:
    """Take the lock if it is free; a kill frees it, the end of the `with` as well."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _cell_around() -> str | None:
    """Return the run of the cell that starts the pipeline, if one does."""
    from nbledger.capture.active import NoActiveRun
    from nbledger.capture.api import active_run

    try:
        return active_run().id
    except NoActiveRun:
        return None


__all__ = [
    "ATTEMPT",
    "BROKEN",
    "CHECKS",
    "PIPELINE",
    "RESUMED_FROM",
    "STEP",
    "PipelineRecord",
    "alone",
    "identity",
    "plan_of",
]
