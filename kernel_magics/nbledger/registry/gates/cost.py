"""The gates `latency` and `size`: what serving the candidate costs."""

from __future__ import annotations

import time
import warnings
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger.calls import read_calls
from nbledger.ledger.snapshots import parse_size
from nbledger.lineage.snapshots import checkout
from nbledger.records import GateResult
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.spec import BadGate
from nbledger.tables import size as told_size

_SECONDS = 2.0
_CALLS = 200


def size(context: GateContext, limit: str | int) -> GateResult:
    """Pass when the stored model is no larger than the limit: bytes, or a text such as `5 MB`."""
    most = limit if isinstance(limit, int) else parse_size(str(limit))
    found = context.artifact.size
    detail = f"{told_size(found)} as {context.artifact.format}, wanted {told_size(most)} at most"
    return GateResult("size", "passed" if found <= most else "failed", detail, found, most)


def latency(
    context: GateContext,
    ms: str | float,
    rows: int = 1,
    data: str | None = None,
    trust: bool = False,
) -> GateResult:
    """Pass when `predict` on `rows` rows takes at most `ms` milliseconds: the median of up to 200 calls, after one.

    The rows are those of a stored variable: `data`, or the one that the model was judged on; else made-up numbers of
    the model's shape, which the result says. A model that the safe loader refuses needs `trust=true`.
    """
    most = _milliseconds(ms)
    if not isinstance(rows, int) or rows < 1:
        raise BadGate(gate="latency", detail=f"rows is a number of rows, at least 1, and not {rows!r}")
    model = context.ledger.load(context.version, trust=bool(trust))
    if not hasattr(model, "predict"):
        return GateResult("latency", "error", f"a {type(model).__name__} has no predict", limit=most)
    batch, said = _input(context, model, rows, data)
    taken = _timed(model, batch)
    detail = f"{taken:.3g} ms for {rows} row{'' if rows == 1 else 's'} of {said}, wanted {most:g} ms at most"
    return GateResult("latency", "passed" if taken <= most else "failed", detail, taken, most)


def _timed(model: Any, batch: Any) -> float:
    found: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the batch's form, which the model's author has seen
        model.predict(batch)
        until = time.perf_counter() + _SECONDS
        while len(found) < _CALLS and (not found or time.perf_counter() < until):
            began = time.perf_counter()
            model.predict(batch)
            found.append((time.perf_counter() - began) * 1000)
    return sorted(found)[len(found) // 2]


def _input(context: GateContext, model: Any, rows: int, data: str | None) -> tuple[Any, str]:
    """Return rows to predict on, and what they are."""
    for run, name in _stored_inputs(context, data):
        try:
            found = checkout(context.ledger, run, name)
        except NBLedgerError:
            if data is not None:
                raise
            continue
        return _repeated(found, rows), name
    return _made_up(model, rows), "made-up numbers of its shape (none is stored: %%track --snapshot)"


def _stored_inputs(context: GateContext, data: str | None) -> list[tuple[str, str]]:
    """Return the runs and names under which rows for the model may be stored; those that were judged on come first."""
    if data is not None:
        return [(context.run.id, data)]
    calls = read_calls(context.ledger.database, sorted(context.concerned))
    return [
        (run, value.name)
        for kinds in (("predict", "score"), ("fit",))
        for run, made in reversed(calls.items())
        for call in reversed(made)
        if call.kind in kinds
        for value in call.values
        if value.role == "X" and value.name
    ]


def _repeated(found: Any, rows: int) -> Any:
    """Return the first rows, over again where there are too few."""
    import numpy as np

    if not hasattr(found, "__len__") or not len(found):
        raise BadGate(gate="latency", detail="the stored input has no rows")
    places = np.arange(rows) % len(found)
    return found.iloc[places] if hasattr(found, "iloc") else found[places]


def _made_up(model: Any, rows: int) -> Any:
    import numpy as np

    features = getattr(model, "n_features_in_", None)
    if features is None:
        detail = "no input is stored and the model does not say its shape: keep one by %%track --snapshot X_test"
        raise BadGate(gate="latency", detail=detail)
    values = np.random.default_rng(0).normal(size=(rows, features))
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return values
    import pandas as pd

    return pd.DataFrame(values, columns=names)


def _milliseconds(text: str | float) -> float:
    try:
        found = float(str(text).removesuffix("ms").strip())
    except ValueError:
        found = -1.0
    if found <= 0 or found != found:  # noqa: PLR0124 - not-a-number
        raise BadGate(gate="latency", detail=f"ms is a number of milliseconds, such as 5, and not {text!r}")
    return found
