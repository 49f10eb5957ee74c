"""The gate `no-leakage`: the numbers of the candidate were judged on rows that had told its model nothing.

Within a notebook every row is followed (`lineage/leakage`). Where a model is judged in another notebook than the one
that fitted it, rows are compared by content; what a transformer that was fitted apart had seen cannot be told then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nbledger.ledger.calls import read_calls
from nbledger.lineage.leakage.finding import percent
from nbledger.lineage.leakage.overlap import equal_content
from nbledger.lineage.leaks import leaks
from nbledger.records import Call, CallValue, GateResult
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.upstream import upstream

NAME = "no-leakage"


@dataclass(slots=True)
class _Session:
    """What was seen of the model in one session."""

    fits: list[Call] = field(default_factory=list)
    judged: list[CallValue] = field(default_factory=list)
    validated: bool = False


def no_leakage(context: GateContext, groups: str | Sequence[str] | None = None, time: str | None = None) -> GateResult:
    """Pass when no leak is found in what fitted and judged the model. `groups`, `time`: as in `leaks`.

    It is an error when no fit or no judgement of the model was observed, or when their rows cannot be compared.
    """
    sessions = _sessions(context)
    fits = [call for one in sessions.values() for call in one.fits]
    judged = [value for one in sessions.values() for value in one.judged]
    if not fits or not (judged or any(one.validated for one in sessions.values())):
        said = "its fit was observed and no judgement" if fits else "no fit of it was observed"
        remedy = "fit and judge the model in recorded cells, best in one notebook"
        return GateResult(NAME, "error", f"leakage cannot be told: {said}; {remedy}")
    found: list[str] = []
    for session in sessions:
        every = leaks(context.ledger, session=session, groups=groups, time=time)
        told = [one for one in every if context.concerned.intersection(one.runs)]
        found += [f"{one.kind}: {one.message}. {one.remedy}" for one in told]
    apart = [value for one in sessions.values() if not one.fits for value in one.judged]
    found += _overlaps(fits, apart)
    if found:
        more = f" (and {len(found) - 3} more: nbledger leaks)" if len(found) > 3 else ""
        return GateResult(NAME, "failed", "; ".join(found[:3]) + more, len(found), 0)
    doubt = _doubt(context, fits, apart, named=groups is not None or time is not None)
    if doubt is not None:
        return GateResult(NAME, "error", f"leakage cannot be told: {doubt}")
    how = " (judged in another notebook: rows were compared by content)" if apart else ""
    return GateResult(NAME, "passed", f"no leakage was found{how}", 0, 0)


def _sessions(context: GateContext) -> dict[str, _Session]:
    found: dict[str, _Session] = {}
    for run, made in read_calls(context.ledger.database, sorted(context.concerned)).items():
        one = found.setdefault(context.ledger.run(run).session, _Session())
        for call in made:
            if call.kind == "fit" and call.facts.get("predicts"):
                one.fits.append(call)
            elif call.kind in ("predict", "score"):
                one.judged += [value for value in call.values if value.role == "X"]
            one.validated = one.validated or call.kind == "validate"
    return found


def _overlaps(fits: list[Call], apart: list[CallValue]) -> list[str]:
    """Return a line for each pair of rows, fitted and judged in different notebooks, that are equal."""
    found: dict[str, None] = {}
    for value in apart:
        for train in filter(None, (_value(call) for call in fits)):
            equal = equal_content(train, value)
            if equal is not None:
                test, learned = value.name or "the test rows", train.name or "the training rows"
                said = f"overlap: {percent(equal.part)} of the rows of {test} ({equal.rows}) equal rows of {learned}"
                found[f"{said}. Judge on rows that it was not fitted on."] = None
    return list(found)


def _doubt(context: GateContext, fits: list[Call], apart: list[CallValue], *, named: bool) -> str | None:
    """Return why rows of different notebooks tell nothing, `None` where they do."""
    if not apart:
        return None
    if named:
        return "groups and time can only be looked at where the model is judged in the notebook that fits it"
    trains = [_value(call) for call in fits]
    known = [value for value in (*trains, *apart) if value is not None and value.content is not None]
    if len(known) < len(trains) + len(apart):
        return "it is judged in another notebook than it was fitted in, and the content of the rows is not known"
    names = sorted(_transformers(context))
    if names:
        said = f"{', '.join(names)} was fitted apart from the model, which is judged in another notebook"
        return f"{said}: put it into a Pipeline with the model, or judge in the notebook that fits it"
    return None


def _transformers(context: GateContext) -> set[str]:
    """Return the types of the transformers that were fitted upstream, each by itself."""
    runs = [run.id for run in upstream(context)]
    return {
        call.type_name
        for made in read_calls(context.ledger.database, runs).values()
        for call in made
        if call.kind == "fit" and not call.facts.get("predicts") and not call.facts.get("stateless")
    }


def _value(fit: Call) -> CallValue | None:
    return next((value for value in fit.values if value.role == "X"), None)
