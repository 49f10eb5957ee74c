"""A reproduction in the ledger: a run of kind `reproduction`, a child for each cell, and tags that link them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbledger.capture.identity import current_session
from nbledger.capture.redaction.secrets import redact
from nbledger.ledger import Ledger
from nbledger.ledger.errors import LedgerError
from nbledger.records import Facts, Metric, Param, RunEnd, RunError, RunStart, Tag, new_id

if TYPE_CHECKING:
    from nbledger.lineage.slicing import SliceRun
    from nbledger.pipeline.replay import Replayed
    from nbledger.pipeline.reproduce import Reproduction

VERDICT = "nbledger.verdict"
REPRODUCES = "nbledger.reproduces"


def record(ledger: Ledger, found: Reproduction, seen: Replayed, began: float) -> Reproduction:
    """Write the reproduction and return it with its run's id; without one, and with a note, if it cannot be written.

    Its cells are runs of the same kind, without versions: what they made is not to be taken for the session's own.
    """
    session = current_session("reproduction")
    last = found.slice.runs[-1]
    start = RunStart(new_id(), session.id, "reproduction", began, name=found.target[:200], notebook=last.notebook)
    try:
        ledger.start_session(session)
        ledger.start_run(start)
        for place, run in enumerate(found.slice.runs):
            told = seen.cells.get(place)
            if told is not None:
                _write_cell(ledger, start, run, told, found)
        ledger.end_run(RunEnd(start.id, time.time(), found.duration, *_ended(found)), _facts(found))
        ledger.end_session(session.id, time.time())
    except LedgerError as error:
        return replace(found, notes=(*found.notes, f"this reproduction was not recorded: {error}"))
    return replace(found, run=start.id)


def _ended(found: Reproduction) -> tuple[Any, RunError | None]:
    if found.failure is None:
        return "finished", None
    error = found.failure.error
    return "failed", RunError(error.type, redact(error.message), redact(error.traceback))


def _facts(found: Reproduction) -> Facts:
    target = found.slice.target
    tags = [Tag(VERDICT, found.verdict), Tag(REPRODUCES, target.run_id or found.slice.runs[-1].id)]
    first = found.first
    if first is not None:
        tags.append(Tag("nbledger.first_difference", redact(str(first))[:500]))
    gap = found.largest
    metrics = (
        () if gap is None or gap.largest is None else (Metric("largest_difference", gap.largest, None, time.time()),)
    )
    params = (Param("target", found.target, "api"), Param("tolerance", found.tolerance, "api"))
    return Facts(params=params, metrics=metrics, tags=tuple(tags), notes=tuple(map(redact, found.notes)))


def _write_cell(ledger: Ledger, parent: RunStart, run: SliceRun, told: Mapping[str, Any], found: Reproduction) -> None:
    start = replace(parent, id=new_id(), parent=parent.id, name=None, position=run.position, source=run.source)
    verdicts = [one.verdict for one in found.differences if one.run == run.id]
    verdict = "different" if "different" in verdicts else "equivalent" if verdicts else "identical"
    error = RunError(told["error"][0], redact(told["error"][1])) if told["error"] else None
    now = time.time()
    metrics = tuple(
        Metric(name, float(value), None, now) for name, values in told.get("metrics", {}).items() for value in values
    )
    ledger.start_run(start)
    ledger.end_run(
        RunEnd(start.id, now, 0.0, "failed" if error else "finished", error),
        Facts(metrics=metrics, tags=(Tag(REPRODUCES, run.id), Tag(VERDICT, verdict))),
    )


__all__ = ["REPRODUCES", "VERDICT", "record"]
