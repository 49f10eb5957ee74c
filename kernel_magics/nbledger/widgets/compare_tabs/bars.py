"""One metric of the runs in the table with its intervals, and a mark where runs were judged on other data."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option
from nbledger.widgets.compare_tabs.tab import Tab
from nbledger.widgets.table_page import facts, usual, value_interval
from nbledger.widgets.view import later, running_loop

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.records import Run

MOST_RUNS = 20
#: Seconds that intervals may take before the figure is shown; those left follow, in as many steps as it takes.
STEP = 0.15


class Bars(Tab):
    """A metric, a run a line."""

    key = "bars"
    title = "Metrics"
    links = True
    _steps = 0

    def options(self) -> Sequence[Option]:
        """Return the metric."""
        return (columns.metric_option(self.model),)

    def inputs(self) -> Any:
        """The runs, those that are marked, and how often more intervals were computed."""
        state = self.model.state
        return (tuple(run.id for run in self._runs()), state.selected, state.baseline, self._steps)

    def drawn(self) -> go.Figure:
        """Draw it; a run is held against the baseline, without one against the data that most were judged on."""
        import pandas

        from nbledger.figures.metric_bars import metric_bars
        from nbledger.figures.theme import missing

        column = self.value("metric")
        runs = self._runs()
        if column is None or not runs:
            return missing(self.title, "no run has a metric")
        name = column.partition(".")[2]
        theirs = usual(self.model, runs[:1] if self.model.state.baseline else runs).get(name)
        rows, pending = [], False
        until = math.inf if self._box is None or running_loop() is None else time.monotonic() + STEP
        for run in runs:
            own = facts(self.model, run).judged_on.get(name)
            value = run.metrics.get(name)
            low, high, left = (
                (None, None, False) if value is None else value_interval(self.model, run, name, value, until=until)
            )
            pending = pending or left
            rows.append((run.id, value, low, high, not theirs or not own or own == theirs))
        fair = [run for run, row in zip(runs, rows, strict=True) if row[-1]]
        table = pandas.DataFrame(rows, columns=["run", "value", "low", "high", "same_data"])
        table = table.set_axis([columns.called(run) for run in runs])
        table = table.astype({"value": "float64", "low": "float64", "high": "float64"})
        baseline = columns.called(runs[0]) if self.model.state.baseline else None
        figure = metric_bars(
            table,
            name,
            baseline=baseline,
            selected=self.model.state.selected,
            note="; ".join(self._judgements(fair[0] if fair else runs[0])),
        )
        if pending:
            later(0.02, self.view.handler(self._more, clears=False))
        return figure.update_layout(clickmode="event+select")

    def _more(self) -> None:
        """Compute more intervals while the tab is open."""
        if self.model.state.tab == self.key:
            self._steps += 1
            self.refresh(frozenset({"options"}))
            self.view.changed()

    def _runs(self) -> list[Run]:
        """Return the baseline, the selected, and the table's page."""
        state = self.model.state
        found = {run.id: run for run in self.model.runs()}
        marked = list(dict.fromkeys(id for id in (state.baseline, *state.selected) if id))[:MOST_RUNS]
        runs = [found.get(id) or self.model.ledger.run(id) for id in marked]
        return [*runs, *(run for id, run in found.items() if id not in marked)][:MOST_RUNS]

    def _judgements(self, run: Run) -> list[str]:
        """Return how often the data that the first run was judged on has been used to judge."""
        from nbledger.figures.compared import judgements

        key = ("judgements", run.id)
        if key not in self.model.cache:
            self.model.cache[key] = judgements(self.model.ledger, run)
        return list(self.model.cache[key])


__all__ = ["Bars"]
