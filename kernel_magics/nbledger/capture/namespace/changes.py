"""What a cell did to the variables of its namespace, as it is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from nbledger.capture.code.names import Names
from nbledger.records import ABSENT, Edge, Version


@dataclass(slots=True)
class Changes:
    """What a cell did to the variables.

    `used` and `generated` are versions by name; those generated that are `derived` were changed in place, or may have
    been. `deleted` names are no more; `absent` ones were read although an earlier cell had deleted them. `opaque` says
    why all this cannot be told exactly, or is empty. `figures` are the identities of open ones that may have changed.
    """

    used: dict[str, Version] = field(default_factory=dict)
    generated: dict[str, Version] = field(default_factory=dict)
    derived: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    names: Names = field(default_factory=Names)
    opaque: tuple[str, ...] = ()
    figures: frozenset[int] = frozenset()

    def edges(self) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
        """Return the edges used and generated, as they are recorded."""
        if not (self.used or self.generated or self.absent or self.deleted):
            return (), ()
        used = [_edge(version.hash, name, version.kind) for name, version in self.used.items()]
        used += [Edge(ABSENT.hash, name) for name in sorted(self.absent)]
        generated = [
            _edge(version.hash, name, version.kind, name in self.derived) for name, version in self.generated.items()
        ]
        generated += [Edge(ABSENT.hash, name) for name in sorted(self.deleted)]
        return tuple(used), tuple(generated)


@lru_cache(maxsize=1024)
def _edge(version: str, name: str, kind: str, derived: bool = False) -> Edge:
    """Return an edge; most variables that a cell reads are what they were when others read them."""
    return Edge(version, name, "import" if kind == "module" else "variable", derived)
