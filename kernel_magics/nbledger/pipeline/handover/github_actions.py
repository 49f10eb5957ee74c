"""GitHub Actions: a workflow of one job for each step; the ledger goes from job to job as a bundle."""

from __future__ import annotations

import math
import shlex
from typing import Any

from nbledger.pipeline.handover.jobs import Job, Plan
from nbledger.pipeline.handover.yaml_text import document

HANDED = ".handover"


def text(plan: Plan) -> str:
    """Return the workflow. Runners share no disk: what earlier steps recorded and wrote comes with their bundles."""
    on: dict[str, Any] = {"workflow_dispatch": {}}
    if plan.schedule:
        on["schedule"] = [{"cron": plan.schedule}]
    workflow = {
        "name": plan.name,
        "on": on,
        "permissions": {"contents": "read"},
        "concurrency": {"group": plan.id, "cancel-in-progress": False},
        "jobs": {job.id: _job(job, plan) for job in plan.jobs},
    }
    return document(
        workflow,
        f"{plan.name} on GitHub Actions, made by `nbledger export pipeline --github-actions`.",
        "One job for all of it is simpler where the steps are short: `nbledger ci`.",
    )


def _job(job: Job, plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {"runs-on": "ubuntu-latest"}
    if job.needs:
        found["needs"] = list(job.needs)
    if job.timeout:  # with the set-up
        found["timeout-minutes"] = math.ceil(job.timeout * (job.retries + 1) / 60) + 10
    bundle = f"ledger-{job.id}"
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": plan.python_minor, "cache": "pip"}},
        {"run": plan.installs},
    ]
    if not plan.packages:
        del steps[1]["with"]["cache"]
    if job.needs:
        handed = {"pattern": "ledger-*", "path": HANDED, "merge-multiple": True}
        steps += [
            {"uses": "actions/download-artifact@v4", "with": handed},
            {"run": f'for bundle in {HANDED}/*.zip; do nbledger import "$bundle"; done'},
        ]
    steps += [
        {"name": job.name, "run": command(job)},
        {"if": "always()", "run": f"nbledger export {bundle}.zip"},
        {"if": "always()", "uses": "actions/upload-artifact@v4", "with": {"name": bundle, "path": f"{bundle}.zip"}},
    ]
    found["steps"] = steps
    return found


def command(job: Job) -> str:
    """Return a step's line where machines share no disk, and where nobody else retries.

    The steps above it come along: what they wrote is put back from the ledger, as nothing of them changed.
    """
    return shlex.join(word for word in job.command if word not in ("--no-retries", "--no-upstream"))
