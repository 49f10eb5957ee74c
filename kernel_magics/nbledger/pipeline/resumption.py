"""Going on from the cell that failed: which cells before it need not run again, and why nothing else may be left out.

A fresh kernel has no variables, so what the cells to come need must be made again. A cell before the failed one is left
out, and keeps the outputs that it had, where the ledger shows that nothing to come needs it: it was seen in full, it is
plain Python without an import, it is no tracked cell, it touched no hidden state (a random generator, the working
folder), and it made no variable that a cell which runs mentions. What came before the failed cell must still hold as
a whole: same code, params and environment, and each file as the cells left it. Otherwise `CannotResume` says what
changed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.fingerprint.syntax import parse
from nbledger.ledger import Ledger
from nbledger.lineage.graph import CellRun, Graph, Point
from nbledger.pipeline.findings import executed_notebook, own_code_cells
from nbledger.records import ABSENT, Run

TAG = "nbledger.resumed_from"
_WORD = re.compile(r"[^\W\d]\w*")
_MAY_READ_ANYTHING = frozenset(
    {
        "In",
        "Out",
        "__import__",
        "__main__",
        "dir",
        "eval",
        "exec",
        "get_ipython",
        "globals",
        "locals",
        "user_ns",
        "vars",
    }
)
_OLD_OUTPUT = re.compile(r"_+\d*")
_NAMES = frozenset({"variable", "import"})


class CannotResume(NBLedgerError):
    """A run cannot be gone on from. Fields: run, why."""

    template = "Run {run} cannot be resumed: {why}. Run the notebook without --resume"


@dataclass(frozen=True, slots=True)
class Resumption:
    """How a run goes on.

    `taken` are the cells that are left out, with their outputs, by their place among the author's cells (from 1);
    `again` says of each other cell before the failed one why it runs again. `params` are those that the run had.
    """

    run: str
    failed: int
    taken: Mapping[int, Any]
    again: Mapping[int, str]
    params: Mapping[str, Any]

    def __str__(self) -> str:
        lines = [f"Going on from run {self.run[:8]}, which failed in cell {self.failed}."]
        if self.taken:
            lines.append(f"Left out, since nothing to come needs them: cells {_listed(self.taken)}.")
        lines += [f"Cell {place} runs again: {why}." for place, why in self.again.items()]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Before:
    """A cell before the failed one: its place, what it shows, and what was seen of its run."""

    place: int
    cell: Any
    used: list[Point]
    generated: list[Point]
    tracked: bool
    opaque: tuple[str, ...]

    @property
    def makes(self) -> set[str]:
        return {point.name for point in self.generated if point.role in _NAMES}

    @property
    def mentions(self) -> set[str]:
        return _words(self.cell.source) | {point.name for point in self.used if point.role in _NAMES}


def resume(ledger: Ledger, run: str, nb: Any, notebook: Path, params: Mapping[str, Any]) -> Resumption:
    """Return how to go on from a run of this notebook, by the params that it had; `params` may be given again.

    Nothing is written. Raises `CannotResume`, `NotFound`.
    """
    old = ledger.run(ledger.run_id(run))
    executed = _check_run(ledger, old, notebook, params)
    failed = _failed_place(executed, old)
    before = _before(ledger, old, executed, nb, failed)
    _check_environment(ledger, old)
    _check_files(ledger, old, before)
    to_come = [cell for place, cell in own_code_cells(nb) if place >= failed]
    again = _again(before, to_come)
    taken = {one.place: one.cell for one in before if one.place not in again}
    return Resumption(old.id, failed, taken, again, dict(params or _params(executed)))


def _check_run(ledger: Ledger, old: Run, notebook: Path, params: Mapping[str, Any]) -> Any:
    from nbledger.capture.redaction.secrets import REDACTED
    from nbledger.pipeline.recording import recorded_params

    def refuse(why: str) -> CannotResume:
        return CannotResume(run=old.id[:8], why=why)

    if old.kind != "notebook":
        raise refuse(f"it is a {old.kind} run, not a notebook's")
    if old.status == "finished":
        raise refuse("it finished")
    if old.status == "running":
        raise refuse("it is still running")
    if old.notebook != ledger.relative(notebook):
        raise refuse(f"it is a run of {old.notebook}")
    executed = executed_notebook(ledger, old) or _left_behind(ledger, old)
    if executed is None:
        raise refuse("its executed notebook is not there")
    then = _params(executed)
    was, now = ({one.name: one.value for one in recorded_params(some)} for some in (then, params or then))
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name, ...) != now.get(name, ...))
    if changed:
        raise refuse(f"its params were others ({', '.join(changed)}); without any it takes those that it had")
    hidden = [name for name, value in was.items() if not params and REDACTED in str(value)]
    if hidden:
        raise refuse(f"it had a credential among its params that was not kept ({', '.join(hidden)}): give all again")
    return executed


def _params(executed: Any) -> dict[str, Any]:
    return dict(executed.metadata.get("papermill", {}).get("parameters") or {})


def _left_behind(ledger: Ledger, old: Run) -> Any:
    """Return what a run that was killed had saved at its usual place."""
    import nbformat

    path = ledger.folder / "executed" / f"{Path(old.notebook or '').stem}-{old.id[:8]}.ipynb"
    return nbformat.read(path, as_version=4) if path.is_file() else None


def _failed_place(executed: Any, old: Run) -> int:
    """Return the place of the first cell that did not finish."""
    for place, cell in own_code_cells(executed):
        done = cell.metadata.get("papermill", {}).get("status") == "completed"
        if not done or any(output.output_type == "error" for output in cell.outputs):
            return place
    raise CannotResume(run=old.id[:8], why="no cell of it failed")


def _before(ledger: Ledger, old: Run, executed: Any, nb: Any, failed: int) -> list[_Before]:
    from nbledger.pipeline.caching.seen import cell_runs

    graph = Graph(ledger)
    runs: dict[str | None, CellRun] = {}
    one: Run | None = old
    while one is not None:  # cells that it left out itself were run by the run before
        for seen in cell_runs(ledger, one.id):
            if seen.status == "finished":
                runs.setdefault(seen.cell_id, graph.run(seen.key))
        earlier = one.tags.get(TAG)
        one = ledger.run(earlier) if earlier else None
    found = []
    now = dict(own_code_cells(nb))
    for place, cell in own_code_cells(executed):
        if place >= failed:
            break
        if place not in now or now[place].source != cell.source:
            raise CannotResume(run=old.id[:8], why=f"cell {place} was changed")
        if not cell.source.strip():
            continue
        run = runs.get(cell.get("id"))
        if run is None:
            raise CannotResume(run=old.id[:8], why=f"cell {place} was not recorded")
        found.append(_Before(place, cell, graph.used(run.key), graph.generated(run.key), run.tracked, run.opaque))
    return found


def _check_environment(ledger: Ledger, old: Run) -> None:
    from nbledger.capture.environment import current_environment

    then = ledger.environment(old.id)
    if then is None:
        raise CannotResume(run=old.id[:8], why="its environment was not recorded")
    now = current_environment()
    if then.hash != now.hash:
        changed = sorted(
            name
            for name in then.packages.keys() | now.packages.keys()
            if then.packages.get(name) != now.packages.get(name)
        )
        what = f"{', '.join(changed[:5])} changed" if changed else "its interpreter or platform was another"
        raise CannotResume(run=old.id[:8], why=f"the environment is not the same: {what}")


def _check_files(ledger: Ledger, old: Run, before: Iterable[_Before]) -> None:
    """Raise unless each file is as the cells before the failed one found it, or left it."""
    from nbledger.fingerprint import file_fingerprint

    expected: dict[str, str] = {}
    for one in before:
        for point in one.used:
            if point.role == "file":
                expected.setdefault(point.name, point.version)
        expected.update({point.name: point.version for point in one.generated if point.role == "file"})
    for name, version in expected.items():
        path = ledger.root / name
        if path.is_dir():
            continue
        if version == ABSENT.hash:
            if path.exists():
                raise CannotResume(run=old.id[:8], why=f"{name} is there now")
        elif not path.is_file():
            raise CannotResume(run=old.id[:8], why=f"{name} is gone")
        elif file_fingerprint(path).hash != version:
            raise CannotResume(run=old.id[:8], why=f"{name} was changed")


def _again(before: list[_Before], to_come: list[Any]) -> dict[int, str]:
    """Return the cells before the failed one that must run again, in their order, each with its reason."""
    needs = _Needs()
    again = {one.place: why for one in before if (why := _must_run(one))}
    for cell in to_come:
        needs.add(_words(cell.source), "a cell to come")
    for one in before:
        if one.place in again:
            needs.add(one.mentions, f"cell {one.place}")
    while True:
        grown = next(((one, why) for one in before if one.place not in again and (why := needs.of(one))), None)
        if grown is None:
            return dict(sorted(again.items()))
        one, again[one.place] = grown[0], grown[1]
        needs.add(one.mentions, f"cell {one.place}")


class _Needs:
    """The words that the cells which run mention, each with who does."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._anything = ""

    def add(self, words: Iterable[str], who: str) -> None:
        for word in words:
            self._words.setdefault(word, who)
            if word in _MAY_READ_ANYTHING or _OLD_OUTPUT.fullmatch(word):
                self._anything = self._anything or f"{who} says {word}, by which it may read any variable"

    def of(self, one: _Before) -> str:
        """Return why a cell is needed, or nothing."""
        wanted = sorted(one.makes & self._words.keys())
        return f"{self._words[wanted[0]]} uses {wanted[0]}" if wanted else self._anything


def _must_run(one: _Before) -> str:
    """Return why a cell runs again whatever comes, or nothing."""
    if one.tracked:
        return "it is tracked, and its metrics belong to the run"
    if one.opaque:
        return f"it was not seen in full ({one.opaque[0]})"
    roles = {point.role for point in (*one.used, *one.generated)}
    if "state" in roles:
        return "it uses or changes hidden state, such as a random generator"
    if "url" in roles:
        return "it uses the network"
    if any(point.exactness != "exact" for point in one.generated if point.role in _NAMES and not point.is_absent):
        return "what it makes was not hashed in full"
    try:
        tree = parse(one.cell.source)
    except SyntaxError:
        return "it holds a magic or a command"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            return "it imports"
    return ""


def _words(source: str) -> set[str]:
    """Return every word of a cell: a superset of the names that it can read, in whatever kind of line."""
    return set(_WORD.findall(source))


def _listed(places: Iterable[int]) -> str:
    return ", ".join(str(place) for place in places)
