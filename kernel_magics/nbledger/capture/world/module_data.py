"""Data in modules as cells share it (`config.DEBUG = True`), and what an import leaves behind for later cells."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from itertools import islice
from operator import attrgetter
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from nbledger.capture.hooks.libraries import is_library
from nbledger.capture.namespace.kinds import in_library

Token = bytes | str | None
_MISSING = object()
_MOST_OF_A_MODULE = 200
CACHED: type = type(lru_cache(len))
"""The class of functions with `functools.lru_cache`."""
_CALLED = (FunctionType, type)
_CONTAINERS = frozenset({list, tuple, dict, set})
_LEADS: dict[type, Callable[[Any], Any]] = {
    partial: attrgetter("func"),
    MethodType: attrgetter("__self__"),
    CACHED: attrgetter("__wrapped__"),
}
_MOST_ITEMS = 50
_CODE = (FunctionType, BuiltinFunctionType, ModuleType, type)
_dull: set[type] = {int, float, bool, str, bytes, complex, type(None)}
"""Types whose instances run no code of the project's."""


class _Seen(NamedTuple):
    """An attribute when last looked at: its object if that is a plain constant, and its token."""

    value: Any
    token: Token


class ModuleData:
    """The attributes of modules that cells have touched, as they were when last looked at.

    `token` is a change check of a value, `None` for an opaque one. Attributes are named `module.attribute`.
    """

    def __init__(self, token: Callable[[Any], Token]) -> None:
        self._token = token
        self._seen: dict[str, _Seen] = {}

    def learn(self, names: Collection[str]) -> None:
        """Look at attributes before a cell runs."""
        for name in names:
            self.changed(name)

    def changed(self, name: str) -> bool:
        """Tell whether an attribute is another value than when last looked at; an opaque one always is."""
        value = attribute(name)
        seen = self._seen.get(name)
        if value is _MISSING:
            self._seen.pop(name, None)
            return seen is not None
        plain = type(value) in (int, float, str, bool, type(None))
        if plain and seen is not None and seen.value is value:
            return False
        token = self._token(value)
        self._seen[name] = _Seen(value if plain else _MISSING, token)  # numpy tells when others hold an array
        return seen is not None and (token is None or token != seen.token)


def attribute(name: str) -> Any:
    """Return the value of `module.attribute` or `module.Class.attribute`, or a mark that there is none."""
    place, _, last = name.rpartition(".")
    module = sys.modules.get(place)
    if module is None:
        cls = class_of(name)
        return _MISSING if cls is None else cls.__dict__.get(last, _MISSING)
    if last in vars(module) or type(module) is ModuleType:
        return vars(module).get(last, _MISSING)
    try:
        return getattr(module, last, _MISSING)  # a module of a class of its own, with properties
    except Exception:  # noqa: BLE001 - a property of somebody else's
        return _MISSING


def class_of(name: str) -> type | None:
    """Return the class of which `module.Class.attribute` is an attribute, if it is one of a class."""
    module, _, cls = name.rpartition(".")[0].rpartition(".")
    found = vars(sys.modules[module]).get(cls) if module in sys.modules else None
    return found if isinstance(found, type) else None


def exists(name: str) -> bool:
    """Tell whether there is such an attribute."""
    return attribute(name) is not _MISSING


def is_code(name: str) -> bool:
    """Tell whether an attribute is a function, class or module."""
    return isinstance(attribute(name), _CODE)


def is_of_library(name: str) -> bool:
    """Tell whether a `module.attribute` is one of a library's module, or of Python's own."""
    module = sys.modules.get(name.rpartition(".")[0])
    path = getattr(module, "__file__", None)
    return module is not None and (not isinstance(path, str) or is_library(path))


def called_modules(mentions: Collection[str], namespace: Mapping[str, Any]) -> Iterator[ModuleType]:
    """Yield the modules of the project of which a cell that mentions these names may call a function or method."""
    waiting: list[ModuleType] = []
    for name in mentions:
        value = namespace.get(name)
        kind = type(value)
        if kind in _dull:
            continue
        if isinstance(value, ModuleType):
            members = vars(value)
            asked = (*_CALLED, CACHED)
            if "__getattr__" in members or any(isinstance(members.get(one), asked) for one in mentions):
                waiting.append(value)
        else:
            waiting += _behind(value, kind)
    found = set()
    while waiting:
        module = waiting.pop()
        if module.__name__ not in found and _is_local(module):
            found.add(module.__name__)
            yield module
            waiting += _called_by(module)


def _behind(value: Any, kind: type, *, inside: bool = True) -> list[ModuleType]:
    """Return the modules that the code of a value is from, or of what a container or instance of the notebook holds."""
    if kind is FunctionType:
        return _modules((value,))
    if kind in _CONTAINERS:
        return _inside(value.values() if kind is dict else value) if inside else []
    if kind in _LEADS:
        behind = _LEADS[kind](value)
        return _behind(behind, type(behind))
    if isinstance(value, type):
        return _modules(value.__mro__)
    classes = kind.__mro__
    if all(in_library(cls.__module__) for cls in classes):
        _dull.add(kind)
        return []
    found = _modules(classes)
    if inside and kind.__module__ == "__main__":
        with suppress(AttributeError):
            found += _inside(object.__getattribute__(value, "__dict__").values())
    return found


def _inside(values: Iterable[Any]) -> list[ModuleType]:
    items = list(islice(values, _MOST_ITEMS))
    if _dull.issuperset(map(type, items)):
        return []
    kinds = {type(item): item for item in items}
    return [module for kind, item in kinds.items() for module in _behind(item, kind, inside=False)]


def _modules(written: Iterable[Any]) -> list[ModuleType]:
    """Return the modules, of no library, where these functions or classes were written."""
    names = {item.__module__ for item in written}
    return [sys.modules[name] for name in names if name in sys.modules and name != "__main__" and not in_library(name)]


def _called_by(module: ModuleType) -> list[ModuleType]:
    """Return the modules that are among the globals of a module, or whose functions and classes are."""
    values = list(vars(module).values())
    written = [value for value in values if isinstance(value, _CALLED) and value.__module__ != module.__name__]
    return [*(value for value in values if isinstance(value, ModuleType)), *_modules(written)]


def data_of(module: ModuleType) -> list[str]:
    """Return the names of a module's own data: neither functions nor classes nor what Python put there."""
    data = [name for name, value in list(vars(module).items()) if name[:2] != "__" and not isinstance(value, _CODE)]
    return [f"{module.__name__}.{name}" for name in data[:_MOST_OF_A_MODULE]]


def _is_local(module: ModuleType) -> bool:
    path, top = vars(module).get("__file__"), module.__name__.partition(".")[0]
    return isinstance(path, str) and top not in ("__main__", "nbledger") and not is_library(path)


class ImportEffects:
    """Modules that a cell loaded, and that other cells need without importing them: `xml.etree` of a bound `xml`."""

    def __init__(self) -> None:
        self._loaded: set[str] = set(sys.modules)
        self._count = len(sys.modules)
        self._before: dict[str, Any] = {}

    def before(self, *, by_hand: bool) -> None:
        """Take note of what is loaded before a cell runs: of each module, where the cell may put one there itself."""
        self.new()
        self._before = dict(sys.modules) if by_hand else {}

    def by_hand(self) -> dict[str, Any]:
        """Return what the cell has put into `sys.modules` itself, or taken from it (`None`), by name."""
        before, self._before = self._before, {}
        if not before:
            return {}
        now = dict(sys.modules)
        moved = [name for name in before.keys() | now.keys() if before.get(name) is not now.get(name)]
        return {name: now.get(name) for name in moved if name in before or getattr(now[name], "__spec__", None) is None}

    def new(self) -> set[str]:
        """Return the names of the modules that were loaded since the last call."""
        if len(sys.modules) == self._count:
            return set()
        now = set(sys.modules)
        found = now - self._loaded
        self._loaded, self._count = now, len(now)
        return found


def submodules_named(new: Collection[str], mentions: Collection[str]) -> list[str]:
    """Return those new modules that are inside a package and that the cell's own import statements name."""
    dotted = {name for name in mentions if "." in name}
    wanted = {".".join(parts[: index + 1]) for parts in map(_parts, dotted) for index in range(1, len(parts))}
    for parent in mentions:
        wanted.update(f"{parent}.{name}" for name in mentions if f"{parent}.{name}" in new)
    return sorted(wanted.intersection(new))


def submodule_is_reached(name: str, mentions: Collection[str], namespace: Mapping[str, Any]) -> bool:
    """Tell whether a cell that mentions these names may get at a submodule through a variable bound to its parent."""
    parent, _, last = name.rpartition(".")
    if last not in mentions:
        return False
    top = parent.partition(".")[0]
    inner = parent.split(".")[1:]
    return any(
        isinstance(value := namespace.get(mention), ModuleType)
        and (value.__name__ == parent or (value.__name__ == top and all(part in mentions for part in inner)))
        for mention in mentions
    )


def absolute(folders: Iterable[str]) -> set[str]:
    """Return folders of `sys.path` as the import system takes them."""
    return {os.path.abspath(folder) for folder in folders}  # noqa: PTH100 - as the import system does


def is_found_by(folders: Collection[str], name: str) -> bool:
    """Tell whether a module was found in one of these folders."""
    place = getattr(sys.modules.get(name), "__file__", None)
    return isinstance(place, str) and any(place.startswith(os.path.join(folder, "")) for folder in folders)  # noqa: PTH118


def is_code_reached(
    name: str, mentions: Collection[str], imports: Collection[str], namespace: Mapping[str, Any]
) -> bool:
    """Tell whether a cell may call what was put into a module as `name`: `math.double`, `builtins.answer`."""
    parent, _, last = name.rpartition(".")
    if last not in mentions or parent not in sys.modules:
        return False
    if parent == "builtins" and last not in namespace:
        return True
    if not is_code(name):
        return False
    return parent in imports or submodule_is_reached(name, mentions, namespace)


def _parts(name: str) -> list[str]:
    return name.split(".")
