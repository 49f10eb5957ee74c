"""The registry, read: models, their versions, who approved them, how aliases moved; and what is said about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import NotFound
from nbledger.ledger.model_tags import DESCRIPTION, set_tags, tags
from nbledger.ledger.promotions import approvals
from nbledger.registry.overview import count_versions
from nbledger_lab.plain import clean, page, scalars
from nbledger_lab.routes import NAME, OFFSET, PATH, Ask, Schema, Table, limit

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import AliasEvent, ModelVersion

TABLE = Table()
MOST_PAGE = 200
PAGE = {"path": PATH, "offset": OFFSET, "limit": limit(MOST_PAGE, 50)}
_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
#: A tag's value as `model_tags` keeps it; null removes the tag.
_VALUE: Schema = {"anyOf": [{"type": "string", "maxLength": 10_000, "pattern": "[^\\s]"}, {"type": "null"}]}


@TABLE.get("models", "The registered models", "ModelPage", query=PAGE, versioned=True)
def models(ask: Ask) -> Any:
    """Return one page of models (`IPage<IModel>`)."""
    names = ask.ledger.models()
    start = ask.query["offset"]
    shown = names[start : start + ask.query["limit"]]
    return page([_model(ask.ledger, name) for name in shown], len(names), start)


@TABLE.get(
    "models/{model}/versions",
    "The versions of a model, the newest first",
    "ModelVersionPage",
    names={"model": NAME},
    query=PAGE,
    versioned=True,
)
def model_versions(ask: Ask) -> Any:
    """Return one page of a model's versions (`IPage<IModelVersion>`). Raises `NotFound`."""
    ledger, model = ask.ledger, ask.names["model"]
    offset = ask.query["offset"]
    found = ledger.model_versions(model, limit=ask.query["limit"], offset=offset)
    runs = {run.id: run for run in ledger.reader.runs([ledger.reader.key(one.run) for one in found])}
    items = [_version(ledger, one, runs[one.run].metrics if one.run in runs else {}) for one in found]
    return page(items, count_versions(ledger, model), offset)


@TABLE.get(
    "models/{model}/history",
    "The moves of a model's aliases, the last one first",
    "AliasEventPage",
    names={"model": NAME},
    query=PAGE,
    versioned=True,
)
def alias_history(ask: Ask) -> Any:
    """Return one page of the moves of a model's aliases (`IPage<IAliasEvent>`). Raises `NotFound`."""
    ledger, model = ask.ledger, ask.names["model"]
    if model not in ledger.models():
        raise NotFound(what="model", ref=model, remedy="see `nbledger models`")
    events = told_history(ledger.alias_history(model))
    start = ask.query["offset"]
    return page(events[start : start + ask.query["limit"]], len(events), start)


@TABLE.post(
    "models/{model}/describe",
    "Set tags of a model or of one of its versions: `description`, `stage`, any; null removes one",
    "Described",
    names={"model": NAME},
    query={"path": PATH},
    body={
        "type": "object",
        "properties": {
            "version": {"anyOf": [_NUMBER, {"type": "null"}], "default": None},
            "tags": {
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_.:/-]{0,63}$"},
                "additionalProperties": _VALUE,
                "minProperties": 1,
                "maxProperties": 50,
            },
        },
        "required": ["tags"],
        "additionalProperties": False,
    },
    event="describe",
)
def describe(ask: Ask) -> Any:
    """Set tags, and return all that hold (`IDescribed`). Raises `NotFound`."""
    model, number = ask.names["model"], ask.body["version"]
    changed = set_tags(ask.ledger, model, number, ask.body["tags"], who=ask.who)
    said = model if number is None else f"{model} version {number}"
    words = f"{said}: {', '.join(one.name for one in changed)} changed." if changed else f"{said} is so already."
    held = _tags(ask.ledger, model, number)
    return {"model": clean(model), "version": number, "tags": held, "done": bool(changed), "message": clean(words)}


def told_history(events: list[AliasEvent]) -> list[dict[str, Any]]:
    """Return the moves of a model's aliases, the last one first, each with where the alias stood before."""
    held: dict[str, int | None] = {}
    told = []
    for event in events:
        before = held.get(event.alias)
        held[event.alias] = event.number
        kind = "removed" if event.number is None else "set" if before is None else "moved"
        if kind == "moved" and event.number is not None and before is not None and event.number < before:
            kind = "moved back"
        told.append(
            {
                "model": clean(event.model),
                "alias": clean(event.alias),
                "version": event.number,
                "previous": before,
                "at": event.time,
                "who": clean(event.who),
                "why": clean(event.reason),
                "kind": kind,
            }
        )
    return told[::-1]


def _model(ledger: Ledger, name: str) -> dict[str, Any]:
    aliases = {clean(alias): number for alias, number in sorted(ledger.aliases(name).items())}
    return {
        "name": clean(name),
        "description": clean(tags(ledger, name).get(DESCRIPTION, "")),
        "versions": count_versions(ledger, name),
        "aliases": aliases,
        "tags": _tags(ledger, name),
    }


def _tags(ledger: Ledger, model: str, number: int | None = None) -> dict[str, str]:
    return {clean(name): clean(value) for name, value in tags(ledger, model, number).items()}


def _version(ledger: Ledger, one: ModelVersion, metrics: Any) -> dict[str, Any]:
    return {
        "model": clean(one.model),
        "version": one.number,
        "run": one.run,
        "hash": one.version,
        "created_at": one.created_at,
        "who": clean(one.created_by),
        "aliases": [clean(alias) for alias in one.aliases],
        "metrics": scalars(metrics),
        "tags": _tags(ledger, one.model, one.number),
        "approvals": [
            {"who": clean(given.who), "at": given.time, "note": clean(given.note)}
            for given in approvals(ledger, one.model, one.version)
        ],
    }
