"""Why a notebook runs or does not, in words."""

from __future__ import annotations

from nbledger.ledger import Ledger
from nbledger.pipeline.caching.lookup import Hit, Miss
from nbledger.tables import many, when

_MOST_READS = 20
_SHOWN = ("file", "folder", "tree", "present", "variable")


def explain(ledger: Ledger, found: Hit | Miss) -> str:
    """Return why a step would run, or what says that the results of an earlier run are its own."""
    if isinstance(found, Miss):
        against = f" (against run {found.run[:8]})" if found.run else ""
        lines = [f"{found.step.name} runs{against}:", *(f"  {reason}" for reason in found.reasons)]
        return "\n".join(lines)
    run, record = ledger.run(found.run), found.record
    lines = [f"{found.step.name} does not run: its results are those of run {run.id[:8]} of {when(run.started_at)}"]
    lines.append(f"  its {many(len(found.step.cells), 'cell')}, params, environment and kernel are the same")
    reads = [read for read in record.reads if read.how in _SHOWN]
    lines += [f"  {read.name} is unchanged" for read in reads[:_MOST_READS]]
    if len(reads) > _MOST_READS:
        lines.append(f"  and so are {many(len(reads) - _MOST_READS, 'more read')}")
    lines += [f"  {write.name} is kept" for write in record.writes[:_MOST_READS] if write.object]
    lines += [f"  {remark}" for remark in record.remarks]
    return "\n".join(lines)


__all__ = ["explain"]
