"""A page of a table of runs as HTML and as text; the live table's rows are the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbledger.figures.sparkline import sparkline
from nbledger.figures.text import shortened
from nbledger.tables import clean, number, table, when
from nbledger.widgets.table_model import Column
from nbledger.widgets.table_page import Cell, Line, Page

NARROWEST, WIDEST_COLUMN = 72, 230
RUN_WIDTH = 250
WIDEST_TEXT = 40
_LETTER, _SPARK = 7.7, 68
_RIGHT = ' class="n"'
#: Seen by screen readers alone.
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"

BASE, CHOSEN = "var(--jp-layout-color2,rgba(128,128,128,.12))", "rgba(58,143,194,.14)"
#: The class is tripled where a front end's own rules for tables in outputs would win otherwise.
STYLE = (
    """<style>
.nbl-t{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.35;
color:var(--jp-ui-font-color1,inherit);max-width:100%}
.nbl-t.nbl-t.nbl-t .nbl-scroll{overflow-x:auto;max-width:100%}
.nbl-t.nbl-t.nbl-t table{border-collapse:collapse;border:0;margin:0;font-size:inherit;color:inherit}
.nbl-t.nbl-t.nbl-t :is(th,td){padding:4px 12px 4px 6px;border:0;text-align:left;vertical-align:top;font-weight:normal;
background:transparent;white-space:nowrap;max-width:none}
.nbl-t.nbl-t.nbl-t tr{background:transparent;border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.3))}
.nbl-t.nbl-t.nbl-t thead th{font-weight:600;border-bottom:1px solid var(--jp-border-color0,rgba(128,128,128,.6))}
.nbl-t.nbl-t.nbl-t .n{text-align:right;font-variant-numeric:tabular-nums}
.nbl-t code{background:transparent;padding:0;color:inherit;font-family:var(--jp-code-font-family,monospace)}
.nbl-t small{display:block;font-size:11px;color:var(--jp-ui-font-color2,#6b6b6b)}
.nbl-t .nbl-spark{vertical-align:middle;margin-left:6px}
.nbl-t.nbl-t.nbl-t svg{max-width:none}
.nbl-t .nbl-notes{margin:6px 0 0;padding-left:18px;color:var(--jp-ui-font-color2,#6b6b6b);font-size:12px}
.nbl-t .nbl-notes li{margin:0}
.nbl-t .nbl-head{margin:0 0 6px}
.nbl-t.nbl-t.nbl-rows{position:relative}
.nbl-t.nbl-t.nbl-rows table{table-layout:fixed}
.nbl-t.nbl-t.nbl-t.nbl-rows :is(td){overflow:hidden;text-overflow:ellipsis;line-height:1.25;vertical-align:middle;
padding-top:0;padding-bottom:0}
.nbl-t.nbl-rows svg{vertical-align:text-bottom}
.nbl-t.nbl-t.nbl-t.nbl-rows thead tr,.nbl-t.nbl-t.nbl-t.nbl-rows :is(thead th,th){padding:0;height:0;border:0;
line-height:0}
.nbl-t .nbl-none{color:var(--jp-ui-font-color2,#6b6b6b)}
"""
    f".nbl-t.nbl-t.nbl-t tr.nbl-base{{background:{BASE}}}\n.nbl-t.nbl-t.nbl-t tr.nbl-chosen{{background:{CHOSEN}}}"
    "</style>"
)


def page_html(page: Page, head: str) -> str:
    """Return a page as a static table under a line of text (`head`); everything is escaped."""
    rights = _rights(page)
    body = "".join(_row(line, page.columns, rights) for line in page.lines)
    if not page.lines:
        body = f'<tr><td colspan="{len(page.columns) + 1}" class="nbl-none">No run fits.</td></tr>'
    heads = "".join(_head(page, column, right) for column, right in zip(page.columns, rights, strict=True))
    return (
        f'{STYLE}<div class="nbl-t"><p class="nbl-head">{escape(head)}</p>'
        '<div class="nbl-scroll" role="region" aria-label="Table of runs" tabindex="0">'
        f'<table><thead><tr><th scope="col">run</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{notes_html(page.notes)}</div>"
    )


def page_text(page: Page, head: str) -> str:
    """Return a page as plain text."""
    headers = ["run", "name", *(column.label for column in page.columns)]
    rows = [
        [
            ("* " if line.baseline else "") + line.run[:8],
            shortened(line.name),
            *(cell_text(cell) for cell in line.cells),
        ]
        for line in page.lines
    ]
    lines = [clean(head), "", table(headers, rows) if rows else "No run fits."]
    if any(line.baseline for line in page.lines):
        lines.append("\n* the baseline")
    return "\n".join([*lines, *([""] if page.notes else []), *page.notes])


def cell_text(cell: Cell) -> str:
    """Return a cell as text: its value, its change against the baseline, and the interval."""
    text = shortened(cell.text, WIDEST_TEXT)
    if not cell.comparable:
        return f"{text} ≠"
    more = under(cell)
    return f"{text} {more if more.startswith('[') else f'({more})'}" if more else text


def _full(cell: Cell, column: Column) -> str:
    """Return a cell's value in full, as far as a reader would read it."""
    if column.name == "attributes.started_at":
        return when(cell.value)
    return shortened(str(cell.value), 300)


def under(cell: Cell) -> str:
    """Return what stands below a value: its change and the interval; empty if there is neither."""
    delta = "" if cell.delta is None else "=" if cell.delta == 0 else f"{cell.delta:+.3g}"
    if cell.low is None or cell.high is None:
        return delta
    if cell.delta is None:
        return f"[{number(float(f'{cell.low:.3g}'))}, {number(float(f'{cell.high:.3g}'))}]"
    return f"{delta} [{cell.low:+.2g}, {cell.high:+.2g}]"


def cell_html(cell: Cell, column: Column) -> str:
    """Return what stands in a table's cell."""
    if not cell.text:
        return '<span class="nbl-none">-</span>'
    full = escape(_full(cell, column), quote=True)
    text = escape(clean(shortened(cell.text, WIDEST_TEXT)))
    shown = f'<span title="{full}">{text}</span>'
    if column.entity == "metrics" and cell.points:
        shown += f'<span class="nbl-spark">{sparkline(cell.points, width=60, height=16)}</span>'
    if not cell.comparable:
        words = "judged on other evaluation data, not compared"
        return f'{shown} <span role="img" aria-label="{words}" title="{words}">≠</span>'
    more = under(cell)
    if not more:
        return shown
    words = {True: "better", False: "worse", None: ""}[cell.better]
    mark = {True: "▲ ", False: "▼ ", None: ""}[cell.better]
    chance = "; may be chance" if cell.delta and cell.low is not None and not cell.sure else ""
    return f'{shown}<small title="{words}{chance}">{mark}{escape(more)}</small>'


def notes_html(notes: Sequence[str]) -> str:
    """Return notes as a list."""
    if not notes:
        return ""
    return f'<ul class="nbl-notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>'


def width_of(column: Column, lines: Sequence[Line], at: int) -> int:
    """Return a column's width in pixels in the live table, whose head is not part of the same HTML table."""
    widest = _LETTER * (len(column.label) + 3)
    for line in lines:
        cell = line.cells[at]
        value = _LETTER * (len(shortened(cell.text, WIDEST_TEXT)) + (0 if cell.comparable else 2))
        course = _SPARK if cell.points and column.entity == "metrics" else 0
        widest = max(widest, value + course, 0.85 * _LETTER * (len(under(cell)) + 2))
    return round(min(max(widest + 20, NARROWEST), WIDEST_COLUMN))


def arrow(page: Page, column: Column) -> str:
    """Return the mark of the column that is sorted by."""
    if page.sorted_by is None or page.sorted_by[0] != column.name:
        return ""
    return " ▼" if page.sorted_by[1] else " ▲"


def rows_html(page: Page, height: int) -> str:
    """Return the live table's cells: the runs are check boxes and the heads buttons beside it, said here unseen.

    Each row is `height` pixels high, each column as wide as `width_of` says.
    """
    widths = [width_of(column, page.lines, at) for at, column in enumerate(page.columns)]
    rights = _rights(page)
    cols = "".join(f'<col style="width:{width}px">' for width in widths)
    heads = "".join(f'<th scope="col">{_unseen(column.label)}</th>' for column in page.columns)
    rows = "".join(
        f'<tr style="height:{height}px"{_class(line)}><th scope="row">{_unseen(_called(line))}</th>'
        f"{_cells(line, page.columns, rights)}</tr>"
        for line in page.lines
    )
    return (
        f'<div class="nbl-t nbl-rows"><table style="width:{sum(widths)}px"><colgroup><col style="width:0">{cols}'
        f'</colgroup><thead><tr><th scope="col">{_unseen("run")}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def live_rules(page: Page, scope: str) -> str:
    """Return the style of the live table's parts that are no table: the heads' widths, the shades of the runs."""
    widths = [RUN_WIDTH, *(width_of(column, page.lines, at) for at, column in enumerate(page.columns))]
    heads, runs = f"{scope} .nbl-heads", f"{scope} .nbl-runs"
    rules = [f"{heads}{{width:{sum(widths)}px}}"]
    for at, (width, is_right) in enumerate(zip(widths, (False, *_rights(page)), strict=True)):
        right = ";text-align:right!important" if is_right else ""
        rules.append(f"{heads}>:nth-child({at + 1}){{width:{width}px!important{right}}}")
    shades = {"nbl-base": BASE, "nbl-chosen": CHOSEN}
    rules += [
        f"{runs}>:nth-child({at}){{background:{shades[_shade(line)]}}}"
        for at, line in enumerate(page.lines, 1)
        if _shade(line)
    ]
    return "".join(rules)


def _unseen(text: str) -> str:
    return f'<span style="{UNSEEN}">{escape(clean(text))}</span>'


def _called(line: Line) -> str:
    return f"{line.run[:8]} {line.name}".strip() + (" (baseline)" if line.baseline else "")


def _head(page: Page, column: Column, is_right: bool) -> str:
    right = _RIGHT if is_right else ""
    sorting = ""
    if page.sorted_by is not None and page.sorted_by[0] == column.name:
        sorting = f' aria-sort="{"descending" if page.sorted_by[1] else "ascending"}"'
    label = escape(clean(shortened(column.label))) + arrow(page, column)
    return f'<th scope="col"{right}{sorting} title="{escape(column.name, quote=True)}">{label}</th>'


def _row(line: Line, columns: Sequence[Column], rights: Sequence[bool]) -> str:
    marks = "".join(
        f" <small>{word}</small>" for word, there in (("baseline", line.baseline), ("selected", line.selected)) if there
    )
    name = f" {escape(clean(shortened(line.name)))}" if line.name else ""
    first = f'<th scope="row"><code title="{escape(line.run)}">{escape(line.run[:8])}</code>{name}{marks}</th>'
    return f"<tr{_class(line)}>{first}{_cells(line, columns, rights)}</tr>"


def _cells(line: Line, columns: Sequence[Column], rights: Sequence[bool]) -> str:
    return "".join(
        f"<td{_RIGHT if right else ''}>{cell_html(cell, column)}</td>"
        for column, cell, right in zip(columns, line.cells, rights, strict=True)
    )


def _rights(page: Page) -> list[bool]:
    """Tell for each column whether it holds numbers, which stand to the right."""
    found = []
    for at, column in enumerate(page.columns):
        values = [line.cells[at].value for line in page.lines if line.cells[at].text]
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        found.append(column.entity == "metrics" or (bool(values) and numbers and column.key != "started_at"))
    return found


def _class(line: Line) -> str:
    return f' class="{_shade(line)}"' if _shade(line) else ""


def _shade(line: Line) -> str:
    return "nbl-base" if line.baseline else "nbl-chosen" if line.selected else ""
