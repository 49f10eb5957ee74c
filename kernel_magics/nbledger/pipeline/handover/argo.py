"""Argo Workflows: a `Workflow` (with a schedule a `CronWorkflow`) whose pods share the project on one volume."""

from __future__ import annotations

from typing import Any

from nbledger.pipeline.handover.jobs import PROJECT, Job, Plan
from nbledger.pipeline.handover.yaml_text import document

CLAIM = "nbledger-project"
_KIND = "argoproj.io/v1alpha1"


def text(plan: Plan) -> str:
    """Return the manifest. A step that fails stops what depends on it and nothing else (`failFast: false`)."""
    spec: dict[str, Any] = {
        "entrypoint": "pipeline",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "volumes": [{"name": "project", "persistentVolumeClaim": {"claimName": CLAIM}}],
        "templates": [
            {"name": "pipeline", "dag": {"failFast": False, "tasks": [_task(job) for job in plan.jobs]}},
            *(_template(job, plan) for job in plan.jobs),
        ],
    }
    if plan.schedule is None:
        manifest = {"apiVersion": _KIND, "kind": "Workflow", "metadata": {"generateName": f"{plan.id}-"}, "spec": spec}
    else:
        cron = {"schedules": [plan.schedule], "timezone": "UTC", "concurrencyPolicy": "Forbid", "workflowSpec": spec}
        manifest = {"apiVersion": _KIND, "kind": "CronWorkflow", "metadata": {"name": plan.id}, "spec": cron}
    return document(
        manifest,
        f"{plan.name} on Argo Workflows, made by `nbledger export pipeline --argo`.",
        f"The claim {CLAIM} holds the project with its ledger; pods on several nodes need it ReadWriteMany.",
        "The image is the one of `nbledger export pipeline --dockerfile`.",
    )


def _task(job: Job) -> dict[str, Any]:
    task: dict[str, Any] = {"name": job.id, "template": f"run-{job.id}"}
    if job.needs:
        task["dependencies"] = list(job.needs)
    return task


def _template(job: Job, plan: Plan) -> dict[str, Any]:
    template: dict[str, Any] = {"name": f"run-{job.id}"}
    if job.retries:
        template["retryStrategy"] = {"limit": str(job.retries), "retryPolicy": "Always"}
        if job.retry_delay:
            template["retryStrategy"]["backoff"] = {"duration": f"{max(1, round(job.retry_delay))}s"}
    if job.timeout:
        template["activeDeadlineSeconds"] = max(1, round(job.timeout))
    template["container"] = {
        "image": plan.image,
        "command": [job.command[0]],
        "args": list(job.command[1:]),
        "workingDir": PROJECT,
        "volumeMounts": [{"name": "project", "mountPath": PROJECT}],
    }
    return template
