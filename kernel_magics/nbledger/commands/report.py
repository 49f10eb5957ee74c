"""The verb report: runs compared in one file to read, mail and keep."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click

from nbledger.commands.common import (
    CommandRefused,
    State,
    as_json,
    complete_experiments,
    complete_runs,
    emit,
    examples,
    nearby,
    pass_state,
)
from nbledger.ledger.selection import tracked_filter
from nbledger.tables import many, size

_WRITTEN = (".html", ".htm", ".md")


@click.command(
    epilog=examples("""
        nbledger report 3f2a91c0 77d0e1aa -o report.html
        nbledger report -e churn --metric f1 -o report.html
        nbledger report --filter "metrics.f1 > 0.9" -o report.md
    """)
)
@click.argument("runs", nargs=-1, metavar="RUN...", shell_complete=complete_runs)
@click.option("--filter", "filter_", metavar="FILTER", help="Report on the runs that this filter leaves.")
@click.option("-e", "--experiment", metavar="NAME", shell_complete=complete_experiments, help="Report on its runs.")
@click.option("--order-by", metavar="KEY", help="The order of filtered runs, oldest first by default.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="How many filtered runs at most, the newest.",
)
@click.option("--metric", metavar="NAME", help="The metric to judge by; by default the one that most runs have.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The file to write: .html (one file, nothing else is needed) or .md.",
)
@as_json
@pass_state
def report(
    state: State,
    runs: tuple[str, ...],
    filter_: str | None,
    experiment: str | None,
    order_by: str | None,
    limit: int,
    metric: str | None,
    output: Path,
    as_json: bool,
) -> None:
    """Write a report of runs: what differs, how they stand, what explains it, how they predict.

    The first run is the baseline. The HTML file holds everything that it needs, figures too, and fetches nothing; the
    Markdown file has the same tables and says in words what the figures show.
    """
    from nbledger.figures.report import report as made
    from nbledger.figures.report_page import page_html, page_markdown

    if output.suffix.lower() not in _WRITTEN:
        raise click.UsageError(f"A report is written as .html or .md, not as {output.name!r}.")
    ledger = state.ledger()
    if runs:
        if filter_ or experiment or order_by:
            raise click.UsageError("Give runs, or --filter, --experiment and --order-by; not both.")
        chosen = [ledger.run(run) for run in dict.fromkeys(map(ledger.run_id, runs))]
        total = len(chosen)
    else:
        if not (filter_ or experiment):
            raise click.UsageError("Say which runs: RUN RUN..., --filter FILTER or --experiment NAME.")
        wanted = tracked_filter(filter_)
        found = list(ledger.runs(wanted, order_by=order_by, limit=limit, experiment=experiment, tracked=True))
        chosen = found if order_by else found[::-1]
        total = ledger.count(wanted, experiment=experiment, tracked=True)
    if not chosen:
        raise CommandRefused(detail="there is nothing to report on: no run found")
    if metric is not None:
        metric = metric.removeprefix("metrics.")
        if not any(metric in run.metrics for run in chosen):
            raise CommandRefused(detail=f"none of these runs has metrics.{metric}: nbledger runs lists what there is")
    page = made(ledger, chosen, metric=metric, total=total)
    text = page_markdown(page) if output.suffix.lower() == ".md" else page_html(page)
    data = text.encode("utf-8", "backslashreplace")
    _write(output, data)
    said = (many(len(chosen), "run"), many(len(page.drawings), "figure"), size(len(data)))
    words = f"{nearby(output.resolve())}: {', '.join(said)}"
    emit(page.data | {"output": str(output), "bytes": len(data), "figures": len(page.drawings)}, words, as_json=as_json)


def _write(path: Path, data: bytes) -> None:
    """Write a whole file or none: what was there stays until the new one is complete."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise CommandRefused(detail=f"{path} cannot be written: {error.strerror or error}") from None
