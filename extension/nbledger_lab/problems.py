"""What went wrong, as problem JSON (RFC 9457): one line for people, a remedy, and never a traceback or a machine path.

Each kind of error has an HTTP status and a `type`, `urn:nbledger:problem:KIND`, that programs may tell kinds by.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import errors as ledger_errors
from nbledger.lineage.targets import TargetNotFound
from nbledger.registry.promotion import PromotionConflict

#: Kind, status; the first class that fits counts, so the special ones come first.
_KINDS: tuple[tuple[type[BaseException], str, int], ...] = (
    (ledger_errors.LedgerMissing, "no-ledger", 404),
    (ledger_errors.NotFound, "not-found", 404),
    (TargetNotFound, "not-found", 404),
    (ledger_errors.ObjectMissing, "not-found", 404),
    (ledger_errors.AmbiguousId, "ambiguous", 400),
    (ledger_errors.FilterError, "filter", 400),
    (ledger_errors.BadObjectHash, "bad-request", 400),
    (ledger_errors.LedgerLocked, "locked", 503),
    (ledger_errors.LedgerUnavailable, "unavailable", 503),
    (ledger_errors.LedgerReadOnly, "read-only", 403),
    (ledger_errors.LedgerFull, "full", 507),
    (ledger_errors.LedgerTooNew, "newer-ledger", 409),
    (ledger_errors.LedgerCorrupt, "corrupt", 409),
    (PromotionConflict, "moved", 409),
    (NBLedgerError, "refused", 409),
)
_UNKNOWN = "The server could not answer. Its log says more."


class Problem(Exception):
    """An answer that is a refusal. `kind` ends the problem's `type`; `more` are further members."""

    def __init__(self, status: int, kind: str, detail: str, remedy: str = "", **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.remedy = remedy
        self.more = more

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as RFC 9457 has it."""
        data = {"type": f"urn:nbledger:problem:{self.kind}", "title": _title(self.status), "status": self.status}
        data["detail"] = self.detail
        if self.remedy:
            data["remedy"] = self.remedy
        return data | self.more


def bad_request(detail: str, remedy: str = "") -> Problem:
    """Return the problem of a request that cannot be understood."""
    return Problem(400, "bad-request", detail, remedy)


def not_found(detail: str, remedy: str = "") -> Problem:
    """Return the problem of something that is not there."""
    return Problem(404, "not-found", detail, remedy)


def problem_of(error: BaseException, names: Mapping[str, str] | None = None) -> Problem:
    """Return the problem that an error is; `names` says what machine paths in its text are called outside.

    Of an error that nobody raised on purpose nothing is told.
    """
    if isinstance(error, Problem):
        return error
    for kind, name, status in _KINDS:
        if isinstance(error, kind):
            return _typed(error, name, status, names or {})
    return Problem(500, "internal", _UNKNOWN)


def _typed(error: BaseException, kind: str, status: int, names: Mapping[str, str]) -> Problem:
    if isinstance(error, ledger_errors.FilterError):
        fields = error.fields
        return Problem(status, kind, str(fields["problem"]), position=max(str(fields["caret"]).find("^"), 0))
    text = str(error)
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(path, names[path])
    detail, colon, remedy = text.partition(": ")
    if colon and remedy and len(detail) > 8:
        return Problem(status, kind, f"{detail}.", f"{remedy[0].upper()}{remedy[1:]}")
    return Problem(status, kind, text)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Problem"
