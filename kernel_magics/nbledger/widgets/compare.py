"""Runs compared: a table to sort, filter and select in, and charts of the same runs in tabs above it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import shortened
from nbledger.records import Run
from nbledger.widgets import saved_views
from nbledger.widgets.compare_model import CompareModel
from nbledger.widgets.compare_table import AT_ONCE, LATER, CompareTable
from nbledger.widgets.runs_csv import write_csv
from nbledger.widgets.table_html import page_html, page_text
from nbledger.widgets.table_page import Page
from nbledger.widgets.view import View, later, unobserved

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.widgets.compare_files import CompareFiles
    from nbledger.widgets.compare_tabs import Tab

TABLE = "table"
#: Seconds that the intervals of a static form may take.
STATIC = 0.5
_RUN_ID = re.compile(r"[0-9a-f]{4,32}")


def compare(
    runs: str | Run | Iterable[str | Run] | None = None,
    *,
    ledger: Ledger | None = None,
    experiment: str | None = None,
    baseline: str | Run | None = None,
) -> Compare:
    """Return a comparison of runs to look at: a widget in a notebook, text in a terminal.

    `runs` are runs or their ids, or a filter as in `Ledger.runs`, or nothing for all tracked runs (of an `experiment`).
    Metrics are compared with the `baseline`, where they were computed on the same evaluation data. Raises `NotFound`
    and `FilterError`.
    """
    with unobserved():
        found = ledger if ledger is not None else _own_ledger()
        pinned = {} if baseline is None else {"baseline": _id(baseline)}
        if runs is None or (isinstance(runs, str) and not _RUN_ID.fullmatch(runs)):
            return Compare(CompareModel(found, experiment=experiment, filter=runs or "", **pinned))
        given = [runs] if isinstance(runs, str | Run) else list(runs)
        return Compare(CompareModel(found, [_id(run) for run in given], experiment=experiment, **pinned))


class Compare(View):
    """A comparison of runs; `model` is what it shows, and changing that changes what is seen."""

    title = "comparison of runs"

    def __init__(self, model: CompareModel) -> None:
        super().__init__()
        self.model = model
        self._tabs: dict[str, Tab] = {}
        self._tab_widgets: dict[str, Any] = {}
        self._table: CompareTable | None = None
        self._chooser: Any = None
        self._panel: Any = None
        self._completing = False
        model.on_change(self._model_changed)

    def save(self, name: str) -> Path:
        """Save what is shown under a name in the ledger's folder `views/`. Raises `BadViewName`."""
        return saved_views.save(self.model.ledger, name, self.model.state_data())

    def load(self, name: str) -> None:
        """Show a saved view. Raises `ViewNotFound`."""
        self.model.restore(saved_views.load(self.model.ledger, name))

    def to_csv(self, path: str | Path, *, overwrite: bool = False) -> int:
        """Write all runs that fit with the columns shown as CSV; return how many. Raises `NotWritten`."""
        return write_csv(self.model, Path(path), overwrite=overwrite)

    # -- forms --------------------------------------------------------------------------------------------------

    def widget(self) -> Any:
        """Return the live comparison."""
        import ipywidgets

        from nbledger.widgets.compare_files import CompareFiles
        from nbledger.widgets.compare_tabs import TABS

        self._table = CompareTable(self.model, self)
        files: CompareFiles = CompareFiles(self.model, self)
        self._chooser = ipywidgets.ToggleButtons(
            options=[("Table", TABLE), *((tab.title, tab.key) for tab in TABS)],
            style={"button_width": "auto"},
            tooltips=["Only the table", *(f"{tab.title}, above the table" for tab in TABS)],
        )
        self._chooser.observe(self.handler(self._chosen), "value")
        self._panel = ipywidgets.VBox(layout={"overflow": "visible"})
        found = ipywidgets.VBox([self._chooser, self._panel, self._table.widget, files.widget])
        found.layout.overflow = "visible"
        for name in ("nbl-compare", f"nbl-{self.id}"):
            found.add_class(name)
        self._open_tab()
        self._complete()
        return found

    def html(self) -> str:
        """Return the table's page, and what the open tab shows, as static HTML."""
        page = self._page()
        tab = self._tab()
        return page_html(page, self._said()) + ("" if tab is None else tab.html())

    def text(self) -> str:
        """Return the table's page, and what the open tab shows, as text."""
        page = self._page()
        tab = self._tab()
        return page_text(page, self._said()) + ("" if tab is None else f"\n\n{tab.text()}")

    # -- pieces -------------------------------------------------------------------------------------------------

    def _page(self) -> Page:
        return self.model.table(seconds=STATIC)

    def _said(self) -> str:
        """Return what is shown, in words."""
        model, state = self.model, self.model.state
        words = [model.counted]
        if model.experiment:
            words.append(f"of {shortened(model.experiment, 60)}")
        if state.filter:
            words.append(f"where {shortened(state.filter, 200)}")
        if state.order_by:
            words.append(f"by {shortened(state.order_by, 80)}")
        if model.pages > 1:
            words.append(f"page {state.page + 1:,} of {model.pages:,}")
        return ", ".join(words)

    def _tab(self) -> Tab | None:
        """Return the open tab, `None` for the table alone; of a saved view an unknown tab is none."""
        from nbledger.widgets.compare_tabs import TABS

        key = self.model.state.tab
        if key not in self._tabs:
            kind = next((tab for tab in TABS if tab.key == key), None)
            if kind is None:
                return None
            self._tabs[key] = kind(self.model, self)
        return self._tabs[key]

    def _chosen(self, change: Any) -> None:
        self.model.change(tab=change["new"])

    def _open_tab(self) -> None:
        tab = self._tab()
        if tab is not None and tab.key not in self._tab_widgets:
            self._tab_widgets[tab.key] = tab.widget()
        self._panel.children = [] if tab is None else [self._tab_widgets[tab.key]]
        self._chooser.value = TABLE if tab is None else self.model.state.tab
        assert self._table is not None
        self._table.low(tab is not None)

    def _model_changed(self, changed: frozenset[str]) -> None:
        if self._table is not None:
            tab = self._tab()
            if "tab" in changed:
                self._open_tab()
            if tab is not None:
                tab.refresh(changed)
            if changed - {"tab", "options"}:
                self._complete()
        self.changed()

    def _complete(self, seconds: float = AT_ONCE) -> None:
        """Draw the table; while intervals are pending, come back for more of them when nothing else is to do."""
        assert self._table is not None
        with unobserved():
            pending = self._table.refresh(seconds=seconds)
        if pending and not self._completing:
            self._completing = True
            later(0.02, self.handler(self._more, clears=False))

    def _more(self) -> None:
        self._completing = False
        self._complete(LATER)
        if not self._completing:
            self.changed()


def _id(run: str | Run) -> str:
    return run.id if isinstance(run, Run) else run


def _own_ledger() -> Ledger:
    """Return the notebook's own ledger, or else the one that `nbledger.open` finds."""
    from nbledger.capture.api import current_writer
    from nbledger.ledger import open as open_ledger

    writer = current_writer()
    return writer.ledger if writer is not None else open_ledger(create=False)
