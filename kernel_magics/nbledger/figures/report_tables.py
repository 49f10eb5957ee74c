"""The tables of a report: what differs between runs, how often data was used to judge, intervals, environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.figures.compared import MOST_INTERVALS, Row, telling
from nbledger.figures.text import number, shortened
from nbledger.registry.card.page import NOT_COMPARED, Table
from nbledger.tables import change

if TYPE_CHECKING:
    import pandas

    from nbledger.ledger import Ledger
    from nbledger.records import Run

SIDE_BY_SIDE = 4
MOST_ROWS, MOST_METRICS, MOST_OTHERS = 50, 6, 8
WIDEST = 48
#: Draws times rows of one bootstrap: more rows are drawn less often, so that a report stays a matter of seconds.
_DRAWS = 40_000_000


def called(run: Run) -> str:
    """Return what a report calls a run: the first digits of its id, and its name."""
    return f"{run.id[:8]} {shortened(run.name)}" if run.name else run.id[:8]


def comparison_table(runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> tuple[Table, str]:
    """Return the table of what differs, and what was left out of it in words.

    A few runs stand side by side; many stand below each other: the first one, then the best by `metric`.
    """
    shown = [row for row in telling(rows, many=len(runs) > SIDE_BY_SIDE) if row.name != "name"]
    if len(runs) <= SIDE_BY_SIDE:
        lines = tuple((row.name, *(_cell(row, index) for index in range(len(runs)))) for row in shown)
        headers = ("", *(called(run) for run in runs))
        left = len(rows) - len(shown) - 1
        return Table("What differs", headers, lines), f"{left} more are the same in all, or at their default." * bool(
            left
        )
    columns = [row for row in shown if row.is_metric][:MOST_METRICS]
    columns += [row for row in shown if not row.is_metric][:MOST_OTHERS]
    order = _ordered(runs, rows, metric)[:MOST_ROWS]
    table = Table(
        "What differs, the first run and then the best" if metric else "What differs",
        ("run", *(row.name.removeprefix("metrics.").removeprefix("params.") for row in columns)),
        tuple((called(runs[at]), *(_cell(row, at) for row in columns)) for at in order),
        frozenset(place for place, row in enumerate(columns, 1) if row.is_metric),
    )
    words = []
    if len(order) < len(runs):
        words.append(f"{len(order)} of {len(runs):,} runs are shown, the best by {metric}." if metric else "")
    if len(columns) < len(shown):
        words.append(f"{len(columns)} of {len(shown)} columns are shown.")
    return table, " ".join(words)


def intervals(ledger: Ledger, runs: Sequence[Run], shown: Sequence[Run], row: Row) -> pandas.DataFrame:
    """Return a metric's values for the runs that are shown, with 95 percent intervals where predictions are stored.

    Columns `value`, `low`, `high`, `same_data`, as `metric_bars` takes them; the index is what runs are called. `row`
    is the metric's row over all `runs`. Only the first 20 runs get intervals.
    """
    import pandas

    name = row.name.removeprefix("metrics.")
    places = {run.id: place for place, run in enumerate(runs)}
    found = []
    for count, run in enumerate(shown):
        at = places[run.id]
        value = row.values[at]  # noqa: PD011 - a row, not a frame
        bounded = value is not None and count < MOST_INTERVALS
        low, high = metric_interval(ledger, run, name, value) if bounded else (None, None)
        found.append((value, low, high, row.comparable[at]))
    table = pandas.DataFrame(found, columns=["value", "low", "high", "same_data"], index=[called(run) for run in shown])
    return table.astype({"value": "float64", "low": "float64", "high": "float64"})


def detailed(runs: Sequence[Run], rows: Sequence[Row], metric: str | None, *, most: int = SIDE_BY_SIDE) -> list[Run]:
    """Return the first run and the best of the others by a metric: those that are shown in detail."""
    return [runs[at] for at in _ordered(runs, rows, metric)[:most]]


def environment_table(ledger: Ledger, runs: Sequence[Run]) -> Table | None:
    """Return interpreter, platform, commit and those distributions that are not the same in all of some runs."""
    found = [(run, ledger.environment(run.id), ledger.git(run.id)) for run in runs]
    facts: list[dict[str, str]] = []
    for _, environment, git in found:
        one: dict[str, str] = {}
        if environment is not None:
            one |= {"Python": environment.python, "platform": environment.platform}
            one |= dict(sorted(environment.packages.items()))
        if git is not None:
            one["git commit"] = git.commit[:12] + (" with changes" if git.dirty else "")
        facts.append(one)
    if not any(facts):
        return None
    names = list(dict.fromkeys(name for one in facts for name in one))
    always = ("Python", "platform", "git commit")
    kept = [name for name in names if name in always or len({one.get(name) for one in facts}) > 1]
    lines = tuple((name, *(one.get(name, "not recorded") for one in facts)) for name in kept)
    return Table("Environment: distributions only where they differ", ("", *(called(run) for run in runs)), lines)


def _ordered(runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> list[int]:
    places = list(range(len(runs)))
    row = next((row for row in rows if row.name == f"metrics.{metric}"), None)
    if row is None:
        return places
    from nbledger.registry.best import is_minimized

    sign = 1.0 if is_minimized(row.name) else -1.0

    def key(at: int) -> tuple[bool, bool, float]:
        value = row.values[at]  # noqa: PD011 - a row, not a frame
        lacking = value is None or value != value  # noqa: PLR0124  # not-a-number
        return (not row.comparable[at], lacking, 0.0 if lacking else sign * value)

    return [places[0], *sorted(places[1:], key=key)]


def _cell(row: Row, index: int) -> str:
    value: Any = row.values[index]  # noqa: PD011 - a row, not a frame
    text = "-" if value is None else shortened(number(value), WIDEST)
    if not row.comparable or value is None:
        return text
    if not row.comparable[index]:
        return f"{text} {NOT_COMPARED}"
    first: Any = row.values[0]  # noqa: PD011 - a row, not a frame
    if index and first is not None:
        gain = row.gains[index] if row.gains else None
        text += f"\n{change(value, first)}"
        if gain is not None and gain.low is not None and gain.high is not None and gain.low != gain.high:
            text += f" [{gain.low:+.3g}, {gain.high:+.3g}]" + ("" if gain.sure else "\nmay be chance")
    return f"★ {text}" if row.best == index else text


def metric_interval(ledger: Ledger, run: Run, name: str, value: float) -> tuple[float | None, float | None]:
    """Return the 95 percent interval of a recorded value.

    There is none where the stored predictions do not give that very value.
    """
    from nbledger.ledger import NotFound
    from nbledger.lineage.honest import judged
    from nbledger.lineage.paired import interval

    try:
        found = judged(ledger, run.id, name)
        if found is None:
            return None, None
        draws = max(200, min(2_000, _DRAWS // max(len(found.y_true), 1)))
        one = interval(found.y_true, found.y_pred, found.kind, resamples=draws)
    except (NotFound, TypeError, ValueError):
        return None, None
    if one is None or abs(one.delta - value) > 1e-6 * max(1.0, abs(value)):
        return None, None
    return one.low, one.high
