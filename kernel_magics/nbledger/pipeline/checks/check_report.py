"""What checks found: one result for each check, with the first of the rows that broke it and the count of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nbledger.tables import clean, cut, many, number

Outcome = Literal["passed", "failed", "error"]
_VALUE_WIDTH = 40


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """One row that broke a check: its `number` (the first row is 0), and its values, the one that broke it first.

    `label` is the row's index label where the data has an index of its own.
    """

    number: int
    values: Mapping[str, Any]
    label: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        found: dict[str, Any] = {"row": self.number, "values": dict(self.values)}
        return found if self.label is None else {**found, "label": self.label}

    def __str__(self) -> str:
        where = f"row {self.number}" + (f" ({self.label})" if self.label is not None else "")
        values = (f"{clean(name)}={cut(clean(_text(value)), _VALUE_WIDTH)}" for name, value in self.values.items())
        return f"{where}: {', '.join(values)}"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's outcome. `broken` counts the rows that broke it, `rows` are the first of them.

    `error` means that it could not be judged, which does not pass: the data could not be read, a limit cannot be
    compared with what the column holds.
    """

    file: str
    check: str
    outcome: Outcome
    detail: str
    column: str | None = None
    broken: int = 0
    rows: tuple[BrokenRow, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the data is as the check wants it."""
        return self.outcome == "passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "file": self.file,
            "column": self.column,
            "check": self.check,
            "outcome": self.outcome,
            "detail": self.detail,
            "broken": self.broken,
            "rows": [row.to_dict() for row in self.rows],
        }

    def __str__(self) -> str:
        where = f"{clean(self.column)}: " if self.column is not None else ""
        count = f" ({many(self.broken, 'row')})" if self.broken else ""
        rows = [f"    {row}" for row in self.rows]
        rest = self.broken - len(self.rows)
        more = [f"    ... and {rest} more"] if rows and rest > 0 else []
        return "\n".join([f"  {where}{self.check}: {self.detail}{count}", *rows, *more])


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What all checks of some files found. `data` says, by checks file, what was judged and how large it was."""

    results: tuple[CheckResult, ...]
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check passed. No check at all passes."""
        return all(result.passed for result in self.results)

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The results that did not pass."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def summary(self) -> str:
        """One line: how many checks there were, and what the first failure is."""
        failed = self.failures
        if not failed:
            return f"{many(len(self.results), 'check')} passed"
        first = failed[0]
        where = f"{first.column}: " if first.column is not None else ""
        count = f" ({many(first.broken, 'row')})" if first.broken else ""
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        said = f"{where}{first.check}: {first.detail}{count}{more}"
        return clean(f"{len(failed)} of {many(len(self.results), 'check')} failed: {said}")

    def text(self) -> str:
        """Return the report to read: for each file what was judged, then what broke, with rows."""
        lines = []
        for file, data in self.data.items():
            own = [result for result in self.results if result.file == file]
            failed = [result for result in own if not result.passed]
            verdict = (
                f"{len(failed)} of {many(len(own), 'check')} failed" if failed else f"{many(len(own), 'check')} passed"
            )
            lines += [f"{file}  {data}: {verdict}", *map(str, failed)]
        return "\n".join(lines) or "No checks."

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, as it is kept in `checks.json`."""
        return {
            "passed": self.passed,
            "data": dict(self.data),
            "results": [result.to_dict() for result in self.results],
        }

    def __str__(self) -> str:
        return self.text()


def _text(value: Any) -> str:
    return "missing" if value is None else number(value) if isinstance(value, float) else str(value)


__all__ = ["BrokenRow", "CheckReport", "CheckResult", "Outcome"]
