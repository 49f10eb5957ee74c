"""Preprocessing leakage by hand: in pandas or NumPy, statistics of rows that are judged on went into the features.

Scaling by mean and deviation, filling gaps with a mean or median, encoding a category by the target's mean, choosing
columns by their correlation with the target: what no transformer did. It is found by following the values of the cells
that ran (`flow`), and held against the rows that the ledger saw judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbledger.lineage.leakage.finding import Finding, finding
from nbledger.lineage.leakage.flow import Flow
from nbledger.lineage.leakage.flow_values import Use, Worked
from nbledger.lineage.leakage.sets import disjoint

if TYPE_CHECKING:
    from nbledger.lineage.leakage.story import Step, Story
    from nbledger.records import Run

_SAYS = {
    "scaled": (
        "{base} was scaled by statistics of all its rows, {rows} among them",
        "Split first, then scale both parts by the training part's statistics (StandardScaler in a Pipeline does so).",
    ),
    "filled": (
        "gaps in {base} were filled with statistics of all its rows, {rows} among them",
        "Split first, then fill both parts from the training part (SimpleImputer in a Pipeline does that).",
    ),
    "encoded": (
        "a category was encoded by the target {column} of all rows of {base}, {rows} among them",
        "Split first, then encode by the training part alone (TargetEncoder in a Pipeline does that).",
    ),
    "chosen": (
        "columns were chosen by what all rows of {base} say of the target, {rows} among them",
        "Split first, then choose columns by the training part alone (a selector in a Pipeline does that).",
    ),
}


def find(story: Story) -> Iterator[Finding]:
    """Yield one finding for each way in which statistics of judged rows went into features."""
    pairs = list(_judged(story))
    if not pairs:
        return
    wanted = {step.call.number: step for pair in pairs for step in pair}
    uses = _uses(story, wanted)
    told: dict[Worked, list[Step]] = {}
    for fit, judge in pairs:
        learned, judged = uses.get(fit.call.number), uses.get(judge.call.number)
        if learned is None or judged is None:
            continue
        for one in judged.features.worked | learned.features.worked:
            targets = {learned.target, judged.target} - {""}
            if one.base not in judged.features.lineage or one.into in targets:
                continue
            if one.column and one.column not in targets:
                continue
            told.setdefault(one, []).extend([fit, judge])
    runs = {run.id: run for run in story.cells}
    merged: dict[tuple[str, str, str], tuple[Worked, list[Step], list[Run]]] = {}
    for one, steps in told.items():
        _, found, also = merged.setdefault((one.way, one.name, one.run), (one, [], []))
        found.extend(steps)
        also += [runs[run] for run in {one.source: 0, one.run: 0} if run in runs]
    for one, steps, also in merged.values():
        what, remedy = _SAYS[one.way]
        judge = steps[-1]
        name = judge.name("X")
        rows = f"the rows of {name}" if name else "the test rows"
        if judge.call.kind == "validate":
            rows = "the rows that are cross-validated on"
        message = what.format(base=one.name, column=one.column, rows=rows)
        yield finding("preprocessing", message, remedy, steps, [one.name, name], also=also)


def _judged(story: Story) -> Iterator[tuple[Step, Step]]:
    """Yield what was fitted and what judged it on rows that it had not seen, a cross-validation as both."""
    for one in story.held_out:
        if one.kind == "held-out":
            yield one.fit, one.step
    for step in story.validations:
        data = step.value("X")
        if step.call.kind != "validate" or data is None:
            continue
        if not any(disjoint(data.rows, one.rows) for one in story.held_out):
            yield step, step


def _uses(story: Story, wanted: dict[int, Step]) -> dict[int, Use]:
    """Return what is known of the features of some calls, from the sources of the cells in order."""
    by_run: dict[str, list[Step]] = {}
    for step in wanted.values():
        by_run.setdefault(step.run.id, []).append(step)
    flow = Flow()
    found: dict[int, Use] = {}
    for run in story.cells:
        if not by_run:
            break
        made = flow.follow(run.id, run.source or "", failed=run.error is not None)
        uses = {step.call.number: _use_of(step, made) for step in by_run.pop(run.id, ())}
        found.update({number: use for number, use in uses.items() if use is not None})
    return found


def _use_of(step: Step, made: list[Use]) -> Use | None:
    """Return the use of data in a cell that a call is: by its function, and by what its data is called there."""
    named = [use for use in made if use.function == step.call.function]
    text = step.name("X")
    if text:
        named = [use for use in named if use.text == text] or named
    return Use.of_all(named)
