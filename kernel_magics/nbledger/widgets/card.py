"""The card under a tracked cell: what was recorded, and what changed since the cell's previous run.

`card` gathers the facts, `text`, `payload` and `card_html.html` say them in three forms; `show` displays all three, so
that every front end finds one that it can draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.records import Edge, Scalar, Version
from nbledger.tables import span

if TYPE_CHECKING:
    from nbledger.capture.outcome import ModelSaved, Outcome
    from nbledger.capture.writer import Writer
    from nbledger.ledger import Ledger

MIME_TYPE = "application/vnd.nbledger.run+json"
_SHORT = 8
_MAX_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class MetricLine:
    """A metric with its change against the previous run of the cell and against the experiment's best before it.

    `lower_is_better` gives the direction; the changes are `None` where there is nothing to compare with, or where
    the runs were judged on other data (`comparable` is then False).
    """

    name: str
    value: float
    previous: float | None
    best: float | None
    lower_is_better: bool
    comparable: bool = True

    @property
    def is_best(self) -> bool:
        """Whether no earlier run of the experiment did better."""
        if self.best is None:
            return False
        return self.value <= self.best if self.lower_is_better else self.value >= self.best

    @property
    def to_best(self) -> str:
        """How the value stands to the best of the earlier runs, in words; empty when there is none."""
        if self.best is None:
            return ""
        if self.value == self.best:
            return "equal to the best"
        change = f"{self.value - self.best:+.4g}"
        return f"the best so far, {change} on the one before" if self.is_best else f"{change} to the best"


@dataclass(frozen=True, slots=True)
class DataLine:
    """A table or array that the cell used or made, and how it differs from the previous run's of that name."""

    name: str
    shape: tuple[int, ...]
    hash: str
    exactness: str
    change: str


@dataclass(frozen=True, slots=True)
class Card:
    """All that a card says."""

    run: str
    name: str
    experiment: str
    status: str
    duration: float
    error: str
    params: Mapping[str, Scalar]
    metrics: tuple[MetricLine, ...]
    data: tuple[DataLine, ...]
    models: tuple[ModelSaved, ...]
    problems: tuple[str, ...]
    recorded: bool


def card(outcome: Outcome, ledger: Ledger | None) -> Card:
    """Gather what the card of a cell shows; comparisons need a ledger and are left out without one."""
    start, end, facts = outcome.start, outcome.end, outcome.facts
    error = end.error
    return Card(
        run=start.id,
        name=start.name or "",
        experiment=start.experiment or "",
        status=end.status,
        duration=end.duration,
        error=f"{error.type}: {error.message}" if error else "",
        params={param.name: param.value for param in facts.params if not param.is_default},
        metrics=_metric_lines(outcome, ledger),
        data=_data_lines(outcome, ledger),
        models=outcome.models,
        problems=outcome.problems,
        recorded=outcome.recorded,
    )


def show(outcome: Outcome, writer: Writer) -> None:
    """Display the card of a cell as HTML, plain text and a JSON bundle."""
    from IPython.display import display

    from nbledger.widgets.card_html import html

    ledger = None
    if outcome.recorded:
        try:
            ledger = writer.ledger
        except (NBLedgerError, OSError):
            # The card then shows no comparison; the writer has said what is wrong.
            ledger = None
    shown = card(outcome, ledger)
    display({"text/plain": text(shown), "text/html": html(shown), MIME_TYPE: payload(shown)}, raw=True)


def text(shown: Card) -> str:
    """Return a card as plain text."""
    head = f"nbledger  {shown.run[:_SHORT]}  {shown.name or shown.experiment}  {span(shown.duration)}"
    lines = [head if shown.status == "finished" else f"{head}  {shown.status}"]
    if shown.error:
        lines.append(f"  error    {shown.error.splitlines()[0]}")
    if shown.params:
        lines.append("  params   " + "  ".join(f"{name}={value}" for name, value in shown.params.items()))
    lines += [f"  metric   {line.name} {format_number(line.value)}{_change_text(line)}" for line in shown.metrics]
    for item in shown.data:
        shape = "x".join(map(str, item.shape))
        lines.append(f"  data     {item.name} {shape} {item.hash[:_SHORT]} {item.change}".rstrip())
    lines += [f"  model    {model.name} {model_text(model)}" for model in shown.models]
    lines += [f"  not recorded: {problem}" for problem in shown.problems]
    if not shown.recorded:
        lines.append("  not recorded: this run is not in the ledger")
    return "\n".join(lines)


def payload(shown: Card) -> dict[str, Any]:
    """Return a card as JSON for the Lab extension; the ledger stays the truth."""
    return {
        "version": 1,
        "run": shown.run,
        "name": shown.name,
        "experiment": shown.experiment,
        "status": shown.status,
        "duration": shown.duration,
        "params": dict(shown.params),
        "metrics": [
            {"name": m.name, "value": finite(m.value), "previous": finite(m.previous), "best": finite(m.best)}
            for m in shown.metrics
        ],
        "data": [{"name": d.name, "shape": list(d.shape), "hash": d.hash, "change": d.change} for d in shown.data],
        "models": [{"name": m.name, "type": m.type_name, "version": m.version, "size": m.size} for m in shown.models],
        "problems": list(shown.problems),
        "recorded": shown.recorded,
    }


def finite(value: float | None) -> float | str | None:
    """Return a number as JSON can hold it: NaN and the infinities as text."""
    if value is None or value - value == 0:
        return value
    return str(value)


def format_number(value: float) -> str:
    """Return a number with four significant decimals, without trailing zeros lost on whole numbers."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 10_000 else f"{value:.4g}"


def format_change(change: float) -> str:
    """Return a difference with its sign, or that there is none."""
    return f"{change:+.4g}" if change else "unchanged"


def format_bytes(size: int) -> str:
    """Return a size in the unit that reads best."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size_next = size / 1000
        size = size_next  # type: ignore[assignment]
    return f"{size:.1f} GB"


def model_text(model: ModelSaved) -> str:
    """Return a model's class, format and size, or why it is not stored."""
    name = model.type_name.rpartition(".")[2]
    if model.format is None:
        return f"{name}, not stored ({model.reason})"
    trust = "" if model.trusted else ", untrusted"
    return f"{name}, {model.format} {format_bytes(model.size)}{trust}"


def _change_text(line: MetricLine) -> str:
    parts = []
    if line.previous is not None:
        parts.append(f"{format_change(line.value - line.previous)} since the previous run")
    if line.to_best:
        parts.append(line.to_best)
    if not line.comparable:
        parts.append("judged on other data than the previous run")
    return f"  ({', '.join(parts)})" if parts else ""


def _metric_lines(outcome: Outcome, ledger: Ledger | None) -> tuple[MetricLine, ...]:
    from nbledger.registry.best import is_minimized

    # The ledger knows more than the cell's last transaction: values logged step by step were written on the way.
    latest = {metric.name: metric.value for metric in outcome.facts.metrics}
    if ledger is not None:
        latest = dict(ledger.run(outcome.start.id).metrics)
    if not latest:
        return ()
    previous: Mapping[str, float] = {}
    best: Mapping[str, Any] = {}
    other_data: set[str] = set()
    if ledger is not None:
        before = ledger.previous_run(outcome.start.id)
        best = ledger.best_metrics(outcome.start.experiment or "", before_run=outcome.start.id)
        if before is not None:
            previous = before.metrics
            other_data = _judged_elsewhere(outcome, ledger, before.id)
    lines = []
    for name, value in latest.items():
        lower = is_minimized(name)
        span = best.get(name)
        lines.append(
            MetricLine(
                name,
                value,
                previous.get(name),
                None if span is None else (span.least if lower else span.greatest),
                lower,
                name not in other_data,
            )
        )
    return tuple(lines)


def _judged_elsewhere(outcome: Outcome, ledger: Ledger, before: str) -> set[str]:
    """Return the metrics whose true values are another version than in the run before."""

    def truths(metrics: Any) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for metric in metrics:
            found.setdefault(metric.name, set()).update(b.version for b in metric.basis if b.role in ("y_true", "y"))
        return found

    now, then = truths(outcome.facts.metrics), truths(ledger.metrics(before))
    return {name for name, versions in now.items() if versions and then.get(name) and then[name] != versions}


def _data_lines(outcome: Outcome, ledger: Ledger | None) -> tuple[DataLine, ...]:
    versions = {version.hash: version for version in outcome.facts.versions}
    now = _tables(outcome.facts.used, versions)
    if not now:
        return ()
    then: dict[str, Version] = {}
    before = ledger.previous_run(outcome.start.id) if ledger is not None else None
    if ledger is not None and before is not None:
        for edge in ledger.used(before.id):
            if edge.name in now:
                then[edge.name] = ledger.version(edge.version)
    return tuple(
        DataLine(name, version.shape or (), version.hash, version.exactness, _difference(then.get(name), version))
        for name, version in now.items()
    )


def _tables(edges: tuple[Edge, ...], versions: Mapping[str, Version]) -> dict[str, Version]:
    """Return the tables and arrays by name; a variable comes before what a call was given under the same name."""
    found: dict[str, Version] = {}
    for edge in sorted(edges, key=lambda edge: edge.role != "variable"):
        version = versions.get(edge.version)
        if version is not None and version.kind in ("table", "column", "array", "sparse", "tensor"):
            found.setdefault(edge.name, version)
    return found


def _difference(then: Version | None, now: Version) -> str:
    """Say in a few words how a table differs from the one before."""
    if then is None or then.hash == now.hash:
        return ""
    old, new = then.columns, now.columns
    if old is None or new is None or (then.shape or ())[:1] != (now.shape or ())[:1]:
        return f"changed, was {'x'.join(map(str, then.shape or ()))}" if then.shape != now.shape else "changed"
    parts = []
    for word, names in (
        ("changed", [name for name in new if name in old and old[name] != new[name]]),
        ("added", [name for name in new if name not in old]),
        ("removed", [name for name in old if name not in new]),
    ):
        if names:
            shown = ", ".join(names[:_MAX_COLUMNS]) + (", ..." if len(names) > _MAX_COLUMNS else "")
            parts.append(f"{word}: {shown}")
    return "; ".join(parts) or "changed"
