"""Why to trust a model or not: known leaks, how often its test set was used, promotions with their gates, approvals."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nbledger.ledger import model_tags
from nbledger.ledger.promotions import approvals
from nbledger.ledger.promotions import promotions as recorded
from nbledger.registry.card.page import Block, Facts, Table, Text
from nbledger.registry.evidence import TRUE, name_of
from nbledger.registry.gates import titles

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.leaks import Finding
    from nbledger.records import ModelVersion, Run
    from nbledger.registry.card.numbers import Measured
    from nbledger.registry.evidence import Judgement

_NO_LEAK = "None found in the recorded calls. What was not recorded, such as a split made elsewhere, is not looked at."
_MANY_MODELS = 5
_MOST_SESSIONS = 10


def known_leaks(ledger: Ledger, version: ModelVersion, made: Run, judged: list[Judgement]) -> list[Finding]:
    """Return the leaks found in the sessions that made and judged a model, those that its runs take part in."""
    from nbledger.lineage.leaks import leaks

    concerned = {version.run, made.id, *(one.run for one in judged)}
    sessions = dict.fromkeys([made.session, *(ledger.run(one.run).session for one in judged)])
    found: dict[tuple[str, str], Finding] = {}
    for session in list(sessions)[:_MOST_SESSIONS]:
        for one in leaks(ledger, session):
            if concerned & set(one.runs):
                found.setdefault((one.kind, one.message), one)
    return list(found.values())


def leak_blocks(found: list[Finding]) -> list[Block]:
    """Return the leaks as a table."""
    if not found:
        return [Text(_NO_LEAK)]
    rows = tuple((one.kind, one.message, one.remedy, ", ".join(run[:8] for run in one.runs[:6])) for one in found)
    return [Table("Leakage found from lineage and content", ("kind", "what", "remedy", "runs"), rows)]


def test_uses(ledger: Ledger, judged: list[Judgement]) -> tuple[tuple[str, str, str, str], ...]:
    """Return how often each set of true values was used to judge: name, judgements, models and runs, as text."""
    from nbledger.lineage.honest import test_uses as uses_of

    found = []
    for version in _truths(judged):
        uses = uses_of(ledger, version)
        found.append((name_of(ledger, version), str(uses.count), str(uses.models), str(len(uses.runs))))
    return tuple(found)


def _truths(judged: list[Judgement]) -> list[str]:
    values = (one.of_role(TRUE) for one in judged)
    named = [one.truth or (value.version if value else None) for one, value in zip(judged, values, strict=True)]
    return list(dict.fromkeys(version for version in named if version is not None))


def promotions(ledger: Ledger, version: ModelVersion) -> list[Block]:
    """Return the promotions of a version with their gates, the moves of its aliases, and the approvals that hold."""
    own = [one for one in recorded(ledger, version.model) if one.version == version.version]
    blocks: list[Block] = []
    if own:
        rows = tuple(
            (
                _moment(one.time),
                one.outcome.replace("_", " "),
                f"@{one.alias}" if one.alias else "",
                one.who,
                one.reason,
            )
            for one in own
        )
        blocks.append(Table("Promotions, the newest first", ("when", "outcome", "alias", "by", "reason"), rows))
    for one in own:
        if one.gates:
            what = f"@{one.alias}, {_moment(one.time)}: {one.outcome.replace('_', ' ')}"
            named = zip(titles(one.gates), one.gates, strict=True)
            rows_of = tuple((title, gate.status, gate.detail) for title, gate in named)
            blocks.append(Table(f"Gates of {what}", ("gate", "status", "detail"), rows_of))
    moves = [event for event in ledger.alias_history(version.model) if event.number == version.number]
    if moves and not own:
        to_here = tuple((_moment(one.time), f"@{one.alias}", one.who, one.reason) for one in moves)
        blocks.append(Table("Moves of aliases to this version", ("when", "alias", "by", "reason"), to_here))
    if not blocks:
        blocks.append(Text("Not recorded: the version was registered without a promotion."))
    elif not any(one.gates for one in own):
        blocks.append(Text("No gate was judged."))
    stages = model_tags.history(ledger, version.model, version.number, model_tags.STAGE)
    if stages:
        changes = tuple((_moment(one.time), one.value or "(none)", one.who) for one in stages)
        blocks.append(Table("Stages", ("when", "stage", "by"), changes))
    return [*blocks, _approvals(ledger, version)]


def _approvals(ledger: Ledger, version: ModelVersion) -> Block:
    found = approvals(ledger, version.model, version.version)
    if not found:
        return Text("No approval by a person is recorded.")
    return Facts(
        tuple((f"approved by {one.who}", " ".join(filter(None, (_moment(one.time), one.note)))) for one in found)
    )


def limitations(
    ledger: Ledger, version: ModelVersion, made: Run, metrics: list[Measured], leaks: list[Finding]
) -> list[str]:
    """Return in plain words what a reader should hold against the card's numbers."""
    found = []
    if leaks:
        kinds = ", ".join(dict.fromkeys(one.kind for one in leaks))
        found.append(f"The metrics may be too good: {kinds} leakage was found (see Known Leaks).")
    for name, _, models, _ in test_uses(ledger, [one.judged for one in metrics]):
        if int(models) >= _MANY_MODELS:
            found.append(f"{name} was used to judge {models} models: the best of many looks better than it is.")
    bare = [one.name for one in metrics if one.low is None]
    if bare:
        found.append(f"No interval is known for {', '.join(bare)}.")
    inexact = [one.name for one in metrics if one.judged.features is None]
    if inexact:
        found.append(f"What {', '.join(inexact)} was judged on is not known by content.")
    record, stored, git = ledger.version(version.version), ledger.stored(version.version), ledger.git(made.id)
    if record.exactness != "exact":
        found.append(
            f"The model's content was hashed {record.exactness}: two different models could have the same hash."
        )
    if stored is not None and not stored.trusted:
        found.append("The model is stored as a pickle: loading it runs its code.")
    if git is not None and git.dirty:
        found.append("The code had changes that were not committed; the ledger has the difference.")
    if ledger.environment(made.id) is None:
        found.append("The environment was not recorded.")
    return found


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


__all__ = ["known_leaks", "leak_blocks", "limitations", "promotions", "test_uses"]
