"""What goes on in a ledger, live: runs of any process, sweeps with their progress, and what ended last.

A thread looks twice a second whether anything was written, and reads only then; running times are brought up to date
every two seconds while something runs. It ends with `stop`, with the button, when the widget is closed, when its cell
is run again, when another watch of the same ledger begins in this kernel, after `LONGEST` without anything to see, and
with the kernel. That an output was cleared a front end does not tell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from nbledger.errors import NBLedgerError
from nbledger.ledger.following import Following
from nbledger.pipeline.watching import IDLE, Going, Watched, sweep_lines, watched
from nbledger.tables import clean, number, span, when
from nbledger.widgets import parts
from nbledger.widgets.figure_box import FigureBox
from nbledger.widgets.view import View, before_each_cell, running_cell, running_loop

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.sweep.reading import SweepRun

#: Seconds after which it ends where nothing runs and nothing was written.
LONGEST = 12 * 3600.0

_following: WeakValueDictionary[tuple[str, str], WatchView] = WeakValueDictionary()


class WatchView(View):
    """The view of what goes on; `state` is as it was last read."""

    title = "runs under way"

    def __init__(
        self,
        ledger: Ledger,
        filter: str | None = None,
        *,
        experiment: str | None = None,
        limit: int = 10,
        but_session: str | None = None,
    ) -> None:
        super().__init__()
        self.ledger = ledger
        self._read: Callable[[], Watched] = lambda: watched(
            ledger, filter, experiment=experiment, limit=limit, but_session=but_session
        )
        self._key = (str(ledger.folder), f"{filter} {experiment}")
        self.state: Watched = self._read()
        self._widget: _WatchWidget | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._following: Following | None = None
        self._looked = 0.0
        self._cell: str | None = None

    def widget(self) -> Any:
        """Return the live tables; following begins here."""
        self._loop = running_loop()
        self._cell = running_cell()
        self._widget = _WatchWidget(self)
        self.follow()
        return self._widget.box

    def follow(self) -> None:
        """Follow the ledger from now on; an earlier watch of the same in this process ends."""
        earlier = _following.get(self._key)
        if earlier is not None:
            earlier.stop()
        _following[self._key] = self
        self._looked = time.monotonic()
        self._following = Following(self.ledger, self._look, idle=lambda: IDLE if self.state.is_live else LONGEST)
        self._following.start()
        before_each_cell(self._before, on=self._cell is not None)
        if self._widget is not None:
            self._widget.redraw()

    def stop(self) -> None:
        """Follow no longer; what was seen last stays."""
        if self._following is not None:
            self._following.stop()
        before_each_cell(self._before, on=False)
        if self._widget is not None:
            self._widget.redraw()

    @property
    def is_following(self) -> bool:
        """Whether it follows the ledger now."""
        return self._following is not None and self._following.is_alive

    def text(self) -> str:
        """Return what went on when it was last read."""
        return self.state.text()

    def html(self) -> str:
        """Return what went on when it was last read, as tables."""
        return parts.page("runs under way", self.state_html())

    def state_html(self) -> str:
        """Return the tables."""
        state = self.state
        head = f"<p><b>{escape(clean(state.head))}</b> <span class='nbl-quiet'>{_clock(state.at)}</span></p>"
        sweeps = "".join(_sweep(one) for one in state.sweeps)
        return head + _running(state.running) + sweeps + _ended(state.ended)

    def _before(self, cell: Any) -> None:
        """End where the cell that showed this is run again: its output goes."""
        if cell.cell_id == self._cell:
            self.stop()

    def _look(self) -> bool:
        """Read the ledger, in the thread that follows it; return whether to go on."""
        from nbledger.capture.hooks.observe import LOCAL

        LOCAL.depth = 1  # what this thread calls is nobody's cell
        widget = self._widget
        if widget is not None and widget.box.comm is None:
            return False
        now, before = time.monotonic(), self._looked
        if now - before >= LONGEST and not self.state.is_live:
            self._soon(self.stop)
            return False
        self._looked = now
        try:
            self.state = self._read()
        except NBLedgerError as error:
            self.notice(str(error))
            return True
        if widget is not None:
            widget.redraw()
        self._soon(self._drawn)
        return True

    def _drawn(self) -> None:
        """Draw the figure and have the static forms follow, in the thread that the kernel's cells run in."""
        if self._widget is not None:
            self.handler(self._widget.draw)()
        self.changed()

    def _soon(self, call: Callable[[], None]) -> None:
        if self._loop is None:
            call()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)


class _WatchWidget:
    """The widgets of one view."""

    def __init__(self, view: WatchView) -> None:
        import ipywidgets as w

        self.view = view
        self._tables = w.HTML()
        self._figure = FigureBox(label="progress of a sweep")
        self._toggle = w.Button(layout={"width": "auto", "align_self": "flex-start"})
        self._toggle.on_click(view.handler(lambda _: view.stop() if view.is_following else view.follow()))
        style = w.HTML(parts.STYLE, layout={"display": "none"})
        self.box = w.VBox([style, self._tables, self._figure.widget, self._toggle], layout={"overflow": "visible"})
        if self.box.comm is not None:
            self.box.comm.on_close(lambda _: view.stop())
        self._shown: Any = None
        self.redraw()

    def redraw(self) -> None:
        """Bring the tables to the view's state."""
        self._tables.value = parts.part(self.view.state_html())
        following = self.view.is_following
        self._toggle.description = "Stop following" if following else "Follow again"

    def draw(self) -> None:
        """Draw the progress of the first sweep that has a metric, when it has changed."""
        from nbledger.figures import source
        from nbledger.figures.sweep_progress import sweep_progress

        one = next((sweep for sweep in self.view.state.sweeps if sweep.metric), None)
        seen = None if one is None else (one.id, one.status, *((t.status, t.value) for t in one.trials))
        if seen == self._shown:
            return
        self._shown = seen
        if one is None:
            self._figure.clear()
            return
        trials = source.trials(self.view.ledger, one.id)
        metric = f"metrics.{trials.metric}"
        self._figure.show(sweep_progress(trials.frame, metric, minimize=trials.minimize, total=trials.total))


def _running(running: Sequence[Going]) -> str:
    if not running:
        return ""
    rows = [
        [one.run.id[:8], parts.Html(f"{'&emsp;' * one.depth}{parts.cell(one.title)}"), one.run.kind, span(one.took),
         one.metrics, one.where]
        for one in running
    ]  # fmt: skip
    return parts.grid(["run", "running", "kind", "for", "metrics", "in"], rows)


def _ended(ended: Sequence[Going]) -> str:
    if not ended:
        return ""
    rows = [
        [one.run.id[:8], one.title, _status(one), _clock(one.run.ended_at), span(one.took), one.metrics]
        for one in ended
    ]
    return parts.grid(["run", "ended", "status", "at", "took", "metrics"], rows)


def _clock(moment: float | None) -> str:
    """Return a time of today as such, an earlier one with its date: the page may stand for long."""
    text = when(moment)
    return text.removeprefix(time.strftime("%Y-%m-%d "))


def _status(one: Going) -> str:
    run = one.run
    if run.status == "finished":
        return run.status
    why = f" {run.error.type}: {run.error.message}"[:120] if run.error else ""
    return parts.Html(f'<span class="nbl-bad">{escape(run.status)}</span>{escape(clean(why))}')


def _sweep(found: SweepRun) -> str:
    over = sum(one.is_over for one in found.trials)
    head, *lines = sweep_lines(found).splitlines()
    best = lines[1].strip() if len(lines) > 1 else ""
    counts = ", ".join(f"{number(count)} {status}" for status, count in found.counts.items() if status != "planned")
    bar = (
        f'<progress max="{found.total}" value="{over}" aria-label="trials that are over" style="width:14em">'
        "</progress> "
        f"{over} of {found.total} trials are over"
    )
    told = f"<br>{escape(clean(best))}" if best else ""
    return f"<h4>{escape(clean(head))}</h4><p>{bar}<span class='nbl-quiet'> {escape(counts)}</span>{told}</p>"


__all__ = ["WatchView"]
