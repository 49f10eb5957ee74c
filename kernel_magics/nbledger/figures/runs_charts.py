"""Runs against each other: a scatter of two columns with its Pareto front, parallel coordinates of several."""

from __future__ import annotations

from collections.abc import Sequence
from html import unescape
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import WIDEST, number, plain, sentence
from nbledger.figures.theme import PALETTE, QUIET, SCALE, SYMBOLS, described, drawable, missing, new_figure, packed, say

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

#: A column of text with more different values than this is not drawn with one place for each.
MOST_VALUES = 30
MOST_TICKS = 8
_SCALE = [list(stop) for stop in SCALE]


def scatter(
    frame: pandas.DataFrame,
    x: str,
    y: str,
    *,
    color: str | None = None,
    size: str | None = None,
    pareto: Sequence[tuple[str, str]] = (),
    log_x: bool = False,
    log_y: bool = False,
    selected: Sequence[str] = (),
    note: str = "",
) -> go.Figure:
    """Return runs as points; columns are those of `source.runs_frame`, the index is the run's id.

    `pareto` are pairs of a column and `min` or `max` (both of `x` and `y`): the runs that no other beats in both are
    joined by a line. `selected` are ids drawn as large squares. Runs without a number in `x` or `y` are left out, and
    the figure says how many.
    """
    import plotly.graph_objects as go

    title = f"{_label(y)} by {_label(x)}"
    if x not in frame or y not in frame:
        return missing(title, f"no run has {_label(y if y not in frame else x)}")
    xs, x_ticks = placed(frame[x])
    ys, y_ticks = placed(frame[y])
    keep = xs.notna() & ys.notna()
    keep &= (xs > 0) | (not log_x)
    keep &= (ys > 0) | (not log_y)
    xs, ys, kept = xs[keep], ys[keep], frame[keep]
    if not len(kept):
        return missing(title, f"no run has both {_label(x)} and {_label(y)}")
    figure = new_figure(plain(title, 80), "")
    chosen = kept.index.isin(list(selected))
    marker: dict[str, Any] = {
        "size": 9,
        "opacity": 0.8,
        "symbol": SYMBOLS[0],
        "line": {"width": 1, "color": "rgba(128,128,128,0.6)"},
    }
    if chosen.any():
        marker["symbol"] = [SYMBOLS[1] if one else SYMBOLS[0] for one in chosen]
        marker["size"] = [14 if one else 9 for one in chosen]
    elif size is not None and size in kept:
        marker["size"] = _sizes(placed(kept[size])[0])
    if color is not None and color in kept:
        marker |= _colored(kept[color], color)
    figure.add_trace(
        go.Scatter(
            x=packed(xs),
            y=packed(ys),
            mode="markers",
            marker=marker,
            customdata=names_of(kept),
            hovertemplate=f"%{{customdata}}<br>{plain(_label(x), WIDEST)} = %{{x}}<br>"
            f"{plain(_label(y), WIDEST)} = %{{y}}<extra></extra>",
            showlegend=False,
        )
    )
    front = _front(xs, ys, x, y, pareto)
    if front is not None:
        line = {"color": QUIET, "dash": "dot", "width": 2}
        shown = go.Scatter(
            x=packed(front[0]), y=packed(front[1]), mode="lines", line=line, name="Pareto front", hoverinfo="skip"
        )
        figure.add_trace(shown)
    figure.update_xaxes(title_text=plain(_label(x), 60), type="log" if log_x else "linear", **x_ticks)
    figure.update_yaxes(title_text=plain(_label(y), 60), type="log" if log_y else "linear", **y_ticks)
    left_out = len(frame) - len(kept)
    words = [note] if note else []
    if left_out:
        words.append(f"{left_out:,} runs have no such number and are left out")
    if words:
        say(figure, plain("; ".join(words)))
    text = f"Scatter of {len(kept):,} runs: {_ranges(kept, x)} across, {_ranges(kept, y)} up"
    if front is not None:
        text += f"; {len(front[0])} of them on the Pareto front"
    return described(figure, f"{text}. {sentence(words)}")


def parallel_coordinates(
    frame: pandas.DataFrame,
    dims: Sequence[str],
    color: str,
    *,
    selected: Sequence[str] = (),
    baseline: str | None = None,
    note: str = "",
) -> go.Figure:
    """Return runs as lines over an axis for each column of `dims`, coloured by the numbers of `color`.

    Axes can be brushed and dragged. A run that lacks a value stands at `none`, below the others. Where runs are
    `selected` (or a `baseline` is named) these keep their colour and the others turn grey.
    """
    import plotly.graph_objects as go

    title = f"Params and {_label(color)}"
    columns = [name for name in dict.fromkeys([*dims, color]) if name in frame and frame[name].notna().any()]
    if color not in columns or len(columns) < 2 or not len(frame):
        return missing(title, f"there is nothing to draw: it takes runs with params and {_label(color)}")
    values = placed(frame[color])[0]
    kept = frame[values.notna()]
    values = values[values.notna()]
    figure = new_figure(plain(title, 80), "", height=420)
    marked = kept.index.isin([*selected, *([baseline] if baseline else [])])
    line: dict[str, Any] = {"color": packed(values), "colorscale": _SCALE}
    line |= {"showscale": True, "colorbar": {"title": {"text": plain(_label(color), WIDEST)}, "thickness": 14}}
    if marked.any():
        line = {"color": packed(marked), "colorscale": [[0, "#B0B0B0"], [1, PALETTE[1]]], "cmin": 0, "cmax": 1}
    figure.add_trace(
        go.Parcoords(
            dimensions=[_dimension(kept[name], name) for name in columns],
            line=line,
            labelangle=0,
            unselected={"line": {"color": QUIET, "opacity": 0.08}},
        )
    )
    figure.update_layout(margin={"l": 80, "r": 40, "t": 110, "b": 30})
    if note:
        say(figure, plain(note))
    best = f", from {_ranges(kept, color)}"
    names = ", ".join(_label(name) for name in columns)
    return described(figure, f"Parallel coordinates of {len(kept):,} runs over {names}{best}. {sentence([note])}")


def placed(column: pandas.Series[Any]) -> tuple[pandas.Series[Any], dict[str, Any]]:
    """Return a column as numbers, and the ticks that its axis needs.

    Numbers and times stay (what 32 bits cannot hold is none); of texts each different one has a place, in order, and
    where there are more than `MOST_VALUES` the rarest share the last place.
    """
    import pandas

    if pandas.api.types.is_datetime64_any_dtype(column):
        seconds = (column - column.min()).dt.total_seconds()
        return seconds, {}
    if pandas.api.types.is_bool_dtype(column) or not pandas.api.types.is_numeric_dtype(column):
        numbers = pandas.to_numeric(column.map(lambda one: None if isinstance(one, bool | str) else one), "coerce")
        if not numbers.notna().equals(column.notna()):
            return _places(column)
        column = numbers
    return drawable(column), {}


def names_of(frame: pandas.DataFrame) -> list[str]:
    """Return what hovers call each run: the first digits of its id and its name, escaped."""
    names = frame["attributes.name"] if "attributes.name" in frame else [None] * len(frame)
    return [
        plain(f"{str(run)[:8]} {name}" if isinstance(name, str) else str(run)[:8], 48)
        for run, name in zip(frame.index, names, strict=True)
    ]


def _places(column: pandas.Series[Any]) -> tuple[pandas.Series[Any], dict[str, Any]]:
    texts = column.dropna().map(str)
    counts = texts.value_counts()
    kept = sorted(counts.index[: MOST_VALUES if len(counts) <= MOST_VALUES else MOST_VALUES - 1])
    place = {text: float(at) for at, text in enumerate(kept)}
    labels = [plain(text, 24) for text in kept]
    if len(counts) > len(kept):
        labels.append(f"{len(counts) - len(kept)} others")
    found = texts.map(lambda text: place.get(text, float(len(kept)))).reindex(column.index)
    return found, {"tickvals": list(range(len(labels))), "ticktext": labels}


def is_wide(column: pandas.Series[Any]) -> bool:
    """Return whether numbers of a column are read on a logarithmic axis: all above 0, over a factor of 100 or more."""
    values, ticks = placed(column)
    return not ticks and bool((values.dropna() > 0).all()) and bool(values.max() >= 100 * values.min())


def _dimension(column: pandas.Series[Any], name: str) -> dict[str, Any]:
    import numpy as np

    values, ticks = placed(column)
    shown, texts = ticks.get("tickvals"), ticks.get("ticktext")
    wide = is_wide(column)
    values = np.log10(values) if wide else values
    low, high = float(values.min()), float(values.max())
    if shown is None:
        shown = sorted(values.dropna().unique().tolist())
        if len(shown) > MOST_TICKS:
            shown = [low + (high - low) * part / 4 for part in range(5)]
        texts = [number(float(f"{10**step if wide else step:.3g}")) for step in shown]
    lacking = bool(values.isna().any())
    gap = (high - low) / 8 or 1.0
    return {
        "label": plain(_label(name), 24),
        "values": packed(values.fillna(low - gap)),
        "range": [low - (gap if lacking else 0), high if high > low else low + 1],
        "tickvals": [*([low - gap] if lacking else []), *shown],
        # Unlike all other text, plotly draws these as they are.
        "ticktext": [*(["none"] if lacking else []), *map(unescape, texts or [])],
    }


def _colored(column: pandas.Series[Any], name: str) -> dict[str, Any]:
    import numpy as np

    values, ticks = placed(column)
    bar: dict[str, Any] = {"title": {"text": plain(_label(name), WIDEST)}, "thickness": 14, **ticks}
    if is_wide(column):
        values = np.log10(values)
        steps = list(np.linspace(values.min(), values.max(), 5))
        bar |= {"tickvals": steps, "ticktext": [number(float(f"{10**step:.3g}")) for step in steps]}
    return {"color": packed(values), "colorscale": _SCALE, "showscale": True, "colorbar": bar}


def _sizes(values: pandas.Series[Any]) -> Any:
    import numpy as np

    low, high = values.min(), values.max()
    share = (values - low) / (high - low) if high > low else values * 0 + 0.5
    return np.round(6 + 14 * np.sqrt(share.fillna(0).to_numpy()), 1)


def _front(
    xs: Any, ys: Any, x: str, y: str, pareto: Sequence[tuple[str, str]]
) -> tuple[list[float], list[float]] | None:
    """Return the runs that none beats in both directions, in the order of x."""
    wanted = dict(pareto)
    if set(wanted) != {x, y} or x == y:
        return None
    signs = [1.0 if wanted[name] == "min" else -1.0 for name in (x, y)]
    points = sorted(zip((xs * signs[0]).tolist(), (ys * signs[1]).tolist(), strict=True))
    kept: list[tuple[float, float]] = []
    for point in points:
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    return [one * signs[0] for one, _ in kept], [two * signs[1] for _, two in kept]


def _label(name: str) -> str:
    return name.split(".", 1)[-1]


def _ranges(frame: pandas.DataFrame, name: str) -> str:
    values, ticks = placed(frame[name])
    if ticks:
        return f"{_label(name)} with {frame[name].nunique()} values"
    return f"{_label(name)} {number(float(values.min()))} to {number(float(values.max()))}"
