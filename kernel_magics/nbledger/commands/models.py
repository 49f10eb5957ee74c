"""The registry's verbs: promote, models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    OLD_FILE,
    State,
    as_json,
    complete_experiments,
    complete_models,
    complete_runs,
    emit,
    examples,
    pass_state,
    plain,
    run_data,
    short,
)
from nbledger.commands.runs import told
from nbledger.tables import ago, number, pairs, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.registry import GateSpec, Promotion


MOST_VERSIONS = 100
NO_MODELS = "No model is registered yet: nbledger promote MODEL --best metrics.NAME --alias champion"


@click.command(
    epilog=examples("""
        nbledger promote churn --best metrics.f1 --alias champion
        nbledger promote churn --best metrics.log_loss --where "params.C < 10" --alias challenger
        nbledger promote churn --run 3f2a91c0 --alias champion --reason "agreed on 3 May"
        nbledger promote churn --best metrics.f1 --alias champion --gate "f1 >= 0.8" --gate no-leakage
        nbledger promote churn --best metrics.f1 --alias champion --gates pipeline.yaml --dry-run
    """)
    + "\n\nExit codes: 0 promoted, 3 refused by a gate (also in a dry run), 1 refused for another reason, 2 the "
    "command line was not understood."
)
@click.argument("model", shell_complete=complete_models)
@click.option("--run", "run_id", metavar="RUN", shell_complete=complete_runs, help="The run whose model to promote.")
@click.option("--best", metavar="METRIC", help="Promote the finished run with the best value of this metric.")
@click.option("--where", metavar="FILTER", help="With --best: only among the runs that this filter leaves.")
@click.option(
    "-e", "--experiment", metavar="NAME", shell_complete=complete_experiments, help="With --best: only among its runs."
)
@click.option(
    "--minimize/--maximize",
    default=None,
    help="With --best: lowest or highest wins. Told from the metric's name by default, and said in the output.",
)
@click.option("--which", metavar="VAR", help="Which of the run's models, by its variable, where it has several.")
@click.option("--alias", metavar="NAME", help="The alias to move to the version, such as champion.")
@click.option(
    "--gate",
    "gate_texts",
    multiple=True,
    metavar="GATE",
    help='A gate that must pass, such as "accuracy >= 0.9", no-leakage, "size: 5 MB". Can be given again.',
)
@click.option(
    "--gates",
    "gate_file",
    type=OLD_FILE,
    metavar="FILE",
    help="Also the gates of a pipeline.yaml, or of a YAML list.",
)
@click.option(
    "--waive", multiple=True, metavar="NAME", help="Let a gate pass that does not; needs --reason, and is recorded."
)
@click.option("--dry-run", is_flag=True, help="Judge the gates and show the table; write nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the promotion.")
@click.option("--who", metavar="NAME", help="Who promotes; the user of this process by default.")
@as_json
@pass_state
def promote(
    state: State,
    model: str,
    run_id: str | None,
    best: str | None,
    where: str | None,
    experiment: str | None,
    minimize: bool | None,
    which: str | None,
    alias: str | None,
    gate_texts: tuple[str, ...],
    gate_file: Path | None,
    waive: tuple[str, ...],
    dry_run: bool,
    reason: str,
    who: str | None,
    as_json: bool,
) -> None:
    """Make a run's model a version of MODEL; move an alias to it.

    Name the run with --run, or let a metric choose it with --best. The same content promoted twice stays one version.
    With gates, nothing moves unless all of them pass; a refusal is recorded.
    """
    if (run_id is None) == (best is None):
        raise click.UsageError("Say which run: --run RUN, or --best METRIC.")
    if best is None and (where or experiment or minimize is not None):
        raise click.UsageError("--where, --experiment, --minimize and --maximize belong to --best.")
    from nbledger import registry

    gates = _gates(gate_texts, gate_file)
    ledger = state.ledger()
    lines: list[str] = []
    if best is not None:
        run = registry.best_run(ledger, best, where, minimize=minimize, experiment=experiment)
        name = registry.metric_name(best)
        lines.append(
            f"best run     {short(run.id)}  {registry.direction(best, minimize)} {name} = {number(run.metrics[name])}"
        )
    else:
        run = ledger.run(str(run_id))
    try:
        done = registry.promote(
            ledger, model, run, alias=alias, which=which, who=who, reason=reason, gates=gates, waive=waive,
            dry_run=dry_run,
        )  # fmt: skip
    except registry.PromotionRefused as refusal:
        if as_json:
            emit({"refused": True, "promotion": refusal.promotion, "gates": refusal.results}, "", as_json=True)
        raise
    emit(promotion_data(done), "\n".join(lines + promotion_lines(done)), as_json=as_json)
    if done.refused and not state.notebook:
        click.get_current_context().exit(registry.PromotionRefused.exit_code)


def _gates(texts: tuple[str, ...], file: Path | None) -> list[GateSpec]:
    from nbledger.registry import parse_gate, read_gates

    return [*(parse_gate(text) for text in texts), *(read_gates(file) if file is not None else ())]


@click.command(
    epilog=examples("""
        nbledger models
        nbledger models churn
        nbledger models churn --alias champion
        nbledger models churn --at 2026-05-03
        nbledger models churn --promotions
    """)
)
@click.argument("model", required=False, shell_complete=complete_models)
@click.option("--alias", metavar="NAME", help="Only this alias: where it stood and when, with the promotions' reasons.")
@click.option(
    "--at",
    metavar="TIME",
    help="Which version each alias named then: a date (its end) or a time, in local time unless it says its own.",
)
@click.option("--promotions", is_flag=True, help="All promotions, refusals and rollbacks, with what the gates said.")
@as_json
@pass_state
def models(state: State, model: str | None, alias: str | None, at: str | None, promotions: bool, as_json: bool) -> None:
    """List registered models, or the history of one."""
    from nbledger.commands import promotions as told_of

    ledger = state.ledger()
    if model is None:
        if alias or at or promotions:
            raise click.UsageError("--alias, --at and --promotions need a MODEL.")
        _list_models(ledger, state.width, as_json=as_json)
    elif at is not None:
        told_of.show_at(ledger, model, alias, at, state.width, as_json=as_json)
    elif promotions:
        told_of.show_promotions(ledger, model, alias, state.width, as_json=as_json)
    elif alias is not None:
        told_of.show_alias(ledger, model, alias, state.width, as_json=as_json)
    else:
        _show_model(ledger, model, state.width, as_json=as_json)


def _list_models(ledger: Ledger, width: int | None, *, as_json: bool) -> None:
    newest = {name: ledger.model_versions(name, limit=1) for name in ledger.models()}
    data = [
        {"model": name, "versions": versions[0].number, "aliases": ledger.aliases(name), "latest": plain(versions[0])}
        for name, versions in newest.items()
        if versions
    ]
    rows = [
        [
            item["model"],
            item["versions"],
            "  ".join(f"@{alias} -> {at}" for alias, at in item["aliases"].items()),
            ago(item["latest"]["created_at"]),
        ]
        for item in data
    ]
    text = table(["model", "versions", "aliases", "newest"], rows, width=width) if rows else NO_MODELS
    emit(data, text, as_json=as_json)


def _show_model(ledger: Ledger, model: str, width: int | None, *, as_json: bool) -> None:
    versions = ledger.model_versions(model, limit=MOST_VERSIONS)
    events = ledger.alias_history(model)
    rows = []
    for version in versions:
        run = ledger.run(version.run)
        aliases = " ".join(f"@{alias}" for alias in version.aliases)
        made = ago(version.created_at)
        rows.append([version.number, aliases, short(run.id), made, version.created_by, told(run.metrics)])
    moves = [
        [ago(event.time), f"@{event.alias}", "away" if event.number is None else event.number, event.who, event.reason]
        for event in events
    ]
    text = f"{model}\n\n" + table(["version", "alias", "run", "made", "by", "metrics"], rows, width=width)
    if len(versions) == MOST_VERSIONS:
        text += f"\n\nThe newest {MOST_VERSIONS}; `nbledger sql` lists all."
    if moves:
        text += "\n\n" + table(["when", "alias", "to", "by", "reason"], moves, width=width)
    emit({"model": model, "versions": versions, "alias_events": events}, text, as_json=as_json)


def promotion_data(done: Promotion) -> dict[str, Any]:
    """Return a promotion for `--json`."""
    return {**plain(done), "run": run_data(done.run)}


def promotion_lines(done: Promotion) -> list[str]:
    """Return a promotion as lines of text, its gates first."""
    from nbledger.registry import gate_table

    version = done.version
    state = "new" if done.created else "the same content was registered before"
    told = [gate_table(done.gates), ""] if done.gates else []
    if done.dry_run:
        would = f"would be {version.model} version {version.number} ({state})"
        would += f" and move @{done.alias} to it" if done.moved else ""
        return [*told, "refused: a gate did not pass" if done.refused else would, "dry run: nothing was written"]
    items: list[tuple[str, Any]] = [
        ("model", f"{version.model} version {version.number} ({state})"),
        ("run", short(done.run.id)),
    ]
    if done.alias is not None:
        before = f" (was version {done.previous.number})" if done.previous is not None else ""
        stayed = "" if done.moved else " (it was there already)"
        items.append((f"@{done.alias}", f"-> version {version.number}{before if done.moved else stayed}"))
    which = f"@{done.alias}" if done.alias else f"/{version.number}"
    items.append(("load it", f'nbledger.open().load("models:/{version.model}{which}")'))
    return [*told, *pairs(items, indent="").splitlines()]
