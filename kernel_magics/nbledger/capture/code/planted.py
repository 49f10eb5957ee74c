"""The notebook's code inside libraries' classes: a method that a cell put there, an accessor that it registered.

No name of the cell that runs it leads to such code: `df.mine.total()` and `json.dumps(x)` call it all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

_planted: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
_new: set[str] = set()
_PYTHONS = frozenset({"builtins", "abc", "typing", "collections"})


def plant(cls: type, name: str) -> None:
    """Take note that a cell has given a library's class this attribute."""
    _planted.setdefault(cls, set()).add(name)


def plant_all(cls: type, namespace: Mapping[str, Any]) -> None:
    """Take note of all attributes of a library's class that hold code of this namespace."""
    for name, member in list(cls.__dict__.items()):
        if any(_is_of(part, namespace) for part in _parts(member)):
            plant(cls, name)
            _new.add(f"{cls.__module__}.{cls.__qualname__}.{name}")


def take_new() -> set[str]:
    """Return what `plant_all` has found since the last call, as `module.Class.attribute`."""
    found = set(_new)
    _new.clear()
    return found


def is_empty() -> bool:
    """Tell whether no cell of this process has put anything into a library's class."""
    return not _planted


def behind(value: Any) -> Iterator[Any]:
    """Yield what was put into the classes of the packages that a value is from."""
    if not _planted:
        return
    packages = _packages(value)
    for cls, names in list(_planted.items()):
        if cls.__module__.partition(".")[0] in packages:
            for name in names:
                yield from _parts(cls.__dict__.get(name))


def _parts(member: Any) -> Collection[Any]:
    if isinstance(member, (FunctionType, type)):
        return (member,)
    held = getattr(member, "__func__", None) or getattr(member, "fget", None)
    return [held] if held is not None else list(getattr(member, "__dict__", {}).values())


def _is_of(part: Any, namespace: Mapping[str, Any]) -> bool:
    if isinstance(part, FunctionType):
        return part.__globals__ is namespace
    return isinstance(part, type) and part.__module__ == namespace.get("__name__")


def _packages(value: Any) -> set[str]:
    if isinstance(value, ModuleType):
        modules: list[Any] = [value.__name__]
    else:
        classes = value.__mro__ if isinstance(value, type) else type(value).__mro__
        modules = [getattr(value, "__module__", None), *(cls.__module__ for cls in classes)]
    return {name.partition(".")[0] for name in modules if isinstance(name, str)} - _PYTHONS
