"""What a card says, section by section, of one model version."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from nbledger.ledger import model_tags
from nbledger.registry import evidence
from nbledger.registry.card import made_by, numbers, trust
from nbledger.registry.card.page import NOT_RECORDED, Block, Card, Facts, Items, Section, Table, Text
from nbledger.registry.signature import input_example, signature
from nbledger.tables import many, number, size

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import ModelVersion, Version

#: Tags that a card asks for, with what a reader wants to know.
INTENDED_USE = "intended_use"
ETHICS = "ethical_considerations"
CAVEATS = "caveats"
_TOLD = {INTENDED_USE: "intended use", ETHICS: "ethical considerations"}
_NOT_SEEN = (
    "The card tells what was recorded: how the data was collected and labelled, and how the model is used, is not."
)
_MOST_COLUMNS = 60
_LONGEST_CELL = 60


def model_card(ledger: Ledger, version: ModelVersion) -> Card:
    """Return the card of a model version. Nothing is written; stored data is read for the intervals and groups."""
    return _Cards(ledger, version).card()


class _Cards:
    """One card in the making: what is asked of the ledger more than once."""

    def __init__(self, ledger: Ledger, version: ModelVersion) -> None:
        self.ledger = ledger
        self.version = version
        self.ref = f"{version.model}/{version.number}"
        self.record = ledger.version(version.version)
        self.maker = evidence.maker(ledger, version)
        self.signed = signature(ledger, version)
        self.judged = evidence.judgements(ledger, version)
        self.metrics = [numbers.measured(ledger, one) for one in self.judged]
        self.groups = numbers.groups(ledger, self.metrics)
        self.tags = {
            **model_tags.tags(ledger, version.model),
            **model_tags.tags(ledger, version.model, version.number),
        }

    def card(self) -> Card:
        leaks = trust.known_leaks(self.ledger, self.version, self.maker, self.judged)
        slice_section, slice_notes = made_by.training_code(self.ledger, self.ref)
        sections = (
            Section("Model Details", self.details()),
            Section("Signature", self.signature(), part=True),
            Section("Input example", self.example(), part=True),
            Section("Intended Use", (self.told(INTENDED_USE),)),
            Section("Factors", (Text(self.factors()),)),
            Section("Metrics", self.metric_table()),
            Section("Evaluation Data", tuple(self.evaluation())),
            Section("Training Data", tuple(self.training())),
            Section("Quantitative Analyses", tuple(self.analyses())),
            Section("Known Leaks", tuple(trust.leak_blocks(leaks))),
            Section("Ethical Considerations", (self.told(ETHICS),)),
            Section("Caveats and Recommendations", (self.caveats(leaks, slice_notes),)),
            Section("Parameters", made_by.parameters(self.ledger, self.maker)),
            Section("Environment", made_by.environment(self.ledger, self.maker)),
            Section("Promotions and Approvals", tuple(trust.promotions(self.ledger, self.version))),
            slice_section,
        )
        aliases = " ".join(f"@{alias}" for alias in self.version.aliases)
        subtitle = f"Model card, {aliases or 'no alias'}"
        data = {
            "model": self.version.model,
            "version": self.version.number,
            "metrics": [one.to_dict() for one in self.metrics],
            "groups": [one.to_dict() for one in self.groups.found],
            "signature": self.signed.to_dict(),
        }
        return Card(f"{self.version.model}, version {self.version.number}", subtitle, sections, data)

    # -- sections -----------------------------------------------------------------------------------------------

    def details(self) -> tuple[Block, ...]:
        version, stored = self.version, self.ledger.stored(self.version.version)
        form = (
            NOT_RECORDED
            if stored is None
            else f"{stored.format}, {size(stored.size)}" + ("" if stored.trusted else ", loads only with trust=True")
        )
        run = self.maker
        where = run.notebook or run.name or run.kind
        items = [
            ("description", self.tags.get(model_tags.DESCRIPTION) or self.missing()),
            ("type", self.record.type_name or NOT_RECORDED),
            ("stage", self.tags.get(model_tags.STAGE, "none")),
            ("aliases", ", ".join(f"@{alias}" for alias in version.aliases) or "none"),
            ("registered", f"{moment(version.created_at)} by {version.created_by}"),
            ("made by", f"run {run.id[:8]} of {where}, {moment(run.started_at)}"),
            ("content", f"{version.version[:12]} ({self.record.exactness})"),
            ("stored as", form),
        ]
        shown = {model_tags.DESCRIPTION, model_tags.STAGE, INTENDED_USE, ETHICS, CAVEATS}
        items += [(f"tag {name}", value) for name, value in self.tags.items() if name not in shown]
        return (Facts(tuple(items)),)

    def signature(self) -> tuple[Block, ...]:
        signed = self.signed
        blocks: list[Block] = []
        if signed.inputs is not None and signed.inputs.columns:
            name = signed.inputs.name or "the training data"
            blocks.append(
                Table(f"Inputs: the columns of {name}", ("column", "dtype"), signed.inputs.columns[:_MOST_COLUMNS])
            )
            if len(signed.inputs.columns) > _MOST_COLUMNS:
                blocks.append(Text(f"The first {_MOST_COLUMNS} of {len(signed.inputs.columns)} columns."))
        items = [] if blocks else [("inputs", str(signed.inputs) if signed.inputs else NOT_RECORDED)]
        items.append(("outputs", str(signed.outputs) if signed.outputs else NOT_RECORDED))
        return (*blocks, Facts(tuple(items)))

    def example(self) -> tuple[Block, ...]:
        found = input_example(self.ledger, self.version)
        if not found.rows:
            return (Text(f"Not recorded: {found.reason or 'there are no rows'}."),)
        shown = tuple(found.columns[:_MOST_COLUMNS])
        rows = tuple(tuple(_cell(value) for value in row[: len(shown)]) for row in found.rows)
        caption = f"The first {many(len(rows), 'row')} of the data that the model was fitted on"
        return (Table(caption, shown, rows),) if shown else (Text("The data has no columns."),)

    def factors(self) -> str:
        if self.groups.columns:
            return f"The evaluation data is told apart by {', '.join(self.groups.columns)}; see Quantitative Analyses."
        return f"Not recorded: {'; '.join(self.groups.notes) or 'no metric is known by group'}."

    def metric_table(self) -> tuple[Block, ...]:
        if not self.metrics:
            return (Text("Not recorded: no metric of this model is known."),)
        rows = []
        for one in self.metrics:
            bounds = (
                f"{number(one.low)} to {number(one.high)}" if one.low is not None else f"{NOT_RECORDED}: {one.reason}"
            )
            rows.append(
                (
                    one.name,
                    number(one.value),
                    bounds,
                    one.judged.function or NOT_RECORDED,
                    self.judged_on(one),
                    one.judged.run[:8],
                )
            )
        method = sorted({one.resamples for one in self.metrics if one.resamples})
        how = f" by a bootstrap over the evaluated rows ({' to '.join(map(str, method))} resamples)" if method else ""
        caption = f"Each metric with its 95 percent interval{how}"
        headers = ("metric", "value", "95% interval", "function", "judged on", "run")
        return (Table(caption, headers, tuple(rows), frozenset({1})),)

    def judged_on(self, one: numbers.Measured) -> str:
        features = one.judged.features or one.judged.truth
        if features is None:
            return NOT_RECORDED
        record = evidence.known(self.ledger, features)
        rows = f", {many(record.shape[0], 'row')}" if record is not None and record.shape else ""
        return f"{evidence.name_of(self.ledger, features)}{rows}"

    def evaluation(self) -> list[Block]:
        blocks: list[Block] = []
        for version in dict.fromkeys(one.judged.features for one in self.metrics if one.judged.features):
            blocks += self.data(str(version), "evaluation data")
        uses = trust.test_uses(self.ledger, self.judged)
        if not blocks:
            blocks.append(Text("Not recorded: what the model was judged on is not known by content."))
        return [
            *blocks,
            *(
                [
                    Table(
                        "How often each test set was used to judge",
                        ("test set", "judgements", "models", "runs"),
                        uses,
                        frozenset({1, 2, 3}),
                    )
                ]
                if uses
                else []
            ),
        ]

    def training(self) -> list[Block]:
        inputs = self.signed.inputs
        if inputs is None or inputs.version is None:
            return [
                Text(f"Not recorded: {'; '.join(self.signed.notes) or 'the data of the fit is not known by content'}.")
            ]
        return [*self.data(inputs.version, "training data"), *made_by.sources(self.ledger, self.ref)]

    def data(self, hash: str, what: str) -> list[Block]:
        """Return what is known of some data: name, shape, hash, and its columns."""
        version = evidence.known(self.ledger, hash)
        name = evidence.name_of(self.ledger, hash)
        if version is None:
            return [Facts(((what, f"{name} ({hash[:12]})"),))]
        shape = " x ".join(map(str, version.shape)) if version.shape else NOT_RECORDED
        kept = "yes" if self.ledger.stored(hash) else "no, only its hash"
        items = (
            (what, f"{name} ({version.type_name or version.kind})"),
            ("shape", shape),
            ("content", f"{hash[:12]} ({version.exactness})"),
            ("stored", kept),
        )
        return [Facts(items), *_columns(version, name)]

    def analyses(self) -> list[Block]:
        blocks: list[Block] = []
        for metric in dict.fromkeys(group.metric for group in self.groups.found):
            own = [group for group in self.groups.found if group.metric == metric]
            rows = tuple(
                (
                    f"{group.column} = {group.value}",
                    str(group.rows),
                    number(group.score),
                    f"{number(group.low)} to {number(group.high)}",
                )
                for group in own
            )
            caption = f"{metric} by group, the worst first"
            blocks.append(Table(caption, ("group", "rows", metric, "95% interval"), rows, frozenset({1, 2})))
        notes = (
            [f"Not recorded: {note}." for note in self.groups.notes]
            if not blocks
            else [f"{note[0].upper()}{note[1:]}." for note in self.groups.notes]
        )
        return blocks + [Text(note) for note in notes]

    def caveats(self, leaks: Any, more: list[str]) -> Block:
        found = trust.limitations(self.ledger, self.version, self.maker, self.metrics, leaks)
        own = self.tags.get(CAVEATS)
        fitted = self.signed.inputs.version if self.signed.inputs is not None else None
        found += [
            f"{one.name} = {number(one.value)} was judged on the very rows that the model was fitted on."
            for one in self.metrics
            if fitted is not None and one.judged.features == fitted
        ]
        untold = [what for tag, what in _TOLD.items() if tag not in self.tags]
        if untold:
            found.append(f"Nobody has said the {' and the '.join(untold)}.")
        return Items((*([own] if own else []), *found, *more, _NOT_SEEN))

    # -- pieces -------------------------------------------------------------------------------------------------

    def told(self, tag: str) -> Block:
        return Text(self.tags.get(tag) or f"Not recorded: say it by {self.hint(tag)}.")

    def hint(self, tag: str) -> str:
        return f'nbledger describe {self.version.model} --tag {tag}="..."'

    def missing(self) -> str:
        return f'{NOT_RECORDED}: nbledger describe {self.version.model} "..."'


def _columns(version: Version, name: str) -> list[Block]:
    if not version.schema:
        return []
    rows = []
    for column in version.schema[:_MOST_COLUMNS]:
        profile = column.profile or {}
        rows.append(
            (column.name, column.dtype, *(_cell(profile.get(key)) for key in ("missing", "min", "max", "mean")))
        )
    caption = f"The columns of {name}"
    if len(version.schema) > _MOST_COLUMNS:
        caption += f" (the first {_MOST_COLUMNS} of {len(version.schema)})"
    if any((column.profile or {}).get("sampled_rows") for column in version.schema):
        caption += "; the figures are from a sample of its rows"
    headers = ("column", "dtype", "missing", "min", "max", "mean")
    return [Table(caption, headers, tuple(rows), frozenset({2, 3, 4, 5}))]


def _cell(value: Any) -> str:
    text = "" if value is None else number(value) if isinstance(value, int | float) else str(value)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def moment(seconds: float) -> str:
    """Return a moment in UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


__all__ = ["CAVEATS", "ETHICS", "INTENDED_USE", "model_card", "moment"]
