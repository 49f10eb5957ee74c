"""What a notebook shows beside its cells: the last run of each, its main metric, what is stale, out of order, leaking.

Only what the kernel still holds can be stale: the results of the session that ran the notebook last. Nothing here is
compared with the server's own environment, which need not be the kernel's. Whether a cell's code was edited the front
end sees before any file does, so it compares the code itself and carries it on along `needs`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.ledger.cells import Cell, cells, last_session
from nbledger.lineage.graph import STRUCTURAL, Graph
from nbledger.lineage.leaks import leaks
from nbledger.lineage.stale import Stale, stale
from nbledger.registry.best import is_minimized
from nbledger_lab.answers.runs import notebook_name
from nbledger_lab.plain import clean, run_data, scalar
from nbledger_lab.routes import PATH, Ask, Table

if TYPE_CHECKING:
    from pathlib import Path

    from nbledger.ledger import Ledger
    from nbledger.records import Metric, Run

TABLE = Table()
_TRUTHS = ("y_true", "y")
_ROLES = tuple(role for role in STRUCTURAL if role != "state")
MOST_BYTES = 64 << 20
MOST_CODE = 100_000


@dataclass(frozen=True, slots=True)
class Made:
    """Something that a cell's run used, and the run that made it: how text speaks of that, and its cell's id."""

    name: str
    role: str
    label: str
    cell_id: str


@TABLE.get("notebook", "What a notebook shows beside its cells", "NotebookState", query={"path": PATH})
def notebook(ask: Ask) -> Any:
    """Return the state of a notebook's cells (`INotebookState`)."""
    ledger, place = ask.ledger, ask.place
    name = notebook_name(ledger, place)
    latest = last_session(ledger.database, name)
    live = _if_alive(ledger, latest)
    old = Stale(None, None, ()) if live is None else stale(ledger, session=live, code=False)
    found = ask.service.remembered(place, ("cells", name), lambda: cells(ledger.database, name))
    runs = {run.cell_id: run for run in ledger.reader.runs([cell.last for cell in found])}
    metrics = ask.service.remembered(place, ("metrics", name), lambda: _metrics(ledger, runs.values()))
    used = ask.service.remembered(place, ("used", name), lambda: _used(ledger, found))
    leaking = ask.service.remembered(place, ("leaks", latest), lambda: _leaks(ledger, latest))
    reasons = {item.run.cell_id: list(item.reasons) for item in old.runs}
    order = _order(place.file)
    told = []
    for cell in found:
        run = runs.get(cell.id)
        if run is None:
            continue  # removed meanwhile
        current = run.session == live
        made = used.get(cell.id, [])
        told.append(
            {
                "cell_id": cell.id,
                "run": run_data(run),
                "metric": metrics.get(run.id),
                "runs": cell.runs,
                "current": current,
                "code": clean((run.source or "")[:MOST_CODE]),
                "needs": _needs(made),
                "stale": {"reasons": [clean(one) for one in reasons[cell.id]]}
                if current and cell.id in reasons
                else None,
                "out_of_order": _out_of_order(cell.id, made, order) if current else None,
                "leaks": leaking.get(cell.id, []) if run.session == latest else [],
            }
        )
    waiting = [run.cell_id for run in old.to_run if run.cell_id is not None and (not order or run.cell_id in order)]
    return {"notebook": clean(name), "session": live, "cells": told, "to_run": list(dict.fromkeys(waiting))}


def main_metric(values: Mapping[str, float], recorded: Sequence[Metric]) -> str:
    """Return the metric that stands for a run: judged on data rather than not, and not on the training data."""
    judged = {metric.name for metric in recorded if metric.basis}
    return min(values, key=lambda name: (name not in judged, "train" in name.lower()))


def _if_alive(ledger: Ledger, session: str | None) -> str | None:
    if session is None or ledger.reader.is_dead(ledger.reader.keyed("session", "id", session)):
        return None
    return session


def _leaks(ledger: Ledger, session: str | None) -> dict[str, list[dict[str, str]]]:
    """Return the leaks of a session by the ids of the cells that they concern."""
    found: dict[str, list[dict[str, str]]] = {}
    for finding in leaks(ledger, session=session) if session is not None else ():
        told = {"kind": finding.kind, "message": clean(finding.message), "remedy": clean(finding.remedy)}
        for id in dict.fromkeys(ledger.run(run).cell_id for run in finding.runs):
            if id is not None:
                found.setdefault(id, []).append(told)
    return found


def _metrics(ledger: Ledger, runs: Any) -> dict[str, dict[str, Any]]:
    """Return the main metric of each run that has one, by the run's id."""
    return {run.id: _metric(ledger, run) for run in runs if run.metrics}


def _metric(ledger: Ledger, run: Run) -> dict[str, Any]:
    recorded = ledger.metrics(run.id)
    name = main_metric(run.metrics, recorded)
    value = run.metrics[name]
    before = ledger.previous_run(run.id) if run.tracked else None
    change, comparable = None, False
    if before is not None and name in before.metrics:
        mine, other = _truth(recorded, name), _truth(ledger.metrics(before.id), name)
        comparable = not mine or not other or mine == other
        difference = value - before.metrics[name]
        change = difference if comparable and difference - difference == 0 else None
    return {
        "name": clean(name),
        "value": scalar(value),
        "change": change,
        "lower_is_better": is_minimized(name),
        "comparable": comparable,
    }


def _truth(recorded: Sequence[Metric], name: str) -> set[str]:
    return {basis.version for one in recorded if one.name == name for basis in one.basis if basis.role in _TRUTHS}


def _used(ledger: Ledger, found: Sequence[Cell]) -> dict[str, list[Made]]:
    """Return what the last run of each cell used of other cells, each within its own session."""
    graph = Graph(ledger)
    told: dict[str, list[Made]] = {}
    for cell in found:
        run = graph.run(cell.last)
        for point in graph.used(cell.last):
            maker = graph.writer(run.session_key, point.role, point.name, cell.last) if point.role in _ROLES else None
            made_by = None if maker is None else graph.run(maker.run)
            if made_by is not None and made_by.cell_id not in (None, cell.id):
                made = Made(clean(point.name), point.role, made_by.label, made_by.cell_id or "")
                told.setdefault(cell.id, []).append(made)
    return told


def _needs(used: Sequence[Made]) -> list[dict[str, Any]]:
    by_cell: dict[str, dict[str, list[str]]] = {}
    for made in used:
        kinds = by_cell.setdefault(made.cell_id, {"names": [], "files": []})
        names = kinds["files" if made.role == "file" else "names"]
        if made.name not in names:
            names.append(made.name)
    return [{"cell_id": id, **kinds} for id, kinds in by_cell.items()]


def _out_of_order(cell: str, used: Sequence[Made], order: Mapping[str, int]) -> dict[str, str] | None:
    """Tell whether a cell's last run used what a cell made that stands below it, or that is no longer there."""
    if cell not in order:
        return None
    for made in used:
        if made.role == "file":
            continue  # a file may well have been there before
        place = order.get(made.cell_id)
        if place is None:
            return {"reason": f"{made.name} was made by {made.label}, a cell that is no longer here"}
        if place > order[cell]:
            return {"reason": f"{made.name} was made by {made.label}, which stands below this cell"}
    return None


def _order(file: Path) -> dict[str, int]:
    """Return the place of each code cell in the notebook as it is saved; empty when it cannot be read."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(file.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    if not isinstance(found, list):
        return {}
    kept = [cell for cell in found if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return {cell["id"]: place for place, cell in enumerate(kept) if isinstance(cell.get("id"), str)}
