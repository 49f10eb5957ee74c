"""The checks file: a YAML file that says what data must look like, read with errors that name the line."""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from nbledger.errors import NBLedgerError
from nbledger.pipeline.checks.located_yaml import Located, NotYaml, load, near

KEYS = ("data", "variable", "rows", "columns", "extra_columns", "unique", "pandera")
COLUMN_KEYS = ("dtype", "nullable", "missing", "min", "max", "unique", "values", "regex", "required")
#: Words for kinds of columns, where the exact dtype does not matter.
FAMILIES = ("integer", "float", "number", "string", "boolean", "datetime", "timedelta", "category")

Limit = int | float | str | datetime.date | datetime.datetime


class BadChecks(NBLedgerError):
    """A checks file that cannot be used. Fields: file, line, detail."""

    template = "{file}:{line}: {detail}"


@dataclass(frozen=True, slots=True)
class ColumnChecks:
    """What one column must be. `missing` is the largest share of missing values (0 to 1); `None` is no check."""

    name: str
    dtype: str | None = None
    nullable: bool | None = None
    missing: float | None = None
    min: Limit | None = None
    max: Limit | None = None
    unique: bool = False
    values: tuple[Any, ...] | None = None
    regex: str | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Checks:
    """A checks file's content: where the data is, and what it must look like.

    `data` is a path, `variable` a name or `RUN:NAME`; `unique` are keys of several columns; `pandera` names a schema.
    """

    file: Path
    data: str | None = None
    variable: str | None = None
    min_rows: int | None = None
    max_rows: int | None = None
    columns: tuple[ColumnChecks, ...] = ()
    extra_columns: bool = True
    unique: tuple[tuple[str, ...], ...] = ()
    pandera: str | None = None


def read_checks(file: Path, shown: str | None = None) -> Checks:
    """Return what a checks file says; `shown` is how errors call the file. Raises `BadChecks`."""
    name = shown or str(file)
    try:
        return _Reader(file, name, load(file)).checks()
    except NotYaml as error:
        raise BadChecks(file=name, line=error.line, detail=str(error)) from None
    except OSError as error:
        raise BadChecks(file=name, line=1, detail=f"it cannot be read: {error.strerror or error}") from None


class _Reader:
    """Reads one file's content, key by key."""

    def __init__(self, file: Path, name: str, content: Located) -> None:
        self.file = file
        self.name = name
        self.content = content

    def wrong(self, detail: str, *place: Any) -> NoReturn:
        raise BadChecks(file=self.name, line=self.content.line(*place), detail=detail)

    def checks(self) -> Checks:
        top = self.content.value
        if not isinstance(top, dict):
            self.wrong(f"a checks file is a mapping with the keys {', '.join(KEYS)}")
        self._known(top, KEYS, "key")
        if "data" in top and "variable" in top:
            self.wrong("say either data or variable, not both", "variable")
        low, high = self._rows(top.get("rows", {}))
        found = Checks(
            file=self.file,
            data=self._text(top, "data"),
            variable=self._text(top, "variable"),
            min_rows=low,
            max_rows=high,
            columns=tuple(self._columns(top.get("columns", {}))),
            extra_columns=self._extra(top),
            unique=tuple(self._keys(top.get("unique", []))),
            pandera=self._text(top, "pandera"),
        )
        if not set(top) - {"data", "variable"}:
            self.wrong("it checks nothing: give columns, rows, unique or pandera")
        return found

    def _known(self, given: Mapping[Any, Any], known: Iterable[str], what: str, *place: Any) -> None:
        for key in given:
            if key not in known:
                self.wrong(f"unknown {what} {key!r}{near(key, known)}", *place, key)

    def _text(self, given: Mapping[str, Any], key: str, *place: Any) -> str | None:
        value = given.get(key)
        if key in given and (not isinstance(value, str) or not value):
            self.wrong(f"{key} needs a text", *place, key)
        return value

    def _flag(self, given: Mapping[str, Any], key: str, *place: Any) -> bool | None:
        value = given.get(key)
        if key in given and not isinstance(value, bool):
            self.wrong(f"{key} is true or false, not {value!r}", *place, key)
        return value

    def _extra(self, top: Mapping[str, Any]) -> bool:
        found = self._flag(top, "extra_columns")
        return True if found is None else found

    def _rows(self, given: Any) -> tuple[int | None, int | None]:
        if isinstance(given, int) and not isinstance(given, bool):
            given = {"min": given, "max": given}
        if not isinstance(given, dict):
            self.wrong("rows is {min: N, max: N} or a number", "rows")
        self._known(given, ("min", "max"), "key of rows", "rows")
        for key, value in given.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                self.wrong(f"{key} of rows is a whole number from 0, not {value!r}", "rows", key)
        low, high = given.get("min"), given.get("max")
        if low is not None and high is not None and low > high:
            self.wrong(f"min {low} is above max {high}", "rows")
        return low, high

    def _keys(self, given: Any) -> Iterable[tuple[str, ...]]:
        if not isinstance(given, list):
            self.wrong("unique is a list of keys, each a column or a list of columns", "unique")
        for at, item in enumerate(given):
            names = item if isinstance(item, list) else [item]
            if not names or any(isinstance(name, list | dict) or name is None for name in names):
                self.wrong("a key is a column or a list of columns", "unique", at)
            yield tuple(map(str, names))

    def _columns(self, given: Any) -> Iterable[ColumnChecks]:
        if isinstance(given, list):
            given = dict.fromkeys(given) if all(isinstance(name, str) for name in given) else None
        if not isinstance(given, dict):
            self.wrong("columns is a mapping of names to checks, or a list of names", "columns")
        for name, checks in given.items():
            yield self._column(name, {} if checks is None else checks)

    def _column(self, name: Any, given: Any) -> ColumnChecks:
        place = ("columns", name)
        if isinstance(given, str):
            given = {"dtype": given}
        if not isinstance(given, dict):
            self.wrong(f"the checks of {name!r} are a mapping such as {{dtype: int64, min: 0}}", *place)
        self._known(given, COLUMN_KEYS, "check", *place)
        low, high = self._limit(given, "min", place), self._limit(given, "max", place)
        if (
            low is not None
            and high is not None
            and isinstance(low, int | float)
            and isinstance(high, int | float)
            and low > high
        ):
            self.wrong(f"min {low} is above max {high}", *place, "min")
        required, unique = self._flag(given, "required", *place), self._flag(given, "unique", *place)
        return ColumnChecks(
            name=str(name),
            dtype=self._dtype(given, place),
            nullable=self._flag(given, "nullable", *place),
            missing=self._share(given, place),
            min=low,
            max=high,
            unique=bool(unique),
            values=self._values(given, place),
            regex=self._regex(given, place),
            required=required is not False,
        )

    def _dtype(self, given: Mapping[str, Any], place: tuple[Any, ...]) -> str | None:
        text = self._text(given, "dtype", *place)
        if text is None or text in FAMILIES or text.endswith("[pyarrow]"):  # not all of Arrow's read back as a dtype
            return text
        from pandas.api.types import pandas_dtype

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # an alias that is on its way out
                pandas_dtype(text)
        except (TypeError, ValueError, Warning):
            self.wrong(
                f"{text!r} is no dtype{near(text, (*FAMILIES, 'int64', 'float64', 'bool', 'object'))}", *place, "dtype"
            )
        return text

    def _limit(self, given: Mapping[str, Any], key: str, place: tuple[Any, ...]) -> Limit | None:
        value = given.get(key)
        if key in given and (isinstance(value, bool) or not isinstance(value, Limit) or value != value):  # noqa: PLR0124 - NaN
            self.wrong(f"{key} is a number, a date or a text, not {value!r}", *place, key)
        return value

    def _share(self, given: Mapping[str, Any], place: tuple[Any, ...]) -> float | None:
        value = given.get("missing")
        if "missing" in given and (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1
        ):
            self.wrong(f"missing is the largest share of missing values, from 0 to 1, not {value!r}", *place, "missing")
        return value

    def _values(self, given: Mapping[str, Any], place: tuple[Any, ...]) -> tuple[Any, ...] | None:
        value = given.get("values")
        if "values" in given and (not isinstance(value, list) or any(isinstance(item, list | dict) for item in value)):
            self.wrong("values is a list of allowed values", *place, "values")
        return None if value is None else tuple(value)

    def _regex(self, given: Mapping[str, Any], place: tuple[Any, ...]) -> str | None:
        text = self._text(given, "regex", *place)
        try:
            re.compile(text or "")
        except re.error as error:
            self.wrong(f"the regex is not one: {error}", *place, "regex")
        return text


__all__ = ["COLUMN_KEYS", "FAMILIES", "KEYS", "BadChecks", "Checks", "ColumnChecks", "Limit", "read_checks"]
