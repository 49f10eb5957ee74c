"""GitLab CI: one job for each step, in the order of `needs`; the ledger goes from job to job as a bundle."""

from __future__ import annotations

import math
from typing import Any

from nbledger.pipeline.handover.github_actions import HANDED, command
from nbledger.pipeline.handover.jobs import Job, Plan
from nbledger.pipeline.handover.yaml_text import document

#: Words of the file itself, which no job can be called.
_RESERVED = frozenset(
    "image services stages types before-script after-script variables cache include pages default workflow true false "
    "nil spec".split()
)


def text(plan: Plan) -> str:
    """Return the file `.gitlab-ci.yml`. GitLab keeps schedules in its own settings."""
    found: dict[str, Any] = {
        "default": {
            "image": f"python:{plan.python}-slim",
            "before_script": [
                plan.installs,
                f'for bundle in {HANDED}/*.zip; do [ ! -e "$bundle" ] || nbledger import "$bundle"; done',
            ],
        },
        "stages": ["pipeline"],
    }
    found |= {_key(job.id): _job(job) for job in plan.jobs}
    comment = [
        f"{plan.name} on GitLab CI, made by `nbledger export pipeline --gitlab`.",
        "One job for all of it is simpler where the steps are short: `nbledger ci`.",
    ]
    if plan.schedule:
        comment.append(f"Schedule, to be set under Build > Pipeline schedules: {plan.schedule} (UTC).")
    return document(found, *comment)


def _job(job: Job) -> dict[str, Any]:
    bundle = f"{HANDED}/{job.id}.zip"
    found: dict[str, Any] = {
        "stage": "pipeline",
        "needs": [_key(need) for need in job.needs],
        "script": [command(job)],
        "after_script": [f"mkdir -p {HANDED} && rm -f {bundle} && nbledger export {bundle}"],
        "artifacts": {"when": "always", "paths": [bundle]},
    }
    if job.timeout:
        found["timeout"] = f"{math.ceil(job.timeout * (job.retries + 1) / 60) + 10} minutes"
    return found


def _key(id: str) -> str:
    return f"step-{id}" if id in _RESERVED else id
