"""What is kept of a model version when it is registered: its signature, and where its input example is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nbledger.ledger import model_tags
from nbledger.registry import signature

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import ModelVersion


def on_registered(ledger: Ledger, version: ModelVersion) -> None:
    """Keep a new version's signature and its input example; within the caller's transaction if one is open.

    Cheap and idempotent: a few queries and one small object; no data is read or copied.
    """
    signed = signature.inferred(ledger, version)
    address, size = _put(ledger, signed)
    add = model_tags.add_artifact
    add(ledger, version.model, version.number, signature.FILE, address, size, "application/json")
    kept = signature.example_of(ledger, signed)
    if kept is not None:
        add(ledger, version.model, version.number, kept.name, kept.object, kept.size, kept.media_type)


def prepare(ledger: Ledger, version: ModelVersion) -> None:
    """Write the object of a version that is about to be registered, so that no transaction waits for the disk."""
    _put(ledger, signature.inferred(ledger, version))


def _put(ledger: Ledger, signed: signature.Signature) -> tuple[str, int]:
    return ledger.objects.put_bytes(json.dumps(signed.to_dict(), sort_keys=True).encode())


__all__ = ["on_registered", "prepare"]
