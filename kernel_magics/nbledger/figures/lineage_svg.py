"""The geometry of a drawn lineage, and the drawing as SVG: boxes in rows, what comes first at the top as in a notebook.

The boxes have their own light ground and dark ink, so that one drawing reads on light and on dark pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from nbledger.figures.layers import layered
from nbledger.figures.text import shortened
from nbledger.figures.theme import QUIET
from nbledger.tables import clean, cut

if TYPE_CHECKING:
    from nbledger.lineage.network import NetworkNode

#: Pixels: a row with its gap, a box's height, the gap between boxes of a row.
ROW, HEIGHT, GAP = 58, 30, 20
#: A box with its gap is as wide as lets the widest row stand in a notebook's width, between these.
_NARROWEST, _WIDEST, _FITS = 126, 220, 860
#: More places than these, through which edges pass rows, would tear the rows apart.
_MOST_WAYS = 40
#: About the width of a letter at 12 pixels.
_LETTER = 6.8
#: Of each kind: what it is called, its ground, its edge, and the box's corners and dashes.
LOOKS: Mapping[str, tuple[str, str, str, str, str]] = {
    "cell": ("cell", "#E3EEF7", "#0072B2", "2", ""),
    "data": ("data", "#E2F3EC", "#00805E", "12", ""),
    "file": ("file", "#F6EEDC", "#8A6000", "2", "5 3"),
    "url": ("address", "#F6EEDC", "#8A6000", "12", "5 3"),
    "model": ("model", "#FAE5DA", "#B04D00", "12", "1 3"),
    "value": ("value", "#F1F1F1", "#6B6B6B", "12", ""),
    "code": ("function or module", "#F1F1F1", "#6B6B6B", "2", "5 3"),
}


@dataclass(frozen=True, slots=True)
class Placed:
    """Where nodes stand: rows and half columns from 0, by id; how many there are; a column's width in pixels.

    `ways` are the places, between its ends, through which an edge goes that passes rows.
    """

    places: Mapping[str, tuple[int, int]]
    ways: Mapping[tuple[str, str], Sequence[tuple[int, int]]]
    rows: int
    halves: int
    column: int

    @property
    def box(self) -> int:
        """The width of a node's box in pixels."""
        return self.column - GAP

    @property
    def width(self) -> int:
        """The width of the whole in pixels."""
        return self.halves * self.column // 2

    @property
    def height(self) -> int:
        """The height of the whole in pixels."""
        return self.rows * ROW

    def corner(self, id: str) -> tuple[int, int]:
        """Return the upper left corner of a node's box."""
        row, half = self.places[id]
        return half * self.column // 2 + GAP // 2, row * ROW + (ROW - HEIGHT) // 2

    def label(self, node: NetworkNode) -> str:
        """Return as much of a node's label as its box holds: code from its beginning, a name by both its ends."""
        letters, text = int((self.box - 14) / _LETTER), clean(node.label)
        return cut(text, letters) if node.kind == "cell" else shortened(text, letters)


def placed(ids: Sequence[str], edges: Iterable[tuple[str, str]]) -> Placed:
    """Return where nodes stand; the nearest ones should come first."""
    pairs = list(dict.fromkeys(edges))
    layers = layered(ids, pairs)
    short, passed = _passed({id: layer for id, (layer, _) in layers.items()}, pairs)
    between = dict.fromkeys(one for way in passed.values() for one in way)
    found = layered([*ids, *between], short) if between else layers
    least = min((across for _, across in found.values()), default=0.0)
    places = {id: (layer, round(2 * (across - least))) for id, (layer, across) in found.items()}
    rows = max((row for row, _ in places.values()), default=0) + 1
    halves = max((half for _, half in places.values()), default=0) + 2
    column = max(_NARROWEST, min(_WIDEST, 2 * _FITS // halves)) // 2 * 2
    ways = {pair: [places[one] for one in way] for pair, way in passed.items()}
    return Placed({id: places[id] for id in ids}, ways, rows, halves, column)


def _passed(
    layer: Mapping[str, int], edges: Sequence[tuple[str, str]]
) -> tuple[list[tuple[str, str]], dict[tuple[str, str], list[str]]]:
    """Return edges from layer to layer, and for each one that passes layers the names of its places in these.

    Edges that leave the same node share their places. Where there are too many, lines go behind the boxes.
    """
    short: dict[tuple[str, str], None] = {}
    passed: dict[tuple[str, str], list[str]] = {}
    for one, other in edges:
        way = [f"{one}\0{at}" for at in range(layer[one] + 1, layer[other])] if {one, other} <= layer.keys() else []
        if way:
            passed[one, other] = way
        steps = [one, *way, other]
        short.update(dict.fromkeys(pairwise(steps)))
    if len({place for way in passed.values() for place in way}) > _MOST_WAYS:
        return list(edges), {}
    return list(short), passed


def arrows(at: Placed, edges: Iterable[tuple[str, str]], *, near: str | None = None, name: str = "to") -> str:
    """Return the edges as SVG elements; those of the node `near` are drawn in full strength.

    `name` tells their arrow heads from those of other drawings in the same page.
    """
    parts = []
    for one, other in edges:
        if one in at.places and other in at.places:
            (x0, y0), (x1, y1) = at.corner(one), at.corner(other)
            x0, x1, y0 = x0 + at.box // 2, x1 + at.box // 2, y0 + HEIGHT
            if y1 <= y0:  # an edge that would close a circle
                y0 -= HEIGHT
            strong = near in (one, other)
            look = 'stroke-width="2"' if strong else 'stroke-width="1.2" opacity="0.75"'
            middles = [(half + 1, row) for row, half in at.ways.get((one, other), ())]
            points = [(x0, y0), *((half * at.column // 2, row * ROW + ROW // 2) for half, row in middles), (x1, y1 - 5)]
            path = f"M{x0} {y0}" + "".join(_bent(*ends) for ends in pairwise(points))
            parts.append(f'<path d="{path}" fill="none" stroke="{QUIET}" {look} marker-end="url(#nbl-{name})"/>')
    return (
        f'<defs><marker id="nbl-{name}" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="{QUIET}"/></marker></defs>'
        + "".join(parts)
    )


def _bent(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return a curve that leaves and arrives straight downwards."""
    bend = max((end[1] - start[1]) // 2, 12)
    return f"C{start[0]} {start[1] + bend} {end[0]} {end[1] - bend} {end[0]} {end[1]}"


def svg(
    nodes: Sequence[NetworkNode],
    edges: Sequence[tuple[str, str]],
    *,
    center: str = "",
    selected: str | None = None,
    at: Placed | None = None,
) -> str:
    """Return a lineage as an SVG document; what is asked for and what is selected have a thicker edge."""
    at = at or placed([node.id for node in nodes], edges)
    boxes = []
    for node in nodes:
        x, y = at.corner(node.id)
        name, ground, edge, corner, dashes = LOOKS[node.kind]
        thick = 3 if node.id in (center, selected) else 1.4
        text = escape(at.label(node))
        title = escape(f"{name} {clean(node.label)}")
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        weight = ' font-weight="700"' if node.id == center else ""
        boxes.append(
            f'<g><title>{title}</title><rect x="{x}" y="{y}" width="{at.box}" height="{HEIGHT}" rx="{corner}" '
            f'fill="{ground}" stroke="{edge}" stroke-width="{thick}"{dashed}/>'
            f'<text x="{x + at.box // 2}" y="{y + HEIGHT // 2 + 4}" text-anchor="middle" fill="#1B1F24"{weight}>'
            f"{text}</text></g>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{at.width}" height="{at.height}" '
        f'viewBox="0 0 {at.width} {at.height}" font-family="system-ui,sans-serif" font-size="12">'
        f"{arrows(at, edges, near=selected)}{''.join(boxes)}</svg>"
    )


__all__ = ["GAP", "HEIGHT", "LOOKS", "ROW", "Placed", "arrows", "placed", "svg"]
