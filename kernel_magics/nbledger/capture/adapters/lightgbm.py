"""LightGBM: fits and scores of its scikit-learn API come with scikit-learn; here is what only LightGBM knows.

Of `lightgbm.train` the rows are followed (see `lineage.leakage`); its boosters are not recorded as models.
"""

from __future__ import annotations

import types
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nbledger.capture.found.describe import Description
from nbledger.capture.hooks.containers import Opened

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
        hooks.when_imported("lightgbm.basic", lambda basic: _observe_boosters(hooks, basic))
        hooks.when_imported("lightgbm.engine", lambda engine: _observe_training(hooks, engine))


def _observe_training(hooks: Hooks, module: types.ModuleType) -> None:
    hooks.function(module.train, "train")


def _observe_boosters(hooks: Hooks, basic: types.ModuleType) -> None:
    hooks.container(basic.Dataset, read)
    hooks.method(vars(basic.Booster).get("predict"), "boosted", "predict")


_known: weakref.WeakKeyDictionary[Any, tuple[Any, Any]] = weakref.WeakKeyDictionary()


def read(dataset: Any) -> Opened | None:
    """Return the features and the label of a `Dataset`: it lets go of them in its first training."""
    data, label = dataset.data, dataset.label
    if data is not None and not isinstance(data, str):
        with suppress(TypeError):
            _known[dataset] = (weakref.ref(data), label)
        return Opened(data, label)
    known = _known.get(dataset)
    data = None if known is None else known[0]()
    return None if known is None or data is None else Opened(data, known[1])


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
