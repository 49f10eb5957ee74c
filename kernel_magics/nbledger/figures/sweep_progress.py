"""How far a sweep is: its trials in their order, and the best value so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.figures.runs_charts import names_of
from nbledger.figures.text import number, plain, sentence
from nbledger.figures.theme import PALETTE, QUIET, described, drawable, missing, new_figure, packed, say

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

_LOOKS = {
    "finished": ("finished", PALETTE[0], "circle"),
    "running": ("running", PALETTE[2], "diamond"),
    "cancelled": ("stopped early", PALETTE[4], "square"),
    "failed": ("failed", PALETTE[1], "x-open"),
}
#: So many trials have a tick each.
FEW = 10
_WAITING = ("planned", "deleted", "interrupted")


def sweep_progress(
    frame: pandas.DataFrame,
    metric: str,
    *,
    minimize: bool = False,
    total: int | None = None,
    selected: Sequence[str] = (),
    note: str = "",
) -> go.Figure:
    """Return the trials of a sweep as points in their order, with a line of the best value so far.

    `frame` is as `source.trials` gives it: the index is the trial's id, `metric` a column, `attributes.status` and
    `attributes.number` (from 0) where known. Trials without a number (failed, or before their first value) stand on the
    lower edge. Only finished trials count as best; `total` is how many are planned.
    """
    import pandas
    import plotly.graph_objects as go

    label = metric.removeprefix("metrics.")
    title = f"Sweep: {label}"
    if not len(frame):
        return missing(title, "no trial has begun")
    places = frame.get("attributes.number", pandas.Series(range(len(frame)), frame.index))
    values = drawable(frame[metric]) if metric in frame else places.astype("float64") * float("nan")
    status = frame["attributes.status"] if "attributes.status" in frame else places.map(lambda _: "finished")
    low, high = float(values.min()), float(values.max())
    known = bool(values.notna().any())
    floor = (low - 0.08 * ((high - low) or abs(low) or 1.0)) if known else 0.0
    figure = new_figure(plain(title, 80), "")
    chosen = frame.index.isin(list(selected))
    for key, (name, color, symbol) in _LOOKS.items():
        part = (status == key).to_numpy()
        if key not in ("running", "failed"):
            part = part & values.notna().to_numpy()
        if part.any():
            marker: dict[str, Any] = {"symbol": symbol, "color": color, "size": 8}
            if chosen.any():
                marker["size"] = [14 if one else 8 for one in chosen[part]]
            points = go.Scatter(x=packed(places[part]), y=packed(values[part].fillna(floor)), mode="markers")
            hover = "trial %{x:.0f}, %{hovertext}<br>" + plain(label, 32) + " = %{y:.5~g}<extra></extra>"
            shown = points.update(name=name, marker=marker, customdata=list(frame.index[part]))
            figure.add_trace(shown.update(hovertext=names_of(frame[part]), hovertemplate=hover))
    over = (status == "finished").to_numpy() & values.notna().to_numpy()
    best = _best(places[over], values[over], minimize=minimize)
    if best is not None:
        line = {"color": QUIET, "dash": "dot", "width": 2, "shape": "hv"}
        path = go.Scatter(x=packed(best[0]), y=packed(best[1]), mode="lines", line=line, name="best so far")
        figure.add_trace(path.update(hoverinfo="skip"))
    counts = status.value_counts()
    ended = int(sum(counts.get(one, 0) for one in ("finished", "failed", "cancelled")))
    words = [f"{ended:,} of {max(total or 0, len(frame)):,} trials are over"]
    words += [f"{int(counts[one]):,} {_LOOKS[one][0]}" for one in ("running", "cancelled", "failed") if one in counts]
    words += [f"{int(counts[one]):,} {one}" for one in _WAITING if one in counts]
    lacking = int((values.isna() & status.isin(["running", "failed"])).sum())
    words += [f"{lacking:,} without a value, on the lower edge"] if lacking and known else []
    words += [note] if note else []
    say(figure, plain("; ".join(words)))
    last = max(total or 0, int(places.max()) + 1)
    # Between few trials plotly would put ticks at halves; of many it marks whole ones, until somebody zooms in.
    ticks = {"dtick": 1} if last <= FEW else {}
    figure.update_xaxes(title_text="trial", range=[-0.5, last - 0.5], tickformat="~r", **ticks)
    figure.update_yaxes(title_text=plain(label, 60), visible=known)
    figure.update_layout(showlegend=True)
    text = f"{title} of {len(frame):,} trials"
    if best is not None:
        where = values[over].idxmin() if minimize else values[over].idxmax()
        text += f", the best so far {number(best[1][-1])} in trial {int(places[where])}"
    return described(figure, f"{text}. {sentence(words)}")


def _best(places: Any, values: Any, *, minimize: bool) -> tuple[list[float], list[float]] | None:
    """Return where the best value so far changed, with the last place at the end."""
    if not len(values):
        return None
    order = places.sort_values(kind="stable").index
    best = values.loc[order].cummin() if minimize else values.loc[order].cummax()
    steps = best.ne(best.shift())
    steps.iloc[-1] = True
    return places.loc[order][steps].astype("float64").tolist(), best[steps].astype("float64").tolist()


__all__ = ["sweep_progress"]
