"""Which mutable objects and buffers a value holds, so that a change through one variable is looked for in others.

`b = a; b[0] = 1` changes what `a` shows; so does writing to a view of an array, or to a frame that a dict holds. Two
variables that have one of these marks in common may show the same change.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_ATOMS = frozenset(
    {int, float, bool, str, bytes, complex, type(None), type(Ellipsis), range, slice, type, FunctionType, ModuleType}
    | {BuiltinFunctionType}
)
_MAX_MARKS = 256


def is_atom(value: Any) -> bool:
    """Tell whether a value can neither change nor hold anything that can."""
    return type(value) in _ATOMS


def marks(value: Any) -> frozenset[int]:
    """Return the identities of the mutable objects and root buffers that a value reaches, 256 at most."""
    if type(value) in _ATOMS:
        return frozenset()
    found: set[int] = set()
    todo = [value]
    while todo and len(found) < _MAX_MARKS:
        part = todo.pop()
        kind = type(part)
        if kind in _ATOMS or id(part) in found:
            continue
        found.add(id(part))
        todo.extend(_parts(part, kind))
    return frozenset(found)


def _parts(value: Any, kind: type) -> list[Any]:
    """Return what a value holds that it may share with another: items, fields, or the root of its buffer."""
    if kind in (list, tuple, set, frozenset):
        return list(value)[:_MAX_MARKS]
    if kind is dict:
        return list(value.values())[:_MAX_MARKS]
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        base = value.base
        return [] if base is None else [base]
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        return _frame_parts(value)
    if isinstance(value, memoryview):
        return [value.obj]
    fields = getattr(value, "__dict__", None)
    return list(fields.values())[:_MAX_MARKS] if type(fields) is dict else []


def _frame_parts(frame: Any) -> list[Any]:
    """Return the arrays behind a frame or series; pandas has no public way to them without a copy."""
    try:
        return [block.values for block in frame._mgr.blocks]
    except AttributeError:
        return []
