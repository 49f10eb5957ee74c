"""A tab of a comparison: options and a figure of the runs that the model shows, drawn when it is looked at.

What a figure depends on is its `inputs`; it is made anew when these change and not otherwise. What was chosen in the
chart itself is shown by the chart already, so that is not drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from nbledger.figures import theme
from nbledger.widgets import selection
from nbledger.widgets.compare_tabs.options import Option

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.widgets.compare_model import CompareModel
    from nbledger.widgets.compare_tabs.controls import Controls
    from nbledger.widgets.figure_box import FigureBox
    from nbledger.widgets.view import View

#: A change of anything else is no business of a chart.
RELEVANT = frozenset(
    {
        "filter",
        "order_by",
        "page",
        "page_size",
        "columns",
        "only_differing",
        "selected",
        "baseline",
        "options",
        "tab",
        "ledger",
    }
)


class Tab:
    """One tab. A subclass gives `options`, `inputs` and `drawn`; `key` names it in the model's state.

    `links` says that what the chart shows are runs, which can be chosen in it.
    """

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    links: ClassVar[bool] = False

    def __init__(self, model: CompareModel, view: View) -> None:
        self.model = model
        self.view = view
        self._controls: Controls | None = None
        self._box: FigureBox | None = None
        self._shown: Any = None
        self._picking = False
        self._is_new = self._anew = False
        self._parts: list[Any] = []

    # -- what a subclass gives ----------------------------------------------------------------------------------

    def options(self) -> Sequence[Option]:
        """Return what can be chosen now."""
        return ()

    def inputs(self) -> Any:
        """Return what the figure depends on besides the options, to be compared."""
        raise NotImplementedError

    def drawn(self) -> go.Figure:
        """Return the figure of the present state."""
        raise NotImplementedError

    # -- options ------------------------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return the value of each option: what was chosen, where that can still be chosen."""
        return self._options()[1]

    def value(self, name: str) -> Any:
        """Return the value of one option."""
        return self.values()[name]

    # -- three forms --------------------------------------------------------------------------------------------

    def figure(self) -> go.Figure | None:
        """Return the figure of the present state; the same one while nothing changes."""
        inputs, key = self._inputs(), ("figure", self.key)
        kept: tuple[Any, go.Figure] | None = self.model.cache.get(key)
        if kept is None or kept[0] != inputs:
            figure = self.drawn()
            if self.links:
                theme.linked(figure, self.view.id)
            kept = self.model.cache[key] = (inputs, figure)
        return kept[1]

    def html(self) -> str:
        """Return the present state without scripts: the figure as a picture, and what it shows in words."""
        from nbledger.figures.picture import picture

        figure = self.figure()
        drawn = picture(figure) if figure is not None else ""
        return f'<figure style="margin:8px 0">{drawn}<figcaption>{escape(self.text())}</figcaption></figure>'

    def text(self) -> str:
        """Return the present state as text."""
        figure = self.figure()
        return theme.describe(figure) if figure is not None else ""

    def widget(self) -> Any:
        """Return the tab as a widget, which shows the present state."""
        import ipywidgets

        from nbledger.widgets.compare_tabs.controls import Controls

        self._controls = Controls(self.view.handler(self._chosen))
        self._parts = self.parts()
        self.refresh(RELEVANT)
        self._is_new = True
        children = (self._controls.widget, *(part.widget for part in self._parts))
        return ipywidgets.VBox(children, layout={"overflow": "visible"})

    def parts(self) -> list[Any]:
        """Return what stands below the options: objects with a `widget` and a `refresh()`."""
        from nbledger.widgets.compare_tabs.exporting import Exporting
        from nbledger.widgets.figure_box import FigureBox

        self._box = FigureBox(label=self.title)
        return [_Boxed(self), Exporting(self, self.view)]

    def refresh(self, changed: frozenset[str]) -> None:
        """Show what changed, as far as it matters here."""
        if self._controls is None or not changed & RELEVANT:
            return
        if "ledger" in changed:
            self._shown = None
        if "tab" in changed:  # it was out of sight, unless it was only made
            self._anew, self._is_new = not self._is_new, False
        if self.links:
            selection.listen(self.view.id, self)
        self._controls.show(*self._options())
        for part in self._parts:
            part.refresh()

    def draw(self) -> None:
        """Draw the figure if it is another one than is shown."""
        inputs = self._inputs()
        if self._anew or (inputs != self._shown and not self._picking):
            figure = self.figure()
            if self._box is not None and figure is not None:
                self._box.show(figure, anew=self._anew)
        self._shown, self._anew = inputs, False

    # -- choosing -----------------------------------------------------------------------------------------------

    def picked(self, runs: Sequence[str], how: selection.How, brushes: selection.Brushes) -> None:
        """Take over runs that were chosen in the chart: in place of those selected, or each turned on or off."""
        self.view.handler(self._picked)(runs, how, brushes)

    def _picked(self, runs: Sequence[str], how: selection.How, brushes: selection.Brushes) -> None:
        known = self.model.frame().frame.index
        for run in runs:
            if run not in known:
                self.model.ledger.run(run)  # raises what says that it is gone
        self.pick(runs, how, brushes)

    def pick(self, runs: Sequence[str], how: selection.How, brushes: selection.Brushes) -> None:
        """Change the model's selection; what is chosen in place of the selection the chart shows already."""
        del brushes  # only parallel coordinates have such
        if how == "toggle":
            on = [run for run in runs if run not in self.model.state.selected]
            kept = [run for run in self.model.state.selected if run not in runs]
            self.model.change(selected=(*kept, *on))
            return
        with self.as_shown():
            self.model.change(selected=tuple(runs))

    @contextmanager
    def as_shown(self) -> Iterator[None]:
        """What changes inside is shown by the chart already, and not drawn again."""
        self._picking = True
        try:
            yield
        finally:
            self._picking = False

    def _chosen(self, name: str, value: Any) -> None:
        self.model.set_option(self.key, name, value)

    def _options(self) -> tuple[Sequence[Option], dict[str, Any]]:
        """Return the options and their values, found once for a state of the model."""
        state, key = self.model.state, ("options", self.key)
        kept = self.model.cache.get(key)
        if kept is None or kept[0] is not state:
            options = self.options()
            own = {one.name: one.checked(self.model.option(self.key, one.name, one.default)) for one in options}
            kept = self.model.cache[key] = (state, options, own)
        return kept[1], kept[2]

    def _inputs(self) -> Any:
        return (self.inputs(), tuple(self.values().items()))


class _Boxed:
    """The figure among a tab's parts."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    @property
    def widget(self) -> Any:
        """Where the figure is shown."""
        assert self._tab._box is not None
        return self._tab._box.widget

    def refresh(self) -> None:
        """Draw it if it is another one."""
        self._tab.draw()


__all__ = ["RELEVANT", "Tab"]
