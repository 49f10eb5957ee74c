"""One side of a comparison: a run with the cells that made its results, or a version by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger
from nbledger.ledger.errors import AmbiguousId, NotFound
from nbledger.lineage.differences.code_diff import Cell, CellDiff
from nbledger.lineage.graph import STRUCTURAL, CellRun, Graph, Point
from nbledger.lineage.slicing import Backwards
from nbledger.records import Run, Version

DATA_KINDS = ("table", "column", "array", "sparse", "tensor", "file", "url")
_URI = re.compile(r"(?:models:/+)?(?P<model>[^/@]+)(?:/(?P<number>\d+)|@(?P<alias>[^/@]+))")
#: Of several roles of one name the first of these speaks for it.
_ROLES = ("file", "url", "data", "X", "y", "variable")


class CannotDiff(NBLedgerError):
    """Two things that cannot be compared with each other. Fields: a, b."""

    template = "{a} and {b} cannot be compared: give two runs (or models), or two versions"


@dataclass(frozen=True, slots=True)
class Datum:
    """A piece of data on one side; `is_input`: no run of the side made it.

    `read_as` is the hash of the table that was read from a file, when a run read that one file and made one table.
    """

    role: str
    name: str
    version: str
    kind: str
    is_input: bool
    read_as: str | None = None


@dataclass(frozen=True)
class Side:
    """What is compared: `run` with its `cells` in order, or a `version` alone.

    `own` are the keys of the runs whose params, metrics and models count: the run's, and those of the cells in it.
    """

    ref: str
    run: Run | None = None
    version: Version | None = None
    own: tuple[int, ...] = ()
    walk: Backwards | None = None
    cells: tuple[Cell, ...] = ()
    own_cell: int | None = None
    names: dict[int, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How text speaks of the side."""
        if self.run is None:
            return f"version {self.version.hash[:8]}" if self.version else self.ref
        short = self.run.id[:8]
        place = f" [{self.run.position}]" if self.run.position is not None else ""
        title = f"{self.run.kind} run {short}{place}" + (f" {self.run.name}" if self.run.name else "")
        return title if self.ref.startswith(short) or self.run.id.startswith(self.ref) else f"{title} ({self.ref})"

    @property
    def graph(self) -> Graph:
        """The graph that the side was read from."""
        assert self.walk is not None
        return self.walk.graph


def side_of(ledger: Ledger, ref: Any) -> Side:
    """Return the side that `ref` names: a run, a version's hash, `models:/churn/3`, `churn@champion`, or a record.

    Raises `NotFound` and `AmbiguousId`.
    """
    if isinstance(ref, Version):
        return Side(ref.hash, version=ref)
    text = str(getattr(ref, "id", None) or getattr(ref, "run", None) or ref)
    match = _URI.fullmatch(text)
    if match is not None:
        found = ledger.model_version(match["model"], match["number"] or f"@{match['alias']}")
        return _of_run(ledger, found.run, text)
    run, version = _id(ledger, "run", "id", text), _id(ledger, "version", "hash", text)
    if run is not None and version is not None:
        raise AmbiguousId.among("Run or version", text, [run, version])
    if run is not None:
        return _of_run(ledger, run, text)
    if version is not None:
        return Side(text, version=ledger.version(version))
    raise NotFound(what="run, version or model", ref=text, remedy="see `nbledger runs` and `nbledger models`")


def _id(ledger: Ledger, table: str, column: str, ref: str) -> str | None:
    try:
        key = ledger.reader.keyed(table, column, ref)
    except NotFound:
        return None
    query = {"run": "SELECT id FROM run WHERE key = ?", "version": "SELECT hash FROM version WHERE key = ?"}[table]
    return str(ledger.database.rows(query, (key,))[0][0])


def _of_run(ledger: Ledger, id: str, ref: str) -> Side:
    run = ledger.run(id)
    key = ledger.reader.key(run.id)
    graph = Graph(ledger)
    walk = Backwards(graph)
    below = _cells_below(ledger, run.id)
    for cell in below or [key]:
        walk.need(cell)
    walk.go()
    keys = sorted(walk.runs)
    runs = [graph.run(cell) for cell in keys]
    cells = tuple(Cell(found.id, _cell_label(found), found.source or "", found.cell_id) for found in runs)
    own = (key, *below) if below else (key,)
    names = {cell: graph.run(cell).name or graph.run(cell).label for cell in below}
    return Side(ref, run, None, own, walk, cells, None if below else keys.index(key), names)


def _cells_below(ledger: Ledger, run: str) -> list[int]:
    """Return the keys of the cell runs below a notebook's or a pipeline's run, in order."""
    rows = ledger.database.rows(
        """WITH RECURSIVE below (key, id, kind) AS (
            SELECT key, id, kind FROM run WHERE id = ? AND kind NOT IN ('cell', 'script')
            UNION ALL
            SELECT r.key, r.id, r.kind FROM run r JOIN below b ON r.parent = b.id
            WHERE b.kind <> 'cell' AND r.kind <> 'script')
        SELECT key FROM below WHERE kind = 'cell' ORDER BY key""",
        (run,),
    )
    return [int(key) for (key,) in rows]


def _cell_label(run: CellRun) -> str:
    return f"{run.label} {run.name}" if run.name else run.label


def used_data(side: Side) -> list[Datum]:
    """Return the data that a side used: what came from outside, and what its own runs worked on, each name once."""
    assert side.walk is not None
    inputs = {(found.role, found.name, found.version): found for found in side.walk.inputs.values()}
    found: dict[str, Datum] = {}
    for item in inputs.values():
        if item.kind in DATA_KINDS:
            read_as = _read_as(side, item.name) if item.role == "file" else None
            found[item.name] = Datum(item.role, item.name, item.version, item.kind, is_input=True, read_as=read_as)
    points = [point for key in side.own for point in side.graph.used(key)]
    points.sort(key=lambda point: _rank(point.role), reverse=True)
    for point in points:
        if point.kind not in DATA_KINDS or point.is_absent:
            continue
        known = found.get(point.name)
        if known is None or not known.is_input:
            outside = (point.role, point.name, point.version) in inputs
            found[point.name] = Datum(point.role, point.name, point.version, point.kind, is_input=outside)
    return sorted(found.values(), key=lambda datum: (not datum.is_input, _rank(datum.role), datum.name))


def _read_as(side: Side, path: str) -> str | None:
    """Return the hash of the one table that a run made of the one file that it read."""
    assert side.walk is not None
    for key in sorted(side.walk.runs):
        files = [point.name for point in side.graph.used(key) if point.role == "file"]
        if files == [path]:
            tables = {point.version for point in side.graph.generated(key) if point.kind == "table"}
            return tables.pop() if len(tables) == 1 else None
    return None


def generated_data(side: Side) -> list[Datum]:
    """Return the data that a side's own runs made, each name as it was at the end."""
    found: dict[str, Datum] = {}
    for key in side.own:
        for point in side.graph.generated(key):
            if point.kind in DATA_KINDS and point.role in ("variable", "file"):
                found[point.name] = Datum(point.role, point.name, point.version, point.kind, is_input=False)
            elif point.is_absent:
                found.pop(point.name, None)
    return list(found.values())


def models(side: Side) -> dict[str, Point]:
    """Return the models of a side by name: those that its runs fitted, else those that they used."""
    for edges in (side.graph.generated, side.graph.used):
        points = [point for key in side.own for point in edges(key)]
        fitted = {point.name: point for point in points if point.role == "model"}
        if fitted:
            return fitted
    return {}


def states(side: Side) -> dict[str, str]:
    """Return the hidden state that a side began with, by name: random generators, the working folder and the like."""
    assert side.walk is not None
    return {found.name: found.version for found in side.walk.inputs.values() if found.role == "state"}


@dataclass(frozen=True, slots=True)
class Began:
    """A cell of equal code that made something else from the same; `names` are what it made otherwise."""

    label_a: str
    label_b: str
    names: tuple[str, ...]


def began_at(a: Side, b: Side, code: Sequence[CellDiff]) -> Began | None:
    """Return the first cell whose code and all that it read are the same on both sides, and what it made is not."""
    keys = [{a_side.graph.run(key).id: key for key in a_side.walk.runs} for a_side in (a, b) if a_side.walk]
    for cell in code:
        if cell.a is None or cell.b is None or cell.change not in ("same", "formatting"):
            continue
        one, two = keys[0][cell.a.run], keys[1][cell.b.run]
        read = (_contents(a.graph.used(one)), _contents(b.graph.used(two)))
        made = (_contents(a.graph.generated(one)), _contents(b.graph.generated(two)))
        if one == two or read[0] != read[1]:
            continue
        names = [name for role, name in made[0] if made[1].get((role, name)) not in (None, made[0][role, name])]
        if names:
            return Began(cell.a.label, cell.b.label, tuple(dict.fromkeys(names)))
    return None


def _contents(points: list[Point]) -> dict[tuple[str, str], str]:
    """Return versions by role and name; what could not be read in full tells nothing and is left out."""
    return {
        (point.role, point.name): point.version
        for point in points
        if point.role in STRUCTURAL and point.exactness == "exact"
    }


def _rank(role: str) -> int:
    return _ROLES.index(role) if role in _ROLES else len(_ROLES)


__all__ = [
    "Began",
    "CannotDiff",
    "Datum",
    "Side",
    "began_at",
    "generated_data",
    "models",
    "side_of",
    "states",
    "used_data",
]
