"""Preprocessing leakage: a transformer, selector or resampler was fitted on rows that the model is judged on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbledger.lineage.leakage.finding import Finding, finding, percent
from nbledger.lineage.leakage.sets import share

if TYPE_CHECKING:
    from nbledger.lineage.leakage.story import Step, Story
    from nbledger.records import RowSet

_LEAST_PART = 0.5
_LEAST_ROWS = 3


def find(story: Story) -> Iterator[Finding]:
    """Yield one finding for each transformer that saw test rows on the way to a model."""
    steps: dict[int, list[Step]] = {}
    parts: dict[int, tuple[float, str]] = {}
    for fitted, where, part, name in _seen_by_transformers(story):
        number = fitted.call.number
        steps.setdefault(number, [fitted]).extend(where)
        if number not in parts or part > parts[number][0]:
            parts[number] = (part, name)
    for number, where in steps.items():
        fitted = story.fits[number]
        part, name = parts[number]
        yield _told(fitted, part, name, where)


def _told(fitted: Step, part: float, name: str, where: list[Step]) -> Finding:
    made = fitted.call.type_name
    data = fitted.name("X", "data")
    message = f"{made} was fitted on {data}, which holds {percent(part)} of the rows that {name} is judged on"
    if fitted.call.facts.get("resamples"):
        remedy = f"Split first, and resample the training rows alone ({made} inside an imblearn Pipeline does that)."
    else:
        remedy = f"Split first, then fit {made} on the training rows alone (or put it into a Pipeline with the model)."
    return finding("preprocessing", message, remedy, where, [made, data, name])


def _seen_by_transformers(story: Story) -> Iterator[tuple[Step, list[Step], float, str]]:
    """Yield transformers with the evaluations whose rows they saw, the share of these, and their name."""
    for evaluation in story.held_out:
        learned = evaluation.fit.value("X")
        data = evaluation.data
        if data is None or learned is None:
            continue
        for number in sorted({*data.through, *learned.through}):
            fitted = story.fits.get(number)
            if fitted is None or not _learns(fitted):
                continue
            unseen = share(data.rows, _rows(fitted), without=[learned.rows])
            if unseen.part >= _LEAST_PART and unseen.rows >= _LEAST_ROWS:
                where = [evaluation.fit, *evaluation.steps]
                yield fitted, where, unseen.part, data.name or evaluation.fit.call.type_name
    for step in story.validations:
        data = step.value("X")
        if data is None or _judged_elsewhere(story, data.rows):
            continue
        for number in data.through:
            fitted = story.fits.get(number)
            if fitted is not None and _learns(fitted) and share(data.rows, _rows(fitted)).part >= _LEAST_PART:
                yield fitted, [step], 1.0, data.name or step.call.type_name


def _rows(fitted: Step) -> list[RowSet | None]:
    """Return the rows that a transformer saw, and those that a resampler made of them."""
    return [fitted.rows("X"), fitted.rows("made")]


def _learns(fitted: Step) -> bool:
    return not fitted.call.facts.get("stateless")


def _judged_elsewhere(story: Story, rows: RowSet | None) -> bool:
    """Tell whether a model was judged on other rows than these: then these were only training rows."""
    return any(share(one.rows, [rows]).part < 0.05 for one in story.held_out)
