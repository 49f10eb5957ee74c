"""Overlap leakage: rows that a model is judged on were among those it was trained on, or stand for the same things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbledger.lineage.leakage.finding import Finding, finding, percent
from nbledger.lineage.leakage.sets import Share, share

if TYPE_CHECKING:
    from nbledger.lineage.leakage.story import Evaluation, Story
    from nbledger.records import CallValue, RowSet

_LEAST_ROWS = 3
_RICH_PART = 0.05
_FEW_VALUES = 0.1
_OFTEN = 5
_DRAWN_TWICE = 0.05
_REMEDY = "Remove duplicates before the split, and split into rows that are in one part only."
_SPLIT_FIRST = "Split first, and copy, draw or augment the training rows alone."


def find(story: Story) -> Iterator[Finding]:
    """Yield one finding for each pair of training and test rows that overlap."""
    told: set[tuple[str, str]] = set()
    for evaluation in story.evaluations:
        found = _in_one(story, evaluation)
        key = (_hash(evaluation.fit.rows("X")), _hash(evaluation.rows))
        if found is not None and key not in told:
            told.add(key)
            yield found
    yield from _in_validations(story)
    if not told:
        yield from _only_training(story)


def _hash(rows: RowSet | None) -> str:
    return "" if rows is None else rows.hash


def _in_one(story: Story, evaluation: Evaluation) -> Finding | None:
    fit, data = evaluation.fit, evaluation.data
    if data is None:
        return None
    train, test = fit.name("X", "the training rows"), data.name or "the test rows"
    where, model = [fit, *evaluation.steps], _model(fit.call.type_name)
    if evaluation.kind == "partial":
        part = evaluation.seen
        message = f"{percent(part.part)} of the rows of {test} ({part.rows}) are also in {train}, which {model} learned"
        return finding("overlap", message, _remedy(story, evaluation), where, [train, test])
    if evaluation.kind == "training":
        if evaluation.judged and _is_test_part(story, evaluation):
            message = f"{model} is judged on {test}, whose rows are all in {train}, which it was trained on"
            remedy = f"Fit on the training part alone before judging on {test}."
            return finding("overlap", message, remedy, where, [train, test])
        return None
    equal = _equal_content(evaluation)
    if equal is None:
        return None
    message = f"{percent(equal.part)} of the rows of {test} ({equal.rows}) equal rows of {train}, which {model} learned"
    return finding("overlap", message, _remedy(story, evaluation), where, [train, test])


def _model(type_name: str) -> str:
    return type_name or "the model"


def _remedy(story: Story, evaluation: Evaluation) -> str:
    drawn = {*(evaluation.data.through if evaluation.data else ())}
    resampled = any(story.fits[number].call.facts.get("resamples") for number in drawn if number in story.fits)
    return _SPLIT_FIRST if resampled or any(story.of_kind("resample")) else _REMEDY


def _is_test_part(story: Story, evaluation: Evaluation) -> bool:
    """Tell whether rows that a model has seen were set aside by a split, and are not just what it was trained on."""
    learned = evaluation.fit.rows("X")
    if share(learned, [evaluation.rows]).part > 0.95:
        return False
    return any(share(evaluation.rows, [step.rows("test")]).part > 0.95 for step in story.of_kind("split"))


def _equal_content(evaluation: Evaluation) -> Share | None:
    """Return the share of test rows that equal training rows, if it is far more than is natural for such rows."""
    train, test = evaluation.fit.value("X"), evaluation.data
    if train is None or test is None or train.content is None or test.content is None:
        return None
    if not evaluation.judged and share(train.content, [test.content]).part > 0.95:
        return None  # all that was trained on and some more, and no number: the points of a plot
    return equal_content(train, test)


def equal_content(train: CallValue, test: CallValue) -> Share | None:
    """Return the share of test rows that equal training rows by content, if it is far more than is natural for such."""
    if train.content is None or test.content is None:
        return None
    found = share(test.content, [train.content])
    if found.rows < _LEAST_ROWS:
        return None
    natural = max(_repeated(train.content), _repeated(test.content))
    unlikely = found.part > 3 * natural + 0.1
    rich = train.content.rich and not (_saturated(train.content) and found.part < natural)
    return found if unlikely or (rich and found.part >= _RICH_PART) else None


def _saturated(rows: RowSet) -> bool:
    """Tell whether the rows that repeat are a few values over and over, such as probabilities of exactly 0 and 1."""
    values = rows.distinct - (rows.count - rows.repeated)
    return 0 < values < _FEW_VALUES * rows.distinct and rows.repeated > _OFTEN * values


def _repeated(rows: RowSet) -> float:
    return rows.repeated / max(rows.count, 1)


def _in_validations(story: Story) -> Iterator[Finding]:
    """Yield findings for cross-validations of rows that were drawn several times: copies fall into both parts."""
    for step in story.validations:
        data = step.value("X")
        if data is None or data.rows is None or data.rows.sampled:
            continue
        twice = _repeated(data.rows)
        if twice > _DRAWN_TWICE and not any(share(one.rows, [data.rows]).part < 0.05 for one in story.held_out):
            name = data.name or "the data"
            message = f"{percent(twice)} of the rows of {name} were drawn more than once, and are cross-validated on"
            yield finding("overlap", message, _SPLIT_FIRST, [step], [name])


def _only_training(story: Story) -> Iterator[Finding]:
    """Yield a finding when nothing in the whole session was judged on rows that were held out."""
    judged = [one for one in story.evaluations if one.judged and one.fit.call.facts.get("params", {}) is not None]
    if not judged or story.held_out or story.validations:
        return
    if any(one.fit.call.facts.get("params", {}).get("oob_score") == "True" for one in judged):
        return
    last = judged[-1]
    data = last.data.name if last.data and last.data.name else "the data"
    message = f"{_model(last.fit.call.type_name)} is judged on {data} alone, the very rows that it was trained on"
    remedy = "Hold out rows with train_test_split, or use cross_val_score."
    yield finding("overlap", message, remedy, [last.fit, *last.steps], [data])
