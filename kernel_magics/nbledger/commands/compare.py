"""The verb compare: what differs between runs, and which is better at what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

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
from nbledger.commands.runs import tracked_filter
from nbledger.tables import change, cut, many, number, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.honest import Comparison
    from nbledger.records import Run

SIDE_BY_SIDE = 4
#: Intervals take some milliseconds each; a table of many runs is for looking around.
MOST_INTERVALS = 20
WIDEST = 40
_ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One compared thing: its values in the order of the runs, and for metrics how they stand to the first run.

    `comparable` says for each run whether its metric was computed on the first run's evaluation data; `best` is the
    index of the best comparable run, `None` for all that is no metric or where nothing is better. `untouched` marks a
    param that every run left at its default, such as those of an estimator that only some of them fitted. `gains` are
    the paired comparisons of a metric's runs with the first.
    """

    name: str
    values: tuple[Any, ...]
    comparable: tuple[bool, ...] = ()
    best: int | None = None
    untouched: bool = False
    gains: tuple[Comparison | None, ...] = ()

    @property
    def is_metric(self) -> bool:
        """Whether this is a metric."""
        return self.name.startswith("metrics.")

    @property
    def varies(self) -> bool:
        """Whether two runs have different values; one of them not having it at all does not count."""
        return len({repr(value) for value in self.values if value is not None}) > 1

    @property
    def differs(self) -> bool:
        """Whether the runs disagree (a run without the value disagrees)."""
        return any(not _same(value, self.values[0]) for value in self.values[1:])


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
@click.option("-n", "--limit", default=10, show_default=True, help="How many filtered runs at most.")
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
    """
    ledger = state.ledger()
    if runs:
        if filter_ or experiment or order_by:
            raise click.UsageError("Give runs, or --filter, --experiment and --order-by; not both.")
        chosen = [ledger.run(run) for run in runs]
    else:
        if not (filter_ or experiment):
            raise click.UsageError("Say which runs: RUN RUN..., --filter FILTER or --experiment NAME.")
        wanted = tracked_filter(filter_)
        found = list(ledger.runs(wanted, order_by=order_by, limit=limit, experiment=experiment, tracked=True))
        chosen = found if order_by else found[::-1]
    if len(chosen) < 2:
        raise CommandRefused(detail=f"there is nothing to compare: {many(len(chosen), 'run')} found")
    rows = compared(ledger, chosen)
    shown = rows if everything else telling(rows, many=len(chosen) > SIDE_BY_SIDE)
    text = _text(chosen, shown, len(rows) - len(shown), _judgements(ledger, chosen[0]), state.width)
    emit(_data(chosen, rows), text, as_json=as_json)


def telling(rows: Sequence[Row], *, many: bool) -> list[Row]:
    """Return the rows that tell runs apart: metrics, and what differs and somebody set.

    Among many runs only what takes different values is left, and one of those that always go together (the `C` of a
    cell and the `logisticregression__C` of its pipeline): a table of many runs has room for no more.
    """
    shown: list[Row] = []
    for row in rows:
        if row.is_metric:
            shown.append(row)
        elif row.differs and not row.untouched:
            repeated = any(row.values == other.values for other in shown)
            if not many or (row.varies and not repeated):
                shown.append(row)
    return shown


def compared(ledger: Ledger, runs: Sequence[Run]) -> list[Row]:
    """Return everything that runs are compared by: metrics first, then params, data, code, experiment and notebook."""
    rows = _metric_rows(ledger, runs)
    rows += _param_rows(ledger, runs)
    rows += _named_rows("data", [_data_used(ledger, run) for run in runs])
    rows += _named_rows("tags", [run.tags for run in runs])
    fields: dict[str, Callable[[Run], Any]] = {
        "name": lambda run: run.name,
        "experiment": lambda run: run.experiment,
        "notebook": lambda run: run.notebook,
        "status": lambda run: run.status,
        "code": lambda run: _code(runs, run),
    }
    return rows + [Row(name, tuple(read(run) for run in runs)) for name, read in fields.items()]


def _param_rows(ledger: Ledger, runs: Sequence[Run]) -> list[Row]:
    chosen = {param.name for run in runs for param in ledger.params(run.id) if not param.is_default}
    names = _names([run.params for run in runs])
    names.sort(key=lambda name: "__" in name)  # what the notebook says comes before what an estimator's step repeats
    return [
        Row(f"params.{name}", tuple(run.params.get(name) for run in runs), untouched=name not in chosen)
        for name in names
    ]


def _metric_rows(ledger: Ledger, runs: Sequence[Run]) -> list[Row]:
    bases = [_evaluated_on(ledger, run) for run in runs]
    rows = []
    for name in _names([run.metrics for run in runs]):
        values = tuple(run.metrics.get(name) for run in runs)
        first = bases[0].get(name)
        comparable = tuple(_comparable(first, basis.get(name)) for basis in bases)
        gains = _gains(ledger, runs, name) if len(runs) <= MOST_INTERVALS else ()
        rows.append(Row(f"metrics.{name}", values, comparable, _best(name, values, comparable), gains=gains))
    return rows


def _gains(ledger: Ledger, runs: Sequence[Run], name: str) -> tuple[Comparison | None, ...]:
    """Return what each run gains over the first in a metric, where that can be told."""
    from nbledger.ledger import NotFound
    from nbledger.lineage.honest import compare as paired

    found: list[Comparison | None] = [None]
    for run in runs[1:]:
        try:
            found.append(paired(ledger, runs[0].id, run.id, name))
        except NotFound:
            found.append(None)
    return tuple(found)


def _best(name: str, values: Sequence[float | None], comparable: Sequence[bool]) -> int | None:
    known = {
        index: value
        for index, (value, fair) in enumerate(zip(values, comparable, strict=True))
        if fair and value is not None and value == value  # noqa: PLR0124  # not-a-number differs from itself
    }
    if len(known) < 2 or len(set(known.values())) == 1:
        return None
    from nbledger.registry.best import is_minimized

    choose = min if is_minimized(name) else max
    return choose(known, key=lambda index: known[index])


def _evaluated_on(ledger: Ledger, run: Run) -> dict[str, frozenset[str]]:
    """Return for each metric the versions of the true values that it was computed on (`y_true`, else `X` and `y`)."""
    found: dict[str, frozenset[str]] = {}
    for metric in ledger.metrics(run.id):
        roles = {basis.role: basis.version for basis in metric.basis}
        wanted = ("y_true",) if "y_true" in roles else ("X", "y")
        found[metric.name] = frozenset(roles[role] for role in wanted if role in roles)
    return found


def _comparable(first: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    return not first or not other or first == other


def _data_used(ledger: Ledger, run: Run) -> dict[str, str]:
    versions = ((edge.name, ledger.version(edge.version)) for edge in ledger.used(run.id))
    kinds = ("table", "array", "sparse", "tensor", "column", "file")
    return {name: short(version.hash) for name, version in versions if version.kind in kinds}


def _code(runs: Sequence[Run], run: Run) -> str:
    sources = list(dict.fromkeys(other.source for other in runs))
    return "abcdefghijklmnopqrstuvwxyz"[sources.index(run.source) % 26]


def _named_rows(prefix: str, values: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [Row(f"{prefix}.{name}", tuple(value.get(name) for value in values)) for name in _names(values)]


def _names(values: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for value in values for name in value))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124  # two not-a-numbers agree


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


def _judgements(ledger: Ledger, run: Run) -> list[str]:
    """Return how often the evaluation data of a run's metrics has been used to judge."""
    from nbledger.lineage.honest import test_uses

    told = []
    for version in sorted({version for found in _evaluated_on(ledger, run).values() for version in found}):
        uses = test_uses(ledger, version)
        if uses.models > 1:
            where = f"{many(uses.models, 'model')} in {many(len(uses.runs), 'run')}"
            told.append(f"evaluation data {short(version)} was used to judge {many(uses.count, 'time')}: {where}")
    return told


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
