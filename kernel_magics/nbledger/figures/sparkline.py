"""A sparkline: the course of a metric as an inline SVG, as small as a word (Tufte 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbledger.figures.text import number
from nbledger.figures.theme import PALETTE

MOST_POINTS = 60


def sparkline(values: Sequence[float | None], *, width: int = 90, height: int = 18) -> str:
    """Return values as SVG text with its own title; `width` and `height` in pixels.

    Values that are no finite number leave a gap; of more than 60 every so many are drawn. No number at all gives an
    empty text.
    """
    step = -(-len(values) // MOST_POINTS) or 1
    points = [
        (at, float(one)) for at, one in enumerate(values) if at % step == 0 and one is not None and one - one == 0
    ]
    if not points:
        return ""
    known = [value for _, value in points]
    low, high = min(known), max(known)
    across = max(len(values) - 1, 1)
    places = [
        (2 + at * (width - 4) / across, height - 2 - (value - low) * (height - 4) / ((high - low) or 1.0))
        for at, value in points
    ]
    path, before = "", None
    for (x, y), (at, _) in zip(places, points, strict=True):
        path += f"{'L' if before is not None and at - before == step else 'M'}{x:.1f} {y:.1f}"
        before = at
    title = escape(
        f"{len(values)} values from {number(known[0])} to {number(known[-1])}, {number(low)} to {number(high)}"
    )
    x, y = places[-1]
    return (
        f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><title>{title}</title>'
        f'<path d="{path}" fill="none" stroke="{PALETTE[0]}" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{PALETTE[1]}"/></svg>'
    )
