"""The verb lineage: what led to something and what came of it, as a graph."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import click

from nbledger.commands.common import State, as_json, emit, examples, pass_state
from nbledger.commands.lineage import TARGET

if TYPE_CHECKING:
    from nbledger.lineage.network import Network
    from nbledger.widgets.view import View


@click.command(
    epilog=examples("""
        nbledger lineage accuracy
        nbledger lineage data/churn.csv --impact
        nbledger lineage churn@champion --why --json
    """),
    help="Show what led to X and what came of it: cells with the data, files and models between them.\n\n"
    "In a notebook it is a graph whose nodes show the cell as it was executed.\n\n" + TARGET,
)
@click.argument("x", metavar="X")
@click.option("--why", "direction", flag_value="why", help="Only what led to X.")
@click.option("--impact", "direction", flag_value="impact", help="Only what came of X.")
@click.option("--all", "everything", is_flag=True, help="In text and JSON, also functions, classes and modules.")
@click.option("--session", metavar="ID", help="Look for names in this session; the latest that knows them by default.")
@as_json
@pass_state
def lineage(state: State, x: str, direction: str | None, everything: bool, session: str | None, as_json: bool) -> None:
    """Show the lineage of X."""
    from nbledger.lineage.network import Direction, network

    ledger, within = state.ledger(), session or state.session
    way: Direction = "why" if direction == "why" else "impact" if direction == "impact" else "both"

    @cache
    def found() -> Network:
        return network(ledger, x, direction=way, session=within, everything=everything)

    def view() -> View:
        from nbledger.widgets.lineage import LineageView

        return LineageView.of(ledger, x, direction=way, session=within)

    emit(lambda: found().to_dict(), lambda: str(found()), as_json=as_json, view=view)


__all__ = ["lineage"]
