"""The registry's policy: which run wins, which of its models is meant, and how it becomes a version under an alias."""

from __future__ import annotations

from nbledger.registry.best import NoWinner, best_run, direction, is_minimized, metric_name
from nbledger.registry.promotion import NoModel, Promotion, SeveralModels, promote

__all__ = [
    "NoModel",
    "NoWinner",
    "Promotion",
    "SeveralModels",
    "best_run",
    "direction",
    "is_minimized",
    "metric_name",
    "promote",
]
