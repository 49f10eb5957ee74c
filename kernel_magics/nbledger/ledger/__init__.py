"""The ledger: a SQLite database and an object store in a folder `.nbledger/` at the project's root."""

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
from nbledger.ledger.ledger import Ledger
from nbledger.ledger.liveness import current_process
from nbledger.ledger.location import find_root
from nbledger.ledger.metric_buffer import MetricBuffer
from nbledger.ledger.runs import RunList

open = Ledger.open  # `nbledger.open()`

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
