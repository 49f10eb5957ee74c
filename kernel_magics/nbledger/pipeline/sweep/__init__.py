"""Sweeps: one notebook run with many params, as trials under one run, resumable whoever was killed when."""

from nbledger.pipeline.sweep.reading import SweepRun, TrialRun, read_sweep
from nbledger.pipeline.sweep.running import resume_sweep, run_sweep

__all__ = ["SweepRun", "TrialRun", "read_sweep", "resume_sweep", "run_sweep"]
