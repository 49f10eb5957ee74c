"""What the cells of a run were seen to read from outside and to write, from the ledger's edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nbledger.capture.world import entropy
from nbledger.capture.world.commands import program
from nbledger.ledger import Ledger
from nbledger.pipeline.caching.cells import Cell
from nbledger.records import ABSENT

#: Kinds of runs that a cell makes in its own kernel; any other ran its code elsewhere.
_OWN = frozenset({"cell", "trial"})
_MOST_READS = 9_000
#: Reasons for an incomplete picture of the *variables* only: what such a cell reads from outside is seen all the same.
_ABOUT_VARIABLES = ("globals()", "locals()", "vars()", "getattr", "setattr", "hasattr", "delattr", "f_globals",
                    "f_locals", "__globals__", "user_module", "__main__", "get_ipython().user_ns")  # fmt: skip
_IN_THE_KERNEL = frozenset({"run", "writefile"})
_ABOUT_CHANCE = ("a random generator was made without a seed", " was seeded from entropy")
#: Hidden state that decides what is drawn; without a seed no cell made it.
_OF_CHANCE = frozenset({"random", "numpy.random", "torch", entropy.NUMPY, entropy.PYTHON})

_EDGES = """SELECT e.run, e.role, e.name, v.hash, v.exactness, v.type_name FROM {table} e
    JOIN version v ON v.key = e.version WHERE e.run IN (SELECT value FROM json_each(?)) ORDER BY e.run"""


class Met(NamedTuple):
    """A version that a cell met or made."""

    name: str
    version: str
    exactness: str
    is_folder: bool


class CellRun(NamedTuple):
    """A cell run of a notebook run."""

    key: int
    id: str
    cell_id: str | None
    status: str


@dataclass(slots=True)
class Seen:
    """Files by name: what was there before the run first met them, and what the run left of what it made.

    `first_made` are those that the run made before it read or removed them.
    """

    before: dict[str, Met] = field(default_factory=dict)
    made: dict[str, Met] = field(default_factory=dict)
    first_made: set[str] = field(default_factory=set)
    prevents: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def cell_runs(ledger: Ledger, run: str) -> list[CellRun]:
    """Return the cell runs of a notebook run, in the order they ran."""
    rows = ledger.database.rows(
        """SELECT r.key, r.id, r.cell_id, coalesce(e.status, '') FROM run r LEFT JOIN run_end e ON e.run = r.key
        WHERE r.parent = ? AND r.kind = 'cell' ORDER BY r.key""",
        (run,),
    )
    return [CellRun(*row) for row in rows]


def seen(ledger: Ledger, runs: Iterable[CellRun], cells_by_run: Mapping[int, Cell]) -> Seen:
    """Return what cell runs did with files, and what about them prevents that results are taken.

    `cells_by_run` holds the cell of a run's key, to speak of it and to know its magics.
    """
    cells = list(runs)
    found = Seen()
    used, generated = (_edges(ledger, table, cells) for table in ("used", "generated"))
    seeded: set[str] = set()
    for cell in cells:
        of_notebook = cells_by_run.get(cell.key)
        label = of_notebook.label if of_notebook is not None else "a cell"
        if cell.status != "finished":
            found.prevents.append(f"{label} ended as {cell.status or 'interrupted'}")
        _judge_reasons(ledger, cell, of_notebook, label, found)
        _judge_children(ledger, cell, label, found)
        mine = used.get(cell.key, [])
        if len(mine) > _MOST_READS:
            found.prevents.append(f"{label} reads more files than are recorded for certain")
        for role, met in mine:
            if role == "url":
                found.prevents.append(f"{label} uses the network ({met.name})")
            elif role == "file":
                _use(found, met, label)
        if any(role == "state" and met.name in _OF_CHANCE and met.version not in seeded for role, met in mine):
            _remark_chance(found, label)
        seeded |= {met.version for role, met in generated.get(cell.key, []) if role == "state"}
        for role, met in generated.get(cell.key, []):
            if role == "file":
                _make(found, met)
    return found


def _make(found: Seen, met: Met) -> None:
    found.made[met.name] = met
    if met.name not in found.before and met.version != ABSENT.hash:
        found.first_made.add(met.name)


def _remark_chance(found: Seen, label: str) -> None:
    remark = f"{label} draws at random without a seed, which does not prevent it"
    if remark not in found.remarks:
        found.remarks.append(remark)


def _use(found: Seen, met: Met, label: str) -> None:
    made = found.made.get(met.name)
    if made is not None:
        if not met.is_folder and not made.is_folder and made.version != met.version:
            found.prevents.append(f"{met.name} was changed before {label} by something that was not seen")
        return
    known = found.before.setdefault(met.name, met)
    if met.exactness != "exact":
        found.prevents.append(f"{met.name} was not hashed in full ({met.exactness})")
    elif known.version != met.version and not met.is_folder:
        found.prevents.append(f"{met.name} was changed while the notebook ran")


def _edges(ledger: Ledger, table: str, cells: list[CellRun]) -> dict[int, list[tuple[str, Met]]]:
    import json

    found: dict[int, list[tuple[str, Met]]] = {}
    keys = json.dumps([cell.key for cell in cells])
    for run, role, name, version, exactness, type_name in ledger.database.rows(_EDGES.format(table=table), (keys,)):
        exact = "exact" if version == ABSENT.hash else exactness
        found.setdefault(run, []).append((role, Met(name, version, exact, type_name == "directory")))
    return found


def _judge_reasons(ledger: Ledger, cell: CellRun, of_notebook: Cell | None, label: str, found: Seen) -> None:
    """Decide for each recorded reason why a cell was not seen in full whether it may hide a read from outside."""
    own = _run_here(of_notebook.magics) if of_notebook is not None else set()
    for (reason,) in ledger.database.rows("SELECT reason FROM opaque WHERE run = ?", (cell.key,)):
        if reason in _ABOUT_VARIABLES or reason in own:
            continue
        if reason.endswith(_ABOUT_CHANCE):
            _remark_chance(found, label)
        else:
            found.prevents.append(f"{label} was not seen in full: {reason}")


def _run_here(magics: Iterable[str]) -> set[str]:
    """Return the reasons that are recorded of magics which name a file and work on it in the kernel itself."""
    lines = (line.lstrip("%").split(None, 1) for line in magics if line.startswith("%"))
    return {f"shell command {program(words[1])}" for words in lines if len(words) == 2 and words[0] in _IN_THE_KERNEL}


def _judge_children(ledger: Ledger, cell: CellRun, label: str, found: Seen) -> None:
    for (kind,) in ledger.database.rows("SELECT DISTINCT kind FROM run WHERE parent = ?", (cell.id,)):
        if kind not in _OWN:
            found.prevents.append(f"{label} runs a {kind} in another process")


__all__ = ["CellRun", "Met", "Seen", "cell_runs", "seen"]
