"""What figures are drawn from, read from a ledger: runs as a frame, metrics by step, stored predictions, data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbledger.ledger.frame import ATTRIBUTES
from nbledger.ledger.runs import RunList
from nbledger.tables import many

if TYPE_CHECKING:
    import pandas

    from nbledger.ledger import Ledger
    from nbledger.records import Call, Metric

MOST_RUNS = 1_000
#: Contents above this size are not loaded for a figure.
MOST_BYTES = 64 << 20
_CURVE = ["run", "step", "time", "value"]
_PROFILE = ("missing", "min", "max", "mean", "categories", "sampled_rows")
_JUDGES = ("metric", "score", "validate")
_TRUE = ("y_true", "y", "labels_true")
_LABELS = ("y_pred", "labels_pred")
_SCORES = ("y_score", "y_prob", "y_proba", "pred_decision")
#: Metrics of classes whose `y_pred` are probabilities.
_OF_PROBABILITIES = ("log_loss", "brier_score_loss")


@dataclass(frozen=True, slots=True)
class RunsFrame:
    """Runs as a frame: one row a run, its index the run's id; `total` is how many there were to choose from.

    Columns are `params.NAME`, `metrics.NAME` (floats), `tags.NAME` and `attributes.NAME`.
    """

    frame: pandas.DataFrame
    total: int

    @property
    def sampled(self) -> bool:
        """Whether runs were left out."""
        return len(self.frame) < self.total

    @property
    def said(self) -> str:
        """How the runs were chosen, in words; an empty text when all are there."""
        return f"{len(self.frame):,} of {self.total:,} runs, evenly by the order of recording" if self.sampled else ""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a run's model was judged by: arrays of one length each.

    `y_pred` are labels or values; `y_score` the probability or decision of the second of two classes, or one column a
    class; either is `None` where it was not recorded. `classes` are the sorted labels, empty for a regression. `run` is
    the run's id, where it is of one.
    """

    name: str
    kind: Literal["classification", "regression"]
    y_true: Any
    y_pred: Any = None
    y_score: Any = None
    classes: tuple[Any, ...] = ()
    run: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why something is not there, in words."""

    why: str


@dataclass(frozen=True, slots=True)
class Trials:
    """A sweep's trials that have begun: one row each, its index the trial's id, in the order of their numbers.

    Columns are as in `RunsFrame`, with `attributes.number` (from 0), `attributes.status` and `attributes.reason`.
    `metric` is what the sweep is judged by, `total` how many trials are planned, `status` the sweep's own.
    """

    frame: pandas.DataFrame
    metric: str | None
    minimize: bool
    total: int
    status: str


def runs_frame(ledger: Ledger, runs: Sequence[str] | RunList | str | None, *, limit: int = MOST_RUNS) -> RunsFrame:
    """Return runs (ids, or a filter of tracked runs) as a frame of at most `limit` rows, evenly taken by recording.

    A `RunList` is taken as it is, in its order. Raises `NotFound` and `FilterError`.
    """
    if isinstance(runs, RunList):
        found = runs
    elif runs is None or isinstance(runs, str):
        found = ledger.runs(runs, order_by="started_at asc", tracked=True)
    else:
        found = RunList(ledger.reader, [ledger.reader.key(run) for run in runs])
    table = found[:: -(-len(found) // limit) or 1].to_frame()
    table.index = table["run_id"].rename("run")
    return RunsFrame(table.rename(columns={name: f"attributes.{name}" for name in ATTRIBUTES}), len(found))


def note(ledger: Ledger, runs: RunsFrame, *columns: str | None) -> str:
    """Return what a figure over some columns of runs has to say: how they were chosen, and which are not comparable.

    Not comparable are, for each metric, runs that were judged on other data than most; those whose evaluation data is
    not known are not counted.
    """
    from nbledger.lineage.honest import judged_on

    words = [runs.said] if runs.said else []
    apart: dict[int, list[str]] = {}
    for column in dict.fromkeys(columns):
        entity, _, metric = (column or "").partition(".")
        counts = (
            Counter(judged_on(ledger, list(runs.frame.index), metric).values()) if entity == "metrics" else Counter()
        )
        if len(counts) > 1:
            apart.setdefault(counts.total() - max(counts.values()), []).append(metric)
    words += [
        f"{many(count, 'run')} judged on other data than most for {' and '.join(metrics)}, not comparable with them"
        for count, metrics in apart.items()
    ]
    return "; ".join(words)


def curves(ledger: Ledger, runs: Sequence[str], metric: str) -> pandas.DataFrame:
    """Return a metric's values by step: columns `run`, `step`, `time` (seconds since the run's first), `value`.

    A value without a step counts on from the one before; a run with fewer than two values is left out.
    """
    import pandas

    return all_curves(ledger, runs).get(metric, pandas.DataFrame([], columns=_CURVE))


def all_curves(ledger: Ledger, runs: Sequence[str]) -> dict[str, pandas.DataFrame]:
    """Return every metric that some of the runs have several values of, as `curves` gives it."""
    import pandas

    found: dict[str, list[tuple[str, float, float, float]]] = {}
    for run in runs:
        points: dict[str, list[Metric]] = {}
        for point in ledger.metrics(run):
            points.setdefault(point.name, []).append(point)
        for name, series in points.items():
            if len(series) > 1:
                found.setdefault(name, []).extend(_stepped(run, series))
    return {name: pandas.DataFrame(rows, columns=_CURVE) for name, rows in found.items()}


def _stepped(run: str, points: Sequence[Metric]) -> list[tuple[str, float, float, float]]:
    start = min(point.time for point in points)
    return [
        (run, float(place if point.step is None else point.step), point.time - start, point.value)
        for place, point in enumerate(points)
    ]


def predictions(ledger: Ledger, run: str, metric: str | None = None) -> Predictions | Missing:
    """Return the stored true values and predictions of a run (of one of its metrics, or all of them together)."""
    from nbledger.ledger.calls import read_calls

    id = ledger.run_id(run)
    calls = [call for call in read_calls(ledger.database, [id]).get(id, []) if call.kind in _JUDGES]
    if metric is not None:
        calls = [call for call in calls if metric in (call.name, call.function.removesuffix("_score"))] or calls[:1]
    if not calls:
        return Missing("no call of this run judged a model")
    labels = scores = truth = None
    regressive = False
    for call in reversed(calls):
        found = _arrays(ledger, call)
        if found is None:
            continue
        y_true, y_pred, y_score = found
        if truth is not None and len(truth) != len(y_true):
            continue
        truth = y_true if truth is None else truth
        if call.function in _OF_PROBABILITIES and y_score is None:
            y_pred, y_score = None, y_pred
        labels = y_pred if labels is None else labels
        scores = y_score if scores is None else scores
        regressive = regressive or _is_regression(call, y_true, y_pred)
    if truth is None:
        return Missing("predictions are not stored: judge in tracked cells (%%track)")
    if regressive:
        return Predictions(id[:8], "regression", truth, labels, run=id)
    return Predictions(id[:8], "classification", truth, labels, scores, _classes(truth, labels), id)


def data(ledger: Ledger, version: str, name: str = "") -> pandas.DataFrame | Missing:
    """Return the stored content of a version of a table or column as a frame; `name` is its path if it is a file."""
    import pandas

    from nbledger.lineage.differences.contents import Contents

    known = ledger.version(version)
    found = Contents(ledger, most_bytes=MOST_BYTES).of(known, name)
    if isinstance(found.value, pandas.Series):
        return found.value.to_frame(name or None)
    if not isinstance(found.value, pandas.DataFrame):
        return Missing(found.why_not or f"a {known.kind} is no table")
    return found.value


def columns(ledger: Ledger, version: str) -> pandas.DataFrame:
    """Return the recorded columns of a table, a row each: `dtype` and what its light profile says.

    The profile's columns are `missing`, `min`, `max`, `mean`, `categories`, and `sampled_rows` where not all rows were
    profiled; the index is the column's name. A version that is no table has none. Raises `NotFound`.
    """
    import pandas

    schema = ledger.version(version).schema
    rows = [{"dtype": one.dtype, **{name: (one.profile or {}).get(name) for name in _PROFILE}} for one in schema]
    return pandas.DataFrame(rows, index=[one.name for one in schema], columns=["dtype", *_PROFILE], dtype=object)


def trials(ledger: Ledger, sweep: str) -> Trials:
    """Return the trials of a sweep as far as they have begun. Raises `NotFound` for a run that is no sweep."""
    import pandas

    from nbledger.pipeline.sweep import read_sweep

    found = read_sweep(ledger, sweep)
    begun = [one for one in found.trials if one.status not in ("planned", "deleted")]
    rows = [
        {f"params.{name}": value for name, value in one.params.items()}
        | {f"metrics.{name}": value for name, value in one.metrics.items()}
        | {"attributes.number": one.number, "attributes.status": one.status, "attributes.reason": one.reason}
        for one in begun
    ]
    table = pandas.DataFrame(rows, index=pandas.Index([one.id for one in begun], name="run"))
    return Trials(table, found.metric, found.minimize, found.total, found.status)


def _arrays(ledger: Ledger, call: Call) -> tuple[Any, Any, Any] | None:
    from nbledger.ledger.npy import unpacked

    found = []
    for roles in (_TRUE, _LABELS, _SCORES):
        key = next((value.object for value in call.values if value.role in roles and value.object), None)  # noqa: PD011
        found.append(None if key is None or not ledger.objects.has(key) else unpacked(ledger.objects.read(key)))
    y_true, y_pred, y_score = found
    if y_true is None or y_true.ndim != 1 or (y_pred is None and y_score is None):
        return None
    if any(other is not None and len(other) != len(y_true) for other in (y_pred, y_score)):
        return None
    if y_pred is not None and (y_true.dtype.kind in "US") != (y_pred.dtype.kind in "US"):
        y_true, y_pred = y_true.astype(str), y_pred.astype(str)
    return y_true, y_pred, y_score


def _is_regression(call: Call, y_true: Any, y_pred: Any) -> bool:
    """Tell a regression: errors and r2 by their names, else by predicted numbers that are no label."""
    import numpy as np

    if y_true.dtype.kind != "f" and (y_pred is None or y_pred.dtype.kind != "f"):
        return False
    name = call.function
    if "error" in name or "r2" in name or "deviance" in name or "variance" in name:
        return True
    return y_pred is not None and y_pred.dtype.kind == "f" and not np.isin(y_pred, y_true).all()


def _classes(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    import numpy as np

    every = y_true if y_pred is None else np.concatenate([y_true, y_pred])
    return tuple(np.unique(every).tolist())
