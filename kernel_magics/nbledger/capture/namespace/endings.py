"""What is called when an object goes: `weakref.finalize` holds it, and nothing on the object itself tells of it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from nbledger.capture.namespace.kinds import no_atoms


def called_at_end(parts: Iterable[Any]) -> list[Any]:
    """Return what will be called when these objects go, and with what."""
    refs = [ref for part in parts if weakref.getweakrefcount(part) for ref in weakref.getweakrefs(part)]
    return no_atoms([item for ref in refs for item in _of(ref.__callback__)]) if refs else []


def _of(callback: object) -> Iterable[Any]:
    if type(callback) is not weakref.finalize:
        return ()
    info = weakref.finalize._registry.get(callback)  # type: ignore[attr-defined]
    return () if info is None else (info.func, info.args, info.kwargs)


__all__ = ["called_at_end"]
