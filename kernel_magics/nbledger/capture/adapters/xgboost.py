"""XGBoost through its scikit-learn API: fits and scores come with scikit-learn; here is what only XGBoost knows."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from nbledger.capture.found.describe import Description

if TYPE_CHECKING:
    from nbledger.capture.hooks.calls import Hooks


class XGBoostAdapter:
    """Adds the evaluation series and the best iteration of an `XGBModel`."""

    library = "xgboost"

    def install(self, hooks: Hooks) -> None:
        """Register the description of models, and the estimators (their base may not be scikit-learn's)."""

        def ready(module: types.ModuleType) -> None:
            hooks.estimators(module.XGBModel)
            hooks.describe(module.XGBModel, describe)

        hooks.when_imported("xgboost.sklearn", ready)


def describe(model: Any) -> Description:
    """Return `validation_0.logloss`, ... by boosting round; `best_iteration` and `best_score` if it stopped early."""
    recorded = getattr(model, "evals_result_", None) or {}
    series = {
        f"{dataset}.{metric}": tuple(float(value) for value in values)
        for dataset, metrics in recorded.items()
        for metric, values in metrics.items()
    }
    metrics: dict[str, float] = {}
    if model.get_params(deep=False).get("early_stopping_rounds") is not None:
        for name in ("best_iteration", "best_score"):
            value = getattr(model, name, None)
            if value is not None:
                metrics[name] = float(value)
    return Description(series=series, metrics=metrics)
