"""Parallel coordinates of the runs that fit: an axis a param, a line a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nbledger.widgets import selection
from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option, named, one_of
from nbledger.widgets.compare_tabs.tab import Tab

if TYPE_CHECKING:
    import plotly.graph_objects as go


class Parallel(Tab):
    """Params and a metric, each an axis that can be brushed.

    While what is selected is what the brushes leave, the brushes show it; any other selection is shown by colour.
    """

    key = "parallel"
    title = "Parallel coordinates"
    links = True

    def options(self) -> Sequence[Option]:
        """Return the metric that colours the lines, and the axes."""
        metrics = columns.metrics(self.model)
        axes = named([*columns.params(self.model), *metrics])
        color = one_of("color", "Coloured by", named(metrics))
        by = color.checked(self.model.option(self.key, "color"))
        return (
            color,
            Option("axes", "Axes", "many", columns.telling(self.model, by), axes, "Several with Ctrl or Shift"),
        )

    def inputs(self) -> Any:
        """The filter, the brushes, and the runs that are marked."""
        state = self.model.state
        return (state.filter, self._brushes(), self._marked())

    def drawn(self) -> go.Figure:
        """Draw it."""
        from nbledger.figures.runs_charts import parallel_coordinates
        from nbledger.figures.source import note

        runs, values, marked = self.model.frame(), self.values(), self._marked()
        return parallel_coordinates(
            runs.frame,
            values["axes"],
            values["color"] or "",
            selected=marked,
            baseline=self.model.state.baseline if marked else None,
            brushes=self._brushes(),
            note=note(self.model.ledger, runs, values["color"], *values["axes"]),
        )

    def pick(self, runs: Sequence[str], _: selection.How, brushes: selection.Brushes) -> None:
        """Keep the brushes; the chart shows what they leave, unless other runs were marked in it before."""
        others = bool(self._marked())
        own = {**self.model.state.options.get(self.key, {}), "brushes": brushes, "brushed": _digest(runs)}
        options = {**self.model.state.options, self.key: own}
        if others:
            self.model.change(selected=tuple(runs), options=options)
            return
        with self.as_shown():
            self.model.change(selected=tuple(runs), options=options)

    def _brushes(self) -> selection.Brushes:
        """Return the brushes while they are what chose the selected runs."""
        kept = self.model.option(self.key, "brushes")
        mine = self.model.option(self.key, "brushed") == _digest(self.model.state.selected)
        return kept if mine and isinstance(kept, dict) else {}

    def _marked(self) -> tuple[str, ...]:
        return () if self._brushes() else self.model.state.selected


def _digest(runs: Iterable[str]) -> str:
    """Return what tells sets of runs apart: a saved view need not hold them twice."""
    return hashlib.blake2b(",".join(sorted(runs)).encode(), digest_size=8).hexdigest()


__all__ = ["Parallel"]
