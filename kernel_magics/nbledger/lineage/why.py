"""What made this: the chain behind a variable, run, metric, model or file, nearest first.

The chain is the slice, told from its end, with which run each thing came from. Where a file was written by another
notebook, it goes on there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbledger.ledger import Ledger, NotFound
from nbledger.lineage.graph import STRUCTURAL, CellRun, Graph, Point
from nbledger.lineage.slicing import Backwards, Input
from nbledger.lineage.targets import Target, find
from nbledger.tables import when

_LINES = 6


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a step used. `source` is the id of the run that made it, `None` for an input."""

    name: str
    role: str
    version: str
    kind: str
    source: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the chain: what it made of what is asked for, and what it used for it."""

    run: CellRun
    made: tuple[Point, ...]
    used: tuple[Use, ...]
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """What made `target`, nearest first."""

    target: Target
    steps: tuple[Step, ...]
    inputs: tuple[Input, ...]
    notes: tuple[str, ...] = ()
    story: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the chain as plain data."""
        return {
            "target": self.target.to_dict(),
            "steps": [_step_data(step) for step in self.steps],
            "inputs": [_input_data(item) for item in self.inputs],
            "notes": list(self.notes),
            "story": self.story or None,
        }

    def __str__(self) -> str:
        lines = [self.story or str(self.target)]
        for step in self.steps:
            lines += ["", *_step_text(step)]
        if self.inputs:
            lines += ["", "inputs (nothing recorded made them)", *(f"  {_input_text(item)}" for item in self.inputs)]
        if not self.steps and not self.inputs:
            lines += ["", "nothing recorded made it"]
        return "\n".join(lines + [f"\nnote: {note}" for note in self.notes])

    def tree(self) -> str:
        """Return the chain drawn as a tree, from what is asked for to the inputs; a run is drawn once in full."""
        steps = {step.run.id: step for step in self.steps}
        lines = [str(self.target)]
        if self.steps:
            _branch(steps, self.steps[0].run.id, "", lines, set(), last=True)
        return "\n".join(lines)

    def mermaid(self) -> str:
        """Return the chain as a Mermaid flowchart, which JupyterLab and code hosts draw."""
        lines = ["flowchart TB"]
        lines += [
            f'    r{step.run.key}["{_escaped(step.run.label, _headline(step))}"]' for step in reversed(self.steps)
        ]
        ids = {step.run.id: step.run.key for step in self.steps}
        for step in self.steps:
            for use in step.used:
                if use.source in ids:
                    lines.append(f"    r{ids[use.source]} -->|{_escaped(use.name)}| r{step.run.key}")
                elif use.source is None and use.role != "import":
                    lines.append(f'    i{abs(hash(use.name))}(["{_escaped(use.name)}"]) --> r{step.run.key}')
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Why(...)" if cycle else str(self))

    def _repr_markdown_(self) -> str:
        return f"```mermaid\n{self.mermaid()}\n```\n\n```text\n{self}\n```"


def why(ledger: Ledger, ref: Any, *, session: str | None = None) -> Why:
    """Return what made a variable, run, metric, model or file. Raises `TargetNotFound`."""
    graph = Graph(ledger)
    target = find(graph, ref, session=session)
    walk = Backwards(graph)
    if target.run is not None:
        walk.need(target.run)
    if target.name is not None and target.role is not None:
        walk.want(target.session, target.role, target.name, target.before)
    walk.go()
    _cross_sessions(graph, walk)
    steps = tuple(_step(graph, walk, key) for key in sorted(walk.runs, reverse=True))
    return Why(target, steps, tuple(walk.inputs.values()), tuple(walk.notes), _story(ledger, target))


def _story(ledger: Ledger, target: Target) -> str:
    """Return what a metric was judged on, by which model, in words; empty for all else."""
    if target.kind != "metric" or target.run_id is None or target.name is None:
        return ""
    from nbledger.lineage.honest import metric_story

    try:
        return str(metric_story(ledger, target.run_id, target.name))
    except NotFound:
        return ""


def _cross_sessions(graph: Graph, walk: Backwards) -> None:
    """Go on in other sessions from the files that they wrote and this one read."""
    seen: set[tuple[str, str, str]] = set()
    while True:
        files = {place for place, item in walk.inputs.items() if item.role == "file"} - seen
        if not files:
            return
        for place in files:
            seen.add(place)
            item = walk.inputs[place]
            readers = [key for key in walk.runs if any(_is(point, item) for point in graph.used(key))]
            maker = graph.file_writer(item.name, item.version, min(readers, default=0))
            if maker is None:
                continue
            del walk.inputs[place]
            for reader in readers:
                walk.sources[(reader, "file", item.name)] = maker.run
            walk.made.setdefault(maker.run, {})[("file", item.name)] = maker
            walk.need(maker.run)
            if maker.derived:
                walk.want(graph.run(maker.run).session_key, "file", item.name, maker.run)
        walk.go()


def _is(point: Point, item: Input) -> bool:
    return (point.role, point.name, point.version) == (item.role, item.name, item.version)


def _step(graph: Graph, walk: Backwards, key: int) -> Step:
    used = []
    for point in graph.used(key):
        if point.role in STRUCTURAL:
            source = walk.sources.get((key, point.role, point.name))
            found = graph.run(source) if source is not None else None
            label = _label(found, graph.run(key)) if found else None
            used.append(Use(point.name, point.role, point.version, point.kind, found.id if found else None, label))
    made = tuple(walk.made.get(key, {}).values())
    run = graph.ledger.run(graph.run(key).id)
    return Step(graph.run(key), made, tuple(used), tuple(run.metrics.items()))


def _label(run: CellRun, reader: CellRun) -> str:
    if run.session_key == reader.session_key:
        return run.label
    return f"{run.label} of {run.notebook or f'session {run.session[:8]}'}"


def _step_text(step: Step) -> list[str]:
    run = step.run
    failed = "" if run.status == "finished" else f"  {run.status or 'interrupted'}"
    place = f"  {run.notebook}" if run.notebook else ""
    lines = [f"{run.label} {run.id[:8]}  {when(run.started_at)}{place}{failed}"]
    source = (run.source or "").strip().splitlines()
    lines += [f"    {line}" for line in source[:_LINES]]
    if len(source) > _LINES:
        lines.append(f"    ... {len(source) - _LINES} more lines")
    made = [point.name + (" (changed in place)" if point.derived else "") for point in step.made]
    if made:
        lines.append(f"  made {', '.join(sorted(made))}")
    if step.metrics:
        lines.append("  scored " + ", ".join(f"{name} {value:.6g}" for name, value in step.metrics[:5]))
    froms = [use for use in step.used if use.role != "import" or use.label]
    if froms:
        lines.append("  from " + ", ".join(f"{use.name} {use.label or '(input)'}" for use in froms))
    lines += [f"  opaque: {reason}" for reason in run.opaque]
    return lines


def _branch(steps: dict[str, Step], id: str, indent: str, lines: list[str], drawn: set[str], *, last: bool) -> None:
    step = steps[id]
    joint = "└── " if last else "├── "
    again = "  (above)" if id in drawn else ""
    lines.append(f"{indent}{joint}{step.run.label} {_headline(step)}{again}")
    if again:
        return
    drawn.add(id)
    inner = indent + ("    " if last else "│   ")
    sources = list(dict.fromkeys(use.source for use in step.used if use.source in steps and use.source != id))
    files = [use.name for use in step.used if use.source is None and use.role != "import"]
    for at, name in enumerate(files):
        lines.append(f"{inner}{'└── ' if at == len(files) - 1 and not sources else '├── '}{name} (input)")
    for at, source in enumerate(sources):
        _branch(steps, str(source), inner, lines, drawn, last=at == len(sources) - 1)


def _headline(step: Step) -> str:
    return step.run.headline(point.name for point in step.made)


def _escaped(*texts: str) -> str:
    joined = " ".join(texts)
    for char, entity in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("|", "#124;"), ("`", "#96;")):
        joined = joined.replace(char, entity)
    return joined


def _input_text(item: Input) -> str:
    dated = f", modified {when(item.time)}" if item.time else ""
    return f"{item} ({item.version[:8]}{dated})" if item.version else str(item)


def _input_data(item: Input) -> dict[str, Any]:
    return {"role": item.role, "name": item.name, "version": item.version, "kind": item.kind, "time": item.time}


def _step_data(step: Step) -> dict[str, Any]:
    run = step.run
    return {
        "run": run.id,
        "position": run.position,
        "session": run.session,
        "notebook": run.notebook,
        "status": run.status,
        "started_at": run.started_at,
        "source": run.source,
        "opaque": list(run.opaque),
        "made": [{"name": p.name, "role": p.role, "version": p.version, "derived": p.derived} for p in step.made],
        "used": [
            {"name": u.name, "role": u.role, "version": u.version, "kind": u.kind, "from": u.source} for u in step.used
        ],
        "metrics": dict(step.metrics),
    }
