"""A card as one HTML file: nothing is fetched and nothing runs; light and dark by the reader's own setting.

All that came from outside is escaped. The page is read by its headings, tables have captions and headed rows and
columns, and the colours keep a contrast of 4.5 to 1 (WCAG 2.2, AA).
"""

from __future__ import annotations

import re
from html import escape

from nbledger.registry.card.page import (
    NOT_COMPARED,
    NOT_RECORDED,
    Block,
    Card,
    Code,
    Facts,
    Items,
    Section,
    Table,
    Text,
)

STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--quiet:#57606a;--line:#d0d7de;--soft:#f6f8fa;
--edge:#0b5cad;--missing:#7d4e00}
@media (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e6e9ed;--quiet:#a2abb6;--line:#3a424c;--soft:#1d232a;
--edge:#7ab7ff;--missing:#f0b866}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
ul{max-width:48rem;padding-left:1.25rem;margin:.5rem 0}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header{border-bottom:3px solid var(--edge);margin-bottom:1rem;padding-bottom:.75rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .35rem}
header p{margin:0;color:var(--quiet)}
nav ul{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;list-style:none;margin:0;padding:.25rem 0;font-size:.9rem}
a{color:var(--edge)}
h2{font-size:1.3rem;margin:2.2rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.4rem 0 .5rem}
p{margin:.5rem 0;max-width:48rem}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.2rem 1.25rem;margin:.5rem 0}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;font-size:.93rem;min-width:50%}
caption{text-align:left;color:var(--quiet);padding:0 0 .35rem;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);
overflow-wrap:break-word;max-width:28rem}
thead th{border-bottom:2px solid var(--line)}
tbody th{font-weight:600}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.missing{color:var(--missing)}
pre{background:var(--soft);border:1px solid var(--line);border-radius:4px;padding:.75rem 1rem;overflow-x:auto;
font-size:.85rem;line-height:1.45;margin:.4rem 0 1rem}
code{font-family:ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace}
@media (max-width:40rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}}
@media print{nav{display:none}pre{white-space:pre-wrap}main{max-width:none;padding:0}}
"""


def to_html(card: Card) -> str:
    """Return a card as a whole HTML page."""
    contents = "".join(
        f'<li><a href="#{anchor(section.title)}">{escape(section.title)}</a></li>'
        for section in card.sections
        if not section.part
    )
    body = "\n".join(_section(section) for section in card.sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(card.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header><h1>{escape(card.title)}</h1><p>{escape(card.subtitle)}</p></header>
<nav aria-label="Sections"><ul>{contents}</ul></nav>
{body}
</main>
</body>
</html>
"""


def anchor(title: str) -> str:
    """Return the id that a heading of this title has in a page."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _section(section: Section) -> str:
    blocks = "\n".join(map(block_html, section.blocks))
    if section.part:
        return f"<h3>{escape(section.title)}</h3>\n{blocks}"
    return f'<h2 id="{anchor(section.title)}">{escape(section.title)}</h2>\n{blocks}'


def block_html(block: Block) -> str:
    """Return one block as HTML; all of its text is escaped."""
    if isinstance(block, Text):
        return "".join(f"<p>{_said(part)}</p>" for part in re.split(r"\n\s*\n", block.text.strip()))
    if isinstance(block, Items):
        return "<ul>" + "".join(f"<li>{_said(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Facts):
        return (
            "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{_said(value)}</dd>" for name, value in block.items) + "</dl>"
        )
    if isinstance(block, Table):
        return _table(block)
    return _code(block)


def _said(text: str) -> str:
    """Return text escaped; what is not recorded, or not to be compared, stands out by more than its words."""
    safe = escape(text)
    marked = text.lower().startswith(NOT_RECORDED) or NOT_COMPARED in text
    return f'<span class="missing">{safe}</span>' if marked else safe


def _table(block: Table) -> str:
    kinds = [' class="n"' if at in block.numeric else "" for at in range(len(block.headers))]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for kind, name in zip(kinds, block.headers, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in block.rows)
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    label = f' aria-label="{escape(block.caption)}"' if block.caption else ' aria-label="Table"'
    return (
        f'<div class="wide" role="region" tabindex="0"{label}><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(row: tuple[str, ...], kinds: list[str]) -> str:
    first = f'<th scope="row"{kinds[0]}>{escape(row[0])}</th>' if row else ""
    return first + "".join(f"<td{kind}>{_said(cell)}</td>" for kind, cell in zip(kinds[1:], row[1:], strict=True))


def _code(block: Code) -> str:
    caption = f"<p>{escape(block.caption)}</p>" if block.caption else ""
    return f'{caption}<pre tabindex="0"><code>{escape(block.source)}</code></pre>'


__all__ = ["STYLE", "anchor", "block_html", "to_html"]
