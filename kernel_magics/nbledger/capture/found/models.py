"""The estimators that a cell fitted, each once, and the names that they go by."""

from __future__ import annotations

import dataclasses
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nbledger.capture.found.found_params import class_names, estimator_params
from nbledger.capture.hooks.events import Fit
from nbledger.records import Param

MAX_KEPT = 64
"""So many fitted models of a cell are kept alive until its end; of more, those that the cell itself dropped are not."""

_MAX_CONTAINER = 1000
_PREDICTS = ("predict", "fit_predict", "score_samples", "decision_function")


@dataclass(frozen=True, slots=True)
class ModelFound:
    """An estimator that was fitted in a cell: its name there, its last fit, and its params as of that fit.

    `version` is that of the model if it was asked for since, else `None`. `role` is `transformer` for what only
    transforms, `classes` are the class names of the estimator and of those inside it.
    """

    model: Any
    version: str | None
    name: str
    role: Literal["model", "transformer"]
    fit: Fit
    params: tuple[Param, ...]
    classes: frozenset[str]


@dataclass(slots=True)
class _Fitted:
    """One fitted estimator; `kept` holds it, `ref` outlives it."""

    kept: Any
    ref: Callable[[], Any]
    fit: Fit
    values: Mapping[str, Any]


class Models:
    """The estimators that were fitted in one cell, and the versions of estimators in it."""

    def __init__(self, identify: Callable[[Any], str | None], problem: Callable[[str], None]) -> None:
        self._identify = identify
        self._problem = problem
        self._fitted: dict[int, _Fitted] = {}
        self._dropped = 0
        self._versions: dict[int, tuple[Callable[[], Any], tuple[tuple[str, int], ...], str | None]] = {}

    def fitted(self, event: Fit) -> None:
        """Take in a fit. Only the last one of an estimator is kept, with the params that it was fitted with."""
        # A fit may also have fitted what the estimator is a part of, or what is a part of it.
        self._versions.clear()
        model = event.model
        slim = dataclasses.replace(event, X=None, y=None, result=None, model=None, keywords={})
        known = self._fitted.get(id(model))
        if known is not None and known.ref() is model:
            known.fit = slim
            if event.function != "partial_fit":
                known.values = _values(model)
            return
        ref = _reference(model)
        kept = model if len(self._fitted) < MAX_KEPT else None
        self._fitted[id(model)] = _Fitted(kept, ref, slim, _values(model))
        if known is not None:
            self._dropped += 1

    def version_of(self, model: Any) -> str | None:
        """Return the version of an estimator as it is now.

        Within a cell it is asked for once and then again only after any fit, or when an attribute was bound anew: a
        loop over `predict` shall not hash a forest each time. Not noticed until the next cell: a change inside of an
        attribute by hand, as `model.coef_[0] = 1`.
        """
        state = tuple((name, id(value)) for name, value in getattr(model, "__dict__", {}).items())
        known = self._versions.get(id(model))
        if known is not None and known[0]() is model and known[1] == state:
            return known[2]
        version = self._identify(model)
        self._versions[id(model)] = _reference(model), state, version
        return version

    def found(self, names: Mapping[str, Any]) -> list[ModelFound]:
        """Return the fitted estimators in the order of their first fits, named from the namespace after the cell."""
        alive = [(model, entry) for entry in self._fitted.values() if (model := entry.ref()) is not None]
        gone = len(self._fitted) - len(alive) + self._dropped
        if gone:
            self._problem(
                f"{gone} fitted models of this cell are not recorded: only the first {MAX_KEPT} are kept alive, and "
                "the cell did not keep these; put them in a list to have them all recorded"
            )
        hints = _distinct([(model, _hint(entry.fit)) for model, entry in alive], names)
        return [
            ModelFound(
                model=model,
                version=self._known_version(model),
                name=name,
                role=_role(model),
                fit=dataclasses.replace(entry.fit, model=model),
                params=estimator_params(model, entry.values),
                classes=class_names(model, entry.values),
            )
            for (model, entry), name in zip(alive, hints, strict=True)
        ]

    def _known_version(self, model: Any) -> str | None:
        known = self._versions.get(id(model))
        return known[2] if known is not None and known[0]() is model else None


def _values(model: Any) -> Mapping[str, Any]:
    values: Mapping[str, Any] = model.get_params(deep=True) if hasattr(model, "get_params") else {}
    return values


def _reference(model: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(model)
    except TypeError:
        return lambda: model


def _role(model: Any) -> Literal["model", "transformer"]:
    transforms = hasattr(type(model), "transform") and not any(hasattr(model, name) for name in _PREDICTS)
    return "transformer" if transforms else "model"


def _hint(fit: Fit) -> str | None:
    """Return the name that the source gives: what `fit` was called on, or what its result was assigned to."""
    return fit.site.receiver or (fit.site.name if fit.function in ("fit", "partial_fit") else None)


def _distinct(hints: list[tuple[Any, str | None]], names: Mapping[str, Any]) -> list[str]:
    """Name each model: by its variable or its place in a list or dict, else as the source did, else by its class.

    A name that several would share (`for model in models: model.fit(...)`) gives way to the class name, then to a
    number behind it.
    """
    in_namespace = _names_in(names, {id(model) for model, _ in hints})
    shared = Counter(hint for _, hint in hints)
    first = []
    for model, hint in hints:
        held = in_namespace.get(id(model), [])
        if hint is not None and shared[hint] == 1 and (hint in held or not held):
            first.append(hint)
        else:
            others = [name for name in held if name != hint] or held
            first.append(others[0] if others else type(model).__name__)
    counts = Counter(first)
    seen: Counter[str] = Counter()
    result = []
    for name in first:
        seen[name] += 1
        result.append(name if counts[name] == 1 else f"{name}[{seen[name] - 1}]")
    return result


def _names_in(names: Mapping[str, Any], wanted: set[int]) -> dict[int, list[str]]:
    """Return the names under which objects are held: variables first, then items of lists, tuples and dicts."""
    found: dict[int, list[str]] = {}
    containers: list[tuple[str, Any]] = []
    for name, value in list(names.items()):
        if name.startswith("_"):
            continue
        if id(value) in wanted:
            found.setdefault(id(value), []).append(name)
        elif isinstance(value, list | tuple | dict) and len(value) <= _MAX_CONTAINER:
            containers.append((name, value))
    for name, container in containers:
        if isinstance(container, dict):
            items = [(key if isinstance(key, str) else f"{name}[{key!r}]", item) for key, item in container.items()]
        else:
            items = [(f"{name}[{index}]", item) for index, item in enumerate(container)]
        for label, item in items:
            if id(item) in wanted:
                found.setdefault(id(item), []).append(label)
    return found
