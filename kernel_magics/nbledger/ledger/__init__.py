"""The ledger: a SQLite database and an object store in a folder `.nbledger/` at the project's root.

What reads and writes it is imported when it is first used: a kernel that only wants to know where a ledger would be
does not wait for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import (
    AmbiguousId,
    AuditBroken,
    BadBundle,
    BadObjectHash,
    FilterError,
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerMissing,
    LedgerReadOnly,
    LedgerTooNew,
    LedgerUnavailable,
    LedgerWarning,
    NotFound,
    ObjectAltered,
    ObjectMissing,
)
from nbledger.ledger.location import find_root

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger
    from nbledger.ledger.liveness import current_process
    from nbledger.ledger.metric_buffer import MetricBuffer
    from nbledger.ledger.runs import RunList

    open = Ledger.open  # `nbledger.open()`

_HOMES = {
    "Ledger": "nbledger.ledger.ledger",
    "MetricBuffer": "nbledger.ledger.metric_buffer",
    "RunList": "nbledger.ledger.runs",
    "current_process": "nbledger.ledger.liveness",
}

__all__ = [
    "AmbiguousId",
    "AuditBroken",
    "BadBundle",
    "BadObjectHash",
    "FilterError",
    "Ledger",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerFull",
    "LedgerLocked",
    "LedgerMissing",
    "LedgerReadOnly",
    "LedgerTooNew",
    "LedgerUnavailable",
    "LedgerWarning",
    "MetricBuffer",
    "NotFound",
    "ObjectAltered",
    "ObjectMissing",
    "RunList",
    "current_process",
    "find_root",
    "open",
]


def __getattr__(name: str) -> Any:
    if name == "open":
        return __getattr__("Ledger").open
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'nbledger.ledger' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value
