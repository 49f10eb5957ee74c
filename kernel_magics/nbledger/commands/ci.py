"""The verb ci: what a build server runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import CommandRefused, State, as_json, emit, examples, nearby, pass_state, plain

if TYPE_CHECKING:
    from nbledger.pipeline.ci import CiReport

JOB_SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command(
    epilog=examples("""
        nbledger ci
        nbledger ci notebooks/pipeline --junit report.xml --summary report.md
        nbledger ci --base ../base/.nbledger --promote
        nbledger ci --work ../build -p seed 2
    """)
    + "\n\nExit codes: 0 all steps finished and all gates passed, 3 a gate did not pass, 4 a step failed or there is "
    "nothing to judge, 1 refused (nothing ran), 2 the command line was not understood."
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "-p", "--param", "params", nargs=2, multiple=True, metavar="NAME VALUE", help="A param; STEP.NAME for one step."
)
@click.option("--promote", is_flag=True, help="Promote the winner if all gates pass; without it they are only judged.")
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    metavar="LEDGER",
    help="The base branch's ledger, to tell what differs: a project, a .nbledger folder or a bundle.",
)
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the Markdown summary; it is also added to the job's summary where there is one.",
)
@click.option(
    "--junit",
    "junit_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the steps and gates as JUnit XML.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Run in a copy of the project in this folder, which then holds the ledger too. Without it a checkout that can "
    "only be read is copied to the system's folder for temporary files.",
)
@click.option("--no-cache", is_flag=True, help="Run every step, also where nothing changed.")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="How many steps at once; one for each core."
)
@as_json
@pass_state
def ci(
    state: State,
    path: Path,
    params: tuple[tuple[str, str], ...],
    promote: bool,
    base: Path | None,
    summary: Path | None,
    junit_file: Path | None,
    work: Path | None,
    no_cache: bool,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Run a pipeline as a build server does, and judge the result.

    PATH is a pipeline's folder or its pipeline.yaml. Its steps run, the best run is held against the champion and
    judged by the gates; no alias moves without --promote. It needs no network and no Jupyter server, and a
    checkout that can only be read will do.
    """
    from nbledger.pipeline.ci import junit, markdown
    from nbledger.pipeline.parameters import Text

    given: dict[str, Any] = {name: Text(text) for name, text in params}
    report = _checked(state, path, given, promote, base, work, cache=not no_cache, jobs=jobs)
    text = markdown(report)
    if summary is not None:
        _write(summary, text)
    if junit_file is not None:
        _write(junit_file, junit(report))
    _add_to_job(text)
    if report.exit_code and state.notebook:
        raise CommandRefused(detail=text)
    emit(_data(report), text.rstrip("\n"), as_json=as_json)
    click.get_current_context().exit(report.exit_code)


def _checked(
    state: State,
    path: Path,
    params: dict[str, Any],
    promote: bool,
    base: Path | None,
    work: Path | None,
    *,
    cache: bool,
    jobs: int | None,
) -> CiReport:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.ci import project_to_run, run_ci
    from nbledger.pipeline.spec import load_pipeline

    place = path.expanduser().absolute()
    load_pipeline(place)
    here = project_to_run(place, work)
    if here != place:
        click.echo(f"running in a copy: {here}", err=True)
    pipeline = load_pipeline(here)
    ledger = state.given if state.path is None and state.given else Ledger.open(_ledger_place(state, here))
    try:
        return run_ci(
            pipeline,
            ledger,
            params=params,
            promote=promote,
            base=base,
            cache=cache,
            jobs=jobs,
            on_event=None if state.notebook else _say,
        )
    finally:
        if ledger is not state.given:
            ledger.close()


def _ledger_place(state: State, here: Path) -> Path | None:
    """Return where the ledger is: as asked for (`None` for the environment variable), else at the project's root."""
    from nbledger.ledger import find_root
    from nbledger.ledger.location import VARIABLE

    if state.path is not None:
        return state.path
    return None if os.environ.get(VARIABLE) else find_root(here)


def _say(event: Any) -> None:
    """Write a step's start and end on stderr, a line each."""
    if getattr(event, "position", None) is None and event.step:
        reason = f"  {event.reason.splitlines()[0]}" if event.reason else ""
        click.echo(f"{event.step}: {event.status}{reason}", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandRefused(detail=f"{nearby(path)} was not written: {error.strerror or error}") from None


def _add_to_job(text: str) -> None:
    """Add the summary to the job's, where the build server has one."""
    place = os.environ.get(JOB_SUMMARY)
    if place:
        try:
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            click.echo(f"nbledger: the job's summary was not written: {error.strerror or error}", err=True)


def _data(report: CiReport) -> dict[str, Any]:
    data: dict[str, Any] = plain(report)
    data["status"], data["exit_code"] = report.status, report.exit_code
    if isinstance(data.get("candidate"), dict):
        data["candidate"].pop("source", None)
    return data
