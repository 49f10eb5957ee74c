"""How `nbledger run` runs: its options about kernels, time and jobs, and several notebooks at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from nbledger.commands.common import emit, plain, short
from nbledger.errors import NBLedgerError
from nbledger.tables import span, table

F = TypeVar("F", bound=Callable[..., Any])


class SomeFailed(NBLedgerError):
    """Of several notebooks some failed. Fields: failed (how many), count, names."""

    template = "{failed} of {count} notebooks failed: {names}"


def running_options(command: F) -> F:
    """Add `--jobs`, `--timeout`, `--cell-timeout`, `--fresh/--pool` and `--resume` to a command."""
    options = (
        click.option(
            "-j", "--jobs", type=click.IntRange(1), help="How many notebooks run at once; as many as cores by default."
        ),
        click.option(
            "--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Seconds for a whole run."
        ),
        click.option(
            "--cell-timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="Seconds for each cell."
        ),
        click.option(
            "--fresh/--pool",
            "fresh",
            default=None,
            help="A kernel started cold (the default where CI is set), or one started ahead.",
        ),
        click.option("--resume", metavar="RUN", help="Go on from the cell in which a run failed."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def run_many(
    notebooks: tuple[Path, ...],
    params: Mapping[str, Any],
    *,
    jobs: int | None,
    options: dict[str, Any],
    as_json: bool,
) -> None:
    """Run notebooks side by side and say what came of each. Raises `SomeFailed`."""
    from nbledger.pipeline.many import run_notebooks

    ends = run_notebooks(notebooks, params, jobs=jobs, **options)
    data, rows = [], []
    for end in ends:
        run, name = end.run, end.request.notebook.name
        told = str(end.failure).partition("\n")[0] if end.failure else "; ".join(run.findings if run else ())
        status = run.status if run else "refused"
        data.append({"notebook": str(end.request.notebook), "status": status, "run": plain(run), "error": told or None})
        rows.append([short(run.id) if run else "", name, status, span(run.duration) if run else "", told])
    emit(data, table(["run", "notebook", "status", "duration", ""], rows), as_json=as_json)
    failed = [end.request.notebook.name for end in ends if end.failure is not None]
    if failed:
        raise SomeFailed(failed=len(failed), count=len(ends), names=", ".join(failed))
