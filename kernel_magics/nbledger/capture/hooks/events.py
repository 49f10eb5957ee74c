"""What happened in a call that matters, as frozen dataclasses, and who is told of it.

Events hold the user's data: they are compared by identity and not shown (`eq=False, repr=False`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from nbledger.capture.hooks.sites import UNKNOWN, Site

CallKind = Literal[
    "fit", "predict", "score", "metric", "scorer", "validate", "cross_predict", "split", "resample", "train", "boosted"
]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that matters, before it runs: `arguments` by parameter name, the estimator of a method as `self`."""

    kind: CallKind
    function: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallEvent:
    """What every event has: where it was called, the seconds it took, and the versions of its inputs.

    `versions` maps a role (`X`, `y`, `y_true`, `model`, ...) to the version that the value had before the call,
    `inputs` maps a role to the name that the value has in the source, `keywords` are all other arguments.
    """

    function: str
    site: Site = UNKNOWN
    seconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fit(CallEvent):
    """An outermost `fit`, `partial_fit`, `fit_predict` or `fit_transform`; `function` says which."""

    model: Any
    X: Any
    y: Any = None
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Predict(CallEvent):
    """A `predict*`, `decision_function` or `transform`, or a `cross_val_predict`."""

    model: Any
    X: Any
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Training(Fit):
    """A library's own `train` function, which gives back a booster: followed for its rows, not recorded as a model."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Boosted(Predict):
    """A prediction of such a booster."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Score(CallEvent):
    """An estimator's own `score`, or a scorer that was called with it; `predicted` is what it predicted for that."""

    model: Any
    X: Any
    y: Any
    value: Any
    predicted: Any = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MetricCall(CallEvent):
    """A function of `sklearn.metrics`; `data` are the arguments that hold data, by role."""

    data: Mapping[str, Any]
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CrossValidation(CallEvent):
    """`cross_val_score`, `cross_validate`, a learning or validation curve or a permutation test; `cv` as text."""

    estimator: Any
    X: Any
    y: Any
    scores: Any
    cv: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate of a search. `means`, `stds` and `folds` are by scorer (`score` when there is one only)."""

    params: Mapping[str, Any]
    means: Mapping[str, float]
    stds: Mapping[str, float]
    folds: Mapping[str, tuple[float, ...]]
    fit_time: float | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Search(CallEvent):
    """A hyperparameter search that was fitted, with its candidates in the order of `cv_results_`."""

    search: Any
    X: Any
    y: Any
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Split(CallEvent):
    """A `train_test_split` of arrays."""

    arrays: tuple[Any, ...]
    result: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Resample(CallEvent):
    """A `sklearn.utils.resample` or `shuffle` of arrays."""

    arrays: tuple[Any, ...]
    result: Any


Event = Fit | Predict | Score | MetricCall | CrossValidation | Search | Split | Resample


class Sink(Protocol):
    """Who is told of calls while it is active.

    `before` is asked just before a call and returns the versions of the call's inputs by role: a call may change its
    arguments.
    """

    def before(self, call: Call) -> Mapping[str, str]:
        """Return the versions of a call's inputs by role; empty when they are not wanted."""
        ...

    def event(self, event: Event) -> None:
        """Take in what happened."""
        ...

    def problem(self, text: str) -> None:
        """Take in, in one line, what could not be observed."""
        ...
