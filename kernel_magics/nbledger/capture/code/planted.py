"""The notebook's code inside libraries: a method that a cell put into a class, an accessor that it registered.

No name of the cell that runs it leads to such code: `df.mine.total()` and `json.dumps(x)` call it all the same. So does
a module whose own functions call what was put in the place of another: `warnings.showwarning`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

_planted: WeakKeyDictionary[type | ModuleType, set[str]] = WeakKeyDictionary()
_new: set[tuple[int, str]] = set()
_PYTHONS = frozenset({"builtins", "abc", "typing", "collections"})


def plant(owner: type | ModuleType, name: str) -> None:
    """Take note that a cell has given a library's class or module this attribute."""
    _planted.setdefault(owner, set()).add(name)


def is_called_within(module: ModuleType, name: str) -> bool:
    """Tell whether functions of a module itself mention a name of it."""
    functions = [one for one in list(vars(module).values()) if isinstance(one, FunctionType)]
    return any(name in one.__code__.co_names for one in functions if one.__module__ == module.__name__)


def plant_all(cls: type, namespace: Mapping[str, Any]) -> None:
    """Take note of all attributes of a library's class that hold code of this namespace."""
    for name, member in list(cls.__dict__.items()):
        if any(_is_of(part, namespace) for part in _parts(member)):
            plant(cls, name)
            _new.add((id(namespace), f"{cls.__module__}.{cls.__qualname__}.{name}"))


def take_new(namespace: Mapping[str, Any]) -> set[str]:
    """Return what `plant_all` has found for a namespace since the last call, as `module.Class.attribute`."""
    found = {one for one in _new if one[0] == id(namespace)}
    _new.difference_update(found)
    return {name for _, name in found}


def is_empty() -> bool:
    """Tell whether no cell of this process has put anything into a library."""
    return not _planted


def behind(value: Any) -> Iterator[Any]:
    """Yield what was put into the classes of the packages that a value is from."""
    if not _planted:
        return
    packages = _packages(value)
    for owner, names in list(_planted.items()):
        module = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
        if module.partition(".")[0] in packages:
            for name in names:
                yield from _parts(owner.__dict__.get(name))


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
