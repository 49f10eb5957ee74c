"""The live table of a comparison: buttons as heads, check boxes as runs, the cells as HTML between them, a tool bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbledger.figures.text import shortened
from nbledger.tables import clean
from nbledger.widgets.compare_model import CompareModel
from nbledger.widgets.table_html import RUN_WIDTH, STYLE, arrow, live_rules, notes_html, rows_html
from nbledger.widgets.table_model import PAGE_SIZES
from nbledger.widgets.table_page import Line, Page

if TYPE_CHECKING:
    from nbledger.widgets.view import View

ROW, TALL_ROW = 30, 44
#: So many selected runs of other pages can be made the baseline.
MOST_NAMED = 20
#: Seconds that intervals may take before the page is shown without the rest of them, and whenever one comes back.
AT_ONCE, LATER = 0.04, 0.15
_STYLE = (
    STYLE
    + """<style>
.nbl-compare .widget-label{color:var(--jp-ui-font-color1)}
.nbl-compare .nbl-heads .widget-button{margin:0;text-align:left;background:transparent;font-weight:600;padding:0 6px;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap;box-shadow:none;border-bottom:1px solid
var(--jp-border-color0,rgba(128,128,128,.6));color:var(--jp-ui-font-color1);flex:none;box-sizing:border-box}
.nbl-compare .nbl-heads .widget-button:hover{background:var(--jp-layout-color2)}
.nbl-compare .nbl-runs .widget-checkbox{margin:0;box-sizing:border-box;overflow:hidden;
border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.3))}
.nbl-compare .nbl-runs .widget-label-basic{display:flex;align-items:center;height:100%;width:100%}
.nbl-compare .nbl-runs .widget-label-basic>*{margin:0 6px 0 2px;flex:none}
.nbl-compare .nbl-runs .widget-label-basic>span{flex:1;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}
.nbl-compare .nbl-runs,.nbl-compare .nbl-heads,.nbl-compare .nbl-cells{flex:none}
.nbl-compare .widget-html,.nbl-compare .widget-html-content{margin:0;overflow:visible;height:auto}
.nbl-compare .nbl-bar{gap:4px 10px;align-items:center}
.nbl-compare .nbl-bar>*{margin:2px 0}
.nbl-compare .nbl-quiet{color:var(--jp-ui-font-color2);font-size:12px;white-space:nowrap}
</style>"""
)


class CompareTable:
    """The table part of a comparison. `widget` is shown; `refresh` draws it anew when the model changed."""

    def __init__(self, model: CompareModel, view: View) -> None:
        import ipywidgets

        self.model = model
        self._view = view
        self._drawing = False
        self._lines: tuple[Line, ...] = ()
        self._columns: list[str] = []
        self._css = ipywidgets.HTML(_STYLE, layout={"display": "none"})
        self._widths = ipywidgets.HTML(layout={"display": "none"})
        self._plain = ipywidgets.Layout(width="auto", height="28px")
        self._run_layout = ipywidgets.Layout(width=f"{RUN_WIDTH}px", height=f"{ROW}px")
        self._check_style = ipywidgets.widgets.widget_bool.CheckboxStyle(description_width="0px")
        self._bar = _Bar(model, view)
        self._heads = ipywidgets.HBox()
        self._checks = ipywidgets.VBox()
        self._cells = ipywidgets.HTML()
        self._notes = ipywidgets.HTML()
        for box, name in ((self._heads, "nbl-heads"), (self._checks, "nbl-runs"), (self._cells, "nbl-cells")):
            box.add_class(name)
        rows = ipywidgets.HBox([self._checks, self._cells], layout={"overflow": "visible"})
        self._scroll = ipywidgets.VBox([self._heads, rows], layout={"overflow": "auto", "display": "block"})
        inside = [self._css, self._widths, self._bar.top, self._scroll, self._bar.pager, self._notes]
        self.widget = ipywidgets.VBox(inside, layout={"overflow": "visible"})

    def refresh(self, *, seconds: float = AT_ONCE) -> bool:
        """Show the present page; return whether intervals are pending, for which one comes back."""
        page = self.model.table(seconds=seconds)
        tall = any(cell.delta is not None or cell.low is not None for line in page.lines for cell in line.cells)
        height = TALL_ROW if tall or page.pending else ROW
        self._drawing = True
        try:
            self._cells.value = rows_html(page, height)
            self._draw_runs(page, height)
            self._draw_heads(page)
            self._bar.refresh(page)
        finally:
            self._drawing = False
        self._notes.value = f'<div class="nbl-t">{notes_html(page.notes)}</div>'
        return page.pending

    def low(self, is_low: bool) -> None:
        """Leave room for a chart above, or not."""
        self._scroll.layout.max_height = "320px" if is_low else None

    # -- pieces -------------------------------------------------------------------------------------------------

    def _draw_heads(self, page: Page) -> None:
        import ipywidgets

        buttons = list(self._heads.children)
        while len(buttons) <= len(page.columns):
            button = ipywidgets.Button(layout=self._plain)
            if buttons:
                button.on_click(self._view.handler(self._sort_by(len(buttons) - 1)))
            else:
                button.on_click(self._view.handler(lambda _: self.model.change(order_by="")))
            buttons.append(button)
        buttons = buttons[: len(page.columns) + 1]
        buttons[0].description, buttons[0].tooltip = "run", "In the order of recording, the newest first"
        if self.model.ids is not None:
            buttons[0].tooltip = "In the order in which the runs were given"
        for button, column in zip(buttons[1:], page.columns, strict=True):
            with button.hold_sync():
                button.description = clean(shortened(column.label)) + arrow(page, column)
                button.tooltip = f"Sort by {clean(shortened(column.name, 80))}"
        self._columns = [column.name for column in page.columns]
        if len(buttons) != len(self._heads.children):
            self._heads.children = buttons
        self._widths.value = f"<style>{live_rules(page, f'.nbl-{self._view.id}')}</style>"

    def _draw_runs(self, page: Page, height: int) -> None:
        import ipywidgets

        self._lines = page.lines
        self._run_layout.height = f"{height}px"
        boxes = list(self._checks.children)
        while len(boxes) < len(page.lines):
            box = ipywidgets.Checkbox(indent=False, layout=self._run_layout, style=self._check_style)
            box.observe(self._selects(len(boxes)), "value")
            boxes.append(box)
        boxes = boxes[: len(page.lines)]
        for box, line in zip(boxes, page.lines, strict=True):
            pinned = "◆ " if line.baseline else ""
            with box.hold_sync():  # one message a run
                box.description = f"{pinned}{line.run[:8]} {clean(shortened(line.name, 24))}".strip()
                box.tooltip = f"{clean(shortened(line.name, 300))} {'(the baseline)' if line.baseline else ''}".strip()
                box.value = line.selected
        if len(boxes) != len(self._checks.children):
            self._checks.children = boxes

    def _sort_by(self, at: int) -> Callable[[Any], None]:
        return lambda _: self.model.sort(self._columns[at])

    def _selects(self, at: int) -> Callable[[Any], None]:
        select = self._view.handler(lambda change: self.model.select([self._lines[at].run], on=change["new"]))
        return lambda change: None if self._drawing else select(change)


class _Bar:
    """What stands above and below the table: filter, baseline, columns; pages and the selection."""

    def __init__(self, model: CompareModel, view: View) -> None:
        import ipywidgets

        self.model = model
        self._drawing = False
        self._filter_shown: str | None = None
        short = {"description_width": "initial"}
        self._filter = ipywidgets.Text(
            description="Filter",
            placeholder="metrics.accuracy > 0.9 and params.C = 1",
            continuous_update=False,
            style=short,
            layout={"width": "420px"},
        )
        self._baseline = ipywidgets.Dropdown(description="Baseline", style=short, layout={"width": "240px"})
        self._differing = ipywidgets.Checkbox(
            description="Only what differs", indent=False, layout={"width": "auto"}, style=short
        )
        self._column = ipywidgets.Dropdown(description="Column", style=short, layout={"width": "240px"})
        self._toggle = _button("Hide", "Show or hide this column", view.handler(lambda _: self._toggled()))
        self._usual = _button(
            "Usual columns", "Show the columns that tell most", view.handler(lambda _: model.change(columns=None))
        )
        self._refresh = _button("Refresh", "Read the ledger again", view.handler(lambda _: model.refresh()))
        self._first = self._turns("First", lambda: 0, view)
        self._back = self._turns("Previous", lambda: model.state.page - 1, view)
        self._next = self._turns("Next", lambda: model.state.page + 1, view)
        self._last = self._turns("Last", lambda: model.pages - 1, view)
        self._where = ipywidgets.HTML()
        self._size = ipywidgets.Dropdown(
            options=PAGE_SIZES, description="Runs a page", style=short, layout={"width": "140px"}
        )
        self._chosen = ipywidgets.HTML()
        self._all = _button("Select page", "Select the runs of this page", view.handler(lambda _: self._select_page()))
        self._none = _button("Clear", "Select no run", view.handler(lambda _: model.change(selected=())))
        for widget, part in (
            (self._filter, "filter"),
            (self._baseline, "baseline"),
            (self._differing, "only_differing"),
            (self._size, "page_size"),
        ):
            widget.observe(self._sets(part, view), "value")
        self._column.observe(lambda _: self._name_toggle(), "value")
        wraps = {"flex_flow": "row wrap"}
        columns = [self._column, self._toggle, self._usual, self._differing]
        self.top = ipywidgets.HBox([self._filter, self._baseline, self._refresh, *columns], layout=wraps)
        turning = [self._first, self._back, self._where, self._next, self._last, self._size]
        self.pager = ipywidgets.HBox([*turning, self._chosen, self._all, self._none], layout=wraps)
        for box in (self.top, self.pager):
            box.add_class("nbl-bar")

    def refresh(self, page: Page) -> None:
        """Show the model's state in the controls."""
        state = self.model.state
        self._drawing = True
        try:
            if state.filter != self._filter_shown:  # what was typed and refused stays, to be mended
                self._filter.value = self._filter_shown = state.filter
            self._differing.value = state.only_differing
            self._size.value = state.page_size
            _options(self._baseline, self._baselines(page), state.baseline or "")
            shown = {column.name for column in page.columns}
            known = [column.name for column in self.model.available()]
            known += [column.name for column in page.columns if column.name not in known]
            marked = [(f"{'✓ ' if name in shown else ''}{_named(name)}", name) for name in known]
            _options(self._column, marked, self._column.value if self._column.value in known else known[0])
        finally:
            self._drawing = False
        self._name_toggle()
        self._first.disabled = self._back.disabled = page.number == 0
        self._last.disabled = self._next.disabled = page.number >= page.pages - 1
        where = f"page {page.number + 1:,} of {page.pages:,} · {self.model.counted}"
        self._where.value = f'<span class="nbl-quiet" role="status">{where}</span>'
        self._chosen.value = f'<span class="nbl-quiet" role="status">{len(state.selected)} selected</span>'
        self._none.disabled = not state.selected

    def _baselines(self, page: Page) -> list[tuple[str, str]]:
        """Return what can be the baseline: the one that is, the selected runs, and those of the page."""
        state, names = self.model.state, {line.run: line.name for line in page.lines}
        elsewhere = [run for run in (state.baseline, *state.selected[:MOST_NAMED]) if run and run not in names]
        names = {run: self.model.ledger.run(run).name or "" for run in elsewhere} | names
        return [("none", ""), *((f"{run[:8]} {clean(shortened(name))}".strip(), run) for run, name in names.items())]

    def _turns(self, label: str, page: Callable[[], int], view: View) -> Any:
        return _button(label, f"{label} page", view.handler(lambda _: self.model.change(page=page())))

    def _sets(self, part: str, view: View) -> Callable[[Any], None]:
        set_part = view.handler(lambda change: self.model.change(**{part: change["new"]}))
        return lambda change: None if self._drawing else set_part(change)

    def _toggled(self) -> None:
        name, shown = self._column.value, [column.name for column in self.model.columns()]
        if name in shown:
            self.model.change(columns=[one for one in shown if one != name])
        else:
            self.model.change(columns=[*shown, name], only_differing=False)

    def _name_toggle(self) -> None:
        shown = {column.name for column in self.model.columns()}
        self._toggle.description = "Hide" if self._column.value in shown else "Show"

    def _select_page(self) -> None:
        self.model.select([run.id for run in self.model.runs()])


def _named(column: str) -> str:
    """Return what a column is called among others."""
    return clean(shortened(column.removeprefix("attributes."), 48))


def _button(label: str, tooltip: str, clicked: Callable[[Any], None]) -> Any:
    import ipywidgets

    button = ipywidgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
    button.on_click(clicked)
    return button


def _options(dropdown: Any, options: list[tuple[str, Any]], value: Any) -> None:
    """Give a drop-down other options, if they are other ones, and its value."""
    if list(dropdown.options) != options:
        dropdown.options = options
    dropdown.value = value
