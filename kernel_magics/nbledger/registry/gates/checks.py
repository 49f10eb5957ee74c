"""The gate `checks`: the data checks upstream of the model passed.

A step with data checks has the tag `nbledger.checks` on its notebook's run.
"""

from __future__ import annotations

from nbledger.records import GateResult
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.upstream import upstream

NAME = "checks"
TAG = "nbledger.checks"


def checks(context: GateContext) -> GateResult:
    """Pass when at least one run upstream had checks, and none failed them."""
    found = {run.id: run for run in upstream(context) if TAG in run.tags}
    failed = [run for run in found.values() if run.tags[TAG] != "passed"]
    if failed:
        names = ", ".join(f"{run.name or run.notebook or 'run'} ({run.id[:8]})" for run in failed[:3])
        remedy = "`nbledger show RUN` lists the rows that broke them"
        return GateResult(NAME, "failed", f"the checks of {names} did not pass: {remedy}", len(failed), 0)
    if not found:
        remedy = "give the steps `checks:` in pipeline.yaml (`nbledger expect` writes a first file)"
        return GateResult(NAME, "error", f"no data checks are recorded upstream of the model: {remedy}")
    names = ", ".join(run.name or run.notebook or run.id[:8] for run in found.values())
    return GateResult(NAME, "passed", f"the checks of {names} passed", 0, 0)
