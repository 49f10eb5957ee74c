"""The fewest recorded cell runs that give something again, in order, as they were executed.

Going backwards from what is wanted: a name at a run was made by the last run before it that generated the name; that
run is needed, with everything that it used, and, when it only changed what was there, with what was there before. What
no run made is an input: it was there before loading, or was made by hand. The replay of these runs alone meets, at each
of them, the very versions that were recorded, because every other run of the session made none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbledger.ledger import Ledger
from nbledger.lineage.definitions import reads_of
from nbledger.lineage.graph import NOW, STRUCTURAL, CellRun, Graph, Point
from nbledger.lineage.targets import Target, find
from nbledger.records import Exactness


@dataclass(frozen=True, slots=True)
class SliceRun:
    """One run of a slice: its code as executed, what it read and made for the slice, and how well that is known.

    `position` is its `In[]` number in the session. `exactness` is `opaque` where something in the run could not be
    observed (`notes` says what), `sampled` where a value was hashed in part.
    """

    id: str
    source: str
    position: int | None
    exactness: Exactness
    status: str
    session: str
    notebook: str | None = None
    cell_id: str | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    key: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the run as plain data."""
        names = ("id", "position", "source", "exactness", "status", "session", "notebook", "cell_id")
        return {name: getattr(self, name) for name in names} | {
            "reads": list(self.reads),
            "writes": list(self.writes),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Input:
    """Something that a slice needs and that none of its runs made."""

    role: str
    name: str
    version: str
    kind: str
    time: float | None = None

    def __str__(self) -> str:
        if self.role == "file":
            return f"file {self.name}"
        if self.role == "state" and self.name.endswith(" entropy"):
            return f"{self.name}: what generators without a seed started from"
        if self.role == "state":
            return f"{self.name}: its state before the first recorded cell that drew from it"
        return f"{self.name}: made before loading, or by hand"


@dataclass(frozen=True, slots=True)
class Slice:
    """The fewest recorded cell runs that give `target`, in the order they ran."""

    target: Target
    runs: tuple[SliceRun, ...]
    inputs: tuple[Input, ...]
    notes: tuple[str, ...] = ()

    @property
    def exactness(self) -> Exactness:
        """The least exact of its runs' exactness."""
        found = {run.exactness for run in self.runs}
        return "opaque" if "opaque" in found else "sampled" if "sampled" in found else "exact"

    @property
    def positions(self) -> tuple[int | None, ...]:
        """The `In[]` numbers of its runs."""
        return tuple(run.position for run in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Return the slice as plain data."""
        return {
            "target": self.target.to_dict(),
            "exactness": self.exactness,
            "runs": [run.to_dict() for run in self.runs],
            "inputs": [
                {"role": i.role, "name": i.name, "version": i.version, "kind": i.kind, "time": i.time}
                for i in self.inputs
            ],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        head = f"{self.target}: {len(self.runs)} cell run{'' if len(self.runs) == 1 else 's'}, {self.exactness}"
        parts = [head]
        for run in self.runs:
            mark = "" if run.exactness == "exact" else f"  ({run.exactness}{': ' if run.notes else ''}"
            mark += ", ".join(run.notes) + ")" if mark else ""
            failed = "" if run.status == "finished" else f"  {run.status}"
            parts.append(f"\n[{run.position}] {run.id[:8]}{failed}{mark}\n" + _indented(run.source))
        if self.inputs:
            parts.append("\ninputs\n" + "\n".join(f"    {item}" for item in self.inputs))
        parts += [f"\nnote: {note}" for note in self.notes]
        return "\n".join(parts)

    def _repr_markdown_(self) -> str:
        blocks = [f"**{self.target}**: {len(self.runs)} cell runs, {self.exactness}"]
        blocks += [f"`[{run.position}]`\n```python\n{run.source}\n```" for run in self.runs]
        return "\n\n".join(blocks + [f"- {item}" for item in self.inputs])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Slice(...)" if cycle else str(self))


def slice_of(ledger: Ledger, target: str | Target, *, session: str | None = None) -> Slice:
    """Return the slice of a variable, run, metric, model or file. Raises `TargetNotFound`."""
    graph = Graph(ledger)
    found = target if isinstance(target, Target) else find(graph, target, session=session)
    return cut(graph, found)


def cut(graph: Graph, target: Target) -> Slice:
    """Return the slice of a target that was found."""
    walk = Backwards(graph)
    if target.run is not None:
        walk.need(target.run)
    if target.name is not None and target.role is not None:
        walk.want(target.session, target.role, target.name, target.before)
        for point in reads_of(graph, target.session, target.name, target.before):
            walk.want(target.session, point.role, point.name, point.run + 1)
    walk.go()
    keys = sorted(walk.runs)
    runs = tuple(_slice_run(graph, graph.run(key), walk.made.get(key, {})) for key in keys)
    return Slice(target, runs, tuple(walk.inputs.values()), tuple(walk.notes))


class Backwards:
    """A walk from what is wanted to the runs that made it. `sources` says, for each thing used, which run made it."""

    def __init__(self, graph: Graph, *, roles: tuple[str, ...] = STRUCTURAL) -> None:
        self.graph = graph
        self.runs: set[int] = set()
        self.made: dict[int, dict[tuple[str, str], Point]] = {}
        self.inputs: dict[tuple[str, str, str], Input] = {}
        self.sources: dict[tuple[int, str, str], int] = {}
        self.notes: list[str] = []
        self._roles = roles
        self._met: set[tuple[str, str]] = set()
        self._wanted: list[tuple[int, str, str, int, Point | None]] = []

    def want(self, session: int, role: str, name: str, before: int, used: Point | None = None) -> None:
        """Want a name as it was just before the run `before` of a session; `used` is how that run met it."""
        self._wanted.append((session, role, name, before, used))

    def need(self, run: int) -> None:
        """Need a run, with all that it used."""
        if run in self.runs:
            return
        self.runs.add(run)
        session = self.graph.run(run).session_key
        for point in self.graph.used(run):
            if point.role in self._roles:
                self.want(session, point.role, point.name, run, point)

    def go(self) -> None:
        """Follow everything that is wanted to where it was made."""
        while self._wanted:
            session, role, name, before, used = self._wanted.pop()
            maker = self.graph.writer(session, role, name, before)
            if maker is None:
                self._input(role, name, used)
                continue
            self.sources[(before, role, name)] = maker.run
            self._compare(maker, used, before)
            seen = self.made.setdefault(maker.run, {})
            if (role, name) in seen:
                continue
            seen[(role, name)] = maker
            self.need(maker.run)
            if maker.derived:
                self.want(session, role, name, maker.run)

    def _input(self, role: str, name: str, used: Point | None) -> None:
        if used is None:  # changed in place, and there before nbledger watched
            if (role, name) not in self._met:
                self.inputs.setdefault((role, name, ""), Input(role, name, "", ""))
        elif not used.is_absent:
            self._met.add((role, name))
            self.inputs.pop((role, name, ""), None)
            self.inputs[(role, name, used.version)] = Input(used.role, name, used.version, used.kind, used.time)

    def _compare(self, maker: Point, used: Point | None, before: int) -> None:
        """Say where a value is not what its last maker made: something that was not observed changed it."""
        if used is None or maker.version == used.version or "opaque" in (maker.exactness, used.exactness):
            return
        made, met = self.graph.run(maker.run).label, self.graph.run(before).label
        note = f"{used.name} was changed between {made} and {met} by something that was not recorded"
        if note not in self.notes:
            self.notes.append(note)


def _slice_run(graph: Graph, run: CellRun, made: Mapping[tuple[str, str], Point]) -> SliceRun:
    used = [point for point in graph.used(run.key) if point.role in STRUCTURAL]
    return SliceRun(
        id=run.id,
        source=run.source or "",
        position=run.position,
        exactness=_exactness(run, [*used, *made.values()]),
        status=run.status or "interrupted",
        session=run.session,
        notebook=run.notebook,
        cell_id=run.cell_id,
        reads=tuple(point.name for point in used),
        writes=tuple(sorted(name for _, name in made)),
        notes=run.opaque,
        key=run.key,
    )


def _exactness(run: CellRun, points: list[Point]) -> Exactness:
    found = {point.exactness for point in points if point.role not in ("import", "output")}
    if run.opaque or "opaque" in found:
        return "opaque"
    return "sampled" if "sampled" in found else "exact"


def _indented(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.splitlines())


__all__ = ["NOW", "Backwards", "Input", "Slice", "SliceRun", "cut", "slice_of"]
