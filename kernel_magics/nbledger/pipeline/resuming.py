"""Taking a step's result from the pipeline run that is resumed: only where all that it rests on still holds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from nbledger.fingerprint import file_fingerprint
from nbledger.ledger import Ledger
from nbledger.lineage.notebook_files import files_of_run
from nbledger.pipeline.caching import CACHED_TAG, step_of
from nbledger.pipeline.caching import origin as work_of
from nbledger.pipeline.caching.record import RECORD_TYPE, load
from nbledger.pipeline.caching.today import Today
from nbledger.pipeline.execute import read_notebook
from nbledger.pipeline.parameters import as_params
from nbledger.pipeline.pipeline_record import BROKEN, STEP
from nbledger.pipeline.spec import Step
from nbledger.records import Facts, Run, RunEnd, RunStart, Tag, new_id


def finished_steps(ledger: Ledger, run: str) -> dict[str, Run]:
    """Return the runs of a pipeline run's steps that finished as they should, by the step's name."""
    return {
        step.name: step
        for step in ledger.children(run)
        if step.kind == "notebook" and step.name and step.status == "finished" and BROKEN not in step.tags
    }


def origin(ledger: Ledger, run: Run) -> Run:
    """Return the run that did the work: the one that a run's results were taken from, or the run itself."""
    return ledger.run(work_of(ledger, run.id))


def what_changed(ledger: Ledger, run: Run, step: Step, params: Mapping[str, Any]) -> str | None:
    """Return why a step's earlier run no longer holds, `None` where it does.

    It holds when code, params, environment and kernel give the same key, and every file that it read or wrote, and
    whatever else it was seen to depend on, is as it was. Unlike the cache this asks no more: what a step got from the
    network in the run that is resumed is good for the rest of it.
    """
    done = origin(ledger, run)
    record = load(ledger, done.id)
    if record is None:
        return "what it rests on was not recorded"
    now = step_of(ledger, read_notebook(step.notebook), step.notebook, params, step.kernel)
    parts = [part for part in now.parts if record.parts.get(part) != now.parts[part]]
    if parts:
        return f"another {parts[0]}"
    changes = Today(ledger.root, now.cwd).changes(record.reads, record.salt)
    if changes:
        return changes[0]
    for name, version in files_of_run(ledger, done.id).written.items():
        path = ledger.root / name
        if not path.is_dir() and (not path.is_file() or file_fingerprint(path).hash != version):
            return f"{name} is not what it wrote"
    return None


def take(ledger: Ledger, session: str, parent: str, step: Step, run: Run, params: Mapping[str, Any]) -> str:
    """Record a step whose result is taken from an earlier run; return the new run's id."""
    done = origin(ledger, run)
    start = RunStart(
        id=new_id(),
        session=session,
        kind="notebook",
        started_at=time.time(),
        name=step.name,
        experiment=done.experiment,
        parent=parent,
        notebook=str(step.notebook),
        tracked=True,
    )
    facts = Facts(
        used=tuple(edge for edge in ledger.used(done.id) if edge.role == "file"),
        params=as_params(params),
        artifacts=tuple(one for one in ledger.artifacts(done.id) if one.media_type != RECORD_TYPE),
        tags=(Tag(STEP, step.name), Tag(CACHED_TAG, done.id)),
    )
    ledger.start_run(start)
    ledger.end_run(RunEnd(start.id, time.time(), time.time() - start.started_at, "finished"), facts)
    return start.id


__all__ = ["finished_steps", "origin", "take", "what_changed"]
