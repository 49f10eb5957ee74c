"""Snapshots: a value's content, kept so that it can be had back as it was after a run.

What is kept is told by `%%track --snapshot df`, or by a size limit in `NBLEDGER_SNAPSHOT_LIMIT` for the data of all
tracked cells. What is given back has been checked twice: the bytes against their hash, the value against its version.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import content_format
from nbledger.records import StoredVersion, Version

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

LIMIT_VARIABLE = "NBLEDGER_SNAPSHOT_LIMIT"
#: Kinds of versions that the size limit is for: data, not code and not models (which are stored anyway).
DATA_KINDS = ("table", "column", "array", "sparse", "tensor")

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


class NotTheSame(NBLedgerError):
    """What was loaded or computed is not the content that was recorded. Fields: name, version, how."""

    template = "{name} is not what was recorded as version {version}: {how}"


class BadSize(NBLedgerError):
    """A size that cannot be read. Fields: text, of (what asks for it, or an empty text)."""

    template = "{of}{text!r} is no size: give bytes, or a number with a unit, such as 10MB"


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """Which variables are kept: those that are named, and with a limit all data of tracked cells up to that size."""

    limit_bytes: int | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> SnapshotPolicy:
        """Return the policy that `NBLEDGER_SNAPSHOT_LIMIT` asks for. Raises `BadSize`."""
        text = (os.environ if environ is None else environ).get(LIMIT_VARIABLE, "").strip()
        return cls(parse_size(text, LIMIT_VARIABLE) if text else None)

    def wanted(self, name: str, version: Version, options: Any) -> bool:
        """Tell whether a variable's content is to be kept.

        `options` are those of `%%track` (its `snapshot` names variables), `None` in a cell that is only observed.
        """
        if version.kind == "absent" or options is None:
            return False
        if name in getattr(options, "snapshot", ()):
            return True
        if self.limit_bytes is None or version.kind not in DATA_KINDS:
            return False
        return version.nbytes is not None and version.nbytes <= self.limit_bytes


def wanted(name: str, version: Version, options: Any, policy: SnapshotPolicy | None = None) -> bool:
    """Tell whether a variable's content is to be kept, by default by the environment's policy."""
    return (policy or SnapshotPolicy.from_environment()).wanted(name, version, options)


def parse_size(text: str, of: str = "") -> int:
    """Return a size in bytes: `10MB` (10 million), `10MiB`, `4k`, `1000000`. Raises `BadSize`, which names `of`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise BadSize(text=text, of=f"{of}=" if of else "")
    number, unit, binary = match.groups()
    power = " kmgt".index(unit.lower() or " ")
    return int(float(number) * (1024 if binary else 1000) ** power)


def snapshot(ledger: Ledger, value: Any, version: Version) -> StoredVersion:
    """Keep a value, whose version this is, in the object store; what is kept already is not written again.

    The result is for `Facts.stored`. Raises `ModelNotStorable`, and `LedgerError` when the disk refuses.
    """
    kept = ledger.stored(version.hash)
    if kept is not None and ledger.objects.has(kept.object):
        return kept
    made = content_format.dump(value, version)
    address, size = ledger.objects.put_bytes(made.data)
    return StoredVersion(version.hash, address, made.format, size, made.trusted)


def keep(
    ledger: Ledger, values: Mapping[str, tuple[Any, Version]], options: Any, policy: SnapshotPolicy
) -> tuple[list[StoredVersion], list[str]]:
    """Keep those of a cell's variables (name to value and version) that are wanted; never raises.

    The first result is for `Facts.stored`, the second says in words what was asked for and could not be kept.
    """
    stored: dict[str, StoredVersion] = {}
    problems = [
        f"snapshot {name}: no variable of that name after the cell"
        for name in getattr(options, "snapshot", ())
        if name not in values
    ]
    for name, (value, version) in values.items():
        if version.hash in stored or not policy.wanted(name, version, options):
            continue
        try:
            stored[version.hash] = snapshot(ledger, value, version)
        except Exception as error:  # noqa: BLE001  (whatever a value does when it is written, the cell is unharmed)
            problems.append(f"snapshot {name}: {type(error).__name__}: {error}")
    return list(stored.values()), problems


def snapshot_file(ledger: Ledger, path: Path | str) -> StoredVersion:
    """Keep a file's bytes in the object store; its version is the first half of the object's hash."""
    address, size = ledger.objects.put_file(path)
    return StoredVersion(address[:32], address, "file", size, trusted=True)


def load(ledger: Ledger, stored: StoredVersion, *, trust: bool = False, name: str = "The value") -> Any:
    """Return a stored value. Its bytes are checked against their hash, and it against its version.

    Raises `UntrustedModel` for a pickle unless `trust` is true, `ContentUnreadable`, `NotTheSame`, `ObjectMissing`
    and `ObjectAltered`.
    """
    version = ledger.version(stored.version)
    data = ledger.objects.read(stored.object)
    value = data if version.kind == "file" else content_format.load(data, stored.format, trust=trust)
    if not content_format.same_content(value, version):
        how = f"its stored {stored.format} gives another content with the libraries of today"
        raise NotTheSame(name=name, version=version.hash[:8], how=how)
    return value


__all__ = [
    "BadSize",
    "NotTheSame",
    "SnapshotPolicy",
    "keep",
    "load",
    "parse_size",
    "snapshot",
    "snapshot_file",
    "wanted",
]
