"""Approval: a person's word for a model's content, which the gate `approval` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.ledger.audit import user
from nbledger.ledger.promotions import Approval, add_approval, approvals
from nbledger.registry.candidate import model_of
from nbledger.registry.gates.approval import authors_of, is_author
from nbledger.registry.promotion import NAME, NAME_RULE, check_name

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import ModelVersion


class NotApproved(NBLedgerError):
    """An approval that is to be taken back was never given. Fields: model, version, who."""

    template = "{who} has not approved the model {version} for {model}: there is nothing to take back"


def approve(
    ledger: Ledger,
    model: str,
    version: int | str | None = None,
    *,
    run: str | None = None,
    which: str | None = None,
    who: str | None = None,
    note: str = "",
    revoke: bool = False,
) -> Approval:
    """Record that a person approves a model's content, or (`revoke`) does so no longer.

    The content is that of a registered version (a number or an alias), or that of a run's model, which may have no
    number yet. Raises `NotFound`, `NoModel`, `SeveralModels`, `BadName` and `NotApproved`.
    """
    check_name("model name", model, NAME, NAME_RULE)
    if (version is None) == (run is None):
        raise TypeError("approve a version or a run's model: give one of the two")
    who = who or user()
    if run is not None:
        found = ledger.run(run)
        content, made_by = model_of(ledger, found, which), found.id
    else:
        known = ledger.model_version(model, str(version))
        content, made_by = known.version, known.run
    if revoke and who not in {one.who for one in approvals(ledger, model, content)}:
        raise NotApproved(model=model, version=content[:12], who=who)
    return add_approval(ledger, model, content, "revoke" if revoke else "approve", who, note, made_by)


@dataclass(frozen=True, slots=True)
class ApprovalPlan:
    """What an approval of a registered version, or its withdrawal, will record. `changes` says it line by line.

    `counts` is whether the gate `approval` takes this person's word: an author's is kept, and does not count.
    """

    model: str
    number: int
    version: str
    who: str
    revoke: bool
    counts: bool
    changes: tuple[str, ...]


def plan_approval(
    ledger: Ledger, model: str, version: int | str, *, who: str | None = None, revoke: bool = False
) -> ApprovalPlan:
    """Return what `approve` would record. Writes nothing; raises what `approve` does."""
    check_name("model name", model, NAME, NAME_RULE)
    who = who or user()
    known = ledger.model_version(model, str(version))
    given = {one.who for one in approvals(ledger, model, known.version)}
    if revoke and who not in given:
        raise NotApproved(model=model, version=known.version[:12], who=who)
    authors = authors_of(ledger, ledger.run(known.run), model, known.number)
    counts = not is_author(who, authors)
    lines = [_word(known, who, revoke=revoke, again=who in given)]
    if not counts:
        named = ", ".join(sorted(authors))
        lines.append(f"The gate approval does not count it: it wants another person than the author ({named}).")
    elif revoke:
        lines.append("The gate approval no longer counts it. An alias that was moved by it stays where it is.")
    else:
        lines.append("The gate approval counts it, wherever this very content is promoted. No alias moves by it.")
    lines.append(f"The {'withdrawal' if revoke else 'approval'} and an event of the audit are recorded as {who}.")
    return ApprovalPlan(model, known.number, known.version, who, revoke, counts, tuple(lines))


def _word(known: ModelVersion, who: str, *, revoke: bool, again: bool) -> str:
    of = f"{known.model} version {known.number}: content {known.version[:12]}, made by run {known.run[:8]}."
    if revoke:
        return f"{who} no longer approves {of}"
    return f"{who} approves {of}" if not again else f"{who} approved it already, and approves again {of}"


__all__ = ["ApprovalPlan", "NotApproved", "approve", "plan_approval"]
