"""The registry's further verbs: rollback, approve, verify; and what `models` tells of aliases and promotions."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    CommandRefused,
    State,
    as_json,
    complete_models,
    complete_runs,
    emit,
    examples,
    pass_state,
    plain,
    short,
)
from nbledger.tables import ago, many, pairs, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.ledger.promotions import PromotionRecord
    from nbledger.ledger.verification import Verification

BROKEN = 3
"""The exit code of `verify` for a ledger that does not verify."""
_MOST = 50


@click.command(
    epilog=examples("""
        nbledger rollback churn --alias champion
        nbledger rollback churn --alias champion --to 3 --reason "version 4 fails on new customers"
        nbledger rollback churn --alias champion --dry-run
    """)
)
@click.argument("model", shell_complete=complete_models)
@click.option("--alias", required=True, metavar="NAME", help="The alias that goes back.")
@click.option(
    "--to", type=click.IntRange(min=1), metavar="N", help="To this version, which it held; else to the last one."
)
@click.option("--dry-run", is_flag=True, help="Say what it would do; write nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the rollback.")
@click.option("--who", metavar="NAME", help="Who does it; the user of this process by default.")
@as_json
@pass_state
def rollback(
    state: State, model: str, alias: str, to: int | None, dry_run: bool, reason: str, who: str | None, as_json: bool
) -> None:
    """Move an alias of MODEL back to a version that it held.

    Without --to it goes to what it held before the present version was promoted. The stored bytes of that version are
    checked first; the rollback is recorded beside the promotions.
    """
    from nbledger.commands.models import promotion_data, promotion_lines
    from nbledger.registry import rollback as go_back

    if dry_run:
        from nbledger.registry.planned import plan_rollback

        plan = plan_rollback(state.ledger(), model, alias, to=to, who=who)
        emit(plan, "\n".join((*plan.changes, "dry run: nothing was written")), as_json=as_json)
        return
    done = go_back(state.ledger(), model, alias, to=to, who=who, reason=reason)
    emit(promotion_data(done), "\n".join(promotion_lines(done)), as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger approve churn 4 --note "reviewed the errors on new customers"
        nbledger approve churn --run 3f2a91c0
        nbledger approve churn 4 --revoke --note "the labels were wrong"
    """)
)
@click.argument("model", shell_complete=complete_models)
@click.argument("version", required=False)
@click.option("--run", "run_id", metavar="RUN", shell_complete=complete_runs, help="Approve this run's model instead.")
@click.option("--which", metavar="VAR", help="With --run: which of its models, by its variable.")
@click.option("--revoke", is_flag=True, help="Take your approval back.")
@click.option("--note", default="", metavar="TEXT", help="What you looked at; kept with the approval.")
@click.option("--who", metavar="NAME", help="Who approves; the user of this process by default.")
@as_json
@pass_state
def approve(
    state: State,
    model: str,
    version: str | None,
    run_id: str | None,
    which: str | None,
    revoke: bool,
    note: str,
    who: str | None,
    as_json: bool,
) -> None:
    """Approve a VERSION of MODEL (a number or an alias), for the gate `approval`.

    The approval is for the content, so that it holds wherever the same bytes are promoted. A run's model can be
    approved before it has a number.
    """
    if (version is None) == (run_id is None):
        raise click.UsageError("Say what: a VERSION, or --run RUN.")
    from nbledger.registry import approve as give

    done = give(state.ledger(), model, version, run=run_id, which=which, who=who, note=note, revoke=revoke)
    said = "approves" if done.event == "approve" else "no longer approves"
    emit(done, f"{done.who} {said} the model {done.version[:12]} for {model}", as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger verify
        nbledger verify --quick
        nbledger verify --expect 5f0c2b7d91aa
    """)
    + "\n\nExit codes: 0 everything holds, 3 something does not, 2 the command line was not understood."
)
@click.option("--quick", is_flag=True, help="Leave out the stored objects, whose bytes are read and hashed otherwise.")
@click.option("--expect", metavar="HEAD", help="The audit must still contain this head, written down elsewhere.")
@as_json
@click.pass_context
def verify(context: click.Context, quick: bool, expect: str | None, as_json: bool) -> None:
    """Check the audit's chain, the registry's rows and all stored objects.

    It prints the head: written down where others cannot change it, it proves later that nothing was cut off or made
    anew. docs/registry.md says what the audit proves and what it does not.
    """
    from nbledger.ledger.verification import verify as walk

    state = context.ensure_object(State)
    found = walk(state.ledger(), quick=quick, expect=expect)
    text = _verification_text(found)
    if not found.ok and state.notebook:
        raise CommandRefused(detail=text)
    emit({**plain(found), "ok": found.ok}, text, as_json=as_json)
    context.exit(0 if found.ok else BROKEN)


def show_at(ledger: Ledger, model: str, alias: str | None, at: str, width: int | None, *, as_json: bool) -> None:
    """Print where a model's aliases stood at a time."""
    moment = parse_time(at)
    ledger.model_versions(model, limit=1)
    found = ledger.aliases_at(model, moment.timestamp())
    if alias is not None:
        found = {name: event for name, event in found.items() if name == alias.removeprefix("@")}
    rows = [
        [f"@{name}", event.number, _local(event.time), event.who, event.reason] for name, event in sorted(found.items())
    ]
    head = f"{model} at {moment.isoformat(sep=' ', timespec='seconds')}"
    text = table(["alias", "version", "since", "by", "reason"], rows, width=width) if rows else "No alias stood then."
    emit({"model": model, "at": moment.isoformat(), "aliases": found}, f"{head}\n\n{text}", as_json=as_json)


def show_alias(ledger: Ledger, model: str, alias: str, width: int | None, *, as_json: bool) -> None:
    """Print the moves of one alias, the first one first."""
    name = alias.removeprefix("@")
    ledger.model_versions(model, limit=1)
    events = ledger.alias_history(model, name)
    rows = [
        [
            _local(event.time),
            "away" if event.number is None else event.number,
            event.who,
            short(event.run),
            event.reason,
        ]
        for event in events
    ]
    text = table(["when", "version", "by", "run", "reason"], rows, width=width) if rows else "It was never set."
    emit({"model": model, "alias": name, "alias_events": events}, f"{model}@{name}\n\n{text}", as_json=as_json)


def show_promotions(ledger: Ledger, model: str, alias: str | None, width: int | None, *, as_json: bool) -> None:
    """Print the promotions of a model, the newest first, each with its gates."""
    from nbledger.ledger.promotions import promotions

    found = promotions(ledger, model, alias.removeprefix("@") if alias else None, limit=_MOST)
    if not found:
        ledger.model_versions(model, limit=1)
    blocks = [_promotion_text(one, width) for one in found] or ["No promotion is recorded."]
    if len(found) == _MOST:
        blocks.append(f"The newest {_MOST}; the view `promotions` has all.")
    emit({"model": model, "promotions": found}, "\n\n".join(blocks), as_json=as_json)


def parse_time(text: str) -> datetime.datetime:
    """Return the moment that a text means; of a mere date its end. Local time unless it says its own."""
    try:
        found = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time such as 2026-05-03 or '2026-05-03 14:30'") from None
    if len(text.strip()) <= len("2026-05-03"):
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return found if found.tzinfo else found.astimezone()


def _promotion_text(one: PromotionRecord, width: int | None) -> str:
    from nbledger.registry import gate_table

    number = "an unregistered model" if one.number is None else f"version {one.number}"
    items: list[tuple[str, Any]] = [
        (one.outcome.replace("_", " "), f"{number}{f' as @{one.alias}' if one.alias else ''}"),
        ("when", f"{_local(one.time)} ({ago(one.time)}) by {one.who}"),
        ("run", short(one.run)),
        ("bytes", one.artifact[:12]),
    ]
    if one.predecessor is not None:
        items.append(("before", f"version {one.predecessor}"))
    if one.slice is not None:
        items.append(("slice", one.slice[:12]))
    if one.reason:
        items.append(("reason", one.reason))
    text = pairs(items, indent="")
    return f"{text}\n{gate_table(one.gates, width)}" if one.gates else text


def _verification_text(found: Verification) -> str:
    looked = [many(found.events, "event"), many(found.rows, "row")]
    looked += [many(found.objects, "object")] if found.objects is not None else []
    lines = [f"{item.where:<8} {item.what}\n{'':<8} {item.remedy}" for item in found.breaks]
    if found.breaks:
        lines.append(f"\nThe first broken link: {found.breaks[0].what}.")
    else:
        lines.append(f"Everything holds: {', '.join(looked)}.")
    lines.append(
        f"head {found.head}" if found.head else "There is no audit yet: the first promotion or deletion begins it."
    )
    return "\n".join(lines)


def _local(time: float) -> str:
    return datetime.datetime.fromtimestamp(time).astimezone().isoformat(sep=" ", timespec="seconds")
