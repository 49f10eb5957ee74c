"""One page of a table of runs as it is shown: values, changes against the baseline, intervals, marks, courses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from nbledger.ledger.errors import NotFound
from nbledger.lineage.paired import RESAMPLES
from nbledger.registry.best import is_minimized
from nbledger.tables import number, span, when
from nbledger.widgets.table_model import Column, TableModel

if TYPE_CHECKING:
    from nbledger.records import Run

#: So many points of a metric's course are kept for its sparkline.
MOST_POINTS = 60
#: Draws times rows of an interval that takes some 20 to 50 ms; test sets of more rows than the last would take seconds.
_EFFORT = 400_000
_LEAST_DRAWS, _MOST_ROWS = 200, 20_000


#: What two sums of the same numbers in another order may differ by.
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a row's column. `text` is the value as shown, empty where the run has none.

    Metrics have more: `delta` is the change against the baseline and `better` whether that is an improvement; `low` and
    `high` bound the change (without a baseline: the value) with 95 percent confidence; `comparable` is false where it
    was judged on other evaluation data than the reference run's; `points` are its values by step, if several.
    """

    value: Any = None
    text: str = ""
    delta: float | None = None
    better: bool | None = None
    low: float | None = None
    high: float | None = None
    comparable: bool = True
    points: tuple[float, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the interval of a change leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One run of the page, its cells in the order of the columns."""

    run: str
    name: str
    status: str
    selected: bool
    baseline: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the table. `notes` are what one must know to read it; `pending` says that intervals follow."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    number: int
    pages: int
    total: int
    sorted_by: tuple[str, bool] | None
    notes: tuple[str, ...] = ()
    pending: bool = False


class Facts(NamedTuple):
    """What is shown of a run's metrics besides their values: their courses, and the versions they were judged on."""

    points: dict[str, tuple[float, ...]]
    judged_on: dict[str, frozenset[str]]


@dataclass(slots=True)
class _Making:
    """One page in the making: until when it may compute intervals, and whether it had to leave some."""

    model: TableModel
    until: float
    baseline: Run | None
    usual: dict[str, frozenset[str]]
    pending: bool = False
    words: set[str] = field(default_factory=set)


def page(model: TableModel, *, seconds: float | None = None) -> Page:
    """Return the present page of a table; after `seconds` of computing intervals those left are pending."""
    state = model.state
    runs, columns = model.runs(), model.columns()
    baseline = None if state.baseline is None else model.ledger.run(state.baseline)
    until = float("inf") if seconds is None else time.monotonic() + seconds
    making = _Making(model, until, baseline, usual(model, runs if baseline is None else [baseline]))
    selected = set(state.selected)
    lines = tuple(
        Line(
            run.id,
            run.name or "",
            run.status,
            run.id in selected,
            run.id == state.baseline,
            tuple(_cell(making, run, column) for column in columns),
        )
        for run in runs
    )
    notes = tuple(_notes(making))
    return Page(columns, lines, state.page, model.pages, model.total, model.sorted_by, notes, making.pending)


def facts(model: TableModel, run: Run) -> Facts:
    """Return what is known of a run's metrics; kept for runs that ended."""
    key = ("facts", run.id)
    found: Facts | None = model.cache.get(key)
    if found is None:
        points: dict[str, list[float]] = {}
        judged: dict[str, frozenset[str]] = {}
        for metric in model.ledger.metrics(run.id):
            points.setdefault(metric.name, []).append(metric.value)
            roles = {basis.role: basis.version for basis in metric.basis}
            wanted = ("y_true",) if "y_true" in roles else ("X", "y")
            judged[metric.name] = frozenset(roles[role] for role in wanted if role in roles)
        found = Facts({name: _thinned(values) for name, values in points.items() if len(values) > 1}, judged)
        if run.status != "running":
            model.cache[key] = found
    return found


def value_interval(
    model: TableModel, run: Run, metric: str, value: float, *, until: float
) -> tuple[float | None, float | None, bool]:
    """Return the ends of a value's interval, or `None` twice, and whether it is pending: the clock is past `until`."""
    making = _Making(model, until, None, {})
    return *_bounds(making, run, metric, value), making.pending


def _thinned(values: Sequence[float]) -> tuple[float, ...]:
    step = -(-len(values) // MOST_POINTS)
    return (*values[:-1:step], values[-1])


def usual(model: TableModel, runs: Sequence[Run]) -> dict[str, frozenset[str]]:
    """Return for each metric the evaluation data that most of these runs were judged on."""
    counts: dict[str, dict[frozenset[str], int]] = {}
    for run in runs:
        for metric, versions in facts(model, run).judged_on.items():
            if versions:
                own = counts.setdefault(metric, {})
                own[versions] = own.get(versions, 0) + 1
    return {metric: max(own, key=lambda one: own[one]) for metric, own in counts.items()}


def _cell(making: _Making, run: Run, column: Column) -> Cell:
    if column.entity == "attributes":
        return _attribute(run, column.key)
    value = getattr(run, column.entity).get(column.key)
    if value is None:
        return Cell()
    if column.entity != "metrics":
        return Cell(value, number(value))
    own = facts(making.model, run)
    baseline, theirs, mine = making.baseline, making.usual.get(column.key), own.judged_on.get(column.key)
    fair = not theirs or not mine or theirs == mine
    points = own.points.get(column.key, ())
    if not fair:
        making.words.add("other data")
        return Cell(value, number(value), comparable=False, points=points)
    if baseline is None or run.id == baseline.id:
        low, high = _bounds(making, run, column.key, value)
        return Cell(value, number(value), low=low, high=high, points=points)
    base = baseline.metrics.get(column.key)
    if base is None:
        return Cell(value, number(value), points=points)
    delta = value - base
    if abs(delta) <= _SAME * max(1.0, abs(base)):
        delta = 0.0
    better = None if delta == 0 or delta != delta else (delta < 0) == is_minimized(column.key)  # noqa: PLR0124
    if better is not None:
        making.words.add("change")
    low, high = _gain(making, run, column.key)
    return Cell(value, number(value), delta, better, low, high, points=points)


def _attribute(run: Run, name: str) -> Cell:
    value = getattr(run, name)
    if name == "started_at":
        return Cell(value, when(value)[:16])  # not how long ago: a notebook is read much later
    return Cell(value, span(value) if name == "duration" else number(value))


def _gain(making: _Making, run: Run, metric: str) -> tuple[float | None, float | None]:
    """Return the interval of a metric's change against the baseline."""
    from nbledger.lineage.honest import compare

    baseline = making.model.state.baseline
    assert baseline is not None

    def asked() -> tuple[float | None, float | None]:
        found = compare(making.model.ledger, baseline, run.id, metric, draws=_draws)
        return (None, None) if found.low == found.high else (found.low, found.high)

    return _kept(making, ("gain", baseline, run.id, metric), run, asked)


def _bounds(making: _Making, run: Run, metric: str, value: float) -> tuple[float | None, float | None]:
    """Return the interval of a metric's value; none where the stored predictions do not give that very value."""
    from nbledger.lineage.honest import judged
    from nbledger.lineage.paired import interval

    def asked() -> tuple[float | None, float | None]:
        found = judged(making.model.ledger, run.id, metric)
        draws = 0 if found is None else _draws(len(found.y_true))
        if found is None or not draws:
            return None, None
        one = interval(found.y_true, found.y_pred, found.kind, resamples=draws)
        if one is None or abs(one.delta - value) > 1e-6 * max(1.0, abs(value)):
            return None, None
        return one.low, one.high

    return _kept(making, ("bounds", run.id, metric), run, asked)


def _draws(rows: int) -> int:
    """Return how often rows are drawn for an interval: as elsewhere, less often of more rows, never of too many."""
    return 0 if rows > _MOST_ROWS else max(_LEAST_DRAWS, min(RESAMPLES, _EFFORT // max(rows, 1)))


def _kept(making: _Making, key: Any, run: Run, asked: Any) -> tuple[float | None, float | None]:
    """Return an interval from the cache, or compute it if there is time left."""
    cache = making.model.cache
    if key not in cache:
        if not facts(making.model, run).judged_on.get(key[-1]):
            return None, None
        if time.monotonic() > making.until:
            making.pending = True
            return None, None
        try:
            cache[key] = asked()
        except (NotFound, TypeError, ValueError):
            cache[key] = (None, None)
    found: tuple[float | None, float | None] = cache[key]
    if found[0] is not None:
        making.words.add(key[0])
    return found


def _notes(making: _Making) -> list[str]:
    told = []
    if "other data" in making.words:
        whom = "the baseline" if making.baseline is not None else "most runs of this page"
        told.append(f"≠ judged on other evaluation data than {whom}, so not compared.")
    if "change" in making.words:
        told.append("▲ better, ▼ worse than the baseline.")
    if "gain" in making.words:
        told.append("[low, high] is the 95 % interval of a change, on the same rows; across 0 it may be chance.")
    if "bounds" in making.words:
        told.append("[low, high] without a change is the 95 % interval of the value itself.")
    told += _uses(making)
    if making.pending:
        told.append("Some intervals are not computed yet.")
    looked = len(making.model.looked_at())
    if looked < making.model.total:
        told.append(
            f"Columns, and which of them differ, are those of the {looked // 2} oldest and the {looked // 2} newest."
        )
    return told


def _uses(making: _Making) -> list[str]:
    """Return how often the evaluation data was used to judge, a sentence for each version of it."""
    from nbledger.figures.compared import how_often

    told = []
    cache = making.model.cache
    for version in sorted({version for versions in making.usual.values() for version in versions}):
        key = ("uses", version)
        if key not in cache:
            if time.monotonic() > making.until:
                making.pending = True
                continue
            cache[key] = how_often(making.model.ledger, version)
        if cache[key]:
            told.append(f"{cache[key][0].upper()}{cache[key][1:]}.")
    return told
