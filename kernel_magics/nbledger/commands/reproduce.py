"""The verb reproduce: the same again, in a fresh kernel, with a verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from nbledger.commands.common import CommandRefused, State, as_json, emit, examples, nearby, pass_state


@click.command(
    epilog=examples("""
        nbledger reproduce 3f2a91c0
        nbledger reproduce models:/churn@champion --tolerance 1e-6
        nbledger reproduce accuracy --in-env --json
        nbledger reproduce accuracy --requirements then.txt
    """)
    + "\n\nExit codes: 0 identical or equivalent, 3 different, 4 failed, 1 refused (an input has changed), 2 the "
    "command line was not understood."
)
@click.argument("target", metavar="X")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    metavar="NUMBER",
    help="How far numbers may be apart to be equivalent; times the number itself where that is above 1.",
)
@click.option("--in-env", is_flag=True, help="Build the recorded environment (once) and run in it.")
@click.option("--keep", is_flag=True, help="Keep the scratch copy, with the executed notebook, to look at.")
@click.option(
    "--requirements",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the recorded distributions as a requirements file.",
)
@click.option("--progress/--no-progress", default=True, help="Papermill's progress bar (on stderr).")
@as_json
@pass_state
def reproduce(
    state: State,
    target: str,
    tolerance: float,
    in_env: bool,
    keep: bool,
    requirements: Path | None,
    progress: bool,
    as_json: bool,
) -> None:
    """Run the slice of X in a fresh kernel and compare all that it makes.

    X is a run, metric, model, variable or file. The verdict is identical, equivalent, different (at which cell) or
    failed (where). It runs in a scratch copy: nothing that the cells write touches the originals.
    """
    from nbledger.pipeline.reproduce import reproduce as run_again

    found = run_again(
        state.ledger(),
        target,
        tolerance=tolerance,
        in_env=in_env,
        session=state.session,
        keep=keep,
        progress=progress and (state.notebook or sys.stderr.isatty()),
    )
    text = str(found)
    if requirements is not None:
        _write(requirements, found.requirements)
        text += f"\n\nthe recorded distributions: {nearby(requirements.absolute())}"
    if found.exit_code and state.notebook:
        raise CommandRefused(detail=text)
    emit(found.to_dict(), text, as_json=as_json)
    click.get_current_context().exit(found.exit_code)


def _write(path: Path, text: str) -> None:
    if not text:
        raise CommandRefused(detail="the environment was not recorded, so that there are no requirements to write")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandRefused(detail=f"{path} was not written: {error.strerror or error}") from error
