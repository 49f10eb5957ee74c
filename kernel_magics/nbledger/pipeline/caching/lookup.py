"""Whether an earlier run of a step did what this one would do: the same key, and every recorded read unchanged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbledger.ledger import Ledger
from nbledger.pipeline.caching.cells import first_change
from nbledger.pipeline.caching.order import moved
from nbledger.pipeline.caching.record import CACHED_TAG, Ran, StepRecord, earlier, latest, load
from nbledger.pipeline.caching.step import Step
from nbledger.pipeline.caching.today import Today
from nbledger.records import Environment, Run
from nbledger.tables import many

_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """An earlier run whose results are those that this step would give. `run` is its id, `record` what was kept."""

    run: str
    record: StepRecord
    step: Step


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a step has to run, in words, the most telling first. `run` is the earlier run that it is told against."""

    reasons: tuple[str, ...]
    step: Step
    run: str | None = None


def find(ledger: Ledger, step: Step, files: Mapping[str, str] | None = None) -> Hit | Miss:
    """Return the latest run whose results can be taken, or why there is none. Nothing is written.

    `files` are versions of files, by their names, that steps before this one will have put back by then.
    """
    if step.prevents:
        return Miss(step.prevents, step)
    today = Today(ledger.root, step.cwd, files=files)
    first: Miss | None = None
    for run in earlier(ledger, step.key):
        record = load(ledger, run)
        problems = _problems(ledger, ledger.run(run), record, step, today)
        if record is not None and not problems:
            return Hit(run, record, step)
        first = first or Miss(tuple(problems), step, run)
    return first or _other_key(ledger, step)


def origin(ledger: Ledger, run: str) -> str:
    """Return the run that computed what a run holds: itself, unless its results were taken from another."""
    return ledger.run(run).tags.get(CACHED_TAG, run)


def _problems(ledger: Ledger, run: Run, record: StepRecord | None, step: Step, today: Today) -> list[str]:
    """Return why the results of a run with the same key cannot be taken; what costs least is looked at first."""
    if record is None:
        return [f"the record of run {run.id[:8]} cannot be read"]
    if record.prevents:
        return list(record.prevents)
    findings = run.tags.get("nbledger.findings", "0")
    if findings != "0":
        return [f"run {run.id[:8]} has {many(int(findings), 'finding')}" if findings.isdigit() else "it has findings"]
    if run.tags.get("nbledger.checks") == "failed":
        return [f"the data checks of run {run.id[:8]} failed"]
    here = {child.id for child in ledger.children(run.id)}
    if any(cell not in here for ran in record.cells for cell in ran.runs):
        return [f"a cell run of run {run.id[:8]} was deleted"]
    wrong = moved(ledger, record.cells, step.cells)
    if wrong:
        return [wrong]
    changes = today.changes(record.reads, record.salt)
    if changes:
        return changes
    gone = [write.name for write in record.writes if write.object and not ledger.objects.has(write.object)]
    return [f"the stored content of {name} is gone" for name in gone]


def _other_key(ledger: Ledger, step: Step) -> Miss:
    """Say what is another than at the notebook's latest run that is known in full."""
    run = latest(ledger, step.name)
    if run is None:
        return Miss((f"no finished run of {step.name} with a record is in the ledger",), step)
    record = load(ledger, run)
    if record is None:
        return Miss((f"the record of run {run[:8]} cannot be read",), step, run)
    reasons = []
    for part in ("code", "params", "environment", "settings", "kernel", "folder", "experiment"):
        if record.parts.get(part) != step.parts[part]:
            reasons += _told(part, ledger, run, record, step)
    return Miss(tuple(reasons) or ("it was recorded by another version of nbledger",), step, run)


def _told(part: str, ledger: Ledger, run: str, record: StepRecord, step: Step) -> list[str]:
    match part:
        case "code":
            return [_changed_cell(record.cells, step)]
        case "params":
            return _changed_params(ledger, run, step)
        case "environment":
            return _changed_environment(ledger, record, step)
        case "settings":
            return ["environment variables that change results, IPython's start-up files or a local install are others"]
        case "kernel":
            return ["its kernel is another one"]
        case "folder":
            return [f"it runs in {step.parts[part]}, and ran in {record.parts.get(part)}"]
    return [f"its experiment is {step.parts[part]}, and was {record.parts.get(part)}"]


def _changed_cell(ran: tuple[Ran, ...], step: Step) -> str:
    """Name the first cell that is not what it was, by the hashes of the cells one after the other."""
    was = Counter(one.hash for one in ran)
    new = next((cell for cell in step.cells if was[cell.hash] == 0), None)
    first = first_change((one.hash for one in ran), step.cells)
    if new is not None:
        return f"{new.label} was changed or is new"
    if first is not None and len(ran) <= len(step.cells):
        return f"{first.label} is there more often than it was"
    now = Counter(cell.hash for cell in step.cells)
    gone = next((one for one in ran if now[one.hash] < was[one.hash]), None)
    return f"a cell is gone ({gone.line})" if gone is not None else "its cells are others"


def _changed_params(ledger: Ledger, run: str, step: Step) -> list[str]:
    was: dict[str, Any] = {param.name: param.value for param in ledger.params(run)}
    from nbledger.capture.redaction.secrets import redact_value
    from nbledger.pipeline.parameters import as_params

    now = {param.name: param.value for param in as_params({k: redact_value(k, v) for k, v in step.params.items()})}
    said = []
    for name in [*now, *(name for name in was if name not in now)]:
        if name not in was:
            said.append(f"{name} is {now[name]!r}, and was not given")
        elif name not in now:
            said.append(f"{name} is not given, and was {was[name]!r}")
        elif (type(now[name]), now[name]) != (type(was[name]), was[name]):
            said.append(f"{name} is {now[name]!r}, and was {was[name]!r}")
    return said or ["its params are others"]


def _changed_environment(ledger: Ledger, record: StepRecord, step: Step) -> list[str]:
    rows = ledger.database.rows(
        "SELECT python, platform, packages FROM environment WHERE hash = ?", (record.parts.get("environment"),)
    )
    if not rows:
        return ["its environment is another one"]
    was = Environment("", rows[0][0], rows[0][1], json.loads(rows[0][2]))
    now = step.environment
    said = [f"Python is {now.python}, and was {was.python}"] if now.python != was.python else []
    said += [f"the platform is {now.platform}, and was {was.platform}"] if now.platform != was.platform else []
    names = sorted(was.packages.keys() | now.packages.keys())
    said += [
        f"{name} {was.packages.get(name, 'absent')} -> {now.packages.get(name, 'absent')}"
        for name in names
        if was.packages.get(name) != now.packages.get(name)
    ]
    return said[:_MOST_TOLD] or ["its environment is another one"]


__all__ = ["Hit", "Miss", "find", "origin"]
