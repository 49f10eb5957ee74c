"""A name and a button that write the tab's figure to a file; the name's ending says which kind."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.tables import size

if TYPE_CHECKING:
    from nbledger.widgets.compare_tabs.tab import Tab
    from nbledger.widgets.view import View


class Exporting:
    """Writes a figure beside the notebook as PNG, SVG or HTML."""

    def __init__(self, tab: Tab, view: View) -> None:
        import ipywidgets

        self._tab = tab
        hint = "The file to write: .png, .svg or .html"
        style = {"description_width": "initial"}
        layout = {"width": "280px"}
        self._name = ipywidgets.Text(
            f"compare-{tab.key}.html", description="Export as", tooltip=hint, style=style, layout=layout
        )
        self._button = ipywidgets.Button(description="Export", tooltip=hint, icon="download", layout={"width": "auto"})
        self._said = ipywidgets.HTML()
        self._button.on_click(view.handler(self._write))
        row = {"flex_flow": "row wrap", "align_items": "center", "overflow": "visible"}
        self.widget = ipywidgets.HBox([self._name, self._button, self._said], layout=row)

    def refresh(self) -> None:
        """There is only something to export while there is a figure."""
        self._said.value = ""
        nothing = self._tab.figure() is None
        if self._button.disabled != nothing:
            self._button.disabled = nothing

    def _write(self, _: Any) -> None:
        from nbledger.figures.export import export

        figure = self._tab.figure()
        if figure is None:
            return
        self._said.value = ""
        self._button.disabled = True
        try:
            path = export(figure, Path(self._name.value.strip()))
        finally:
            self._button.disabled = False
        self._said.value = f'<span role="status">written: {escape(path.name)} ({size(path.stat().st_size)})</span>'


__all__ = ["Exporting"]
