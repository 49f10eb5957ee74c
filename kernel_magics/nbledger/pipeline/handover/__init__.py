"""A pipeline in the words of other systems, for teams that have a scheduler already.

Each system's module makes files from the same `Plan` (`jobs.py`). What runs a step is always nbledger's own command,
so that a step means the same everywhere: recorded, cached by content, its data checked.
"""

from nbledger.pipeline.handover.files import SYSTEMS, UnwritableHandover, hand_over, write
from nbledger.pipeline.handover.jobs import Job, Plan, plan_of

__all__ = ["SYSTEMS", "Job", "Plan", "UnwritableHandover", "hand_over", "plan_of", "write"]
