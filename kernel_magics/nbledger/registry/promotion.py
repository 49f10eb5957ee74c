"""Promotion: a run's model becomes a version of a registered model, and an alias moves to it when its gates passed.

The gates are judged first, outside of any transaction. Then version, alias event, gate results and audit event are
written in one, which first looks whether the alias still stands where it stood when the gates were judged: of two
promotions at once one wins, and the other is told. A refusal is recorded as well, in a transaction of its own.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import audit
from nbledger.ledger.audit import user
from nbledger.ledger.promotions import NewPromotion, Outcome, add_promotion
from nbledger.records import AliasEvent, GateResult, ModelVersion, Run, new_id
from nbledger.registry.candidate import NoModel, SeveralModels, candidate, model_of, slice_hash
from nbledger.registry.gates import BadGate, GateContext, GateSpec, judge_in, parse_gate, titles
from nbledger.registry.metadata import on_registered, prepare
from nbledger.tables import table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,127}")
NAME_RULE = "use letters, digits, '.', '_', '-' and spaces, a letter or digit first"
ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
REFUSED = 3
"""The exit code of a refusal by gates."""


class BadName(NBLedgerError):
    """A model's or alias's name that could not be told from a version or a path. Fields: what, name, rule."""

    template = "{name!r} cannot be the {what}: {rule}"


class PromotionRefused(NBLedgerError):
    """Gates did not pass. Fields: model, alias, run, results (of all gates), promotion (the record), table, names."""

    template = (
        "{model} is not promoted: {names} did not pass for the model of run {run}.\n{table}\n"
        "Mend what the table names and promote again, or take another run; --dry-run only shows the table."
    )
    exit_code = REFUSED


class PromotionConflict(NBLedgerError):
    """Somebody else moved the alias while the gates were judged. Fields: model, alias, before, now."""

    template = (
        "@{alias} of {model} moved to {now} while this promotion was judged against {before}; nothing was written: "
        "look at `nbledger models {model}` and promote again"
    )


class NotWaived(NBLedgerError):
    """A gate cannot be waived like this. Field: detail."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did: the version, whether it is new, and the version the alias held before (if any).

    `gates` is what the gates said, `record` the id of the promotion's record (`None` where nothing changed). In a dry
    run nothing was written: `version` then is what it would have been.
    """

    version: ModelVersion
    run: Run
    alias: str | None
    created: bool
    moved: bool
    previous: ModelVersion | None = None
    gates: tuple[GateResult, ...] = ()
    record: str | None = None
    dry_run: bool = False

    @property
    def refused(self) -> bool:
        """Whether a gate did not pass (in a dry run; else `PromotionRefused` was raised)."""
        return not all(one.ok for one in self.gates)


def promote(
    ledger: Ledger,
    model: str,
    run: Run,
    *,
    alias: str | None = None,
    which: str | None = None,
    who: str | None = None,
    reason: str = "",
    gates: Iterable[GateSpec | str | Mapping[str, Any]] = (),
    waive: Collection[str] = (),
    dry_run: bool = False,
) -> Promotion:
    """Register the run's model as a version of `model` and move `alias` to it, in one transaction, if all gates pass.

    Promoting the same content again makes no new version, and an alias that is already there does not move; so a
    promotion can be repeated. `which` names one of several models of the run, by its variable. `who` is the current
    user by default. `waive` names gates that need not pass, for which `reason` must say why. Raises `NoModel`,
    `SeveralModels`, `BadName`, `BadGate`, `PromotionRefused`, `PromotionConflict`, and `ObjectAltered` or
    `ObjectMissing` for a model whose stored bytes are not what was stored.
    """
    check_name("model name", model, NAME, NAME_RULE)
    if alias is not None:
        alias = alias.removeprefix("@")
        check_name("alias", alias, ALIAS, "use letters, digits, '.', '_' and '-', a letter first")
    specs = [spec if isinstance(spec, GateSpec) else parse_gate(spec) for spec in gates]
    waived = _to_waive(specs, waive, reason)
    context = candidate(ledger, model, run, alias=alias or "champion", which=which, who=who or user())
    ledger.objects.check(context.artifact.object)
    results = _waived(judge_in(context, specs), waived, context.who, reason)
    move = Move(context, alias, reason, results, None if dry_run else slice_hash(context))
    if dry_run:
        return move.imagined()
    if not all(one.ok for one in results):
        raise refused(move)
    if context.number is None:
        prepare(ledger, move.imagined().version)
    return ledger.write(move.write, context.who, reason)


@dataclass(frozen=True, slots=True)
class Move:
    """A promotion that has been judged and is to be written."""

    context: GateContext
    alias: str | None
    reason: str
    gates: tuple[GateResult, ...]
    slice: str | None
    outcome: Outcome = "promoted"
    """`rolled_back`: to the very number that the context has."""

    def write(self, connection: sqlite3.Connection, who: str, reason: str) -> Promotion:
        """Write all of it in the caller's transaction. Raises `PromotionConflict`."""
        context, ledger = self.context, self.context.ledger
        previous = self._holder()
        known = self._known()
        version = known[0] if known else ledger.add_model_version(context.model, context.run.id, context.version, who)
        if not known:
            on_registered(ledger, version)
        moved = self.alias is not None and (previous is None or previous.number != version.number)
        if known and not moved:
            return Promotion(version, context.run, self.alias, created=False, moved=False, gates=self.gates)
        event = None
        if moved and self.alias is not None:
            event = new_id()
            move = (event, context.model, self.alias, version.number, time.time(), who, reason, context.run.id)
            ledger.set_alias(AliasEvent(*move))
        record = self._record(connection, who, reason, version, previous, event, created=not known)
        version = ledger.model_version(context.model, version.number)
        return Promotion(
            version,
            context.run,
            self.alias,
            created=not known,
            moved=moved,
            previous=previous if moved else None,
            gates=self.gates,
            record=record,
        )

    def imagined(self) -> Promotion:
        """Return what a promotion would do."""
        context = self.context
        number = context.number
        if number is None:
            known = context.ledger.models()
            newest = context.ledger.model_versions(context.model, limit=1) if context.model in known else []
            number = newest[0].number + 1 if newest else 1
        version = ModelVersion(context.model, number, context.run.id, context.version, time.time(), context.who)
        previous = context.champion if self.alias else None
        moved = self.alias is not None and (previous is None or previous.number != number)
        created = context.number is None
        return Promotion(
            version,
            context.run,
            self.alias,
            created,
            moved,
            previous if moved else None,
            self.gates,
            dry_run=True,
        )

    def _known(self) -> list[ModelVersion]:
        """Return the versions of the model that have this content already; in a rollback the one that is meant."""
        context = self.context
        found = [one for one in context.ledger.model_versions_of(context.version) if one.model == context.model]
        return [one for one in found if one.number == context.number] if self.outcome == "rolled_back" else found

    def _holder(self) -> ModelVersion | None:
        """Return the version that holds the alias, which must be the one that the gates were judged against."""
        if self.alias is None:
            return None
        context = self.context
        now = (
            context.ledger.aliases(context.model).get(self.alias) if context.model in context.ledger.models() else None
        )
        before = None if context.champion is None else context.champion.number
        if now != before:
            raise PromotionConflict(
                model=context.model,
                alias=self.alias,
                before="no version" if before is None else f"version {before}",
                now="no version" if now is None else f"version {now}",
            )
        return context.champion

    def _record(
        self,
        connection: sqlite3.Connection,
        who: str,
        reason: str,
        version: ModelVersion,
        previous: ModelVersion | None,
        event: str | None,
        *,
        created: bool,
    ) -> str:
        ids = _version_ids(connection, version.model)
        id = ids[version.number]
        record = add_promotion(
            connection,
            replace(
                self.new(who, reason),
                model_version=id,
                predecessor=None if previous is None else ids[previous.number],
                alias_event=event,
            ),
        )
        rows = [("promotion", record)]
        rows += [("model_version", id)] if created else []
        rows += [("alias_event", event)] if event else []
        action = "rollback" if self.outcome == "rolled_back" else "promote"
        detail = {"number": version.number, "from": previous and previous.number, **self.told(reason)}
        numbers = {id: version.number} if created else None
        audit.append(connection, action, f"model {version.model}", detail, who, rows=rows, numbers=numbers)
        return record

    def new(self, who: str, reason: str) -> NewPromotion:
        """Return what is written of it whether it is refused or not."""
        context = self.context
        return NewPromotion(
            context.model,
            self.outcome,
            context.run.id,
            context.version,
            context.artifact.object,
            who,
            reason,
            self.alias,
            slice=self.slice,
            gates=self.gates,
        )

    def told(self, reason: str) -> dict[str, Any]:
        """Return what the audit event says in words, beside the digests of the rows."""
        context = self.context
        return {
            "alias": self.alias,
            "run": context.run.id,
            "version": context.version,
            "artifact": context.artifact.object,
            "slice": self.slice,
            "reason": reason,
            "gates": {f"{seq} {one.gate}": one.status for seq, one in enumerate(self.gates)},
        }


def refused(move: Move) -> PromotionRefused:
    """Record a refusal, in a transaction of its own, and return the error that tells of it."""
    context = move.context

    def insert(connection: sqlite3.Connection, who: str, reason: str) -> str:
        ids = _version_ids(connection, context.model)
        holder = context.champion if move.alias else None
        new = replace(
            move.new(who, reason),
            outcome="refused",
            model_version=ids.get(context.number or 0),
            predecessor=ids.get(holder.number) if holder else None,
        )
        record = add_promotion(connection, new)
        subject = f"model {context.model}"
        audit.append(connection, "refuse", subject, move.told(reason), who, rows=[("promotion", record)])
        return record

    record = context.ledger.write(insert, context.who, move.reason)
    failed = [title for title, one in zip(titles(move.gates), move.gates, strict=True) if not one.ok]
    return PromotionRefused(
        model=context.model + (f"@{move.alias}" if move.alias else ""),
        alias=move.alias,
        run=context.run.id[:8],
        results=move.gates,
        promotion=record,
        names=", ".join(dict.fromkeys(failed)),
        table=gate_table(move.gates),
    )


def gate_table(results: Iterable[GateResult], width: int | None = None) -> str:
    """Return gate results as a table."""
    gates = tuple(results)
    rows = [[title, one.status, one.detail] for title, one in zip(titles(gates), gates, strict=True)]
    return table(["gate", "status", "found"], rows, width=width)


def check_name(what: str, name: str, pattern: re.Pattern[str], rule: str) -> None:
    """Raise `BadName` unless a name fits its pattern."""
    if not pattern.fullmatch(name):
        raise BadName(what=what, name=name, rule=rule)


def _version_ids(connection: sqlite3.Connection, model: str) -> dict[int, str]:
    rows = connection.execute(
        "SELECT v.number, v.id FROM model_version v JOIN model m ON m.key = v.model WHERE m.name = ?", (model,)
    )
    return dict(rows.fetchall())


def _to_waive(specs: Sequence[GateSpec], waive: Collection[str], reason: str) -> set[int]:
    """Return which gates to waive, by their places. One is named as in the table of gates, or as it was given."""
    names = titles(specs)
    found: set[int] = set()
    for gate in (" ".join(one.split()) for one in waive):
        places = {at for at, spec in enumerate(specs) if gate in (names[at], spec.name, " ".join(str(spec).split()))}
        if not places:
            raise NotWaived(
                detail=f"The gate {gate!r} is not among those that are judged ({', '.join(names) or 'none'})"
            )
        several = tuple(dict.fromkeys(names[at] for at in sorted(places)))
        if len(several) > 1:
            raise NotWaived(detail=f"Several gates are called {gate!r}: waive one of {', '.join(map(repr, several))}")
        found |= places
    if waive and not reason.strip():
        raise NotWaived(detail="A waived gate needs a reason, which is kept: --reason TEXT")
    return found


def _waived(results: tuple[GateResult, ...], waive: Collection[int], who: str, reason: str) -> tuple[GateResult, ...]:
    return tuple(
        replace(one, status="waived", detail=f"{one.status}: {one.detail}; waived by {who}: {reason}")
        if at in waive and not one.ok
        else one
        for at, one in enumerate(results)
    )


__all__ = [
    "BadGate",
    "BadName",
    "Move",
    "NoModel",
    "NotWaived",
    "Promotion",
    "PromotionConflict",
    "PromotionRefused",
    "SeveralModels",
    "gate_table",
    "model_of",
    "promote",
    "user",
]
