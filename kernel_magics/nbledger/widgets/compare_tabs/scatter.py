"""A scatter of the runs that fit: any two columns, with colour, size and the runs on the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.registry.best import is_minimized
from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option, one_of
from nbledger.widgets.compare_tabs.tab import Tab

if TYPE_CHECKING:
    import plotly.graph_objects as go

_FRONTS = (
    ("as their names say", "auto"),
    ("none", "none"),
    ("less x, less y", "min min"),
    ("less x, more y", "min max"),
    ("more x, less y", "max min"),
    ("more x, more y", "max max"),
)
_SCALES = (("as the values need", "auto"), ("linear", "linear"), ("logarithmic", "log"))


class Scatter(Tab):
    """Two columns against each other; runs are chosen by a click, a box or a lasso."""

    key = "scatter"
    title = "Scatter"
    links = True

    def options(self) -> Sequence[Option]:
        """Return what stands on x, y, colour and size, and which way is better."""
        from nbledger.figures.runs_charts import placed

        axes = columns.axes(self.model)
        metrics = columns.metrics(self.model)
        y = next(iter(metrics), None)
        params = columns.telling(self.model, y)
        frame = self.model.frame().frame
        numbers = [name for name in params if name in frame and not placed(frame[name])[1]]
        x = next(iter([*numbers, *params, *metrics[1:]]), None) or "attributes.duration"
        colour = next((name for name in [*params, *metrics] if name not in (x, y)), None)
        none = (("none", ""),)
        return (
            one_of("x", "x", axes, default=x),
            one_of("y", "y", axes, default=y),
            one_of("color", "Colour", (*none, *axes), default=colour),
            one_of("size", "Size", (*none, *axes)),
            one_of("front", "Pareto front", _FRONTS, hint="Runs that no other beats in both; which way is better"),
            one_of("x_scale", "x is", _SCALES),
            one_of("y_scale", "y is", _SCALES),
        )

    def inputs(self) -> Any:
        """The filter, and the runs that are marked."""
        state = self.model.state
        return (state.filter, state.selected, state.baseline)

    def drawn(self) -> go.Figure:
        """Draw it."""
        from nbledger.figures.runs_charts import is_wide, scatter
        from nbledger.figures.source import note

        runs, values = self.model.frame(), self.values()
        x, y = values["x"] or "", values["y"] or ""
        log = {
            name: values[f"{axis}_scale"] == "log"
            or (values[f"{axis}_scale"] == "auto" and name in runs.frame and is_wide(runs.frame[name]))
            for axis, name in (("x", x), ("y", y))
        }
        figure = scatter(
            runs.frame,
            x,
            y,
            color=values["color"] or None,
            size=values["size"] or None,
            pareto=_front(values["front"], x, y),
            log_x=log[x],
            log_y=log[y],
            selected=self.model.state.selected,
            baseline=self.model.state.baseline,
            note=note(self.model.ledger, runs, x, y, values["color"], values["size"]),
        )
        return figure.update_layout(clickmode="event+select")


def _front(way: str, x: str, y: str) -> list[tuple[str, str]]:
    """Return which way each axis is better; by their names only where both are metrics."""
    if way == "auto":
        both = x.startswith("metrics.") and y.startswith("metrics.")
        return [(name, "min" if is_minimized(name) else "max") for name in (x, y)] if both else []
    return [] if way == "none" else list(zip((x, y), way.split(), strict=True))


__all__ = ["Scatter"]
