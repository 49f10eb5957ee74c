"""The verb watch: what goes on in the ledger now, in any process."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import click

from nbledger.commands.common import State, as_json, complete_experiments, emit, examples, pass_state, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbledger.ledger import Ledger
    from nbledger.pipeline.watching import Watched
    from nbledger.widgets.view import View


@click.command(
    epilog=examples("""
        nbledger watch
        nbledger watch "metrics.f1 > 0.5" -e churn
        nbledger watch --once --json
    """)
)
@click.argument("filter_", required=False, metavar="[FILTER]")
@click.option("-e", "--experiment", metavar="NAME", shell_complete=complete_experiments, help="Only its runs.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many of the runs that ended last.",
)
@click.option("--once", is_flag=True, help="Show how it stands now, and end.")
@as_json
@pass_state
def watch(state: State, filter_: str | None, experiment: str | None, limit: int, once: bool, as_json: bool) -> None:
    """Follow runs that are under way in any process, sweeps, and what ended last, until Ctrl-C.

    A terminal's display is drawn anew when something was written; in a pipe each run that begins or ends is a line, and
    with --json each state is one line of JSON. In a notebook the cell returns at once and its display goes on.
    """
    from nbledger.pipeline.watching import watched

    ledger = state.ledger()

    def read() -> Watched:
        return watched(ledger, filter_, experiment=experiment, limit=limit, but_session=state.session)

    def view() -> View:
        from nbledger.widgets.watch import WatchView

        return WatchView(ledger, filter_, experiment=experiment, limit=limit, but_session=state.session)

    if once or state.notebook:
        emit(lambda: read().to_dict(), lambda: read().text(state.width), as_json=as_json, view=None if once else view)
        return
    _follow(ledger, read, as_json=as_json)


def _follow(ledger: Ledger, read: Callable[[], Watched], *, as_json: bool) -> None:
    """Show what goes on until somebody presses Ctrl-C, which is how one ends it: no error."""
    from nbledger.ledger.following import Following
    from nbledger.pipeline.watching import IDLE

    shown = _Json() if as_json else _Screen() if sys.stdout.isatty() else _Lines()
    last: list[Watched] = [read()]  # a filter that is not understood is refused here

    def look() -> None:
        last[0] = read()
        shown.show(last[0])

    following = Following(ledger, look, idle=lambda: IDLE if shown.is_timed and last[0].is_live else None)
    following.start()
    try:
        while following.is_alive:
            following.join(1.0)
    except KeyboardInterrupt:
        click.echo("")
    finally:
        following.stop()


class _Screen:
    """A terminal: the last display is replaced by the next one."""

    is_timed = True

    def __init__(self) -> None:
        self._drawn = 0

    def show(self, state: Watched) -> None:
        size = shutil.get_terminal_size()
        lines = state.text(size.columns).splitlines()[: max(size.lines - 2, 1)]
        up = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        click.echo(up + "\n".join(lines))
        self._drawn = len(lines)


class _Lines:
    """A pipe: a line for each run that begins or ends, also where nobody wrote that it did."""

    is_timed = True

    def __init__(self) -> None:
        self._known: dict[str, str] | None = None

    def show(self, state: Watched) -> None:
        from nbledger.tables import clean

        runs = {one.run.id: one for one in (*reversed(state.ended), *state.running)}
        now = {id: one.run.status for id, one in runs.items()}
        if self._known is None:
            click.echo(clean(state.head))
            self._known = {one.run.id: one.run.status for one in state.ended}
        for id, status in now.items():
            if self._known.get(id) != status:
                one = runs[id]
                parts = (id[:8], status, one.run.kind, one.title, one.metrics, one.where)
                click.echo(clean("  ".join(part for part in parts if part)))
        self._known |= now


class _Json:
    """Each state as one line of JSON; that time passed is no other state."""

    is_timed = False

    def show(self, state: Watched) -> None:
        click.echo(json.dumps(plain(state.to_dict()), ensure_ascii=False, allow_nan=False))


__all__ = ["watch"]
