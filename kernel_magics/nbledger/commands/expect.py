"""The verbs of data checks: expect, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbledger.commands.common import (
    OLD_FILE,
    CommandRefused,
    State,
    as_json,
    complete_runs,
    emit,
    examples,
    nearby,
    pass_state,
)

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

BROKEN = 3
"""The exit code when data broke its checks."""

NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    epilog=examples("""
        nbledger expect data/features.parquet -o checks/features.yaml
        nbledger expect 3f2a91c0:X_train
    """)
)
@click.argument("data")
@click.option("-o", "--output", type=NEW_FILE, metavar="FILE", help="Where to write it; printed by default.")
@click.option(
    "--slack",
    type=click.FloatRange(0, 1),
    default=0.1,
    metavar="SHARE",
    help="By how much the row count may differ; 0.1 by default.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
@pass_state
def expect(state: State, data: str, output: Path | None, slack: float, force: bool, as_json: bool) -> None:
    """Write a first checks file from DATA that is known to be good.

    DATA is a file (csv, tsv, parquet, feather, json, jsonl) or a recorded variable's stored content as RUN:VAR.
    """
    from nbledger.pipeline.checks.data_reading import read_file, read_variable
    from nbledger.pipeline.checks.inferring import infer

    if output is not None and output.exists() and not force:
        raise CommandRefused(detail=f"{nearby(output)} exists: give another name, or --force")
    _, colon, name = data.partition(":")
    if colon and not Path(data).exists() and name.isidentifier():
        frame = read_variable(state.ledger(), data)
        text = infer(frame, variable=data if output is None else name, slack=slack)
    else:
        path = Path(data)
        frame = read_file(path)
        text = infer(frame, data=_from_root(path, state), slack=slack)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    found = {"rows": len(frame), "columns": frame.shape[1], "file": None if output is None else str(output)}
    said = text.rstrip("\n") if output is None else f"wrote  {nearby(output)}\njudge  nbledger check {nearby(output)}"
    emit({**found, "checks": text}, said, as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger check checks/features.yaml
        nbledger check checks/features.yaml checks/labels.yaml --json
        nbledger check checks/features.yaml --data data/today.csv
        nbledger check checks/features.yaml --run 3f2a91c0
    """)
    + "\n\nExit codes: 0 all passed, 3 data broke a check or could not be read.",
)
@click.argument("files", nargs=-1, required=True, type=OLD_FILE, metavar="FILE.yaml...")
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="FILE", help="Judge this file instead of what the checks name."
)
@click.option("--run", "run_id", metavar="RUN", shell_complete=complete_runs, help="The run whose variables are meant.")
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(0, 1000),
    default=5,
    metavar="N",
    help="How many broken rows to show; 5 by default.",
)
@as_json
@click.pass_context
def check(
    context: click.Context, files: tuple[Path, ...], data: Path | None, run_id: str | None, rows: int, as_json: bool
) -> None:
    """Judge data by checks files, and show the rows that break them.

    Exits with 3 when something does not pass.
    """
    from nbledger.pipeline.checks import run_checks

    state = context.ensure_object(State)
    if run_id is not None:
        run_id = state.ledger().run(run_id).id
    report = run_checks(files, _root(state), data=data, ledger=_ledger(state), run=run_id, rows=rows)
    emit(report.to_dict(), report.text(), as_json=as_json)
    if not report.passed:
        context.exit(BROKEN)


def _root(state: State) -> Path:
    """Return the folder that paths in checks files start from: the project's."""
    from nbledger.ledger.location import find_folder

    return state.given.root if state.given is not None and state.path is None else find_folder(state.path).parent


def _ledger(state: State) -> Ledger | None:
    from nbledger.ledger import LedgerMissing

    try:
        return state.ledger()
    except LedgerMissing:
        return None


def _from_root(path: Path, state: State) -> str:
    """Return a path as a checks file names it: from the project's root where it is below it."""
    full = path.resolve()
    for folder in (_root(state).resolve(), Path.cwd().resolve()):
        if full.is_relative_to(folder):
            return full.relative_to(folder).as_posix()
    return str(full)
