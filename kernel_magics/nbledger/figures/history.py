"""How the aliases of a model moved between its versions, over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import plain, sentence, shortened
from nbledger.figures.theme import described, missing, new_figure, say, series
from nbledger.tables import many, when

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.records import AliasEvent

MOST_EVENTS = 500
MOST_ALIASES = 12
#: Seconds that an axis of time shows at least.
_LEAST_SPAN = 60.0
_MOVES = {"up": "triangle-up", "down": "triangle-down", "away": "x-open"}


def history_timeline(
    events: Sequence[AliasEvent], *, title: str = "History of aliases", until: float | None = None
) -> go.Figure:
    """Return which version each alias stood at, over time: a line an alias, a marker a move.

    A move to a lower number (as a rollback is) points down, an alias taken away is a hollow cross and its line ends.
    Lines of aliases that still hold go on to `until` (seconds since the epoch). Of more than 500 events the newest are
    drawn, and the figure says so.
    """
    import plotly.graph_objects as go

    if not events:
        return missing(title, "no alias was ever set")
    ordered = sorted(events, key=lambda event: (event.time, event.id))
    recent = ordered[-MOST_EVENTS:]
    moves: dict[str, list[AliasEvent]] = {}
    for event in recent:
        moves.setdefault(event.alias, []).append(event)
    figure = new_figure(plain(title, 80), "", height=360)
    shown = list(moves.items())[:MOST_ALIASES]
    for place, (alias, own) in enumerate(shown):
        look = series(place)
        line = {"color": look["color"], "dash": look["dash"], "width": 2, "shape": "hv"}
        xs, ys, held = list[str | None](), list[int | None](), None
        for event in own:
            xs.append(_moment(event.time))
            ys.append(event.number if event.number is not None else held)
            held = event.number
            if held is None:  # the line ends where the alias was taken away
                xs.append(None)
                ys.append(None)
        if held is not None and until is not None and until > own[-1].time:
            xs.append(_moment(until))
            ys.append(held)
        path = go.Scatter(x=xs, y=ys, mode="lines", line=line, name=f"@{plain(alias, 40)}", legendgroup=str(place))
        figure.add_trace(path.update(hoverinfo="skip", connectgaps=False))
        figure.add_trace(_marks(go, own, look["color"], str(place)))
    numbers = sorted({event.number for event in recent if event.number is not None})
    figure.update_xaxes(type="date", **_reach(recent[0].time, max(recent[-1].time, until or 0.0)))
    figure.update_yaxes(title_text="version", rangemode="tozero")
    if len(numbers) <= 20:
        figure.update_yaxes(tickvals=numbers)
    figure.update_layout(showlegend=True)
    words = [f"the newest {MOST_EVENTS} of {len(ordered):,} moves"] if len(recent) < len(ordered) else []
    words += [f"{len(shown)} of {len(moves)} aliases"] if len(shown) < len(moves) else []
    if words:
        say(figure, "; ".join(words))
    return described(figure, f"{title}: {_told(recent, dict(shown))}. {sentence(words)}")


def _marks(go: Any, own: Sequence[AliasEvent], color: str, group: str) -> Any:
    xs, ys, symbols, hovers = [], [], [], []
    held: int | None = None
    for event in own:
        way = "away" if event.number is None else "down" if held is not None and event.number < held else "up"
        xs.append(_moment(event.time))
        ys.append(held if event.number is None else event.number)
        symbols.append(_MOVES[way])
        held = event.number
        said = "taken away" if event.number is None else f"version {event.number}"
        lines = [f"@{shortened(event.alias, 40)}: {said}", f"{when(event.time)} by {event.who}", event.reason]
        hovers.append("<br>".join(plain(line, 90) for line in lines if line))
    marker = {"symbol": symbols, "size": 11, "color": color}
    shown = go.Scatter(x=xs, y=ys, mode="markers", marker=marker, customdata=hovers, showlegend=False)
    return shown.update(legendgroup=group, hovertemplate="%{customdata}<extra></extra>")


def _reach(first: float, last: float) -> dict[str, Any]:
    """Return the range of an axis whose moves lie so near together that it would have fractions of a second."""
    if last - first >= _LEAST_SPAN:
        return {}
    middle = (first + last) / 2
    return {"range": [_moment(middle - _LEAST_SPAN / 2), _moment(middle + _LEAST_SPAN / 2)]}


def _moment(seconds: float) -> str:
    """Return a local time that keeps moves within a second apart, and in their order."""
    return datetime.fromtimestamp(seconds).isoformat(" ", "microseconds")  # noqa: DTZ006 - local, as `when` is


def _told(recent: Sequence[AliasEvent], shown: dict[str, list[AliasEvent]]) -> str:
    stands = [
        f"{alias} at version {own[-1].number}" if own[-1].number is not None else f"{alias} taken away"
        for alias, own in shown.items()
    ]
    span = f"from {when(recent[0].time)} to {when(recent[-1].time)}"
    return f"{many(len(recent), 'move')} {span}; now {', '.join(stands)}"


__all__ = ["history_timeline"]
