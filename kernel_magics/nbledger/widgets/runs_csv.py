"""Runs as a CSV file: all that a table's filter leaves, in its order, with the columns that it shows."""

from __future__ import annotations

import csv
import datetime
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError

if TYPE_CHECKING:
    from nbledger.records import Run
    from nbledger.widgets.table_model import Column, TableModel

#: Text that begins so would be computed by a spreadsheet (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NotWritten(NBLedgerError):
    """A file was not written; what was there before is unchanged. Fields: path, why."""

    template = "{path} was not written: {why}"


def write_csv(model: TableModel, path: Path, *, overwrite: bool = False) -> int:
    """Write the runs that fit and return how many; values are in full, times as ISO 8601 (UTC), durations in seconds.

    A text that a spreadsheet would take for a formula gets an apostrophe before it. Raises `NotWritten`.
    """
    if path.exists() and not overwrite:
        raise NotWritten(path=path, why="it is there already; give another name")
    columns = model.columns()
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writer = csv.writer(file)
            writer.writerow(["run_id", "name", *(_safe(_head(column)) for column in columns)])
            for run in model.found():
                writer.writerow([run.id, _safe(run.name), *(_safe(_value(run, column)) for column in columns)])
                count += 1
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise NotWritten(path=path, why=error.strerror or str(error)) from None
    return count


def _head(column: Column) -> str:
    return column.key if column.entity == "attributes" else column.name


def _value(run: Run, column: Column) -> Any:
    if column.entity != "attributes":
        return getattr(run, column.entity).get(column.key)
    value = getattr(run, column.key)
    if column.key in ("started_at", "ended_at") and value is not None:
        return datetime.datetime.fromtimestamp(value, datetime.UTC).isoformat()
    return value


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
