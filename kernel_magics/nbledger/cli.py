"""The shell edge: `nbledger VERB ...`; `%ledger VERB ...` runs the very same verbs inside a notebook.

Exit codes: 0 done; 1 refused or failed, with one line on stderr that says why and what to do; 2 the command line was
not understood.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbledger.commands.checkout import checkout
from nbledger.commands.ci import ci
from nbledger.commands.common import State, examples
from nbledger.commands.compare import compare
from nbledger.commands.data import data
from nbledger.commands.diff import diff
from nbledger.commands.expect import check, expect
from nbledger.commands.extract import extract
from nbledger.commands.lineage import history, impact, leaks, slice_, stale, why
from nbledger.commands.model_metadata import card, describe
from nbledger.commands.models import models, promote
from nbledger.commands.network import lineage
from nbledger.commands.notebook import run
from nbledger.commands.pipeline import pipeline
from nbledger.commands.promotions import approve, rollback, verify
from nbledger.commands.registry import registry
from nbledger.commands.report import report
from nbledger.commands.reproduce import reproduce
from nbledger.commands.runs import delete, restore, runs, show
from nbledger.commands.store import doctor, export, gc, import_, init, merge, sql, where
from nbledger.commands.sweep import sweep, sweeps
from nbledger.commands.watch import watch
from nbledger.errors import NBLedgerError

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.widgets.view import View

INTERRUPTED = 130


class BadUsage(NBLedgerError):
    """A `%ledger` line that was not understood. Field: detail, click's own words."""


class InOrder(click.Group):
    """A group that lists its verbs in the order in which they were added: the way one meets them."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the verbs in their order."""
        return list(self.commands)


@click.group(
    cls=InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=examples("""
        nbledger run notebooks/train.ipynb -p C 0.1
        nbledger runs --order-by "metrics.f1 desc"
        nbledger promote churn --best metrics.f1 --alias champion
    """)
    + "\n\nExit codes: 0 done, 1 refused or failed, 2 the command line was not understood.",
)
@click.option(
    "--ledger",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The ledger's folder; found from the current folder upwards by default, or from NBLEDGER_DIR.",
)
@click.version_option(package_name="nbledger", prog_name="nbledger")
@click.pass_context
def cli(context: click.Context, path: Path | None) -> None:
    """Every notebook cell that you run becomes an entry in a ledger that you can trust."""
    state = context.ensure_object(State)
    if path is not None:
        state.path = path
    context.call_on_close(state.close)


for verb in (
    run, pipeline, ci, sweep, sweeps, watch, runs, show, compare, report, diff,
    why, slice_, impact, lineage, data, stale, history, extract, checkout, reproduce, leaks,
    expect, check,
    promote, models, registry, describe, card, rollback, approve, verify, delete, restore,
    where, init, doctor, gc, export, import_, merge, sql,
):  # fmt: skip
    cli.add_command(verb)


def main() -> None:
    """Run one command line of the shell and exit with its code."""
    # jsonschema's check of IRIs, which nothing here asks for: to import its grammar takes 1 s of each `nbledger run`
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    try:
        code = cli.main(sys.argv[1:] or ["--help"], standalone_mode=False, obj=State())
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except NBLedgerError as error:
        click.echo(f"nbledger: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("nbledger: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `nbledger runs | head`
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that cannot be written
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"nbledger: {where}{error.strerror or error}", err=True)
        sys.exit(1)


def run_in_notebook(
    args: Sequence[str],
    ledger: Ledger | None = None,
    session: str | None = None,
    views: list[View] | None = None,
) -> str:
    """Run one `%ledger` line and return its text; it never exits the kernel.

    `ledger` is the one that the notebook records into, used unless the line says `--ledger`; `session` is the
    notebook's own, in which names are looked for first. A verb that has a view of its answer adds it to `views`, if
    that is given, and prints nothing. What the shell would answer with an exit code above 0 is raised here, so that a
    notebook in a pipeline fails as its shell script would: an `NBLedgerError` (`BadUsage` for a line that was not
    understood).
    """
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            cli.main(
                list(args) or ["--help"],
                prog_name="%ledger",
                standalone_mode=False,
                obj=State(given=ledger, notebook=True, session=session, views=views),
            )
        except click.UsageError as error:
            hint = error.ctx.get_usage() if error.ctx else ""
            raise BadUsage(detail=f"{error.format_message()}  {' '.join(hint.split())}".strip()) from None
        except click.ClickException as error:
            raise BadUsage(detail=error.format_message()) from None
    return out.getvalue().rstrip("\n")


def complete_words(args: Sequence[str], incomplete: str, ledger: Ledger | None = None) -> list[str]:
    """Return what may stand at the end of a `%ledger` line: verbs, options, run ids, experiments, models."""
    from click.shell_completion import ShellComplete

    completer = ShellComplete(cli, {"obj": State(given=ledger, notebook=True)}, "%ledger", "_NBLEDGER_COMPLETE")
    return [item.value for item in completer.get_completions(list(args), incomplete) if item.type == "plain"]


if __name__ == "__main__":
    main()
