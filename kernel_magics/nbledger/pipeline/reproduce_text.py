"""A reproduction's outcome as text: the verdict first, then what it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbledger.tables import span, table

if TYPE_CHECKING:
    from nbledger.pipeline.reproduce import Difference, Reproduction

MOST = 12


def told(found: Reproduction) -> str:
    """Return the whole outcome."""
    parts = [_head(found), *_lists(found)]
    if found.notes:
        parts.append("\n".join(f"note: {note}" for note in found.notes))
    if found.environment:
        parts.append(_environment(found))
    if found.folder is not None:
        parts.append(f"scratch copy: {found.folder}")
    return "\n\n".join(part for part in parts if part)


def _head(found: Reproduction) -> str:
    cells = len(found.slice.runs)
    how = f"{cells} cell run{'' if cells == 1 else 's'} in {span(found.duration)}"
    run = f"; run {found.run[:8]}" if found.run else ""
    head = f"{found.target}: {found.verdict}  ({how}, {found.compared} things compared{run})"
    if found.failure is not None:
        return f"{head}\nit failed at {found.failure}"
    if found.verdict == "different":
        return f"{head}\nfirst difference: {found.first}"
    gap = found.largest
    if found.verdict == "equivalent" and gap is not None:
        where = f"{gap.what} of [{gap.position}]"
        return f"{head}\nlargest difference: {gap.largest:.3g} in {where}; tolerance {found.tolerance:g}"
    return head


def _lists(found: Reproduction) -> list[str]:
    lists = (
        ("differences", found.differences),
        ("beside it (not needed for it)", found.beside),
        ("not compared", found.not_compared),
    )
    return [f"{title}\n{_lines(items)}" for title, items in lists if items]


def _lines(items: Sequence[Difference]) -> str:
    lines = []
    for one in items[:MOST]:
        values = f"  recorded {one.recorded}, now {one.now}" if one.verdict != "not compared" else ""
        lines.append(f"    {one}{values}")
    if len(items) > MOST:
        lines.append(f"    and {len(items) - MOST} more")
    return "\n".join(lines)


def _environment(found: Reproduction) -> str:
    rows = [[name, before or "-", after or "-"] for name, before, after in found.environment]
    text = "the environment differs\n" + table(["", "recorded", "now"], rows[:MOST], indent="    ")
    if len(rows) > MOST:
        text += f"\n    and {len(rows) - MOST} more"
    return text + "\n    --requirements FILE writes the recorded one, --in-env builds and uses it"


__all__ = ["told"]
