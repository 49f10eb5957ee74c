"""Gates: checks that a candidate must pass before an alias moves to it, each a plain function behind an entry point."""

from __future__ import annotations

from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.judging import judge, judge_in
from nbledger.registry.gates.spec import BadGate, GateSpec, known_gates, parse_gate, read_gates, titles

__all__ = [
    "BadGate",
    "GateContext",
    "GateSpec",
    "judge",
    "judge_in",
    "known_gates",
    "parse_gate",
    "read_gates",
    "titles",
]
