"""Which files a notebook's last run read and wrote, from what its cells were seen to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nbledger.ledger import Ledger
from nbledger.lineage.temporary import is_temporary
from nbledger.records import ABSENT, Scalar

#: A run and all below it: cells, and notebooks that a cell ran.
_BELOW = """WITH RECURSIVE below(id) AS (SELECT ? UNION SELECT r.id FROM run r JOIN below b ON r.parent = b.id)
    SELECT r.key, r.id FROM run r JOIN below b ON b.id = r.id ORDER BY r.key"""
_EDGES = """SELECT e.run, {step}, e.name, v.hash FROM {table} e JOIN version v ON v.key = e.version
    WHERE e.role = 'file' AND e.run IN (SELECT value FROM json_each(?))"""
#: The last finished run of a notebook that has cells: one whose results were taken from another run has none.
_LAST_RUN = """SELECT r.id FROM run r JOIN run_end e ON e.run = r.key
    WHERE r.notebook = ? AND r.kind = 'notebook' AND e.status = 'finished' AND (? IS NULL OR r.name = ?)
    AND EXISTS (SELECT 1 FROM run c WHERE c.parent = r.id) ORDER BY r.key DESC LIMIT 1"""
_LAST_SESSION = (
    "SELECT session FROM run WHERE notebook = ? AND kind = 'cell' AND parent IS NULL ORDER BY key DESC LIMIT 1"
)
_OF_SESSION = "SELECT key, id FROM run WHERE session = ? AND notebook = ? AND kind = 'cell'"


@dataclass(frozen=True, slots=True)
class NotebookFiles:
    """Files by their name in the ledger, each with its content's hash: as it was found, and as it was left.

    `run` is the notebook's run, `None` where a person ran its cells. `code` is the hash of the notebook's own file.
    """

    run: str | None
    read: Mapping[str, str]
    written: Mapping[str, str]
    params: Mapping[str, Scalar]
    code: str | None = None


def last_files(ledger: Ledger, notebook: str, name: str | None = None) -> NotebookFiles | None:
    """Return the files of a notebook's last finished run, `None` where it was never run.

    `notebook` is as the ledger has it (relative to the root); runs named `name` go before others. Where the notebook
    never ran from start to end, the last session in which a person ran its cells is taken.
    """
    rows = ledger.database.rows
    for wanted in (name, None) if name is not None else (None,):
        found = rows(_LAST_RUN, (notebook, wanted, wanted))
        if found:
            return files_of_run(ledger, found[0][0])
    session = rows(_LAST_SESSION, (notebook,))
    if not session:
        return None
    read, written = _files(ledger, _OF_SESSION, (session[0][0], notebook), notebook)
    return NotebookFiles(None, read, written, {})


def files_of_run(ledger: Ledger, run: str) -> NotebookFiles:
    """Return the files that a notebook's run (its full id) and all below it read and wrote."""
    known = ledger.run(run)
    own = known.notebook or ""
    read, written = _files(ledger, _BELOW, (run,), own)
    code = next((edge.version for edge in ledger.used(run) if edge.role == "file" and edge.name == own), None)
    return NotebookFiles(run, read, written, known.params, code)


def runs_below(ledger: Ledger, run: str) -> list[str]:
    """Return the ids of a run (its full id) and of all below it, in the order they started."""
    return [id for _, id in ledger.database.rows(_BELOW, (run,))]


def _files(
    ledger: Ledger, runs: str, values: tuple[str | int, ...], notebook: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was read before it was written, and the last that was written; what was removed again is neither."""
    read: dict[str, str] = {}
    written: dict[str, str] = {}
    for step, name, version in _events(ledger, runs, values):
        if name == notebook or is_temporary(name, outside=ledger.root):
            continue
        if step:
            written[name] = version
        elif name not in written:
            read.setdefault(name, version)
    there = {name: version for name, version in written.items() if version != ABSENT.hash}
    return {name: version for name, version in read.items() if version != ABSENT.hash}, there


def _events(ledger: Ledger, runs: str, values: tuple[str | int, ...]) -> Iterator[tuple[int, str, str]]:
    """Yield (0 read or 1 written, name, version) in the order it happened: within a run, reads before writes."""
    keys = json.dumps([key for key, _ in ledger.database.rows(runs, values)])
    rows = [
        row
        for step, table in enumerate(("used", "generated"))
        for row in ledger.database.rows(_EDGES.format(step=step, table=table), (keys,))
    ]
    for _, step, name, version in sorted(rows):
        yield step, name, version


__all__ = ["NotebookFiles", "files_of_run", "last_files", "runs_below"]
