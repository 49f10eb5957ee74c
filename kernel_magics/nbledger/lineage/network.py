"""What led to something and what came of it, as nodes and edges: cells between the data, files and models they touch.

Versions stand between the runs that made and used them, as W3C PROV draws it. Upstream it is what `why` tells,
downstream what `impact` tells; both are followed nearest first, and what is left out is counted.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nbledger.ledger import Ledger
from nbledger.lineage.graph import CellRun, Graph, Point
from nbledger.lineage.impact import spread
from nbledger.lineage.targets import Target, find
from nbledger.lineage.why import Step, why
from nbledger.tables import many, size, when

NodeKind = Literal["cell", "data", "file", "model", "value", "url", "code"]
Direction = Literal["both", "why", "impact"]
MOST_NODES = 500
_LINES = 6
_DATA = ("table", "column", "array", "sparse", "tensor")
_CODE = ("function", "class", "module", "code")
_ROLES = ("variable", "file", "url", "import", "output")


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """A cell's run, or a version under a name.

    `distance` counts edges from what is asked for: below 0 what led to it, above 0 what came of it. `run` is the id of
    the cell's run, or of the one that made the version (`None` for an input); `source` the cell as it was executed.
    `facts` are what else is known, in words, in the order in which they read best.
    """

    id: str
    kind: NodeKind
    label: str
    distance: int = 0
    run: str | None = None
    version: str | None = None
    source: str = ""
    position: int | None = None
    notebook: str | None = None
    status: str = ""
    exactness: str = "exact"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """What led to `target` (the node with the id `center`) and what came of it.

    `nodes` are ordered by how near they are; `edges` are (from, to, name). `left_out` counts nodes beyond the most
    that were asked for.
    """

    target: Target
    center: str
    nodes: tuple[NetworkNode, ...]
    edges: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...] = ()
    left_out: int = 0

    def node(self, id: str) -> NetworkNode:
        """Return the node with this id. Raises `KeyError`."""
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(id)

    def before(self, id: str) -> list[NetworkNode]:
        """Return the nodes that lead straight to one."""
        known = {node.id: node for node in self.nodes}
        return [known[one] for one, other, _ in self.edges if other == id]

    def after(self, id: str) -> list[NetworkNode]:
        """Return the nodes that come straight from one."""
        known = {node.id: node for node in self.nodes}
        return [known[other] for one, other, _ in self.edges if one == id]

    @property
    def counts(self) -> str:
        """How many nodes of each kind there are, in words."""
        names = {"cell": "cell", "data": "piece of data", "file": "file", "model": "model", "value": "value"}
        names |= {"url": "address", "code": "function or module"}
        words = []
        for kind, name in names.items():
            count = sum(node.kind == kind for node in self.nodes)
            if count:
                plural = {"piece of data": "pieces of data", "address": "addresses"}.get(name, f"{name}s")
                words.append(f"1 {name}" if count == 1 else f"{count} {plural}")
        return ", ".join(words) or "nothing"

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain data."""
        names = NetworkNode.__slots__
        return {
            "target": self.target.to_dict(),
            "center": self.center,
            "nodes": [{name: _plain(getattr(node, name)) for name in names} for node in self.nodes],
            "edges": [{"source": one, "target": other, "label": name} for one, other, name in self.edges],
            "notes": list(self.notes),
            "left_out": self.left_out,
        }

    def __str__(self) -> str:
        lines = [f"{self.target}: {self.counts}"]
        center = self.node(self.center)
        for title, nodes in (
            ("what led to it, the nearest first", [one for one in self.nodes if one.distance < 0]),
            ("", [center]),
            ("what came of it, the nearest first", [one for one in self.nodes if one.distance > 0]),
        ):
            shown = [one for one in nodes if one.kind == "cell" or not self._beside_a_cell(one)]
            if shown:
                lines += ["", *([title] if title else [])]
                for node in shown:
                    lines += self._told(node)
        if self.left_out:
            lines += ["", f"{many(self.left_out, 'more node')} further away."]
        return "\n".join(lines + [f"\nnote: {note}" for note in self.notes])

    def _beside_a_cell(self, node: NetworkNode) -> bool:
        """Whether a version is told with the cells beside it."""
        return any(one.kind == "cell" for one in (*self.before(node.id), *self.after(node.id)))

    def _told(self, node: NetworkNode) -> list[str]:
        if node.kind != "cell":
            return [f"  {node.kind} {node.label}  {_listed(node.facts)}".rstrip()]
        place = f"  {node.notebook}" if node.notebook else ""
        failed = "" if node.status in ("", "finished") else f"  {node.status}"
        mark = f"[{node.position}]" if node.position is not None else ""
        lines = [f"  {mark} {(node.run or '')[:8]}{place}{failed}".replace("   ", "  ")]
        source = node.source.strip().splitlines()
        lines += [f"      {line}" for line in source[:_LINES]]
        lines += [f"      ... {len(source) - _LINES} more lines"] if len(source) > _LINES else []
        for word, nodes in (("from", self.before(node.id)), ("made", self.after(node.id))):
            if nodes:
                lines.append(f"    {word} " + ", ".join(dict.fromkeys(_called(one) for one in nodes)))
        return lines

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Network(...)" if cycle else str(self))


def network(
    ledger: Ledger,
    ref: Any,
    *,
    direction: Direction = "both",
    session: str | None = None,
    everything: bool = False,
    most: int = MOST_NODES,
) -> Network:
    """Return what led to a variable, run, metric, model or file, and what came of it. Raises `TargetNotFound`.

    `everything` also shows functions, classes and modules, which most cells use.
    """
    graph = Graph(ledger)
    target = find(graph, ref, session=session)
    made = _Network(graph, target)
    notes: tuple[str, ...] = ()
    if direction in ("both", "why"):
        found = why(ledger, target)
        notes = found.notes
        for step in found.steps:
            made.step(step)
    if direction in ("both", "impact"):
        made.impact(most)
    made.name_center()
    return made.network(notes, everything=everything, most=most)


class _Network:
    """Gathers nodes and edges."""

    def __init__(self, graph: Graph, target: Target) -> None:
        self.graph = graph
        self.target = target
        self.nodes: dict[str, NetworkNode] = {}
        self.edges: dict[tuple[str, str], str] = {}
        self.center = ""

    def step(self, step: Step) -> None:
        """Add a run of the chain that made the target, with what it used and made for it."""
        cell = self.cell(step.run, dict(step.metrics))
        for use in step.used:
            if use.role not in _ROLES or (use.role == "import" and use.source is None):
                continue
            version = self.version(use.role, use.name, use.version, use.kind, use.source)
            self.edge(version, cell, use.name)
            if use.source is not None and use.source != step.run.id:
                self.edge(use.source, version, use.name)
        for point in step.made:
            if point.role in _ROLES and not point.is_absent:
                self.made(step.run.id, point)
        for point in self.graph.generated(step.run.key):  # a cell that fits and judges: the model is in between
            if point.kind == "model" and point.role in ("variable", "model"):
                self.made(step.run.id, point)

    def impact(self, most: int) -> None:
        """Add what used the target, and what was made of it, up to about so many nodes."""
        makers: set[int] = set()
        before = len(self.nodes)
        for point, reader in spread(self.graph, self.target):
            source = self.graph.run(point.run).id if point.run else None
            version = self.version(point.role, point.name, point.version, point.kind, source)
            cell = self.cell(self.graph.run(reader), {})
            if source != cell:
                self.edge(version, cell, point.name)
            if source in self.nodes and source != cell:
                self.edge(str(source), version, point.name)
            makers.add(reader)
            if len(self.nodes) - before > 2 * most:
                break
        for key in makers:
            for point in self.graph.generated(key):
                telling = point.kind == "model" or point.kind in _DATA or point.role == "file"
                if telling and point.role in ("variable", "file", "model") and not point.is_absent:
                    self.made(self.graph.run(key).id, point)

    def made(self, run: str, point: Point) -> None:
        self.edge(run, self.version(point.role, point.name, point.version, point.kind, run), point.name)

    def cell(self, run: CellRun, metrics: Mapping[str, float]) -> str:
        if run.id not in self.nodes:
            facts = {"started": when(run.started_at)}
            found = metrics or self.graph.ledger.run(run.id).metrics
            facts |= {"scored": ", ".join(f"{name} {value:.6g}" for name, value in list(found.items())[:5])}
            facts |= {"not fully observed": "; ".join(run.opaque)}
            line = run.headline()
            self.nodes[run.id] = NetworkNode(
                run.id, "cell", f"{run.label} {run.name or line}".strip(), run=run.id, source=run.source or "",
                position=run.position, notebook=run.notebook, status=run.status or "interrupted",
                exactness="opaque" if run.opaque else "exact",
                facts={name: text for name, text in facts.items() if text},
            )  # fmt: skip
        return run.id

    def version(self, role: str, name: str, hash: str, kind: str, run: str | None) -> str:
        place = {"file": "file", "url": "url"}.get(role, "variable")
        id = f"{place}:{name}:{hash}"
        if id not in self.nodes:
            told = {"made by": "nothing recorded: made before recording, or by hand"} if run is None else {}
            if place != "variable":
                told = {}
            self.nodes[id] = NetworkNode(id, _kind(place, kind), name, run=run, version=hash or None, facts=told)
        return id

    def edge(self, one: str, other: str, name: str) -> None:
        self.edges.setdefault((one, other), name)

    def name_center(self) -> None:
        """Find the node of what is asked for; it is added where nothing led to it or came of it."""
        target = self.target
        if target.kind in ("run", "metric") and target.run is not None:
            self.center = self.cell(self.graph.run(target.run), {})
            return
        hash = target.version or ""
        ids = [id for id, node in self.nodes.items() if node.version == hash and hash]
        named = [id for id in ids if self.nodes[id].label == target.name]
        point = None
        if target.role is not None and target.name is not None and not named:
            point = self.graph.writer(target.session, target.role, target.name, target.before)
        if named or ids:
            self.center = (named or ids)[0]
        elif target.run is not None and not hash:
            self.center = self.cell(self.graph.run(target.run), {})
        else:
            kind = point.kind if point is not None else self._kind_of(hash)
            maker = self.graph.run(point.run).id if point is not None else None
            self.center = self.version(target.role or "variable", target.name or target.ref, hash, kind, maker)
            if maker in self.nodes:
                self.edge(str(maker), self.center, target.name or "")

    def _kind_of(self, hash: str) -> str:
        rows = self.graph.ledger.database.rows("SELECT kind FROM version WHERE hash = ?", (hash,))
        return str(rows[0][0]) if rows else "value"

    def network(self, notes: Sequence[str], *, everything: bool, most: int) -> Network:
        """Return the graph: without what nothing leads to, the nearest nodes first."""
        dropped = set() if everything else {id for id, node in self.nodes.items() if node.kind == "code"}
        dropped.discard(self.center)
        edges = [pair for pair in self.edges if not dropped & set(pair)]
        cells = {id for id, node in self.nodes.items() if node.kind == "cell"}
        distances = _distances(self.center, edges, cells)
        order = sorted(distances, key=lambda one: abs(distances[one]))
        kept = {id: replace(self.nodes[id], distance=distances[id]) for id in order[:most]}
        told = self._described(kept)
        shown = tuple((*pair, self.edges[pair]) for pair in edges if pair[0] in kept and pair[1] in kept)
        return Network(self.target, self.center, told, shown, tuple(notes), len(order) - len(kept))

    def _described(self, nodes: Mapping[str, NetworkNode]) -> tuple[NetworkNode, ...]:
        """Add to versions what the ledger knows of them."""
        rows = self.graph.ledger.database.rows
        hashes = json.dumps(sorted({node.version for node in nodes.values() if node.version}))
        query = """SELECT hash, shape, nbytes, exactness, type_name FROM version
            WHERE hash IN (SELECT value FROM json_each(?))"""
        known = {row[0]: row[1:] for row in rows(query, (hashes,))}
        found = []
        for node in nodes.values():
            shape, nbytes, exactness, type_name = known.get(node.version, (None, None, "exact", ""))
            facts = {
                "is": str(type_name).rpartition(".")[2] if type_name else "",
                "shape": " x ".join(map(str, json.loads(shape))) if shape else "",
                "size": size(nbytes) if nbytes is not None else "",
                "registered as": ", ".join(self._registered(node)),
                "content": node.version[:12] if node.version else "",
                "hashed": "" if exactness == "exact" else exactness,
            }
            told = {name: text for name, text in facts.items() if text} | dict(node.facts)
            found.append(replace(node, exactness=exactness, facts=told) if node.version else node)
        return tuple(found)

    def _registered(self, node: NetworkNode) -> Iterable[str]:
        if node.kind == "model" and node.version:
            for one in self.graph.ledger.model_versions_of(node.version):
                yield f"{one.model} version {one.number}" + "".join(f" @{alias}" for alias in one.aliases)


def _distances(center: str, edges: Iterable[tuple[str, str]], cells: Container[str]) -> dict[str, int]:
    """Return how many edges lead from each node to the center (negative) or from it (positive)."""
    ways: dict[int, dict[str, list[str]]] = {-1: {}, 1: {}}
    for one, other in edges:
        ways[1].setdefault(one, []).append(other)
        ways[-1].setdefault(other, []).append(one)
    found = {center: 0}
    for sign in (-1, 1):
        todo = deque([(center, 0)])
        while todo:
            id, distance = todo.popleft()
            for near in ways[sign].get(id, ()):
                if near not in found:
                    found[near] = distance + sign
                    todo.append((near, distance + sign))
    for id, distance in list(found.items()):  # what a cell on the way made beside it, or used
        for sign in (-1, 1):
            for near in ways[sign].get(id, ()) if id in cells else ():
                found.setdefault(near, distance + (1 if distance > 0 else -1))
    return found


def _kind(place: str, kind: str) -> NodeKind:
    if place in ("file", "url"):
        return "file" if place == "file" else "url"
    if kind in _DATA:
        return "data"
    if kind in _CODE:
        return "code"
    return "model" if kind == "model" else "value"


def _called(node: NetworkNode) -> str:
    if node.kind == "cell":
        return node.label
    shape = f" {node.facts['shape']}" if "shape" in node.facts and node.kind == "data" else ""
    registered = f" ({node.facts['registered as']})" if "registered as" in node.facts else ""
    return f"{node.label}{shape}{registered}"


def _listed(facts: Mapping[str, str]) -> str:
    bare = ("is", "shape", "size", "content")
    return ", ".join(text if name in bare else f"{name} {text}" for name, text in facts.items())


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


__all__ = ["Direction", "Network", "NetworkNode", "NodeKind", "network"]
