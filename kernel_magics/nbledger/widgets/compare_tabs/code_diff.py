"""How the code of two runs differs, by cells and statements, and their params."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import number, shortened
from nbledger.widgets.compare_tabs.sides import Page, Sides, rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.lineage.diff import Diff
    from nbledger.lineage.differences.code_diff import CellDiff

MOST_CELLS, MOST_LINES, MOST_PARAMS = 30, 400, 60
WIDEST = 400
_WORDS = {
    "changed": "changed",
    "added": "only in the second",
    "removed": "only in the first",
    "formatting": "comments and formatting only",
    "same": "the same, moved",
}


class CodeDiff(Sides):
    """Cells and statements that differ."""

    key = "code"
    title = "Code"

    def figure(self) -> go.Figure | None:
        """There is none: it is text."""
        return None

    def parts(self) -> list[Any]:
        """Return the page alone."""
        return [Page(self)]

    def page(self) -> str:
        """Return the difference as HTML."""
        found = self.difference()
        if isinstance(found, str):
            return self.framed(f"<p>{escape(found)}</p>")
        body = [f"<p>{escape(found.conclusion)}</p>", _params(found)]
        cells = [cell for cell in found.code if cell.change != "same" or cell.moved]
        left = MOST_LINES
        for cell in cells[:MOST_CELLS]:
            lines = _lines(cell)
            shown = lines[: max(left, 0)]
            left -= len(lines)
            body.append(f'<h4>{escape(cell.label)} <span class="nbl-aside">{_said(cell)}</span></h4>')
            if shown:
                body.append(f"<pre>{''.join(map(_line, shown))}</pre>")
            if len(shown) < len(lines):
                body.append(f'<p class="nbl-aside">{len(lines) - len(shown)} more lines</p>')
        if len(cells) > MOST_CELLS:
            body.append(f'<p class="nbl-aside">{len(cells) - MOST_CELLS} more cells: %ledger diff shows all.</p>')
        if not cells:
            body.append('<p class="nbl-aside">The code is the same.</p>')
        return self.framed("".join(body))

    def text(self) -> str:
        """Return the difference as `nbledger diff` does."""
        found = self.difference()
        return found if isinstance(found, str) else found.text()


def _params(found: Diff) -> str:
    lines = [
        (param.name, _value(param.old, param.change == "added"), _value(param.new, param.change == "removed"))
        for param in found.params
    ]
    title = "Params that differ" + (f", {MOST_PARAMS} of {len(lines)}" if len(lines) > MOST_PARAMS else "")
    return rows(title, ("param", "from", "to"), lines[:MOST_PARAMS]) if lines else ""


def _value(value: Any, lacking: bool) -> str:
    return "-" if lacking else shortened(number(value) if isinstance(value, float) else str(value), 60)


def _said(cell: CellDiff) -> str:
    words = _WORDS[cell.change]
    return f"{words}, moved" if cell.moved and cell.change != "same" else words


def _lines(cell: CellDiff) -> Sequence[str]:
    """Return the lines of a cell's difference, each with its mark in front."""
    if cell.change in ("added", "removed"):
        side, mark = (cell.b, "+") if cell.change == "added" else (cell.a, "-")
        return [mark + line for line in side.source.splitlines()] if side else []
    return [line for one in cell.statements for line in one.diff]


def _line(line: str) -> str:
    kind = {"+": ' class="nbl-in"', "-": ' class="nbl-out"'}.get(line[:1], "")
    return f"<span{kind}>{escape(shortened(line, WIDEST)) or ' '}</span>"


__all__ = ["CodeDiff"]
