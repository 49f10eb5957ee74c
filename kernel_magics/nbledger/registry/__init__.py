"""The registry's policy: which run wins, what it must pass, and how its model becomes a version under an alias."""

from __future__ import annotations

from nbledger.records import GateResult
from nbledger.registry.approving import NotApproved, approve
from nbledger.registry.best import NoWinner, best_run, direction, is_minimized, metric_name
from nbledger.registry.candidate import NoModel, RunDeleted, SeveralModels
from nbledger.registry.gates import BadGate, GateContext, GateSpec, judge, known_gates, parse_gate, read_gates
from nbledger.registry.promotion import (
    NotWaived,
    Promotion,
    PromotionConflict,
    PromotionRefused,
    gate_table,
    promote,
)
from nbledger.registry.rollback import NoRollback, rollback

__all__ = [
    "BadGate",
    "GateContext",
    "GateResult",
    "GateSpec",
    "NoModel",
    "NoRollback",
    "NoWinner",
    "NotApproved",
    "NotWaived",
    "Promotion",
    "PromotionConflict",
    "PromotionRefused",
    "RunDeleted",
    "SeveralModels",
    "approve",
    "best_run",
    "direction",
    "gate_table",
    "is_minimized",
    "judge",
    "known_gates",
    "metric_name",
    "parse_gate",
    "promote",
    "read_gates",
    "rollback",
]
