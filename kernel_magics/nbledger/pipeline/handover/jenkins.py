"""Jenkins: a declarative pipeline whose stages run side by side where no step waits for another."""

from __future__ import annotations

import math

from nbledger.pipeline.handover.jobs import Job, Plan, levels


def text(plan: Plan) -> str:
    """Return the Jenkinsfile. All steps share one workspace; a step that fails stops what depends on it only."""
    lines = [
        f"// {plan.name} on Jenkins, made by `nbledger export pipeline --jenkins`.",
        "def done = []",
        "",
        "pipeline {",
        "    agent any",
        "    options {",
        "        disableConcurrentBuilds()",
        "    }",
    ]
    if plan.schedule:
        lines += ["    triggers {", f"        cron({quoted('TZ=UTC' + chr(10) + plan.schedule)})", "    }"]
    lines += [
        "    stages {",
        "        stage('set up') {",
        "            steps {",
        f"                sh {quoted('python3 -m venv .venv && .venv/bin/' + plan.installs)}",
        "            }",
        "        }",
    ]
    for number, jobs in enumerate(levels(plan.jobs), 1):
        if len(jobs) == 1:
            lines += _stage(jobs[0], "        ")
            continue
        lines += [f"        stage({quoted(f'side by side {number}')}) {{", "            parallel {"]
        for job in jobs:
            lines += _stage(job, "                ")
        lines += ["            }", "        }"]
    lines += [
        "    }",
        "    post {",
        "        always {",
        "            archiveArtifacts artifacts: '.nbledger/executed/*.ipynb', allowEmptyArchive: true",
        "        }",
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return text as a Groovy string in which nothing is interpolated."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _stage(job: Job, indent: str) -> list[str]:
    lines = [f"stage({quoted(job.name)}) {{"]
    if job.needs:
        wanted = ", ".join(quoted(need) for need in job.needs)
        lines += ["    when {", f"        expression {{ done.containsAll([{wanted}]) }}", "    }"]
    if job.timeout:
        minutes = max(1, math.ceil(job.timeout * (job.retries + 1) / 60))
        lines += ["    options {", f"        timeout(time: {minutes}, unit: 'MINUTES')", "    }"]
    lines += [
        "    steps {",
        "        catchError(buildResult: 'FAILURE', stageResult: 'FAILURE') {",
        "            script {",
        *(f"                {line}" for line in _run(job)),
        f"                done.add({quoted(job.id)})",
        "            }",
        "        }",
        "    }",
        "}",
    ]
    return [indent + line for line in lines]


def _run(job: Job) -> list[str]:
    run = f"sh({quoted('.venv/bin/' + job.line)})"
    if not job.retries:
        return [run]
    return [
        f"retry({job.retries + 1}) {{",
        "    try {",
        f"        {run}",
        "    } catch (error) {",
        f"        sleep({round(job.retry_delay)})",
        "        throw error",
        "    }",
        "}",
    ]
