"""The ways in which a ledger can fail, each with its remedy.

Every failure of SQLite or of the disk that a caller may meet becomes one of these: one line that names the ledger and
says what to do. `translate` makes them from SQLite's own error codes (https://sqlite.org/rescode.html).
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from nbledger.errors import NBLedgerError


class LedgerError(NBLedgerError):
    """The base of all failures of a ledger and its object store."""


class LedgerLocked(LedgerError):
    """Another process held the ledger's write lock for longer than the busy timeout."""

    template = "The ledger {path} is locked by another process: try again, or end that process. ({detail})"


class LedgerReadOnly(LedgerError):
    """The ledger cannot be written: its folder, file or disk is read-only."""

    template = "The ledger {path} is read-only: make it writable, or set NBLEDGER_DIR to a folder that is. ({detail})"


class LedgerTooOld(LedgerReadOnly):
    """The ledger was written by an older nbledger, and cannot be brought up to date because it is read-only."""

    template = (
        "The ledger {path} has schema {found}, older than this nbledger's {known}, and is read-only: make it writable, "
        "or copy its folder to where you may write; any nbledger command there brings it up to date."
    )


class LedgerFull(LedgerError):
    """The disk (or a quota or size limit) has no room for what was to be written."""

    template = "No room to write the ledger {path}: free disk space, or run `nbledger gc`. ({detail})"


class LedgerCorrupt(LedgerError):
    """The database file is damaged or is no ledger; it is left as it is."""

    template = (
        "The ledger {path} is damaged or is not a ledger; it was left as it is: run `nbledger doctor`. ({detail})"
    )


class LedgerMissing(LedgerError):
    """There is no ledger at the place that was named, or it vanished while in use."""

    template = "There is no ledger at {path}: run a tracked cell to create it, or set NBLEDGER_DIR. ({detail})"


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer nbledger than this one."""

    template = "The ledger {path} has schema {found}, newer than this nbledger's {known}: upgrade nbledger."


class LedgerUnavailable(LedgerError):
    """The disk or the operating system refused to read or write the ledger."""

    template = "The ledger {path} cannot be read or written: check its disk, then run `nbledger doctor`. ({detail})"


class NotFound(LedgerError):
    """Nothing in the ledger has the id, hash or name that was asked for."""

    template = "No {what} {ref!r} in the ledger: {remedy}."


class AmbiguousId(LedgerError):
    """A short prefix fits more than one thing; `candidates` lists them."""

    template = "{what} {ref!r} is ambiguous: give more digits of one of {listed}."

    @classmethod
    def among(cls, what: str, ref: str, candidates: list[str]) -> AmbiguousId:
        """Return the error for a prefix `ref` that fits all of `candidates`."""
        width = max(len(ref) + 4, 8)
        shown = ", ".join(candidate[:width] for candidate in candidates[:8])
        more = ", ..." if len(candidates) > 8 else ""
        return cls(what=what, ref=ref, candidates=candidates, listed=shown + more)


class FilterError(LedgerError):
    """A filter or an order that cannot be understood; the message points at the wrong token."""

    template = "{problem}\n  {text}\n  {caret}"


class ObjectMissing(LedgerError):
    """An object that the ledger names is not in its store."""

    template = "Object {hash} is missing from {path}: restore it from a bundle or a copy (`nbledger merge`)."


class ObjectAltered(LedgerError):
    """An object's bytes no longer match its hash."""

    template = "Object {hash} in {path} was altered: restore it from a bundle or a copy (`nbledger doctor --fix`)."


class BadObjectHash(LedgerError):
    """Something that is not 64 hexadecimal digits was given as an object's hash."""

    template = "{hash!r} is not an object's hash: give its 64 hexadecimal digits."


class ArtifactChanged(LedgerError):
    """A registered model's row leads to other bytes than those that were promoted."""

    template = "{ref} leads to the bytes {now}, and {then} were promoted: it is not loaded. See `nbledger verify`."


class AuditBroken(LedgerError):
    """A ledger's audit is not the chain that it was."""

    template = "The audit of {path} is broken: {detail}; `nbledger verify` there says more."


class BadBundle(LedgerError):
    """A bundle that is not one of ours, is damaged, or tries to write outside of the store."""

    template = "The bundle {path} was refused and nothing was imported: {detail}; ask for a new export."


class LedgerWarning(UserWarning):
    """Something about a ledger that a user should know, though nothing failed."""


_BY_CODE: dict[int, type[LedgerError]] = {
    sqlite3.SQLITE_BUSY: LedgerLocked,
    sqlite3.SQLITE_LOCKED: LedgerLocked,
    sqlite3.SQLITE_PROTOCOL: LedgerLocked,
    sqlite3.SQLITE_READONLY: LedgerReadOnly,
    sqlite3.SQLITE_PERM: LedgerReadOnly,
    sqlite3.SQLITE_AUTH: LedgerReadOnly,
    sqlite3.SQLITE_FULL: LedgerFull,
    sqlite3.SQLITE_CORRUPT: LedgerCorrupt,
    sqlite3.SQLITE_NOTADB: LedgerCorrupt,
    sqlite3.SQLITE_SCHEMA: LedgerCorrupt,
    sqlite3.SQLITE_IOERR: LedgerUnavailable,
    sqlite3.SQLITE_CANTOPEN: LedgerUnavailable,
}

#: A write that fails half way means no room: ENOSPC is SQLITE_FULL, but EFBIG and quotas arrive as these.
_NO_ROOM = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}


def translate(error: BaseException, path: Path) -> LedgerError:
    """Return the typed error for what SQLite or the operating system said about the ledger at `path`."""
    if isinstance(error, LedgerError):
        return error
    detail = str(error)
    if isinstance(error, OSError):
        return _from_os(error, path)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return LedgerError(detail=f"The ledger {path} failed: {detail}")
    if code in _NO_ROOM:
        return LedgerFull(path=str(path), detail=detail)
    kind = _BY_CODE.get(code & 0xFF)
    if kind is None:
        if "no such table" in detail or "no such column" in detail:
            return LedgerCorrupt(path=str(path), detail=detail)
        return LedgerError(detail=f"The ledger {path} failed: {detail}; run `nbledger doctor`.")
    return kind(path=str(path), detail=detail)


def _from_os(error: OSError, path: Path) -> LedgerError:
    detail = error.strerror or str(error)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return LedgerReadOnly(path=str(path), detail=detail)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return LedgerFull(path=str(path), detail=detail)
    return LedgerUnavailable(path=str(path), detail=detail)
