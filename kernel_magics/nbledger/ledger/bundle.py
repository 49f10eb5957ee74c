"""Portable bundles: a zip file with a `ledger.db` and the objects that it names.

A bundle comes from outside, so nothing in it is believed: member names are compared with the only two forms there are,
nothing is unpacked to a path that it names, the database must have our schema to the letter and pass SQLite's own
checks, and each object must have the hash by which it is called.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nbledger.ledger.attached import transaction
from nbledger.ledger.errors import (
    AuditBroken,
    BadBundle,
    LedgerCorrupt,
    LedgerFull,
    LedgerMissing,
    ObjectAltered,
    ObjectMissing,
)
from nbledger.ledger.gc import keep_only_referenced
from nbledger.ledger.location import DATABASE
from nbledger.ledger.merging import Merged, merge_database

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

_OBJECT = re.compile(r"objects/([0-9a-f]{2})/([0-9a-f]{62})", re.ASCII)


def export(ledger: Ledger, path: Path, runs: Iterable[str] | None) -> Path:
    """Write a bundle of all runs, or of the named ones and the runs inside them, and return its path."""
    from nbledger.ledger.ledger import Ledger as Opened

    only = None if runs is None else _with_descendants(ledger, [ledger.run(run).id for run in runs])
    with tempfile.TemporaryDirectory(prefix="nbledger-") as name:
        part = Opened(Path(name) / ".nbledger")
        merge_database(part, ledger.path, None, only=only, event=None, strict=True)
        connection = part.database.connection()
        if only is not None:
            with transaction(connection, part.path):
                keep_only_referenced(connection)
        part.close()
        with contextlib.closing(sqlite3.connect(part.path, isolation_level=None)) as plain:
            plain.execute("PRAGMA journal_mode = DELETE")
            plain.execute("VACUUM")
            hashes = [row[0] for row in plain.execute("SELECT hash FROM object ORDER BY hash")]
        _write(ledger, part.path, hashes, path)
    return path


def _with_descendants(ledger: Ledger, runs: list[str]) -> list[str]:
    found = list(dict.fromkeys(runs))
    known = set(found)
    for run in found:
        for (child,) in ledger.database.rows("SELECT id FROM run WHERE parent = ?", (run,)):
            if child not in known:
                known.add(child)
                found.append(child)
    return found


def _write(ledger: Ledger, database: Path, hashes: list[str], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.write(database, DATABASE)
            for hash in hashes:
                ledger.objects.check(hash)
                bundle.write(ledger.objects.path(hash), f"objects/{hash[:2]}/{hash[2:]}")
        os.replace(name, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def import_(ledger: Ledger, path: Path) -> Merged:
    """Merge a bundle in. Raises `BadBundle`, and then nothing of it was imported."""
    try:
        bundle = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise LedgerMissing(path=str(path), detail="no such bundle") from None
    except zipfile.BadZipFile as error:
        raise BadBundle(path=str(path), detail=str(error)) from error
    with bundle, tempfile.TemporaryDirectory(prefix="nbledger-") as name:
        members = _members(bundle, path)
        _check_room(bundle, Path(name), path)
        database = Path(name) / DATABASE
        try:
            with bundle.open(members[DATABASE]) as source, open(database, "wb") as target:
                shutil.copyfileobj(source, target)
            _check_database(database)

            return merge_database(
                ledger, database, lambda named: _open(bundle, members, named), strict=True, event="import"
            )
        except (AuditBroken, LedgerCorrupt, ObjectMissing, ObjectAltered, zipfile.BadZipFile, sqlite3.Error) as error:
            detail = str(error).rstrip(".").replace(str(database), DATABASE)
            raise BadBundle(path=str(path), detail=detail) from error


def _open(
    bundle: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], hash: str
) -> contextlib.AbstractContextManager[IO[bytes]]:
    if hash not in members:
        raise ObjectMissing(hash=hash, path=str(bundle.filename))
    return bundle.open(members[hash])


def _members(bundle: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the database and the objects by hash; any other name, or one name twice, refuses the bundle."""
    found: dict[str, zipfile.ZipInfo] = {}
    for member in bundle.infolist():
        match = _OBJECT.fullmatch(member.filename)
        key = "".join(match.groups()) if match else member.filename
        if (match is None and key != DATABASE) or key in found:
            raise BadBundle(path=str(path), detail=f"it has an unexpected member {member.filename!r}")
        found[key] = member
    if DATABASE not in found:
        raise BadBundle(path=str(path), detail=f"it has no {DATABASE}")
    return found


def _check_room(bundle: zipfile.ZipFile, folder: Path, path: Path) -> None:
    needed = sum(member.file_size for member in bundle.infolist())
    if needed > shutil.disk_usage(folder).free:
        raise LedgerFull(path=str(path), detail=f"the bundle unpacks to {needed:,} bytes")


def _check_database(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        for pragma in ("integrity_check", "foreign_key_check"):
            problems = [row for row in connection.execute(f"PRAGMA {pragma}") if row != ("ok",)]
            if problems:
                raise LedgerCorrupt(path=str(database), detail=f"{pragma}: {problems[0]}")
