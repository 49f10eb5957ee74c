"""The registry at a glance: models with versions, aliases, their history, and what the gates said last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbledger.ledger.promotions import PromotionRecord, promotions
from nbledger.records import AliasEvent, GateResult, ModelVersion
from nbledger.registry.promotion import gate_table
from nbledger.tables import ago, number, table, when

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

MOST_VERSIONS, MOST_PROMOTIONS = 50, 20
NO_MODELS = "No model is registered yet: nbledger promote MODEL --best metrics.NAME --alias champion"


@dataclass(frozen=True, slots=True)
class VersionOverview:
    """A version with the metrics of the run that it was registered from, and how that run is called."""

    version: ModelVersion
    metrics: Mapping[str, float]
    run_name: str = ""


@dataclass(frozen=True, slots=True)
class ModelOverview:
    """A model: its newest versions, where its aliases stand, their moves (the first one first), and its promotions.

    `total` is how many versions there are; `promotions` are the newest, with refusals and rollbacks.
    """

    name: str
    total: int
    versions: tuple[VersionOverview, ...]
    aliases: Mapping[str, int]
    events: tuple[AliasEvent, ...]
    promotions: tuple[PromotionRecord, ...] = field(default=())

    @property
    def gates(self) -> tuple[GateResult, ...]:
        """What the gates said the last time that any were judged."""
        return next((one.gates for one in self.promotions if one.gates), ())

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of its versions: those that most of them have first."""
        counts: dict[str, int] = {}
        for one in self.versions:
            for name in one.metrics:
                counts[name] = counts.get(name, 0) + 1
        return tuple(sorted(counts, key=lambda name: -counts[name]))

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain data."""
        return {
            "model": self.name,
            "total": self.total,
            "aliases": dict(self.aliases),
            "versions": [
                {"number": one.version.number, "run": one.version.run, "version": one.version.version,
                 "created_at": one.version.created_at, "created_by": one.version.created_by,
                 "aliases": list(one.version.aliases), "metrics": dict(one.metrics)}
                for one in self.versions
            ],
            "alias_events": [_fields(event) for event in self.events],
            "promotions": [_fields(one) | {"gates": [_fields(gate) for gate in one.gates]} for one in self.promotions],
        }  # fmt: skip

    def text(self, width: int | None = None) -> str:
        """Return the model as text, cut to `width` columns."""
        shown = self.metrics[:4]
        rows = [
            [one.version.number, " ".join(f"@{alias}" for alias in one.version.aliases), one.version.run[:8],
             ago(one.version.created_at), one.version.created_by, *(number(one.metrics.get(name)) for name in shown)]
            for one in self.versions
        ]  # fmt: skip
        count = f"{self.total} version{'' if self.total == 1 else 's'}"
        blocks = [f"{self.name}  {count}", table(["version", "alias", "run", "made", "by", *shown], rows, width=width)]
        if self.total > len(self.versions):
            blocks.append(f"The newest {len(self.versions)}; `nbledger sql` lists all.")
        if self.events:
            moves = [
                [when(event.time), f"@{event.alias}", "away" if event.number is None else event.number, event.who,
                 event.reason]
                for event in reversed(self.events)
            ][:MOST_PROMOTIONS]  # fmt: skip
            blocks.append(
                "aliases, the last move first\n" + table(["when", "", "to", "by", "reason"], moves, width=width)
            )
        last = next((one for one in self.promotions if one.gates), None)
        if last is not None:
            what = f"{last.outcome.replace('_', ' ')}{f' as @{last.alias}' if last.alias else ''}"
            blocks.append(f"gates, {when(last.time)}, {what}\n" + gate_table(last.gates, width))
        return "\n\n".join(blocks)


def overview(ledger: Ledger, models: Sequence[str] | None = None) -> tuple[ModelOverview, ...]:
    """Return the models of a ledger by name, or these. Raises `NotFound` for one that is not registered."""
    return tuple(model_overview(ledger, name) for name in (ledger.models() if models is None else models))


def model_overview(ledger: Ledger, model: str, *, limit: int = MOST_VERSIONS) -> ModelOverview:
    """Return one model with its newest versions. Raises `NotFound`."""
    versions = ledger.model_versions(model, limit=limit)
    keys = [ledger.reader.key(one.run) for one in versions]
    runs = {run.id: run for run in ledger.reader.runs(keys)}
    shown = tuple(
        VersionOverview(one, dict(runs[one.run].metrics) if one.run in runs else {},
                        (runs[one.run].name or "") if one.run in runs else "")
        for one in versions
    )  # fmt: skip
    return ModelOverview(
        model, count_versions(ledger, model), shown, ledger.aliases(model), tuple(ledger.alias_history(model)),
        tuple(promotions(ledger, model, limit=MOST_PROMOTIONS)),
    )  # fmt: skip


def count_versions(ledger: Ledger, model: str) -> int:
    """Return how many versions a model has; 0 for one that is not registered."""
    rows = ledger.database.rows(
        "SELECT count(*) FROM model_version v JOIN model m ON m.key = v.model WHERE m.name = ?", (model,)
    )
    return int(rows[0][0])


def overview_text(models: Sequence[ModelOverview], width: int | None = None) -> str:
    """Return models as text, one after the other."""
    return "\n\n\n".join(one.text(width) for one in models) or NO_MODELS


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


__all__ = ["ModelOverview", "VersionOverview", "count_versions", "model_overview", "overview", "overview_text"]
