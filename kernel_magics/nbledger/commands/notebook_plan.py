"""What `nbledger run` says of a notebook without running it: its params, and why it would run or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nbledger.tables import table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

F = TypeVar("F", bound=Callable[..., Any])


def plan_options(command: F) -> F:
    """Add the options `--params`, `--cache/--no-cache`, `--explain` and `--dry-run` to a command."""
    options = (
        click.option("--params", "list_params", is_flag=True, help="List the params that the notebook takes."),
        click.option(
            "--cache/--no-cache",
            default=True,
            help="Take the results of an earlier run that did the same (the default), or run in any case.",
        ),
        click.option("--explain", is_flag=True, help="Say why it runs, or what its results are taken from."),
        click.option("--dry-run", is_flag=True, help="Say why it would run or not, and run nothing."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def params_of(notebook: Path) -> tuple[list[dict[str, Any]], str]:
    """Return what a notebook's parameters cell declares, as plain data and as a table."""
    from nbledger.pipeline.execute import read_notebook
    from nbledger.pipeline.parameters import declared

    found = declared(read_notebook(notebook), notebook.name)
    if found is None:
        return [], f"{notebook.name} takes no parameters: no cell of it is tagged 'parameters'"
    data = [one.to_dict() for one in found]
    rows = [[one["name"], one["type"], one["default"] or "", one["help"]] for one in data]
    return data, table(["name", "type", "default", "help"], rows)


def plan_of(ledger: Ledger, notebook: Path, params: Mapping[str, Any], **where: Any) -> tuple[dict[str, Any], str]:
    """Return why a notebook would run, or from which run its results would be taken; nothing runs.

    `where` are `kernel`, `cwd` and `experiment` as of `run_notebook`. Raises what that raises before anything runs.
    """
    from nbledger.pipeline import caching
    from nbledger.pipeline.execute import read_notebook
    from nbledger.pipeline.parameters import check

    nb = read_notebook(notebook)
    given = check(nb, params, notebook.name)
    found = caching.lookup(ledger, nb, notebook.absolute(), given, **where)
    hit = isinstance(found, caching.Hit)
    data = {
        "notebook": found.step.name,
        "runs": not hit,
        "cached_from": found.run if hit else None,
        "reasons": [] if isinstance(found, caching.Hit) else list(found.reasons),
    }
    return data, caching.explain_found(ledger, found)


__all__ = ["params_of", "plan_of", "plan_options"]
