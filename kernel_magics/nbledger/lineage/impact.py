"""What used this: everything that a variable, file, run or version went into, down to models and their aliases."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbledger.ledger import Ledger
from nbledger.lineage.graph import CellRun, Graph, Point
from nbledger.lineage.targets import Target, find

#: Hidden state passes from every drawing cell to the next: to say that would say nothing.
_FOLLOWED = ("variable", "file")


@dataclass(frozen=True, slots=True)
class Affected:
    """One run that used what is asked for, directly or through others (`through` are the names), and what it made."""

    run: CellRun
    through: tuple[str, ...]
    made: tuple[str, ...]
    metrics: tuple[tuple[str, float], ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What used `target`, in the order it ran. `models` are registered versions with their aliases."""

    target: Target
    runs: tuple[Affected, ...]
    models: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "target": self.target.to_dict(),
            "runs": [
                {
                    "run": item.run.id,
                    "position": item.run.position,
                    "notebook": item.run.notebook,
                    "source": item.run.source,
                    "through": list(item.through),
                    "made": list(item.made),
                    "metrics": dict(item.metrics),
                    "models": list(item.models),
                }
                for item in self.runs
            ],
            "models": list(self.models),
        }

    def __str__(self) -> str:
        count = len(self.runs)
        lines = [f"{self.target}: used by {count} cell run{'' if count == 1 else 's'}" if count else f"{self.target}: "
                 "nothing recorded used it"]  # fmt: skip
        for item in self.runs:
            first = item.run.headline(item.made)
            place = f"  {item.run.notebook}" if item.run.notebook else ""
            lines += [
                "",
                f"{item.run.label} {item.run.id[:8]}{place}  through {', '.join(item.through)}",
                f"    {first}",
            ]
            if item.made:
                lines.append(f"  made {', '.join(item.made)}")
            if item.metrics:
                lines.append("  scored " + ", ".join(f"{name} {value:.6g}" for name, value in item.metrics))
        if self.models:
            lines += ["", "registered models", *(f"  {model}" for model in self.models)]
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Impact(...)" if cycle else str(self))


def impact(ledger: Ledger, ref: Any, *, session: str | None = None) -> Impact:
    """Return what used a variable, file, run or version. Raises `TargetNotFound`."""
    graph = Graph(ledger)
    target = find(graph, ref, session=session)
    reached: dict[int, set[str]] = {}
    for point, key in spread(graph, target):
        reached.setdefault(key, set()).add(point.name)
    runs = tuple(_affected(graph, key, reached[key]) for key in sorted(reached))
    models = [model for item in runs for model in item.models]
    if target.run is not None:
        models += _models(graph, target.run)
    return Impact(target, runs, tuple(dict.fromkeys(models)))


def spread(graph: Graph, target: Target) -> Iterator[tuple[Point, int]]:
    """Yield each thing that was used of what a target went into, with the key of the run that used it."""
    reached: set[int] = set()
    todo = deque(_starts(graph, target))
    done: set[tuple[int, str, str, str]] = set()
    while todo:
        point = todo.popleft()
        if (point.run, point.role, point.name, point.version) in done:
            continue
        done.add((point.run, point.role, point.name, point.version))
        for key in _after(graph, point):
            if key not in reached:
                reached.add(key)
                todo.extend(p for p in graph.generated(key) if p.role in _FOLLOWED)
            yield point, key


def _starts(graph: Graph, target: Target) -> list[Point]:
    """Return the points from which what is asked for spreads."""
    if target.run is not None:
        return [point for point in graph.generated(target.run) if point.role in _FOLLOWED]
    name = target.name or ""
    if target.kind == "version" or target.role == "file":
        # Any run that met this content, whatever it was called there; of a file, any content of that path.
        return _everywhere(graph, target, name)
    point = graph.writer(target.session, target.role or "variable", name, target.before)
    return [point] if point is not None else _everywhere(graph, target, name)


def _everywhere(graph: Graph, target: Target, name: str) -> list[Point]:
    rows = graph.ledger.database.rows
    if target.role == "file" and target.kind == "file":
        found = rows(
            """SELECT DISTINCT v.hash FROM used u JOIN version v ON v.key = u.version
            WHERE u.role = 'file' AND u.name = ?""",
            (name,),
        )
        return [_point("file", name, hash) for (hash,) in found]
    found = rows(
        """SELECT DISTINCT u.name, u.role FROM version v JOIN used u ON u.version = v.key WHERE v.hash = ?""",
        (target.version or "",),
    )
    return [_point(role, name, target.version or "") for name, role in found]


def _point(role: str, name: str, version: str) -> Point:
    return Point(0, role, name, version, derived=False, time=None, kind="", exactness="exact")


def _after(graph: Graph, point: Point) -> list[int]:
    """Return the runs that used a point, or changed it in place."""
    if point.run == 0 and point.role != "file":
        rows = graph.ledger.database.rows(
            "SELECT DISTINCT u.run FROM version v JOIN used u ON u.version = v.key WHERE v.hash = ? AND u.name = ?",
            (point.version, point.name),
        )
        return [key for (key,) in rows]
    found = graph.readers(point)
    if point.run and point.role != "file":
        following = graph.next_maker(point)
        if following is not None and following.derived and following.run not in found:
            found.append(following.run)
    return found


def _affected(graph: Graph, key: int, through: set[str]) -> Affected:
    run = graph.run(key)
    made = tuple(dict.fromkeys(p.name for p in graph.generated(key) if p.role in _FOLLOWED and not p.is_absent))
    metrics = tuple(graph.ledger.run(run.id).metrics.items())
    return Affected(run, tuple(sorted(through)), made, metrics, tuple(_models(graph, key)))


def _models(graph: Graph, key: int) -> list[str]:
    """Return the registered versions that a run's models became, with their aliases."""
    found = []
    for point in graph.generated(key):
        if point.kind == "model" and point.role in ("model", "variable"):
            for version in graph.ledger.model_versions_of(point.version):
                aliases = "".join(f" @{alias}" for alias in version.aliases)
                found.append(f"{version.model} version {version.number}{aliases}")
    return list(dict.fromkeys(found))
