"""What is found in the calls of one cell: params, metrics with what they were computed on, models, candidates."""

from __future__ import annotations

import ast
import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbledger.capture.found import found_metrics
from nbledger.capture.found.describe import Description, description_of
from nbledger.capture.found.found_metrics import Collected, Found
from nbledger.capture.found.found_params import class_names, combined, estimator_params, keyword_params, literal_params
from nbledger.capture.found.models import ModelFound, Models
from nbledger.capture.found.predictions import Predictions
from nbledger.capture.found.structures import Curve, Table, structures_in
from nbledger.capture.found.values import number, param_value
from nbledger.capture.hooks.build import data_of
from nbledger.capture.hooks.events import (
    Boosted,
    CrossValidation,
    Event,
    Fit,
    MetricCall,
    Predict,
    Resample,
    Score,
    Search,
    Split,
    Training,
)
from nbledger.capture.hooks.events import (
    Call as EventCall,
)
from nbledger.capture.tracing.call_log import CallLog
from nbledger.fingerprint.syntax import parse
from nbledger.records import Basis, Call, Edge, Metric, Param, RowColumn

_NO_PREDICTIONS = frozenset({"transform", "inverse_transform"})
_PREDICTED = frozenset({"y_pred", "y_score", "y_prob", "y_proba", "pred_decision", "labels_pred", "labels"})
_CHEAP = 1 << 22
_FOR_ROWS = frozenset({"split", "resample", "train", "boosted"})


@dataclass(frozen=True, slots=True)
class ChildRun:
    """One candidate of a search, as a run of its own."""

    name: str
    params: tuple[Param, ...]
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class _Unfitted:
    """An estimator that was cross-validated: copies of it were fitted, not itself."""

    estimator: Any
    name: str
    params: tuple[Param, ...]
    classes: frozenset[str]


class Findings:
    """Takes in the calls of one cell for its `Experiment`, whose methods say what each of these is for."""

    def __init__(
        self,
        identify: Callable[[Any], str | None],
        predictions: Predictions,
        problem: Callable[[str], None],
        *,
        tracked: bool,
    ) -> None:
        self.tracked = tracked
        self.predictions = predictions
        self._identify = identify
        self._problem = problem
        self._models = Models(identify, problem)
        self._collected = Collected()
        self._derived: dict[str, dict[Basis, None]] = {}
        self._edges: dict[Edge, None] = {}
        self._splits: list[tuple[str, Param]] = []
        self._searches: list[tuple[Search, Any]] = []
        self._unfitted: list[_Unfitted] = []
        self._structures: list[Curve | Table] = []

    def before(self, call: EventCall) -> Mapping[str, str]:
        """Return the versions of what a call is about to work on, by role."""
        if not self.tracked or call.function in _NO_PREDICTIONS or call.kind in _FOR_ROWS:
            return {}
        values = data_of(call)
        model = call.arguments.get("estimator" if call.kind in ("scorer", "validate", "cross_predict") else "self")
        versions = {role: self._identify(value) for role, value in values.items()}
        if call.kind != "fit" and model is not None:
            versions["model"] = self._models.version_of(model)
        return {role: version for role, version in versions.items() if version is not None}

    def event(self, event: Event) -> None:
        """Take in what happened."""
        call = self._logged(event)
        if isinstance(event, Training):
            return
        if isinstance(event, Fit):
            self._fit(event, call)
        elif isinstance(event, Predict):
            if event.function not in _NO_PREDICTIONS:
                sources = {} if isinstance(event, Boosted) else {"model": event.model, "X": event.X}
                self._predicted(event.result, event, sources, call)
        elif self.tracked and not isinstance(event, Resample):
            self._tracked_event(event)

    def calls(
        self, names: Mapping[str, Any], store: Callable[[bytes], tuple[str, int]] | None
    ) -> tuple[tuple[Call, ...], tuple[RowColumn, ...]]:
        """Return the calls of the cell as they are recorded, and columns beside their rows."""
        return self.log.drain(names, store)

    @property
    def log(self) -> CallLog:
        """The session's calls."""
        if self.predictions.log is None:
            self.predictions.log = CallLog()
        log: CallLog = self.predictions.log
        return log

    def _logged(self, event: Event) -> int | None:
        """Take a call into the session's log; what goes wrong there must not cost the cell its metrics."""
        log = self.log
        if log.full:
            return None
        if not self.tracked:
            event = dataclasses.replace(event, versions=_cheap_versions(event, self._identify))
        try:
            return log.take(event, self._predicted_by, keep=self.tracked)
        except Exception as error:
            if os.environ.get("NBLEDGER_DEBUG"):
                raise
            self._problem(f"the rows of {event.function}: {type(error).__name__}: {error}")
            return None

    def _predicted_by(self, value: Any, by_content: bool) -> int | None:
        return self.predictions.call_of(value, by_content=by_content)

    # What a cell's end asks.

    def params(self, cell: str | ast.Module, names: Mapping[str, Any]) -> tuple[Param, ...]:
        """Return the params: estimators', literals, literal keyword arguments."""
        tree = _tree(cell)
        models = self._models.found(names)
        unfitted = [item for item in self._unfitted if not any(model.model is item.estimator for model in models)]
        main = len(unfitted) + sum(model.role == "model" for model in models)
        estimators: list[Param] = []
        for model in models:
            alone = main == 1 and model.role == "model" if main else len(models) == 1
            estimators += _prefixed("" if alone else f"{model.name}.", self._params_of(model))
        for item in unfitted:
            estimators += _prefixed("" if main == 1 else f"{item.name}.", item.params)
        classes = {name for model in models for name in model.classes}
        classes |= {name for item in unfitted for name in item.classes}
        literals = literal_params(tree) if tree is not None else ()
        keywords = [*self._splits, *(keyword_params(tree, classes) if tree is not None else ())]
        return combined(estimators, literals, keywords)

    def metrics(self, names: Mapping[str, Any]) -> tuple[Metric, ...]:
        """Return the metrics, and the variables in `names` that hold something computed from one."""
        collected = Collected()
        collected.merge(self._collected)
        for variable, basis in self._derived.items():
            value = number(names.get(variable))
            if value is not None:
                collected.add([Found(variable, value)], tuple(basis))
        described = [(model, self._described(model)) for model in self._models.found(names)]
        several = sum(bool(found) for _, found in described) > 1
        for model, found in described:
            prefix = f"{model.name}." if several else ""
            collected.add([dataclasses.replace(one, name=prefix + one.name) for one in found], ())
        return collected.metrics()

    def models(self, names: Mapping[str, Any]) -> list[ModelFound]:
        """Return every outermost estimator that was fitted in the cell, once each, in the order of their fits."""
        return self._models.found(names)

    def children(self, names: Mapping[str, Any]) -> list[ChildRun]:
        """Return the candidates of the cell's searches."""
        by_ident = {id(found.model): found.name for found in self._models.found(names)}
        children = []
        for event, search in self._searches:
            name = by_ident.get(id(search), type(search).__name__)
            for index, candidate in enumerate(event.candidates):
                params = tuple(Param(key, param_value(value), "estimator") for key, value in candidate.params.items())
                metrics = Collected()
                metrics.add(found_metrics.in_candidate(candidate), _basis(event))
                children.append(ChildRun(f"{name}[{index}]", params, metrics.metrics()))
        return children

    def edges(self) -> tuple[Edge, ...]:
        """Return what the models of the cell were fitted or cross-validated on: roles `X`, `y`, `sample_weight`."""
        return tuple(self._edges)

    def curves(self) -> tuple[Curve, ...]:
        """Return the curves that the cell computed."""
        return tuple(item for item in self._structures if isinstance(item, Curve))

    def tables(self) -> tuple[Table, ...]:
        """Return the confusion matrices and other small tables that the cell computed."""
        return tuple(item for item in self._structures if isinstance(item, Table))

    # Each kind of call.

    def _tracked_event(self, event: MetricCall | Score | CrossValidation | Search | Split) -> None:
        match event:
            case MetricCall():
                self._metric(event)
            case Score():
                self._measured(found_metrics.in_score(event), event, _basis(event))
            case CrossValidation():
                self._cross_validation(event)
            case Search():
                self._search(event)
            case Split():
                self._split(event)

    def _fit(self, event: Fit, call: int | None) -> None:
        if self.tracked:
            self._models.fitted(event)
            self._used(event)
        sources = {"model": event.model, "X": event.X}
        if event.function == "fit_predict":
            self._predicted(event.result, event, sources, call)
        labels = getattr(event.model, "__dict__", {}).get("labels_")
        if labels is not None:
            self._predicted(labels, event, sources, None)

    def _predicted(self, result: Any, event: Fit | Predict, sources: Mapping[str, Any], call: int | None) -> None:
        basis = [Basis(role, event.versions[role]) for role in ("model", "X") if role in event.versions]
        if self.tracked and isinstance(event, Fit):
            version = self._models.version_of(event.model)
            basis += [Basis("model", version)] if version is not None else []
        for part in result if isinstance(result, list | tuple) else (result,):
            self.predictions.remember(part, basis, sources, call=call)

    def _metric(self, event: MetricCall) -> None:
        basis = dict.fromkeys(_basis(event))
        for role, value in event.data.items():
            known = self.predictions.basis_of(value, self._identify, by_content=role in _PREDICTED)
            basis.update(dict.fromkeys(known))
        self._measured(found_metrics.in_metric_call(event), event, tuple(basis))
        self._structures.extend(structures_in(event, tuple(basis)))
        if isinstance(event.value, tuple):
            for part in event.value:
                self.predictions.remember(part, basis)

    def _search(self, event: Search) -> None:
        self._collected.add(found_metrics.in_search(event), _basis(event))
        self._searches.append((dataclasses.replace(event, X=None, y=None, search=None), event.search))

    def _split(self, event: Split) -> None:
        for name, value in event.keywords.items():
            if isinstance(value, bool | int | float | str):
                self._splits.append((event.function, Param(name, param_value(value), "keyword")))

    def _cross_validation(self, event: CrossValidation) -> None:
        basis = _basis(event)
        self._used(event)
        self._collected.add(found_metrics.in_cross_validation(event), basis)
        if found_metrics.mean_name(event) is None:
            self._note_derived(event, basis)
        self._structures.extend(structures_in(event, basis))
        if hasattr(event.estimator, "get_params"):
            values = event.estimator.get_params(deep=True)
            name = event.inputs.get("model") or type(event.estimator).__name__
            params = estimator_params(event.estimator, values)
            if not any(item.name == name and item.params == params for item in self._unfitted):
                classes = class_names(event.estimator, values)
                self._unfitted.append(_Unfitted(event.estimator, name, params, classes))

    def _measured(self, found: Any, event: MetricCall | Score, basis: tuple[Basis, ...]) -> None:
        self._collected.add(found, basis)
        self._note_derived(event, basis)

    def _note_derived(self, event: MetricCall | Score | CrossValidation, basis: tuple[Basis, ...]) -> None:
        site = event.site
        if site.derived_name is not None and site.top_level:
            self._derived.setdefault(site.derived_name, {}).update(dict.fromkeys(basis))

    def _used(self, event: Fit | CrossValidation) -> None:
        for role in ("X", "y", "sample_weight"):
            if role in event.versions:
                self._edges[Edge(event.versions[role], event.inputs.get(role, role), role)] = None

    def _params_of(self, found: ModelFound) -> tuple[Param, ...]:
        described = self._safely_described(found)
        extra = tuple(Param(name, param_value(value), "estimator") for name, value in described.params.items())
        best = getattr(found.model, "best_params_", None)
        if isinstance(best, Mapping):
            extra += tuple(Param(f"best.{name}", param_value(value), "estimator") for name, value in best.items())
        return found.params + extra

    def _described(self, found: ModelFound) -> list[Found]:
        described = self._safely_described(found)
        series = [Found(name, value, stepped=True) for name, values in described.series.items() for value in values]
        return series + [Found(name, value) for name, value in described.metrics.items()]

    def _safely_described(self, found: ModelFound) -> Description:
        try:
            return description_of(found.model) or Description()
        except Exception as error:  # noqa: BLE001  (an adapter of someone else's may raise anything)
            self._problem(f"{found.name}: {type(error).__name__}: {error}")
            return Description()


def _basis(event: Event) -> tuple[Basis, ...]:
    return tuple(Basis(role, version) for role, version in event.versions.items())


def _cheap_versions(event: Event, identify: Callable[[Any], str | None]) -> dict[str, str]:
    """Return the versions of what a call judged by, in a cell that is only observed: of small values alone."""
    if isinstance(event, MetricCall):
        values = {role: value for role, value in event.data.items() if role == "y_true"}
    elif isinstance(event, Score):
        values = {"y": event.y}
    else:
        return {}
    small = {role: value for role, value in values.items() if 0 < getattr(value, "nbytes", 0) <= _CHEAP}
    found = {role: identify(value) for role, value in small.items()}
    return {role: version for role, version in found.items() if version is not None}


def _prefixed(prefix: str, params: tuple[Param, ...]) -> list[Param]:
    return [dataclasses.replace(param, name=prefix + param.name) for param in params]


def _tree(cell: str | ast.Module) -> ast.Module | None:
    if isinstance(cell, ast.Module):
        return cell
    try:
        return parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
