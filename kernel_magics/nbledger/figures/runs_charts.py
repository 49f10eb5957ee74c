"""Runs against each other: a scatter of two columns with its Pareto front, parallel coordinates of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import WIDEST, number, plain, sentence, shortened
from nbledger.figures.theme import QUIET, SCALE, SYMBOLS, drawable, missing, new_figure, packed, say

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

#: A column of text with more different values than this is not drawn with one place for each.
MOST_VALUES = 30
MOST_TICKS, _SNAPS = 8, 10
_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "s"))
_GREY = "#B0B0B0"
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
    baseline: str | None = None,
    note: str = "",
) -> go.Figure:
    """Return runs as points; columns are those of `source.runs_frame`, the index is the run's id.

    `pareto` are pairs of a column and `min` or `max` (both of `x` and `y`): the runs that no other beats in both are
    joined by a line. `selected` are ids drawn as large squares, and the others fade; a ring is around the `baseline`.
    Runs without a number in `x` or `y` are left out, and the figure says how many.
    """
    title = f"{_label(y)} by {_label(x)}"
    if x not in frame or y not in frame:
        return missing(title, f"no run has {_label(y if y not in frame else x)}")
    xs, x_ticks = placed(frame[x])
    ys, y_ticks = placed(frame[y])
    keep = xs.notna() & ys.notna() & ((xs > 0) | (not log_x)) & ((ys > 0) | (not log_y))
    named = dict.fromkeys(name for name in ("attributes.name", x, y, color, size) if name in frame)
    xs, ys, kept = xs[keep], ys[keep], frame.loc[keep, list(named)]
    if not len(kept):
        return missing(title, f"no run has both {_label(x)} and {_label(y)}")
    traces, axis = _runs_as_points(kept, (xs, x), (ys, y), color, size, selected)
    if baseline in kept.index:
        traces.append(_ring(xs[[baseline]], ys[[baseline]]))
    front = _front(xs, ys, x, y, pareto)
    if front is not None:
        traces.append(_front_line(*front))
    left_out = len(frame) - len(kept)
    words = [note] if note else []
    same = _same(kept, color) if color is not None and color in kept else ""
    if same:
        words.append(f"{_label(str(color))} is {same} in all of them")
    if left_out:
        words.append(f"{left_out:,} {'runs have' if left_out > 1 else 'run has'} no such number, left out")
    text = f"Scatter of {len(kept):,} runs: {_ranges(kept, x)} across, {_ranges(kept, y)} up"
    if front is not None:
        text += f"; {len(front[0])} of them on the Pareto front"
    layout = {
        "xaxis": {"title": {"text": plain(_titled(kept, x), 60)}, **_scale(xs, x_ticks, log=log_x)},
        "yaxis": {"title": {"text": plain(_titled(kept, y), 60)}, **_scale(ys, y_ticks, log=log_y)},
        **axis,
    }
    return new_figure(
        plain(title, 80), f"{text}. {sentence(words)}", traces=traces, remark=plain("; ".join(words)), layout=layout
    )


def parallel_coordinates(
    frame: pandas.DataFrame,
    dims: Sequence[str],
    color: str,
    *,
    selected: Sequence[str] = (),
    baseline: str | None = None,
    brushes: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    note: str = "",
) -> go.Figure:
    """Return runs as lines over an axis for each column of `dims`, coloured by the numbers of `color`.

    Axes can be brushed and dragged. A run that lacks a value stands at `none`, below the others. Where runs are
    `selected` (or a `baseline` is named) these keep their colour and the others turn grey. `brushes` are ranges on
    axes, by column, in the numbers of the figure.
    """
    title = f"Params and {_label(color)}"
    values = placed(frame[color])[0] if color in frame else frame.index.to_series().map(lambda _: None)
    kept = frame[values.notna()]
    values = values[values.notna()]
    known = [name for name in dict.fromkeys([*dims, color]) if name in kept and kept[name].notna().any()]
    columns = [name for name in known if name == color or len(kept) == 1 or not _same(kept, name)]
    if len(columns) < 2:
        why = (
            f"params are the same in all runs with {_label(color)}"
            if len(known) > 1
            else (f"there is nothing to draw: it takes runs with params and {_label(color)}")
        )
        return missing(title, why)
    marked = kept.index.isin([*selected, *([baseline] if baseline else [])])
    dimensions = [_dimension(kept[name], name) for name in columns]
    for dimension in dimensions:
        if dimension["name"] in (brushes or {}):
            dimension |= {"constraintrange": (brushes or {})[dimension["name"]], "multiselect": True}
    lines = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": _lines(values, marked) | {"colorbar": _bar(kept, color)},
        "customdata": list(kept.index),
        "labelangle": 0,
        "unselected": {"line": {"color": QUIET, "opacity": 0.08}},
    }
    words = [note] if note else []
    if len(columns) < len(known):
        left = ", ".join(f"{_label(name)} {_same(kept, name)}" for name in known if name not in columns)
        words.append(f"the same in all runs, left out: {shortened(left, 120)}")
    best = f", from {_ranges(kept, color)}"
    names = ", ".join(_label(name) for name in columns)
    text = f"Parallel coordinates of {len(kept):,} runs over {names}{best}. {sentence(words)}"
    figure = new_figure(plain(title, 80), text, height=420, traces=[lines])
    figure.update_layout(margin={"l": 80, "r": 40, "t": 110, "b": 30})
    return say(figure, plain("; ".join(words))) if words else figure


def _lines(values: pandas.Series[Any], marked: Any) -> dict[str, Any]:
    """Return how lines are coloured: by the values; where some are marked, the others are grey, below the scale."""
    if not marked.any():
        return {"color": packed(values), "colorscale": _SCALE, "showscale": float(values.min()) < float(values.max())}
    low, high = float(values.min()), float(values.max())
    gap = 0.06 * ((high - low) or abs(high) or 1.0)
    high = high if high > low else low + gap
    foot = gap / (high - low + gap)
    scale = [[0, _GREY], [foot, _GREY], *([foot + (1 - foot) * place, color] for place, color in SCALE)]
    colors = packed(values.where(marked, low - gap))
    return {"color": colors, "colorscale": scale, "cmin": low - gap, "cmax": high, "showscale": True}


def placed(column: pandas.Series[Any]) -> tuple[pandas.Series[Any], dict[str, Any]]:
    """Return a column as numbers, and the ticks that its axis needs.

    Times are counted from the first one, in the unit that `_titled` names. Numbers stay (what 32 bits cannot hold is
    none); of texts each different one has a place, in order, and where there are more than `MOST_VALUES` the rarest
    share the last place.
    """
    import pandas

    if pandas.api.types.is_datetime64_any_dtype(column):
        return (column - column.min()).dt.total_seconds() / _unit(column)[0], {}
    if isinstance(column.dtype, pandas.StringDtype) and column.notna().any():
        return _places(column)
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
    found = texts.map(place).astype("float64").fillna(float(len(kept))).reindex(column.index)
    return found, {"tickvals": list(range(len(labels))), "ticktext": labels}


def is_wide(column: pandas.Series[Any]) -> bool:
    """Return whether numbers of a column are read on a logarithmic axis.

    They are all above 0, over a factor of 100 or more, and most of them lie in the lowest part.
    """
    values, ticks = placed(column)
    if ticks or not bool((values.dropna() > 0).all()):
        return False
    return bool(values.max() >= 100 * values.min()) and bool(values.max() >= 8 * values.median())


def _dimension(column: pandas.Series[Any], name: str) -> dict[str, Any]:
    import numpy as np

    values, ticks = placed(column)
    shown, texts = ticks.get("tickvals"), ticks.get("ticktext")
    wide = is_wide(column)
    values = np.log10(values) if wide else values
    low, high = float(values.min()), float(values.max())
    if shown is None:
        shown = sorted(values.dropna().unique().tolist())
        every = 1
        if len(shown) > MOST_TICKS:
            # A brush snaps to ticks: between those with a text there are some of spaces, as no two may have the same.
            every, shown = _SNAPS, [low + (high - low) * part / (4 * _SNAPS) for part in range(4 * _SNAPS + 1)]
        texts = [
            " " * at if at % every else number(float(f"{10**step if wide else step:.3g}"))
            for at, step in enumerate(shown)
        ]
    lacking = bool(values.isna().any())
    gap = (high - low) / 8 or 1.0
    return {
        "label": plain(_label(name), 24),
        "name": plain(name),
        "values": packed(values.fillna(low - gap)),
        "range": [low - (gap if lacking else 0), high if high > low else low + 1],
        "tickvals": [*([low - gap] if lacking else []), *shown],
        # Unlike all other text, plotly draws these as they are.
        "ticktext": [*(["none"] if lacking else []), *map(unescape, texts or [])],
    }


def _colored(runs: pandas.DataFrame, name: str | None) -> tuple[Any, dict[str, Any] | None]:
    """Return the numbers of a column for colours and the axis that reads them; no axis where there are none."""
    import numpy as np

    if name is None or name not in runs or not runs[name].notna().any():
        return None, None
    values, ticks = placed(runs[name])
    if _same(runs, name):
        return None, None
    bar = _bar(runs, name) | ticks
    shown = sorted(values.dropna().unique().tolist())
    if not ticks and len(shown) <= MOST_TICKS and all(one == int(one) for one in shown):
        bar |= {"tickvals": shown, "ticktext": [number(int(one)) for one in shown]}
    if is_wide(runs[name]):
        values = np.log10(values)
        steps = list(np.linspace(values.min(), values.max(), 5))
        bar |= {"tickvals": steps, "ticktext": [number(float(f"{10**step:.3g}")) for step in steps]}
    return packed(values), {"colorscale": _SCALE, "colorbar": bar}


def _sizes(runs: pandas.DataFrame, name: str | None, part: Any, *, mine: bool) -> Any:
    """Return how large the points of a part are: by a column's numbers, the selected ones larger."""
    import numpy as np

    if name is None or name not in runs:
        return 14 if mine else 9
    values = placed(runs[name])[0]
    low, high = values.min(), values.max()
    share = (values - low) / (high - low) if high > low else values * 0 + 0.5
    return np.round((6 + 14 * np.sqrt(share.fillna(0).to_numpy()[part])) * (1.3 if mine else 1), 1)


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


def _runs_as_points(
    runs: pandas.DataFrame,
    x: tuple[Any, str],
    y: tuple[Any, str],
    color: str | None,
    size: str | None,
    selected: Sequence[str],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the runs as points, those selected after the others, and the layout of their colours' scale."""
    chosen = runs.index.isin(list(selected))
    colors, axis = _colored(runs, color)
    names = names_of(runs)
    traces = []
    for mine in (False, True):
        part = chosen == mine
        if part.any():
            look = {"size": _sizes(runs, size, part, mine=mine)}
            if axis:
                look |= {"color": colors[part], "coloraxis": "coloraxis"}
            hovers = [name for name, shown in zip(names, part, strict=True) if shown]
            traces.append(_points((x[0][part], x[1]), (y[0][part], y[1]), hovers, look, mine, fades=bool(chosen.any())))
    return traces, {"coloraxis": axis} if axis else {}


def _points(
    x: tuple[Any, str], y: tuple[Any, str], hovers: list[str], look: dict[str, Any], mine: bool, *, fades: bool
) -> dict[str, Any]:
    """Return the points of the selected runs, or of the others, which fade where some are selected."""
    edge = {"width": 1, "color": "rgba(128,128,128,0.6)"}
    found = {
        "type": "scatter",
        "x": packed(x[0]),
        "y": packed(y[0]),
        "mode": "markers",
        "name": "selected" if mine else "not selected",
        "marker": {"symbol": SYMBOLS[1 if mine else 0], "opacity": 0.8, "line": edge, **look},
        "customdata": list(x[0].index),
        "hovertext": hovers,
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 0.35}},
        "hovertemplate": f"%{{hovertext}}<br>{plain(_label(x[1]), WIDEST)} = %{{x}}<br>"
        f"{plain(_label(y[1]), WIDEST)} = %{{y}}<extra></extra>",
        "showlegend": False,
    }
    return found | ({"selectedpoints": list(range(len(hovers))) if mine else []} if fades else {})


def _ring(x: Any, y: Any) -> dict[str, Any]:
    marker = {"symbol": "circle-open", "size": 20, "color": QUIET, "line": {"width": 2}}
    look = {"type": "scatter", "name": "baseline", "mode": "markers", "marker": marker, "hoverinfo": "skip"}
    return look | {"x": packed(x), "y": packed(y)}


def _front_line(xs: list[float], ys: list[float]) -> dict[str, Any]:
    line = {"color": QUIET, "dash": "dot", "width": 2}
    look = {"type": "scatter", "name": "Pareto front", "mode": "lines", "line": line, "hoverinfo": "skip"}
    return look | {"x": packed(xs), "y": packed(ys)}


def _label(name: str) -> str:
    return name.split(".", 1)[-1]


def _titled(frame: pandas.DataFrame, name: str) -> str:
    """Return a column's name with the unit of its numbers, where that is known."""
    import pandas

    if name == "attributes.duration":
        return f"{_label(name)}, s"
    if pandas.api.types.is_datetime64_any_dtype(frame[name]):
        return f"{_label(name)}, {_unit(frame[name])[1]} after the first run"
    return _label(name)


def _unit(times: pandas.Series[Any]) -> tuple[float, str]:
    """Return the unit in which times that lie so far apart are told, in seconds and by name."""
    span = (times.max() - times.min()).total_seconds()
    return next(((size, unit) for size, unit in _UNITS if span >= 3 * size), _UNITS[-1])


def _scale(values: pandas.Series[Any], ticks: dict[str, Any], *, log: bool) -> dict[str, Any]:
    """Return an axis' scale and ticks: a few whole numbers have one each.

    A logarithmic one has its powers of ten, and of few of them 2 and 5 as well.
    """
    if not log:
        few = float(values.max()) - float(values.min()) <= MOST_TICKS and all(
            one == int(one) for one in values.unique()
        )
        return {"type": "linear", **({"dtick": 1} if few else {}), **ticks}
    return {"type": "log", "dtick": 1 if float(values.max()) >= 50 * float(values.min()) else "D2", **ticks}


def _same(frame: pandas.DataFrame, name: str) -> str:
    """Return the value of a column that is the same in all runs; an empty text where it is not."""
    values = frame[name]
    first = values.iloc[0]
    return "" if bool(values.isna().any()) or bool((values != first).any()) else number(first)


def _bar(frame: pandas.DataFrame, name: str) -> dict[str, Any]:
    """Return the look of the bar that reads a column's colours."""
    return {"title": {"text": plain(_titled(frame, name), WIDEST), "font": {"size": 13}}, "thickness": 14}


def _ranges(frame: pandas.DataFrame, name: str) -> str:
    values, ticks = placed(frame[name])
    if ticks:
        return f"{_label(name)} with {frame[name].nunique()} values"
    return f"{_label(name)} {number(float(values.min()))} to {number(float(values.max()))}"
