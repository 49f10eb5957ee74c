"""A run that takes the results of an earlier one: a new run in the ledger, with that run's files and outputs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbledger.capture.identity import current_session
from nbledger.capture.redaction.secrets import redact_value
from nbledger.fingerprint import file_fingerprint
from nbledger.ledger import Ledger
from nbledger.pipeline.caching.lookup import Hit
from nbledger.pipeline.caching.record import CACHED_TAG, RECORD_TYPE
from nbledger.pipeline.caching.restoring import NotRestored, restore
from nbledger.pipeline.parameters import as_params
from nbledger.records import Edge, Facts, RunEnd, RunStart, Tag, new_id

_NOTEBOOK_TYPE = "application/x-ipynb+json"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken: the new run's id, the run it is from, where the executed notebook is, seconds, files put back."""

    run: str
    cached_from: str
    output: Path
    duration: float
    restored: tuple[str, ...]


def take(
    ledger: Ledger,
    hit: Hit,
    output: Path,
    *,
    run: str | None = None,
    parent: str | None = None,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Taken:
    """Put the files of the earlier run back, its executed notebook to `output`, and record a new, finished run.

    Files come first: a process that is killed on the way has put back some of what a run would have written, and
    nothing is recorded. Raises `NotRestored` before anything was changed, and `LedgerError`.
    """
    started, clock = time.time(), time.perf_counter()
    step = hit.step
    artifacts = ledger.artifacts(hit.run)
    executed = next((one for one in artifacts if one.media_type == _NOTEBOOK_TYPE), None)
    if executed is None:
        raise NotRestored(name=step.name, why="its executed notebook was not kept")
    data = ledger.objects.read(executed.object)
    restored = restore(ledger, hit.record.writes, ledger.root)
    _write(output, data)
    session = current_session("papermill", str(step.notebook))
    ledger.start_session(session)
    id = run or new_id()
    try:
        start = RunStart(
            id=id,
            session=session.id,
            kind="notebook",
            started_at=started,
            name=name or step.notebook.stem,
            experiment=step.parts["experiment"],
            parent=parent,
            notebook=str(step.notebook),
            tracked=True,
        )
        ledger.start_run(start)
        version = file_fingerprint(step.notebook)
        facts = Facts(
            versions=(version,),
            used=(Edge(version.hash, step.name, "file"),),
            params=as_params({key: redact_value(key, value) for key, value in step.params.items()}),
            artifacts=tuple(one for one in artifacts if one.media_type != RECORD_TYPE),
            tags=(Tag(CACHED_TAG, hit.run), *(Tag(key, value) for key, value in (tags or {}).items())),
        )
        duration = time.perf_counter() - clock
        ledger.end_run(RunEnd(id, time.time(), duration, "finished"), facts)
        ledger.set_environment(session.id, step.environment)
    finally:
        ledger.end_session(session.id)
    return Taken(id, hit.run, output, duration, restored)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.urandom(6).hex()}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


__all__ = ["Taken", "take"]
