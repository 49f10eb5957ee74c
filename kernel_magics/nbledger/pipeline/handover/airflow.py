"""Airflow: a DAG of one task for each step, in a file for the folder `dags/` (Airflow 2.4 and later, and 3)."""

from __future__ import annotations

from nbledger.pipeline.handover.jobs import PROJECT, Job, Plan


def text(plan: Plan) -> str:
    """Return the DAG's file. A step that fails stops what depends on it and nothing else, as Airflow does."""
    lines = [
        f'"""{_docstring(plan.name)}: one task for each notebook.',
        "",
        "Made by `nbledger export pipeline --airflow`; make it anew when the pipeline changes. Every worker must see",
        'the project, with its ledger, at the same place: NBLEDGER_PROJECT.\n"""',
        "",
        "import os",
        "from datetime import datetime, timedelta, timezone",
        "",
        "try:",
        "    from airflow.providers.standard.operators.bash import BashOperator",
        "    from airflow.sdk import DAG",
        "except ImportError:  # Airflow 2",
        "    from airflow import DAG",
        "    from airflow.operators.bash import BashOperator",
        "",
        f'PROJECT = os.environ.get("NBLEDGER_PROJECT", "{PROJECT}")',
        "",
        "with DAG(",
        f"    dag_id={plan.id!r},",
        f"    schedule={plan.schedule!r},",
        "    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),",
        "    catchup=False,",
        "    max_active_runs=1,",
        '    tags=["nbledger"],',
        "):",
    ]
    variables = {job.id: f"task_{number}" for number, job in enumerate(plan.jobs)}
    for job in plan.jobs:
        lines += _task(job, variables[job.id])
    for job in plan.jobs:
        lines += [f"    {variables[need]} >> {variables[job.id]}" for need in job.needs]
    return "\n".join(lines) + "\n"


def _task(job: Job, variable: str) -> list[str]:
    lines = [
        f"    {variable} = BashOperator(",
        f"        task_id={job.id!r},",
        f"        bash_command={_literal(job.line)!r},",
        "        cwd=PROJECT,",
        "        append_env=True,",
    ]
    if job.retries:
        lines += [f"        retries={job.retries},", f"        retry_delay=timedelta(seconds={job.retry_delay:g}),"]
    if job.timeout:
        lines.append(f"        execution_timeout=timedelta(seconds={job.timeout:g}),")
    return [*lines, "    )"]


def _docstring(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', "'")


def _literal(line: str) -> str:
    """Return a line that Airflow's templates (Jinja) leave as it is."""
    return (
        line
        if not {"{{", "{%", "{#"} & {line[at : at + 2] for at in range(len(line))}
        else f"{{% raw %}}{line}{{% endraw %}}"
    )
