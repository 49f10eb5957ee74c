"""The verbs that say what a registered model is: describe, card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    CommandRefused,
    State,
    as_json,
    complete_models,
    emit,
    examples,
    nearby,
    pass_state,
)
from nbledger.tables import ago, clean, pairs, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import ModelVersion


@click.command(
    epilog=examples("""
        nbledger describe churn
        nbledger describe churn "Who leaves next month, from the billing data"
        nbledger describe churn/3 --stage production
        nbledger describe churn@champion --tag owner=risk --untag draft
        nbledger describe churn/3 --history
    """)
)
@click.argument("model", shell_complete=complete_models)
@click.argument("text", required=False)
@click.option("--tag", "given", multiple=True, metavar="NAME=VALUE", help="Set a tag. May be repeated.")
@click.option("--untag", "removed", multiple=True, metavar="NAME", help="Remove a tag; its history stays.")
@click.option("--stage", metavar="NAME", help="Set the stage, such as staging, production or archived.")
@click.option("--history", "with_history", is_flag=True, help="Show every change of description, tags and stage.")
@as_json
@pass_state
def describe(
    state: State,
    model: str,
    text: str | None,
    given: tuple[str, ...],
    removed: tuple[str, ...],
    stage: str | None,
    with_history: bool,
    as_json: bool,
) -> None:
    """Say what a model is, or show what was said: its description, tags, stage and signature.

    MODEL is a model's name, or one of its versions as MODEL/3 or MODEL@ALIAS. TEXT sets the description.
    """
    from nbledger.ledger import model_tags

    ledger = state.ledger()
    name, version = _model(ledger, model)
    changes = _changes(text, given, removed, stage)
    number = version.number if version is not None else None
    if changes:
        model_tags.set_tags(ledger, name, number, changes)
    data: dict[str, Any] = {"model": name, "version": number, "tags": model_tags.tags(ledger, name, number)}
    items: list[tuple[str, Any]] = [("model", name if number is None else f"{name} version {number}")]
    items += [(key, clean(value)) for key, value in data["tags"].items()]
    if version is not None:
        from nbledger.registry.signature import signature

        signed = signature(ledger, version)
        data["signature"] = signed.to_dict()
        items += [("inputs", str(signed.inputs or "not recorded")), ("outputs", str(signed.outputs or "not recorded"))]
    said = pairs(items, indent="", width=state.width)
    if with_history:
        events = model_tags.history(ledger, name, number)
        data["history"] = events
        rows = [[ago(one.time), one.name, "(removed)" if one.value is None else one.value, one.who] for one in events]
        said += "\n\n" + (table(["when", "what", "value", "by"], rows, width=state.width) if rows else "no history")
    emit(data, said, as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger card churn@champion
        nbledger card churn/3 -o card.html
        nbledger card churn -o docs/churn.md
    """)
)
@click.argument("model", shell_complete=complete_models)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A .html or .md file; Markdown is printed by default.",
)
@as_json
@pass_state
def card(state: State, model: str, output: Path | None, as_json: bool) -> None:
    """Write a model card: data, metrics with intervals and by group, leaks, environment, code, promotions.

    MODEL is a version as MODEL/3 or MODEL@ALIAS; of a bare name the champion is meant, or else the newest version. A
    file that is there is replaced.
    """
    from nbledger.registry.card import model_card, to_html, to_markdown

    writers = {".html": to_html, ".htm": to_html, ".md": to_markdown}
    writer = to_markdown if output is None else writers.get(output.suffix.lower())
    if writer is None:
        raise CommandRefused(detail=f"a card is written to a .html or .md file, not to {output}")
    ledger = state.ledger()
    name, version = _model(ledger, model)
    if version is None:
        aliases = ledger.aliases(name)
        version = (
            ledger.model_version(name, aliases["champion"])
            if "champion" in aliases
            else ledger.model_versions(name, limit=1)[0]
        )
    made = model_card(ledger, version)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(writer(made), encoding="utf-8")
    emit(made.to_dict(), writer(made).rstrip("\n") if output is None else f"wrote  {nearby(output)}", as_json=as_json)


def _model(ledger: Ledger, ref: str) -> tuple[str, ModelVersion | None]:
    """Return the model that `churn`, `churn/3` or `churn@champion` names, and its version if one is named."""
    text = ref.removeprefix("models:/")
    name, at, alias = text.partition("@")
    if at:
        return name, ledger.model_version(name, f"@{alias}")
    name, slash, number = text.rpartition("/")
    if slash:
        return name, ledger.model_version(name, number)
    ledger.model_versions(text, limit=1)
    return text, None


def _changes(
    text: str | None, given: tuple[str, ...], removed: tuple[str, ...], stage: str | None
) -> dict[str, str | None]:
    """Return the tags to set and, as `None`, to remove."""
    from nbledger.ledger.model_tags import DESCRIPTION, STAGE

    changes: dict[str, str | None] = dict.fromkeys(removed)
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise click.UsageError(f"--tag needs NAME=VALUE, not {item!r}.")
        changes[name.strip()] = value
    if text is not None:
        changes[DESCRIPTION] = text
    if stage is not None:
        changes[STAGE] = stage
    return changes
