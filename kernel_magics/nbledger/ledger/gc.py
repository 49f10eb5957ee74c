"""Removing what was deleted, and what nothing refers to any more.

A dry run does the very same work in a transaction that it rolls back, so its figures are those of the real one. Runs
that a model version refers to stay. An object that was written or renewed within the grace period stays too: the run
that will refer to it may not have ended yet.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbledger.ledger import audit

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

#: Tables with rows of a run, in an order that foreign keys allow.
OF_A_RUN = (
    "pack",
    "open_run",
    "run_end",
    "used",
    "generated",
    "opaque",
    "param",
    "param_earlier",
    "metric",
    "metric_step",
    "metric_basis",
    "tag",
    "tag_earlier",
    "note",
    "artifact",
    "call_value",
    "call",
    "trial",
    "sweep",
)
_TOLD = 1000
"""Of so many removed runs at most the audit keeps the ids."""

_DOOMED = """INSERT INTO temp.doomed SELECT run FROM deleted_run
    WHERE run NOT IN (SELECT run FROM model_version)"""
_REFERRED = """(SELECT version FROM used UNION SELECT version FROM generated UNION SELECT version FROM metric_basis
    UNION SELECT version FROM artifact WHERE version IS NOT NULL UNION SELECT version FROM model_version
    UNION SELECT version FROM call_value WHERE version IS NOT NULL)"""


@dataclass(slots=True)
class Swept:
    """What a gc removed, or would remove in a dry run. `kept` are deleted runs that a registered model needs."""

    dry_run: bool
    runs: int = 0
    versions: int = 0
    objects: int = 0
    bytes: int = 0
    kept: list[str] = field(default_factory=list)


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def sweep(ledger: Ledger, *, dry_run: bool, grace: float) -> Swept:
    """Remove deleted runs, then versions, code and objects that only they referred to."""
    swept = Swept(dry_run)
    database = ledger.database
    named: set[str] = set()
    with contextlib.suppress(_DryRun), database.write() as connection:
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS doomed (run INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM temp.doomed")
        connection.execute(_DOOMED)
        rows = connection.execute("SELECT id FROM run WHERE key IN (SELECT run FROM temp.doomed)")
        gone = [row[0] for row in rows]
        swept.runs = len(gone)
        rows = connection.execute("SELECT run_id FROM deleted_run WHERE run NOT IN (SELECT run FROM temp.doomed)")
        swept.kept = [row[0] for row in rows]
        if swept.runs:
            connection.execute("PRAGMA secure_delete = ON")
            swept.versions = _remove_runs(connection)
        _prune_objects(connection)
        named = {row[0] for row in connection.execute("SELECT hash FROM object")}
        if dry_run:
            raise _DryRun
        if swept.runs:
            audit.append(
                connection, "gc", "ledger", {"runs": swept.runs, "ids": gone[:_TOLD], "versions": swept.versions}
            )
    if not dry_run:
        ledger.forget()
        with contextlib.suppress(sqlite3.Error):
            database.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _remove_files(ledger, named, swept, time.time() - grace)
    return swept


def _one(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


def _remove_runs(connection: sqlite3.Connection) -> int:
    """Remove the doomed runs and return how many versions went with them."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS loose (version INTEGER PRIMARY KEY)")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS loose_source (source INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.loose")
    connection.execute("DELETE FROM temp.loose_source")
    for table in ("used", "generated", "metric_basis", "artifact", "call_value"):
        connection.execute(
            f"""INSERT OR IGNORE INTO temp.loose SELECT version FROM {table}
            WHERE run IN (SELECT run FROM temp.doomed) AND version IS NOT NULL"""
        )
    connection.execute(
        """INSERT OR IGNORE INTO temp.loose_source SELECT source FROM run
        WHERE key IN (SELECT run FROM temp.doomed) AND source IS NOT NULL"""
    )
    attempts = "SELECT a.key FROM attempt a JOIN trial t ON t.key = a.trial JOIN temp.doomed d ON d.run = t.run"
    connection.execute(f"DELETE FROM attempt_end WHERE attempt IN ({attempts})")
    connection.execute(f"DELETE FROM attempt WHERE key IN ({attempts})")
    for table in OF_A_RUN:
        connection.execute(f"DELETE FROM {table} WHERE run IN (SELECT run FROM temp.doomed)")
    connection.execute("DELETE FROM run WHERE key IN (SELECT run FROM temp.doomed)")
    connection.execute(
        """DELETE FROM source WHERE key IN (SELECT source FROM temp.loose_source)
        AND NOT EXISTS (SELECT 1 FROM run WHERE run.source = source.key)
        AND key NOT IN (SELECT git_diff FROM session_environment WHERE git_diff IS NOT NULL)"""
    )
    _prune_row_sets(connection)
    connection.execute(f"DELETE FROM temp.loose WHERE version IN {_REFERRED}")
    return _remove_versions(connection)


def _remove_versions(connection: sqlite3.Connection) -> int:
    connection.execute("DELETE FROM stored_version WHERE version IN (SELECT version FROM temp.loose)")
    connection.execute("DELETE FROM version_column WHERE version IN (SELECT version FROM temp.loose)")
    return connection.execute("DELETE FROM version WHERE key IN (SELECT version FROM temp.loose)").rowcount


def _prune_row_sets(connection: sqlite3.Connection) -> None:
    unused = """SELECT key FROM row_set s WHERE NOT EXISTS (SELECT 1 FROM call_value v WHERE v.row_set = s.key)
        AND NOT EXISTS (SELECT 1 FROM call_value v WHERE v.content = s.key)"""
    connection.execute(f"DELETE FROM row_column WHERE row_set IN ({unused})")
    connection.execute(f"DELETE FROM row_set WHERE key IN ({unused})")


def _prune_objects(connection: sqlite3.Connection) -> None:
    connection.execute(
        """DELETE FROM object WHERE hash NOT IN (SELECT object FROM artifact UNION SELECT object FROM stored_version
        UNION SELECT object FROM call_value WHERE object IS NOT NULL UNION SELECT object FROM model_artifact)"""
    )


def _remove_files(ledger: Ledger, named: Iterable[str], swept: Swept, before: float) -> None:
    kept = set(named)
    for hash in list(ledger.objects.hashes()):
        if hash in kept:
            continue
        status = ledger.objects.status(hash)
        if status is None or status[1] > before:
            continue
        swept.objects += 1
        swept.bytes += status[0] if swept.dry_run else ledger.objects.remove(hash)


def keep_only_referenced(connection: sqlite3.Connection) -> None:
    """Remove whatever no run refers to, so that a bundle of some runs tells nothing of the others."""
    for statement in (
        "DELETE FROM alias_event WHERE model NOT IN (SELECT model FROM model_version)",
        """DELETE FROM gate_result WHERE promotion IN
        (SELECT key FROM promotion WHERE model_version IS NULL AND run NOT IN (SELECT id FROM run))""",
        "DELETE FROM promotion WHERE model_version IS NULL AND run NOT IN (SELECT id FROM run)",
        "DELETE FROM model_tag WHERE model NOT IN (SELECT model FROM model_version)",
        "DELETE FROM model WHERE key NOT IN (SELECT model FROM model_version)",
        "DELETE FROM session_end WHERE session NOT IN (SELECT session FROM run)",
        "DELETE FROM session_environment WHERE session NOT IN (SELECT session FROM run)",
        "DELETE FROM session WHERE key NOT IN (SELECT session FROM run)",
        "DELETE FROM environment WHERE key NOT IN (SELECT environment FROM session_environment)",
        """DELETE FROM source WHERE key NOT IN (SELECT source FROM run WHERE source IS NOT NULL
        UNION SELECT git_diff FROM session_environment WHERE git_diff IS NOT NULL)""",
        "DELETE FROM deletion WHERE run NOT IN (SELECT id FROM run)",
        "CREATE TEMP TABLE loose (version INTEGER PRIMARY KEY)",
        f"INSERT INTO temp.loose SELECT key FROM version WHERE key NOT IN {_REFERRED}",
    ):
        connection.execute(statement)
    _remove_versions(connection)
    connection.execute("DELETE FROM approval WHERE version NOT IN (SELECT hash FROM version)")
    _prune_row_sets(connection)
    _prune_objects(connection)
    connection.execute(
        """DELETE FROM label WHERE key NOT IN (SELECT name FROM param UNION SELECT origin FROM param
        UNION SELECT name FROM param_earlier UNION SELECT origin FROM param_earlier UNION SELECT name FROM metric
        UNION SELECT name FROM metric_step UNION SELECT name FROM metric_basis UNION SELECT name FROM tag
        UNION SELECT name FROM tag_earlier)"""
    )
