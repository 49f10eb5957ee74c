"""Which files lie in the folder for temporary files: named by chance, gone tomorrow, and nobody's to keep."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath
from types import FunctionType, ModuleType
from typing import Any

_MOST_PARTS = 10_000


def is_temporary(path: str | PurePath, *, outside: Path) -> bool:
    """Tell whether a path is the folder for temporary files, or lies in it, and not in the project `outside`.

    A relative path starts from the project.
    """
    there = os.path.normpath(outside / path)
    folders = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
    return any(_within(there, folder) for folder in folders) and not _within(there, str(outside))


def holds_text(value: Any, wanted: Callable[[str], bool]) -> bool:
    """Tell whether a value is, or has among its parts, a text or a path that is wanted (10,000 parts are looked at)."""
    left, seen = [value], set[int]()
    while left and len(seen) < _MOST_PARTS:
        one = left.pop(0)
        if isinstance(one, str | PurePath):
            if wanted(str(one)):
                return True
        elif id(one) not in seen:
            left += list(_parts(one))[:1000]
        seen.add(id(one))
    return False


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, Mapping):
        return value.values()
    own = None if isinstance(value, type | ModuleType | FunctionType) else getattr(value, "__dict__", None)
    return own.values() if isinstance(own, dict) else ()


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


__all__ = ["holds_text", "is_temporary"]
