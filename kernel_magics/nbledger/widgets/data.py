"""A piece of data: its columns with their profiles, how a column is spread, its versions and what changed in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.lineage.dataset import DataColumn, Dataset, column_values, dataset
from nbledger.tables import clean, number, size, when
from nbledger.widgets import parts
from nbledger.widgets.figure_box import FigureBox
from nbledger.widgets.view import View

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.ledger import Ledger

MOST_COLUMNS = 100
_CHARTED = 500


class DataModel:
    """A piece of data, the column that is looked at, and the version that it is compared with (its hash, or `None`)."""

    def __init__(
        self, ledger: Ledger, ref: Any, *, session: str | None = None, live: Mapping[str, Any] | None = None
    ) -> None:
        self.ledger = ledger
        self.live = live
        self.data: Dataset = dataset(ledger, ref, session=session, live=live)
        self.column: str | None = self.data.columns[0].name if self.data.columns else None
        self.other: str | None = None
        self._diffs: dict[str, str] = {}
        self._observers: list[Callable[[], object]] = []

    def on_change(self, call: Callable[[], object]) -> None:
        """Have `call` called after each change."""
        self._observers.append(call)

    def look_at(self, column: str) -> None:
        """Look at a column."""
        if column != self.column:
            self.column = column
            self._tell()

    def compare_with(self, version: str | None) -> None:
        """Compare with another version, by its hash; `None` ends that."""
        if version != self.other:
            self.other = version
            self._tell()

    @property
    def versions(self) -> list[tuple[str, str]]:
        """The other versions that it had: what they are called, and their hashes."""
        found: dict[str, str] = {}
        for one in self.data.past:
            event = one.event
            if event.how != "deleted" and event.version != self.data.version.hash:
                told = (
                    f"{event.version[:8]}  {event.shape or event.kind}  {event.run.label} {when(event.run.started_at)}"
                )
                found.setdefault(event.version, told)
        return [(told, hash) for hash, told in found.items()]

    def difference(self) -> str:
        """Return in words what differs from the other version; an empty text without one."""
        if self.other is None:
            return ""
        if self.other not in self._diffs:
            from nbledger.lineage.diff import diff

            self._diffs[self.other] = str(diff(self.ledger, self.other, self.data.version.hash))
        return self._diffs[self.other]

    def figure(self) -> go.Figure | None:
        """Return how the column is spread, beside that of the other version; `None` where its values are not there."""
        from nbledger.figures.distribution import distribution

        if self.column is None:
            return None
        now = self._values(self.data.version.hash)
        if now is None:
            return None
        then = self._values(self.other) if self.other else None
        names = (self.other[:8], self.data.version.hash[:8]) if self.other and then is not None else (self.column, "")
        one, two = (then, now) if then is not None else (now, None)
        return distribution(one, two, name=self.column, names=names)

    def _values(self, version: str | None) -> Any:
        if version is None or self.column is None:
            return None
        live = self.live if version == self.data.version.hash else None
        return column_values(self.ledger, version, self.data.name, self.column, live)

    def _tell(self) -> None:
        for call in self._observers:
            call()


class DataView(View):
    """The view of a piece of data."""

    title = "data"

    def __init__(self, model: DataModel) -> None:
        super().__init__()
        self.model = model
        self._widget: _DataWidget | None = None
        model.on_change(self._follow)

    @classmethod
    def of(
        cls, ledger: Ledger, ref: Any, *, session: str | None = None, live: Mapping[str, Any] | None = None
    ) -> DataView:
        """Return the view of a variable, file or version. Raises `TargetNotFound` and `NotData`."""
        return cls(DataModel(ledger, ref, session=session, live=live))

    def widget(self) -> Any:
        """Return the schema, a figure of one column, the versions and what differs between two."""
        self._widget = _DataWidget(self)
        return self._widget.box

    def text(self) -> str:
        """Return the data as text, with what differs from the other version."""
        difference = self.model.difference()
        return str(self.model.data) + (f"\n\n{difference}" if difference else "")

    def html(self) -> str:
        """Return everything as tables; histograms are bars in the schema."""
        return parts.page("data", self._head(), self._schema(), self._past(), self._difference())

    def _head(self) -> str:
        data = self.model.data
        version = data.version
        made = data.made_by
        items = [
            ("kind", ", ".join(dict.fromkeys(one for one in (version.kind, version.type_name) if one))),
            ("shape", " x ".join(map(str, version.shape)) if version.shape else ""),
            ("size", size(version.nbytes)),
            ("content", version.hash[:12] + ("" if version.exactness == "exact" else f" ({version.exactness})")),
            ("made by", f"{made.label} {made.id[:8]} {made.headline([data.name])}" if made else "nothing recorded"),
            ("used by", ", ".join(f"{run.label} {run.id[:8]}" for run in data.used_by[:8])),
        ]
        return f"<h3>{escape(clean(data.name))}</h3>{parts.facts(items)}"

    def _schema(self) -> str:
        data = self.model.data
        if not data.columns:
            return ""
        shown = data.columns[:MOST_COLUMNS]
        heads = ["column", "dtype", "missing", "range", "mean", "distribution"]
        rows = [
            [one.name, one.dtype, "" if one.missing is None else f"{one.missing:,}", one.range,
             "" if one.mean is None else number(one.mean), _bars(one)]
            for one in shown
        ]  # fmt: skip
        kept = [at for at in range(6) if at < 2 or any(row[at] for row in rows)]
        notes = [f"{len(shown)} of {len(data.columns):,} columns"] if len(shown) < len(data.columns) else []
        sampled = next((one.sampled_rows for one in data.columns if one.sampled_rows), None)
        notes += [f"ranges and means from {sampled:,} rows, evenly spread"] if sampled else []
        notes += [f"no histograms: {data.why_not}"] if data.why_not else []
        table = parts.grid(
            [heads[at] for at in kept], [[row[at] for at in kept] for row in rows],
            numbers=[place for place, at in enumerate(kept) if at in (2, 4)],
        )  # fmt: skip
        told = f'<p class="nbl-quiet">{escape("; ".join(notes))}</p>' if notes else ""
        return f"<h4>columns</h4>{table}{told}"

    def _past(self) -> str:
        past = self.model.data.past
        if not past:
            return ""
        rows = [
            [when(one.event.run.started_at), f"{one.event.run.label} {one.event.run.id[:8]}", one.event.how,
             one.event.version[:8], one.event.shape, one.change, parts.fold(
                 one.event.run.headline([self.model.data.name]) or "code", parts.code(one.event.run.source or ""))]
            for one in past
        ]  # fmt: skip
        heads = ["when", "run", "", "content", "shape", "change", "code"]
        return f"<h4>versions, the newest first</h4>{parts.grid(heads, rows)}"

    def _difference(self) -> str:
        text = self.model.difference()
        return f'<h4>what differs</h4><pre tabindex="0">{escape(text)}</pre>' if text else ""

    def _follow(self) -> None:
        if self._widget is not None:
            self._widget.redraw()
        self.changed()


class _DataWidget:
    """The widgets of one view."""

    def __init__(self, view: DataView) -> None:
        import ipywidgets as w

        self.view, self.model = view, view.model
        model = self.model
        wide = {"description_width": "auto"}
        columns = [one.name for one in model.data.columns[:_CHARTED]]
        self._column = w.Dropdown(description="Column", options=columns, value=model.column, style=wide)
        self._other = w.Dropdown(
            description="Compare with", options=[("no other version", ""), *model.versions], value="", style=wide,
            layout={"width": "420px"},
        )  # fmt: skip
        self._figure = FigureBox(label="distribution of a column")
        self._missing = w.HTML()
        self._difference = w.HTML()
        self._column.observe(view.handler(lambda change: model.look_at(change["new"])), "value")
        self._other.observe(view.handler(lambda change: model.compare_with(change["new"] or None)), "value")
        self._column.layout.display = "" if columns else "none"
        self._other.layout.display = "" if model.versions else "none"
        wrap = {"flex_flow": "row wrap", "align_items": "center", "overflow": "visible"}
        self.box = w.VBox(
            [
                w.HTML(parts.STYLE, layout={"display": "none"}),
                w.HTML(parts.part(view._head(), view._schema())),
                w.HBox([self._column, self._other], layout=wrap),
                self._figure.widget,
                self._missing,
                self._difference,
                w.HTML(parts.part(view._past())),
            ],
            layout={"overflow": "visible"},
        )
        self.redraw()

    def redraw(self) -> None:
        """Bring every widget to the model's state."""
        model = self.model
        if self._column.value != model.column:
            self._column.value = model.column
        if (self._other.value or None) != model.other:
            self._other.value = model.other or ""
        figure = model.figure()
        if figure is None:
            self._figure.clear()
        else:
            self._figure.show(figure)
        why = model.data.why_not
        told = f"No figure of a column: {why}." if figure is None and why and model.data.columns else ""
        if figure is not None and model.other and len(figure.data) < 2:
            told = (
                f"The values of {model.other[:8]} are not there, or it has no such column: only the present are drawn."
            )
        self._missing.value = parts.part(f'<p class="nbl-quiet">{escape(told)}</p>') if told else ""
        difference = self.view._difference()
        self._difference.value = parts.part(difference) if difference else ""


def _bars(column: DataColumn) -> str:
    """Return a histogram as bars of equal width, or the most frequent values with their shares."""
    most = max(column.bins, default=0)
    if most:
        highs = [max(round(16 * count / most), 1) if count else 0 for count in column.bins]
        bars = "".join(f"M{9 * at} 18v-{high}h8v{high}z" for at, high in enumerate(highs) if high)
        told = escape(f"{len(highs)} equal parts from {column.range}: {', '.join(map(str, column.bins))}")
        size = f'width="{9 * len(highs)}" height="18"'
        return parts.picture(
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="{bars}" fill="#3A8FC2"/></svg>', told
        )
    if column.values:
        return ", ".join(f"{name} {share:.0%}" for name, share in column.values)
    return f"{column.categories} categories" if column.categories is not None else ""


__all__ = ["DataModel", "DataView"]
