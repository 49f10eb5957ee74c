"""Any value as the scalar or short text that a param keeps, and any number as the float that a metric keeps."""

from __future__ import annotations

import math
from typing import Any

from nbledger.records import Scalar

_MAX_TEXT = 200
_MAX_ITEMS = 20


def param_value(value: Any) -> Scalar:
    """Return the scalar that is stored for a value.

    Numbers, texts, booleans and `None` stay (numpy's become Python's); a short list, tuple, set or dict of such is
    its text; an estimator is its class name; a function its name; an array its dtype and shape; anything else a
    shortened `repr` without memory addresses.
    """
    if value is None or isinstance(value, bool | int | float):
        return _exact_type(value)
    if isinstance(value, str):
        return _short(str(value))
    scalar = _numpy_scalar(value)
    if scalar is not None:
        return scalar
    return _short(_text(value, 0))


def number(value: Any) -> float | None:
    """Return a number (a Python or numpy scalar, or an array of no dimensions) as a float; `None` for all else."""
    if isinstance(value, str | bytes) or value is None or getattr(value, "shape", ()) != ():
        return None
    if not hasattr(value, "__float__"):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def same(one: Any, other: Any) -> bool:
    """Tell whether two param values are the same; `nan` is the same as `nan`, `1` not as `True`."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and math.isnan(one) and math.isnan(other):
        return True
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001  (a user's `__eq__` may raise anything)
        return False


def _exact_type(value: Any) -> Scalar:
    """Return a plain number also for a subclass of one (`numpy.float64` is a float, an `IntEnum` an int)."""
    if isinstance(value, bool) or value is None:
        return value
    return int(value) if isinstance(value, int) else float(value)


def _numpy_scalar(value: Any) -> Scalar:
    if type(value).__module__ != "numpy" or not hasattr(value, "item") or getattr(value, "shape", None) != ():
        return None
    item = value.item()
    return item if isinstance(item, bool | int | float | str) else None


def _text(value: Any, depth: int) -> str:
    if value is None or isinstance(value, bool | int | float | str):
        return repr(_exact_type(value)) if not isinstance(value, str) else repr(_short(value))
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        if shape == () and hasattr(value, "item"):
            return repr(value.item())
        return f"{type(value).__name__}{_dtype(value)}[{', '.join(map(str, shape))}]"
    if isinstance(value, list | tuple | set | frozenset | dict):
        return _container(value, depth)
    if hasattr(value, "get_params"):
        return type(value).__name__ if not isinstance(value, type) else value.__name__
    if callable(value) and hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    return _own_repr(value)


def _container(value: Any, depth: int) -> str:
    if depth > 3 or len(value) > _MAX_ITEMS:
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k, depth + 1)}: {_text(v, depth + 1)}" for k, v in value.items()) + "}"
    items = [_text(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(items)) + "}" if items else "set()"
    if isinstance(value, tuple):
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    return f"[{', '.join(items)}]"


def _dtype(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return "" if dtype is None else f" {dtype}"


def _own_repr(value: Any) -> str:
    """Return the object's `repr`, or its class name when that would show a memory address (it differs in each run)."""
    cls = type(value)
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  (a user's `__repr__` may raise anything)
        return cls.__qualname__
    return cls.__qualname__ if " at 0x" in text else text


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
