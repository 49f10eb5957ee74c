"""A piece of data as recorded: what its columns hold, and which versions it had before, with what changed between them.

The recorded columns and their light profiles are always there. Where the content can still be had (kept in the store,
or a file that has not changed since), columns also have a histogram or their most frequent values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger
from nbledger.lineage.differences.contents import Contents, Found
from nbledger.lineage.differences.data_diff import DataDiff, diff_versions
from nbledger.lineage.graph import CellRun, Graph, Point
from nbledger.lineage.history import Event, history
from nbledger.lineage.targets import Target, TargetNotFound, find
from nbledger.records import Column, Version
from nbledger.tables import number, size, table, when

#: Contents above this size are not loaded for a profile.
MOST_BYTES = 64 << 20
_KINDS = ("table", "column", "array", "sparse", "tensor", "file", "url", "value", "object")
_MOST_COLUMNS, _MOST_ROWS, _BINS, _MOST_VALUES = 200, 100_000, 10, 3
_BARS = "▁▂▃▄▅▆▇█"


class NotData(NBLedgerError):
    """What was asked for is no piece of data. Fields: ref, kind, remedy."""

    template = "{ref!r} is a {kind}, not a piece of data: {remedy}"


@dataclass(frozen=True, slots=True)
class DataColumn:
    """One column: its dtype and light profile; `bins` are counts over equal parts from `low` to `high`.

    `values` are the most frequent values with their shares. Both are empty where the content is not there.
    """

    name: str
    dtype: str
    missing: int | None = None
    low: Any = None
    high: Any = None
    mean: float | None = None
    categories: int | None = None
    sampled_rows: int | None = None
    bins: tuple[int, ...] = ()
    values: tuple[tuple[str, float], ...] = ()

    @property
    def bars(self) -> str:
        """The histogram as one line of text."""
        most = max(self.bins, default=0)
        return "".join(_BARS[-(-count * 7 // most)] if count else "_" for count in self.bins) if most else ""

    @property
    def range(self) -> str:
        """Smallest and largest value as text."""
        return "" if self.low is None else f"{number(self.low)} to {number(self.high)}"


@dataclass(frozen=True, slots=True)
class Past:
    """A version that it had: who made or read it, and what had changed since the version before, in words."""

    event: Event
    change: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A piece of data: the version that was asked for, its columns, who made and used it, and its past versions.

    `why_not` says why the content cannot be had, and is empty where it can.
    """

    target: Target
    name: str
    version: Version
    columns: tuple[DataColumn, ...]
    made_by: CellRun | None
    used_by: tuple[CellRun, ...]
    past: tuple[Past, ...]
    why_not: str = ""

    @property
    def head(self) -> str:
        """What it is in one line: name, kind, shape, size, hash."""
        version = self.version
        words = [version.kind, " x ".join(map(str, version.shape)) if version.shape else "", size(version.nbytes)]
        words.append(version.hash[:12] + ("" if version.exactness == "exact" else f" ({version.exactness})"))
        return f"{self.name}  {'  '.join(word for word in words if word)}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        version = self.version
        names = DataColumn.__slots__
        return {
            "target": self.target.to_dict(),
            "name": self.name,
            "version": version.hash,
            "kind": version.kind,
            "type_name": version.type_name,
            "shape": list(version.shape) if version.shape else None,
            "nbytes": version.nbytes,
            "exactness": version.exactness,
            "columns": [{name: getattr(column, name) for name in names} for column in self.columns],
            "made_by": _run(self.made_by) if self.made_by else None,
            "used_by": [_run(run) for run in self.used_by],
            "past": [
                {
                    "run": one.event.run.id,
                    "time": one.event.run.started_at,
                    "how": one.event.how,
                    "version": one.event.version,
                    "shape": one.event.shape,
                    "source": one.event.run.source,
                    "change": one.change,
                }
                for one in self.past
            ],
            "why_not": self.why_not or None,
        }

    def __str__(self) -> str:
        lines = [self.head]
        if self.made_by is not None:
            lines.append(f"made by {_told(self.made_by)}")
        else:
            lines.append("nothing recorded made it")
        if self.used_by:
            lines.append(f"used by {', '.join(_told(run) for run in self.used_by[:5])}")
        if self.columns:
            lines += ["", *self._schema()]
        if self.why_not and self.version.kind != "value":
            lines += ["", f"no histograms: {self.why_not}"]
        if self.past:
            rows = [
                (when(one.event.run.started_at), _told(one.event.run), one.event.how, one.event.version[:8],
                 one.event.shape, one.change)
                for one in self.past
            ]  # fmt: skip
            lines += ["", "past versions, the newest first", table(["when", "run", "", "content", "", "change"], rows)]
        return "\n".join(lines)

    def _schema(self) -> list[str]:
        rows = []
        for one in self.columns[:_MOST_COLUMNS]:
            values = ", ".join(f"{name} {share:.0%}" for name, share in one.values)
            kinds = f"{one.categories} categories" if one.categories is not None else ""
            mean = "" if one.mean is None else number(one.mean)
            missing = "" if one.missing is None else str(one.missing)
            rows.append((one.name, one.dtype, missing, one.range, mean, one.bars or values or kinds))
        kept = [at for at in range(6) if at < 2 or any(row[at] for row in rows)]
        heads = ("column", "dtype", "missing", "range", "mean", "distribution")
        lines = table([heads[at] for at in kept], [[row[at] for at in kept] for row in rows]).splitlines()
        sampled = next((one.sampled_rows for one in self.columns if one.sampled_rows), None)
        lines += [f"profiles from {sampled:,} rows, evenly spread"] if sampled else []
        left = len(self.columns) - _MOST_COLUMNS
        return lines + ([f"and {left} more columns (--json has all)"] if left > 0 else [])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Dataset(...)" if cycle else str(self))


def dataset(
    ledger: Ledger,
    ref: Any,
    *,
    session: str | None = None,
    limit: int = 50,
    load: bool = True,
    live: Mapping[str, Any] | None = None,
) -> Dataset:
    """Return a variable, a file or a version (by its hash) as data; without `load` contents are not looked at.

    `live` are variables by name: one that still has the very content is read where the content was not kept. Raises
    `TargetNotFound`, and `NotData` for a run, metric or model.
    """
    graph = Graph(ledger)
    target = find(graph, ref, session=session)
    if target.version is None or target.kind in ("run", "metric", "model"):
        raise NotData(ref=target.ref, kind=target.kind, remedy=_remedy(graph, target))
    version = ledger.version(target.version)
    if version.kind not in _KINDS:
        raise NotData(ref=target.ref, kind=version.kind, remedy=f"`nbledger why {target.ref}` tells what made it")
    name = target.name or target.ref
    found = content(ledger, version, name, live) if load else Found(why_not="its content was not looked at")
    columns, why_not = _columns(version, found)
    maker, readers = _makers(graph, target, version)
    return Dataset(target, name, version, columns, maker, readers, _past(ledger, target, session, limit), why_not)


def content(ledger: Ledger, version: Version, name: str, live: Mapping[str, Any] | None = None) -> Found:
    """Return the content of a version, from the store, the disk, or a variable that still is the same."""
    found = Contents(ledger, most_bytes=MOST_BYTES).of(version, name)
    value = (live or {}).get(name)
    if found.value is not None or value is None or (version.nbytes or 0) > MOST_BYTES:
        return found
    from nbledger.fingerprint import fingerprint

    return Found(value) if fingerprint(value).hash == version.hash else found


def column_values(ledger: Ledger, version: str, name: str, column: str, live: Mapping[str, Any] | None = None) -> Any:
    """Return the values of a column as a pandas Series, `None` where the content cannot be had.

    `version` is a hash, `name` the path if it is a file; `live` as in `dataset`.
    """
    frame = _frame(content(ledger, ledger.version(version), name, live).value)
    if frame is None:
        return None
    at = next((place for place, found in enumerate(frame.columns) if str(found) == column), None)
    return None if at is None else frame.iloc[:, at]


def _columns(version: Version, found: Found) -> tuple[tuple[DataColumn, ...], str]:
    schema = version.schema
    frame = _frame(found.value)
    if frame is None:
        why_not = found.why_not or ("" if found.value is None else f"a {version.kind} of this type has no columns")
        return tuple(_column(one) for one in schema), why_not
    from nbledger.fingerprint import fingerprint

    schema = schema if len(schema) == len(frame.columns) else fingerprint(frame).schema
    step = -(-len(frame) // _MOST_ROWS) or 1
    sample = frame.iloc[::step]
    return tuple(
        _column(one, sample.iloc[:, at] if at < min(_MOST_COLUMNS, frame.shape[1]) else None)
        for at, one in enumerate(schema)
    ), ""


def _column(column: Column, values: Any = None) -> DataColumn:
    profile = column.profile or {}
    bins, counted = _histogram(values) if values is not None else ((), ())
    return DataColumn(
        column.name, column.dtype, profile.get("missing"), profile.get("min"), profile.get("max"), profile.get("mean"),
        profile.get("categories"), profile.get("sampled_rows"), bins, counted,
    )  # fmt: skip


def _histogram(values: Any) -> tuple[tuple[int, ...], tuple[tuple[str, float], ...]]:
    """Return counts over equal parts of a column of numbers, or the most frequent values of another with shares."""
    import numpy as np
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    try:
        if is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype):
            known = values.dropna().to_numpy(dtype="float64")
            known = known[np.isfinite(known)]
            return (tuple(np.histogram(known, _BINS)[0].tolist()) if len(known) else ()), ()
        counts = values.dropna().map(str).value_counts(normalize=True).head(_MOST_VALUES)
    except (TypeError, ValueError, OverflowError):  # complex numbers, objects that cannot be counted
        return (), ()
    return (), tuple((str(name)[:40], float(share)) for name, share in counts.items())


def _frame(value: Any) -> Any:
    from nbledger.lineage.differences.data_diff import as_frame

    if value is None or isinstance(value, bytes):
        return None
    frame = as_frame(value)
    if frame is None and getattr(value, "ndim", 0) in (1, 2) and getattr(value, "dtype", None) is not None:
        import pandas

        return pandas.DataFrame(value) if value.shape[1:] < (_MOST_COLUMNS,) else None
    return frame


def _makers(graph: Graph, target: Target, version: Version) -> tuple[CellRun | None, tuple[CellRun, ...]]:
    rows = graph.ledger.database.rows
    query = """SELECT DISTINCT e.run FROM {table} e JOIN version v ON v.key = e.version
        WHERE v.hash = ? AND e.role IN ('variable', 'file', 'url') ORDER BY e.run LIMIT 20"""
    made = [key for (key,) in rows(query.format(table="generated"), (version.hash,))]
    used = [key for (key,) in rows(query.format(table="used"), (version.hash,))]
    point: Point | None = None
    if target.role is not None and target.name is not None:
        point = graph.writer(target.session, target.role, target.name, target.before)
    maker = point.run if point is not None and point.version == version.hash else next(iter(made), None)
    return None if maker is None else graph.run(maker), tuple(graph.run(key) for key in used)


def _past(ledger: Ledger, target: Target, session: str | None, limit: int) -> tuple[Past, ...]:
    name = f"file:{target.name}" if target.role == "file" else str(target.name or target.ref)
    try:
        events = history(ledger, name, session=session, limit=limit).events
    except TargetNotFound:
        return ()
    if target.kind == "file" or target.role == "file":
        events = _changes_only(events)
    found = []
    for at, event in enumerate(events):
        before = next((one for one in events[at + 1 :] if one.version != event.version), None)
        repeated = at + 1 < len(events) and events[at + 1].version == event.version
        found.append(Past(event, "the same" if repeated else _change(ledger, name, before, event)))
    return tuple(found)


def _changes_only(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Leave out that a file was read again with the content that it had."""
    kept = [
        event
        for at, event in enumerate(events)
        if event.how != "read" or at + 1 == len(events) or events[at + 1].version != event.version
    ]
    return tuple(kept)


def _change(ledger: Ledger, name: str, before: Event | None, after: Event) -> str:
    if before is None or "deleted" in (before.how, after.how):
        return ""
    one, two = ledger.version(before.version), ledger.version(after.version)
    if one.kind != two.kind:
        return f"{one.kind} -> {two.kind}"
    contents = Contents(ledger, most_bytes=-1)  # what was recorded of the columns tells it; nothing is loaded
    made, array, _ = diff_versions(one, two, contents, names=(name, name))
    diff = DataDiff(name, "version", "changed", kind=two.kind, table=made, array=array)
    return diff.summary


def _remedy(graph: Graph, target: Target) -> str:
    if target.run is None:
        return "give the name of a variable or file, or a version's hash"
    points = [*graph.used(target.run), *graph.generated(target.run)]
    names = dict.fromkeys(one.name for one in points if one.kind in _KINDS[:6] and one.role in ("variable", "file"))
    listed = ", ".join(list(names)[:6])
    return f"it used or made {listed}" if listed else f"`nbledger why {target.ref}` tells what made it"


def _run(run: CellRun) -> Mapping[str, Any]:
    names = {"run": "id", "position": "position", "notebook": "notebook", "source": "source", "time": "started_at"}
    return {name: getattr(run, attribute) for name, attribute in names.items()}


def _told(run: CellRun) -> str:
    return f"{run.label} {run.id[:8]}"


__all__ = ["DataColumn", "Dataset", "NotData", "Past", "column_values", "content", "dataset"]
