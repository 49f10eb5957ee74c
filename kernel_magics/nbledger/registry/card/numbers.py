"""A card's numbers: each metric with its interval, and by group where the evaluation data has columns of categories.

Intervals and groups are computed from the stored predictions, and only where these give the recorded number again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.registry.best import is_minimized
from nbledger.registry.evidence import Judgement, known, name_of, stored_pair

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

#: Groups of fewer rows say little and are only counted.
LEAST_ROWS = 10
MOST_GROUPS = 12
MOST_COLUMNS = 10
#: Rows times resamples of one bootstrap at most: about a second of work.
_MOST_WORK = 40_000_000
_MOST_WORK_OF_GROUPS = 200_000_000
_LARGEST_DATA = 256 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric: its value, a 95 percent interval (`None` and a `reason` where there is none), what it was judged on."""

    name: str
    value: float
    low: float | None
    high: float | None
    resamples: int
    reason: str
    judged: Judgement
    kind: str = ""
    pair: tuple[Any, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the metric as plain values."""
        names = ("name", "value", "low", "high", "reason")
        return {name: getattr(self, name) for name in names} | {
            "run": self.judged.run,
            "judged_on": self.judged.features,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A metric on the rows in which a column has one value."""

    metric: str
    column: str
    value: str
    rows: int
    score: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the group as plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of all metrics, the worst first within each metric; `notes` say what was left out or is not known."""

    found: tuple[Group, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def measured(ledger: Ledger, judged: Judgement) -> Measured:
    """Return a metric with its interval from the stored predictions, or with the reason why there is none."""
    from nbledger.lineage.honest import judged as judged_in
    from nbledger.lineage.paired import RESAMPLES, interval, score_of

    def without(reason: str) -> Measured:
        return Measured(judged.name, judged.value, None, None, 0, reason, judged)

    if judged.call is None:
        return without("recorded as a bare number")
    pair = stored_pair(ledger, judged)
    if pair is None or not len(pair[0]):
        return without("its predictions are not stored")
    try:
        found = judged_in(ledger, judged.run, judged.name)
        kind = found.kind if found is not None else judged.function
        again = score_of(*pair, kind)
        if again is None:
            return without(f"no interval is known for {kind}")
        if not math.isclose(again, judged.value, rel_tol=1e-6, abs_tol=1e-9):
            return without(f"{kind} was computed with options that are not known here")
        resamples = max(50, min(RESAMPLES, _MOST_WORK // len(pair[0])))
        bounds = interval(*pair, kind, resamples=resamples)
    except (TypeError, ValueError, NBLedgerError) as error:
        return without(f"the stored predictions do not give it: {str(error)[:100]}")
    if bounds is None or math.isnan(bounds.low):
        return without(f"no interval is known for {kind}")
    return Measured(judged.name, judged.value, bounds.low, bounds.high, resamples, "", judged, kind, pair)


def groups(ledger: Ledger, metrics: list[Measured]) -> Groups:
    """Return the metrics by each value of the evaluation data's columns of few categories, the worst first."""
    found: list[Group] = []
    columns: dict[str, None] = {}
    notes: dict[str, None] = {}
    frames: dict[str, Any] = {}
    for one in metrics:
        if one.pair is None or one.judged.features is None:
            continue
        version = one.judged.features
        if version not in frames:
            frames[version] = _frame(ledger, version)
        frame = frames[version]
        if isinstance(frame, str):
            notes[frame] = None
        elif len(frame) != len(one.pair[0]):
            notes[f"{one.name} was not judged on every row of {name_of(ledger, version)}, so that it has no groups"] = (
                None
            )
        else:
            parts, small = _by_column(one, frame, columns)
            found += parts
            if small:
                notes[f"groups of fewer than {LEAST_ROWS} rows are left out: {', '.join(sorted(small))}"] = None
    if not notes and not any(one.pair is not None for one in metrics):
        notes["no predictions are stored: judge the model in a tracked cell (%%track)"] = None
    if frames and not columns and not notes:
        notes["no column of the evaluation data has few enough categories"] = None
    return Groups(tuple(found), tuple(columns), tuple(notes))


def _by_column(one: Measured, frame: Any, columns: dict[str, None]) -> tuple[list[Group], set[str]]:
    found: list[Group] = []
    small: set[str] = set()
    for name, values in _categorical(frame):
        columns[name] = None
        for value, rows in values:
            count = int(rows.sum())
            label = f"{name} = {value}"
            if count < LEAST_ROWS:
                small.add(label)
                continue
            group = _group(one, name, value, rows, count)
            if group is not None:
                found.append(group)
    worst = found[0:0] + sorted(found, key=lambda group: group.score, reverse=is_minimized(one.kind or one.name))
    return worst, small


def _group(one: Measured, column: str, value: str, rows: Any, count: int) -> Group | None:
    from nbledger.lineage.paired import interval

    assert one.pair is not None
    resamples = max(50, min(1000, _MOST_WORK_OF_GROUPS // (10 * len(rows))))
    bounds = interval(*one.pair, one.kind, rows=rows, resamples=resamples)
    if bounds is None or math.isnan(bounds.delta):
        return None
    return Group(one.name, column, value, count, bounds.delta, bounds.low, bounds.high)


def _categorical(frame: Any) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Yield columns of few categories with the rows of each value; a missing value is a group of its own."""
    import pandas as pd
    from pandas.api import types

    given = 0
    for at, name in enumerate(frame.columns):
        values = frame.iloc[:, at]
        if types.is_float_dtype(values.dtype) or types.is_datetime64_any_dtype(values.dtype) or given >= MOST_COLUMNS:
            continue
        try:
            codes, distinct = pd.factorize(values, use_na_sentinel=False)
        except TypeError:
            continue
        most = MOST_GROUPS if not types.is_integer_dtype(values.dtype) else 6
        if 2 <= len(distinct) <= most:
            given += 1
            labels = ["missing" if pd.isna(value) else str(value) for value in distinct]
            yield str(name), [(label, codes == code) for code, label in enumerate(labels)]


def _frame(ledger: Ledger, version: str) -> Any:
    """Return the stored evaluation data as a frame, or why there is none, in words."""
    from nbledger.ledger import content_format

    record, stored = known(ledger, version), ledger.stored(version)
    name = name_of(ledger, version)
    if record is None or record.kind != "table":
        return f"{name} is no table with named columns, so that there are no groups"
    if stored is None or not ledger.objects.has(stored.object):
        return f"{name} is not stored: keep it by `%%track --snapshot {name}` to have the metrics by group"
    if stored.format != "parquet" or stored.size > _LARGEST_DATA:
        return f"{name} is stored in a form that is not read for a card ({stored.format}, {stored.size} bytes)"
    try:
        value = content_format.load(ledger.objects.read(stored.object), stored.format)
    except NBLedgerError as error:
        return f"{name} cannot be read: {error}"
    return value.to_pandas() if hasattr(value, "to_pandas") else value


__all__ = ["LEAST_ROWS", "Group", "Groups", "Measured", "groups", "measured"]
