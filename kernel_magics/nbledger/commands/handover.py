"""`export pipeline`: a pipeline as the files of another system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nbledger.commands.common import State, emit, nearby

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

Function = TypeVar("Function", bound=Callable[..., Any])

#: The word after `export` that asks for a pipeline.
WORD = "pipeline"
#: Option to system and its help.
FLAGS: Mapping[str, str] = {
    "airflow": "an Airflow DAG",
    "kubeflow": "a Kubeflow Pipelines 2 file",
    "argo": "an Argo Workflow",
    "github_actions": "a GitHub Actions workflow",
    "gitlab": "a .gitlab-ci.yml",
    "jenkins": "a Jenkinsfile",
    "dockerfile": "a Dockerfile for its steps",
}


def handover_options(function: Function) -> Function:
    """Add one flag for each system to a verb; the verb gets them by their names."""
    for name, what in reversed(list(FLAGS.items())):
        option = f"--{name.replace('_', '-')}"
        function = click.option(option, name, is_flag=True, help=f"With pipeline: write {what}.")(function)
    return function


def hand_over_pipeline(
    state: State,
    path: str | None,
    asked: list[str],
    output: Path | None,
    *,
    image: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write the files of each system asked for into a folder, or print the one file of the one system."""
    from nbledger.pipeline.graph import dag
    from nbledger.pipeline.handover import hand_over, plan_of, write
    from nbledger.pipeline.spec import load_pipeline

    if not asked:
        known = ", ".join(f"--{name.replace('_', '-')}" for name in FLAGS)
        raise click.UsageError(f"Say for which system: {known}.")
    pipeline = load_pipeline(path or ".")
    ledger = _ledger(state, pipeline.folder)
    plan = plan_of(pipeline, dag(pipeline, ledger), ledger, image=image)
    files: dict[str, str] = {}
    for system in asked:
        files |= hand_over(plan, system.replace("_", "-"))
    if output is None and len(asked) == 1:
        text = next(iter(files.values()))
        emit(files, text.removesuffix("\n"), as_json=as_json)
        return
    written = write(files, output or Path(), force=force)
    emit(
        {"files": [str(one) for one in written]},
        "\n".join(f"wrote {nearby(one.absolute())}" for one in written),
        as_json=as_json,
    )


def _ledger(state: State, folder: Path) -> Ledger | None:
    """Return the ledger that knows the pipeline's runs, if there is one; a hand-over makes none."""
    from nbledger.ledger import LedgerMissing, find_root

    if state.given is None and state.path is None:
        state.path = find_root(folder)
    try:
        return state.ledger()
    except LedgerMissing:
        return None
