"""What the calls of one cell add up to. The work is in `findings`, which is imported with the first call that matters.

Metrics are named as `found_metrics` says, params as `found_params` does.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbledger.capture.found.predictions import Predictions
from nbledger.capture.found.values import param_value
from nbledger.records import Call, Edge, Metric, Param, RowColumn

if TYPE_CHECKING:
    from nbledger.capture.found.findings import ChildRun, Findings
    from nbledger.capture.found.models import ModelFound
    from nbledger.capture.found.structures import Curve, Table
    from nbledger.capture.hooks.events import Call as EventCall
    from nbledger.capture.hooks.events import Event

__all__ = ["Experiment", "Predictions", "param_value"]


class Experiment:
    """Takes in the calls of one cell run: give it to `calls.activate`, and ask it when the cell has ended.

    `identify(value)` gives the version of a value as it is now, or `None`. It is asked when a call happens, because
    the cell may change the value later, and only in a tracked cell: an observed one only remembers, weakly, which
    model and data a prediction came from. `tracked` may be set while the cell runs. `predictions` are shared by the
    experiments of a session.
    """

    def __init__(
        self,
        identify: Callable[[Any], str | None],
        *,
        tracked: bool,
        predictions: Predictions | None = None,
    ) -> None:
        self.problems: list[str] = []
        self.predictions = Predictions() if predictions is None else predictions
        self._identify = identify
        self._tracked = tracked
        self._findings: Findings | None = None

    @property
    def saw_calls(self) -> bool:
        """Whether any call was told of."""
        return self._findings is not None

    @property
    def tracked(self) -> bool:
        """Whether everything is recorded, or predictions are remembered only."""
        return self._tracked

    @tracked.setter
    def tracked(self, tracked: bool) -> None:
        self._tracked = tracked
        if self._findings is not None:
            self._findings.tracked = tracked

    # What calls tell (this is a `Sink`).

    def before(self, call: EventCall) -> Mapping[str, str]:
        """Return the versions of what a call is about to work on, by role."""
        return self._found().before(call)

    def event(self, event: Event) -> None:
        """Take in what happened."""
        self._found().event(event)

    def problem(self, text: str) -> None:
        """Take in what could not be observed; the same problem counts once."""
        if text not in self.problems:
            self.problems.append(text)

    # What a cell's end asks.

    def params(self, cell: str | ast.Module, names: Mapping[str, Any]) -> tuple[Param, ...]:
        """Return the params of the cell: its estimators', its literals, its literal keyword arguments.

        `cell` is the source (as Python runs it) or its tree, `names` the namespace after the cell. Of several models
        each has its name in front (`rf.max_depth`).
        """
        return self._found().params(cell, names)

    def metrics(self, names: Mapping[str, Any] | None = None) -> tuple[Metric, ...]:
        """Return the metrics of the cell, each with what it was computed on.

        With the namespace after the cell as `names`, a variable that holds something computed from a metric
        (`rmse = np.sqrt(mean_squared_error(...))`) is one as well.
        """
        return () if self._findings is None else self._findings.metrics(names or {})

    def models(self, names: Mapping[str, Any] | None = None) -> list[ModelFound]:
        """Return every outermost estimator that was fitted in the cell, once each, in the order of their fits."""
        return [] if self._findings is None else self._findings.models(names or {})

    def children(self, names: Mapping[str, Any] | None = None) -> list[ChildRun]:
        """Return the candidates of the cell's searches."""
        return [] if self._findings is None else self._findings.children(names or {})

    def calls(
        self, names: Mapping[str, Any] | None = None, store: Callable[[bytes], tuple[str, int]] | None = None
    ) -> tuple[tuple[Call, ...], tuple[RowColumn, ...]]:
        """Return the calls of the cell as they are recorded, and columns of frames in `names` beside their rows.

        `store(data)` puts the predictions of a tracked cell into the object store and returns their hash and size.
        """
        return ((), ()) if self._findings is None else self._findings.calls(names or {}, store)

    def edges(self) -> tuple[Edge, ...]:
        """Return what the models of the cell were fitted or cross-validated on: roles `X`, `y`, `sample_weight`."""
        return () if self._findings is None else self._findings.edges()

    def curves(self) -> tuple[Curve, ...]:
        """Return the curves that the cell computed."""
        return () if self._findings is None else self._findings.curves()

    def tables(self) -> tuple[Table, ...]:
        """Return the confusion matrices and other small tables that the cell computed."""
        return () if self._findings is None else self._findings.tables()

    def _found(self) -> Findings:
        if self._findings is None:
            from nbledger.capture.found.findings import Findings

            self._findings = Findings(self._identify, self.predictions, self.problem, tracked=self._tracked)
        return self._findings
