"""The verbs that answer from lineage: why, slice, impact, stale, history, leaks."""

from __future__ import annotations

from pathlib import Path

import click

from nbledger.commands.common import State, as_json, emit, examples, pass_state

TARGET = "X is a variable's name, a run's id, a metric's name, a model (models:/NAME/VERSION, NAME@ALIAS) or a file."


@click.command(
    epilog=examples("""
        nbledger why accuracy
        nbledger why model --graph
        nbledger why churn@champion --json
        nbledger why file:data/clean.csv
    """),
    help="Show what made X: the chain of cell runs, nearest first, down to files and other notebooks.\n\n" + TARGET,
)
@click.argument("x", metavar="X")
@click.option("--graph", is_flag=True, help="Draw the chain as a tree.")
@click.option("--mermaid", is_flag=True, help="Print the chain as a Mermaid flowchart.")
@click.option("--session", metavar="ID", help="Look for names in this session; the latest that knows them by default.")
@as_json
@pass_state
def why(state: State, x: str, graph: bool, mermaid: bool, session: str | None, as_json: bool) -> None:
    """Show what made X."""
    from nbledger.lineage.why import why as answer

    found = answer(state.ledger(), x, session=session or state.session)
    text = found.mermaid() if mermaid else found.tree() if graph else str(found)
    emit(found.to_dict(), text, as_json=as_json)


@click.command(
    name="slice",
    epilog=examples("""
        nbledger slice model
        nbledger slice 3f2a91c0 --json
    """),
    help="Show the fewest recorded cell runs that give X, in order, as they were executed.\n\n" + TARGET,
)
@click.argument("x", metavar="X")
@click.option("--session", metavar="ID", help="Look for names in this session; the latest that knows them by default.")
@as_json
@pass_state
def slice_(state: State, x: str, session: str | None, as_json: bool) -> None:
    """Show the slice of X."""
    from nbledger.lineage.slicing import slice_of

    found = slice_of(state.ledger(), x, session=session or state.session)
    emit(found.to_dict(), str(found), as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger impact data/churn.csv
        nbledger impact df
    """),
    help="Show what used X, directly or through others, down to model versions and their aliases.\n\n" + TARGET,
)
@click.argument("x", metavar="X")
@click.option("--session", metavar="ID", help="Look for names in this session; the latest that knows them by default.")
@as_json
@pass_state
def impact(state: State, x: str, session: str | None, as_json: bool) -> None:
    """Show what used X."""
    from nbledger.lineage.impact import impact as answer

    found = answer(state.ledger(), x, session=session or state.session)
    emit(found.to_dict(), str(found), as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger stale
        nbledger stale notebooks/train.ipynb
    """)
    + "\n\nExit codes: 0 nothing is stale, 3 something is.",
)
@click.argument("notebook", required=False, metavar="[NOTEBOOK]", type=click.Path(path_type=Path))
@click.option("--session", metavar="ID", help="Look at this session; by default the latest (of the notebook).")
@as_json
@pass_state
def stale(state: State, notebook: Path | None, session: str | None, as_json: bool) -> int:
    """Show which results no longer match today's code, data files or environment, and why.

    Lists the cells to run again, in order. NOTEBOOK chooses its latest session.
    """
    from nbledger.capture.environment import current_environment
    from nbledger.lineage.stale import stale as answer

    given = session or (None if notebook else state.session)
    packages = dict(current_environment().packages)
    name = str(notebook) if notebook is not None else None
    found = answer(state.ledger(), name, session=given, environment=packages)
    emit(found.to_dict(), str(found), as_json=as_json)
    return 3 if found.runs and not state.notebook else 0


@click.command(
    epilog=examples("""
        nbledger history df
        nbledger history data/churn.csv
        nbledger history cell:3f2a91c0
    """)
)
@click.argument("x", metavar="CELL|VAR|FILE")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many versions at most."
)
@click.option("--session", metavar="ID", help="Only what happened in this session.")
@as_json
@pass_state
def history(state: State, x: str, limit: int, session: str | None, as_json: bool) -> None:
    """Show the past versions of a variable, a file or a cell, newest first, with the runs that made them."""
    from nbledger.lineage.history import history as answer

    found = answer(state.ledger(), x, session=session, limit=limit)
    emit(found.to_dict(), str(found), as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger leaks
        nbledger leaks --groups patient_id --time admitted_at
        nbledger leaks --session 5d20b1aa --json
    """)
    + "\n\nExit codes: 0 no leakage was found, 3 some was.",
)
@click.option("--groups", metavar="COLUMN", multiple=True, help="A column whose values must not be in train and test.")
@click.option("--time", metavar="COLUMN", help="A column by which train must come before test.")
@click.option("--session", metavar="ID", help="Look at this session; by default the latest.")
@as_json
@pass_state
def leaks(state: State, groups: tuple[str, ...], time: str | None, session: str | None, as_json: bool) -> int:
    """Show where the test data leaked: preprocessing, overlap, multi-test and target leakage, each with a remedy."""
    from nbledger.lineage.leaks import leaks as answer

    found = answer(state.ledger(), session=session or state.session, groups=groups or None, time=time)
    emit(found.to_dict(), str(found), as_json=as_json)
    return 3 if len(found) and not state.notebook else 0
