"""What skops writes models with, without what it reads them with.

`import skops.io` lists every estimator of scikit-learn to know what a file may name. For that it imports all of
scikit-learn, pytest with it, and dask where there is one: 580 modules, 0.75 s, in the cell that fits the first model.
Writing asks none of these lists. So skops' own modules are loaded a second time under another name, with lists that are
empty: 0.05 s, and the states are the same. They never read: for that there is `skops.io` itself, with its lists.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

_PACKAGE = "_nbledger_skops_io"
_PARTS = ("_general", "_numpy", "_scipy", "_sklearn", "_quantile_forest")


@cache
def writing() -> tuple[type[Any], Any]:
    """Return skops' `SaveContext` and `get_state`. Raises `ImportError` without skops."""
    if "skops.io._persist" not in sys.modules:
        try:
            return _alone()
        except Exception:  # noqa: BLE001, S110 - a skops of another make: then it is imported as a whole
            pass
    import skops.io  # noqa: F401 - it registers how each type is stated
    from skops.io._utils import SaveContext, get_state

    return SaveContext, get_state


def _alone() -> tuple[type[Any], Any]:
    import skops

    package = ModuleType(_PACKAGE)
    package.__path__ = [f"{place}/io" for place in skops.__path__]
    lists = ModuleType(f"{_PACKAGE}._trusted_types")
    lists.__dict__["__getattr__"] = _empty
    sys.modules.update({package.__name__: package, lists.__name__: lists})
    utils = importlib.import_module(f"{_PACKAGE}._utils")
    for part in _PARTS:
        module = importlib.import_module(f"{_PACKAGE}.{part}")
        for cls, state_of in getattr(module, "GET_STATE_DISPATCH_FUNCTIONS", ()):
            utils._get_state.register(cls)(state_of)
    return utils.SaveContext, utils.get_state


def _empty(name: str) -> list[str]:
    if name.endswith("_TYPE_NAMES"):
        return []
    raise AttributeError(name)
