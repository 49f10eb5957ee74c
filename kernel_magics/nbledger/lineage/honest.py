"""What a number rests on: the rows that it was judged on, how often these were used, and whether a gain is one.

Everything is read from the calls that the ledger recorded; predictions are there for tracked cells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbledger.ledger.calls import read_calls
from nbledger.ledger.errors import NotFound
from nbledger.lineage.leakage.sets import same
from nbledger.lineage.leakage.story import Step, Story, stories
from nbledger.lineage.paired import RESAMPLES

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Call, CallValue, Run

_JUDGES = ("metric", "score", "validate")
_TRUE = ("y_true", "y", "labels_true")
_PREDICTED = ("y_pred", "y_score", "y_prob", "y_proba", "pred_decision", "labels_pred")


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that a metric rests on: a name in the source, the number of its rows, and its version if known."""

    name: str
    rows: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class MetricStory:
    """How a metric came about. `runs` are the ids of the cell runs that made it, `positions` their In[] numbers."""

    name: str
    value: float | None
    function: str
    judged_on: Source | None
    predicted_by: str | None
    model: str | None
    trained_on: Source | None
    transformers: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    positions: tuple[int | None, ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.name} = {self.value:.6g}" if self.value is not None else self.name]
        parts.append(f"  {self.function} on {_said(self.judged_on, 'data that is not known')}")
        if self.model:
            parts.append(f"  predicted by {self.predicted_by} of {self.model}")
            parts.append(f"  trained on {_said(self.trained_on, 'data that is not known')}")
        if self.transformers:
            parts.append(f"  after {', '.join(self.transformers)}")
        cells = ", ".join(f"In[{position}]" for position in self.positions if position is not None)
        return "\n".join([*parts, f"  in {cells}"] if cells else parts)


@dataclass(frozen=True, slots=True)
class Uses:
    """How often an evaluation set was used to judge: `count` judgements, of `models` different fits, in `runs`."""

    count: int
    models: int
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The gain of run B over run A in a metric (as the metric counts: of an error, less is better).

    `low` and `high` bound it with 95 percent confidence and are `None` when it could not be had: `reason` says why.
    `same_rows` says whether both were judged on the same rows.
    """

    metric: str
    a: float | None
    b: float | None
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    method: str
    n: int
    same_rows: bool
    reason: str = ""

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        if self.low is None or self.high is None or self.delta is None:
            return f"{self.metric}: {self.reason}"
        found = f"{self.metric}: {self.delta:+.4g} [{self.low:+.4g}, {self.high:+.4g}] on {self.n} rows"
        return found + (f", p = {self.p_value:.3g}" if self.p_value is not None else "") + f" ({self.method})"


@dataclass(frozen=True, slots=True)
class Judged:
    """The stored true values and predictions of a metric, as arrays, and the kind of metric that they give."""

    y_true: Any
    y_pred: Any
    kind: str


def judged(ledger: Ledger, run: str, metric: str) -> Judged | None:
    """Return what a run's metric was computed from, `None` where it is not stored. Raises `NotFound`."""
    call = _call_of(ledger, ledger.run(run), metric)
    found = _stored(ledger, call)
    return None if found is None else Judged(*found, kind=_kind_of(metric, call.function, found[1]))


def metric_story(ledger: Ledger, run: str, name: str) -> MetricStory:
    """Return what a metric of a run rests on. Raises `NotFound` when no call of the run gave it."""
    found = ledger.run(run)
    story = next(stories(ledger, [found.session]), Story([]))
    step = _judging(story, found, name)
    made = next((value.made_by for value in step.call.values if value.made_by is not None), None)
    predict = story.by_number.get(made) if made is not None else None
    judge = predict or step
    fit = story.fits.get(judge.call.fit or 0)
    passed = [story.fits[number] for number in _through(judge, fit) if number in story.fits]
    steps = sorted([*passed, *filter(None, (fit, predict)), step], key=lambda one: one.call.number)
    runs = {one.run.id: one.run.position for one in steps}
    data = judge.value("X") or next((value for value in step.call.values if value.role in _TRUE), None)
    truth = next((value for value in step.call.values if value.role in _TRUE), None)
    return MetricStory(
        name=name,
        value=step.call.value,
        function=step.call.function,
        judged_on=_source(data, truth),
        predicted_by=judge.call.function if judge.call.kind != "metric" else None,
        model=judge.call.type_name or None,
        trained_on=None if fit is None else _source(fit.value("X"), None),
        transformers=tuple(one.call.type_name for one in passed),
        runs=tuple(runs),
        positions=tuple(runs.values()),
    )


def runs_that_used(ledger: Ledger, version: str) -> list[str]:
    """Return the ids of the runs in which a version (of `y_true`, `y` or `X`) may have judged; it takes one query."""
    rows = ledger.database.rows(
        """SELECT DISTINCT r.id FROM call_value v JOIN version n ON n.key = v.version JOIN run r ON r.key = v.run
        WHERE n.hash = ? AND v.run NOT IN (SELECT run FROM deleted_run)
        UNION SELECT DISTINCT r.id FROM metric_basis b JOIN version n ON n.key = b.version JOIN run r ON r.key = b.run
        WHERE n.hash = ? AND b.role IN ('y_true', 'y', 'X') AND b.run NOT IN (SELECT run FROM deleted_run)""",
        (version, version),
    )
    return [id for (id,) in rows]


def judged_on(ledger: Ledger, runs: Sequence[str], metric: str) -> dict[str, frozenset[str]]:
    """Return the evaluation data (hashes of `y_true`) of a metric of runs, by whole ids; without those of none."""
    found: dict[str, set[str]] = {}
    for id, version in ledger.database.rows(
        """SELECT r.id, n.hash FROM json_each(?) i JOIN run r ON r.id = i.value JOIN metric_basis b ON b.run = r.key
        JOIN label l ON l.key = b.name JOIN version n ON n.key = b.version
        WHERE l.text = ? AND b.role IN ('y_true', 'y', 'labels_true')""",
        (json.dumps(list(runs)), metric),
    ):
        found.setdefault(id, set()).add(version)
    return {id: frozenset(versions) for id, versions in found.items()}


def test_uses(ledger: Ledger, version: str) -> Uses:
    """Return how often a version (of `y_true`, `y` or `X`) was used to judge, over all sessions."""
    calls = read_calls(ledger.database, runs_that_used(ledger, version))
    sessions = {id: ledger.run(id).session for id in calls}
    judged = [(id, call) for id, made in calls.items() for call in made if _judges_by(call, version)]
    made_by = {
        (id, call.number): [value.made_by for value in call.values if value.made_by is not None] for id, call in judged
    }
    numbers = sorted({number for found in made_by.values() for number in found})
    fits = _fits_of(ledger, set(sessions.values()), numbers)
    loaded = _models_of(ledger, [id for id, _ in judged])
    models: set[tuple[str, int | str]] = set()
    for id, call in judged:
        session = sessions[id]
        known = [call.fit, *(fits.get((session, number)) for number in made_by[id, call.number])]
        fit = next((fit for fit in known if fit is not None), None)
        if fit is None and (id, call.name) in loaded:  # fitted elsewhere, and read from a file
            models.add(("", loaded[id, call.name]))
        else:
            models.add((session, -call.number if fit is None else fit))
    return Uses(len(judged), len(models), tuple(dict.fromkeys(id for id, _ in judged)))


def compare(
    ledger: Ledger, run_a: str, run_b: str, metric: str, *, draws: Callable[[int], int] = lambda _: RESAMPLES
) -> Comparison:
    """Return how much run B gains over run A in a metric, with a paired interval where both judged the same rows.

    `draws` gives for a number of rows how often to draw them for the interval; for 0 there is none. Raises `NotFound`
    when a run has no such metric.
    """
    first, second = (_call_of(ledger, ledger.run(run), metric) for run in (run_a, run_b))
    one, other = _stored(ledger, first), _stored(ledger, second)
    delta = second.value - first.value if first.value is not None and second.value is not None else None
    nothing = Comparison(metric, first.value, second.value, delta, None, None, None, "", 0, same_rows=False)
    if not _same_rows(ledger, (run_a, run_b), (first, second), (one, other)):
        return replace(nothing, reason="the two runs were not judged on the same rows")
    nothing = replace(nothing, same_rows=True)
    if one is None or other is None:
        return replace(nothing, reason="predictions are not stored: judge in tracked cells (%%track)")
    kinds = {_kind_of(metric, first.function, one[1]), _kind_of(metric, second.function, other[1])}
    if len(kinds) > 1:
        return replace(nothing, reason=f"the two numbers are not of one kind: {' and '.join(sorted(kinds))}")
    times = draws(len(one[0]))
    if not times:
        return replace(nothing, reason=f"an interval of {len(one[0]):,} rows was not asked for")
    return _with_interval(nothing, kinds.pop(), one, other, times)


def _with_interval(
    nothing: Comparison, kind: str, one: tuple[Any, Any], other: tuple[Any, Any], draws: int
) -> Comparison:
    """Return a comparison with its interval, or with the reason why it has none."""
    from nbledger.lineage.paired import difference, score_of

    try:
        again = score_of(*one, kind), score_of(*other, kind)
        found = difference(one[0], one[1], other[1], kind, resamples=draws)
    except (TypeError, ValueError) as error:
        return replace(nothing, reason=f"the stored predictions do not give {kind}: {error}")
    if found is None:
        return replace(nothing, reason=f"{kind} has no paired interval here")
    if not (_close(again[0], nothing.a) and _close(again[1], nothing.b)):
        return replace(nothing, reason=f"{kind} was computed with options that are not known here")
    return replace(
        nothing,
        delta=found.delta,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        method=found.method,
        n=len(one[0]),
    )


# -- pieces -----------------------------------------------------------------------------------------------------


def _judging(story: Story, run: Run, name: str) -> Step:
    """Return the last call of a run that gave a metric."""
    steps = [step for step in story.steps if step.run.id == run.id and step.call.kind in _JUDGES]
    call = _named([step.call for step in steps], name)
    found = next((step for step in steps if step.call is call), None)
    if found is None:
        raise _missing(run, name)
    return found


def _call_of(ledger: Ledger, run: Run, name: str) -> Call:
    made = [call for call in read_calls(ledger.database, [run.id]).get(run.id, []) if call.kind in _JUDGES]
    found = _named(made, name)
    if found is None:
        raise _missing(run, name)
    return found


def _named(calls: list[Call], name: str) -> Call | None:
    """Return the last call whose value has a name; else that of a function so called; else the only one there is."""
    called = [call for call in calls if call.name == name]
    called = called or [call for call in calls if call.function.removesuffix("_score") == name.removesuffix("_score")]
    if called:
        return called[-1]
    judging = [call for call in calls if call.kind != "validate"]
    return judging[0] if len(judging) == 1 else None


def _missing(run: Run, name: str) -> NotFound:
    return NotFound(what="metric", ref=name, remedy=f"run {run.id[:8]} has no call that gave it: see nbledger show")


def _judges_by(call: Call, version: str) -> bool:
    return call.kind in _JUDGES and any(
        value.version == version and value.role in (*_TRUE, "X") for value in call.values
    )


def _models_of(ledger: Ledger, runs: list[str]) -> dict[tuple[str, str], str]:
    """Return the hash of the model behind each metric of some runs, by run and metric."""
    rows = ledger.database.rows(
        """SELECT r.id, l.text, n.hash FROM run r JOIN metric_basis b ON b.run = r.key JOIN label l ON l.key = b.name
        JOIN version n ON n.key = b.version WHERE b.role = 'model' AND r.id IN (SELECT value FROM json_each(?))""",
        (json.dumps(sorted(set(runs))),),
    )
    return {(run, name): version for run, name, version in rows}


def _fits_of(ledger: Ledger, sessions: set[str], numbers: list[int]) -> dict[tuple[str, int], int | None]:
    """Return the fit that each numbered call of some sessions went by."""
    rows = ledger.database.rows(
        """SELECT s.id, c.number, c.fit FROM session s JOIN run r ON r.session = s.key JOIN call c ON c.run = r.key
        WHERE s.id IN (SELECT value FROM json_each(?)) AND c.number IN (SELECT value FROM json_each(?))""",
        (json.dumps(sorted(sessions)), json.dumps(numbers)),
    )
    return {(session, number): fit for session, number, fit in rows}


def _through(judge: Step, fit: Step | None) -> list[int]:
    values = [judge.value("X"), None if fit is None else fit.value("X")]
    return sorted({number for value in values if value is not None for number in value.through})


def _source(value: CallValue | None, other: CallValue | None) -> Source | None:
    if value is None:
        return None
    name = value.name or (other.name if other else "")
    version = value.version or (other.version if other else None)
    return Source(name or value.role, value.rows.count if value.rows else None, version)


def _said(source: Source | None, otherwise: str) -> str:
    if source is None:
        return otherwise
    return source.name + (f" ({source.rows} rows)" if source.rows is not None else "")


def _kind_of(metric: str, function: str, predicted: Any) -> str:
    """Return by which metric to compare: the function's; what `score` is shows in its predictions."""
    if function == "score":
        return "r2" if predicted.dtype.kind == "f" else "accuracy"
    if function == "mean_squared_error" and "rmse" in metric.lower():
        return "rmse"
    return function.removesuffix("_score")


def _close(first: float | None, second: float | None) -> bool:
    """Tell whether a score is the recorded one, or its square (of an error whose root was taken elsewhere)."""
    if first is None or second is None:
        return False
    return any(abs(one - second) <= 1e-6 * max(1.0, abs(second)) for one in (first, first**2))


def _stored(ledger: Ledger, call: Call) -> tuple[Any, Any] | None:
    """Return the stored true values and predictions of a call."""
    from nbledger.ledger.npy import unpacked

    found: list[Any] = []
    for roles in (_TRUE, _PREDICTED):
        value = next((one for one in call.values if one.role in roles and one.object is not None), None)
        if value is None or value.object is None:
            return None
        found.append(unpacked(ledger.objects.read(value.object)))
    return (found[0], found[1]) if len(found[0]) == len(found[1]) else None


def _same_rows(
    ledger: Ledger, runs: tuple[str, str], calls: tuple[Call, Call], pairs: tuple[Any | None, Any | None]
) -> bool:
    """Tell whether two calls judged by the same true values, on the same rows as far as that is known."""
    one, other = (next((value for value in call.values if value.role in _TRUE), None) for call in calls)
    if one is None or other is None:
        return False
    if pairs[0] is not None and pairs[1] is not None:
        import numpy as np

        if not np.array_equal(pairs[0][0], pairs[1][0]):
            return False
    elif one.version is None or one.version != other.version:
        return False
    if ledger.run(runs[0]).session == ledger.run(runs[1]).session and one.rows is not None and other.rows is not None:
        return same(one.rows, other.rows, 0.99)
    return True
