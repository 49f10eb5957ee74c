"""`diff`: what differs between two runs, and what that changed.

Code, params, data, hidden state and environment are what a result depends on; models, metrics and derived data are what
comes of it. The conclusion names the first as changes and the second as their effect; when nothing that was recorded
changed but an effect did, it says so. Only what belongs to the two runs is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, Literal

from nbledger.ledger import Ledger
from nbledger.lineage.differences.code_diff import CellDiff, diff_cells
from nbledger.lineage.differences.contents import MOST_BYTES, Contents
from nbledger.lineage.differences.data_diff import DataDiff, diff_versions
from nbledger.lineage.differences.fact_diff import (
    EnvironmentDiff,
    MetricDiff,
    ModelDiff,
    ParamDiff,
    diff_environments,
    diff_metrics,
    diff_models,
    diff_params,
    model_diff,
)
from nbledger.lineage.differences.sides import (
    Began,
    CannotDiff,
    Datum,
    Side,
    began_at,
    generated_data,
    side_of,
    states,
    used_data,
)
from nbledger.records import Version


@dataclass(frozen=True)
class Diff:
    """What differs between `a` and `b` (how text speaks of them; `ids` are their full ids or hashes).

    `code` has all matched cells (also equal ones), `metrics` all metrics, `data` and `made` all data that was used and
    made; `state` names hidden state that differed at the start. `began` is the first cell of equal code that made
    something else from the same, when there is one. `str(diff)` is readable text.
    """

    a: str
    b: str
    ids: tuple[str, str]
    code: tuple[CellDiff, ...] = ()
    params: tuple[ParamDiff, ...] = ()
    data: tuple[DataDiff, ...] = ()
    made: tuple[DataDiff, ...] = ()
    state: tuple[str, ...] = ()
    environment: EnvironmentDiff | None = None
    models: tuple[ModelDiff, ...] = ()
    metrics: tuple[MetricDiff, ...] = ()
    began: Began | None = None

    @cached_property
    def conclusion(self) -> str:
        """What changed, what did not, and what that changed, in a few lines."""
        from nbledger.lineage.differences.conclusion import conclude

        return conclude(self)

    @property
    def same(self) -> bool:
        """Whether nothing that was recorded differs."""
        from nbledger.lineage.differences.conclusion import causes, effects

        return not causes(self) and not effects(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain data, for JSON. Cells are named, their whole code is left out."""
        data: dict[str, Any] = {item.name: _plain(getattr(self, item.name)) for item in fields(self)}
        data["code"] = [_cell(cell) for cell in self.code]
        for key in ("data", "made"):
            for plain, found in zip(data[key], getattr(self, key), strict=True):
                plain["summary"] = found.summary
        for plain, metric in zip(data["metrics"], self.metrics, strict=True):
            plain["change"] = _plain(metric.change)
        return data | {"conclusion": self.conclusion}

    def text(self, *, width: int | None = None, colour: bool = False) -> str:
        """Return the difference as text, cut to `width` columns; with `colour` for a terminal."""
        from nbledger.lineage.differences.diff_text import diff_text

        return diff_text(self, width=width, colour=colour)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Diff(...)" if cycle else str(self))


def diff(ledger: Ledger, a: Any, b: Any, *, most_bytes: int = MOST_BYTES) -> Diff:
    """Return what differs between two runs, or between two versions.

    `a` and `b` are ids of runs or hashes of versions (or first digits of them), models (`models:/churn/3`,
    `churn@champion`), or what stands for these: a `Run`, an `ActiveRun`, a `Version`. Contents above `most_bytes` are
    compared by their columns' hashes only. Raises `NotFound`, `AmbiguousId` and `CannotDiff`.
    """
    one, two = side_of(ledger, a), side_of(ledger, b)
    contents = Contents(ledger, most_bytes=most_bytes)
    if one.run is not None and two.run is not None:
        return _diff_runs(ledger, one, two, contents)
    if one.version is not None and two.version is not None:
        return _diff_alone(ledger, one, two, contents)
    raise CannotDiff(a=one.label, b=two.label)


def _diff_runs(ledger: Ledger, a: Side, b: Side, contents: Contents) -> Diff:
    assert a.run is not None
    assert b.run is not None
    paired = [(a.own_cell, b.own_cell)] if a.own_cell is not None and b.own_cell is not None else []
    mine, other = states(a), states(b)
    code = diff_cells(a.cells, b.cells, paired)
    return Diff(
        a=a.label,
        b=b.label,
        ids=(a.run.id, b.run.id),
        code=code,
        params=diff_params(ledger, a, b),
        data=_diff_data(ledger, used_data(a), used_data(b), contents, "used"),
        made=_diff_data(ledger, generated_data(a), generated_data(b), contents, "generated"),
        state=tuple(name for name in mine if name in other and mine[name] != other[name]),
        environment=diff_environments(ledger, a, b),
        models=diff_models(ledger, a, b),
        metrics=diff_metrics(ledger, a, b),
        began=began_at(a, b, code),
    )


def _diff_alone(ledger: Ledger, a: Side, b: Side, contents: Contents) -> Diff:
    """Compare two versions without any run."""
    assert a.version is not None
    assert b.version is not None
    ids = (a.version.hash, b.version.hash)
    if "model" in (a.version.kind, b.version.kind):
        return Diff(a.label, b.label, ids, models=(model_diff(ledger, "model", *ids),))
    names = [_known_name(ledger, version) for version in (a.version, b.version)]
    data = [
        Datum("version", name, version.hash, version.kind, is_input=True)
        for name, version in zip(names, (a.version, b.version), strict=True)
    ]
    return Diff(a.label, b.label, ids, data=(_pair(ledger, data[0], data[1], contents, "used"),))


def _known_name(ledger: Ledger, version: Version) -> str:
    """Return a name that some run had a version under; the contents of a file are read as its name says."""
    rows = ledger.database.rows(
        """WITH one AS (SELECT key FROM version WHERE hash = :hash)
        SELECT name FROM (SELECT name FROM used WHERE version IN one LIMIT 1)
        UNION ALL SELECT name FROM (SELECT name FROM generated WHERE version IN one LIMIT 1) LIMIT 1""",
        {"hash": version.hash},
    )
    return str(rows[0][0]) if rows else version.hash[:8]


def _diff_data(
    ledger: Ledger,
    a: Sequence[Datum],
    b: Sequence[Datum],
    contents: Contents,
    direction: Literal["used", "generated"],
) -> tuple[DataDiff, ...]:
    """Pair data by name; of what is left the files, and what calls made of it, when there is one on each side."""
    mine, other = {datum.name: datum for datum in a}, {datum.name: datum for datum in b}
    pairs: list[tuple[Datum | None, Datum | None]] = [(mine[name], other[name]) for name in mine if name in other]
    left, right = ([one[name] for name in one if name not in two] for one, two in ((mine, other), (other, mine)))
    for datum in [one for one in left if one.role != "variable"]:
        alike = [one for one in right if (one.role, one.kind) == (datum.role, datum.kind)]
        if len(alike) == 1 and sum((one.role, one.kind) == (datum.role, datum.kind) for one in left) == 1:
            pairs.append((datum, alike[0]))
            left.remove(datum)
            right.remove(alike[0])
    pairs += [(datum, None) for datum in left]
    pairs += [(None, datum) for datum in right]
    found = []
    seen: set[tuple[str, str]] = set()
    for one, two in pairs:
        key = (one.version, two.version) if one and two else ("", "")
        if key in seen and key != ("", ""):
            continue  # the same change under another name
        made = _pair(ledger, one, two, contents, direction)
        found.append(made)
        if made.change == "changed":
            seen.add(key)
            if one and two and one.read_as and two.read_as and made.table is not None:
                seen.add((one.read_as, two.read_as))
    return tuple(found)


def _pair(
    ledger: Ledger,
    a: Datum | None,
    b: Datum | None,
    contents: Contents,
    direction: Literal["used", "generated"],
) -> DataDiff:
    one = b or a
    assert one is not None
    hashes = (a.version if a else None, b.version if b else None)
    is_input = all(datum.is_input for datum in (a, b) if datum)
    if a is None or b is None or a.version == b.version:
        change: Literal["same", "added", "removed"] = "same" if a and b else "added" if b else "removed"
        exact = ledger.version(one.version).exactness == "exact"
        return DataDiff(one.name, one.role, change, direction, is_input, one.kind, *hashes, exact)
    versions = ledger.version(a.version), ledger.version(b.version)
    table, array, note = diff_versions(*versions, contents, names=(a.name, b.name))
    if table is None and a.read_as and b.read_as and a.read_as != b.read_as:
        tables = ledger.version(a.read_as), ledger.version(b.read_as)
        table, _, why = diff_versions(*tables, contents, names=(a.name, b.name))
        note = "; ".join(["compared by the tables that were read from it", *([why] if why else [])])
    return DataDiff(
        name=b.name,
        role=b.role,
        change="changed",
        direction=direction,
        is_input=is_input,
        kind=b.kind,
        hash_a=a.version,
        hash_b=b.version,
        exact=all(version.exactness == "exact" for version in versions),
        table=table,
        array=array,
        name_a=a.name if a.name != b.name else None,
        note=note,
    )


def _cell(cell: CellDiff) -> dict[str, Any]:
    sides = {
        key: one and {"run": one.run, "label": one.label, "cell_id": one.cell_id}
        for key, one in (("a", cell.a), ("b", cell.b))
    }
    return {"change": cell.change, "moved": cell.moved, **sides, "statements": _plain(cell.statements)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value


__all__ = ["Diff", "diff"]
