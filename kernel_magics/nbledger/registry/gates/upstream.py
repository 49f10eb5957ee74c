"""What a candidate comes from: the runs that made it and what they read, followed through files between notebooks."""

from __future__ import annotations

from collections.abc import Iterator

from nbledger.errors import NBLedgerError
from nbledger.lineage.slicing import slice_of
from nbledger.records import Run
from nbledger.registry.gates.context import CACHED, GateContext

_MOST = 500


def upstream(context: GateContext) -> Iterator[Run]:
    """Yield the runs that the model comes from, each with the runs around it, at most 500 of them."""
    ledger = context.ledger
    seen: set[str] = set()
    waiting = sorted(context.concerned)
    while waiting and len(seen) < _MOST:
        id = waiting.pop()
        if id in seen:
            continue
        seen.add(id)
        run = ledger.run(id)
        yield run
        waiting += [other for other in (run.parent, run.tags.get(CACHED)) if other]
        waiting += _sources(context, run)


def _sources(context: GateContext, run: Run) -> Iterator[str]:
    """Yield the runs whose values and files a run used."""
    ledger = context.ledger
    if run.kind in ("cell", "script"):
        try:
            found = slice_of(ledger, f"run:{run.id}")
        except NBLedgerError:
            return
        yield from (one.id for one in found.runs)
        files = [item.version for item in found.inputs if item.role == "file"]
    else:
        files = [edge.version for edge in ledger.used(run.id) if edge.role == "file"]
    for version in files:
        rows = ledger.database.rows(
            """SELECT r.id FROM generated g JOIN version v ON v.key = g.version JOIN run r ON r.key = g.run
            WHERE v.hash = ? AND g.role = 'file' ORDER BY r.key DESC LIMIT 3""",
            (version,),
        )
        yield from (row[0] for row in rows)
