"""Which recorded results no longer match today's code, data files or environment, why, and what to run again.

A cell's result is its latest run in a session. It is stale when what it used has been made anew since, by a later run
of the cell that made it (or, where cells have no ids, by a run that bound the name without looking at what it was);
when a file that it read is another one today (but for temporary files, and those that the session removed itself);
when the notebook's cell is another one today; or when it depends on a stale result.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbledger.fingerprint import file_fingerprint
from nbledger.fingerprint.syntax import parse
from nbledger.ledger import Ledger
from nbledger.lineage.graph import NOW, STRUCTURAL, CellRun, Graph, Point
from nbledger.lineage.temporary import is_temporary
from nbledger.tables import many

_REDACTED = "[redacted]"  # what the recording puts in the place of a credential

_LATEST = """SELECT max(key) FROM run WHERE session = ? AND kind = 'cell' GROUP BY coalesce(cell_id, source)"""


@dataclass(frozen=True, slots=True)
class StaleRun:
    """A result that no longer holds: the run, and why in words."""

    run: CellRun
    reasons: tuple[str, ...]
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Stale:
    """What is stale in a session, in the order in which to run it again. `environment` names changed distributions."""

    session: str | None
    notebook: str | None
    runs: tuple[StaleRun, ...]
    environment: tuple[str, ...] = ()
    checked: int = 0

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def to_run(self) -> tuple[CellRun, ...]:
        """The cell runs to run again, in order."""
        return tuple(item.run for item in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "session": self.session,
            "notebook": self.notebook,
            "checked": self.checked,
            "environment": list(self.environment),
            "stale": [
                {
                    "run": item.run.id,
                    "position": item.run.position,
                    "cell_id": item.run.cell_id,
                    "source": item.run.source,
                    "reasons": list(item.reasons),
                    "metrics": dict(item.metrics),
                }
                for item in self.runs
            ],
        }

    def __str__(self) -> str:
        where = self.notebook or (f"session {self.session[:8]}" if self.session else "the ledger")
        if not self.runs:
            lines = [f"{where}: nothing is stale ({many(self.checked, 'cell')} checked)"]
        else:
            lines = [f"{where}: {many(len(self.runs), 'stale cell')} of {self.checked}; run again, in this order:"]
        for item in self.runs:
            lines += ["", f"{item.run.label} {item.run.id[:8]}  {item.run.headline()}"]
            lines += [f"    {reason}" for reason in item.reasons]
            if item.metrics:
                lines.append("    scored " + ", ".join(f"{name} {value:.6g}" for name, value in item.metrics))
        if self.environment:
            lines += ["", "recorded in another environment: " + ", ".join(self.environment)]
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Stale(...)" if cycle else str(self))


def stale(
    ledger: Ledger,
    notebook: str | None = None,
    *,
    session: str | None = None,
    environment: Mapping[str, str] | None = None,
    code: bool = True,
) -> Stale:
    """Return what is stale in a session: the given one (its id), else the latest, or the latest of a notebook.

    `environment` are today's distributions, name to version; without it the environment is not compared. Without
    `code` the notebook's file is not compared either: a front end knows better what its cells say now.
    """
    check = _Check(ledger, notebook, session, code=code)
    return check.answer(environment)


class _Check:
    """One look at one session."""

    def __init__(self, ledger: Ledger, notebook: str | None, session: str | None, *, code: bool) -> None:
        self.graph = Graph(ledger)
        self.looks_at_code = code
        self.ledger = ledger
        self.rows = ledger.database.rows
        self.key = self._session(notebook, session)
        self.stale: dict[int, list[str]] = {}
        self._files: dict[str, tuple[str | None, str]] = {}
        self._saved_at = 0.0

    def _session(self, notebook: str | None, session: str | None) -> int | None:
        if session is not None:
            return self.ledger.reader.keyed("session", "id", session)
        within = "" if notebook is None else "AND notebook = ?"
        given = () if notebook is None else (self.ledger.relative(notebook),)
        found = self.rows(f"SELECT session FROM run WHERE kind = 'cell' {within} ORDER BY key DESC LIMIT 1", given)
        return int(found[0][0]) if found else None

    def answer(self, environment: Mapping[str, str] | None) -> Stale:
        if self.key is None:
            return Stale(None, None, ())
        latest = sorted(key for (key,) in self.rows(_LATEST, (self.key,)))
        for key in latest:
            reasons = [*(self._code(key) if self.looks_at_code else ()), *self._inputs(key)]
            if reasons:
                self.stale[key] = list(dict.fromkeys(reasons))
        runs = sorted(self.stale, key=self._order)
        session = self.graph.run(latest[-1])
        found = tuple(StaleRun(self.graph.run(key), tuple(self.stale[key]), self._metrics(key)) for key in runs)
        changed = self._environment(session, environment) if environment is not None else ()
        return Stale(session.session, session.notebook, found, changed, len(latest))

    def _metrics(self, key: int) -> tuple[tuple[str, float], ...]:
        return tuple(self.ledger.run(self.graph.run(key).id).metrics.items())

    # -- reasons ------------------------------------------------------------------------------------------------

    def _inputs(self, key: int) -> list[str]:
        found: dict[str, list[str]] = {}
        for point in self.graph.used(key):
            why = ""
            if point.role == "file":
                why = self._file(point, key)
            elif point.role in STRUCTURAL and point.role != "state":
                why = self._variable(point, key)
            if why:
                names = found.setdefault(why, [])
                if point.name not in names:
                    names.append(point.name)
        return [reason for why, names in found.items() for reason in _told(names, why)]

    def _variable(self, used: Point, key: int) -> str:
        """Return what became of a variable since, without its name; empty when nothing did."""
        maker = self.graph.writer(self.key or 0, used.role, used.name, key)
        if maker is None or used.role == "output":
            return ""
        made_by = self.graph.run(maker.run)
        if maker.run in self.stale and maker.run != key:
            return f"comes from {made_by.label}, which is stale"
        now = self.graph.writer(self.key or 0, used.role, used.name, NOW)
        if now is None or now.run <= key or now.version == used.version or not self._supersedes(now, made_by, used):
            return ""
        again = self.graph.run(now.run).label
        what = "deleted" if now.is_absent else "changed in place" if now.derived else "made anew"
        return f"was {what} by {again} since"

    def _supersedes(self, now: Point, made_by: CellRun, used: Point) -> bool:
        """Tell whether a later maker replaces what a run used, rather than being a later stage of the notebook."""
        later = self.graph.run(now.run)
        if later.cell_id is not None and made_by.cell_id is not None:
            if later.cell_id == made_by.cell_id:
                return True
            last_of_same = self._latest_of(made_by)
            if last_of_same is None or last_of_same == made_by.key:
                return False
            remade = next((p for p in self.graph.generated(last_of_same) if p.name == used.name), None)
            return remade is not None and remade.version != used.version
        if later.source == made_by.source:
            return True
        looked = any(point.name == used.name for point in self.graph.used(now.run))
        return not (now.derived or looked)

    def _latest_of(self, run: CellRun) -> int | None:
        found = self.rows("SELECT max(key) FROM run WHERE session = ? AND cell_id = ?", (run.session_key, run.cell_id))
        return int(found[0][0]) if found[0][0] is not None else None

    def _file(self, used: Point, key: int) -> str:
        """Return what became of a file since, without its name; empty when nothing did."""
        maker = self.graph.writer(self.key or 0, "file", used.name, key)
        if maker is not None and maker.run in self.stale:
            return f"comes from {self.graph.run(maker.run).label}, which is stale"
        rewritten = self.graph.writer(self.key or 0, "file", used.name, NOW)
        if rewritten is not None and rewritten.run == key:
            return ""  # the cell itself wrote the file after it had read it
        if rewritten is not None and rewritten.is_absent and rewritten.run > key:
            return ""  # the notebook's own clean-up
        if is_temporary(used.name, outside=self.ledger.root):
            return ""
        if used.is_absent:
            there = (self.ledger.root / used.name).exists() and rewritten is None
            return "is there today, and was not then" if there else ""
        today, how = self._today(used)
        return how if today != used.version else ""

    def _today(self, used: Point) -> tuple[str | None, str]:
        """Return a file's version on the disk today, and what that means."""
        if used.name not in self._files:
            path = self.ledger.root / used.name
            try:
                status = path.stat()
                if used.time is not None and status.st_mtime == used.time:
                    return used.version, "is the same"
                found: str | None = None if path.is_dir() else file_fingerprint(path).hash
                self._files[used.name] = (used.version if path.is_dir() else found, "is another one on the disk today")
            except FileNotFoundError:
                self._files[used.name] = (None, "is gone from the disk")
            except OSError as error:
                self._files[used.name] = (None, f"cannot be read today ({error.strerror or error})")
        return self._files[used.name]

    def _code(self, key: int) -> list[str]:
        run = self.graph.run(key)
        if not self._cells or run.cell_id is None or run.notebook is None:
            return []
        if self._saved_at <= run.started_at:
            return []  # the front end has not saved since: the file shows an earlier state of the notebook
        today = self._cells.get(run.cell_id)
        if today is None:
            return ["its cell is no longer in the notebook"]
        return [] if _same_code(today[1], run.source or "") else ["its cell's code was changed since it ran"]

    @cached_property
    def _cells(self) -> dict[str, tuple[int, str]]:
        """The notebook's code cells on the disk: cell id to place and source; empty when it cannot be read."""
        found = self.rows(
            "SELECT notebook FROM run WHERE session = ? AND notebook IS NOT NULL ORDER BY key DESC LIMIT 1", (self.key,)
        )
        if not found:
            return {}
        path = Path(self.ledger.root / found[0][0])
        try:
            self._saved_at = path.stat().st_mtime
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return {
            cell["id"]: (place, "".join(cell.get("source", "")))
            for place, cell in enumerate(cells)
            if isinstance(cell, dict) and cell.get("cell_type") == "code" and "id" in cell
        }

    def _environment(self, run: CellRun, today: Mapping[str, str]) -> tuple[str, ...]:
        recorded = self.ledger.environment(run.id)
        if recorded is None:
            return ()
        names = sorted(recorded.packages.keys() | today.keys())
        return tuple(
            f"{name} {recorded.packages.get(name, 'absent')} -> {today.get(name, 'absent')}"
            for name in names
            if recorded.packages.get(name) != today.get(name)
        )

    def _order(self, key: int) -> tuple[int, int]:
        """Return where a run stands when all is run again: the notebook's order, else the order they ran."""
        run = self.graph.run(key)
        place = self._cells.get(run.cell_id or "")
        return (place[0], key) if place else (1 << 40, self._first_run(run))

    def _first_run(self, run: CellRun) -> int:
        """Return the first run of this cell, so that a cell that was run again keeps its place."""
        column, value = ("cell_id", run.cell_id) if run.cell_id else ("source", run.source)
        if column == "source":
            value = self.rows("SELECT source FROM run WHERE key = ?", (run.key,))[0][0]
        found = self.rows(f"SELECT min(key) FROM run WHERE session = ? AND {column} IS ?", (run.session_key, value))
        return int(found[0][0] or run.key)


_OF_SEVERAL = {"comes": "come", "was": "were"}


def _told(names: list[str], why: str) -> list[str]:
    """Return reasons in words: one for all names where the words can be said of several."""
    verb, _, rest = why.partition(" ")
    if len(names) == 1 or verb not in _OF_SEVERAL:
        return [f"{name} {why}" for name in names]
    return [f"{', '.join(names[:-1])} and {names[-1]} {_OF_SEVERAL[verb]} {rest}"]


def _same_code(one: str, other: str) -> bool:
    """Tell whether a source is the recorded one, whatever their comments and layout; any text may be a credential's."""
    if one.strip() == other.strip():
        return True
    if _REDACTED in other and re.fullmatch(".*".join(map(re.escape, other.strip().split(_REDACTED))), one.strip()):
        return True
    try:
        return ast.dump(parse(one)) == ast.dump(parse(other))
    except (SyntaxError, ValueError):
        return False
