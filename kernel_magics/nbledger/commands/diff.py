"""The verb diff: what differs between two runs, and what that changed."""

from __future__ import annotations

import os
import sys

import click

from nbledger.commands.common import State, as_json, complete_runs, emit, examples, pass_state

#: Exit code of `--exit-code` when something differs; 1 stays for what was refused or failed.
DIFFERS = 3


@click.command(
    epilog=examples("""
        nbledger diff 3f2a91c0 77d0e1aa
        nbledger diff models:/churn/2 churn@champion
        nbledger diff 3f2a91c0 77d0e1aa --json
    """)
)
@click.argument("a", shell_complete=complete_runs)
@click.argument("b", shell_complete=complete_runs)
@click.option("--exit-code", is_flag=True, help=f"Exit with {DIFFERS} when something that was recorded differs.")
@as_json
@pass_state
def diff(state: State, a: str, b: str, exit_code: bool, as_json: bool) -> int | None:
    """Show what differs between A and B, and what that changed.

    A and B are runs (a notebook's run too), models as models:/NAME/NUMBER or NAME@ALIAS, or hashes of two versions.
    Code is compared by cells and statements, data by columns and rows.
    """
    from nbledger.lineage.diff import diff as compare

    found = compare(state.ledger(), a, b)
    colour = not state.notebook and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    emit(found.to_dict(), found.text(width=state.width, colour=colour), as_json=as_json)
    return DIFFERS if exit_code and not found.same and not state.notebook else None
