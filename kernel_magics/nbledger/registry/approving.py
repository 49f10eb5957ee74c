"""Approval: a person's word for a model's content, which the gate `approval` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.ledger.audit import user
from nbledger.ledger.promotions import Approval, add_approval, approvals
from nbledger.registry.candidate import model_of
from nbledger.registry.promotion import NAME, NAME_RULE, check_name

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


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


__all__ = ["NotApproved", "approve"]
