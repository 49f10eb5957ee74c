"""Places for the nodes of a directed graph: layers from left to right, few crossings.

After Sugiyama, Tagawa and Toda (1981): each node stands one layer after the last of those that it comes from, and the
order within a layer follows the mean place of its neighbours, swept a few times in both directions. Edges that would
close a circle are not followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_SWEEPS = 6


def layered(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, tuple[int, float]]:
    """Return for each node its layer (from 0) and its place across, around 0; edges of unknown nodes do not count."""
    known = set(nodes)
    pairs = [(one, other) for one, other in dict.fromkeys(edges) if {one, other} <= known and one != other]
    layer = _layers(nodes, pairs)
    before: dict[str, list[str]] = {node: [] for node in nodes}
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for one, other in pairs:
        before[other].append(one)
        after[one].append(other)
    rows: dict[int, list[str]] = {}
    for node in nodes:
        rows.setdefault(layer[node], []).append(node)
    place = {node: at - (len(row) - 1) / 2 for row in rows.values() for at, node in enumerate(row)}
    for sweep in range(_SWEEPS):
        near = before if sweep % 2 == 0 else after
        for number in sorted(rows, reverse=sweep % 2 == 1):
            row = rows[number]
            mean = {
                node: sum(place[one] for one in near[node]) / len(near[node]) if near[node] else place[node]
                for node in row
            }
            row.sort(key=mean.__getitem__)
            place.update({node: at - (len(row) - 1) / 2 for at, node in enumerate(row)})
    return {node: (layer[node], place[node]) for node in nodes}


def _layers(nodes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the longest way to each node; what is left when only circles are left is taken in the given order."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    waits = dict.fromkeys(nodes, 0)
    for one, other in pairs:
        after[one].append(other)
        waits[other] += 1
    layer: dict[str, int] = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waits[node]]
    done: set[str] = set()
    rest = iter(nodes)
    while len(done) < len(layer):
        node = ready.pop() if ready else next(node for node in rest if node not in done)
        if node in done:
            continue
        done.add(node)
        for other in after[node]:
            if other in done:
                continue
            layer[other] = max(layer[other], layer[node] + 1)
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return layer


__all__ = ["layered"]
