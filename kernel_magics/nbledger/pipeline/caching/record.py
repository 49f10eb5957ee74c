"""What is kept beside a notebook run so that its results can be taken again: its cells, reads and writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nbledger.ledger import Ledger
from nbledger.ledger.errors import LedgerError
from nbledger.pipeline.cache_tags import CACHED_TAG, KEY_TAG
from nbledger.records import Artifact

RECORD_NAME = ".nbledger/step.json"
RECORD_TYPE = "application/x-nbledger-step+json"
_FORMAT = 1

How = Literal["file", "folder", "tree", "present", "variable", "shadow"]


@dataclass(frozen=True, slots=True)
class Read:
    """One thing that a run depended on from outside, and what it was.

    `how` says what is compared: a `file`'s content, a `folder`'s names, a `tree`'s (all names below it), whether it
    is `present`, an environment `variable`, or that no module of this name (`shadow`) lies in the folders
    that are searched. `version` is its hash; all zeros is absent.
    """

    how: How
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Write:
    """A file that a run wrote and left: its path relative to the project, version, and object; a folder has none."""

    name: str
    version: str
    object: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """A cell as it ran: its hash, the cell runs that recorded it, and its first line."""

    hash: str
    runs: tuple[str, ...]
    line: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """All of it. `parts` are what the key was made of, each with a name; `prevents` say why results are not taken."""

    key: str
    parts: dict[str, str]
    cells: tuple[Ran, ...]
    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    prevents: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    salt: str = ""
    executed: str = ""
    format: int = field(default=_FORMAT)

    def to_bytes(self) -> bytes:
        """Return the record as JSON."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> StepRecord | None:
        """Return the record in these bytes; `None` when another version of nbledger wrote them."""
        try:
            found: dict[str, Any] = json.loads(data)
            if found.pop("format") != _FORMAT:
                return None
            found["cells"] = tuple(Ran(one["hash"], tuple(one["runs"]), one["line"]) for one in found["cells"])
            found["reads"] = tuple(Read(**one) for one in found["reads"])
            found["writes"] = tuple(Write(**one) for one in found["writes"])
            found["prevents"], found["remarks"] = tuple(found["prevents"]), tuple(found["remarks"])
            return cls(**found)
        except (ValueError, KeyError, TypeError):
            return None


def load(ledger: Ledger, run: str) -> StepRecord | None:
    """Return the record of a notebook run (its full id), `None` when it has none that can be read."""
    artifact = artifact_of(ledger, run)
    if artifact is None:
        return None
    try:
        return StepRecord.from_bytes(ledger.objects.read(artifact.object))
    except LedgerError:
        return None


def artifact_of(ledger: Ledger, run: str) -> Artifact | None:
    """Return the artifact that holds a run's record."""
    return next((one for one in ledger.artifacts(run) if one.media_type == RECORD_TYPE), None)


def earlier(ledger: Ledger, key: str) -> Iterator[str]:
    """Yield the finished runs with a key, the latest first; deleted ones are not among them."""
    found = ledger.runs(f"tags.\"{KEY_TAG}\" = '{key}'", kind="notebook", order_by="started_at desc", limit=20)
    yield from (run.id for run in found if run.status == "finished")


def latest(ledger: Ledger, notebook: str) -> str | None:
    """Return the latest finished run of a notebook (relative to the project) that has a record."""
    text = notebook.replace("'", "''")
    found = ledger.runs(f"attributes.notebook = '{text}'", kind="notebook", order_by="started_at desc", limit=20)
    return next((run.id for run in found if run.status == "finished" and KEY_TAG in run.tags), None)


__all__ = [
    "CACHED_TAG",
    "KEY_TAG",
    "RECORD_NAME",
    "RECORD_TYPE",
    "Ran",
    "Read",
    "StepRecord",
    "Write",
    "artifact_of",
    "earlier",
    "latest",
    "load",
]
