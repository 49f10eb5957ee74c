"""Overlap by a column that the user names: the same group on both sides, or training rows later than test rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nbledger.ledger.calls import read_row_columns
from nbledger.lineage.leakage.finding import Finding, finding, percent
from nbledger.lineage.leakage.sets import disjoint, positions_in

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.leakage.story import Evaluation, Story
    from nbledger.records import RowSet

_LATER = 0.02
_REPEATED = 0.05
_SPLITTERS = (
    "KFold",
    "StratifiedKFold",
    "ShuffleSplit",
    "StratifiedShuffleSplit",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "LeaveOneOut",
    "LeavePOut",
)


def find(ledger: Ledger, story: Story, groups: Sequence[str], time: str | None) -> Iterator[Finding]:
    """Yield a finding for each pair of training and test rows that the named columns do not keep apart."""
    told: set[tuple[str, str]] = set()
    checks = [*((column, _shared) for column in groups), *(((time, _later),) if time is not None else ())]
    for column, check in checks:
        known = _columns(ledger, story, column)
        for evaluation in story.held_out:
            train, test = evaluation.fit.rows("X"), evaluation.rows
            if train is None or test is None or (column + train.hash, test.hash) in told:
                continue
            for rows, ranks in known:
                found = check(column, evaluation, ranks[positions_in(train, rows)], ranks[positions_in(test, rows)])
                if found is not None:
                    told.add((column + train.hash, test.hash))
                    yield found
                    break
        yield from _in_validations(story, column, known, by_time=check is _later)


def _in_validations(story: Story, column: str, known: list[tuple[RowSet, Any]], *, by_time: bool) -> Iterator[Finding]:
    """Yield a finding for each cross-validation whose folds are cut without regard to a column."""
    import numpy as np

    for step in story.of_kind("validate", "cross_predict"):
        data, cv = step.value("X"), step.call.facts.get("cv", "")
        blind = cv == "None" or cv.isdigit() or cv.partition("(")[0] in _SPLITTERS
        if (
            data is None
            or data.rows is None
            or not blind
            or any(disjoint(data.rows, one.rows) for one in story.held_out)
        ):
            continue
        for rows, ranks in known:
            found = ranks[positions_in(data.rows, rows)]
            kinds = len(np.unique(found))
            if kinds < 2 or (not by_time and kinds > (1 - _REPEATED) * len(found)):
                continue
            name = data.name or "the data"
            if by_time:
                message = (
                    f"the folds of {name} are cut without regard to {column}: models are judged on what came before"
                )
                remedy = "Sort the rows by time and cross-validate with cv=TimeSeriesSplit()."
            else:
                message = f"the folds of {name} are cut without regard to {column}: rows of one are in both parts"
                remedy = f"Cross-validate with cv=GroupKFold() and groups= the values of {column}."
            yield finding("overlap", message, remedy, [step], [column, name])
            break


def _columns(ledger: Ledger, story: Story, name: str) -> list[tuple[RowSet, Any]]:
    import numpy as np

    sets = {value.rows.hash for step in story.steps for value in step.call.values if value.rows is not None}
    found = read_row_columns(ledger.database, name, sets)
    found.sort(key=lambda one: -one[0].count)
    return [(rows, np.frombuffer(ranks, dtype="<u4")) for rows, ranks in found]


def _shared(column: str, evaluation: Evaluation, train: Any, test: Any) -> Finding | None:
    import numpy as np

    if not len(train) or not len(test):
        return None
    inside = np.isin(test, train)
    if not inside.any():
        return None
    count = len(np.unique(test[inside]))
    names = _names(evaluation)
    message = (
        f"{count} values of {column} are in both {names[0]} and {names[1]}: "
        f"{percent(float(inside.mean()))} of the rows that are judged on"
    )
    remedy = f"Split by group: GroupShuffleSplit or GroupKFold with groups={column!r}."
    return finding("overlap", message, remedy, [evaluation.fit, *evaluation.steps], [column, *names])


def _later(column: str, evaluation: Evaluation, train: Any, test: Any) -> Finding | None:
    if not len(train) or not len(test):
        return None
    later = float((train > test.min()).mean())
    if later <= _LATER:
        return None
    names = _names(evaluation)
    message = f"{percent(later)} of the rows of {names[0]} are later by {column} than the earliest of {names[1]}"
    remedy = f"Split by time: train on what is before a date of {column}, or use TimeSeriesSplit on sorted rows."
    return finding("overlap", message, remedy, [evaluation.fit, *evaluation.steps], [column, *names])


def _names(evaluation: Evaluation) -> tuple[str, str]:
    data = evaluation.data
    return evaluation.fit.name("X", "the training rows"), (data.name if data else "") or "the test rows"
