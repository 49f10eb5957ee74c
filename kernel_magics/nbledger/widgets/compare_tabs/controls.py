"""The options of a tab as ipywidgets: labelled, reached by the keyboard, and in step with the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nbledger.widgets.compare_tabs.options import Option

_STYLE = {"description_width": "initial"}
_MARGIN = "2px 14px 2px 2px"


class Controls:
    """A row of widgets for options; `chosen(name, value)` is called when a person changes one."""

    def __init__(self, chosen: Callable[[str, Any], None]) -> None:
        import ipywidgets

        self._chosen = chosen
        self._widgets: dict[str, Any] = {}
        self._filling = False
        self.widget = ipywidgets.HBox(
            layout={"flex_flow": "row wrap", "align_items": "flex-start", "overflow": "visible"}
        )

    def show(self, options: Sequence[Option], values: dict[str, Any]) -> None:
        """Show these options with these values; widgets stay where an option was there before."""
        self._filling = True
        try:
            for option in options:
                if option.name not in self._widgets:
                    self._widgets[option.name] = self._made(option)
                _fill(self._widgets[option.name], option, values[option.name])
            shown = tuple(self._widgets[option.name] for option in options)
            if shown != self.widget.children:
                self.widget.children = shown
        finally:
            self._filling = False

    def _made(self, option: Option) -> Any:
        widget = _widget(option)

        def changed(change: dict[str, Any]) -> None:
            if not self._filling:
                value = change["new"]
                self._chosen(option.name, list(value) if isinstance(value, tuple) else value)

        widget.observe(changed, names="value")
        return widget


def _widget(option: Option) -> Any:
    import ipywidgets

    common = {"description": option.label, "tooltip": option.hint or option.label, "style": _STYLE}
    if option.kind == "flag":
        return ipywidgets.Checkbox(**common, indent=False, layout={"width": "auto", "margin": _MARGIN})
    if option.kind == "share":
        return ipywidgets.FloatSlider(
            **common, min=0, max=0.99, step=0.01, continuous_update=False, layout={"width": "280px", "margin": _MARGIN}
        )
    if option.kind == "many":
        rows = min(max(len(option.choices), 2), 5)
        return ipywidgets.SelectMultiple(
            **common, rows=rows, layout={"width": "auto", "max_width": "320px", "margin": _MARGIN}
        )
    return ipywidgets.Dropdown(**common, layout={"width": "auto", "max_width": "320px", "margin": _MARGIN})


def _fill(widget: Any, option: Option, value: Any) -> None:
    if option.kind in ("one", "many"):
        if tuple(widget.options) != option.choices:
            widget.options = option.choices
        widget.disabled = not option.choices
    if option.kind == "one" and not option.choices:
        return
    if widget.value != value:
        widget.value = value


__all__ = ["Controls"]
