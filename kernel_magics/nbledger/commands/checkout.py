"""The verb checkout: a variable's value as it was after a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    State,
    as_json,
    complete_runs,
    emit,
    examples,
    nearby,
    pass_state,
    short,
)
from nbledger.tables import size

if TYPE_CHECKING:
    from nbledger.lineage.snapshots import BySlice

MOST_LINES = 20


@click.command(
    epilog=examples("""
        nbledger checkout 3f2a91c0 df -o df.parquet
        nbledger checkout 3f2a91c0 X_train -o X_train.npy --rerun
        nbledger checkout 3f2a91c0 data/churn.csv -o churn-then.csv
    """)
)
@click.argument("run", shell_complete=complete_runs)
@click.argument("variable", metavar="VAR")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it to this file."
)
@click.option("--rerun", is_flag=True, help="When it is not stored, compute it by running its slice.")
@click.option("--trust", is_flag=True, help="Also read a stored pickle, which runs code of whoever made it.")
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
@as_json
@pass_state
def checkout(
    state: State, run: str, variable: str, output: Path | None, rerun: bool, trust: bool, force: bool, as_json: bool
) -> None:
    """Give back a variable (or a file) as it was after RUN.

    FILE's suffix says how it is written: .csv, .parquet, .npy, .json or .pkl. Without -o it is shown.
    """
    from nbledger.lineage.snapshots import checkout as give_back
    from nbledger.lineage.snapshots import version_after
    from nbledger.lineage.value_files import write_value

    ledger = state.ledger()
    found = ledger.run(run).id
    version = version_after(ledger, found, variable)
    by_slice: BySlice | None = None
    if rerun:
        from nbledger.pipeline.value_by_slice import value_by_slice

        by_slice = value_by_slice
    value = give_back(ledger, found, variable, trust=trust, by_slice=by_slice)
    data = {"run": found, "name": variable, "version": version.hash, "type": version.type_name, "shape": version.shape}
    if output is None:
        head = f"{variable} after {short(found)}: {_described(version.type_name, version.shape, version.nbytes)}"
        emit(data, f"{head}\n{_shown(value)}", as_json=as_json)
        return
    written = write_value(value, output, force=force)
    text = f"{variable} after {short(found)} is in {nearby(output)} ({size(written)})"
    emit(data | {"file": str(output), "size": written}, text, as_json=as_json)


def _described(type_name: str, shape: tuple[int, ...] | None, nbytes: int | None) -> str:
    parts = [type_name, " x ".join(map(str, shape)) if shape else "", size(nbytes)]
    return ", ".join(part for part in parts if part)


def _shown(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    lines = text.splitlines()
    more = [f"... {len(lines) - MOST_LINES} more lines; -o FILE writes all of it"] if len(lines) > MOST_LINES else []
    return "\n".join(lines[:MOST_LINES] + more)
