"""The cells of one notebook as its runs know them: the last run of each, and how many there were."""

from __future__ import annotations

from typing import NamedTuple

from nbledger.ledger.connection import Database

#: More cells than this a notebook does not have.
MOST_CELLS = 5_000
_CELLS = """SELECT cell_id, max(key), count(*) FROM run INDEXED BY run_notebook
    WHERE notebook = ? AND cell_id IS NOT NULL {kept} GROUP BY cell_id ORDER BY max(key) DESC LIMIT ?"""


class Cell(NamedTuple):
    """A cell's id, the key of its last run, and the number of its runs."""

    id: str
    last: int
    runs: int


def cells(database: Database, notebook: str) -> list[Cell]:
    """Return the cells of a notebook that have runs, the one that ran last first; deleted runs do not count."""
    ((deletions,),) = database.rows("SELECT EXISTS (SELECT 1 FROM deletion)")
    kept = "AND key NOT IN (SELECT run FROM deleted_run)" if deletions else ""
    return [Cell(*row) for row in database.rows(_CELLS.format(kept=kept), (notebook, MOST_CELLS))]


def last_session(database: Database, notebook: str) -> str | None:
    """Return the id of the session that ran a cell of a notebook last, `None` when none did."""
    rows = database.rows(
        """SELECT s.id FROM run r JOIN session s ON s.key = r.session WHERE r.key =
        (SELECT max(key) FROM run INDEXED BY run_notebook WHERE notebook = ? AND cell_id IS NOT NULL)""",
        (notebook,),
    )
    return str(rows[0][0]) if rows else None


def has_runs(database: Database, notebook: str) -> bool:
    """Tell whether any run names this notebook."""
    return bool(database.rows("SELECT 1 FROM run WHERE notebook = ? LIMIT 1", (notebook,)))


__all__ = ["MOST_CELLS", "Cell", "cells", "has_runs", "last_session"]
