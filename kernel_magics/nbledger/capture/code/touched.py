"""What a function's code touches of its globals, wherever in it: sets without an order."""

from __future__ import annotations

from dataclasses import dataclass, field

from nbledger.capture.code.scan import Chain


@dataclass(slots=True)
class Touched:
    """Names that are read, read when there is such a variable (`weak`), stored and deleted; and what else is said."""

    reads: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    chains: set[Chain] = field(default_factory=set)
    outputs: set[tuple[str, str]] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    stored_states: set[str] = field(default_factory=set)
    everything: bool = False
    queries: bool = False

    def add(self, other: Touched) -> None:
        """Take in what another code touches."""
        self.reads |= other.reads
        self.weak |= other.weak
        self.writes |= other.writes
        self.deletes |= other.deletes
        self.chains |= other.chains
        self.outputs |= other.outputs
        self.opaque |= other.opaque
        self.commands |= other.commands
        self.everything |= other.everything
        self.queries |= other.queries
