"""What an estimator is, as far as leakage is concerned: its parts, and whether a fit learns from rows at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_STATELESS = frozenset(
    {
        "AdditiveChi2Sampler",
        "Binarizer",
        "FeatureHasher",
        "FunctionTransformer",
        "HashingVectorizer",
        "LabelBinarizer",
        "LabelEncoder",
        "MultiLabelBinarizer",
        "Normalizer",
        "PolynomialFeatures",
    }
)
"""Transformers whose output for a row does not depend on other rows (of the encoders of labels: but for names)."""

_LEARNS_NOTHING = (None, "passthrough", "drop")
_MAX_PARAMS = 60


def is_stateless(model: Any) -> bool:
    """Tell whether fitting learns nothing from rows that could leak."""
    if model is None or isinstance(model, str):
        return model in _LEARNS_NOTHING
    name = type(model).__name__
    if name == "OneHotEncoder":
        return not isinstance(getattr(model, "categories", "auto"), str)
    if name in _STATELESS:
        return True
    parts = list(_parts(model))
    return bool(parts) and all(is_stateless(part) for part in parts)


def components(model: Any) -> Iterator[Any]:
    """Yield an estimator and those inside it that its fit fitted."""
    yield model
    held = getattr(model, "__dict__", {})
    for name in ("best_estimator_", "final_estimator_", "estimator_", "regressor_", "classifier_"):
        if name in held and hasattr(held[name], "fit"):
            yield from components(held[name])
    for part in _parts(model):
        if part is not None and not isinstance(part, str):
            yield from components(part)
    for name in ("estimators_", "transformers_"):
        for part in list(held.get(name, ()))[:20] if isinstance(held.get(name), list) else ():
            inner = part[1] if isinstance(part, tuple) and len(part) > 1 else part
            if hasattr(inner, "fit"):
                yield inner


def selected_columns(model: Any) -> list[int] | None:
    """Return the columns that a fitted selector chose; `None` for what is no selector."""
    if not hasattr(type(model), "get_support"):
        return None
    try:
        support = model.get_support()
    except Exception:  # noqa: BLE001  (another's class may raise anything)
        return None
    return [int(index) for index, chosen in enumerate(support) if chosen]


def best_of(model: Any) -> dict[str, Any]:
    """Return of a search which params it chose, as text, and of what estimator, where it had a choice."""
    held = vars(model)
    chosen, estimator = held.get("best_params_"), held.get("estimator")
    if not isinstance(chosen, Mapping) or estimator is None or len(held.get("cv_results_", {}).get("params", ())) < 2:
        return {}
    return {
        "best": {str(name): repr(value) for name, value in chosen.items() if _is_plain(value)},
        "estimator": type(estimator).__name__,
    }


def stops_early(model: Any, keywords: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Tell whether a fit watches an evaluation set to decide when to stop; `params` are the estimator's."""
    if keywords.get("X_val") is not None and params.get("early_stopping") not in (None, False):
        return True
    rounds = keywords.get("early_stopping_rounds") or getattr(model, "early_stopping_rounds", None)
    callbacks = keywords.get("callbacks") or getattr(model, "callbacks", None) or ()
    found = [callback for callback in callbacks if "early" in f"{type(callback).__name__} {callback!r}".lower()]
    return bool(rounds or found or params.get("early_stopping_round") or params.get("early_stopping_rounds"))


def params_of(model: Any) -> Mapping[str, Any]:
    """Return an estimator's params and those of the estimators in it; none where it has no such thing."""
    try:
        values: Mapping[str, Any] = model.get_params(deep=True)
    except Exception:  # noqa: BLE001  (another's class may raise anything)
        return {}
    return values


def params_text(params: Mapping[str, Any]) -> dict[str, str]:
    """Return those params that are plain values, as text."""
    plain = {name: repr(value) for name, value in params.items() if _is_plain(value)}
    return dict(sorted(plain.items())[:_MAX_PARAMS])


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return len(value) < 10 and all(isinstance(one, bool | int | float | str | None) for one in value)
    return isinstance(value, bool | int | float | str) or value is None


def _parts(model: Any) -> Iterator[Any]:
    """Yield the estimators that a pipeline, a union or a column transformer is made of."""
    steps = getattr(model, "steps", None)
    if isinstance(steps, list):
        yield from (step[1] for step in steps if isinstance(step, tuple) and len(step) == 2)
    for name in ("transformers_", "transformer_list"):
        listed = getattr(model, name, None)
        if isinstance(listed, list):
            yield from (part[1] for part in listed if isinstance(part, tuple) and len(part) > 1)
