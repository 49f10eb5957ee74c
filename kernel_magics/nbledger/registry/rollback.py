"""Rollback: an alias goes back to a version that it held before. A promotion backwards, recorded as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.ledger.audit import user
from nbledger.ledger.loading import registered
from nbledger.ledger.promotions import rolled_back
from nbledger.records import AliasEvent, ModelVersion
from nbledger.registry.candidate import slice_hash
from nbledger.registry.gates import GateContext
from nbledger.registry.promotion import Move, Promotion

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


class NoRollback(NBLedgerError):
    """There is nothing to go back to. Fields: model, alias, why."""

    template = "@{alias} of {model} cannot go back: {why}"


def rollback(
    ledger: Ledger,
    model: str,
    alias: str,
    *,
    to: int | None = None,
    who: str | None = None,
    reason: str = "",
    dry_run: bool = False,
) -> Promotion:
    """Move an alias back, by default to the version that it held before the present one was promoted.

    `to` is another one that it once held; a version that it never held has passed no gates for it and is refused. The
    stored bytes are checked first, so that what is loaded afterwards is what was loaded then. In a dry run nothing is
    written. Raises `NoRollback`, `NotFound`, `ObjectMissing`, `ObjectAltered`, `ArtifactChanged` and
    `PromotionConflict`.
    """
    alias = alias.removeprefix("@")
    now = ledger.aliases(model).get(alias)
    events = ledger.alias_history(model, alias)
    target = _chosen(ledger, model, alias, events, now, to)
    stored = registered(ledger, target)
    ledger.objects.check(stored.object)
    holder = None if now is None else ledger.model_version(model, now)
    run = ledger.run(target.run)
    context = GateContext(ledger, model, run, target.version, stored, alias, holder, target.number, who or user())
    move = Move(context, alias, reason, (), None if dry_run else slice_hash(context), "rolled_back")
    if dry_run:
        return move.imagined()
    return ledger.write(move.write, context.who, reason)


def _chosen(
    ledger: Ledger, model: str, alias: str, events: list[AliasEvent], now: int | None, to: int | None
) -> ModelVersion:
    held = list(dict.fromkeys(event.number for event in events if event.number is not None))
    if not held:
        ledger.model_versions(model, limit=1)  # a model that is not there is the better answer
        raise NoRollback(model=model, alias=alias, why=f"it was never set: see `nbledger models {model}`")
    if to is None:
        to = _before(ledger, model, alias, events, now)
    if to is None:
        raise NoRollback(model=model, alias=alias, why=f"version {now} is the first that it held")
    if to == now:
        raise NoRollback(model=model, alias=alias, why=f"it is at version {to} already")
    if to not in held:
        versions = ", ".join(map(str, held))
        why = f"it never held version {to} (it held {versions}): `nbledger promote` judges and moves it there"
        raise NoRollback(model=model, alias=alias, why=why)
    return ledger.model_version(model, to)


def _before(ledger: Ledger, model: str, alias: str, events: list[AliasEvent], now: int | None) -> int | None:
    """Return what the alias held before its present version was promoted; rollbacks themselves do not count."""
    back = rolled_back(ledger, model, alias)
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if event.number == now and event.id not in back:
            earlier = [one.number for one in events[:place] if one.number is not None and one.number != now]
            return earlier[-1] if earlier else None
    return None


__all__ = ["NoRollback", "rollback"]
