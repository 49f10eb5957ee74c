"""What led to something and what came of it, drawn: each node is a button that shows the cell as it was executed."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.figures.lineage_svg import GAP, HEIGHT, LOOKS, ROW, Placed, arrows, placed, svg
from nbledger.tables import clean, many
from nbledger.widgets import parts
from nbledger.widgets.lineage_model import LineageModel
from nbledger.widgets.view import View

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.network import Direction, NetworkNode

_DIRECTIONS = (("both", "both"), ("what led to it", "why"), ("what came of it", "impact"))
_KINDS = ("cell", "data", "file", "model", "value")
_LISTED = 60
_HIGHEST = 900
_CODE_LINES = 40
_STYLE = (
    "<style>"
    ".nbl-node.nbl-node.jupyter-button{font-size:12px;line-height:26px;padding:0 6px;text-align:center;color:#1B1F24;"
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);box-shadow:none;overflow:hidden;white-space:pre}"
    ".nbl-node.nbl-node.jupyter-button:focus-visible{outline:3px solid var(--jp-brand-color1,#1976d2);"
    "outline-offset:1px}"
    + "".join(
        f".nbl-node.nbl-node.nbl-is-{kind}{{background:{ground};border:1.5px {'dashed' if dashes else 'solid'} {edge};"
        f"border-radius:{corner}px}}"
        for kind, (_, ground, edge, corner, dashes) in LOOKS.items()
    )
    + ".nbl-node.nbl-node.nbl-picked{border-width:3px;line-height:22px}.nbl-node.nbl-node.nbl-center{font-weight:700}"
    ".nbl-node.nbl-node.nbl-dim{opacity:.5}</style>"
)


class LineageView(View):
    """The lineage of something; `model` is what is seen of it."""

    title = "lineage"

    def __init__(self, model: LineageModel) -> None:
        super().__init__()
        self.model = model
        self._widget: _LineageWidget | None = None
        model.on_change(self._follow)

    @classmethod
    def of(cls, ledger: Ledger, ref: Any, *, direction: Direction = "both", session: str | None = None) -> LineageView:
        """Return the view of what led to `ref` and what came of it. Raises `TargetNotFound`."""
        return cls(LineageModel(ledger, ref, direction=direction, session=session))

    def widget(self) -> Any:
        """Return the graph with its controls, and the picked node below it."""
        self._widget = _LineageWidget(self)
        return self._widget.box

    def text(self) -> str:
        """Return the lineage as text, the nearest first."""
        return str(self.model.network)

    def html(self) -> str:
        """Return the drawing as an image, the picked node, and every cell with its code."""
        model = self.model
        nodes, edges = model.shown()
        drawing = svg(nodes, edges, center=model.network.center, selected=model.selected)
        alt = escape(f"Lineage of {clean(str(model.network.target))}: {model.network.counts}")
        cells = [node for node in nodes if node.kind == "cell"][:_LISTED]
        listed = [parts.fold(node.label, self._node(node, heading=False)) for node in cells]
        return parts.page(
            "lineage",
            self._head(),
            f'<div class="nbl-wide">{parts.picture(drawing, alt, style="max-width:none")}</div>',
            _legend(nodes),
            self._left(),
            self.node_html(),
            "<h4>cells, the nearest first</h4>" if listed else "",
            *listed,
        )

    def node_html(self) -> str:
        """Return the picked node: the code as executed, what is known of it, and what is beside it."""
        return self._node(self.model.network.node(self.model.selected))

    def head_html(self) -> str:
        """Return what is asked for, and how much there is."""
        return parts.part(self._head())

    def foot_html(self) -> str:
        """Return what the looks of the nodes mean, and what is not shown."""
        return parts.part(_legend(self.model.shown()[0]), self._left())

    def _head(self) -> str:
        network = self.model.network
        title = f"<h3>Lineage of {escape(clean(str(network.target)))}</h3>"
        return f"{title}<p class='nbl-quiet'>{escape(network.counts)}</p>"

    def _left(self) -> str:
        model = self.model
        words = []
        if model.left or model.network.left_out:
            words.append(f"{many(model.left + model.network.left_out, 'more node')} further away not shown")
        if model.query:
            words.append(f"{many(len(model.matches()), 'node')} with {model.query!r}")
        words += model.network.notes
        return "".join(f'<p class="nbl-quiet">{escape(clean(one))}</p>' for one in words)

    def _node(self, node: NetworkNode, *, heading: bool = True) -> str:
        network = self.model.network
        facts: list[tuple[str, Any]] = []
        if node.run:
            facts.append(("run" if node.kind == "cell" else "made by run", node.run[:8]))
        facts += [("notebook", node.notebook), *node.facts.items()]
        if node.kind == "cell" and node.status not in ("", "finished"):
            facts.append(("status", node.status))
        after = "made" if node.kind == "cell" else "used by"
        for word, near in (("from", network.before(node.id)), (after, network.after(node.id))):
            facts.append((word, ", ".join(dict.fromkeys(one.label for one in near))))
        return "".join((
            f"<h4>{escape(LOOKS[node.kind][0])} {escape(clean(node.label))}</h4>" if heading else "",
            parts.code(node.source, most=_CODE_LINES) if node.kind == "cell" else "",
            parts.facts(facts),
        ))  # fmt: skip

    def _follow(self) -> None:
        if self._widget is not None:
            self._widget.redraw()
        self.changed()


class _LineageWidget:
    """The widgets of one view."""

    def __init__(self, view: LineageView) -> None:
        import ipywidgets as w

        self.view, self.model = view, view.model
        self._nodes: dict[str, Any] = {}  # those that are shown
        self._buttons: dict[str, Any] = {}  # all that were made for nodes of this lineage
        self._style = w.ButtonStyle()  # one for all of them: none changes it
        self._updating = False
        self._head = w.HTML()
        self._direction = w.ToggleButtons(
            options=_DIRECTIONS, value=self.model.direction, tooltips=["", "upstream", "downstream"],
            style={"button_width": "auto"}, layout={"width": "auto"},
        )  # fmt: skip
        self._search = w.Text(
            placeholder="find a name or code", continuous_update=False, layout={"width": "200px"}, description="Find",
            style={"description_width": "auto"},
        )  # fmt: skip
        self._kinds = [
            w.ToggleButton(
                description=_plural(kind), value=True, layout={"width": "auto"}, tooltip=f"show or hide {_plural(kind)}"
            )
            for kind in _KINDS
        ]
        self._lines = w.HTML(layout={"margin": "0", "width": "auto"})
        self._canvas = w.GridBox(layout={"overflow": "auto", "max_height": f"{_HIGHEST}px", "grid_gap": "0"})
        self._pick = w.Dropdown(description="Node", layout={"width": "420px"}, style={"description_width": "auto"})
        self._fold = w.Button(layout={"width": "auto"})
        self._ask = w.Button(
            description="Ask for this", tooltip="the lineage of the node that is picked", layout={"width": "auto"}
        )
        self._more = w.Button(description="Show more", layout={"width": "auto"})
        self._foot = w.HTML()
        self._detail = w.HTML()
        on = view.handler
        self._direction.observe(on(lambda _: self._set(self.model.ask, None, self._direction.value)), "value")
        self._search.observe(on(lambda _: self._set(self.model.search, self._search.value)), "value")
        for button in self._kinds:
            button.observe(on(lambda _: self._set(self.model.hide, self._hidden())), "value")
        self._pick.observe(on(lambda _: self._set(self.model.select, self._pick.value)), "value")
        self._fold.on_click(on(lambda _: self.model.fold(self.model.selected)))
        self._ask.on_click(on(lambda _: self.model.center_on(self.model.selected)))
        self._more.on_click(on(lambda _: self.model.show_more()))
        wrap = {"flex_flow": "row wrap", "align_items": "center", "overflow": "visible"}
        self.box = w.VBox(
            [
                w.HTML(parts.STYLE + _STYLE, layout={"display": "none"}),
                self._head,
                w.HBox([self._direction, self._search, *self._kinds], layout=wrap),
                self._canvas,
                self._foot,
                w.HBox([self._pick, self._fold, self._ask, self._more], layout=wrap),
                self._detail,
            ],
            layout={"overflow": "visible"},
        )
        self._drawn: Any = None
        self.redraw()

    def redraw(self) -> None:
        """Bring every widget to the model's state."""
        model = self.model
        nodes, edges = model.shown()
        self._updating = True
        try:
            self._head.value = self.view.head_html()
            self._foot.value = self.view.foot_html()
            self._direction.value = model.direction
            self._search.value = model.query
            for button, kind in zip(self._kinds, _KINDS, strict=True):
                button.value = kind not in model.hidden
                button.layout.display = "" if kind in model.kinds else "none"
            options = [(_option(node), node.id) for node in nodes]
            if tuple(options) != tuple(self._pick.options):
                self._pick.options = options
            self._pick.value = model.selected if any(node.id == model.selected for node in nodes) else None
            self._draw(nodes, edges)
        finally:
            self._updating = False
        self._more.layout.display = "" if model.left else "none"
        folded = model.selected in model.folded
        self._fold.description = "Unfold" if folded else "Fold away what lies behind"
        self._fold.disabled = not model.foldable
        self._ask.disabled = model.selected == model.network.center
        self._detail.value = parts.part(self.view.node_html())

    def _draw(self, nodes: list[NetworkNode], edges: list[tuple[str, str]]) -> None:
        key = ([node.id for node in nodes], edges, self.model.network.center)
        at = placed(key[0], edges)
        if key != self._drawn:
            self._drawn = key
            self._place(nodes, at)
        self._lines.value = _edges_svg(at, edges, self.model.selected, self.view.id)
        matches = self.model.matches()
        for id, button in self._nodes.items():
            looks = {"nbl-picked": id == self.model.selected, "nbl-dim": bool(matches) and id not in matches}
            looks["nbl-center"] = id == self.model.network.center
            for name, wanted in looks.items():
                if wanted != (name in button._dom_classes):
                    (button.add_class if wanted else button.remove_class)(name)

    def _place(self, nodes: list[NetworkNode], at: Placed) -> None:
        """Have a button for each node where it stands; buttons that there were stay, with the keyboard's focus."""
        known = {node.id for node in self.model.network.nodes}
        for id in [id for id in self._buttons if id not in known]:
            button = self._buttons.pop(id)
            for one in (button.layout, button):  # else it would be kept for as long as the kernel lives
                one.close()
        for node in nodes:
            if node.id not in self._buttons:
                self._buttons[node.id] = self._button(node)
        self._nodes = {node.id: self._buttons[node.id] for node in nodes}
        for node in nodes:
            button, (row, half) = self._nodes[node.id], at.places[node.id]
            button.description = at.label(node)
            with button.layout.hold_sync():
                button.layout.grid_area = f"{row + 1} / {half + 1} / {row + 2} / {half + 3}"
                button.layout.width = f"{at.box}px"
        self._lines.layout.grid_area = f"1 / 1 / {at.rows + 1} / {at.halves + 1}"
        with self._canvas.hold_sync(), self._canvas.layout.hold_sync():
            self._canvas.children = [self._lines, *self._nodes.values()]
            self._canvas.layout.grid_template_columns = f"repeat({at.halves}, {at.column // 2}px)"
            self._canvas.layout.grid_template_rows = f"repeat({at.rows}, {ROW}px)"
            self._canvas.layout.min_height = f"{min(at.height + 4, _HIGHEST)}px"

    def _button(self, node: NetworkNode) -> Any:
        import ipywidgets as w

        margin = f"{(ROW - HEIGHT) // 2}px {GAP // 2}px"
        layout = {"height": f"{HEIGHT}px", "margin": margin}
        button = w.Button(tooltip=_option(node), layout=layout, style=self._style)
        button.add_class("nbl-node").add_class(f"nbl-is-{node.kind}")
        button.on_click(self.view.handler(partial(self._picked, node.id)))
        return button

    def _picked(self, id: str, _: Any) -> None:
        self.model.select(id)

    def _hidden(self) -> set[str]:
        return {kind for button, kind in zip(self._kinds, _KINDS, strict=True) if not button.value}

    def _set(self, change: Any, *values: Any) -> None:
        """Change the model by what somebody did to a widget, not by what `redraw` does to it."""
        if self._updating or values == (None,):
            return
        try:
            change(*values)
        except NBLedgerError:
            self.redraw()
            raise


def _edges_svg(at: Placed, edges: list[tuple[str, str]], near: str, name: str) -> str:
    return (
        f'<svg aria-hidden="true" width="{at.width}" height="{at.height}" viewBox="0 0 {at.width} {at.height}" '
        f'style="display:block">{arrows(at, edges, near=near, name=name)}</svg>'
    )


def _option(node: NetworkNode) -> str:
    shape = f" {node.facts['shape']}" if "shape" in node.facts else ""
    return f"{LOOKS[node.kind][0]} {clean(node.label)}{shape}"


def _plural(kind: str) -> str:
    return {"data": "data"}.get(kind, f"{kind}s")


def _legend(nodes: list[NetworkNode]) -> str:
    kinds = [kind for kind in LOOKS if any(node.kind == kind for node in nodes)]
    boxes = []
    for kind in kinds:
        name, ground, edge, corner, dashes = LOOKS[kind]
        look = f"background:{ground};border:1.5px {'dashed' if dashes else 'solid'} {edge};border-radius:{corner}px"
        boxes.append(
            f'<span style="display:inline-block;width:1.6em;height:.8em;margin:0 .4em 0 0;{look}"></span>{escape(name)}'
        )
    return f'<p class="nbl-quiet">{" &emsp; ".join(boxes)}</p>'


__all__ = ["LineageView"]
