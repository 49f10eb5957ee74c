"""What happens when an object goes, as one does whose only name is bound to another: nobody has called for it.

A weak reference or `weakref.finalize` holds what is called then, and nothing on the object itself tells of it;
`__del__` is a method of its class; a file that is being written gets what is left of its text.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Iterable, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from nbledger.capture.namespace.kinds import in_library, is_written_here, no_atoms

_WRITERS = frozenset({io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom})


def called_at_end(parts: Iterable[Any]) -> list[Any]:
    """Return what will be called when these objects go, and with what."""
    refs = [ref for part in parts if weakref.getweakrefcount(part) for ref in weakref.getweakrefs(part)]
    return no_atoms([item for ref in refs for item in _of(ref.__callback__)]) if refs else []


def does_at_end(parts: Sequence[Any]) -> bool:
    """Tell whether something is done when one of these objects, which are of one class, goes."""
    cls = type(parts[0])
    if cls in _WRITERS:
        return any(not part.closed and part.writable() for part in parts)
    return hasattr(cls, "__del__") and is_written_here(cls)


def _of(callback: object) -> Iterable[Any]:
    if isinstance(callback, (FunctionType, MethodType)):
        own = str(callback.__module__).partition(".")[0] == "nbledger" or in_library(callback.__module__)
        return () if own else (callback,)
    if type(callback) is not weakref.finalize:
        return (callback,) if type(callback) is BuiltinFunctionType else ()
    info = weakref.finalize._registry.get(callback)  # type: ignore[attr-defined]
    return () if info is None else (info.func, info.args, info.kwargs)


__all__ = ["called_at_end", "does_at_end"]
