"""The registry: models, versions, aliases and their history, and a promotion or rollback that is looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.registry.gates import titles
from nbledger.registry.overview import NO_MODELS, ModelOverview, overview, overview_text
from nbledger.tables import clean, many, number, when
from nbledger.widgets import parts
from nbledger.widgets.figure_box import FigureBox
from nbledger.widgets.registry_model import RegistryModel
from nbledger.widgets.view import View

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import GateResult
    from nbledger.registry.planned import Plan

MOST_MODELS, MOST_METRICS, MOST_MOVES = 10, 6, 50
_LEFT = {"width": "auto", "align_self": "flex-start"}
_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "error": "! error", "waived": "~ waived"}
_LOOKS = {"passed": "nbl-good", "failed": "nbl-bad", "error": "nbl-bad", "waived": "nbl-quiet"}


class RegistryView(View):
    """The view of a ledger's registry."""

    title = "registry"

    def __init__(self, model: RegistryModel) -> None:
        super().__init__()
        self.model = model
        self._widget: _RegistryWidget | None = None
        model.on_change(self._follow)

    @classmethod
    def of(cls, ledger: Ledger, model: str | None = None) -> RegistryView:
        """Return the view, beginning with a model. Raises `NotFound`."""
        return cls(RegistryModel(ledger, model))

    def widget(self) -> Any:
        """Return the versions, the history and what promotes and rolls back."""
        self._widget = _RegistryWidget(self)
        return self._widget.box

    def text(self) -> str:
        """Return the models as text, the one that is looked at first, and what was prepared or done."""
        said = [self.model.done] if self.model.done else []
        plan = self.model.plan
        said += ["\n".join((plan.said, *(f"  {line}" for line in plan.changes)))] if plan else []
        said += [self._left()] if self._left() else []
        return "\n\n".join([overview_text(self._models()), *said])

    def html(self) -> str:
        """Return every model with its versions, its gates and its history; a prepared move is said first."""
        shown = [self.model_html(one) for one in self._models()]
        none = "" if shown else f"<p>{escape(NO_MODELS)}</p>"
        left = f"<p class='nbl-quiet'>{escape(self._left())}</p>" if self._left() else ""
        return parts.page("registry", self.plan_html(), none, *shown, left)

    def model_html(self, one: ModelOverview) -> str:
        """Return a model: versions, what the gates said last, and the moves of its aliases."""
        return "".join((self.versions_html(one), _gates(one), _moves(one)))

    def versions_html(self, one: ModelOverview) -> str:
        """Return a model's name, its aliases and its versions."""
        aliases = (
            ", ".join(f"@{alias} is version {at}" for alias, at in sorted(one.aliases.items())) or "no alias is set"
        )
        metrics = one.metrics[:MOST_METRICS]
        rows = [
            [str(item.version.number), " ".join(f"@{alias}" for alias in item.version.aliases),
             f"{item.version.run[:8]} {item.run_name}".strip(), when(item.version.created_at), item.version.created_by,
             *("" if name not in item.metrics else number(item.metrics[name]) for name in metrics)]
            for item in one.versions
        ]  # fmt: skip
        heads = ["version", "alias", "run", "made", "by", *metrics]
        caption = f"The newest {len(rows)} of {one.total:,} versions" if one.total > len(rows) else ""
        table = parts.grid(heads, rows, caption=caption, numbers=[0, *range(5, len(heads))])
        told = escape(f"{many(one.total, 'version')}; {aliases}")
        return f"<h3>{escape(clean(one.name))}</h3><p class='nbl-quiet'>{told}</p>{table}"

    def plan_html(self) -> str:
        """Return what a prepared move will change, or what was done; nothing if neither is."""
        plan = self.model.plan
        if plan is None:
            return f'<p role="status"><b>{escape(clean(self.model.done))}</b></p>' if self.model.done else ""
        look = "nbl-bad" if not plan.allowed else "nbl-quiet" if plan.is_nothing else ""
        return "".join((
            f'<div class="nbl-warn" role="status"><p class="{look}"><b>{escape(clean(plan.said))}</b></p>',
            parts.items(plan.changes) if plan.allowed else "",
            gates_html(plan.gates) if plan.gates else "<p>No gate is asked for: nothing is judged.</p>" * _judges(plan),
            "</div>",
        ))  # fmt: skip

    def _models(self) -> Sequence[ModelOverview]:
        first = self.model.model
        names = [name for name in self.model.names if first is None or name != first.name]
        return ([first] if first is not None else []) + list(overview(self.model.ledger, names[:MOST_MODELS]))

    def _left(self) -> str:
        left = len(self.model.names) - 1 - MOST_MODELS
        return f"and {many(left, 'more model')}: `nbledger models` lists all" if left > 0 else ""

    def _follow(self) -> None:
        if self._widget is not None:
            self._widget.redraw()
        self.changed()


class _RegistryWidget:
    """The widgets of one view."""

    def __init__(self, view: RegistryView) -> None:
        import ipywidgets as w

        self.view, self.model = view, view.model
        self._updating = False
        auto = {"description_width": "auto"}
        wrap = {"flex_flow": "row wrap", "align_items": "center", "overflow": "visible"}
        self._name = w.Dropdown(description="Model", style=auto)
        self._refresh = w.Button(description="Refresh", tooltip="read the registry anew", layout={"width": "auto"})
        self._versions, self._gates, self._moves = w.HTML(), w.HTML(), w.HTML()
        self._timeline = FigureBox(label="history of aliases")
        self._promote = _PromoteForm(w)
        self._rollback = _RollbackForm(w)
        self._reason = w.Text(description="Reason", placeholder="kept with it", layout={"width": "420px"}, style=auto)
        self._plan = w.HTML()
        self._confirm = w.Button(layout={"width": "auto"}, button_style="warning")
        self._cancel = w.Button(description="Cancel", layout={"width": "auto"})
        on = view.handler
        self._name.observe(on(lambda change: self._chosen(change["new"])), "value")
        self._refresh.on_click(on(lambda _: self.model.refresh()))
        self._promote.preview.on_click(on(lambda _: self._prepare_promotion()))
        self._rollback.preview.on_click(
            on(lambda _: self.model.prepare_rollback(self._rollback.alias.value or "", self._rollback.to.value or None))
        )
        self._confirm.on_click(on(lambda _: self.model.confirm(self._reason.value)))
        self._cancel.on_click(on(lambda _: self.model.cancel()))
        self._decide = w.HBox([self._confirm, self._cancel], layout=wrap)
        forms = w.Accordion([self._promote.box, self._rollback.box], titles=("Promote", "Roll back"))
        forms.selected_index = None
        self.box = w.VBox(
            [
                w.HTML(parts.STYLE, layout={"display": "none"}),
                w.HBox([self._name, self._refresh], layout=wrap),
                self._versions,
                forms,
                self._reason,
                self._plan,
                self._decide,
                self._gates,
                self._timeline.widget,
                self._moves,
            ],
            layout={"overflow": "visible"},
        )
        self._known: str | None = None
        self.redraw()

    def redraw(self) -> None:
        """Bring every widget to the model's state."""
        from nbledger.figures.history import history_timeline

        model, one = self.model, self.model.model
        self._updating = True
        try:
            if tuple(model.names) != tuple(self._name.options):
                self._name.options = model.names
            self._name.value = one.name if one is not None else None
        finally:
            self._updating = False
        self._promote.fill(one, model.gates, anew=self._known != (one.name if one else None))
        self._rollback.fill(one)
        self._known = one.name if one else None
        self._versions.value = parts.part(self.view.versions_html(one) if one else f"<p>{escape(NO_MODELS)}</p>")
        self._gates.value = parts.part(_gates(one)) if one else ""
        self._moves.value = parts.part(_moves(one, folded=True)) if one else ""
        if one is not None and one.events:
            self._timeline.show(history_timeline(one.events, title=f"Aliases of {one.name}"))
        else:
            self._timeline.clear()
        plan = model.plan
        self._plan.value = parts.part(self.view.plan_html())
        self._decide.layout.display = "" if plan is not None else "none"
        if plan is not None:
            alias = f"@{plan.alias}" if plan.alias else ""
            verb = "Promote" if plan.action == "promote" else "Roll back"
            self._confirm.description = f"{verb} {plan.model}{alias} to version {plan.number}"
            self._confirm.disabled = not plan.allowed or plan.is_nothing

    def _chosen(self, name: str | None) -> None:
        if not self._updating and name is not None:
            self.model.choose(name)

    def _prepare_promotion(self) -> None:
        form = self._promote
        run = form.run.value.strip()
        self.model.prepare_promotion(
            model=form.name.value.strip() or None, version=None if run else form.version.value, run=run or None,
            alias=form.alias.value.strip(), gates=form.gates.value, waive=form.waive.value, reason=self._reason.value,
        )  # fmt: skip


class _PromoteForm:
    """What is asked of a promotion: a version or a run, an alias, and the gates."""

    def __init__(self, w: Any) -> None:
        wide = {"style": {"description_width": "110px"}, "layout": {"width": "460px"}}
        self.version = w.Dropdown(description="Version", **wide)
        self.run = w.Text(description="or of a run", placeholder="the id of a run with a model", **wide)
        self.name = w.Text(description="as the model", placeholder="the model that is shown", **wide)
        self.alias = w.Combobox(description="Alias", placeholder="champion", ensure_option=False, **wide)
        self.gates = w.Textarea(
            description="Gates", placeholder="one a line: accuracy >= 0.9", rows=4,
            style={"description_width": "110px"}, layout={"width": "460px", "height": "auto"},
        )  # fmt: skip
        self.waive = w.Text(description="Waive", placeholder="names of gates; needs a reason", **wide)
        self.preview = w.Button(description="Judge, and show what will change", tooltip="writes nothing", layout=_LEFT)
        self.box = w.VBox([self.version, self.run, self.name, self.alias, self.gates, self.waive, self.preview])

    def fill(self, one: ModelOverview | None, gates: Sequence[str], *, anew: bool) -> None:
        """Offer a model's versions and aliases; the gates of last time when the model was not shown before."""
        options = [
            (" ".join([f"version {item.version.number}", *(f"@{alias}" for alias in item.version.aliases)]),
             item.version.number)
            for item in (one.versions if one else ())
        ]  # fmt: skip
        if options != list(self.version.options):
            kept = self.version.value
            self.version.options = options
            numbers = [number for _, number in options]
            self.version.value = kept if not anew and kept in numbers else next(iter(numbers), None)
        self.alias.options = sorted(one.aliases) if one else []
        if anew:
            self.gates.value = "\n".join(gates)
            self.alias.value = "champion" if one is None or "champion" in one.aliases else next(iter(one.aliases), "")


class _RollbackForm:
    """What is asked of a rollback: which alias, and to which of the versions that it held."""

    def __init__(self, w: Any) -> None:
        wide = {"style": {"description_width": "110px"}, "layout": {"width": "460px"}}
        self.alias = w.Dropdown(description="Alias", **wide)
        self.to = w.Dropdown(description="To", **wide)
        self.preview = w.Button(description="Show what will change", tooltip="writes nothing", layout=_LEFT)
        self.box = w.VBox([self.alias, self.to, self.preview])
        self._model: ModelOverview | None = None
        self.alias.observe(lambda _: self._offer(), "value")

    def fill(self, one: ModelOverview | None) -> None:
        """Offer a model's aliases."""
        self._model = one
        options = tuple(sorted(one.aliases)) if one else ()
        if options != tuple(self.alias.options):
            kept = self.alias.value
            self.alias.options = options
            self.alias.value = kept if kept in options else next(iter(options), None)
        self._offer()

    def _offer(self) -> None:
        events = self._model.events if self._model else ()
        held = sorted(
            {event.number for event in events if event.alias == self.alias.value and event.number is not None}
        )
        options = [("the version before", 0), *((f"version {at}", at) for at in reversed(held))]
        if options != list(self.to.options):
            self.to.options = options
            self.to.value = 0


def gates_html(gates: Sequence[GateResult]) -> str:
    """Return what gates said as a table."""
    rows = [
        [title, parts.Html(f'<span class="{_LOOKS[one.status]}">{_MARKS[one.status]}</span>'), one.detail]
        for title, one in zip(titles(gates), gates, strict=True)
    ]
    return parts.grid(["gate", "", "found"], rows)


def _gates(one: ModelOverview) -> str:
    last = next((record for record in one.promotions if record.gates), None)
    if last is None:
        return ""
    what = f"{last.outcome.replace('_', ' ')}{f' as @{last.alias}' if last.alias else ''}"
    number = f"version {last.number}" if last.number else f"run {last.run[:8]}"
    told = escape(clean(f"{number} {what}, {when(last.time)}"))
    return f"<h4>gates, when last judged</h4><p class='nbl-quiet'>{told}</p>{gates_html(last.gates)}"


def _moves(one: ModelOverview, *, folded: bool = False) -> str:
    if not one.events:
        return ""
    rows = [
        [when(event.time), f"@{event.alias}", "away" if event.number is None else f"version {event.number}", event.who,
         event.reason]
        for event in reversed(one.events)
    ][:MOST_MOVES]  # fmt: skip
    left = len(one.events) - len(rows)
    table = parts.grid(
        ["when", "alias", "to", "by", "reason"], rows, caption=f"and {left:,} earlier" if left > 0 else ""
    )
    return parts.fold("every move of an alias", table) if folded else f"<h4>aliases, the last move first</h4>{table}"


def _judges(plan: Plan) -> bool:
    return plan.action == "promote" and not plan.is_nothing


__all__ = ["RegistryView", "gates_html"]
