"""Multi-test leakage: the test set that chose among models, or stopped their training, also reports on them.

Models that stand side by side on one test set are only counted. It is a leak when the choice is visible: several
settings of one model tried on the test set, the best of several scores taken, an evaluation set watched for early
stopping. And it is none when rows that took no part in the choice are judged on afterwards: it was a validation set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbledger.lineage.leakage.finding import Finding, finding
from nbledger.lineage.leakage.selection import chosen_from, names_in, sorted_names
from nbledger.lineage.leakage.sets import same, share

if TYPE_CHECKING:
    from nbledger.lineage.leakage.story import Evaluation, Step, Story
    from nbledger.records import RowSet

TRIED = 4
"""So many settings of one model, tried on one test set, are a search."""

_NO_CHOICE = frozenset({"random_state", "n_jobs", "verbose", "seed", "random_seed"})
_FOLDS = 3
_REMEDY = "Choose on a validation set or by cross-validation of the training rows, and use {name} once, at the end."


@dataclass(slots=True)
class TestSet:
    """Rows that models were judged on, with all evaluations on them."""

    rows: RowSet
    name: str
    uses: list[Evaluation] = field(default_factory=list)

    @property
    def fits(self) -> dict[int, Evaluation]:
        """The last evaluation of each fitted model."""
        return {use.fit.call.number: use for use in self.uses}

    @property
    def last(self) -> int:
        """The number of the last evaluation."""
        return max(use.step.call.number for use in self.uses)


def find(story: Story) -> Iterator[Finding]:
    """Yield one finding for each test set that took part in a choice."""
    sets = test_sets(story)
    for one in sets:
        if _is_validation(one, sets):
            continue
        found = _stopped(one) or _searched(one) or _searched_within(story, one) or _chosen(story, one)
        found = found or _cut_off(story, one)
        if found is not None:
            yield found


def test_sets(story: Story) -> list[TestSet]:
    """Return the sets of rows that models were judged on, without the folds of a cross-validation by hand."""
    sets: list[TestSet] = []
    for evaluation in story.held_out:
        rows = evaluation.rows
        if rows is None:
            continue
        known = next((one for one in sets if same(one.rows, rows)), None)
        if known is None:
            known = TestSet(rows, "")
            sets.append(known)
        known.name = known.name or (evaluation.data.name if evaluation.data else "")
        known.uses.append(evaluation)
    folds: dict[tuple[str, str], int] = {}
    for one in sets:
        for key in {(use.step.run.id, use.fit.call.type_name) for use in one.uses}:
            folds[key] = folds.get(key, 0) + 1
    return [
        one for one in sets if not all(folds[use.step.run.id, use.fit.call.type_name] >= _FOLDS for use in one.uses)
    ]


def _is_validation(one: TestSet, sets: list[TestSet]) -> bool:
    """Tell whether other rows, that fewer models were judged on, had the last word."""
    return any(
        other is not one
        and other.last > one.last
        and any(use.judged for use in other.uses)
        and len(other.fits) <= max(len(one.fits), 1)
        and share(other.rows, [one.rows]).part < 0.05
        for other in sets
    )


def _stopped(one: TestSet) -> Finding | None:
    for use in one.uses:
        if not use.fit.call.facts.get("early"):
            continue
        watched = [value for value in use.fit.call.values if value.role == "eval" and value.rows is not None]
        if any(share(one.rows, [value.rows]).part > 0.8 for value in watched):
            name, model = one.name or "the test set", use.fit.call.type_name
            message = f"{name} decided when the training of {model} stopped, and also reports on it"
            remedy = f"Give early stopping a part of the training rows as eval_set, and keep {name} for the end."
            return finding("multi-test", message, remedy, [use.fit, *use.steps], [name, model])
    return None


def _searched(one: TestSet) -> Finding | None:
    """Find several settings of one kind of model, tried on the set."""
    settings: dict[tuple[str, frozenset[str]], dict[tuple[tuple[str, str], ...], Evaluation]] = {}
    for use in one.fits.values():
        params = {name: text for name, text in use.fit.call.facts.get("params", {}).items() if not _is_no_choice(name)}
        kind = (use.fit.call.type_name, frozenset(params))
        settings.setdefault(kind, {}).setdefault(tuple(sorted(params.items())), use)
    for (model, _), tried in settings.items():
        if len(tried) < TRIED:
            continue
        varied = sorted({name for first in tried for name, text in first if any((name, text) not in o for o in tried)})
        name = one.name or "the test set"
        message = f"{len(tried)} settings of {model} ({', '.join(varied[:3])}) were tried on {name}, which also reports"
        uses = list(tried.values())
        steps = [step for use in uses for step in (use.fit, *use.steps)]
        return finding("multi-test", message, _REMEDY.format(name=name), steps, [name, model])
    return None


def _searched_within(story: Story, one: TestSet) -> Finding | None:
    """Find a search that saw the set's rows, and whose choice of params the model that is judged was given."""
    for use in one.fits.values():
        params = use.fit.call.facts.get("params", {})
        for search in story.fits.values():
            best = search.call.facts.get("best")
            if not best or search.call.number >= use.fit.call.number or search.call.fit == use.fit.call.fit:
                continue
            given = search.call.facts.get("estimator") == use.fit.call.type_name
            if not given or any(params.get(name) != text for name, text in best.items()):
                continue
            if share(one.rows, [search.rows("X")], without=[use.fit.rows("X")]).part > 0.8:
                name, model = one.name or "the test set", use.fit.call.type_name
                message = f"{search.call.type_name} chose the params of {model} on {search.name('X', 'rows')}, "
                message += f"which holds the rows of {name}"
                remedy = f"Search on the training rows alone, and use {name} once, at the end."
                return finding("multi-test", message, remedy, [search, use.fit, *use.steps], [name, model])
    return None


def _cut_off(story: Story, one: TestSet) -> Finding | None:
    """Find a threshold (or a weight) that was chosen by many scores of the same predictions."""
    tried: dict[tuple[int, str, str], list[Step]] = {}
    for use in one.uses:
        for step in use.metrics:
            truth = next((value for value in step.call.values if value.role == "y_true"), None)
            if truth is not None and same(truth.rows, one.rows):
                tried.setdefault((use.step.call.number, step.call.function, step.run.id), []).append(step)
    order = [run.id for run in story.cells]
    for (_, function, judging), steps in tried.items():
        if len(steps) < TRIED or len({step.call.value for step in steps}) < _FOLDS:
            continue
        known = names_in(steps[0].run.source or "")
        for run in story.cells[order.index(judging) :]:
            chosen = chosen_from(run.source or "")
            if chosen is not None and (run.id == judging or chosen & known):
                name = one.name or "the test set"
                message = f"the best of {len(steps)} cut-offs was chosen by {function} on {name}, which also reports"
                remedy = f"Choose the cut-off on a validation set or by cross_val_predict, and use {name} at the end."
                return finding("multi-test", message, remedy, steps, [name], also=[run])
    return None


def _is_no_choice(name: str) -> bool:
    return name.rpartition("__")[2] in _NO_CHOICE


def _chosen(story: Story, one: TestSet) -> Finding | None:
    """Find a choice of the best among models that were judged on the set."""
    if len(one.fits) < 2:
        return None
    steps: list[Step] = [inner for use in one.uses for inner in (use.fit, *use.steps)]
    judging = {step.run.id for step in steps}
    known = {name for step in steps for name in names_in(step.run.source or "")}
    order = [run.id for run in story.cells]
    first = min(order.index(run) for run in judging)
    ranked: set[str] = set()
    for run in story.cells[first:]:
        ranked |= sorted_names(run.source or "")
        chosen = chosen_from(run.source or "", ranked)
        if chosen is not None and (run.id in judging or chosen & known):
            name = one.name or "the test set"
            message = f"the best of {len(one.fits)} models was chosen by their scores on {name}, which also reports"
            return finding("multi-test", message, _REMEDY.format(name=name), steps, [name], also=[run])
    return None
