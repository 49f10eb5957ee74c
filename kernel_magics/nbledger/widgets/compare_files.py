"""The part of a comparison that deals with files: saved views, and the runs as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.tables import many
from nbledger.widgets import saved_views
from nbledger.widgets.compare_model import CompareModel
from nbledger.widgets.runs_csv import write_csv

if TYPE_CHECKING:
    from nbledger.widgets.view import View


class CompareFiles:
    """Controls to save a view, open and delete one, and to write the runs; what was done is said beside them."""

    def __init__(self, model: CompareModel, view: View) -> None:
        import ipywidgets

        self._model = model
        short = {"description_width": "initial"}
        self._names = ipywidgets.Combobox(
            description="View",
            placeholder="a name to save it under",
            ensure_option=False,
            style=short,
            layout={"width": "280px"},
        )
        self._csv = ipywidgets.Text(value="runs.csv", description="File", style=short, layout={"width": "240px"})
        self._said = ipywidgets.HTML()
        buttons = [
            _button("Save", "Save what is shown under this name", view.handler(lambda _: self._save())),
            _button("Open", "Show the view of this name", view.handler(lambda _: self._open())),
            _button("Delete", "Delete the view of this name", view.handler(lambda _: self._delete())),
        ]
        write = _button(
            "Write CSV", "Write all runs that fit, with the columns shown", view.handler(lambda _: self._write())
        )
        parts = [self._names, *buttons, self._csv, write, self._said]
        self.widget = ipywidgets.HBox(parts, layout={"flex_flow": "row wrap"})
        self.widget.add_class("nbl-bar")
        self._listed()

    def _save(self) -> None:
        name = self._names.value.strip()
        saved_views.save(self._model.ledger, name, self._model.state_data())
        self._listed()
        self._say(f"saved as {name}")

    def _open(self) -> None:
        name = self._names.value.strip()
        self._model.restore(saved_views.load(self._model.ledger, name))
        self._say(f"{name} is shown")

    def _delete(self) -> None:
        name = self._names.value.strip()
        saved_views.delete(self._model.ledger, name)
        self._listed()
        self._say(f"{name} is deleted")

    def _write(self) -> None:
        path = Path(self._csv.value.strip() or "runs.csv")
        count = write_csv(self._model, path)
        self._say(f"{many(count, 'run')} in {path}")

    def _listed(self) -> None:
        self._names.options = saved_views.names(self._model.ledger)

    def _say(self, text: str) -> None:
        from html import escape

        self._said.value = f'<span class="nbl-quiet" role="status">{escape(text)}</span>'


def _button(label: str, tooltip: str, clicked: Any) -> Any:
    import ipywidgets

    button = ipywidgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
    button.on_click(clicked)
    return button
