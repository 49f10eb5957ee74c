"""From a call that matters and its result to events."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbledger.capture.hooks.containers import Opened
from nbledger.capture.hooks.events import (
    Boosted,
    Call,
    Candidate,
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
from nbledger.capture.hooks.sites import Site

_DATA_ROLES = frozenset(
    {
        "y_true",
        "y_pred",
        "y_score",
        "y_prob",
        "y_proba",
        "pred_decision",
        "labels_true",
        "labels_pred",
        "y1",
        "y2",
        "x",
        "y",
        "X",
        "sample_weight",
    }
)
"""The parameters of functions in `sklearn.metrics` that hold data. `labels` does so only beside `X`."""


@dataclass(frozen=True, slots=True)
class Built:
    """All that is known of one finished call."""

    call: Call
    result: Any
    site: Site
    seconds: float
    versions: Mapping[str, str]
    predicted: Any = None


def parameter_names(function: types.FunctionType) -> tuple[str, ...]:
    """Return the names of a function's parameters that can be given by position, through any wrappers."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    names = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names.append(f"*{parameter.name}")
            break
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return tuple(names)


def arguments_of(names: tuple[str, ...], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's arguments by parameter name; those of `*args` as one tuple under the name `*args`."""
    arguments: dict[str, Any] = {}
    for position, name in enumerate(names):
        if name.startswith("*"):
            arguments[name] = args[position:]
        elif position < len(args):
            arguments[name] = args[position]
    arguments.update(kwargs)
    return arguments


def data_of(call: Call) -> dict[str, Any]:
    """Return the arguments of a call that hold data, by role."""
    return {role: call.arguments[name] for role, name in _roles_of(call).items()}


def _roles_of(call: Call) -> dict[str, str]:
    """Return which argument plays which role; those that are `None` play none."""
    given = [name for name, value in call.arguments.items() if value is not None and not name.startswith("*")]
    if call.kind in ("split", "resample"):
        return {}
    if call.kind == "train":
        names = [name for name in ("dtrain", "train_set") if name in given]
        return {"X": names[0]} if names else {}
    if call.kind == "metric":
        roles = _DATA_ROLES | {"labels"} if "X" in given else _DATA_ROLES
        return {name: name for name in given if name in roles}
    found = {name: name for name in given if name in ("X", "y", "sample_weight")}
    # Some call them otherwise: `raw_documents`, `data`, `Y`, a scorer's `y_true`.
    data = [name for name in given if name not in ("self", "estimator")]
    if data and not {"X", data[0]} & found.keys():
        found["X"] = data[0]
    for name in ("Y", "y_true"):
        if name in given:
            found.setdefault("y", name)
    return found


def inputs_of(call: Call, site: Site) -> dict[str, str]:
    """Return the names that a call's data had in the source, by role (`X_train` for `X`)."""
    order = [name for name in call.arguments if name != "self"]
    found = {}
    roles = _roles_of(call)
    if "estimator" in order:
        roles["model"] = "estimator"
    for role, name in roles.items():
        text = site.arguments.get(name) or site.arguments.get(order.index(name))
        if text is not None:
            found[role] = text
    return found


def build(built: Built) -> Iterator[Event]:
    """Yield the events of a finished call."""
    call = built.call
    data = data_of(call)
    common: dict[str, Any] = {
        "function": call.function,
        "site": built.site,
        "seconds": built.seconds,
        "versions": built.versions,
        "inputs": inputs_of(call, built.site),
        "keywords": {k: v for k, v in call.arguments.items() if k not in data and k not in ("self", "estimator")},
    }
    match call.kind:
        case "fit":
            yield from _fit(built, data, common)
        case "train" | "boosted":
            yield from _of_booster(built, data, common)
        case "predict":
            yield Predict(model=call.arguments["self"], X=data.get("X"), result=built.result, **common)
        case "cross_predict":
            yield Predict(model=call.arguments.get("estimator"), X=data.get("X"), result=built.result, **common)
        case "score":
            common["predicted"] = built.predicted
            yield Score(model=call.arguments["self"], X=data.get("X"), y=data.get("y"), value=built.result, **common)
        case "scorer":
            common["function"] = _scorer_name(call.arguments["self"])
            yield Score(
                model=call.arguments.get("estimator"),
                X=data.get("X"),
                y=data.get("y"),
                value=built.result,
                predicted=built.predicted,
                **common,
            )
        case "metric":
            yield MetricCall(data=data, value=built.result, **common)
        case "validate":
            yield CrossValidation(
                estimator=call.arguments.get("estimator"),
                X=data.get("X"),
                y=data.get("y"),
                scores=built.result,
                cv=_text(call.arguments.get("cv")),
                **common,
            )
        case "split" | "resample":
            yield _of_arrays(built, common)


def _fit(built: Built, data: Mapping[str, Any], common: dict[str, Any]) -> Iterator[Event]:
    model = built.call.arguments["self"]
    yield Fit(model=model, X=data.get("X"), y=data.get("y"), result=built.result, **common)
    results = getattr(model, "cv_results_", None)
    if isinstance(results, Mapping) and "params" in results:
        yield Search(search=model, X=data.get("X"), y=data.get("y"), candidates=candidates_of(results), **common)


def _of_arrays(built: Built, common: dict[str, Any]) -> Event:
    arrays = tuple(next((value for name, value in built.call.arguments.items() if name.startswith("*")), ()))
    if built.call.kind == "split":
        return Split(arrays=arrays, result=tuple(built.result), **common)
    return Resample(arrays=arrays, result=built.result, **common)


def _of_booster(built: Built, data: Mapping[str, Any], common: dict[str, Any]) -> Iterator[Event]:
    arguments, rows = built.call.arguments, data.get("X")
    if built.call.kind == "boosted":
        rows = rows.X if isinstance(rows, Opened) else rows
        yield Boosted(model=arguments["self"], X=rows, result=built.result, **common)
        return
    if not isinstance(rows, Opened):
        return
    watched = arguments.get("evals") or arguments.get("valid_sets") or ()
    watched = [one[0] if isinstance(one, list) and one else one for one in watched]
    params = arguments.get("params")
    early = any("early_stopping" in str(name) for name in params) if isinstance(params, Mapping) else False
    keywords = {
        "eval_set": [(one.X, one.y) for one in watched if isinstance(one, Opened)],
        "early_stopping_rounds": arguments.get("early_stopping_rounds") or early,
        "callbacks": arguments.get("callbacks"),
    }
    common = {**common, "keywords": keywords}
    yield Training(model=built.result, X=rows.X, y=rows.y, result=built.result, **common)


def candidates_of(results: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """Return the candidates of a search from its `cv_results_`."""
    scorers = [key[len("mean_test_") :] for key in results if key.startswith("mean_test_")]
    extra = [key for key in ("iter", "n_resources") if key in results]
    candidates = []
    for index, params in enumerate(results["params"]):
        candidates.append(
            Candidate(
                params={**params, **{key: results[key][index] for key in extra}},
                means={scorer: float(results[f"mean_test_{scorer}"][index]) for scorer in scorers},
                stds={scorer: float(results[f"std_test_{scorer}"][index]) for scorer in scorers},
                folds={scorer: _folds(results, scorer, index) for scorer in scorers},
                fit_time=_number(results.get("mean_fit_time"), index),
                rank=_rank(results, scorers, index),
            )
        )
    return tuple(candidates)


def _folds(results: Mapping[str, Any], scorer: str, index: int) -> tuple[float, ...]:
    folds: list[float] = []
    while f"split{len(folds)}_test_{scorer}" in results:
        folds.append(float(results[f"split{len(folds)}_test_{scorer}"][index]))
    return tuple(folds)


def _rank(results: Mapping[str, Any], scorers: list[str], index: int) -> int | None:
    rank = _number(results.get(f"rank_test_{scorers[0]}"), index) if scorers else None
    return None if rank is None else int(rank)


def _number(column: Any, index: int) -> float | None:
    return None if column is None else float(column[index])


def _scorer_name(scorer: Any) -> str:
    function = getattr(scorer, "_score_func", None)
    return str(getattr(function, "__name__", "score"))


def _text(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
