"""Executors: where notebooks of a sweep run, behind one small interface.

An executor is given tasks, one a worker at a time, and is polled for what happened: signs of life, metric steps, ends.
It keeps nothing that matters: which trial is done, by which attempt, is the ledger's to know (`ledger.sweeps`).
"""

from nbledger.pipeline.executors.task import Event, Executor, ExecutorGone, MissingExtra, Place, Task

__all__ = ["Event", "Executor", "ExecutorGone", "MissingExtra", "Place", "Task"]
