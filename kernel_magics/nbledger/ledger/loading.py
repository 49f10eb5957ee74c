"""Finding and loading a stored model; its bytes are checked before the safe loader sees them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import AmbiguousId, ArtifactChanged, NotFound
from nbledger.ledger.promotions import artifacts_of
from nbledger.records import ModelVersion, StoredVersion

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

_URI = re.compile(r"models:/+(?P<model>[^@]+?)(?:/(?P<number>\d+)|@(?P<alias>[^/@]+))")


def load(ledger: Ledger, ref: str, *, name: str | None, trust: bool) -> Any:
    """Return the model that `ref` names; see `Ledger.load`."""
    from nbledger.ledger.model_format import load_model

    stored = find(ledger, ref, name=name)
    return load_model(ledger.objects.read(stored.object), stored.format, trust=trust)


def find(ledger: Ledger, ref: str, *, name: str | None = None) -> StoredVersion:
    """Return where the model that `ref` names is kept. Raises `NotFound`, `AmbiguousId` and `ArtifactChanged`."""
    if ref.startswith("models:"):
        match = _URI.fullmatch(ref)
        if match is None:
            raise NotFound(what="model", ref=ref, remedy="write models:/NAME/NUMBER or models:/NAME@ALIAS")
        which = match["number"] or f"@{match['alias']}"
        return registered(ledger, ledger.model_version(match["model"], which))
    run = _key(ledger, "run", "id", ref)
    version = _key(ledger, "version", "hash", ref)
    if run is not None and version is not None:
        raise AmbiguousId.among("Run or version", ref, [ledger.run(ref).id, ledger.version(ref).hash])
    if run is not None:
        return _of_run(ledger, ref, run, name)
    if version is not None:
        return _stored(ledger, ledger.version(ref).hash, ref)
    raise NotFound(what="run, version or model", ref=ref, remedy="see `nbledger runs` and `nbledger models`")


def registered(ledger: Ledger, version: ModelVersion) -> StoredVersion:
    """Return where a registered version is kept: the bytes that were promoted last, if it was promoted.

    One content may be stored as several bytes, after a merge. Raises `NotFound` and `ArtifactChanged`.
    """
    ref = f"models:/{version.model}/{version.number}"
    found = _stored(ledger, version.version, ref)
    promoted = artifacts_of(ledger.database.connection(), version.model, version.number)
    if not promoted or found.object == promoted[0]:
        return found
    kept = {one.object: one for one in ledger.stored_forms(version.version)}
    for object in promoted:
        if object in kept:
            return kept[object]
    raise ArtifactChanged(ref=ref, now=found.object[:12], then=promoted[0][:12])


def _key(ledger: Ledger, table: str, column: str, ref: str) -> int | None:
    try:
        return ledger.reader.keyed(table, column, ref)
    except NotFound:
        return None


def _of_run(ledger: Ledger, ref: str, run: int, name: str | None) -> StoredVersion:
    rows = ledger.database.rows(
        """SELECT DISTINCT g.name, v.hash FROM generated g JOIN version v ON v.key = g.version
        JOIN stored_version s ON s.version = v.key WHERE g.run = :run AND v.kind IN ('model', 'object')
        AND (:name IS NULL OR g.name = :name) ORDER BY g.name""",
        {"run": run, "name": name},
    )
    hashes = {row[1] for row in rows}
    if not hashes:
        what = f"stored model named {name!r} of run" if name else "stored model of run"
        raise NotFound(what=what, ref=ref, remedy="the run kept none: see `nbledger show` for what it recorded")
    if len(hashes) > 1:
        names = ", ".join(sorted({row[0] for row in rows}))
        raise NotFound(what="single model of run", ref=ref, remedy=f"it has several, choose one by name=: {names}")
    return _stored(ledger, hashes.pop(), ref)


def _stored(ledger: Ledger, version: str, ref: str) -> StoredVersion:
    found = ledger.stored(version)
    if found is None:
        raise NotFound(what="stored model", ref=ref, remedy="its content was not kept, only its hash")
    return found
