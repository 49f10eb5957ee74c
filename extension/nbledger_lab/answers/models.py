"""The registry, read: models, their versions, and how their aliases moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import NotFound
from nbledger.ledger.model_tags import DESCRIPTION, tags
from nbledger_lab.plain import clean, page, scalars
from nbledger_lab.routes import NAME, OFFSET, PATH, Ask, Table, limit

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import AliasEvent, ModelVersion

TABLE = Table()
MOST_PAGE = 200
PAGE = {"path": PATH, "offset": OFFSET, "limit": limit(MOST_PAGE, 50)}


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
    items = [
        _version(one, runs[one.run].metrics if one.run in runs else {}, tags(ledger, model, one.number))
        for one in found
    ]
    return page(items, _count(ledger, model), offset)


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
        "versions": _count(ledger, name),
        "aliases": aliases,
    }


def _count(ledger: Ledger, model: str) -> int:
    newest = ledger.model_versions(model, limit=1)
    return newest[0].number if newest else 0


def _version(one: ModelVersion, metrics: Any, tagged: dict[str, str]) -> dict[str, Any]:
    return {
        "model": clean(one.model),
        "version": one.number,
        "run": one.run,
        "hash": one.version,
        "created_at": one.created_at,
        "who": clean(one.created_by),
        "aliases": [clean(alias) for alias in one.aliases],
        "metrics": scalars(metrics),
        "tags": {clean(name): clean(value) for name, value in tagged.items()},
    }
