"""What runs are compared by: everything recorded about them as rows, and how their metrics stand to the first run's.

Metrics are compared only where they were computed on the same evaluation data; gains come with their paired intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.tables import many

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.honest import Comparison
    from nbledger.records import Run

#: Intervals take some milliseconds each; a table of many runs is for looking around.
MOST_INTERVALS = 20
MOST_COUNTED = 200


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


def judgements(ledger: Ledger, run: Run) -> list[str]:
    """Return how often the evaluation data of a run's metrics has been used to judge, a sentence for each."""
    versions = sorted({version for found in _evaluated_on(ledger, run).values() for version in found})
    return list(filter(None, (how_often(ledger, version) for version in versions)))


def how_often(ledger: Ledger, version: str) -> str:
    """Return in words how often evaluation data was used to judge; an empty text if it judged one model at most.

    Where it was used in many runs only those are counted: telling models apart takes a millisecond for each.
    """
    from nbledger.lineage.honest import runs_that_used, test_uses

    runs = len(runs_that_used(ledger, version))
    if runs > MOST_COUNTED:
        return f"evaluation data {version[:8]} was used to judge in {runs:,} runs"
    uses = test_uses(ledger, version)
    if uses.models < 2:
        return ""
    where = f"{many(uses.models, 'model')} in {many(len(uses.runs), 'run')}"
    return f"evaluation data {version[:8]} was used to judge {many(uses.count, 'time')}: {where}"


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
    return {name: version.hash[:8] for name, version in versions if version.kind in kinds}


def _code(runs: Sequence[Run], run: Run) -> str:
    sources = list(dict.fromkeys(other.source for other in runs))
    return "abcdefghijklmnopqrstuvwxyz"[sources.index(run.source) % 26]


def _named_rows(prefix: str, values: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [Row(f"{prefix}.{name}", tuple(value.get(name) for value in values)) for name in _names(values)]


def _names(values: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for value in values for name in value))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124  # two not-a-numbers agree
