"""What happened in one session, in the words of leakage: who was fitted on which rows, and judged on which.

An evaluation is a prediction (with the metrics computed from it) or a score of a supervised model. It is *held out*
when the model had not seen the rows, *training* when it had seen them all, *partial* in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from nbledger.ledger.calls import read_calls
from nbledger.lineage.leakage.sets import Share, share

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Call, CallValue, RowSet, Run

_ALL_SEEN = 0.95
_FEW_SEEN = 0.02
_LEAST_ROWS = 3
_MAX_CELLS = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """A call, and the run that made it."""

    call: Call
    run: Run

    def value(self, role: str) -> CallValue | None:
        """Return what the call worked on in a role."""
        return next((value for value in self.call.values if value.role == role), None)

    def rows(self, role: str) -> RowSet | None:
        """Return the rows of a role."""
        value = self.value(role)
        return None if value is None else value.rows

    def name(self, role: str, other: str = "") -> str:
        """Return the name that a role had in the source."""
        value = self.value(role)
        return (value.name if value else "") or other


@dataclass(slots=True)
class Evaluation:
    """A model judged on rows. `judged` says whether a number came out of it, or only a prediction."""

    step: Step
    fit: Step
    kind: Literal["held-out", "training", "partial"]
    seen: Share
    judged: bool = False
    metrics: list[Step] = field(default_factory=list)

    @property
    def data(self) -> CallValue | None:
        """The features that the model was judged on."""
        return self.step.value("X")

    @property
    def rows(self) -> RowSet | None:
        """Their rows."""
        return self.step.rows("X")

    @property
    def steps(self) -> list[Step]:
        """The calls of it, in order."""
        return [self.step, *self.metrics]


class Story:
    """The calls of one session in order."""

    def __init__(self, steps: Sequence[Step], cells: Sequence[Run] = ()) -> None:
        self.cells = cells
        self.steps = sorted(steps, key=lambda step: step.call.number)
        self.by_number = {step.call.number: step for step in self.steps}

    def of_kind(self, *kinds: str) -> Iterator[Step]:
        """Yield the calls of some kinds."""
        return (step for step in self.steps if step.call.kind in kinds)

    @cached_property
    def fits(self) -> dict[int, Step]:
        """The fits by number."""
        return {step.call.number: step for step in self.of_kind("fit")}

    @cached_property
    def evaluations(self) -> list[Evaluation]:
        """The supervised models that were judged on rows, in order."""
        found: dict[int, Evaluation] = {}
        for step in self.of_kind("predict", "score"):
            fit = self.fits.get(step.call.fit or 0)
            if fit is None or fit.value("y") is None or not fit.call.facts.get("predicts") or step.rows("X") is None:
                continue
            seen = share(step.rows("X"), [fit.rows("X")])
            kind = "training" if _is_the_same(step.value("X"), fit.value("X")) else _kind(seen)
            found[step.call.number] = Evaluation(step, fit, kind, seen, step.call.kind == "score")
        for step in self.of_kind("metric"):
            for made_by in {value.made_by for value in step.call.values if value.made_by is not None}:
                if made_by in found:
                    found[made_by].judged = True
                    found[made_by].metrics.append(step)
        return list(found.values())

    @cached_property
    def held_out(self) -> list[Evaluation]:
        """The evaluations on rows that the model had not all seen."""
        return [one for one in self.evaluations if one.kind != "training"]

    @cached_property
    def validations(self) -> list[Step]:
        """The cross-validations: by function, by `cross_val_predict`, and those inside a search."""
        searches = [step for step in self.fits.values() if step.call.facts.get("search") and step.value("y")]
        return sorted([*self.of_kind("validate", "cross_predict"), *searches], key=lambda step: step.call.number)


def _is_the_same(test: CallValue | None, train: CallValue | None) -> bool:
    """Tell whether rows are those of the training by all that they hold: a few, picked anew, are not known again."""
    if test is None or train is None or test.content is None or train.content is None:
        return False
    return test.content.hash == train.content.hash and not (test.content.repeated or test.content.sampled)


def _kind(seen: Share) -> Literal["held-out", "training", "partial"]:
    if seen.part >= _ALL_SEEN:
        return "training"
    return "partial" if seen.part > _FEW_SEEN and seen.rows >= _LEAST_ROWS else "held-out"


def stories(ledger: Ledger, sessions: Sequence[str]) -> Iterator[Story]:
    """Yield the story of each session; those without calls that matter are left out."""
    for session in sessions:
        rows = ledger.database.rows(
            """SELECT r.key FROM run r JOIN session s ON s.key = r.session
            WHERE s.id = ? AND r.kind IN ('cell', 'script') AND r.key NOT IN (SELECT run FROM deleted_run)
            ORDER BY r.key DESC LIMIT ?""",
            (session, _MAX_CELLS),
        )
        cells = ledger.reader.runs([key for (key,) in reversed(rows)])
        calls = read_calls(ledger.database, [run.id for run in cells])
        story = Story([Step(call, run) for run in cells for call in calls.get(run.id, ())], cells)
        if story.steps:
            yield story
