"""What made something, drawn: cells and what they read, from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbledger.figures.layers import layered
from nbledger.figures.text import plain, sentence
from nbledger.figures.theme import PALETTE, QUIET, described, missing, new_figure, say
from nbledger.tables import many

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.lineage.why import Why

MOST_NODES = 150
Kind = Literal["cell", "file", "input"]
_LOOKS = {
    "cell": ("cell", PALETTE[0], "square"),
    "file": ("file", PALETTE[4], "diamond"),
    "input": ("made before recording, or by hand", PALETTE[3], "circle"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a lineage: `label` stands below it, `detail` is shown when one points at it (lines of text)."""

    id: str
    kind: Kind
    label: str
    detail: str = ""


def nodes_of(found: Why) -> tuple[list[Node], list[tuple[str, str]]]:
    """Return the runs and inputs of an answer to `why` as nodes, nearest first, and the edges between them."""
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    steps = {step.run.id for step in found.steps}
    for step in found.steps:
        made = [point.name for point in step.made]
        code = "\n".join((step.run.source or "").splitlines()[:12])
        label = f"{step.run.label} {step.run.name or step.run.headline(made)}"
        nodes[step.run.id] = Node(step.run.id, "cell", label, code)
        for use in step.used:
            if use.source in steps and use.source != step.run.id:
                edges.append((str(use.source), step.run.id))
            elif use.source is None and use.role in ("file", "variable"):
                id = f"{use.role}:{use.name}:{use.version}"
                kind: Kind = "file" if use.role == "file" else "input"
                nodes.setdefault(id, Node(id, kind, use.name, use.version[:8]))
                edges.append((id, step.run.id))
    return list(nodes.values()), edges


def lineage_figure(
    nodes: Sequence[Node],
    edges: Sequence[tuple[str, str]],
    *,
    title: str = "Lineage",
    selected: Sequence[str] = (),
) -> go.Figure:
    """Return a graph in layers, what comes first on the left; edges are pairs of ids, from and to.

    Of more than 150 nodes the first ones are drawn, and the figure says so: give those first that are nearest to what
    is asked for. Shapes and colours tell cells, files and other inputs apart; the nodes `selected` are larger.
    """
    import plotly.graph_objects as go

    if not nodes:
        return missing(title, "nothing recorded made it")
    chosen = set(selected)
    shown = {node.id: node for node in nodes[:MOST_NODES]}
    drawn = [pair for pair in dict.fromkeys(edges) if pair[0] in shown and pair[1] in shown]
    places = layered(list(shown), drawn)
    across = [place for _, place in places.values()]
    figure = new_figure(plain(title, 80), "", height=int(min(900, 160 + 70 * (max(across) - min(across) + 1))))
    xs: list[float | None] = []
    ys: list[float | None] = []
    for one, other in drawn:
        (x0, y0), (x1, y1) = places[one], places[other]
        xs += [x0, x0 + (x1 - x0) * 0.94, None]
        ys += [y0, y0 + (y1 - y0) * 0.94, None]
    marker = {"symbol": "arrow", "angleref": "previous", "size": [0, 9, 0] * len(drawn), "color": QUIET}
    line = {"color": QUIET, "width": 1}
    arrows = go.Scatter(x=xs, y=ys, mode="lines+markers", line=line, marker=marker, hoverinfo="skip", showlegend=False)
    figure.add_trace(arrows)
    for kind, (name, color, symbol) in _LOOKS.items():
        part = [node for node in shown.values() if node.kind == kind]
        if part:
            sizes: Any = [22 if node.id in chosen else 15 for node in part] if chosen else 15
            figure.add_trace(
                go.Scatter(
                    x=[places[node.id][0] for node in part],
                    y=[places[node.id][1] for node in part],
                    mode="markers+text",
                    name=name,
                    text=[plain(node.label, 26) for node in part],
                    textposition="bottom center",
                    customdata=[node.id for node in part],
                    hovertext=[_detail(node) for node in part],
                    hovertemplate="%{hovertext}<extra></extra>",
                    marker={"symbol": symbol, "size": sizes, "color": color, "line": {"width": 1, "color": QUIET}},
                )
            )
    last = max(layer for layer, _ in places.values())
    figure.update_xaxes(visible=False, range=[-0.5, last + 0.5])
    figure.update_yaxes(visible=False, range=[max(across) + 0.8, min(across) - 0.5])
    words = [f"{len(shown)} of {len(nodes):,} nodes, the nearest"] if len(shown) < len(nodes) else []
    if words:
        say(figure, words[0])
    cells = [node.label for node in shown.values() if node.kind == "cell"]
    inputs = [node.label for node in shown.values() if node.kind != "cell"]
    text = f"{title}: {many(len(cells), 'cell')} ({', '.join(cells[:6])}{' ...' if len(cells) > 6 else ''})"
    text += f" from {', '.join(inputs[:6])}{' ...' if len(inputs) > 6 else ''}" if inputs else ""
    return described(figure, f"{text}. {sentence(words)}")


def _detail(node: Node) -> str:
    lines = [node.label, *node.detail.splitlines()]
    return "<br>".join(plain(line, 90) for line in lines)


__all__ = ["Node", "lineage_figure", "nodes_of"]
