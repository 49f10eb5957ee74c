"""A model's signature: what goes in and what comes out, taken from the lineage of its fit and its predictions.

MLflow's words: the signature has inputs and outputs with their dtypes, the input example is a few rows that went in.
Nobody declares them: the fit recorded which data it worked on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nbledger.ledger import model_tags
from nbledger.ledger.model_tags import ModelArtifact
from nbledger.registry import evidence

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Call, ModelVersion, Version

FILE = "signature.json"
EXAMPLE = "input_example"
#: Rows of an input example.
EXAMPLE_ROWS = 5
_READABLE = {"parquet": "application/vnd.apache.parquet", "npy": "application/x-npy", "npz": "application/x-npz"}


@dataclass(frozen=True, slots=True)
class Values:
    """What goes in or comes out: a table (`columns`: name and dtype), or an array (`dtype`, `shape` without rows).

    `name` is the variable's, `version` the content that was seen, `classes` what a classifier answers with.
    """

    kind: str
    name: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    version: str | None = None
    classes: tuple[Any, ...] | None = None

    def __str__(self) -> str:
        if self.columns:
            return ", ".join(f"{name}: {dtype}" for name, dtype in self.columns)
        dims = "" if self.shape is None else f" ({', '.join(('rows', *map(str, self.shape)))})"
        one_of = "" if self.classes is None else f", one of {', '.join(map(str, self.classes))}"
        return f"{self.dtype or 'dtype not recorded'}{dims}{one_of}"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives; `None` and `notes` say what the ledger does not know."""

    inputs: Values | None
    outputs: Values | None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the signature as plain values, as it is kept in `signature.json`."""
        return {
            "inputs": None if self.inputs is None else asdict(self.inputs),
            "outputs": None if self.outputs is None else asdict(self.outputs),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Signature:
        """Return the signature of what `to_dict` gave."""
        return cls(_values(data.get("inputs")), _values(data.get("outputs")), tuple(data.get("notes", ())))


@dataclass(frozen=True, slots=True)
class InputExample:
    """A few rows that a model was fitted on, as columns of plain values; `None` and `reason` where there are none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the example as plain values."""
        return {"columns": list(self.columns), "rows": [list(row) for row in self.rows], "reason": self.reason}


def signature(ledger: Ledger, version: ModelVersion) -> Signature:
    """Return a model version's signature: the one kept when it was registered, else what the ledger tells now."""
    kept = model_tags.artifacts(ledger, version.model, version.number).get(FILE)
    if kept is not None and ledger.objects.has(kept.object):
        return Signature.from_dict(json.loads(ledger.objects.read(kept.object)))
    return inferred(ledger, version)


def inferred(ledger: Ledger, version: ModelVersion) -> Signature:
    """Return the signature that the fit and the predictions of a model tell of; a few queries, no data is read."""
    run = evidence.maker(ledger, version)
    fit = evidence.fit_of(ledger, version, run)
    if fit is None:
        return Signature(None, None, (f"no fit of the model was recorded in run {run.id[:8]}",))
    inputs, outputs = _seen(ledger, fit, "X"), _outputs(ledger, version, fit)
    notes = [f"{what} not recorded" for what, one in (("inputs", inputs), ("outputs", outputs)) if one is None]
    return Signature(inputs, outputs, tuple(notes))


def example_of(ledger: Ledger, signed: Signature) -> ModelArtifact | None:
    """Return the stored content that a model was fitted on as a file of its version, `None` where it was not kept.

    It is the object that is in the store already: nothing is copied.
    """
    if signed.inputs is None or signed.inputs.version is None:
        return None
    stored = ledger.stored(signed.inputs.version)
    if stored is None or not stored.trusted or stored.format not in _READABLE:
        return None
    return ModelArtifact(EXAMPLE, stored.object, stored.size, _READABLE[stored.format], 0.0)


def input_example(ledger: Ledger, version: ModelVersion, *, rows: int = EXAMPLE_ROWS) -> InputExample:
    """Return the first rows of the data that a model was fitted on, from the content that the ledger stored."""
    signed = signature(ledger, version)
    if signed.inputs is None:
        return InputExample((), (), "the data of its fit was not recorded")
    files = model_tags.artifacts(ledger, version.model, version.number)
    kept = files.get(EXAMPLE) or example_of(ledger, signed)
    if kept is None or not ledger.objects.has(kept.object):
        name = signed.inputs.name
        how = f"%%track --snapshot {name}" if name.isidentifier() else "%%track --snapshot NAME"
        return InputExample((), (), f"its training data was not stored: keep it next time by `{how}`")
    format = next(name for name, media in _READABLE.items() if media == kept.media_type)
    return _first_rows(ledger.objects.read(kept.object), format, rows)


def _first_rows(data: bytes, format: str, rows: int) -> InputExample:
    from nbledger.ledger import content_format

    value = content_format.load(data, format)
    if format == "npz":
        value = value.tocsr()[:rows].toarray()
    if hasattr(value, "columns"):
        part = value.iloc[:rows]
        names = tuple(str(name) for name in part.columns)
        return InputExample(
            names, tuple(zip(*(map(_plain, part.iloc[:, at]) for at in range(len(names))), strict=True))
        )
    part = getattr(value, "iloc", value)[:rows]
    part = part.to_numpy() if hasattr(part, "to_numpy") else part
    part = part.reshape(len(part), -1)
    return InputExample(tuple(map(str, range(part.shape[1]))), tuple(tuple(map(_plain, row)) for row in part))


def _seen(ledger: Ledger, fit: Call, role: str) -> Values | None:
    """Return what a fit worked on in a role, from its recorded version."""
    value = next((one for one in fit.values if one.role == role), None)
    if value is None:
        return None
    dtype = fit.facts.get("dtypes", {}).get(role)
    version = evidence.known(ledger, value.version)
    if version is None:
        return Values("array", value.name, dtype=dtype) if value.name or dtype else None
    columns = tuple((column.name, column.dtype) for column in version.schema)
    shape = version.shape[1:] if version.shape else None
    return Values(
        version.kind, value.name, columns, None if columns else dtype, None if columns else shape, version.hash
    )


def _outputs(ledger: Ledger, version: ModelVersion, fit: Call) -> Values | None:
    """Return what predictions look like: the target's dtype, the classes, the shape of predictions that were seen."""
    target = _seen(ledger, fit, "y")
    classes = fit.facts.get("classes")
    predicted = _predicted(ledger, version)
    if target is None and predicted is None and classes is None:
        return None
    shape = target.shape if target is not None else None
    if predicted is not None and predicted.shape:
        shape = predicted.shape[1:]
    return Values(
        "array",
        target.name if target else "",
        target.columns if target else (),
        target.dtype if target else None,
        shape,
        predicted.hash if predicted else None,
        None if classes is None else tuple(classes),
    )


def _predicted(ledger: Ledger, version: ModelVersion) -> Version | None:
    rows = ledger.database.rows(
        """SELECT x.hash FROM metric_basis b JOIN version n ON n.key = b.version
        JOIN metric_basis o ON o.run = b.run AND o.name = b.name AND o.seq = b.seq AND o.role = 'y_pred'
        JOIN version x ON x.key = o.version WHERE n.hash = ? AND b.role = 'model' LIMIT 1""",
        (version.version,),
    )
    return evidence.known(ledger, rows[0][0]) if rows else None


def _values(data: Mapping[str, Any] | None) -> Values | None:
    if data is None:
        return None
    shape, classes = data.get("shape"), data.get("classes")
    return Values(
        data["kind"],
        data.get("name", ""),
        tuple((name, dtype) for name, dtype in data.get("columns", ())),
        data.get("dtype"),
        None if shape is None else tuple(shape),
        data.get("version"),
        None if classes is None else tuple(classes),
    )


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        value = item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None if value != value else str(value)  # noqa: PLR0124 - NaN
    return str(value)


__all__ = [
    "EXAMPLE",
    "EXAMPLE_ROWS",
    "FILE",
    "InputExample",
    "Signature",
    "Values",
    "example_of",
    "inferred",
    "input_example",
    "signature",
]
