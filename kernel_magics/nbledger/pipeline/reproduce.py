"""Get it again, and say with proof whether the same thing came out.

The slice of what is asked for runs in a fresh kernel, in a scratch copy; each version and each metric that it made is
compared with what is recorded. The outcome is recorded itself, as a run that names what it reproduces.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nbledger.capture.process_variables import HASH_SEED, set_again
from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger
from nbledger.lineage.comparison import DEFAULT_TOLERANCE, Compared, compare_metrics
from nbledger.lineage.slicing import Slice, SliceRun, slice_of
from nbledger.lineage.temporary import is_temporary
from nbledger.records import Environment, RunError

Outcome = Literal["identical", "equivalent", "different", "failed"]
EXIT_CODES: Mapping[str, int] = {"identical": 0, "equivalent": 0, "different": 3, "failed": 4}
_NOT_REQUIRED = frozenset({"nbledger"})


class NothingToReproduce(NBLedgerError):
    """No recorded run made what was asked for. Field: ref."""

    template = "No recorded cell made {ref}: it was there before nbledger was loaded, or was made by hand"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise: at which cell (its `In[]` number), what, how it was recorded and is now.

    `verdict` is `equivalent` or `different`, or `not compared`. `largest` is the largest absolute difference of numbers
    in it, `relative` the largest relative one, `where` its place in the value. `counts` is false for what the cells
    made beside what was asked for.
    """

    position: int | None
    run: str
    what: str
    verdict: str
    recorded: str
    now: str
    largest: float | None = None
    relative: float | None = None
    where: str = ""
    why: str = ""
    counts: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        gap = f", by up to {self.largest:.3g}" if self.largest else ""
        gap += f" (relative {self.relative:.3g})" if self.largest and self.relative else ""
        where = f" at {self.where.strip()}" if self.where else ""
        reason = f": {self.why}{where}{gap}" if self.why else f"{where}{gap}"
        return f"[{self.position}] {self.what}{reason}"


@dataclass(frozen=True, slots=True)
class Failure:
    """The cell at which a reproduction ended: its `In[]` number, run, and error."""

    position: int | None
    run: str | None
    error: RunError

    def __str__(self) -> str:
        where = f"[{self.position}] " if self.position is not None else ""
        return f"{where}{self.error.type}: {self.error.message}".rstrip(": ")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The outcome: `verdict`, the `differences` that count, those `beside` it, and what was `not_compared`.

    `run` is the id of the reproduction's own run, `compared` how many versions and metrics were compared,
    `environment` the distributions that differ as (name, recorded, now), `requirements` the recorded ones as the lines
    of a requirements file, `folder` the scratch copy if it was kept, `duration` in seconds.
    """

    target: str
    verdict: Outcome
    differences: tuple[Difference, ...]
    beside: tuple[Difference, ...]
    not_compared: tuple[Difference, ...]
    compared: int
    tolerance: float
    slice: Slice = field(repr=False)
    failure: Failure | None = None
    environment: tuple[tuple[str, str | None, str | None], ...] = ()
    requirements: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()
    duration: float = 0.0
    run: str = ""
    folder: Path | None = None

    @property
    def exit_code(self) -> int:
        """For CI: 0 identical or equivalent, 3 different, 4 failed."""
        return EXIT_CODES[self.verdict]

    @property
    def first(self) -> Difference | None:
        """The difference at the first cell where something is different, of those that count."""
        return next((one for one in self.differences if one.verdict == "different"), None)

    @property
    def largest(self) -> Difference | None:
        """The difference with the largest gap between numbers."""
        gaps = [one for one in self.differences if one.largest is not None]
        return max(gaps, key=lambda one: one.largest or 0.0, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        failure = self.failure
        return {
            "target": self.target,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "run": self.run,
            "cells": len(self.slice.runs),
            "compared": self.compared,
            "tolerance": self.tolerance,
            "duration": self.duration,
            "differences": [one.to_dict() for one in self.differences],
            "beside": [one.to_dict() for one in self.beside],
            "not_compared": [one.to_dict() for one in self.not_compared],
            "failure": failure
            and {
                "position": failure.position,
                "run": failure.run,
                "type": failure.error.type,
                "message": failure.error.message,
            },
            "environment": [
                {"name": name, "recorded": before, "now": after} for name, before, after in self.environment
            ],
            "notes": list(self.notes),
            "folder": str(self.folder) if self.folder else None,
        }

    def __str__(self) -> str:
        from nbledger.pipeline.reproduce_text import told

        return told(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Reproduction(...)" if cycle else str(self))


def reproduce(
    ledger: Ledger,
    target: Any,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    in_env: bool = False,
    session: str | None = None,
    keep: bool = False,
    progress: bool = True,
) -> Reproduction:
    """Run the slice of a run, model, metric, variable or file in a fresh kernel and compare all that it makes.

    Numbers are equivalent when they differ by no more than `tolerance` (times the number, above 1). `in_env` runs it in
    a virtual environment with the recorded distributions. Raises `TargetNotFound`, `NothingToReproduce`,
    `InputChanged`, `WouldHarm`, and with `in_env` `EnvironmentNotBuilt`.
    """
    from nbledger.lineage.places import working_folder
    from nbledger.pipeline.replay import replay
    from nbledger.pipeline.scratch import make_scratch

    began = time.time()
    clock = time.perf_counter()
    cut = _runnable(slice_of(ledger, target, session=session))
    if not cut.runs:
        raise NothingToReproduce(ref=cut.target)
    recorded = ledger.environment(cut.runs[-1].id)
    python = None
    if in_env:
        from nbledger.pipeline.rebuild import python_of

        python = python_of(recorded, requirements_of(recorded))
    scratch = make_scratch(ledger, cut, working_folder(ledger, cut))
    try:
        variables = recorded.variables if recorded is not None else None
        seen = replay(ledger, cut, scratch, tolerance=tolerance, python=python, progress=progress, variables=variables)
        verdict = _judged(ledger, cut, seen, tolerance)
        again = set_again(variables, os.environ)
        sets = _on_sets(cut, verdict, (variables or {}).get(HASH_SEED))
        reasons = [] if sets else _reasons(ledger, cut, verdict, recorded, seen.packages)
        notes = (*reasons, *_notes(ledger, cut), *sets, *scratch.notes, *([again] if again else []), *seen.troubles)
        environment = _differing(recorded, Environment("", seen.python, seen.platform, seen.packages))
    finally:
        if not keep:
            scratch.remove()
    found = Reproduction(
        target=str(cut.target),
        **verdict,
        tolerance=tolerance,
        slice=cut,
        environment=environment if seen.packages else (),
        requirements=requirements_of(recorded),
        notes=notes,
        duration=time.perf_counter() - clock,
        folder=scratch.root if keep else None,
    )
    from nbledger.pipeline.reproduce_record import record

    return record(ledger, found, seen, began)


def requirements_of(environment: Environment | None) -> str:
    """Return the recorded distributions as the lines of a requirements file."""
    if environment is None:
        return ""
    packages = environment.packages.items()
    return "".join(f"{name}=={version}\n" for name, version in packages if name not in _NOT_REQUIRED)


def _runnable(cut: Slice) -> Slice:
    """Return the slice without runs that have no code."""
    runs = tuple(run for run in cut.runs if run.source.strip())
    return Slice(cut.target, runs, cut.inputs, cut.notes)


def _judged(ledger: Ledger, cut: Slice, seen: Any, tolerance: float) -> dict[str, Any]:
    """Return the verdict and what it stands on, from what was seen of each cell."""
    found: list[Difference] = []
    compared = 0
    for place, run in enumerate(cut.runs):
        told = seen.cells.get(place)
        if told is None or (told["error"] and run.status == "finished"):
            failure = _failure(run, told, seen)
            return {**_sorted(found), "compared": compared, "verdict": "failed", "failure": failure}
        for one in _of_cell(ledger, cut, run, told, tolerance):
            compared += one.verdict != "not compared"
            found.append(one)
    lists = _sorted(found)
    verdicts = {one.verdict for one in lists["differences"]}
    verdict = "different" if "different" in verdicts else "equivalent" if verdicts else "identical"
    return {**lists, "compared": compared, "verdict": verdict}


def _sorted(found: list[Difference]) -> dict[str, tuple[Difference, ...]]:
    differing = [one for one in found if one.verdict in ("equivalent", "different")]
    return {
        "differences": tuple(one for one in differing if one.counts),
        "beside": tuple(one for one in differing if not one.counts),
        "not_compared": tuple(one for one in found if one.verdict == "not compared"),
    }


def _failure(run: SliceRun, told: Mapping[str, Any] | None, seen: Any) -> Failure:
    if told is not None:
        return Failure(run.position, run.id, RunError(*told["error"]))
    why = "nothing was seen of this cell: the kernel ended, or could not load nbledger"
    return Failure(run.position, run.id, seen.failure or RunError("NotSeen", why))


def _of_cell(
    ledger: Ledger, cut: Slice, run: SliceRun, told: Mapping[str, Any], tolerance: float
) -> Iterator[Difference]:
    """Yield how each version and metric of a cell came out, the identical ones too."""
    from nbledger.pipeline.replay import expected_points, is_asked_for, is_target, metrics_of

    error = ledger.run(run.id).error
    before, now = error.type if error else "no error", told["error"][0] if told["error"] else "no error"
    if run.status == "failed" and before != now:
        yield Difference(run.position, run.id, "the cell's error", "different", before, now, why=f"{now}, not {before}")
    if told.get("trouble") and "findings" not in told:
        yield Difference(run.position, run.id, "the cell", "not compared", "", "", why=told["trouble"])
    done: set[tuple[bool, str, str]] = set()
    for point, finding in zip(expected_points(ledger, run), told.get("findings", ()), strict=False):
        key = (point.role == "file", point.name, point.version)
        if key in done:
            continue
        done.add(key)
        counts = is_target(cut, run, point) or point.name in run.writes
        what = f"file {point.name}" if point.role == "file" else point.name
        one = _compared(finding)
        chance = point.role == "file" and is_temporary(point.name, outside=ledger.root)
        if chance and one.verdict in ("equivalent", "different") and not is_asked_for(cut, run, point):
            one = Compared("not compared", why="a temporary file")
        yield _difference(run, what, one, f"{point.kind} {point.version[:8]}", finding["now"], counts)
    if "metrics" in told:
        recorded = metrics_of(ledger, run.id)
        measured = {name: [float(value) for value in values] for name, values in told["metrics"].items()}
        for name, one in compare_metrics(recorded, measured, tolerance).items():
            what = f"metric {name}"
            yield _difference(run, what, one, _values(recorded.get(name)), _values(measured.get(name)), counts=True)


def _difference(run: SliceRun, what: str, one: Compared, recorded: str, now: str, counts: bool) -> Difference:
    return Difference(
        run.position, run.id, what, one.verdict, recorded, now, one.largest, one.relative, one.where, one.why, counts
    )


def _compared(finding: Mapping[str, Any]) -> Compared:
    names = ("verdict", "largest", "relative", "where", "why")
    return Compared(*(finding[name] for name in names))


def _values(values: list[float] | None) -> str:
    if not values:
        return "nothing"
    return ", ".join(f"{value!r}" for value in values[:3]) + (", ..." if len(values) > 3 else "")


def _notes(ledger: Ledger, cut: Slice) -> list[str]:
    """Return what the reader has to know of the slice itself."""
    from nbledger.capture.redaction.secrets import REDACTED

    notes = [f"{item}; it could not be provided" for item in cut.inputs if item.role == "variable"]
    notes += [
        f"the state of {item.name} before its first draw is not stored"
        for item in cut.inputs
        if item.role == "state" and "random" in item.name and ledger.stored(item.version) is None
    ]
    notes += [
        f"[{run.position}] holds a credential that was not recorded" for run in cut.runs if REDACTED in run.source
    ]
    return [*notes, *cut.notes]


def _reasons(
    ledger: Ledger, cut: Slice, judged: Mapping[str, Any], recorded: Environment | None, packages: Mapping[str, str]
) -> list[str]:
    """Return a note on what outside of the cells may be why it failed or differs, with what to do."""
    from nbledger.pipeline.reproduce_reasons import reason_of_difference, reason_of_failure

    first = next((one for one in judged["differences"] if one.verdict == "different"), None)
    failure = judged.get("failure")
    reason = None
    if failure is not None:
        reason = reason_of_failure(ledger, cut, failure, recorded, packages)
    elif first is not None:
        reason = reason_of_difference(ledger, cut, first, (*judged["beside"], *judged["not_compared"]))
    return [] if reason is None else [reason]


def _on_sets(cut: Slice, judged: Mapping[str, Any], seed: str | None) -> list[str]:
    """Return a note if what differs may be the order of sets that were made up to the first difference."""
    from nbledger.pipeline.unordered import note_on_sets

    first = next((one for one in judged["differences"] if one.verdict == "different"), None)
    if first is None:
        return []
    last = next((place for place, run in enumerate(cut.runs) if run.id == first.run), len(cut.runs))
    note = note_on_sets(cut.runs[: last + 1], seed)
    return [] if note is None else [note]


def _differing(recorded: Environment | None, now: Environment) -> tuple[tuple[str, str | None, str | None], ...]:
    """Return the distributions that differ, and the interpreter and platform if they do."""
    if recorded is None:
        return ()
    rows: list[tuple[str, str | None, str | None]] = [
        (name, before, after)
        for name, before, after in (
            ("python", recorded.python, now.python),
            ("platform", recorded.platform, now.platform),
        )
        if before != after
    ]
    names = sorted({*recorded.packages, *now.packages})
    pairs = [(name, recorded.packages.get(name), now.packages.get(name)) for name in names]
    return (*rows, *(row for row in pairs if row[1] != row[2]))


__all__ = [
    "EXIT_CODES",
    "Difference",
    "Failure",
    "NothingToReproduce",
    "Reproduction",
    "reproduce",
    "requirements_of",
]
