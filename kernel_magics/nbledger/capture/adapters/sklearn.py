"""scikit-learn: every estimator (also of other packages, and of the notebook), metrics, cross-validation, splits."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbledger.capture.hooks.calls import Hooks
    from nbledger.capture.hooks.events import CallKind

_NO_METRICS = frozenset(
    {
        "check_scoring",
        "euclidean_distances",
        "get_scorer",
        "get_scorer_names",
        "make_scorer",
        "metric_at_thresholds",
        "nan_euclidean_distances",
        "pairwise_distances",
        "pairwise_distances_argmin",
        "pairwise_distances_argmin_min",
        "pairwise_distances_chunked",
        "pairwise_kernels",
    }
)
"""Public functions of `sklearn.metrics` that measure no model."""

_MODEL_SELECTION: Mapping[str, CallKind] = {
    "cross_val_score": "validate",
    "cross_validate": "validate",
    "learning_curve": "validate",
    "permutation_test_score": "validate",
    "validation_curve": "validate",
    "cross_val_predict": "cross_predict",
    "train_test_split": "split",
}

_MIXINS = (
    "ClassifierMixin",
    "RegressorMixin",
    "ClusterMixin",
    "TransformerMixin",
    "OutlierMixin",
    "DensityMixin",
    "BiclusterMixin",
)


class SklearnAdapter:
    """Observes scikit-learn, module by module as each is imported."""

    library = "sklearn"

    def install(self, hooks: Hooks) -> None:
        """Register what to observe in each module."""
        self._hooks = hooks
        hooks.when_imported("sklearn.base", self._base)
        hooks.when_imported("sklearn.metrics", self._metrics)
        hooks.when_imported("sklearn.metrics._scorer", self._scorers)
        hooks.when_imported("sklearn.model_selection", self._model_selection)
        hooks.when_imported("sklearn.utils", self._utils)

    def _base(self, base: types.ModuleType) -> None:
        for name in _MIXINS:
            if hasattr(base, name):
                self._hooks.estimator(getattr(base, name))
        # `_MetadataRequester` (of all estimators), and `_SetOutputMixin` (of transformers), which wraps a class's
        # `transform` when the class is made.
        makers = {
            cls
            for parent in (base.BaseEstimator, getattr(base, "TransformerMixin", base.BaseEstimator))
            for cls in parent.__mro__
            if "__init_subclass__" in vars(cls) and cls is not object
        }
        for maker in makers:
            self._hooks.subclasses_made_by(maker)
        self._hooks.estimators(base.BaseEstimator)

    def _metrics(self, metrics: types.ModuleType) -> None:
        for name in metrics.__all__:
            if name not in _NO_METRICS and not name.startswith("_"):
                self._hooks.function(getattr(metrics, name, None), "metric")

    def _scorers(self, scorers: types.ModuleType) -> None:
        cls = getattr(scorers, "_BaseScorer", None)
        if cls is not None:
            self._hooks.method(vars(cls).get("__call__"), "scorer", "__call__")

    def _utils(self, utils: types.ModuleType) -> None:
        for name in ("resample", "shuffle"):
            self._hooks.function(getattr(utils, name, None), "resample")

    def _model_selection(self, selection: types.ModuleType) -> None:
        for name, kind in _MODEL_SELECTION.items():
            self._hooks.function(getattr(selection, name, None), kind)
