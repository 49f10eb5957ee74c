"""The verb registry: models, versions, aliases, gates and history at a glance."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import click

from nbledger.commands.common import State, as_json, complete_models, emit, examples, pass_state

if TYPE_CHECKING:
    from nbledger.registry.overview import ModelOverview
    from nbledger.widgets.view import View


@click.command(
    epilog=examples("""
        nbledger registry
        nbledger registry churn
        nbledger registry churn --json
    """)
)
@click.argument("model", required=False, shell_complete=complete_models)
@as_json
@pass_state
def registry(state: State, model: str | None, as_json: bool) -> None:
    """Show the registry: versions with their metrics, aliases with their history, what the gates said last.

    In a notebook it also promotes and rolls back, after saying what will change.
    """
    from nbledger.registry.overview import overview, overview_text

    ledger = state.ledger()

    @cache
    def found() -> tuple[ModelOverview, ...]:
        return overview(ledger, None if model is None else [model])

    def view() -> View:
        from nbledger.widgets.registry import RegistryView

        return RegistryView.of(ledger, model)

    emit(
        lambda: [one.to_dict() for one in found()], lambda: overview_text(found(), state.width), as_json=as_json,
        view=view,
    )  # fmt: skip


__all__ = ["registry"]
