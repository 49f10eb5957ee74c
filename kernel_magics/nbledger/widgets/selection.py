"""What was chosen in a chart, told by the front end: one message a choice, as the data of a comm that opens and closes.

The JupyterLab extension sends `{"view": id, "runs": [ids], "how": "replace" or "toggle"}`, and the `brushes` on axes
that chose the runs, if there are such. Nothing here is a connection that could break: a message for a view that is gone
does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol
from weakref import WeakValueDictionary

TARGET = "nbledger.selection"
#: A message names as many runs as a chart has points, at most.
MOST_RUNS = 10_000
MOST_AXES, MOST_RANGES = 100, 20

How = Literal["replace", "toggle"]
#: Ranges by the names of axes, as the chart's own numbers.
Brushes = dict[str, list[tuple[float, float]]]


class Chart(Protocol):
    """What shows a chart whose points are runs."""

    def picked(self, runs: Sequence[str], how: How, brushes: Brushes) -> None:
        """Take over what was chosen in the chart."""


_charts: WeakValueDictionary[str, Chart] = WeakValueDictionary()


def listen(view: str, chart: Chart) -> None:
    """Have what is chosen in the chart of a view (its id) told to `chart`, in place of the view's chart before."""
    if not _charts:
        from comm import get_comm_manager

        get_comm_manager().register_target(TARGET, _opened)
    _charts[view] = chart


def _opened(_: Any, message: dict[str, Any]) -> None:
    """Take a message as a comm's opening; what is no such message does nothing."""
    data = message.get("content", {}).get("data", {})
    view, runs, how = (data.get(name) if isinstance(data, dict) else None for name in ("view", "runs", "how"))
    chart = _charts.get(view) if isinstance(view, str) else None
    if chart is None or how not in ("replace", "toggle") or not isinstance(runs, list) or len(runs) > MOST_RUNS:
        return
    if all(isinstance(run, str) for run in runs):
        chart.picked(runs, how, _brushes(data.get("brushes")))


def _brushes(given: Any) -> Brushes:
    """Return brushes from a message; what is no range of numbers is left out."""
    found: Brushes = {}
    for name, ranges in list(given.items())[:MOST_AXES] if isinstance(given, dict) else ():
        listed = ranges[:MOST_RANGES] if isinstance(ranges, list) else []
        kept = [(float(one[0]), float(one[1])) for one in listed if _is_range(one)]
        if kept:
            found[str(name)] = kept
    return found


def _is_range(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 2 and all(type(end) in (int, float) and end - end == 0 for end in one)


__all__ = ["TARGET", "Brushes", "Chart", "How", "listen"]
