"""A frame judged by a checks file: one result for each thing that the file asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nbledger.pipeline.checks import frame_columns
from nbledger.pipeline.checks.check_report import BrokenRow, CheckResult
from nbledger.pipeline.checks.checks_file import Checks, ColumnChecks
from nbledger.pipeline.checks.located_yaml import near
from nbledger.tables import many

#: How many other columns a broken row shows beside the one that broke.
_BESIDE = 5


def judge(frame: Any, checks: Checks, file: str, *, rows: int = 5) -> list[CheckResult]:
    """Return one result for each check of a file on a frame; of the rows that broke one the first `rows` are shown."""
    return list(_Judge(frame, checks, file, rows).results())


class _Judge:
    """One frame, one checks file."""

    def __init__(self, frame: Any, checks: Checks, file: str, rows: int) -> None:
        self.frame = frame
        self.checks = checks
        self.file = file
        self.shown = rows
        self.names = [str(name) for name in frame.columns]
        self.places: dict[str, int] = {}
        for place, name in enumerate(self.names):
            self.places.setdefault(name, place)

    def results(self) -> Iterator[CheckResult]:
        yield from self._shape()
        for column in self.checks.columns:
            if column.name in self.places:
                yield from self._column(column, self.frame.iloc[:, self.places[column.name]])
        for key in self.checks.unique:
            yield self._key(key)

    # -- the table ----------------------------------------------------------------------------------------------

    def _shape(self) -> Iterator[CheckResult]:
        checks, count = self.checks, len(self.frame)
        if checks.min_rows is not None or checks.max_rows is not None:
            low, high = checks.min_rows, checks.max_rows
            wanted = f"exactly {low}" if low == high else _between(low, high)
            good = (low is None or count >= low) and (high is None or count <= high)
            yield self._plain("rows", good, f"{wanted} wanted" + ("" if good else f", there are {count}"))
        absent = [one.name for one in checks.columns if one.required and one.name not in self.places]
        if checks.columns:
            detail = (
                "all there" if not absent else "not there: " + ", ".join(f"{name}{self._like(name)}" for name in absent)
            )
            yield self._plain("columns", not absent, detail)
        twice = (
            sorted({name for name in self.names if self.names.count(name) > 1})
            if len(self.places) < len(self.names)
            else []
        )
        if twice:
            yield self._plain("columns", False, f"more than one column is called {', '.join(twice)}")  # noqa: FBT003
        if not checks.extra_columns:
            known = {one.name for one in checks.columns}
            extra = [name for name in self.places if name not in known]
            yield self._plain("extra columns", not extra, f"not expected: {', '.join(extra)}" if extra else "none")

    def _like(self, name: str) -> str:
        told = near(name, self.places)
        return f" ({told[2:]})" if told.startswith("; did") else ""

    def _key(self, key: tuple[str, ...]) -> CheckResult:
        title = f"unique ({', '.join(key)})"
        absent = [name for name in key if name not in self.places]
        if absent:
            return CheckResult(self.file, title, "error", f"there is no column {', '.join(absent)}")
        part = self.frame.iloc[:, [self.places[name] for name in key]]
        return self._masked(title, None, frame_columns.repeated(part), "rows share a key", key)

    # -- one column ---------------------------------------------------------------------------------------------

    def _column(self, column: ColumnChecks, values: Any) -> Iterator[CheckResult]:
        name = column.name
        if column.dtype is not None:
            yield self._dtype(column, values)
        if column.nullable is False:
            yield self._masked("nullable", name, frame_columns.missing(values), "values are missing")
        if column.missing is not None:
            yield self._share(column, values)
        allowed, pattern, low, high = column.values, column.regex, column.min, column.max
        tests: list[tuple[str, Any, Callable[[Any], Any], str]] = [
            ("unique", column.unique or None, lambda _: self._twice(values), "values stand there more than once"),
            ("values", allowed, lambda these: frame_columns.not_among(values, these), "not among the allowed values"),
            ("regex", pattern, lambda this: frame_columns.not_matching(values, this), f"do not match {pattern}"),
            ("min", low, lambda limit: frame_columns.beyond(values, limit, above=False), f"below {low}"),
            ("max", high, lambda limit: frame_columns.beyond(values, limit, above=True), f"above {high}"),
        ]
        for check, asked, mask, said in tests:
            if asked is not None:
                try:
                    yield self._masked(check, name, mask(asked), said)
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - a column may hold anything, with comparisons of its own
                    kind = "" if isinstance(error, frame_columns.NotComparable) else f"{type(error).__name__}: "
                    detail = f"it cannot be judged: {kind}{str(error)[:200]}"
                    yield CheckResult(self.file, check, "error", detail, name)

    def _twice(self, values: Any) -> Any:
        return frame_columns.repeated(values) & ~frame_columns.missing(values)

    def _dtype(self, column: ColumnChecks, values: Any) -> CheckResult:
        wanted = str(column.dtype)
        if frame_columns.has_dtype(values.dtype, wanted):
            return CheckResult(self.file, "dtype", "passed", wanted, column.name)
        detail = f"{wanted} wanted, it is {values.dtype}"
        mask = frame_columns.unfit(values, wanted)
        rows = self._rows(mask, (column.name,))
        return CheckResult(self.file, "dtype", "failed", detail, column.name, int(mask.sum()), rows)

    def _share(self, column: ColumnChecks, values: Any) -> CheckResult:
        mask = frame_columns.missing(values)
        share = float(mask.mean()) if len(mask) else 0.0
        wanted = f"at most {column.missing:.4g} of the values may be missing"
        if share <= (column.missing or 0.0):
            return CheckResult(self.file, "missing", "passed", wanted, column.name)
        rows = self._rows(mask, (column.name,))
        return CheckResult(
            self.file, "missing", "failed", f"{wanted}, {share:.4g} are", column.name, int(mask.sum()), rows
        )

    # -- results ------------------------------------------------------------------------------------------------

    def _plain(self, check: str, good: bool, detail: str) -> CheckResult:
        return CheckResult(self.file, check, "passed" if good else "failed", detail)

    def _masked(self, check: str, column: str | None, mask: Any, said: str, key: tuple[str, ...] = ()) -> CheckResult:
        broken = int(mask.sum())
        if not broken:
            return CheckResult(self.file, check, "passed", "no row breaks it", column)
        first = key or ((column,) if column is not None else ())
        return CheckResult(self.file, check, "failed", said, column, broken, self._rows(mask, first))

    def _rows(self, mask: Any, first: tuple[str, ...]) -> tuple[BrokenRow, ...]:
        import numpy as np

        return tuple(self.row(int(number), first) for number in np.flatnonzero(mask)[: self.shown])

    def row(self, number: int, first: tuple[str, ...]) -> BrokenRow:
        """Return a row as a result shows it, the columns that broke first."""
        return broken_row(self.frame, self.places, number, first)


def broken_row(frame: Any, places: dict[str, int], number: int, first: tuple[str, ...]) -> BrokenRow:
    """Return row `number` of a frame with the columns that broke and a few others."""
    import pandas as pd

    others = [name for name in places if name not in first][:_BESIDE]
    values = {name: shown(frame.iloc[number, places[name]]) for name in (*first, *others)}
    label = None if isinstance(frame.index, pd.RangeIndex) else str(shown(frame.index[number]))
    return BrokenRow(number, values, label)


def shown(value: Any) -> Any:
    """Return a cell of a frame as JSON knows it: missing as `None`, secrets redacted, long text cut."""
    import pandas as pd

    from nbledger.capture.redaction.secrets import redact

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        value = item()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    text = redact(str(value))
    return text if len(text) <= 200 else text[:199] + "…"


def _between(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {many(high or 0, 'row')}"
    return f"at least {many(low, 'row')}" if high is None else f"{low} to {high}"


__all__ = ["broken_row", "judge", "shown"]
