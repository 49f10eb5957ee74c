"""Checks files judged: the data found and read, each check of each file, one report of all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.pipeline.checks.check_report import CheckReport, CheckResult
from nbledger.pipeline.checks.checks_file import Checks, read_checks
from nbledger.pipeline.checks.data_reading import DataUnreadable, as_frame, read_file, read_variable
from nbledger.pipeline.checks.judging import judge
from nbledger.tables import many

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

TAG = "nbledger.checks"
ARTIFACT = "checks.json"


class CheckFailed(NBLedgerError):
    """Data that broke its checks. Fields: report (a `CheckReport`), text (what broke, with rows)."""

    template = "{text}"
    exit_code = 3


def run_checks(
    files: Sequence[Path],
    root: Path,
    *,
    data: Path | None = None,
    ledger: Ledger | None = None,
    run: str | None = None,
    rows: int = 5,
) -> CheckReport:
    """Judge data by checks files and return what broke, with the first `rows` rows of each.

    A file's `data` is looked for below `root`, else beside the checks file or in a folder above it up to `root`; `data`
    given here is taken instead. Its `variable` is read from `ledger` (by default that of `root`), as it was after `run`
    where it names none. All files are read before any is judged. Raises `BadChecks`; data that cannot be read is a
    result that does not pass.
    """
    known = [(file, _shown(file, root)) for file in files]
    checks = [read_checks(file, name) for file, name in known]
    results: list[CheckResult] = []
    judged: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        source = _Source(root, data, ledger, run, stack)
        for (_, name), one in zip(known, checks, strict=True):
            label = source.label(one)
            try:
                frame = source.frame(one)
            except DataUnreadable as error:
                judged[name] = label
                results.append(CheckResult(name, "data", "error", str(error)))
                continue
            judged[name] = f"{label} ({_size(frame)})"
            results += _judged(frame, one, name, root, rows)
    return CheckReport(tuple(results), judged)


def check(data: Any, file: str | os.PathLike[str], *, rows: int = 5) -> CheckReport:
    """Judge a frame (or series, array) by a checks file and return the report. Raises `CheckFailed`, `BadChecks`.

    Within a run the outcome is recorded on it: the tag `nbledger.checks` and the artifact `checks.json`.
    """
    path = Path(file)
    found = read_checks(path)
    frame = as_frame(data)
    results = _judged(frame, found, str(path), path.resolve().parent, rows)
    report = CheckReport(tuple(results), {str(path): _size(frame)})
    _record(report)
    if not report.passed:
        raise CheckFailed(report=report, text=report.text())
    return report


def _judged(frame: Any, checks: Checks, name: str, root: Path, rows: int) -> list[CheckResult]:
    results = judge(frame, checks, name, rows=rows)
    if checks.pandera is not None:
        from nbledger.pipeline.checks.pandera_schema import judge_by_schema

        results += judge_by_schema(frame, checks.pandera, checks.file, root, name, rows=rows)
    return results


def _record(report: CheckReport) -> None:
    """Put the outcome on the run that is under way, if one is; what was checked before in this run counts too."""
    import json

    from nbledger.capture import api
    from nbledger.capture.active import NoActiveRun

    try:
        active = api.active_run("checks")
    except NoActiveRun:
        return
    before = [tag.value for tag in active.tags_logged if tag.key == TAG]
    active.tag(TAG, "passed" if report.passed and "failed" not in before else "failed")
    active.artifact(json.dumps(report.to_dict(), indent=1).encode(), ARTIFACT)


class _Source:
    """Finds and reads the data of checks files; what several of them judge is read once."""

    def __init__(
        self, root: Path, data: Path | None, ledger: Ledger | None, run: str | None, stack: contextlib.ExitStack
    ) -> None:
        self.root = root.resolve()
        self.data = data
        self.run = run
        self._ledger = ledger
        self._stack = stack
        self._read: dict[str, Any] = {}

    def label(self, checks: Checks) -> str:
        if self.data is not None:
            return _shown(self.data, self.root)
        return checks.data or checks.variable or "no data"

    def frame(self, checks: Checks) -> Any:
        label = self.label(checks)
        if label not in self._read:
            self._read = {label: self._frame(checks, label)}  # one at a time: data may be large
        return self._read[label]

    def _frame(self, checks: Checks, label: str) -> Any:
        if self.data is not None:
            return read_file(self.data, label)
        if checks.data is not None:
            return read_file(self._path(checks.data, checks.file), label)
        if checks.variable is not None:
            return read_variable(self._opened(), checks.variable, self.run)
        raise DataUnreadable(
            data=_shown(checks.file, self.root), why="it names no data: give data: PATH, or --data PATH"
        )

    def _path(self, text: str, file: Path) -> Path:
        path = Path(text)
        if path.is_absolute():
            return path
        beside = file.resolve().parent
        above = [beside, *beside.parents]
        within = [folder for folder in above if folder.is_relative_to(self.root)]
        places = [folder / path for folder in (self.root, *(within or above))]
        return next((place for place in places if place.is_file()), places[0])

    def _opened(self) -> Ledger:
        if self._ledger is None:
            from nbledger.ledger import Ledger

            self._ledger = Ledger.open(self.root, create=False)
            self._stack.callback(self._ledger.close)
        return self._ledger


def _size(frame: Any) -> str:
    return f"{many(len(frame), 'row')}, {many(frame.shape[1], 'column')}"


def _shown(path: Path, root: Path) -> str:
    """Return a path as a report names it: from the root when it is below it."""
    full = path.resolve()
    root = root.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else str(path)


__all__ = ["ARTIFACT", "TAG", "CheckFailed", "check", "run_checks"]
