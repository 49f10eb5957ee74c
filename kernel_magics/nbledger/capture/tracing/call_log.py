"""What calls of a session worked on, as it is recorded: who was fitted on which rows, and who was judged on which.

Everything is told in terms of rows (`trace`, `row_sets`), so that a later reader of the ledger can say whether the rows
that a model was judged on had been seen before, by the model or by a transformer on the way to it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbledger.capture.found.judged import MAX_BYTES, kept
from nbledger.capture.found.values import number
from nbledger.capture.hooks.events import (
    Boosted,
    CrossValidation,
    Event,
    Fit,
    MetricCall,
    Predict,
    Resample,
    Score,
    Split,
    Training,
)
from nbledger.capture.tracing.data_types import data_types
from nbledger.capture.tracing.frame_columns import columns_beside, different, wider
from nbledger.capture.tracing.target_copies import target_copies
from nbledger.capture.tracing.trace import Seen, Trace
from nbledger.capture.tracing.transformers import (
    best_of,
    components,
    is_stateless,
    params_of,
    params_text,
    selected_columns,
    stops_early,
)
from nbledger.ledger.npy import packed
from nbledger.records import Call, CallValue, RowColumn

MAX_CALLS = 600
"""So many calls of one cell are taken in; a cell that makes more is a loop whose calls are alike."""

_PREDICTED = ("y_pred", "y_score", "y_prob", "y_proba", "pred_decision", "labels_pred", "labels", "y2", "y_true")


@dataclass
class CallLog:
    """The calls of one session. `drain` gives those since the last time, with columns beside their rows."""

    trace: Trace = field(default_factory=Trace)
    calls: list[Call] = field(default_factory=list)
    _numbers: int = 0
    _fits: dict[int, tuple[Callable[[], Any], int]] = field(default_factory=dict)
    _copies: dict[tuple[int, int, str], tuple[Any, list[list[str]]]] = field(default_factory=dict)
    _wholes: list[Seen] = field(default_factory=list)
    _judged: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether no more calls of this cell are taken in."""
        return len(self.calls) >= MAX_CALLS

    def take(self, event: Event, predicted_by: Callable[[Any, bool], int | None], *, keep: bool = False) -> int | None:
        """Take in a call and return its number; `predicted_by(value, by_content)` tells who predicted a value.

        With `keep` what a metric was computed from is kept until `drain` stores it.
        """
        if self.full:
            return None
        if keep:
            self._keep(event)
        if isinstance(event, MetricCall):
            return self._metric(event, predicted_by)
        takers: dict[type[Any], Callable[[Any], int | None]] = {
            Fit: self._fit,
            Training: self._fit,
            Predict: self._predict,
            Boosted: self._predict,
            Score: self._score,
            CrossValidation: self._validation,
            Split: self._split,
            Resample: self._resample,
        }
        taker = takers.get(type(event))
        return None if taker is None else taker(event)

    def drain(
        self, names: Mapping[str, Any], store: Callable[[bytes], tuple[str, int]] | None = None
    ) -> tuple[tuple[Call, ...], tuple[RowColumn, ...]]:
        """Return the calls since the last time; columns are looked for in the frames of the namespace as well.

        `store(data)` puts bytes into the object store and returns their hash and size.
        """
        self._note_wider(names)
        calls, self.calls = tuple(self._stored(call, store) for call in self.calls), []
        self._judged.clear()
        self.trace.end_cell()
        wholes, self._wholes = self._wholes, []
        self._copies.clear()
        columns: list[RowColumn] = []
        for whole in different(wholes):
            columns += columns_beside(whole, names)
        return calls, tuple(columns)

    def _note_wider(self, names: Mapping[str, Any]) -> None:
        """Take in the frames that rows of the last calls were picked out of, as values of the last call."""
        frames = {id(frame): frame for seen in different(self._wholes) for frame in wider(seen, names)}
        for frame in frames.values():
            seen = self.trace.see(frame)
            if seen is not None and self.calls and not any(seen is known for known in self._wholes):
                self._note_whole(seen)
                values = (*self.calls[-1].values, CallValue("whole", "", seen.row_sets[0]))
                self.calls[-1] = replace(self.calls[-1], values=values)

    def _keep(self, event: Event) -> None:
        if isinstance(event, MetricCall):
            found = {role: kept(value) for role, value in event.data.items() if role in ("y_true", *_PREDICTED)}
        elif isinstance(event, Score) and event.y is not None:
            found = {"y_true": kept(event.y), "y_pred": kept(event.predicted)}
        else:
            return
        self._judged[self._numbers + 1] = {role: one for role, one in found.items() if one is not None}

    def _stored(self, call: Call, store: Callable[[bytes], tuple[str, int]] | None) -> Call:
        found = self._judged.get(call.number)
        if store is None or not found:
            return call
        values = {value.role: value for value in call.values}
        for role, array in found.items():
            data = packed(array, MAX_BYTES)
            if data is not None:
                hash, size = store(data)
                values[role] = replace(values.get(role, CallValue(role)), object=hash, size=size)
        return replace(call, values=tuple(values.values()))

    def number_of_fit(self, model: Any) -> int | None:
        """Return the number of the call that fitted a model, or what it is a part of."""
        known = self._fits.get(id(model))
        return known[1] if known is not None and known[0]() is model else None

    # -- each kind of call --------------------------------------------------------------------------------------

    def _fit(self, event: Fit) -> int:
        call = self._next()
        model = event.model
        data = self.trace.see(event.X)
        target = self._target(event.y, data)
        self._fitted(model, call)
        stateless = is_stateless(model)
        params = params_of(model)
        facts: dict[str, Any] = {"params": params_text(params)}
        facts.update(_abilities(model))
        facts.update(data_types(model, event.X, event.y))
        if stateless:
            facts["stateless"] = True
        if stops_early(model, event.keywords, params):
            facts["early"] = True
        if getattr(model, "best_estimator_", None) is not None or hasattr(model, "cv_results_"):
            facts["search"] = True
            facts.update(best_of(model))
        if event.y is not None and facts.get("predicts") and event.function != "fit_predict":
            self._note_copies(facts, model, event, (data, target))
        values = [self._value("X", event, data), self._value("y", event, target, brief=True)]
        values += [
            CallValue("eval", "", *seen.row_sets, through=tuple(sorted(seen.passed)))
            for seen in map(self.trace.see, _evaluation_sets(event.keywords))
            if seen is not None
        ]
        self._add(Call(call, "fit", event.function, type(model).__name__, call, facts=facts, values=_given(values)))
        if data is not None:
            self._note_whole(data)
            self._results_of_fit(event, data, None if stateless else call, call)
        return call

    def _results_of_fit(self, event: Fit, data: Seen, passed: int | None, call: int) -> None:
        if event.function == "fit_transform":
            self.trace.derive(data, event.result, passed)
        elif event.function == "fit_resample" and isinstance(event.result, tuple):
            first = self.trace.resampled(data, event.result[0], call)
            for part in event.result[1:]:
                self.trace.see(part, first)
            if first is not None:
                rows = CallValue("made", "", *first.row_sets)
                self.calls[-1] = replace(self.calls[-1], values=(*self.calls[-1].values, rows))
        if event.y is None:
            for labels in (event.result if event.function == "fit_predict" else None, vars(event.model).get("labels_")):
                if labels is not None:
                    self.trace.derive(data, labels, passed)
        chosen = selected_columns(event.model)
        if passed is not None and chosen is not None:
            self.trace.select(data, chosen, passed)

    def _predict(self, event: Predict) -> int | None:
        data = self.trace.see(event.X)
        fit = self.number_of_fit(event.model)
        if event.function in ("transform", "inverse_transform"):
            if data is not None and event.function == "transform":
                self.trace.derive(data, event.result, None if is_stateless(event.model) else fit)
            return None
        kind = "cross_predict" if event.function == "cross_val_predict" else "predict"
        call = self._next()
        values = [self._value("X", event, data)]
        self._add(Call(call, kind, event.function, type(event.model).__name__, fit, values=_given(values)))
        if data is not None and kind == "predict":
            self.trace.derive(data, event.result, fit)
        return call

    def _score(self, event: Score) -> int:
        call = self._next()
        data = self.trace.see(event.X)
        target = self._target(event.y, data)
        values = [self._value("X", event, data), self._value("y", event, target, brief=True)]
        self._add(
            Call(
                call,
                "score",
                event.function,
                type(event.model).__name__,
                self.number_of_fit(event.model),
                event.site.name or event.function,
                number(event.value),
                values=_given(values),
            )
        )
        return call

    def _metric(self, event: MetricCall, predicted_by: Callable[[Any, bool], int | None]) -> int:
        call = self._next()
        made: dict[str, int] = {}
        for role in [role for role in _PREDICTED if role in event.data]:
            found = predicted_by(event.data[role], role != "y_true" or not made)
            if found is not None and not made:
                made[role] = found
        values = []
        for role, value in event.data.items():
            seen = self.trace.see(value)
            one = self._value(role, event, seen, brief=role != "X") or CallValue(role, event.inputs.get(role, ""))
            values.append(replace(one, made_by=made.get(role)))
        facts = {"swapped": True} if "y_true" in made else {}
        name = event.site.name or event.function
        self._add(Call(call, "metric", event.function, "", None, name, number(event.value), facts, tuple(values)))
        return call

    def _validation(self, event: CrossValidation) -> int:
        call = self._next()
        data = self.trace.see(event.X)
        target = self._target(event.y, data)
        values = [self._value("X", event, data), self._value("y", event, target, brief=True)]
        facts: dict[str, Any] = {"params": params_text(params_of(event.estimator)), "cv": event.cv}
        if data is not None:
            self._note_whole(data)
        if event.y is not None:
            self._note_copies(facts, event.estimator, event, (data, target))
        name = event.site.name or event.function
        made = type(event.estimator).__name__
        self._add(Call(call, "validate", event.function, made, None, name, None, facts, _given(values)))
        return call

    def _split(self, event: Split) -> int:
        call = self._next()
        self.trace.split(event.arrays, event.result)
        values = [self._value("whole", event, self.trace.see(event.arrays[0]))] if event.arrays else []
        for role, part in zip(("train", "test"), event.result, strict=False):
            values.append(self._value(role, event, self.trace.see(part)))
        for array in event.arrays:
            seen = self.trace.see(array)
            if seen is not None:
                self._note_whole(seen)
        self._add(Call(call, "split", event.function, values=_given(values)))
        return call

    def _resample(self, event: Resample) -> int:
        call = self._next()
        values = []
        results = event.result if isinstance(event.result, list | tuple) and len(event.arrays) > 1 else (event.result,)
        for array, result in zip(event.arrays, results, strict=False):
            self.trace.see(array)
            values.append(self._value("made", event, self.trace.see(result)))
        self._add(Call(call, "resample", event.function, values=_given(values)))
        return call

    # -- pieces -------------------------------------------------------------------------------------------------

    def _target(self, y: Any, data: Seen | None) -> Seen | None:
        seen = None if y is None else self.trace.see(y, data)
        if seen is not None and seen is not data:
            seen.target = True
        return seen

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _add(self, call: Call) -> None:
        self.calls.append(call)

    def _fitted(self, model: Any, call: int) -> None:
        for part in components(model):
            ident = id(part)
            try:
                ref = weakref.ref(part, lambda _, ident=ident: self._fits.pop(ident, None))  # type: ignore[misc]
            except TypeError:
                continue
            self._fits[ident] = (ref, call)

    def _note_copies(
        self, facts: dict[str, Any], model: Any, event: Fit | CrossValidation, seen: tuple[Seen | None, Seen | None]
    ) -> None:
        """Note columns that give the target away; the same data and target are looked at once in a cell."""
        key = (id(seen[0]), id(seen[1]), type(model).__name__)
        if key not in self._copies:
            self._copies[key] = (seen, target_copies(model, event.X, event.y))
        copies = self._copies[key][1]
        if copies:
            facts["copies"] = copies

    def _note_whole(self, seen: Seen) -> None:
        if not any(seen is known for known in self._wholes) and len(self._wholes) < 50:
            self._wholes.append(seen)

    def _value(self, role: str, event: Event, seen: Seen | None, *, brief: bool = False) -> CallValue | None:
        """Return a value as it is recorded; `brief` leaves out what its rows contain."""
        if seen is None:
            return None
        rows, content = seen.row_sets
        through = tuple(sorted(seen.passed))
        name = event.inputs.get(role, "")
        return CallValue(role, name, rows, None if brief else content, through, None, event.versions.get(role))


def _given(values: Iterable[CallValue | None]) -> tuple[CallValue, ...]:
    return tuple(value for value in values if value is not None)


def _abilities(model: Any) -> dict[str, bool]:
    found = {}
    for fact, method in (("transforms", "transform"), ("predicts", "predict"), ("resamples", "fit_resample")):
        if hasattr(type(model), method):
            found[fact] = True
    return found


def _evaluation_sets(keywords: Mapping[str, Any]) -> list[Any]:
    given = keywords.get("eval_set")
    if isinstance(given, tuple) and len(given) == 2 and not isinstance(given[0], tuple):
        given = [given]
    if not isinstance(given, list | tuple):
        return [keywords["X_val"]] if keywords.get("X_val") is not None else []
    return [pair[0] for pair in given if isinstance(pair, tuple | list) and pair]
