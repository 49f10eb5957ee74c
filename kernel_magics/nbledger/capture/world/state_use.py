"""What a cell did with hidden state: what it used and generated, and what of it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from nbledger.records import Edge, Version


class StateUse(NamedTuple):
    """What a cell did with hidden state. `stored` are contents to keep: random states that no cell can make again."""

    used: tuple[Edge, ...] = ()
    generated: tuple[Edge, ...] = ()
    versions: tuple[Version, ...] = ()
    stored: tuple[tuple[Version, bytes], ...] = ()
    opaque: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """Edges and versions on their way into a `StateUse`."""

    used: dict[str, Edge] = field(default_factory=dict)
    generated: dict[str, Edge] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    stored: dict[str, tuple[Version, bytes]] = field(default_factory=dict)
    opaque: list[str] = field(default_factory=list)

    def use(self, name: str, version: Version) -> None:
        """Add a state that the cell depends on."""
        self.versions[version.hash] = version
        self.used[name] = Edge(version.hash, name, "state")

    def generate(self, name: str, version: Version, *, derived: bool) -> None:
        """Add a state that the cell made; `derived` where it also depends on what it was."""
        self.versions[version.hash] = version
        self.generated[name] = Edge(version.hash, name, "state", derived=derived)

    def store(self, version: Version, data: bytes) -> None:
        """Add a content to keep."""
        self.versions[version.hash] = version
        self.stored[version.hash] = version, data

    def done(self) -> StateUse:
        """Return what was found."""
        return StateUse(
            tuple(self.used.values()),
            tuple(self.generated.values()),
            tuple(self.versions.values()),
            tuple(self.stored.values()),
            tuple(self.opaque),
        )
