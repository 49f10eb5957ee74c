"""The candidate of a promotion: which of a run's models is meant, and what stands behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from blake3 import blake3

from nbledger.errors import NBLedgerError
from nbledger.ledger.audit import user
from nbledger.records import Edge, Run
from nbledger.registry.gates.context import GateContext, inside

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


class NoModel(NBLedgerError):
    """The run recorded no model that was stored. Fields: run, why."""

    template = "run {run} has no stored model{why}"


class SeveralModels(NBLedgerError):
    """The run recorded several models and none was named. Fields: run, names."""

    template = "run {run} recorded several models ({names}): say which with --which NAME"


class RunDeleted(NBLedgerError):
    """The run is deleted. Field: run."""

    template = "run {run} is deleted: `nbledger restore {run}` brings it back, then promote it"


def candidate(
    ledger: Ledger, model: str, run: Run, *, alias: str = "champion", which: str | None = None, who: str = ""
) -> GateContext:
    """Return a run's model as a candidate for an alias, beside the version that holds it now.

    Raises `NoModel`, `SeveralModels` and `RunDeleted`.
    """
    if ledger.database.rows("SELECT 1 FROM deleted_run WHERE run_id = ?", (run.id,)):
        raise RunDeleted(run=run.id[:8])
    content = model_of(ledger, run, which)
    artifact = ledger.stored(content)
    assert artifact is not None, "model_of only returns what is stored"
    holder = ledger.aliases(model).get(alias)
    champion = None if holder is None else ledger.model_version(model, holder)
    number = next((one.number for one in ledger.model_versions_of(content) if one.model == model), None)
    return GateContext(ledger, model, run, content, artifact, alias, champion, number, who or user())


def model_of(ledger: Ledger, run: Run, which: str | None = None) -> str:
    """Return the hash of the one stored model that a run is about; `which` is its variable's name.

    It is the one that the run generated, or else a run inside it; or else the one that they used, as a cell does that
    only judges. Raises `NoModel` or `SeveralModels`.
    """
    runs = [run, *inside(ledger, run)]
    seen: dict[str, list[str]] = {}
    for edges in (ledger.generated, ledger.used):
        for among in ([run], runs[1:]):
            found = _models(ledger, [edge for one in among for edge in edges(one.id)])
            seen = seen or found
            stored = {key: names for key, names in found.items() if ledger.stored(key) is not None}
            if which is not None:
                stored = {key: names for key, names in stored.items() if which in names}
            if len(stored) > 1:
                names = ", ".join(sorted({names[0] for names in stored.values()}))
                raise SeveralModels(run=run.id[:8], names=names)
            if stored:
                return next(iter(stored))
    raise NoModel(run=run.id[:8], why=_why_none(seen, which))


def slice_hash(context: GateContext) -> str | None:
    """Return the hash of the slice that made a model: its code in order and its inputs; `None` if there is none.

    The same code on the same data has the same hash, whatever the runs' ids.
    """
    from nbledger.lineage.slicing import slice_of

    try:
        found = slice_of(context.ledger, f"run:{context.maker}")
    except NBLedgerError:
        return None
    inputs = sorted([item.role, item.name, item.version] for item in found.inputs)
    text = json.dumps([context.version, [one.source for one in found.runs], inputs], ensure_ascii=True)
    return blake3(text.encode()).hexdigest(length=16)


def _models(ledger: Ledger, edges: list[Edge]) -> dict[str, list[str]]:
    """Return the models among some edges: their names by content."""
    kinds = {hash: ledger.version(hash).kind for hash in {edge.version for edge in edges}}
    found: dict[str, list[str]] = {}
    for edge in edges:
        if kinds[edge.version] == "model":
            found.setdefault(edge.version, []).append(edge.name)
    return found


def _why_none(found: dict[str, list[str]], which: str | None) -> str:
    names = ", ".join(sorted(name for names in found.values() for name in names))
    if which is not None:
        return f" named {which!r}" + (f" (it has {names})" if names else "")
    return f": {names} was recorded but not stored (--no-model, or it cannot be)" if names else ""
