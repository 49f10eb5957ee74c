"""The verb extract: a slice as a notebook of its own."""

from __future__ import annotations

from pathlib import Path

import click

from nbledger.commands.common import State, as_json, emit, examples, nearby, pass_state


@click.command(
    epilog=examples("""
        nbledger extract accuracy -o train.ipynb
        nbledger extract models:/churn@champion -o train.ipynb --param max_depth --param train_test_split.test_size
        nbledger extract file:out/scores.csv -o scores.ipynb --no-params
        papermill --engine nbledger train.ipynb out.ipynb -p max_depth 8
    """)
)
@click.argument("target", metavar="X")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the notebook goes.",
)
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="NAME",
    help="A literal that becomes a param: an assigned name, a keyword argument, or FUNCTION.KEYWORD. Repeatable.",
)
@click.option("--no-params", is_flag=True, help="No params, instead of those that are proposed.")
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
@as_json
@pass_state
def extract(
    state: State, target: str, output: Path, params: tuple[str, ...], no_params: bool, force: bool, as_json: bool
) -> None:
    """Write the slice of X as a clean notebook.

    X is a variable, run, metric, model or file. The notebook has the imports first, then a cell tagged `parameters`,
    then the cells that are needed, as they were executed. It runs by papermill, from any folder, and gives X.
    """
    from nbledger.lineage.extract import extract as cut_out

    if params and no_params:
        raise click.UsageError("--param and --no-params exclude each other")
    chosen = () if no_params else params or None
    made = cut_out(state.ledger(), target, output, params=chosen, session=state.session, force=force)
    text = str(made)
    if made.path is not None:
        text = text.replace(str(made.path), nearby(made.path))
    emit(made.to_dict(), text, as_json=as_json)
