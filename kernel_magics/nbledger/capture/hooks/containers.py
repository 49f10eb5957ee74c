"""Containers that a library puts rows into before it works on them (`DMatrix`, `Dataset`): how to look inside.

An adapter registers a reader for its class. A container is opened before the call that it is given to, which may free
its data; what cannot be read any more is as if it had not been given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Opened(NamedTuple):
    """What a container holds: features and, where it has them, the target."""

    X: Any
    y: Any = None


Reader = Callable[[Any], "Opened | None"]

_READERS: dict[type, Reader] = {}


def register(cls: type, reader: Reader) -> None:
    """Let the containers of a class be opened by a reader."""
    _READERS[cls] = reader


def clear() -> None:
    """Forget all readers."""
    _READERS.clear()


def opened(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's arguments with the containers opened, those in lists (and in pairs in lists) too."""
    return {name: _open(value) for name, value in arguments.items()}


def _open(value: Any, depth: int = 2) -> Any:
    reader = next((_READERS[cls] for cls in type(value).__mro__ if cls in _READERS), None)
    if reader is not None:
        try:
            return reader(value)
        except Exception:  # noqa: BLE001  (what another's class raises when its data is gone)
            return None
    if depth and isinstance(value, list | tuple):
        return [_open(one, depth - 1) for one in value]
    return value


__all__ = ["Opened", "Reader", "clear", "opened", "register"]
