"""What a fit saw that a content's hash does not tell: the dtypes of arrays and targets, the classes of a classifier."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nbledger.capture.redaction.secrets import redact

_MOST_CLASSES = 50
_LONGEST = 80


def data_types(model: Any, X: Any, y: Any) -> dict[str, Any]:  # noqa: N803 - the roles' own names
    """Return `dtypes` (by role, of what has one dtype) and `classes` (up to 50, plain values) where there are such."""
    found: dict[str, Any] = {}
    dtypes = {role: str(dtype) for role, dtype in (("X", _dtype(X)), ("y", _dtype(y))) if dtype is not None}
    if dtypes:
        found["dtypes"] = dtypes
    with suppress(Exception):  # an attribute of a model may be anybody's property
        classes = _classes(model)
        if getattr(classes, "ndim", None) == 1 and len(classes) <= _MOST_CLASSES:
            found["classes"] = [_plain(one) for one in classes.tolist()]
    return found


def _dtype(value: Any) -> Any:
    try:
        dtype = getattr(value, "dtype", None)
    except Exception:  # noqa: BLE001 - as above
        return None
    return None if dtype is None or callable(dtype) else dtype


def _classes(model: Any) -> Any:
    """Return a model's classes, of a pipeline those of its last step; nothing is computed for it."""
    steps = vars(model).get("steps")
    return vars(steps[-1][1] if steps else model).get("classes_")


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else redact(str(value))[:_LONGEST]


__all__ = ["data_types"]
