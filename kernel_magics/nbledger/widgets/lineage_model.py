"""What a view of a lineage shows: which kinds of nodes, what is folded away, searched for and picked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from nbledger.lineage.network import Direction, Network, NetworkNode, network

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

MOST_SHOWN = 60
#: More edges than these in place of one hidden node would hide what is shown.
_MOST_BRIDGES = 40
Shown = tuple[list[NetworkNode], list[tuple[str, str]]]


class LineageModel:
    """A lineage and what is seen of it. Every change tells those who observe it."""

    def __init__(self, ledger: Ledger, ref: Any, *, direction: Direction = "both", session: str | None = None) -> None:
        self.ledger = ledger
        self.session = session
        self.ref = ref
        self.direction: Direction = direction
        self.network: Network = network(ledger, ref, direction=direction, session=session)
        self.hidden: frozenset[str] = frozenset()
        self.folded: frozenset[str] = frozenset()
        self.query = ""
        self.most = MOST_SHOWN
        self.selected = self.network.center
        self._observers: list[Callable[[], object]] = []

    def on_change(self, call: Callable[[], object]) -> None:
        """Have `call` called after each change."""
        self._observers.append(call)

    def ask(self, ref: Any = None, direction: Direction | None = None) -> None:
        """Ask for something else, or in another direction. Raises `TargetNotFound`, and then nothing has changed."""
        ref = self.ref if ref is None else ref
        direction = direction or self.direction
        found = network(self.ledger, ref, direction=direction, session=self.session)
        self.ref, self.direction, self.network = ref, direction, found
        self.folded, self.most = frozenset(), MOST_SHOWN
        kept = any(node.id == self.selected for node in found.nodes)
        self.selected = self.selected if kept else found.center
        self._tell()

    def center_on(self, id: str) -> None:
        """Ask for the lineage of a node."""
        node = self.network.node(id)
        ref = f"run:{node.run}" if node.kind == "cell" else f"version:{node.version}"
        self.selected = ""
        self.ask(ref)

    def hide(self, kinds: Collection[str]) -> None:
        """Hide all nodes of these kinds but what is asked for; what lay on both sides of one is joined."""
        self.hidden = frozenset(kinds)
        self._tell()

    def fold(self, id: str) -> None:
        """Fold away what lies behind a node, away from what is asked for; or unfold it again."""
        self.folded = self.folded ^ {id}
        self._tell()

    def search(self, query: str) -> None:
        """Mark what has this text in its name or code, and pick the nearest of these."""
        self.query = query.strip()
        found = self.matches()
        if found and self.selected not in found:
            self.selected = next(node.id for node in self.network.nodes if node.id in found)
        self._tell()

    def select(self, id: str) -> None:
        """Pick a node."""
        if id != self.selected:
            self.network.node(id)
            self.selected = id
            self._tell()

    def show_more(self) -> None:
        """Show twice as many nodes."""
        self.most *= 2
        self._tell()

    def matches(self) -> set[str]:
        """Return the nodes that fit what is searched for; none without a search."""
        word = self.query.casefold()
        if not word:
            return set()
        return {
            node.id for node in self.network.nodes if word in node.label.casefold() or word in node.source.casefold()
        }

    @property
    def kinds(self) -> list[str]:
        """The kinds of nodes that there are, the most frequent first."""
        counts: dict[str, int] = {}
        for node in self.network.nodes:
            counts[node.kind] = counts.get(node.kind, 0) + 1
        return sorted(counts, key=lambda kind: -counts[kind])

    @property
    def foldable(self) -> bool:
        """Whether something lies behind the node that is picked."""
        return self.selected in self.folded or len(self._reached(self.folded | {self.selected})) < len(
            self._reached(self.folded)
        )

    def shown(self) -> Shown:
        """Return the nodes that are seen, the nearest first, and the edges between them."""
        reached = self._reached(self.folded)
        edges = [(one, other) for one, other, _ in self.network.edges if one in reached and other in reached]
        nodes = [node for node in self.network.nodes if node.id in reached]
        gone = [node.id for node in nodes if node.kind in self.hidden and node.id != self.network.center]
        edges = _bridged(edges, gone)
        kept = [node for node in nodes if node.id not in set(gone)]
        kept = kept[: self.most]
        if self.selected in reached and not any(node.id == self.selected for node in kept):
            kept += [node for node in nodes if node.id == self.selected and node.id not in set(gone)]
        ids = {node.id for node in kept}
        return kept, [pair for pair in edges if pair[0] in ids and pair[1] in ids]

    @property
    def left(self) -> int:
        """How many nodes are not shown because there are so many."""
        reached = self._reached(self.folded)
        visible = sum(node.id in reached and node.kind not in self.hidden for node in self.network.nodes)
        return max(visible - self.most, 0)

    def _reached(self, folded: Collection[str]) -> set[str]:
        """Return what is reached from the center without going on behind a folded node."""
        far = {node.id: abs(node.distance) for node in self.network.nodes}
        near: dict[str, list[str]] = {}
        for one, other, _ in self.network.edges:
            near.setdefault(one, []).append(other)
            near.setdefault(other, []).append(one)
        center = self.network.center
        found = {center}
        todo = deque([center])
        while todo:
            id = todo.popleft()
            for other in near.get(id, ()):
                if other not in found and (id not in folded or far[other] < far[id]):
                    found.add(other)
                    todo.append(other)
        return found

    def _tell(self) -> None:
        for call in self._observers:
            call()


def _bridged(edges: list[tuple[str, str]], gone: list[str]) -> list[tuple[str, str]]:
    """Return edges without some nodes, with those on both sides of each joined."""
    kept = dict.fromkeys(edges)
    for id in gone:
        before = [one for one, other in kept if other == id and one != id]
        after = [other for one, other in kept if one == id and other != id]
        kept = {pair: None for pair in kept if id not in pair}
        if len(before) * len(after) <= _MOST_BRIDGES:
            kept.update(dict.fromkeys((one, other) for one in before for other in after if one != other))
    return list(kept)


__all__ = ["MOST_SHOWN", "LineageModel"]
