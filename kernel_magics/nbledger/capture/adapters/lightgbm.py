"""LightGBM through its scikit-learn API: fits and scores come with scikit-learn; here is what only LightGBM knows."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from nbledger.capture.found.describe import Description

if TYPE_CHECKING:
    from nbledger.capture.hooks.calls import Hooks


class LightGBMAdapter:
    """Adds the evaluation series and the best iteration of an `LGBMModel`."""

    library = "lightgbm"

    def install(self, hooks: Hooks) -> None:
        """Register the description of models, and the estimators (their base may not be scikit-learn's)."""

        def ready(module: types.ModuleType) -> None:
            hooks.estimators(module.LGBMModel)
            hooks.describe(module.LGBMModel, describe)

        hooks.when_imported("lightgbm.sklearn", ready)


def describe(model: Any) -> Description:
    """Return `valid_0.binary_logloss`, ... by boosting round, and `best_iteration` if it stopped early."""
    recorded = getattr(model, "evals_result_", None) or {}
    series = {
        f"{dataset}.{metric}": tuple(float(value) for value in values)
        for dataset, metrics in recorded.items()
        for metric, values in metrics.items()
    }
    # 0 when it did not stop early.
    best = getattr(model, "best_iteration_", None)
    return Description(series=series, metrics={"best_iteration": float(best)} if best else {})
