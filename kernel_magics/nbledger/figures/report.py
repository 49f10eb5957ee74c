"""What a report of runs says, in order: what is compared, how they stand, what explains it, how they predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbledger.figures.compared import Row, compared, judgements
from nbledger.figures.report_page import Drawing, Page, Part
from nbledger.figures.report_tables import called, comparison_table, detailed, environment_table, intervals
from nbledger.registry.best import is_minimized
from nbledger.registry.card.page import NOT_COMPARED, Block, Code, Facts, Items, Table, Text
from nbledger.tables import many, when

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.differences.data_diff import DataDiff
    from nbledger.records import Run

#: Below this a scatter or an importance would show chance.
LEAST_FOR_SHAPES = 5
MOST_DIMS, MOST_BARS, MOST_BARRED = 8, 3, 15
MOST_DETAILED = 4
MOST_CURVES, MOST_MATRICES, MOST_DATA, MOST_COLUMNS = 60, 2, 40, 4

Blocks = list[Block | Drawing]


def report(ledger: Ledger, runs: Sequence[Run], *, metric: str | None = None, total: int | None = None) -> Page:
    """Return a report of at least one run; the first is the baseline that others are compared with.

    `metric` is the one to judge by, by default the one that most of the runs have. `total` is how many runs these were
    chosen from, which is said where it is more.
    """
    rows = compared(ledger, runs)
    chosen = metric or _main_metric(rows)
    parts = [
        Part("What is compared", tuple(_comparison(ledger, runs, rows, chosen))),
        Part("Metrics", tuple(_metrics(ledger, runs, rows, chosen))),
        Part("Params and metrics", tuple(_shapes(ledger, runs, rows, chosen))),
        Part("Learning curves", tuple(_curves(ledger, runs))),
        Part("Predictions", tuple(_predictions(ledger, runs, rows, chosen))),
        Part("From the first run to the second", tuple(_differences(ledger, runs))),
        Part("Lineage", tuple(_lineage(ledger, runs, rows, chosen))),
        Part("Environment", tuple(_environment(ledger, runs))),
    ]
    title = f"Report of {many(len(runs), 'run')}"
    if total is not None and total > len(runs):
        title += f", of {total:,}"
    experiments = sorted({run.experiment for run in runs if run.experiment})
    subtitle = f"{', '.join(experiments[:5]) or 'no experiment'}; {_span(runs)}"
    data = {"runs": [run.id for run in runs], "metric": chosen}
    return Page(title, subtitle, tuple(part for part in parts if part.blocks), data)


def _main_metric(rows: Sequence[Row]) -> str | None:
    metrics = [row for row in rows if row.is_metric]
    most = max(metrics, key=lambda row: sum(value is not None for value in row.values), default=None)
    return None if most is None else most.name.removeprefix("metrics.")


def _span(runs: Sequence[Run]) -> str:
    started = [run.started_at for run in runs]
    return when(min(started)) if len(runs) == 1 else f"{when(min(started))} to {when(max(started))}"


def _comparison(ledger: Ledger, runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> Blocks:
    first = runs[0]
    facts = [("baseline", f"{called(first)} (the first run)")]
    if metric is not None:
        facts.append(("judged by", f"{metric}, {'less' if is_minimized(metric) else 'more'} is better"))
    notebooks = sorted({run.notebook for run in runs if run.notebook})
    if notebooks:
        facts.append(("notebooks", ", ".join(notebooks[:5])))
    failed = [run for run in runs if run.status != "finished"]
    if failed:
        facts.append(("did not finish", ", ".join(f"{called(run)} ({run.status})" for run in failed[:10])))
    table, left_out = comparison_table(runs, rows, metric)
    notes = [left_out] if left_out else []
    if any(row.best is not None for row in rows):
        notes.append("★ is the best; below a number stands its change against the baseline.")
    if any(gain is not None and gain.low is not None for row in rows for gain in row.gains):
        notes.append("In [low, high]: the change on the same rows with 95 % confidence.")
    if any(not fair for row in rows for fair in row.comparable):
        notes.append(f"{NOT_COMPARED}: judged on other evaluation data than the baseline, so not compared with it.")
    notes += [f"{told[0].upper()}{told[1:]}." for told in judgements(ledger, first)]
    blocks: Blocks = [Facts(tuple(facts)), table]
    return [*blocks, Items(tuple(notes))] if notes else blocks


def _metrics(ledger: Ledger, runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> Blocks:
    from nbledger.figures.metric_bars import metric_bars

    found = [row for row in rows if row.is_metric]
    found.sort(key=lambda row: row.name != f"metrics.{metric}")
    if not found:
        return [Text("No run has a metric.")]
    shown = runs if len(runs) <= MOST_BARRED else detailed(runs, rows, metric, most=MOST_BARRED)
    note = f"the first run and the best of {len(runs):,}" if len(shown) < len(runs) else ""
    return [
        Drawing.of(
            metric_bars(
                intervals(ledger, runs, shown, row),
                row.name.removeprefix("metrics."),
                baseline=called(runs[0]),
                note=note,
            )
        )
        for row in found[: MOST_BARS if len(runs) <= MOST_BARRED else 1]
    ]


def _shapes(ledger: Ledger, runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> Blocks:
    from nbledger.figures import source
    from nbledger.figures.importance import LEAST_RUNS, importance
    from nbledger.figures.runs_charts import is_wide, parallel_coordinates, scatter

    params = [row for row in _varying(rows) if row.name.startswith("params.")]
    if metric is None or not params or len(runs) < LEAST_FOR_SHAPES:
        return []
    table = source.runs_frame(ledger, [run.id for run in runs])
    column = f"metrics.{metric}"
    dims = [row.name for row in params[:MOST_DIMS]]
    blocks: Blocks = [Drawing.of(parallel_coordinates(table.frame, dims, column, note=table.said))]
    others = [row for row in rows if row.is_metric and row.name != column and row.varies]
    if others:
        other = others[0].name
        ways = [(name, "min" if is_minimized(name) else "max") for name in (other, column)]
        blocks.append(Drawing.of(scatter(table.frame, other, column, pareto=ways, color=dims[0], note=table.said)))
    else:
        blocks.append(
            Drawing.of(scatter(table.frame, dims[0], column, log_x=is_wide(table.frame[dims[0]]), note=table.said))
        )
    if len(runs) >= LEAST_RUNS:
        blocks.append(Drawing.of(importance(table.frame, column)))
    return blocks


def _curves(ledger: Ledger, runs: Sequence[Run]) -> Blocks:
    """Return the learning curves of metrics with several values, of the first runs."""
    from nbledger.figures import source
    from nbledger.figures.learning import learning_curves

    shown = runs[:MOST_CURVES]
    names = {run.id: called(run) for run in shown}
    blocks: Blocks = []
    for metric, table in source.all_curves(ledger, [run.id for run in shown]).items():
        if len(blocks) < MOST_BARS:
            blocks.append(Drawing.of(learning_curves(table, metric, names=names)))
    if blocks and len(shown) < len(runs):
        blocks.append(Text(f"Of the first {len(shown)} of {len(runs):,} runs."))
    return blocks


def _predictions(ledger: Ledger, runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> Blocks:
    """Return how the baseline and the best runs predict, from stored predictions."""
    from nbledger.figures import judged, source

    shown = detailed(runs, rows, metric)
    found = [(run, source.predictions(ledger, run.id)) for run in shown]
    known = [replace(one, name=called(run)) for run, one in found if isinstance(one, source.Predictions)]
    if not known:
        return []
    blocks: Blocks = []
    if len(shown) < len(runs):
        blocks.append(Text(f"The baseline and the best of {len(runs):,} runs: {', '.join(map(called, shown))}."))
    labelled = [one for one in known if one.kind == "classification"]
    scored = [one for one in labelled if one.y_score is not None]
    if scored:
        blocks += [Drawing.of(judged.roc(scored)), Drawing.of(judged.pr(scored))]
    if any(len(one.classes) == 2 for one in scored):
        blocks.append(Drawing.of(judged.calibration(scored)))
    blocks += [Drawing.of(judged.confusion(one)) for one in labelled if one.y_pred is not None][:MOST_MATRICES]
    if any(one.kind == "regression" for one in known):
        blocks.append(Drawing.of(judged.residuals(known)))
    return blocks


def _differences(ledger: Ledger, runs: Sequence[Run]) -> Blocks:
    """Return how code and data differ between the first two runs."""
    from nbledger.lineage.diff import diff

    if len(runs) < 2:
        return []
    found = diff(ledger, runs[0].id, runs[1].id)
    blocks: Blocks = [Text(found.conclusion)]
    for cell in found.code:
        lines = [line for one in cell.statements for line in one.diff]
        if cell.change in ("changed", "added", "removed") and lines:
            blocks.append(Code(f"Code, {cell.change}: {cell.label}", "\n".join(lines), "diff"))
    changed = [("used", one) for one in found.data if one.change != "same"]
    changed += [("made", one) for one in found.made if one.change != "same"]
    if changed:
        lines_of = tuple((one.name, way, one.kind, one.summary, one.note) for way, one in changed[:MOST_DATA])
        blocks.append(Table("Data that differs", ("name", "", "kind", "what differs", "note"), lines_of))
    if len(changed) > MOST_DATA:
        blocks.append(Text(f"{MOST_DATA} of {len(changed)} are shown."))
    return blocks + _distributions(ledger, [one for way, one in changed if way == "used"], runs)


def _distributions(ledger: Ledger, changed: Sequence[DataDiff], runs: Sequence[Run]) -> Blocks:
    """Return the columns that changed in the data that was used, before and after, as far as contents are kept."""
    from nbledger.figures import source
    from nbledger.figures.distribution import distribution

    blocks: Blocks = []
    for one in changed:
        if one.table is None or not one.table.changed or one.hash_a is None or one.hash_b is None:
            continue
        old, new = source.data(ledger, one.hash_a, one.name_a or one.name), source.data(ledger, one.hash_b, one.name)
        if isinstance(old, source.Missing) or isinstance(new, source.Missing):
            continue
        for column in [column for column in one.table.changed if column.name in old and column.name in new]:
            before, after = old[column.name], new[column.name]
            name = f"{one.name}.{column.name}"
            blocks.append(Drawing.of(distribution(before, after, name=name, names=(called(runs[0]), called(runs[1])))))
            if len(blocks) == MOST_COLUMNS:
                return blocks
    return blocks


def _varying(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with different values, one of those that always go together."""
    kept: list[Row] = []
    seen: set[Any] = set()
    for row in rows:
        key = tuple(map(repr, row.values))
        if row.varies and key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def _lineage(ledger: Ledger, runs: Sequence[Run], rows: Sequence[Row], metric: str | None) -> Blocks:
    """Return how the best run came about, or the baseline where none is better."""
    from nbledger.figures.lineage_figure import lineage_figure, nodes_of
    from nbledger.lineage.why import why

    row = next((row for row in rows if row.name == f"metrics.{metric}"), None)
    run = runs[row.best if row is not None and row.best is not None else 0]
    nodes, edges = nodes_of(why(ledger, run.id))
    if len(nodes) < 2:
        return []
    return [Drawing.of(lineage_figure(nodes, edges, title=f"What made {called(run)}"))]


def _environment(ledger: Ledger, runs: Sequence[Run]) -> Blocks:
    table = environment_table(ledger, runs[:MOST_DETAILED])
    if table is None:
        return [Text("Not recorded.")]
    words = [Text(f"Of the first {MOST_DETAILED} of {len(runs):,} runs.")] if len(runs) > MOST_DETAILED else []
    return [*words, table]
