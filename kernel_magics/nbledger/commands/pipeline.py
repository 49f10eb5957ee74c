"""The verbs of pipelines: pipeline run, plan, graph, status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    OLD_FILE,
    CommandRefused,
    Function,
    State,
    as_json,
    complete_runs,
    emit,
    examples,
    pass_state,
    plain,
    short,
)
from nbledger.commands.pipeline_text import (
    Live,
    dag_text,
    dot,
    mermaid,
    plan_text,
    run_text,
    state_data,
    state_text,
    states_text,
)

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.spec import Pipeline

REFUSED = 3
_PATH = click.argument("path", required=False, default=".", metavar="[PATH]", type=click.Path(path_type=Path))


def _param_options(function: Function) -> Function:
    """Add the options by which params are given, and what is chosen by them."""
    for option in reversed(
        (
            click.option(
                "-p",
                "--param",
                "params",
                nargs=2,
                multiple=True,
                metavar="NAME VALUE",
                help="A param of each step that declares it, or STEP.NAME for one step.",
            ),
            click.option(
                "-f",
                "--file",
                "files",
                multiple=True,
                type=OLD_FILE,
                help="A YAML or JSON file of params; -p wins over it.",
            ),
            click.option("--only", multiple=True, metavar="STEP", help="Only this step and those it needs."),
            click.option("--cache/--no-cache", default=True, help="Take results where nothing changed (the default)."),
        )
    ):
        function = option(function)
    return function


@click.group(
    epilog=examples("""
        nbledger pipeline run
        nbledger pipeline plan notebooks/pipeline
        nbledger pipeline graph --mermaid
        nbledger pipeline status
    """),
)
def pipeline() -> None:
    """Run notebooks as the steps of a pipeline: a folder of them, or what a pipeline.yaml names.

    The order is what they read and write. PATH is the folder or the file; by default the current folder.
    """


@pipeline.command(
    epilog=examples("""
        nbledger pipeline run
        nbledger pipeline run notebooks/pipeline -p seed 7 -p train.C 0.1
        nbledger pipeline run --resume
        nbledger pipeline run churn/pipeline.yaml --no-cache -j 4 --json
    """)
    + "\n\nExit codes: 0 all steps finished, 1 a step failed, 3 gates refused the promotion.",
)
@_PATH
@_param_options
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), help="How many steps run at once; as many as cores by default."
)
@click.option("--fresh/--no-fresh", default=None, help="Start each kernel cold (the default where CI is set).")
@click.option(
    "--resume",
    is_flag=False,
    flag_value="latest",
    metavar="[RUN]",
    shell_complete=complete_runs,
    help="Go on where a run stopped, by default the last one: steps that finished and still hold are taken.",
)
@click.option("--promote/--no-promote", default=True, help="Judge the gates and promote at the end (the default).")
@click.option("--no-upstream", is_flag=True, help="With --only: not the steps they need, which a scheduler ran.")
@click.option("--no-retries", is_flag=True, help="Leave retries to a scheduler.")
@as_json
@pass_state
def run(
    state: State,
    path: Path,
    params: tuple[tuple[str, str], ...],
    files: tuple[Path, ...],
    only: tuple[str, ...],
    cache: bool,
    jobs: int | None,
    fresh: bool | None,
    resume: str | None,
    promote: bool,
    no_upstream: bool,
    no_retries: bool,
    as_json: bool,
) -> int:
    """Run the steps, those without a path between them side by side.

    A step that fails stops what depends on it and nothing else. Each step is a run, all are children of the pipeline's
    run.
    """
    from nbledger.pipeline.graph import dag
    from nbledger.pipeline.running import run_pipeline
    from nbledger.pipeline.spec import load_pipeline
    from nbledger.pipeline.step_params import step_params

    if no_upstream and not only:
        raise click.UsageError("--no-upstream belongs to --only STEP.")
    found = load_pipeline(path)
    if no_retries:
        found = replace(found, steps=tuple(replace(step, retries=0) for step in found.steps))
    given = _given(params, files)
    ledger = state.ledger_beside(found.folder / "pipeline.yaml")
    order = dag(found, ledger, step_params(found, given)).steps
    with Live(order, quiet=state.notebook) as live:
        done = run_pipeline(
            found,
            ledger=ledger,
            params=given,
            jobs=jobs,
            cache=cache,
            fresh=fresh,
            resume=resume,
            only=only or None,
            upstream=not no_upstream,
            promote=promote,
            on_event=live,
        )
    if state.notebook and done.status != "finished":
        raise CommandRefused(detail=run_text(done))
    emit(plain(done), run_text(done), as_json=as_json)
    return {"finished": 0, "refused": REFUSED}.get(done.status, 1)


@pipeline.command(
    epilog=examples("""
        nbledger pipeline promote
        nbledger pipeline promote notebooks/pipeline --json
    """)
    + "\n\nExit codes: 0 promoted, or there already; 3 gates refused; 1 there is nothing to promote.",
)
@_PATH
@as_json
@pass_state
def promote(state: State, path: Path, as_json: bool) -> int:
    """Judge the gates and promote the best of the steps' last runs, as at the end of `pipeline run`.

    For a scheduler that runs the steps one by one.
    """
    from nbledger.pipeline.promoting import last_runs, promote_best
    from nbledger.pipeline.spec import load_pipeline

    found = load_pipeline(path)
    if found.promote is None:
        raise CommandRefused(detail=f"{found.name} promotes nothing: say `promote:` in its pipeline.yaml")
    ledger = state.ledger_beside(found.folder / "pipeline.yaml")
    done = promote_best(ledger, found, found.promote, last_runs(ledger, found))
    if done.problem and (state.notebook or done.status == "failed"):
        raise CommandRefused(detail=done.problem)
    emit(plain(done), done.text, as_json=as_json)
    return REFUSED if done.status == "refused" else 0


@pipeline.command(
    epilog=examples("""
        nbledger pipeline plan
        nbledger pipeline plan notebooks/pipeline -p seed 7
    """)
)
@_PATH
@_param_options
@as_json
@pass_state
def plan(
    state: State,
    path: Path,
    params: tuple[tuple[str, str], ...],
    files: tuple[Path, ...],
    only: tuple[str, ...],
    cache: bool,
    as_json: bool,
) -> None:
    """Show which steps would run, and why, and whose results would be taken. Nothing is run or written."""
    from nbledger.pipeline.planning import plan as planned
    from nbledger.pipeline.spec import load_pipeline

    found = load_pipeline(path)
    answer = planned(found, _there(state, found), params=_given(params, files), cache=cache, only=only or None)
    data = {"pipeline": found.name, "steps": plain(answer.steps), "notes": list(answer.notes)}
    emit(data, plan_text(found, answer, state.width), as_json=as_json)


@pipeline.command(
    epilog=examples("""
        nbledger pipeline graph
        nbledger pipeline graph notebooks/pipeline --mermaid
        nbledger pipeline graph --dot
    """)
)
@_PATH
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--dot", "as_dot", is_flag=True, help="Print a graph in Graphviz' language.")
@as_json
@pass_state
def graph(state: State, path: Path, as_mermaid: bool, as_dot: bool, as_json: bool) -> None:
    """Show the order of the steps, and what each reads of another."""
    from nbledger.pipeline.graph import dag
    from nbledger.pipeline.spec import load_pipeline
    from nbledger.pipeline.step_params import step_params

    found = load_pipeline(path)
    order = dag(found, _there(state, found), step_params(found))
    text = mermaid(order) if as_mermaid else dot(found.name, order) if as_dot else dag_text(found, order)
    data = {
        "pipeline": found.name,
        "steps": list(order.steps),
        "edges": plain(order.edges),
        "files": plain(order.files),
        "notes": list(order.notes),
    }
    emit(data, text, as_json=as_json)


@pipeline.command(
    epilog=examples("""
        nbledger pipeline status
        nbledger pipeline status notebooks/pipeline --run 3f2a91c0
        nbledger pipeline status --all
    """)
)
@_PATH
@click.option("--run", "run_id", metavar="RUN", shell_complete=complete_runs, help="This run instead of the last one.")
@click.option("--all", "every", is_flag=True, help="List the runs of all pipelines in the ledger.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many runs --all lists at most.",
)
@as_json
@pass_state
def status(state: State, path: Path, run_id: str | None, every: bool, limit: int, as_json: bool) -> None:
    """Show how the last run of a pipeline stands, step by step, also while another process runs it."""
    from nbledger.pipeline.pipeline_record import identity
    from nbledger.pipeline.pipeline_state import pipeline_runs, pipeline_state
    from nbledger.pipeline.spec import load_pipeline

    if every:
        ledger = state.ledger()
        states = [pipeline_state(ledger, one) for one in pipeline_runs(ledger, limit=limit)]
        emit([state_data(one) for one in states], states_text(states, state.width), as_json=as_json)
        return
    if run_id is not None:
        ledger = state.ledger()
        chosen = ledger.run(run_id)
        if chosen.kind != "pipeline":
            raise CommandRefused(
                detail=f"run {short(chosen.id)} is a {chosen.kind}, no pipeline: --all lists the pipelines'"
            )
    else:
        found = load_pipeline(path)
        there = _there(state, found)
        runs = pipeline_runs(there, identity(found, there), limit=1) if there is not None else []
        if there is None or not runs:
            raise CommandRefused(detail=f"{found.name} was never run in this ledger: nbledger pipeline run {path}")
        ledger, chosen = there, runs[0]
    answer = pipeline_state(ledger, chosen)
    emit(state_data(answer), state_text(answer, state.width), as_json=as_json)


def _given(params: tuple[tuple[str, str], ...], files: tuple[Path, ...]) -> dict[str, Any]:
    """Return the params that were given: of the files, then those of the line, whose text the declared type reads."""
    from nbledger.pipeline.parameters import Text, read_file

    values: dict[str, Any] = {}
    for file in files:
        values.update(read_file(file))
    values.update((name, Text(text)) for name, text in params)
    return values


def _there(state: State, found: Pipeline) -> Ledger | None:
    """Return the ledger of a pipeline if there is one: what only looks makes none."""
    from nbledger.ledger import LedgerMissing, find_root

    if state.given is None and state.path is None:
        state.path = find_root(found.folder)
    try:
        return state.ledger()
    except LedgerMissing:
        return None
