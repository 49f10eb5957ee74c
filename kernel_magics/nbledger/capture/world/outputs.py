"""IPython's output history: which cell showed what `_`, `_3` and `Out[3]` stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nbledger.capture.namespace.versions import Versions
from nbledger.records import Edge, Version

_RECENT = {"_": 1, "__": 2, "___": 3}


class OutputUse(NamedTuple):
    """The outputs that a cell read."""

    used: tuple[Edge, ...] = ()
    versions: tuple[Version, ...] = ()


class Outputs:
    """Which outputs there are, by the position of the cell that showed them."""

    def __init__(self, namespace: Mapping[str, Any], versions: Versions) -> None:
        self._namespace = namespace
        self._versions = versions
        self._before: list[int] = []

    def use(self, names: Iterable[str]) -> OutputUse:
        """Return the outputs that these names stood for when the cell began; call before `take`."""
        wanted = sorted({position for name in names for position in self._positions(name)})
        if not wanted:
            return OutputUse()
        shown = self._namespace.get("_oh", {})
        versions = [self._versions.of(shown[position])[1] for position in wanted if position in shown]
        edges = [
            Edge(version.hash, f"Out[{position}]", "output")
            for position, version in zip([p for p in wanted if p in shown], versions, strict=True)
        ]
        return OutputUse(tuple(edges), tuple(versions))

    def take(self, position: int | None) -> None:
        """Take note that the cell at this position has ended, and showed something if `Out` has it."""
        if position is not None and position in self._namespace.get("_oh", {}):
            self._before.append(position)
            del self._before[:-1000]

    def _positions(self, name: str) -> list[int]:
        if name in _RECENT:
            back = _RECENT[name]
            return self._before[-back:][:1] if len(self._before) >= back else []
        digits = name.strip("Out[]_")
        if digits.isdigit():
            return [int(digits)]
        return list(self._before)
