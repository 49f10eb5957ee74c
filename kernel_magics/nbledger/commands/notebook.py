"""The verb run: a notebook by papermill, recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
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
    """)
)
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-p", "--param", "params", nargs=2, multiple=True, metavar="NAME VALUE", help="A param, typed as papermill does."
)
@click.option("-r", "--raw", nargs=2, multiple=True, metavar="NAME TEXT", help="A param that stays text.")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
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
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where it runs; the notebook's folder by default.",
)
@click.option("--progress/--no-progress", default=True, help="Papermill's progress bar (on stderr).")
@as_json
@pass_state
def run(
    state: State,
    notebook: Path,
    params: tuple[tuple[str, str], ...],
    raw: tuple[tuple[str, str], ...],
    files: tuple[Path, ...],
    output: Path | None,
    experiment: str | None,
    kernel: str | None,
    cwd: Path | None,
    progress: bool,
    as_json: bool,
) -> None:
    """Run a notebook by papermill and record it.

    NOTEBOOK is executed in a new kernel: a notebook run, with its cell runs as children. When a cell fails, the
    executed notebook is kept, and the exit code is 1.
    """
    from nbledger.pipeline.execute import NotebookFailed, run_notebook

    values = _values(params, raw, files)
    ledger = state.ledger_beside(notebook)
    try:
        done = run_notebook(
            notebook,
            values,
            output=output,
            ledger=ledger,
            experiment=experiment,
            parent=_cell_around(),
            kernel=kernel,
            cwd=cwd,
            progress=progress,
        )
    except NotebookFailed as failure:
        if as_json:
            emit({**plain(failure.run), "error": failure.error}, "", as_json=True)
        raise
    emit(_data(ledger, done), _text(ledger, done), as_json=as_json)


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
    from nbledger.pipeline.parameters import parse_value, read_file

    values: dict[str, Any] = {}
    for path in files:
        values.update(read_file(path))
    values.update(raw)
    values.update((name, parse_value(text)) for name, text in params)
    return values


def _data(ledger: Ledger, done: NotebookRun) -> dict[str, Any]:
    return {**plain(done), "runs": [child.id for child in ledger.children(done.id)]}


def _text(ledger: Ledger, done: NotebookRun) -> str:
    head = pairs(
        [
            ("run", f"{short(done.id)}  {done.status} in {span(done.duration)}"),
            ("executed", nearby(done.output)),
            ("ledger", nearby(ledger.folder)),
        ],
        indent="",
    )
    tracked = [child for child in ledger.children(done.id) if child.tracked]
    if not tracked:
        return head + "\nNo cell of it is tracked: write %%track at the top of the cell to compare."
    rows = [[short(child.id), child.name or "", told(child.metrics)] for child in tracked]
    return head + "\n\n" + table(["run", "name", "metrics"], rows)
