"""How the models of the chosen runs predict, from stored predictions: matrices and curves, a tab each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbledger.figures import theme
from nbledger.figures.source import Missing, Predictions, predictions
from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option, one_of
from nbledger.widgets.compare_tabs.tab import Tab
from nbledger.widgets.table_page import facts, usual

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.records import Run
    from nbledger.widgets.compare_model import CompareModel

MOST_RUNS = 6
#: Marks a run that was judged on other data, as in the table.
OTHER = "≠"
_SHARES = (
    ("counts", ""),
    ("shares of the true class", "true"),
    ("shares of the predicted", "pred"),
    ("shares of all", "all"),
)


def predicted(model: CompareModel, run: Run) -> Predictions | Missing:
    """Return a run's stored predictions under the name that charts give it; read once."""
    key = ("predictions", run.id)
    if key not in model.cache:
        found = predictions(model.ledger, run.id)
        model.cache[key] = replace(found, name=columns.called(run)) if isinstance(found, Predictions) else found
    kept: Predictions | Missing = model.cache[key]
    return kept


class _Judged(Tab):
    """A figure of the predictions of the chosen runs."""

    def runs(self) -> list[Run]:
        """Return the runs whose predictions are drawn: the baseline and the selected, else the table's first."""
        state = self.model.state
        if state.baseline or state.selected:
            return self.model.detailed(MOST_RUNS)
        return self.model.runs()[:MOST_RUNS]

    def inputs(self) -> Any:
        """The runs."""
        return tuple(run.id for run in self.runs())

    def found(self) -> list[Predictions]:
        """Return the predictions that are stored; those of runs that were judged on other data than most are marked."""
        runs = self.runs()
        held = [run for run in runs if run.id == self.model.state.baseline] or runs
        theirs = usual(self.model, held)
        found = []
        for run in runs:
            one = predicted(self.model, run)
            own = facts(self.model, run).judged_on.items()
            apart = any(versions and versions != theirs.get(metric, versions) for metric, versions in own)
            if isinstance(one, Predictions):
                found.append(replace(one, name=f"{OTHER} {one.name}") if apart else one)
        return found

    def lacking(self) -> go.Figure | None:
        """Return a figure that says why there is nothing, if nothing is stored."""
        from nbledger.figures.theme import missing

        every = [predicted(self.model, run) for run in self.runs()]
        if any(isinstance(one, Predictions) for one in every):
            return None
        why = next((one.why for one in every if isinstance(one, Missing)), "there is no run")
        return missing(self.title, why)

    def drawn(self) -> go.Figure:
        """Draw it, or say why there is nothing."""
        lacking = self.lacking()
        if lacking is not None:
            return lacking
        figure = self.made(self.found())
        if not any(OTHER in str(name) for name in (figure.layout.title.text, *(trace.name for trace in figure.data))):
            return figure
        before = figure.layout.title.subtitle.text
        words = f"{OTHER} judged on other evaluation data, not comparable with the others"
        theme.say(figure, f"{before}<br>{words}" if before else words)
        return theme.described(figure, f"{theme.describe(figure)} {words}.")

    def made(self, found: list[Predictions]) -> go.Figure:
        """Draw what is stored."""
        raise NotImplementedError


class Confusion(_Judged):
    """The confusion matrix of one run."""

    key = "confusion"
    title = "Confusion"

    def options(self) -> Sequence[Option]:
        """Return the run, and what stands in the cells."""
        return (
            one_of("run", "Run", columns.run_choices(self.runs())),
            one_of("normalize", "Cells", _SHARES),
        )

    def made(self, found: list[Predictions]) -> go.Figure:
        """Draw the chosen run's."""
        from nbledger.figures.judged import confusion
        from nbledger.figures.theme import missing

        values = self.values()
        one = next((one for one in found if one.run == values["run"]), None)
        if one is None:
            return missing(self.title, "predictions of this run are not stored; choose another one")
        return confusion(one, values["normalize"] or None)


class Roc(_Judged):
    """ROC curves."""

    key = "roc"
    title = "ROC"

    def made(self, found: list[Predictions]) -> go.Figure:
        """Draw a curve a run."""
        from nbledger.figures.judged import roc

        return roc(found)


class PrecisionRecall(_Judged):
    """Precision over recall."""

    key = "pr"
    title = "Precision, recall"

    def made(self, found: list[Predictions]) -> go.Figure:
        """Draw a curve a run."""
        from nbledger.figures.judged import pr

        return pr(found)


class Calibration(_Judged):
    """How often it came true."""

    key = "calibration"
    title = "Calibration"

    def options(self) -> Sequence[Option]:
        """Return into how many parts the rows are put."""
        return (one_of("bins", "Parts", [(str(count), count) for count in (5, 10, 20)], default=10),)

    def made(self, found: list[Predictions]) -> go.Figure:
        """Draw a curve a run."""
        from nbledger.figures.judged import calibration

        return calibration(found, bins=self.value("bins"))


class Residuals(_Judged):
    """What predictions are off by."""

    key = "residuals"
    title = "Residuals"

    def made(self, found: list[Predictions]) -> go.Figure:
        """Draw the points of each run."""
        from nbledger.figures.judged import residuals

        return residuals(found)


__all__ = ["Calibration", "Confusion", "PrecisionRecall", "Residuals", "Roc", "predicted"]
