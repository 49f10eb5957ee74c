"""A figure as an inline SVG without scripts: what is left of it in a saved notebook, or where no chart is drawn.

It draws what the figures of this package are made of (points, lines, bars, matrices, parallel coordinates), simply: for
reading, not for measuring. Texts take the page's own colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from nbledger.figures.axis import Axis
from nbledger.figures.text import number
from nbledger.figures.theme import HEIGHT, PALETTE, QUIET, SCALE, describe

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDTH = 720
_LEFT, _RIGHT, _LINE = 150, 20, 15
MOST_LINES, MOST_POINTS = 300, 1_500
#: So many different colours of a scale.
_SHADES = 16
_DASHES = {"dash": "6 4", "dot": "2 3", "dashdot": "6 3 2 3", "longdash": "10 4", "longdashdot": "10 3 2 3"}


def picture(figure: go.Figure) -> str:
    """Return the figure as SVG text of 720 pixels' width, with its description as its title; texts are escaped."""
    height = int(figure.layout.height or HEIGHT)
    kinds = {trace.type for trace in figure.data}
    words = [line for line in _lines(figure.layout.title.text) + _lines(figure.layout.title.subtitle.text) if line]
    top = 8 + _LINE * len(words) + 10
    parts = [
        _text(12, 8 + _LINE * (at + 0.8), line, size=13 if at == 0 else 11, anchor="start")
        for at, line in enumerate(words)
    ]
    if not kinds:
        height = top + 40
        parts += [_text(WIDTH / 2, top + 20, _plain(one.text)) for one in figure.layout.annotations]
    elif "parcoords" in kinds:
        parts += _parallel(figure.data[0], top + 20, height - 20)
    elif "heatmap" in kinds:
        parts += _matrix(figure, top, height - 40)
    else:
        colored = figure.layout.coloraxis.colorscale is not None
        parts += _plane(figure, top, height - (62 if figure.layout.showlegend or colored else 40))
        legend = [(0, part) for part in _colors_told(figure)] if colored else _legend(figure)
        parts += [f'<g transform="translate(0 {height - 8 + _LINE * row})">{part}</g>' for row, part in legend]
        height += _LINE * max((row for row, _ in legend), default=0)
    return (
        f'<svg role="img" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" style="max-width:100%;height:auto" fill="currentColor" '
        f'font-family="system-ui,sans-serif"><title>{escape(describe(figure))}</title>{"".join(parts)}</svg>'
    )


def _plane(figure: go.Figure, top: float, bottom: float) -> list[str]:
    traces = [trace for trace in figure.data if trace.visible is not False]
    x = Axis.of(figure.layout.xaxis, [one for trace in traces for one in _reach(trace)], _LEFT, WIDTH - _RIGHT)
    flipped = figure.layout.yaxis.autorange == "reversed"
    y = Axis.of(
        figure.layout.yaxis, [trace.y for trace in traces], top if flipped else bottom, bottom if flipped else top
    )
    parts = []
    for place, label in x.ticks():
        parts.append(_stroke([(place, top), (place, bottom)], QUIET, opacity=0.25))
        parts.append(_text(place, bottom + 14, label, size=11))
    for place, label in y.ticks():
        parts.append(_stroke([(_LEFT, place), (WIDTH - _RIGHT, place)], QUIET, opacity=0.25))
        parts.append(_text(_LEFT - 6, place + 4, label, size=11, anchor="end"))
    parts.append(_text((_LEFT + WIDTH) / 2, bottom + 29, _plain(figure.layout.xaxis.title.text), size=11))
    up = _text(0, 0, _plain(figure.layout.yaxis.title.text), size=11)
    parts.append(f'<g transform="translate(12 {(top + bottom) / 2:.0f}) rotate(-90)">{up}</g>' if up else "")
    for shape in figure.layout.shapes:
        ends = [
            (x.at(shape.x0, shape.xref), y.at(shape.y0, shape.yref)),
            (x.at(shape.x1, shape.xref), y.at(shape.y1, shape.yref)),
        ]
        parts.append(_stroke(ends, QUIET, dash="dot"))
    bars = [trace for trace in traces if trace.type == "bar"]
    for trace in traces:
        if trace.type == "bar":
            parts += _bars(trace, x, y, bars.index(trace), len(bars))
        else:
            parts += _scatter(trace, x, y, figure)
    return parts


def _reach(trace: Any) -> list[Any]:
    """Return the values along x, with the ends of error bars, and where bars begin."""
    found = [trace.x]
    if trace.error_x.array is not None:
        below = trace.error_x.arrayminus if trace.error_x.arrayminus is not None else trace.error_x.array
        found += [trace.x + trace.error_x.array, trace.x - below]
    return [*found, [0.0]] if trace.type == "bar" and trace.orientation == "h" else found


def _scatter(trace: Any, x: Axis, y: Axis, figure: go.Figure) -> list[str]:
    xs, ys = list(trace.x), list(trace.y)
    step = -(-len(xs) // MOST_POINTS) or 1
    points = [(x.at(one), y.at(other)) for one, other in zip(xs[::step], ys[::step], strict=True)]
    opacity = trace.opacity if trace.opacity is not None else 1.0
    parts = []
    if trace.fill == "toself":
        known = [point for point in points if None not in point]
        return [f'<path d="{_path(known)}Z" fill="{trace.fillcolor}" opacity="{opacity}"/>'] if known else []
    mode = trace.mode or "lines"
    if "lines" in mode:
        curve = _stepped(points) if trace.line.shape == "hv" else points
        parts.append(_stroke(curve, trace.line.color or PALETTE[0], trace.line.width or 2, trace.line.dash, opacity))
    if trace.error_x.array is not None:
        parts += _errors(trace, x, points)
    if "markers" in mode:
        faded = opacity * (trace.marker.opacity or 1) * (0.4 if trace.selectedpoints == () else 1)
        groups: dict[tuple[str, float], list[Any]] = {}
        for point, look in zip(points, _looks(trace, figure, len(xs), step), strict=True):
            if None not in point:
                groups.setdefault(look, []).append(point)
        parts += [_marks(group, *look, str(trace.marker.symbol), faded) for look, group in groups.items()]
    return parts


def _looks(trace: Any, figure: go.Figure, count: int, step: int) -> list[tuple[str, float]]:
    """Return colour and radius of each point that is drawn; few different ones, so that points share their style."""
    sizes = trace.marker.size
    radii = [float(one) / 2 for one in sizes] if hasattr(sizes, "__len__") else [float(sizes or 6) / 2] * count
    one = trace.marker.color if isinstance(trace.marker.color, str) else trace.line.color or PALETTE[0]
    colors = _colors(trace.marker, figure) or [one] * count
    return [(color, round(2 * radius) / 2) for color, radius in zip(colors[::step], radii[::step], strict=True)]


def _stepped(points: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for point in points:
        if found and None not in point and None not in found[-1]:
            found.append((point[0], found[-1][1]))
        found.append(point)
    return found


def _errors(trace: Any, x: Axis, points: Sequence[Any]) -> list[str]:
    below = trace.error_x.arrayminus if trace.error_x.arrayminus is not None else trace.error_x.array
    parts = []
    for value, above, under, point in zip(trace.x, trace.error_x.array, below, points, strict=True):
        low, high = x.at(float(value) - float(under)), x.at(float(value) + float(above))
        if low is not None and high is not None and point[1] is not None:
            color = trace.marker.color if isinstance(trace.marker.color, str) else QUIET
            parts.append(_stroke([(low, point[1]), (high, point[1])], color, 2))
    return parts


def _bars(trace: Any, x: Axis, y: Axis, at: int, count: int) -> list[str]:
    flat = trace.orientation == "h"
    across, along = (y, x) if flat else (x, y)
    values, places = (trace.x, trace.y) if flat else (trace.y, trace.x)
    base = along.at(0.0)
    thick = across.step(len(values)) * 0.8 / count
    color = trace.marker.color if isinstance(trace.marker.color, str) else PALETTE[at]
    parts = []
    for value, place in zip(values, places, strict=True):
        end, middle = along.at(float(value)), across.at(place)
        if end is None or middle is None or base is None:
            continue
        start = middle - thick * count / 2 + thick * at
        low, size = min(base, end), max(abs(end - base), 0.5)
        box = (low, start, size, thick) if flat else (start, low, thick, size)
        parts.append(_box(*box, color, 0.85))
    if flat and trace.error_x.array is not None:
        centers = [(None, across.at(place)) for place in places]
        parts += _errors(trace, x, centers)
    return parts


def _matrix(figure: go.Figure, top: float, bottom: float) -> list[str]:
    (cells,) = [trace for trace in figure.data if trace.type == "heatmap"]
    size = min((bottom - top) / len(cells.y), (WIDTH - _LEFT - _RIGHT) / len(cells.x))
    parts = []
    for row, (name, texts, shares) in enumerate(zip(cells.y, cells.text, cells.z, strict=True)):
        middle = top + size * (row + 0.5)
        parts.append(_text(_LEFT - 6, middle + 4, _plain(name), size=11, anchor="end"))
        for column, (text, share) in enumerate(zip(texts, shares, strict=True)):
            left = _LEFT + size * column
            parts.append(_box(left, top + size * row, size - 2, size - 2, PALETTE[0], 0.1 + 0.75 * float(share)))
            parts.append(_text(left + size / 2, middle + 4, _plain(text), size=11))
    for column, name in enumerate(cells.x):
        parts.append(_text(_LEFT + size * (column + 0.5), top + size * len(cells.y) + 14, _plain(name), size=11))
    middle = _LEFT + size * len(cells.x) / 2
    parts.append(_text(middle, top + size * len(cells.y) + 30, "predicted (true classes stand at the left)", size=11))
    return parts


def _parallel(trace: Any, top: float, bottom: float) -> list[str]:
    axes = trace.dimensions
    gap = (WIDTH - 2 * 60) / max(len(axes) - 1, 1)
    places = [60 + gap * at for at in range(len(axes))]
    known = [Axis(float(one.range[0]), float(one.range[1]), bottom, top) for one in axes]
    colors = [float(one) for one in trace.line.color]
    low, high = min(colors), max(colors)
    # Asked for once: plotly looks each attribute up anew.
    values, least = [[float(value) for value in one.values] for one in axes], trace.line.cmin
    step = -(-len(colors) // MOST_LINES) or 1
    lines: dict[str, str] = {}
    for at in sorted(range(0, len(colors), step), key=colors.__getitem__):
        way = [(place, axis.at(one[at])) for place, axis, one in zip(places, known, values, strict=True)]
        quiet = least is not None and colors[at] <= least
        color = QUIET if quiet else _shade((colors[at] - low) / (high - low) if high > low else 0.5)
        lines[color] = lines.get(color, "") + _path(way)
    parts = [
        f'<path d="{path}" fill="none" stroke="{color}" opacity="{0.2 if color == QUIET else 0.6}"/>'
        for color, path in lines.items()
    ]
    for place, axis, one in zip(places, known, axes, strict=True):
        parts.append(_stroke([(place, top), (place, bottom)], QUIET))
        parts.append(_text(place, top - 10, _plain(one.label), size=11))
        for value, label in zip(one.tickvals, one.ticktext, strict=True):
            parts.append(_text(place + 4, (axis.at(float(value)) or top) + 4, str(label), size=10, anchor="start"))
    return parts


def _legend(figure: go.Figure) -> list[tuple[int, str]]:
    """Return the parts of the legend, each with the line of the legend that it stands in."""
    if not figure.layout.showlegend:
        return []
    parts, x, row = [], 12.0, 0
    for trace in figure.data:
        name = _plain(trace.name)
        if not name or trace.showlegend is False:
            continue
        wide = 7 * len(name) + 36
        if x > 12 and x + wide > WIDTH:
            x, row = 12.0, row + 1
        color = (trace.line.color if trace.type == "scatter" else None) or trace.marker.color
        color = color if isinstance(color, str) else QUIET
        dash = trace.line.dash if trace.type == "scatter" else None
        parts.append(
            (row, _stroke([(x, -4), (x + 18, -4)], color, 3, dash) + _text(x + 22, 0, name, size=11, anchor="start"))
        )
        x += wide
    return parts


def _colors_told(figure: go.Figure) -> list[str]:
    """Return a strip of the scale's colours between the numbers, or among the names, that they stand for."""
    bar = figure.layout.coloraxis.colorbar
    if bar.tickvals is not None:
        ends = list(zip(map(float, bar.tickvals), map(_plain, bar.ticktext), strict=True))
    else:
        low, high = _span(figure)
        ends = [(one, number(one)) for one in (low, (low + high) / 2, high)]
    low, high = _span(figure)
    parts = [_text(12, 0, f"colour: {_plain(bar.title.text)}", size=11, anchor="start")]
    x = 30.0 + 6 * len(f"colour: {_plain(bar.title.text)}")
    for value, name in ends:
        if x + 7 * len(name) + 24 > WIDTH:
            return [*parts, _text(x, 0, "…", size=11, anchor="start")]
        parts.append(_box(x, -9, 12, 10, _shade((value - low) / (high - low) if high > low else 0.5), 1))
        parts.append(_text(x + 16, 0, name, size=11, anchor="start"))
        x += 7 * len(name) + 30
    return parts


def _span(figure: go.Figure) -> tuple[float, float]:
    """Return the least and the greatest number that is drawn by the shared scale of colours."""
    shared = [trace.marker.color for trace in figure.data if trace.type == "scatter" and trace.marker.coloraxis]
    known = [float(one) for part in shared for one in part if one == one]  # noqa: PLR0124 - not-a-number differs from itself
    return (min(known), max(known)) if known else (0.0, 1.0)


def _colors(marker: Any, figure: go.Figure) -> list[str]:
    """Return a colour for each point where numbers give them."""
    if marker.color is None or isinstance(marker.color, str):
        return []
    numbers = [float(one) for one in marker.color]
    low, high = _span(figure)
    return [
        QUIET if one != one else _shade((one - low) / (high - low) if high > low else 0.5)  # noqa: PLR0124
        for one in numbers
    ]


def _shade(share: float) -> str:
    """Return a colour of the scale."""
    share = round(share * _SHADES) / _SHADES
    (at, one), (then, other) = (SCALE[0], SCALE[1]) if share <= SCALE[1][0] else (SCALE[1], SCALE[2])
    part = (share - at) / (then - at)
    pairs = [(int(one[place : place + 2], 16), int(other[place : place + 2], 16)) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(first + (second - first) * part):02x}" for first, second in pairs)


def _marks(points: Sequence[Any], color: str, radius: float, symbol: str, opacity: float) -> str:
    """Return markers of one look as one path: a thousand of them take 12 kB so."""
    style = f'opacity="{opacity:.2g}"'
    if symbol.startswith("x"):
        wide = f"{2 * radius:g}"
        stroke = f"l{wide} {wide}m0 -{wide}l-{wide} {wide}"
        ways = "".join(f"M{x - radius:.0f} {y - radius:.0f}{stroke}" for x, y in points)
        return f'<path d="{ways}" fill="none" stroke="{color}" stroke-width="2" {style}/>'
    if symbol.endswith("-open"):
        rings = (f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:g}"/>' for x, y in points)
        return f'<g fill="none" stroke="{color}" stroke-width="2" {style}>{"".join(rings)}</g>'
    if symbol == "square":
        side = 2 * radius
        squares = "".join(f"M{x - radius:.1f} {y - radius:.1f}h{side:g}v{side:g}h{-side:g}z" for x, y in points)
        return f'<path d="{squares}" fill="{color}" {style}/>'
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    return f'<path d="{dots}" stroke="{color}" stroke-width="{2 * radius:g}" stroke-linecap="round" {style}/>'


def _stroke(points: Sequence[Any], color: str, width: float = 1, dash: str | None = None, opacity: float = 1.0) -> str:
    dashes = f' stroke-dasharray="{_DASHES[dash]}"' if dash in _DASHES else ""
    return (
        f'<path d="{_path(points)}" fill="none" stroke="{escape(str(color))}" stroke-width="{width:g}"{dashes} '
        f'opacity="{opacity:.2g}"/>'
    )


def _path(points: Sequence[Any]) -> str:
    found, pen = "", "M"
    for x, y in points:
        if x is None or y is None:
            pen = "M"
            continue
        found += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
    return found


def _box(x: float, y: float, width: float, height: float, color: str, opacity: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{color}" '
        f'opacity="{opacity:.2g}"/>'
    )


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "middle") -> str:
    if not text.strip():
        return ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def _plain(text: Any) -> str:
    """Return a text of a figure without the escapes that plotly needs."""
    return unescape(str(text)).replace("<br>", " ") if text else ""


def _lines(text: Any) -> list[str]:
    return [unescape(line) for line in str(text).split("<br>")] if text else []


__all__ = ["picture"]
