"""Promotion: a run's model becomes a version of a registered model, and an alias moves to it."""

from __future__ import annotations

import getpass
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.records import AliasEvent, ModelVersion, Run, new_id

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,127}")
ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")


class BadName(NBLedgerError):
    """A model's or alias's name that could not be told from a version or a path. Fields: what, name, rule."""

    template = "{name!r} cannot be a {what}: {rule}"


class NoModel(NBLedgerError):
    """The run recorded no model that was stored. Fields: run, why."""

    template = "run {run} has no stored model{why}"


class SeveralModels(NBLedgerError):
    """The run recorded several models and none was named. Fields: run, names."""

    template = "run {run} recorded several models ({names}): say which with --which NAME"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did: the version, whether it is new, and the version the alias held before (if any)."""

    version: ModelVersion
    run: Run
    alias: str | None
    created: bool
    moved: bool
    previous: ModelVersion | None = None


def promote(
    ledger: Ledger,
    model: str,
    run: Run,
    *,
    alias: str | None = None,
    which: str | None = None,
    who: str | None = None,
    reason: str = "",
) -> Promotion:
    """Register the run's model as a version of `model` and move `alias` to it, in one transaction.

    Promoting the same content again makes no new version, and an alias that is already there does not move; so a
    promotion can be repeated. `which` names one of several models of the run, by its variable. `who` is the current
    user by default. Raises `NoModel`, `SeveralModels` or `BadName`.
    """
    _check_name("model name", model, NAME, "use letters, digits, '.', '_', '-' and spaces, a letter or digit first")
    if alias is not None:
        alias = alias.removeprefix("@")
        _check_name("alias", alias, ALIAS, "use letters, digits, '.', '_' and '-', a letter first")
    content = model_of(ledger, run, which)
    who = who or user()
    with ledger.database.write():  # the calls below join this transaction
        known = [item for item in ledger.model_versions_of(content) if item.model == model]
        version = known[0] if known else ledger.add_model_version(model, run.id, content, who)
        if alias is None:
            return Promotion(version, run, None, created=not known, moved=False)
        before = ledger.aliases(model).get(alias)
        moved = before != version.number
        if moved:
            ledger.set_alias(AliasEvent(new_id(), model, alias, version.number, time.time(), who, reason, run.id))
        previous = ledger.model_version(model, before) if moved and before is not None else None
        version = ledger.model_version(model, version.number)
    return Promotion(version, run, alias, created=not known, moved=moved, previous=previous)


def model_of(ledger: Ledger, run: Run, which: str | None = None) -> str:
    """Return the hash of the one stored model that a run generated; `which` is its variable's name.

    Raises `NoModel` or `SeveralModels`.
    """
    found: dict[str, list[str]] = {}
    for edge in ledger.generated(run.id):
        if ledger.version(edge.version).kind == "model":
            found.setdefault(edge.version, []).append(edge.name)
    stored = {key: names for key, names in found.items() if ledger.stored(key) is not None}
    if which is not None:
        stored = {key: names for key, names in stored.items() if which in names}
    if not stored:
        raise NoModel(run=run.id[:8], why=_why_none(found, which))
    if len(stored) > 1:
        raise SeveralModels(run=run.id[:8], names=", ".join(sorted(names[0] for names in stored.values())))
    return next(iter(stored))


def _why_none(found: dict[str, list[str]], which: str | None) -> str:
    names = ", ".join(sorted(name for names in found.values() for name in names))
    if which is not None:
        return f" named {which!r}" + (f" (it has {names})" if names else "")
    return f": {names} was recorded but not stored (--no-model, or it cannot be)" if names else ""


def _check_name(what: str, name: str, pattern: re.Pattern[str], rule: str) -> None:
    if not pattern.fullmatch(name):
        raise BadName(what=what, name=name, rule=rule)


def user() -> str:
    """Return who acts, for events: the name of the user of this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container's passwd
        return "unknown"
