"""The tags by which runs and the results that they took from each other are found."""

from __future__ import annotations

from typing import Final

#: What a run's results depend on, but for what it read.
KEY_TAG: Final = "nbledger.step_key"
#: The run whose results were taken.
CACHED_TAG: Final = "nbledger.cached_from"

__all__ = ["CACHED_TAG", "KEY_TAG"]
