"""XGBoost: fits and scores of its scikit-learn API come with scikit-learn; here is what only XGBoost knows.

Of `xgboost.train` the rows are followed (see `lineage.leakage`); its boosters are not recorded as models.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from nbledger.capture.found.describe import Description
from nbledger.capture.hooks.containers import Opened

if TYPE_CHECKING:
    from nbledger.capture.hooks.calls import Hooks


_MOST_CELLS = 20_000_000


class XGBoostAdapter:
    """Adds the evaluation series and the best iteration of an `XGBModel`."""

    library = "xgboost"

    def install(self, hooks: Hooks) -> None:
        """Register the description of models, and the estimators (their base may not be scikit-learn's)."""

        def ready(module: types.ModuleType) -> None:
            hooks.estimators(module.XGBModel)
            hooks.describe(module.XGBModel, describe)

        hooks.when_imported("xgboost.sklearn", ready)
        hooks.when_imported("xgboost.core", lambda core: _observe_boosters(hooks, core))
        hooks.when_imported("xgboost.training", lambda training: _observe_training(hooks, training))


def _observe_training(hooks: Hooks, module: types.ModuleType) -> None:
    hooks.function(module.train, "train")


def _observe_boosters(hooks: Hooks, core: types.ModuleType) -> None:
    hooks.container(core.DMatrix, read)
    hooks.method(vars(core.Booster).get("predict"), "boosted", "predict")


def read(matrix: Any) -> Opened | None:
    """Return the features and the label of a `DMatrix`; `None` for a very large one."""
    if matrix.num_row() * matrix.num_col() > _MOST_CELLS:
        return None
    label = matrix.get_label()
    return Opened(matrix.get_data().toarray(), label if len(label) else None)


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
