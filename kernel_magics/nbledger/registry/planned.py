"""A promotion or rollback that is looked at before it is made: what will change, in words, and whether it may.

`plan_promotion` and `plan_rollback` judge as a dry run does and write nothing. `carry_out` makes the very move that was
shown: where the alias has moved since, it is refused, as two promotions at once are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbledger.ledger.audit import user
from nbledger.records import GateResult, ModelVersion
from nbledger.registry.gates import GateSpec, parse_gate, titles
from nbledger.registry.promotion import Promotion, PromotionConflict, promote
from nbledger.registry.rollback import rollback
from nbledger.tables import many

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

Gate = GateSpec | str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a promotion or rollback will do. `changes` says it line by line; `moved` whether the alias moves.

    `previous` is the number that the alias names now, `number` the one that it will name, `run` the run whose model is
    promoted, `which` its variable where the run has several. `allowed` is false where a gate did not pass; nothing
    changes where `is_nothing`.
    """

    action: Literal["promote", "rollback"]
    model: str
    alias: str | None
    number: int
    previous: int | None
    run: str
    created: bool
    moved: bool
    changes: tuple[str, ...]
    gates: tuple[GateResult, ...] = ()
    specs: tuple[GateSpec, ...] = ()
    waive: tuple[str, ...] = ()
    which: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether every gate passed or was waived."""
        return all(one.ok for one in self.gates)

    @property
    def is_nothing(self) -> bool:
        """Whether all is so already."""
        return not self.created and not self.moved

    @property
    def said(self) -> str:
        """In one sentence, what it comes to."""
        if not self.allowed:
            names = ", ".join(
                dict.fromkeys(title for title, one in zip(titles(self.gates), self.gates, strict=True) if not one.ok)
            )
            return f"Refused: {names} did not pass. Nothing changes."
        if self.is_nothing:
            return "Nothing changes: all is so already."
        verb = "Promotes" if self.action == "promote" else "Rolls back"
        return f"{verb} {self.model}{f'@{self.alias}' if self.alias else ''} to version {self.number}."


def plan_promotion(
    ledger: Ledger,
    model: str,
    *,
    version: int | None = None,
    run: str | None = None,
    alias: str | None = None,
    which: str | None = None,
    gates: Iterable[Gate] = (),
    waive: Collection[str] = (),
    reason: str = "",
    who: str | None = None,
) -> Plan:
    """Return what promoting a registered version, or a run's model, would do. Raises what `promote` does."""
    if (version is None) == (run is None):
        raise TypeError("promote a version or a run's model: give one of the two")
    if version is not None:
        known = ledger.model_version(model, version)
        run, which = known.run, which or _variable(ledger, known)
    alias = alias.removeprefix("@") if alias else None
    specs = tuple(one if isinstance(one, GateSpec) else parse_gate(one) for one in gates)
    done = promote(
        ledger, model, ledger.run(str(run)), alias=alias, which=which, who=who, reason=reason, gates=specs, waive=waive,
        dry_run=True,
    )  # fmt: skip
    return _plan("promote", ledger, done, who, specs, tuple(waive), which)


def plan_rollback(ledger: Ledger, model: str, alias: str, *, to: int | None = None, who: str | None = None) -> Plan:
    """Return what rolling an alias back would do. Raises what `rollback` does."""
    done = rollback(ledger, model, alias, to=to, who=who, dry_run=True)
    return _plan("rollback", ledger, done, who)


def carry_out(ledger: Ledger, plan: Plan, *, reason: str = "", who: str | None = None) -> Promotion:
    """Make the move that was shown. Raises `PromotionConflict` where the alias has moved since, and `PromotionRefused`.

    The gates are judged again: what is recorded is what they say now.
    """
    now = _holder(ledger, plan.model, plan.alias)
    if plan.alias is not None and now != plan.previous:
        raise PromotionConflict(model=plan.model, alias=plan.alias, before=_named(plan.previous), now=_named(now))
    if plan.action == "rollback":
        return rollback(ledger, plan.model, str(plan.alias), to=plan.number, who=who, reason=reason)
    return promote(
        ledger, plan.model, ledger.run(plan.run), alias=plan.alias, which=plan.which, who=who, reason=reason,
        gates=plan.specs, waive=plan.waive,
    )  # fmt: skip


def _plan(
    action: Literal["promote", "rollback"],
    ledger: Ledger,
    done: Promotion,
    who: str | None,
    specs: tuple[GateSpec, ...] = (),
    waive: tuple[str, ...] = (),
    which: str | None = None,
) -> Plan:
    version = done.version
    previous = _holder(ledger, version.model, done.alias)
    lines = [_version_line(done)] if action == "promote" else []
    if done.alias is not None:
        lines.append(_alias_line(done.alias, previous, version.number, moved=done.moved))
        if done.moved:
            lines.append(f"What loads models:/{version.model}@{done.alias} gets version {version.number} from then on.")
    if done.created or done.moved:
        gates = f", what {many(len(done.gates), 'gate')} said" if done.gates else ", judged by no gate"
        kind = f"The promotion{gates}" if action == "promote" else "The rollback"
        lines.append(f"{kind} and an event of the audit are recorded as {who or user()}.")
        lines.append("No version, model or earlier record is changed or removed.")
    return Plan(
        action, version.model, done.alias, version.number, previous, version.run, done.created, done.moved,
        tuple(lines), done.gates, specs, waive, which,
    )  # fmt: skip


def _version_line(done: Promotion) -> str:
    version = done.version
    of = f"the model of run {done.run.id[:8]}" + (f" ({done.run.name})" if done.run.name else "")
    if done.created:
        return f"{version.model} gets a new version {version.number}: {of}."
    return f"{version.model} version {version.number} stays as it is: the same content was registered before."


def _alias_line(alias: str, before: int | None, after: int, *, moved: bool) -> str:
    if not moved:
        return f"@{alias} stays at version {after}."
    return f"@{alias} moves from {_named(before)} to version {after}."


def _named(number: int | None) -> str:
    return "no version" if number is None else f"version {number}"


def _holder(ledger: Ledger, model: str, alias: str | None) -> int | None:
    known = alias is not None and model in ledger.models()
    return ledger.aliases(model).get(str(alias)) if known else None


def _variable(ledger: Ledger, version: ModelVersion) -> str | None:
    """Return the variable that held a version's content in its run, or in a run inside it."""
    rows = ledger.database.rows(
        """SELECT g.name FROM generated g JOIN version v ON v.key = g.version JOIN run r ON r.key = g.run
        WHERE v.hash = :version AND (r.id = :run OR r.parent = :run) ORDER BY g.role = 'variable' DESC LIMIT 1""",
        {"version": version.version, "run": version.run},
    )
    return str(rows[0][0]) if rows else None


__all__ = ["Plan", "carry_out", "plan_promotion", "plan_rollback"]
