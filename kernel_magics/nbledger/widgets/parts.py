"""Pieces of HTML that the views are put together from: tables, facts and code, escaped, in the front end's colours."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from nbledger.tables import clean, number

#: Front ends without --jp-* variables (GitHub, plain HTML) give their own colours. The class is given several times
#: where a front end's own rules for what is in outputs would win otherwise.
STYLE = """<style>
.nbl{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);line-height:1.5;
color:var(--jp-ui-font-color1,inherit);max-width:100%}
.nbl h3{font-size:1.1em;margin:2px 0 4px;font-weight:600}
.nbl h4{font-size:1em;margin:10px 0 2px;font-weight:600}
.nbl p{margin:2px 0 4px}
.nbl .nbl-wide{overflow-x:auto;max-width:100%}
.nbl.nbl table{border-collapse:collapse;margin:2px 0 6px;border:0;font-size:inherit;color:inherit}
.nbl.nbl caption{text-align:left;caption-side:top;padding:0 0 2px;color:var(--jp-ui-font-color2,#767676)}
.nbl.nbl.nbl tr{background:transparent}
.nbl.nbl :is(th,td){padding:2px 14px 2px 0;text-align:left;vertical-align:top;border:0;background:transparent;
border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.3));font-weight:normal;max-width:28em;
white-space:normal;overflow-wrap:break-word}
.nbl.nbl thead th{color:var(--jp-ui-font-color2,#767676);white-space:nowrap}
.nbl.nbl .nbl-n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.nbl.nbl.nbl code,.nbl pre{font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:.95em;color:inherit;
background:transparent;padding:0}
.nbl.nbl pre{background:var(--jp-layout-color2,rgba(128,128,128,.1));padding:6px 10px;margin:2px 0 6px;
overflow-x:auto;white-space:pre;line-height:1.4;border-radius:3px}
.nbl.nbl.nbl pre code{white-space:pre}
.nbl summary{cursor:pointer}
.nbl .nbl-quiet{color:var(--jp-ui-font-color2,#767676)}
.nbl .nbl-good{color:var(--jp-success-color1,#2e7d32)}
.nbl .nbl-bad{color:var(--jp-error-color1,#c62828)}
.nbl .nbl-warn{border-left:4px solid var(--jp-warn-color1,#b07a00);padding:4px 10px;margin:4px 0;
background:var(--jp-layout-color2,rgba(128,128,128,.1))}
.nbl .nbl-bar{display:inline-block;height:.7em;background:#3A8FC2;vertical-align:baseline}
.nbl-view .jupyter-button.mod-active{box-shadow:inset 0 -3px 0 var(--jp-brand-color1,#1976d2)}
.nbl ul{margin:2px 0 6px;padding-left:1.3em}
</style>"""
MOST_LINES = 200


class Html(str):
    """A text that is HTML already: what stands in it from outside has been escaped."""

    __slots__ = ()


def cell(value: Any) -> str:
    """Return a value as the content of a table's cell: numbers with five significant digits, all else escaped."""
    if isinstance(value, Html):
        return value
    return escape(clean(value if isinstance(value, str) else number(value)))


def grid(
    headers: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "", numbers: Iterable[int] = ()
) -> Html:
    """Return a table; the first column heads its rows, the columns at the places `numbers` go to the right."""
    right = set(numbers)
    heads = "".join(f'<th scope="col"{_right(at in right)}>{cell(head)}</th>' for at, head in enumerate(headers))
    lines = []
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td{_right(at in right)}>{cell(value)}</td>" for at, value in enumerate(rest, 1))
        lines.append(f'<tr><th scope="row"{_right(0 in right)}>{cell(first)}</th>{cells}</tr>')
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return Html(f'<div class="nbl-wide"><table>{told}{body}</table></div>')


def facts(items: Iterable[tuple[str, Any]]) -> Html:
    """Return names with values as a table without a head; pairs without a value are left out."""
    rows = "".join(
        f'<tr><th scope="row" class="nbl-quiet">{escape(name)}</th><td>{cell(value)}</td></tr>'
        for name, value in items
        if value not in (None, "")
    )
    return Html(f"<table><tbody>{rows}</tbody></table>" if rows else "")


def code(source: str, *, most: int = MOST_LINES) -> Html:
    """Return code as it was executed, its first `most` lines; it can be reached and scrolled by keyboard."""
    lines = source.splitlines()
    left = f"\n... {len(lines) - most} more lines" if len(lines) > most else ""
    shown = escape("\n".join(lines[:most]) + left)
    return Html(f'<pre tabindex="0" aria-label="code as executed"><code>{shown}</code></pre>')


def fold(summary: str, content: str, *, opened: bool = False) -> Html:
    """Return something that a click opens, without scripts; `content` is HTML."""
    return Html(f"<details{' open' if opened else ''}><summary>{escape(clean(summary))}</summary>{content}</details>")


def picture(svg: str, alt: str, *, style: str = "") -> Html:
    """Return an SVG document as an image: front ends that take SVG elements out of untrusted pages leave it there.

    `alt` is what it says in words, escaped already.
    """
    data = base64.b64encode(svg.encode()).decode()
    look = f' style="{style}"' if style else ""
    return Html(f'<img alt="{alt}" title="{alt}"{look} src="data:image/svg+xml;base64,{data}">')


def items(texts: Iterable[str]) -> Html:
    """Return texts as a list."""
    return Html("<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>")


def part(*pieces: str) -> str:
    """Return pieces of HTML as one that has the views' look."""
    return f'<div class="nbl">{"".join(pieces)}</div>'


def page(label: str, *pieces: str) -> str:
    """Return pieces as the whole of a view: with the rules of its look, and named to screen readers."""
    return f'{STYLE}<div class="nbl" role="group" aria-label="{escape(label)}">{"".join(pieces)}</div>'


def _right(right: bool) -> str:
    return ' class="nbl-n"' if right else ""


__all__ = ["STYLE", "Html", "cell", "code", "facts", "fold", "grid", "items", "page", "part", "picture"]
