"""The verb run: a notebook by papermill, recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    OLD_FILE,
    OLD_FOLDER,
    State,
    as_json,
    complete_experiments,
    emit,
    examples,
    nearby,
    pass_state,
    plain,
    short,
)
from nbledger.commands.notebook_many import run_many, running_options
from nbledger.commands.notebook_plan import params_of, plan_of, plan_options
from nbledger.commands.runs import told
from nbledger.tables import pairs, span, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.execute import NotebookRun


@click.command(
    epilog=examples("""
        nbledger run notebooks/train.ipynb
        nbledger run notebooks/train.ipynb -p model forest -p max_depth 8 -e cancer
        nbledger run notebooks/train.ipynb -f params.yaml -o out/train.ipynb --no-progress
        nbledger run notebooks/train.ipynb --params
        nbledger run notebooks/train.ipynb -p C 0.1 --explain --dry-run
        nbledger run notebooks/a.ipynb notebooks/b.ipynb -j 2
        nbledger run notebooks/train.ipynb --timeout 600 --cell-timeout 120
        nbledger run notebooks/train.ipynb --resume 3f2a
    """)
)
@click.argument(
    "notebooks",
    metavar="NOTEBOOK...",
    nargs=-1,
    required=True,
    type=OLD_FILE,
)
@click.option(
    "-p", "--param", "params", nargs=2, multiple=True, metavar="NAME VALUE", help="A param, of its declared type."
)
@click.option("-r", "--raw", nargs=2, multiple=True, metavar="NAME TEXT", help="A param that stays text.")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    type=OLD_FILE,
    help="A YAML or JSON file of params.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the executed notebook goes; in the ledger's folder by default.",
)
@click.option(
    "-e",
    "--experiment",
    metavar="NAME",
    shell_complete=complete_experiments,
    help="The experiment of its runs; the notebook's name by default.",
)
@click.option("--kernel", metavar="NAME", help="The kernel to use instead of the notebook's.")
@click.option(
    "--cwd",
    type=OLD_FOLDER,
    help="Where it runs; the notebook's folder by default.",
)
@click.option("--progress/--no-progress", default=True, help="Papermill's progress bar (on stderr).")
@running_options
@plan_options
@as_json
@pass_state
def run(
    state: State,
    notebooks: tuple[Path, ...],
    params: tuple[tuple[str, str], ...],
    raw: tuple[tuple[str, str], ...],
    files: tuple[Path, ...],
    output: Path | None,
    experiment: str | None,
    kernel: str | None,
    cwd: Path | None,
    progress: bool,
    jobs: int | None,
    timeout: float | None,
    cell_timeout: float | None,
    fresh: bool | None,
    resume: str | None,
    list_params: bool,
    cache: bool,
    explain: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run notebooks by papermill and record them.

    Each NOTEBOOK is executed in a kernel of its own: a notebook run, with its cell runs as children. When a cell
    fails, the executed notebook is kept, and the exit code is 1. Where an earlier run did the same, with the same
    code, params, environment and inputs, its results are taken instead. Several notebooks run side by side, each with
    the params given; one that fails stops none of the others.
    """
    from nbledger.pipeline.execute import NotebookFailed, run_notebook

    notebook = notebooks[0]
    if len(notebooks) > 1:
        _only_for_one(output=output, resume=resume, params=list_params, explain=explain, dry_run=dry_run)
    if list_params:
        emit(*params_of(notebook), as_json=as_json)
        return
    values = _values(params, raw, files)
    ledger = state.ledger_beside(notebook)
    if explain or dry_run:
        data, text = plan_of(ledger, notebook, values, kernel=kernel, cwd=cwd, experiment=experiment)
        if dry_run:
            emit(data, text, as_json=as_json)
            return
        click.echo(text if cache else f"{notebook.name} runs: --no-cache", err=True)
    options: dict[str, Any] = {
        "ledger": ledger,
        "experiment": experiment,
        "parent": _cell_around(),
        "kernel": kernel,
        "cwd": cwd,
        "progress": progress,
        "timeout": timeout,
        "cell_timeout": cell_timeout,
        "fresh": fresh,
        "cache": True if cache else "renew",
    }
    if len(notebooks) > 1:
        run_many(notebooks, values, jobs=jobs, options=options, as_json=as_json)
        return
    try:
        done = run_notebook(notebook, values, output=output, resume=resume, **options)
    except NotebookFailed as failure:
        if as_json:
            emit({**plain(failure.run), "error": failure.error}, "", as_json=True)
        raise
    emit(_data(ledger, done), _text(ledger, done), as_json=as_json)


def _only_for_one(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise click.UsageError(f"--{name.replace('_', '-')} takes one notebook")


def _cell_around() -> str | None:
    """Return the run of the cell that says `%ledger run`, if one does: the notebook's run is then part of it."""
    from nbledger.capture.active import NoActiveRun
    from nbledger.capture.api import active_run

    try:
        return active_run().id
    except NoActiveRun:
        return None


def _values(
    params: tuple[tuple[str, str], ...], raw: tuple[tuple[str, str], ...], files: tuple[Path, ...]
) -> dict[str, Any]:
    """Return the params in papermill's order of strength: files, then raw text, then -p wins."""
    from nbledger.pipeline.parameters import Text, read_file

    values: dict[str, Any] = {}
    for path in files:
        values.update(read_file(path))
    values.update(raw)
    values.update((name, Text(text)) for name, text in params)
    return values


def _data(ledger: Ledger, done: NotebookRun) -> dict[str, Any]:
    return {**plain(done), "runs": [child.id for child in ledger.children(done.cached_from or done.id)]}


def _text(ledger: Ledger, done: NotebookRun) -> str:
    head = pairs(
        [
            ("run", f"{short(done.id)}  {done.status} in {span(done.duration)}"),
            *([("cached", f"from run {short(done.cached_from)}")] if done.cached_from else []),
            *([("resumed", f"from run {short(done.resumed_from)}")] if done.resumed_from else []),
            ("executed", nearby(done.output)),
            ("ledger", nearby(ledger.folder)),
        ],
        indent="",
    )
    head += "".join(f"\nfinding: {text}" for text in done.findings)
    if done.resumed_from:
        head += "".join(f"\n{note}" for note in ledger.notes(done.id) if note.startswith("Going on"))
    tracked = [child for child in ledger.children(done.cached_from or done.id) if child.tracked]
    if not tracked:
        return head + "\nNo cell of it is tracked: write %%track at the top of the cell to compare."
    rows = [[short(child.id), child.name or "", told(child.metrics)] for child in tracked]
    return head + "\n\n" + table(["run", "name", "metrics"], rows)
