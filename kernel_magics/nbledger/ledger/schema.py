"""The schema's history as named migrations, and how a ledger comes to have it.

The steps are a `sqlite_utils.Migrations` set, one named migration each, recorded in `_sqlite_migrations`. Importing
sqlite_utils costs 0.4 to 1 s (it imports pandas), so a new ledger is made by running the very same SQL with the
standard library and recording the same names; sqlite_utils only loads when an older ledger is to be upgraded.
`PRAGMA user_version` counts the steps, which makes the check at each opening one cheap read.
"""

from __future__ import annotations

import datetime
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nbledger.ledger.call_tables import CALLS
from nbledger.ledger.errors import LedgerCorrupt, LedgerTooNew
from nbledger.ledger.promotion_tables import PROMOTION
from nbledger.ledger.sweep_tables import SWEEPS
from nbledger.ledger.tables import LINEAGE, REGISTRY, SESSION_FOLDER, TRACKING, VARIABLES
from nbledger.ledger.views import LINEAGE_VIEW, VIEWS

if TYPE_CHECKING:
    from sqlite_utils import Migrations

#: "nbl" and a 1: the application id in the file's header, by which `file` and others may know a ledger.
APPLICATION_ID = 0x6E626C31
MIGRATION_SET = "nbledger"


class Step(NamedTuple):
    """One named migration and its statements."""

    name: str
    statements: tuple[str, ...]


STEPS = (
    Step("0001_tracking", TRACKING),
    Step("0002_registry", REGISTRY),
    Step("0003_views", VIEWS),
    Step("0004_lineage", (*LINEAGE, *LINEAGE_VIEW)),
    Step("0005_calls", CALLS),
    Step("0006_promotion", PROMOTION),
    Step("0007_sweeps", SWEEPS),
    Step("0008_variables", VARIABLES),
    Step("0009_session_folder", SESSION_FOLDER),
)
VERSION = len(STEPS)

#: As sqlite_utils 4 writes its own table; a test holds that both ways give the same schema.
_MIGRATIONS_TABLE = (
    """CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
)""",
    """CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name")""",
)


def migrations(steps: tuple[Step, ...] = STEPS) -> Migrations:
    """Return the steps as a `sqlite_utils.Migrations` set (imports sqlite_utils)."""
    from sqlite_utils import Migrations

    found = Migrations(MIGRATION_SET)
    for step in steps:

        def apply(db: Any, statements: tuple[str, ...] = step.statements) -> None:
            for statement in statements:
                db.execute(statement)

        found(name=step.name)(apply)
    return found


def create(connection: sqlite3.Connection) -> None:
    """Give an empty database the whole schema, inside the transaction that the caller opened."""
    now = str(datetime.datetime.now(datetime.UTC))
    for statement in _MIGRATIONS_TABLE:
        connection.execute(statement)
    for step in STEPS:
        for statement in step.statements:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            (MIGRATION_SET, step.name, now),
        )
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('created_at', ?)", (repr(time.time()),))
    stamp(connection)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an older ledger to today's schema with sqlite_utils, inside the caller's transaction."""
    from sqlite_utils import Database

    migrations().apply(Database(connection))
    stamp(connection)


def stamp(connection: sqlite3.Connection) -> None:
    """Write the application id and the number of applied steps into the file's header."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def state(connection: sqlite3.Connection, path: Path) -> int:
    """Return how many steps the database has had: 0 for an empty one, `VERSION` for a current one.

    Raises `LedgerTooNew` for a ledger of a newer nbledger, `LedgerCorrupt` for a database that is something else.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == VERSION:
        return VERSION
    # The mark is looked at last: tables that another process makes meanwhile must not seem to have none.
    empty = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark != APPLICATION_ID:
        if empty:
            return 0
        raise LedgerCorrupt(path=str(path), detail="it is a database of something else")
    if found > VERSION:
        raise LedgerTooNew(path=str(path), found=found, known=VERSION)
    return int(found)
