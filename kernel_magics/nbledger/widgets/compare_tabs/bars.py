"""One metric of the runs in the table with its intervals, and a mark where runs were judged on other data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option
from nbledger.widgets.compare_tabs.tab import Tab
from nbledger.widgets.table_page import facts

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.records import Run

MOST_RUNS = 20


class Bars(Tab):
    """A metric, a run a line."""

    key = "bars"
    title = "Metrics"
    links = True

    def options(self) -> Sequence[Option]:
        """Return the metric."""
        return (columns.metric_option(self.model),)

    def inputs(self) -> Any:
        """The runs, and those that are marked."""
        return (tuple(run.id for run in self._runs()), self.model.state.selected, self.model.state.baseline)

    def drawn(self) -> go.Figure:
        """Draw it; the first of the runs is what the others are held against."""
        import pandas

        from nbledger.figures.metric_bars import metric_bars
        from nbledger.figures.theme import missing

        column = self.value("metric")
        runs = self._runs()
        if column is None or not runs:
            return missing(self.title, "no run has a metric")
        name = column.partition(".")[2]
        first = facts(self.model, runs[0]).judged_on.get(name)
        rows = []
        for run in runs:
            own = facts(self.model, run).judged_on.get(name)
            value = run.metrics.get(name)
            low, high = self._bounds(run, name, value)
            rows.append((run.id, value, low, high, not first or not own or own == first))
        table = pandas.DataFrame(rows, columns=["run", "value", "low", "high", "same_data"])
        table = table.set_axis([columns.called(run) for run in runs])
        table = table.astype({"value": "float64", "low": "float64", "high": "float64"})
        baseline = columns.called(runs[0]) if self.model.state.baseline else None
        figure = metric_bars(
            table,
            name,
            baseline=baseline,
            selected=self.model.state.selected,
            note="; ".join(self._judgements(runs[0])),
        )
        return figure.update_layout(clickmode="event+select")

    def _runs(self) -> list[Run]:
        """Return the baseline, the selected, and the table's page."""
        state = self.model.state
        found = {run.id: run for run in self.model.runs()}
        marked = list(dict.fromkeys(id for id in (state.baseline, *state.selected) if id))[:MOST_RUNS]
        runs = [found.get(id) or self.model.ledger.run(id) for id in marked]
        return [*runs, *(run for id, run in found.items() if id not in marked)][:MOST_RUNS]

    def _bounds(self, run: Run, name: str, value: float | None) -> tuple[float | None, float | None]:
        """Return the interval of a value; computed once for each run."""
        from nbledger.figures.report_tables import metric_interval

        key = ("bounds", run.id, name)
        if value is None:
            return None, None
        if key not in self.model.cache:
            known = facts(self.model, run).judged_on.get(name)
            self.model.cache[key] = (
                metric_interval(self.model.ledger, run, name, value, quick=True) if known else (None, None)
            )
        found: tuple[float | None, float | None] = self.model.cache[key]
        return found

    def _judgements(self, run: Run) -> list[str]:
        """Return how often the data that the first run was judged on has been used to judge."""
        from nbledger.figures.compared import judgements

        key = ("judgements", run.id)
        if key not in self.model.cache:
            self.model.cache[key] = judgements(self.model.ledger, run)
        return list(self.model.cache[key])


__all__ = ["Bars"]
