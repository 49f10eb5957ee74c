"""Past versions of a variable, a file or a cell, newest first, with the runs that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nbledger.ledger import Ledger
from nbledger.lineage.graph import CellRun, Graph
from nbledger.lineage.targets import TargetNotFound
from nbledger.records import ABSENT
from nbledger.tables import table, when

_EVENTS = """SELECT e.run, e.role, v.hash, v.kind, v.shape, v.nbytes, v.exactness, {how} FROM {table} e
    JOIN version v ON v.key = e.version JOIN run r ON r.key = e.run
    WHERE e.name = ? AND e.role IN ({roles}) {within} ORDER BY e.run DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Event:
    """One version in the history: `how` is `made`, `changed`, `deleted`, `read`, or for a cell `ran`."""

    run: CellRun
    how: Literal["made", "changed", "deleted", "read", "ran"]
    version: str
    kind: str
    shape: str
    exactness: str
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """The past of one name, newest first."""

    ref: str
    kind: Literal["variable", "file", "cell"]
    events: tuple[Event, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the history as plain data."""
        return {
            "ref": self.ref,
            "kind": self.kind,
            "events": [
                {
                    "run": event.run.id,
                    "position": event.run.position,
                    "session": event.run.session,
                    "notebook": event.run.notebook,
                    "time": event.run.started_at,
                    "how": event.how,
                    "version": event.version or None,
                    "kind": event.kind,
                    "shape": event.shape or None,
                    "exactness": event.exactness,
                    "source": event.run.source,
                    "metrics": dict(event.metrics),
                }
                for event in self.events
            ],
        }

    def __str__(self) -> str:
        rows = [
            (
                when(event.run.started_at),
                f"{event.run.label} {event.run.id[:8]}",
                event.how,
                event.version[:8] if self.kind != "cell" else ", ".join(f"{n} {v:.6g}" for n, v in event.metrics[:3]),
                event.shape or event.kind,
                event.run.headline([self.ref]),
            )
            for event in self.events
        ]
        what = "metrics" if self.kind == "cell" else "content"
        return f"{self.kind} {self.ref}\n" + table(["when", "run", "", what, "", "code"], rows)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("History(...)" if cycle else str(self))


def history(ledger: Ledger, ref: str, *, session: str | None = None, limit: int = 50) -> History:
    """Return the past versions of a variable, a file, or a cell (its id, or the id of one of its runs), newest first.

    With a session (its id) only what happened there. Raises `TargetNotFound`.
    """
    graph = Graph(ledger)
    within = None if session is None else ledger.reader.keyed("session", "id", session)
    text = ref.removeprefix("var:").removeprefix("cell:")
    if not ref.startswith("cell:") and text.isidentifier():
        events = _events(graph, text, "'variable', 'import'", within, limit)
        if not events and within is not None:
            events = _events(graph, text, "'variable', 'import'", None, limit)
        if events:
            return History(text, "variable", tuple(events))
    path = ref.removeprefix("file:")
    name = ledger.relative(path) if path.startswith(("/", "./", "../")) else path
    events = _events(graph, name, "'file'", None, limit)
    if events:
        return History(name, "file", tuple(events))
    runs = _runs_of_cell(graph, text, limit)
    if runs:
        return History(text, "cell", tuple(runs))
    raise TargetNotFound(ref=ref, remedy="give a variable's name, a file's path, a cell's id, or a run's id")


def _events(graph: Graph, name: str, roles: str, session: int | None, limit: int) -> list[Event]:
    within = "" if session is None else "AND r.session = ?"
    given = () if session is None else (session,)
    made = _EVENTS.format(table="generated", how="e.derived", roles=roles, within=within)
    rows = [(*row, False) for row in graph.ledger.database.rows(made, (name, *given, limit))]
    if "file" in roles:
        read = _EVENTS.format(table="used", how="0", roles=roles, within=within)
        made_by = {row[0] for row in rows}
        found = graph.ledger.database.rows(read, (name, *given, limit))
        rows += [(*row, True) for row in found if row[0] not in made_by]
    rows.sort(key=lambda row: (-row[0], row[-1]))
    return [_event(graph, row) for row in rows[:limit]]


def _event(graph: Graph, row: tuple[Any, ...]) -> Event:
    run, _role, hash, kind, shape, nbytes, exactness, derived, read = row
    how: Literal["made", "changed", "deleted", "read"] = "read" if read else "changed" if derived else "made"
    if hash == ABSENT.hash:
        how = "deleted"
    told = shape.strip("[]").replace(", ", " x ").replace(",", " x ") if shape else ""
    if not told and nbytes is not None and kind == "file":
        told = f"{nbytes:,} bytes"
    return Event(graph.run(run), how, hash, kind, told, exactness)


def _runs_of_cell(graph: Graph, ref: str, limit: int) -> list[Event]:
    rows = graph.ledger.database.rows
    found = rows("SELECT key FROM run WHERE cell_id = ? ORDER BY key DESC LIMIT ?", (ref, limit))
    if not found and len(ref) >= 4:
        near = rows("SELECT notebook, cell_id, source FROM run WHERE id >= ? AND id < ? LIMIT 2", (ref, ref + "g"))
        if len(near) == 1:
            notebook, cell_id, source = near[0]
            if cell_id:
                found = rows(
                    "SELECT key FROM run WHERE notebook IS ? AND cell_id = ? ORDER BY key DESC LIMIT ?",
                    (notebook, cell_id, limit),
                )
            else:
                found = rows("SELECT key FROM run WHERE source = ? ORDER BY key DESC LIMIT ?", (source, limit))
    events = []
    for (key,) in found:
        run = graph.run(key)
        metrics = tuple(graph.ledger.run(run.id).metrics.items())
        events.append(Event(run, "ran", "", run.status, "", "exact", metrics))
    return events
