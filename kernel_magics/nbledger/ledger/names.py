"""Which params, metrics and tags some runs have, for whoever lets people choose among them."""

from __future__ import annotations

import json
from typing import NamedTuple

from nbledger.ledger.comparison import distinct
from nbledger.ledger.connection import Database

#: More names than this are not chosen from in a list.
MOST_NAMES = 2_000
_TABLES = ("param", "metric", "tag")
_SHAPES = """SELECT s.names FROM shape s WHERE s.key IN (
    SELECT DISTINCT k.shape FROM run r {index} JOIN pack k ON k.run = r.key WHERE {where})"""
_OPEN = """SELECT DISTINCT l.text FROM open_run o JOIN run r ON r.key = o.run JOIN {table} t ON t.run = o.run
    JOIN label l ON l.key = t.name WHERE {where}"""


class Names(NamedTuple):
    """The names of params, metrics and tags, in the alphabet's order; at most 2,000 of each."""

    params: list[str]
    metrics: list[str]
    tags: list[str]


def names(database: Database, *, experiment: str | None = None, notebook: str | None = None) -> Names:
    """Return the names that the runs of a ledger have, or those of one experiment or notebook."""
    if experiment is None and notebook is None:
        return Names(*(_texts(database, distinct(database, "name", table)) for table in _TABLES))
    column, value = ("experiment", experiment) if notebook is None else ("notebook", notebook)
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    where = f"r.{column} = ?"
    for (text,) in database.rows(_SHAPES.format(index=f"INDEXED BY run_{column}", where=where), (value,)):
        for kind, part in zip(found, json.loads(text), strict=True):
            kind.update(part)
    for kind, table in zip(found, _TABLES, strict=True):
        kind.update(text for (text,) in database.rows(_OPEN.format(table=table, where=where), (value,)))
    return Names(*(sorted(kind)[:MOST_NAMES] for kind in found))


def _texts(database: Database, labels: list[int]) -> list[str]:
    rows = database.rows(
        "SELECT text FROM label WHERE key IN (SELECT value FROM json_each(?)) ORDER BY text LIMIT ?",
        (json.dumps(labels), MOST_NAMES),
    )
    return [text for (text,) in rows]


__all__ = ["MOST_NAMES", "Names", "names"]
