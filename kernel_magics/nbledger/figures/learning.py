"""Learning curves: a metric over steps or time, smoothed, one line a run or a band over repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nbledger.figures.text import number, plain, sentence
from nbledger.figures.theme import drawable, missing, new_figure, packed, series

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

#: Arrays of one length: `x`, `value`, and where there is a band `low` and `high`.
Line = dict[str, Any]
_BANDS = {"std": "bands: one standard deviation", "minmax": "bands: least to greatest"}
_BEHIND = {"type": "scatter", "hoverinfo": "skip", "showlegend": False}
MOST_LINES, MOST_POINTS, LEGIBLE = 60, 200, 12


def learning_curves(
    curves: pandas.DataFrame,
    metric: str,
    *,
    smoothing: float = 0.0,
    x: Literal["step", "time", "log step"] = "step",
    band: Literal["none", "std", "minmax"] = "none",
    group: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    selected: Sequence[str] = (),
) -> go.Figure:
    """Return a metric over steps, or over seconds since its first value, from a frame as `source.curves` gives.

    `smoothing` (0 to 0.99) is the weight of what came before in an exponential mean, bias corrected; unsmoothed lines
    stay visible behind. `group` names each run's group: its runs become one mean line, with a `band` of one standard
    deviation or from least to greatest. `names` is what runs are called; those `selected` are drawn first and
    thicker, the others fade. Long curves are thinned, and it says so.
    """
    if not len(curves) or not curves["value"].notna().any():
        return missing(metric, "no run has values of it at several steps")
    curves = curves.assign(value=drawable(curves["value"]))
    over = "time" if x == "time" else "step"
    smoothing = min(max(smoothing, 0.0), 0.99)
    lines = _grouped(curves, over, group, band) if group else _single(curves, over)
    chosen = {group.get(run, run) for run in selected} if group else set(selected)
    chosen &= set(lines)
    shown = dict(sorted(lines.items(), key=lambda item: item[0] not in chosen)[:MOST_LINES])
    legend = set(shown) if len(shown) <= LEGIBLE else chosen if len(chosen) <= LEGIBLE else set()
    thinned, ends = False, {}
    traces: list[dict[str, Any]] = []
    for place, (key, whole) in enumerate(shown.items()):
        look, name = series(place), plain((names or {}).get(key, key), 40)
        step = -(-len(whole["x"]) // MOST_POINTS) or 1
        thinned = thinned or step > 1
        found = whole | {"value": _smoothed(whole["value"], smoothing), "raw": whole["value"]}
        line = {part: values[::step] for part, values in found.items()}
        stroke = {"color": look["color"], "dash": look["dash"], "width": 2 if len(shown) <= LEGIBLE else 1}
        if key in chosen:
            stroke["width"] = 3
        if "low" in line:
            traces.append(_band(line, look["color"], str(place)))
        elif smoothing and len(shown) <= LEGIBLE:
            faint = {"color": look["color"], "width": 1}
            raw = {"x": packed(line["x"]), "y": packed(line["raw"]), "mode": "lines", "line": faint, "opacity": 0.3}
            traces.append(raw | _BEHIND | {"legendgroup": str(place)})
        drawn = _curve(line, name, stroke, look["symbol"]) | {"legendgroup": str(place), "showlegend": key in legend}
        drawn |= {"meta": None if group else {"run": plain(key)}, "opacity": 0.3 if chosen and key not in chosen else 1}
        traces.append(drawn)
        last = line["value"][line["value"] == line["value"]]
        if len(last):
            ends[(names or {}).get(key, key)] = float(last[-1])
    words = [f"smoothed by {smoothing:g}"] if smoothing else []
    words += [_BANDS[band]] if group and band in _BANDS else []
    words += [f"{len(shown)} of {len(lines):,} curves"] if len(shown) < len(lines) else []
    words += [f"at most {MOST_POINTS} points a curve"] if thinned else []
    layout = {
        "xaxis": {
            "title": {"text": "seconds" if over == "time" else "step"},
            "type": "log" if x == "log step" else "linear",
        },
        "yaxis": {"title": {"text": plain(metric, 60)}},
        "showlegend": bool(legend),
    }
    told = _described(metric, over, len(shown), ends, words)
    return new_figure(plain(metric, 60), told, traces=traces, remark="; ".join(words), layout=layout)


def _single(curves: pandas.DataFrame, over: str) -> dict[str, Line]:
    """Return each run's line, in the order of the runs."""
    parts = {
        run: {"x": part[over].to_numpy(), "value": part["value"].to_numpy()}
        for run, part in curves.sort_values(over, kind="stable").groupby("run", sort=False)
    }
    return {str(run): parts[run] for run in curves["run"].unique()}


def _grouped(curves: pandas.DataFrame, over: str, group: Mapping[str, str], band: str) -> dict[str, Line]:
    found = {}
    owners = curves["run"].map(lambda run: group.get(run, run))
    for key, part in curves.groupby(owners, sort=False):
        values = part.groupby(over)["value"]
        mean = values.mean()
        line = {"x": mean.index.to_numpy(), "value": mean.to_numpy()}
        if band == "std":
            spread = values.std().fillna(0).to_numpy()
            line |= {"low": line["value"] - spread, "high": line["value"] + spread}
        elif band == "minmax":
            line |= {"low": values.min().to_numpy(), "high": values.max().to_numpy()}
        found[str(key)] = line
    return found


def _smoothed(values: Any, weight: float) -> Any:
    import pandas

    if not weight:
        return values
    return pandas.Series(values).ewm(alpha=1 - weight, adjust=True, ignore_na=True).mean().to_numpy()


def _curve(line: Line, name: str, stroke: dict[str, Any], symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": packed(line["x"]),
        "y": packed(line["value"]),
        "mode": "lines+markers" if len(line["x"]) <= 20 else "lines",
        "line": stroke,
        "marker": {"symbol": symbol, "size": 6},
        "name": name,
        "hovertemplate": "%{x:.5~g}: %{y:.5~g}",
    }


def _band(line: Line, color: str, group: str) -> dict[str, Any]:
    import numpy as np

    xs = np.r_[line["x"], line["x"][::-1]]
    ys = np.r_[line["high"], line["low"][::-1]]
    look = {"fill": "toself", "fillcolor": color, "opacity": 0.2, "mode": "none", "legendgroup": group}
    return {"x": packed(xs), "y": packed(ys)} | look | _BEHIND


def _described(metric: str, over: str, count: int, ends: Mapping[str, float], words: list[str]) -> str:
    text = f"{metric} over {over} of {count} {'curve' if count == 1 else 'curves'}"
    if ends:
        low, high = min(ends, key=ends.__getitem__), max(ends, key=ends.__getitem__)
        text += f", at the end from {number(ends[low])} ({low}) to {number(ends[high])} ({high})"
    return f"{text}. {sentence(words)}".strip()
