"""Which params a metric hangs on, told from the runs that fit.

A forest for 1,000 runs takes about a second, so in a kernel it grows in a thread, and the figure follows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbledger.figures import theme
from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option
from nbledger.widgets.compare_tabs.tab import Tab
from nbledger.widgets.view import running_loop, unobserved

if TYPE_CHECKING:
    import plotly.graph_objects as go

Key = tuple[str, str, str]


class Importance(Tab):
    """The importance of each param."""

    key = "importance"
    title = "Importance"

    def options(self) -> Sequence[Option]:
        """Return the metric."""
        return (columns.metric_option(self.model),)

    def inputs(self) -> Any:
        """The filter, and whether the forest has grown: what is selected does not matter."""
        key = self._key()
        return (*key, key in self.model.cache)

    def drawn(self) -> go.Figure:
        """Draw it, or say that it is being computed; a forest grows once for a filter and a metric."""
        key = self._key()
        if key not in self.model.cache:
            loop = running_loop() if self._box is not None else None
            if loop is not None:
                self._begin(key, loop)
                return theme.missing(self.title, "being computed")
            self.model.cache[key] = self._grown(key)
        found: go.Figure = self.model.cache[key]
        return found

    def _key(self) -> Key:
        return ("importance", self.model.state.filter, self.value("metric") or "")

    def _grown(self, key: Key) -> go.Figure:
        from nbledger.figures.importance import importance
        from nbledger.figures.source import note

        runs = self.model.frame()
        return importance(runs.frame, key[2], note=note(self.model.ledger, runs, key[2]))

    def _begin(self, key: Key, loop: asyncio.AbstractEventLoop) -> None:
        """Let it grow in a thread; the model is asked for its runs here, and told of the figure here again."""
        from nbledger.figures.importance import importance
        from nbledger.figures.source import note

        begun = (*key, "begun")
        if begun in self.model.cache:
            return
        mine = self.model.cache[begun] = object()
        runs = self.model.frame()
        words = note(self.model.ledger, runs, key[2])

        def done(figure: go.Figure) -> None:
            if self.model.cache.get(begun) is mine:  # else the ledger was read anew meanwhile
                del self.model.cache[begun]
                self.model.cache[key] = figure
            self.refresh(frozenset({"options"}))
            self.view.changed()

        def grow() -> None:
            with unobserved():
                try:
                    figure = importance(runs.frame, key[2], note=words)
                except Exception as error:  # noqa: BLE001 - a thread's traceback would be seen by nobody
                    figure = theme.missing(self.title, f"unexpected: {type(error).__name__}: {error}")
                loop.call_soon_threadsafe(self.view.handler(done), figure)

        threading.Thread(target=grow, name="nbledger-importance", daemon=True).start()


__all__ = ["Importance"]
