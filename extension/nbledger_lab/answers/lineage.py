"""What led to something, or what came of it, as a graph in layers and as the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbledger.figures.layers import layered
from nbledger.lineage.network import Network, NetworkNode, network
from nbledger_lab.plain import clean
from nbledger_lab.problems import not_found
from nbledger_lab.routes import PATH, Ask, Table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

TABLE = Table()
MOST_NODES, MOST_CODE, MOST_WORDS = 1_000, 10_000, 200_000
_OF = {"type": "string", "minLength": 1, "maxLength": 1_000}
_DIRECTION = {"type": "string", "enum": ["why", "impact", "both"], "default": "why"}
_KINDS = {"code": "value"}


@TABLE.get(
    "lineage",
    "What led to a run, variable, file, metric or model (why), or what came of it (impact)",
    "Lineage",
    query={"path": PATH, "of": _OF, "direction": _DIRECTION},
    versioned=True,
)
def lineage(ask: Ask) -> Any:
    """Return a graph of cells and of what they made and used (`ILineage`). Raises `TargetNotFound`."""
    of, direction = ask.query["of"], ask.query["direction"]
    return ask.service.remembered(ask.place, ("lineage", of, direction), lambda: _lineage(ask.ledger, of, direction))


def _lineage(ledger: Ledger, of: str, direction: Any) -> dict[str, Any]:
    if of.isspace():
        raise not_found("Nothing was named.", "Name a run, var:NAME, file:PATH, metric:NAME or MODEL@ALIAS.")
    found = network(ledger, of, direction=direction, most=MOST_NODES)
    places = layered([node.id for node in found.nodes], [(one, other) for one, other, _ in found.edges])
    nodes = [_node(node, places[node.id][0]) for node in found.nodes]
    edges = [{"source": one, "target": other, "label": clean(name)} for one, other, name in found.edges]
    _add_metric(found, nodes, edges)
    _add_aliases(ledger, found, nodes, edges)
    return {
        "of": clean(of),
        "title": clean(str(found.target)),
        "center": found.center,
        "nodes": nodes,
        "edges": edges,
        "text": clean(str(found))[:MOST_WORDS],
        "truncated": f"{found.left_out:,} nodes that are further away are left out" if found.left_out else "",
    }


def _node(node: NetworkNode, layer: int) -> dict[str, Any]:
    facts = [text if name in ("is", "shape", "size") else f"{name} {text}" for name, text in node.facts.items()]
    return {
        "id": clean(node.id),
        "kind": _KINDS.get(node.kind, node.kind),
        "label": clean(node.label),
        "detail": clean("\n".join(facts)),
        "run": node.run,
        "code": clean(node.source[:MOST_CODE]),
        "layer": layer,
        "exactness": node.exactness,
    }


def _add_metric(found: Network, nodes: list[dict[str, Any]], edges: list[dict[str, str]]) -> None:
    """Let a metric that was asked for stand behind the cell that computed it."""
    target = found.target
    cell = next((node for node in nodes if node["id"] == found.center), None)
    if target.kind == "metric" and cell is not None:
        id, layer = f"metric:{target.name}", cell["layer"] + 1
        nodes.append(_extra(id, "metric", f"{target.name} = {target.value:.6g}", layer, target.run_id))
        edges.append({"source": found.center, "target": id, "label": ""})


def _add_aliases(ledger: Ledger, found: Network, nodes: list[dict[str, Any]], edges: list[dict[str, str]]) -> None:
    """Let the aliases of registered models stand behind them."""
    layers = {node["id"]: node["layer"] for node in nodes}
    for node in found.nodes:
        if node.kind != "model" or not node.version:
            continue
        for one in ledger.model_versions_of(node.version):
            for alias in one.aliases:
                id = f"alias:{one.model}@{alias}"
                if id not in layers:
                    layers[id] = layers[clean(node.id)] + 1
                    nodes.append(_extra(id, "alias", f"{one.model} @{alias}", layers[id], one.run))
                edges.append({"source": clean(node.id), "target": clean(id), "label": f"version {one.number}"})


def _extra(id: str, kind: str, label: str, layer: int, run: str | None) -> dict[str, Any]:
    return {
        "id": clean(id),
        "kind": kind,
        "label": clean(label),
        "detail": "",
        "run": run,
        "code": "",
        "layer": layer,
        "exactness": "exact",
    }
