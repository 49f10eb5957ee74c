"""The verb compare: what differs between runs, and which is better at what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from nbledger.commands.common import (
    CommandRefused,
    State,
    as_json,
    complete_experiments,
    complete_runs,
    emit,
    examples,
    pass_state,
    plain,
    short,
)
from nbledger.figures.compared import Row, compared, judgements, telling
from nbledger.ledger.selection import tracked_filter
from nbledger.tables import change, cut, many, number, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run
    from nbledger.widgets.view import View

SIDE_BY_SIDE = 4
WIDEST = 40
_ABSENT = "-"


@click.command(
    epilog=examples("""
        nbledger compare 3f2a91c0 77d0e1aa
        nbledger compare --filter "metrics.f1 > 0.9" -e churn --order-by "metrics.f1 desc"
    """)
)
@click.argument("runs", nargs=-1, metavar="RUN...", shell_complete=complete_runs)
@click.option("--filter", "filter_", metavar="FILTER", help="Compare the runs that this filter leaves.")
@click.option("-e", "--experiment", metavar="NAME", shell_complete=complete_experiments, help="Compare its runs.")
@click.option("--order-by", metavar="KEY", help="The order of filtered runs, such as 'metrics.f1 desc'.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="How many filtered runs at most."
)
@click.option("--all", "everything", is_flag=True, help="Also what is the same in all of them.")
@as_json
@pass_state
def compare(
    state: State,
    runs: tuple[str, ...],
    filter_: str | None,
    experiment: str | None,
    order_by: str | None,
    limit: int,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what differs between runs, and which is better.

    Metrics come with their change against the first run, the best marked with *. They are only compared where they
    were computed on the same evaluation data; where not, it says so. Where the predictions are stored, the change comes
    with its paired 95 % interval: one that holds 0 may be chance.

    In a notebook the answer is a table to sort, filter and select in, with charts; there, no runs are all of them.
    """
    ledger = state.ledger()
    if runs and (filter_ or experiment or order_by):
        raise click.UsageError("Give runs, or --filter, --experiment and --order-by; not both.")
    seen = state.views is not None and not as_json
    if not (runs or filter_ or experiment or seen):
        raise click.UsageError("Say which runs: RUN RUN..., --filter FILTER or --experiment NAME.")
    limited = click.get_current_context().get_parameter_source("limit") is not ParameterSource.DEFAULT
    if seen and not runs and not limited:
        emit(None, "", as_json=False, view=lambda: _view(ledger, filter_, experiment, order_by))
        return
    if runs:
        chosen = [ledger.run(run) for run in runs]
    else:
        wanted = tracked_filter(filter_)
        found = list(ledger.runs(wanted, order_by=order_by, limit=limit, experiment=experiment, tracked=True))
        chosen = found if order_by else found[::-1]
    if len(chosen) < 2:
        raise CommandRefused(detail=f"there is nothing to compare: {many(len(chosen), 'run')} found")
    if seen:
        emit(None, "", as_json=False, view=lambda: _view_of(ledger, chosen))
        return
    rows = compared(ledger, chosen)
    shown = rows if everything else telling(rows, many=len(chosen) > SIDE_BY_SIDE)
    text = _text(chosen, shown, len(rows) - len(shown), judgements(ledger, chosen[0]), state.width)
    emit(_data(chosen, rows), text, as_json=as_json)


def _view(ledger: Ledger, filter_: str | None, experiment: str | None, order_by: str | None) -> View:
    """Return a view of all runs that fit, a page at a time."""
    from nbledger.widgets.compare import Compare
    from nbledger.widgets.compare_model import CompareModel

    return Compare(CompareModel(ledger, experiment=experiment, filter=filter_ or "", order_by=order_by or ""))


def _view_of(ledger: Ledger, runs: Sequence[Run]) -> View:
    """Return a view of these runs, the first of them as the baseline."""
    from nbledger.widgets.compare import Compare
    from nbledger.widgets.compare_model import CompareModel

    ids = [run.id for run in runs]
    return Compare(CompareModel(ledger, ids, baseline=ids[0]))


def _text(runs: Sequence[Run], rows: Sequence[Row], hidden: int, judged: Sequence[str], width: int | None) -> str:
    cells = [[_cell(row, index) for index in range(len(runs))] for row in rows]
    names = [row.name for row in rows]
    ids = [short(run.id) for run in runs]
    if len(runs) <= SIDE_BY_SIDE:
        text = table(["", *ids], [[name, *line] for name, line in zip(names, cells, strict=True)], width=width)
    else:
        turned = [[ids[index], *(line[index] for line in cells)] for index in range(len(runs))]
        text = table(["run", *(name.split(".", 1)[-1] for name in names)], turned, width=width)
    notes = []
    if any(row.best is not None for row in rows):
        notes.append("* best; changes are against the first run")
    if any(not fair for row in rows for fair in row.comparable):
        notes.append("(other data): computed on other evaluation data than the first run's, so not compared")
    if any(gain is not None and gain.low is not None for row in rows for gain in row.gains):
        notes.append("in [low, high]: the change on the same rows, with 95 % confidence; across 0 it may be chance")
    notes += judged
    if hidden:
        notes.append(f"{hidden} more are the same in all, or tell no more (--all)")
    return "\n".join([text, "", *notes]) if notes else text


def _cell(row: Row, index: int) -> str:
    value = row.values[index]
    text = _ABSENT if value is None else cut(number(value), WIDEST)
    if not row.comparable or value is None:
        return text
    if not row.comparable[index]:
        return f"{text} (other data)"
    if index and row.values[0] is not None:
        text += f" ({change(value, row.values[0])}{_interval(row, index)})"
    return f"{text} *" if row.best == index else text


def _interval(row: Row, index: int) -> str:
    gain = row.gains[index] if row.gains else None
    if gain is None or gain.low is None or gain.high is None or gain.low == gain.high:
        return ""
    return f" in [{gain.low:+.3g}, {gain.high:+.3g}]"


def _data(runs: Sequence[Run], rows: Sequence[Row]) -> dict[str, Any]:
    ids = [run.id for run in runs]
    return {
        "runs": ids,
        "rows": [
            {
                "name": row.name,
                "differs": row.differs,
                "values": plain(row.values),
                "comparable": list(row.comparable) or None,
                "gains": [gain and gain.to_dict() for gain in row.gains] or None,
                "best": None if row.best is None else ids[row.best],
            }
            for row in rows
        ],
    }
