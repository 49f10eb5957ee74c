"""The verb data: what a variable or file holds, and which versions it had."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import State, as_json, emit, examples, pass_state

if TYPE_CHECKING:
    from nbledger.lineage.dataset import Dataset
    from nbledger.widgets.view import View


@click.command(
    epilog=examples("""
        nbledger data df
        nbledger data data/churn.csv --diff 3f2a91c0
        nbledger data version:3f2a91c0 --json
    """)
)
@click.argument("x", metavar="VAR|FILE|VERSION")
@click.option("--diff", "other", metavar="VERSION", help="Also what differs from this version, by its first digits.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many past versions at most."
)
@click.option("--session", metavar="ID", help="Look for names in this session; the latest that knows them by default.")
@as_json
@pass_state
def data(state: State, x: str, other: str | None, limit: int, session: str | None, as_json: bool) -> None:
    """Show a piece of data: columns, profiles, distributions, who made and used it, and its past versions.

    Histograms need the content: a file that has not changed since, or a variable that was kept (%%track --snapshot) or
    still is the same in the notebook that asks.
    """
    from nbledger.lineage.dataset import dataset

    ledger, within = state.ledger(), session or state.session
    live = _variables() if state.views is not None else None
    version = None if other is None else ledger.version(other).hash

    @cache
    def found() -> Dataset:
        return dataset(ledger, x, session=within, limit=limit, live=live)

    def text() -> str:
        return f"{found()}\n\n{difference()}" if version else str(found())

    def difference() -> Any:
        from nbledger.lineage.diff import diff

        return diff(ledger, version, found().version.hash)

    def plain() -> dict[str, Any]:
        return found().to_dict() | ({"diff": difference().to_dict()} if version else {})

    def view() -> View:
        from nbledger.widgets.data import DataView

        shown = DataView.of(ledger, x, session=within, live=live)
        shown.model.compare_with(version)
        return shown

    emit(plain, text, as_json=as_json, view=view)


def _variables() -> Mapping[str, Any]:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return {} if shell is None else dict(shell.user_ns)


__all__ = ["data"]
