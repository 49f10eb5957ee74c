"""One metric over a few runs, with its intervals, and a mark where runs were not judged on the same data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import number, plain, sentence
from nbledger.figures.theme import PALETTE, QUIET, described, drawable, missing, new_figure, packed, say

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

MOST_RUNS = 40


def metric_bars(
    intervals: pandas.DataFrame,
    metric: str,
    *,
    baseline: str | None = None,
    selected: Sequence[str] = (),
    note: str = "",
) -> go.Figure:
    """Return a metric's values as points with their 95 percent intervals, a run a line, in the order of the frame.

    `intervals` has the columns `value`, `low`, `high` (a number each, or none) and `same_data` (whether the run was
    judged on the same data as those that it is held against); its index is how a run is called. Runs that were judged
    on other data are hollow crosses and say so; the `baseline` (one of the index) has a line through it. A column
    `run` may hold their ids; those `selected` are larger.
    """
    import plotly.graph_objects as go

    found = intervals.assign(**{name: drawable(intervals[name]) for name in ("value", "low", "high")})
    found = found[found["value"].notna()]
    if not len(found):
        return missing(metric, "no run has a number for it")
    shown = found.iloc[:MOST_RUNS]
    figure = new_figure(plain(metric, 60), "", height=170 + 26 * len(shown))
    places = list(range(len(shown)))
    for fair, name, look in (
        (True, "judged on the same data", {"color": PALETTE[0], "symbol": "circle", "size": 10}),
        (False, "judged on other data: not compared", {"color": PALETTE[1], "symbol": "x-open", "size": 11}),
    ):
        part = shown["same_data"].astype(bool).to_numpy() == fair
        if part.any():
            figure.add_trace(
                _points(
                    go, shown[part], [at for at, one in zip(places, part, strict=True) if one], name, look, selected
                )
            )
    base = shown["value"][shown.index == baseline]
    if len(base):
        figure.add_vline(x=float(base.iloc[0]), line={"color": QUIET, "dash": "dot", "width": 1})
    unfair = int((~shown["same_data"].astype(bool)).sum())
    figure.update_yaxes(
        tickvals=places,
        ticktext=[plain(name, 40) for name in shown.index],
        autorange="reversed",
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(title_text=plain(metric, 60))
    figure.update_layout(showlegend=bool(unfair))
    bounded = shown["low"].notna().any()
    words = ["bars: 95 % intervals over the judged rows"] if bounded else []
    if len(found) > len(shown):
        words.append(f"the first {len(shown)} of {len(found):,} runs")
    words += [note] if note else []
    if words:
        say(figure, plain("; ".join(words)))
    return described(figure, _described(found, metric, unfair, words))


def _points(
    go: Any, part: pandas.DataFrame, places: list[int], name: str, look: dict[str, Any], selected: Sequence[str]
) -> Any:
    chosen = part["run"].isin(list(selected)).tolist() if "run" in part else []
    error = None
    if part["low"].notna().any():
        above = packed((part["high"] - part["value"]).astype("float64").clip(lower=0))
        below = packed((part["value"] - part["low"]).astype("float64").clip(lower=0))
        error = {"type": "data", "array": above, "arrayminus": below, "symmetric": False, "thickness": 2, "width": 5}
    return go.Scatter(
        x=packed(part["value"]),
        y=places,
        error_x=error,
        mode="markers",
        marker=look | {"size": [look["size"] + 6 * one for one in chosen]} if any(chosen) else look,
        name=name,
        customdata=list(part["run"]) if "run" in part else None,
        hovertemplate="%{x:.5~g}<extra></extra>",
    )


def _described(found: pandas.DataFrame, metric: str, unfair: int, words: list[str]) -> str:
    values = found["value"].astype("float64")
    text = f"{metric} of {len(found):,} runs, from {number(float(values.min()))} ({values.idxmin()})"
    text += f" to {number(float(values.max()))} ({values.idxmax()})"
    if unfair:
        text += f"; {unfair} of them judged on other data, marked and not to be compared"
    return f"{text}. {sentence(words)}".strip()
