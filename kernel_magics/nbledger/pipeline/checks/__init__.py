"""Data checks: what a file or a variable must look like, said in YAML and judged row by row.

`run_checks` judges data by checks files and tells which rows broke what; `check` does so with a frame at hand and
raises; `infer` writes a first checks file from data that is known to be good. `docs/pipelines.md` shows the format.
"""

from __future__ import annotations

from nbledger.pipeline.checks.check_report import BrokenRow, CheckReport, CheckResult
from nbledger.pipeline.checks.checks_file import BadChecks, Checks, ColumnChecks, read_checks
from nbledger.pipeline.checks.inferring import infer
from nbledger.pipeline.checks.running import CheckFailed, check, run_checks

__all__ = [
    "BadChecks",
    "BrokenRow",
    "CheckFailed",
    "CheckReport",
    "CheckResult",
    "Checks",
    "ColumnChecks",
    "check",
    "infer",
    "read_checks",
    "run_checks",
]
