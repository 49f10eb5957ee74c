"""A report as a page: sections of text, tables and drawings, as one HTML file that fetches nothing, or as Markdown.

plotly.js is in the HTML once, compressed (2 MB instead of 4.8), and unpacked by the browser itself. A drawing is
followed by what it shows in words, which is all there is of it in Markdown, or where scripts may not run.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.registry.card import Card, Section, Text, to_markdown
from nbledger.registry.card.html import STYLE, anchor, block_html
from nbledger.registry.card.page import Block

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MORE_STYLE = """
main{max-width:70rem}
figure{margin:1.2rem 0 1.8rem}
figure .plot{min-height:6rem;width:100%}
figcaption{color:var(--quiet);font-size:.9rem;max-width:48rem}
.tall{max-height:32rem;overflow:auto}
.tall thead th{position:sticky;top:0;background:var(--page)}
td,tbody th{white-space:pre-line}
td.n{white-space:pre}
tbody th{min-width:9rem;overflow-wrap:anywhere}
"""
_SCRIPT = """
(async () => {
  const read = (id) => document.getElementById(id).textContent;
  const told = (error) => {
    const said = document.getElementById("no-figures");
    said.hidden = false;
    said.textContent = "The figures could not be drawn here (" + error + "); what they show is said below each.";
  };
  try {
    const bytes = Uint8Array.from(atob(read("plotly-js")), (one) => one.charCodeAt(0));
    const source = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
    const script = document.createElement("script");
    script.textContent = await source.text();
    document.head.append(script);
    const templates = JSON.parse(read("templates"));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const plots = [...document.querySelectorAll(".plot")];
    const options = JSON.parse(read("options"));
    const draw = (plot) => {
      const figure = JSON.parse(read(plot.dataset.figure));
      figure.layout.template = templates[dark.matches && !matchMedia("print").matches ? "dark" : "light"];
      return Plotly.react(plot, figure.data, figure.layout, options);
    };
    for (const plot of plots) await draw(plot);
    dark.addEventListener("change", () => plots.forEach(draw));
    document.body.dataset.drawn = plots.length;
  } catch (error) { told(error); }
})();
"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure in a page: its JSON without a template, and its text alternative."""

    json: str
    description: str
    height: int

    @classmethod
    def of(cls, figure: go.Figure) -> Drawing:
        """Return a figure as a drawing."""
        from nbledger.figures.theme import HEIGHT, describe

        text, height = describe(figure), int(figure.layout.height or HEIGHT)
        data = json.loads(figure.to_json())
        for key in ("template", "meta"):
            data["layout"].pop(key, None)
        return cls(json.dumps(data, separators=(",", ":")), text, height)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with what stands below it."""

    title: str
    blocks: tuple[Block | Drawing, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A report: its title, a line below it, its parts in order, and what programs read of it."""

    title: str
    subtitle: str
    parts: tuple[Part, ...]
    data: dict[str, Any]

    @property
    def drawings(self) -> list[Drawing]:
        """All drawings in order."""
        return [block for part in self.parts for block in part.blocks if isinstance(block, Drawing)]


def page_markdown(page: Page) -> str:
    """Return a page as Markdown: the same tables and texts; of each figure what it shows in words."""
    sections = [
        Section(
            part.title,
            tuple(Text(f"Figure: {one.description}") if isinstance(one, Drawing) else one for one in part.blocks),
        )
        for part in page.parts
    ]
    return to_markdown(Card(page.title, page.subtitle, tuple(sections)))


def page_html(page: Page) -> str:
    """Return a page as one HTML file; everything that came from outside is escaped, and nothing is fetched."""
    from nbledger.figures.theme import CONFIG, template

    contents = "".join(f'<li><a href="#{anchor(part.title)}">{escape(part.title)}</a></li>' for part in page.parts)
    drawings = page.drawings
    numbers = {id(drawing): number for number, drawing in enumerate(drawings)}
    body = "\n".join(
        f'<h2 id="{anchor(part.title)}">{escape(part.title)}</h2>\n'
        + "\n".join(
            _figure(block, numbers[id(block)]) if isinstance(block, Drawing) else block_html(block)
            for block in part.blocks
        )
        for part in page.parts
    )
    scripts = ""
    if drawings:
        templates = json.dumps({theme: template(theme) for theme in ("light", "dark")})
        options = json.dumps(CONFIG)
        scripts = (
            f'<script type="application/json" id="templates">{_embedded(templates)}</script>\n'
            f'<script type="application/json" id="options">{_embedded(options)}</script>\n'
            f'<script type="text/plain" id="plotly-js">{_plotly()}</script>\n<script>{_SCRIPT}</script>'
        )
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(page.title)}</title>
<style>{STYLE}{_MORE_STYLE}</style>
</head>
<body>
<main>
<header><h1>{escape(page.title)}</h1><p>{escape(page.subtitle)}</p></header>
<nav aria-label="Sections"><ul>{contents}</ul></nav>
<p id="no-figures" class="missing" role="status" hidden></p>
<noscript><p class="missing">Figures need scripts; what they show is said below each.</p></noscript>
{body}
</main>
{scripts}
</body>
</html>
"""


def _figure(drawing: Drawing, number: int) -> str:
    text = escape(drawing.description)
    return (
        f'<figure><div class="plot" role="img" aria-label="{text}" data-figure="figure-{number}" '
        f'style="min-height:{drawing.height}px"></div><figcaption>{text}</figcaption>'
        f'<script type="application/json" id="figure-{number}">{_embedded(drawing.json)}</script></figure>'
    )


def _embedded(text: str) -> str:
    """Return JSON that no browser takes for the end of its script."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()
