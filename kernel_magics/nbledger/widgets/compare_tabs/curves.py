"""Learning curves of the runs in the table, those selected drawn thicker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option, named, one_of
from nbledger.widgets.compare_tabs.tab import Tab

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

    from nbledger.records import Run

MOST_RUNS = 60
_OVER = (("step", "step"), ("step, logarithmic", "log step"), ("time", "time"))
_BANDS = (("none", "none"), ("standard deviation", "std"), ("least to greatest", "minmax"))
#: Params in which repeats of one thing differ.
_SEEDS = ("seed", "random_state", "random_seed")


class Curves(Tab):
    """A metric over steps or time."""

    key = "curves"
    title = "Learning curves"
    links = True

    def options(self) -> Sequence[Option]:
        """Return the metric, smoothing, what is across, and how repeats are put together."""
        found = [(name, name) for name in self._curves()]
        groups = [
            ("each run by itself", ""),
            ("runs of one name", "name"),
            ("runs of equal params but seeds", "params"),
        ]
        groups += [(f"runs of one {label}", name) for label, name in named(columns.params(self.model))]
        return (
            one_of("metric", "Metric", found),
            Option("smoothing", "Smoothing", "share", 0.0, (), "Weight of what came before, in an exponential mean"),
            one_of("over", "Over", _OVER),
            one_of("group", "Group", groups, hint="A line is the mean of a group"),
            one_of("band", "Band", _BANDS, default="std", hint="How groups spread"),
        )

    def inputs(self) -> Any:
        """The runs that are drawn, and those that are marked."""
        return (tuple(run.id for run in self._runs()), self.model.state.selected, self.model.state.baseline)

    def drawn(self) -> go.Figure:
        """Draw it."""
        import pandas

        from nbledger.figures.learning import learning_curves
        from nbledger.figures.theme import missing

        values, runs = self.values(), self._runs()
        table = self._curves().get(values["metric"], pandas.DataFrame())
        if not len(table):
            return missing("Learning curves", "none of these runs has several values of a metric")
        return learning_curves(
            table,
            values["metric"],
            smoothing=values["smoothing"],
            x=values["over"],
            band=values["band"] if values["group"] else "none",
            group=_groups(runs, values["group"]) if values["group"] else None,
            names={run.id: columns.called(run) for run in runs},
            selected=self.model.state.selected,
        )

    def _runs(self) -> list[Run]:
        """Return the runs of the table's page, with the baseline and the selected."""
        state = self.model.state
        found = {run.id: run for run in self.model.runs()}
        marked = [id for id in (state.baseline, *state.selected) if id][:MOST_RUNS]
        runs = [found.get(id) or self.model.ledger.run(id) for id in dict.fromkeys(marked)]
        return [*runs, *(run for id, run in found.items() if id not in marked)][:MOST_RUNS]

    def _curves(self) -> dict[str, pandas.DataFrame]:
        """Return the curves of all metrics that some of the runs have; read once for each run that has ended."""
        import pandas

        from nbledger.figures.source import all_curves

        parts: dict[str, list[pandas.DataFrame]] = {}
        for run in self._runs():
            key = ("curves", run.id)
            own = self.model.cache.get(key)
            if own is None:
                own = all_curves(self.model.ledger, [run.id])
                if run.status != "running":
                    self.model.cache[key] = own
            for name, table in own.items():
                parts.setdefault(name, []).append(table)
        return {name: pandas.concat(tables, ignore_index=True) for name, tables in parts.items()}


def _groups(runs: Sequence[Run], by: str) -> dict[str, str]:
    """Return the name of each run's group."""
    found = {}
    for run in runs:
        if by == "name":
            found[run.id] = run.name or "no name"
        elif by == "params":
            own = {name: value for name, value in run.params.items() if name.rpartition("__")[2] not in _SEEDS}
            found[run.id] = ", ".join(f"{name}={value}" for name, value in sorted(own.items())) or "no params"
        else:
            name = by.partition(".")[2]
            found[run.id] = f"{name}={run.params.get(name, 'none')}"
    return found


__all__ = ["Curves"]
