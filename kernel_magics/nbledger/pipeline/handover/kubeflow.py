"""Kubeflow Pipelines 2: the pipeline's intermediate representation, as its own compiler writes it.

The project is mounted from a volume claim by the Kubernetes platform's part of the file. Kubeflow's own caching is
off: what a step reads is on the volume, of which Kubeflow knows nothing; nbledger looks at the content.
"""

from __future__ import annotations

import shlex
from typing import Any

from nbledger.pipeline.handover.argo import CLAIM
from nbledger.pipeline.handover.jobs import PROJECT, Job, Plan
from nbledger.pipeline.handover.yaml_text import document


def text(plan: Plan) -> str:
    """Return the file to upload. Its schedule is set as a recurring run when it is uploaded."""
    spec = {
        "components": {f"comp-{job.id}": {"executorLabel": f"exec-{job.id}"} for job in plan.jobs},
        "deploymentSpec": {"executors": {f"exec-{job.id}": {"container": _container(job, plan)} for job in plan.jobs}},
        "pipelineInfo": {"name": plan.id, "description": f"{plan.name}: one task for each notebook"},
        "root": {"dag": {"tasks": {job.id: _task(job) for job in plan.jobs}}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.7.0",
    }
    mount = {"pvcMount": [{"mountPath": PROJECT, "constant": CLAIM}]}
    executors: dict[str, Any] = {
        f"exec-{job.id}": {**mount, **({"activeDeadlineSeconds": str(round(job.timeout))} if job.timeout else {})}
        for job in plan.jobs
    }
    platforms = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    comment = [
        f"{plan.name} on Kubeflow Pipelines 2, made by `nbledger export pipeline --kubeflow`.",
        f"The claim {CLAIM} holds the project with its ledger; pods on several nodes need it ReadWriteMany.",
    ]
    if plan.schedule:
        comment.append(f"Schedule, to be set as a recurring run: {plan.schedule} (UTC).")
    return document(spec, *comment) + "---\n" + document(platforms)


def _container(job: Job, plan: Plan) -> dict[str, Any]:
    return {"image": plan.image, "command": ["sh", "-c"], "args": [f"cd {shlex.quote(PROJECT)} && exec {job.line}"]}


def _task(job: Job) -> dict[str, Any]:
    task: dict[str, Any] = {
        "cachingOptions": {},
        "componentRef": {"name": f"comp-{job.id}"},
        "taskInfo": {"name": job.id},
    }
    if job.needs:
        task["dependentTasks"] = list(job.needs)
    if job.retries:
        task["retryPolicy"] = {"maxRetryCount": job.retries, "backoffDuration": f"{round(job.retry_delay)}s"}
    return task
