"""The registry, written: promote, roll back, approve. Each is tried out first (`dry_run`).

The gates that judged a model's alias the last time judge it again, so that a click cannot go round them: only a waiver
does, with its reason, and it is recorded as one. Who did it is whom the server vouches for, never what a request says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbledger.ledger.promotions import promotions
from nbledger.records import GateResult
from nbledger.registry.approving import approve as give
from nbledger.registry.approving import plan_approval
from nbledger.registry.gates import GateSpec, parse_gate, titles
from nbledger.registry.planned import Plan, carry_out, plan_promotion, plan_rollback
from nbledger.registry.promotion import PromotionConflict, PromotionRefused
from nbledger_lab.plain import clean
from nbledger_lab.routes import NAME, PATH, Ask, Schema, Table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

TABLE = Table()
MOST_GATES = 50
_ALIAS: Schema = {"type": "string", "pattern": "^@?[A-Za-z][A-Za-z0-9._-]{0,63}$"}
_WHY: Schema = {"type": "string", "maxLength": 2_000, "default": ""}
_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
#: What the alias held when the change was shown to whoever confirmed it; left out, it is not asked.
_EXPECTED: Schema = {"anyOf": [_NUMBER, {"type": "null"}]}
_DRY: Schema = {"type": "boolean", "default": True}
_TEXTS: Schema = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 300},
                  "maxItems": MOST_GATES, "default": []}  # fmt: skip


@TABLE.post(
    "models/{model}/promote",
    "Promote a version, or a run's model, to an alias; with `dry_run` only judge and tell",
    "Promotion",
    names={"model": NAME},
    query={"path": PATH},
    body={
        "type": "object",
        "properties": {
            "version": {"anyOf": [_NUMBER, {"type": "null"}], "default": None},
            "run": {"type": "string", "pattern": "^([0-9a-f]{4,32})?$", "default": ""},
            "alias": _ALIAS,
            "why": _WHY,
            "dry_run": _DRY,
            "waive": _TEXTS,
            "gates": _TEXTS,
            "expected": _EXPECTED,
        },
        "required": ["alias"],
        "oneOf": [
            {"required": ["version"], "properties": {"version": _NUMBER, "run": {"maxLength": 0}}},
            {"required": ["run"], "properties": {"run": {"minLength": 4}, "version": {"type": "null"}}},
        ],
        "description": "Give a version or a run, one of the two.",
        "additionalProperties": False,
    },
    slow=True,
    event="promote",
)
def promote(ask: Ask) -> Any:
    """Return what a promotion would do or did (`IPromotion`). A refusal by gates is an answer, not a problem."""
    ledger, model, body = ask.ledger, ask.names["model"], ask.body
    version, run, alias = body["version"], body["run"] or None, body["alias"].removeprefix("@")
    specs = _gates(ledger, model, alias, body["gates"])
    plan = plan_promotion(
        ledger, model, version=version, run=run, alias=alias, gates=specs, waive=body["waive"], reason=body["why"],
        who=ask.who,
    )  # fmt: skip
    return _made(ask, plan)


@TABLE.post(
    "models/{model}/rollback",
    "Move an alias back to the version that it held before; with `dry_run` only tell",
    "Promotion",
    names={"model": NAME},
    query={"path": PATH},
    body={
        "type": "object",
        "properties": {
            "alias": _ALIAS,
            "why": _WHY,
            "dry_run": _DRY,
            "to": {"anyOf": [_NUMBER, {"type": "null"}], "default": None},
            "expected": _EXPECTED,
        },
        "required": ["alias"],
        "additionalProperties": False,
    },
    event="rollback",
)
def rollback(ask: Ask) -> Any:
    """Return what a rollback would do or did (`IPromotion`). Raises `NoRollback`."""
    body = ask.body
    plan = plan_rollback(ask.ledger, ask.names["model"], body["alias"].removeprefix("@"), to=body["to"], who=ask.who)
    return _made(ask, plan)


@TABLE.post(
    "models/{model}/approve",
    "Approve the content of a version, for the gate `approval`, or take that back; with `dry_run` only tell",
    "Approval",
    names={"model": NAME},
    query={"path": PATH},
    body={
        "type": "object",
        "properties": {
            "version": _NUMBER,
            "why": _WHY,
            "revoke": {"type": "boolean", "default": False},
            "dry_run": _DRY,
        },
        "required": ["version"],
        "additionalProperties": False,
    },
    event="approve",
)
def approve(ask: Ask) -> Any:
    """Return what a person's word for a model's content would record, or did (`IApproval`). Raises `NotApproved`."""
    body, model = ask.body, ask.names["model"]
    plan = plan_approval(ask.ledger, model, body["version"], who=ask.who, revoke=body["revoke"])
    if not body["dry_run"]:
        give(ask.ledger, model, plan.number, who=ask.who, note=body["why"], revoke=plan.revoke)
    said = "no longer approves" if plan.revoke else "approves"
    return {
        "model": clean(model),
        "version": plan.number,
        "who": clean(plan.who),
        "counts": plan.counts,
        "done": not body["dry_run"],
        "message": clean(f"{plan.who} {said} version {plan.number} of {model}."),
        "changes": [clean(line) for line in plan.changes],
    }


def _made(ask: Ask, plan: Plan) -> dict[str, Any]:
    """Carry a plan out unless it was only asked for, or is refused."""
    if ask.body["dry_run"]:
        return _told(plan, plan.gates, done=False)
    if "expected" in ask.body and ask.body["expected"] != plan.previous:
        raise _moved(plan, ask.body["expected"])
    try:
        done = carry_out(ask.ledger, plan, reason=ask.body["why"], who=ask.who)
    except PromotionRefused as refusal:  # the refusal is recorded too
        return _told(plan, refusal.results, done=False)
    return _told(plan, done.gates, done=True)


def _told(plan: Plan, gates: Any, *, done: bool) -> dict[str, Any]:
    allowed = all(one.ok for one in gates)
    said = f"{plan.model} @{plan.alias} is at version {plan.number}." if done else plan.said
    return {
        "model": clean(plan.model),
        "alias": clean(plan.alias or ""),
        "version": plan.number,
        "from": plan.previous,
        "gates": [_gate(title, one) for title, one in zip(titles(gates), gates, strict=True)],
        "allowed": allowed,
        "done": done,
        "message": clean(said),
        "changes": [clean(line) for line in plan.changes] if allowed else [],
    }


def _moved(plan: Plan, expected: int | None) -> PromotionConflict:
    """Return the refusal of a change that was confirmed when the alias stood elsewhere."""
    before, now = ("no version" if one is None else f"version {one}" for one in (expected, plan.previous))
    return PromotionConflict(model=plan.model, alias=plan.alias, before=before, now=now)


def _gate(title: str, one: GateResult) -> dict[str, Any]:
    return {"name": clean(title), "outcome": one.status, "message": clean(one.detail)}


def _gates(ledger: Ledger, model: str, alias: str, more: list[str]) -> list[GateSpec]:
    """Return the gates that judged this alias the last time, and those that a request adds."""
    known = promotions(ledger, model, alias, limit=MOST_GATES) if model in ledger.models() else []
    last: tuple[GateResult, ...] = next((one.gates for one in known if one.outcome != "rolled_back" and one.gates), ())
    found = [GateSpec(one.gate, _options(one.options)) for one in last] + [parse_gate(text) for text in more]
    return list({str(spec): spec for spec in found}.values())


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    return dict(options)
