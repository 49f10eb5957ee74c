"""Attributes that come to be by looking: no content, for a value that was only read is the same value.

xarray makes the empty dict behind `attrs` when somebody asks for it, and its objects are asked by pickle itself: for a
slot that is empty `object.__reduce_ex__` calls the class's `__getattr__`, which looks everywhere.
"""

from __future__ import annotations

import copyreg
import dis
import types
from typing import Any
from weakref import WeakKeyDictionary

_HEAP = 1 << 9
_CACHES = frozenset({"_cache"})
_asks: WeakKeyDictionary[type, tuple[Any, ...]] = WeakKeyDictionary()
_lazy: WeakKeyDictionary[type, frozenset[str]] = WeakKeyDictionary()


def asks_for_slots(cls: type) -> bool:
    """Tell whether pickling an instance as `object` does would call the class's `__getattr__` for empty slots."""
    return bool(_slots(cls))


def state_of(value: Any) -> Any:
    """Return the state of an instance of such a class as `object.__getstate__` does, without calling its code."""
    cls = type(value)
    slots = {}
    for name, member in _slots(cls):
        try:
            slots[name] = member.__get__(value, cls)
        except AttributeError:
            continue
    try:
        given = object.__getattribute__(value, "__dict__") or None
    except AttributeError:
        given = None
    return (given, slots) if slots else given


def without(cls: type, state: Any) -> Any:
    """Return an instance's state without what reading it may have made: caches, and empty dicts behind properties."""
    if type(state) is tuple and len(state) == 2:
        given, slots = state
        return (without(cls, given), without(cls, slots))
    if type(state) is not dict:
        return state
    names = _lazy.get(cls)
    if names is None:
        names = _lazy[cls] = frozenset(_made_by_properties(cls))
    leave = {name for name in names & state.keys() if state[name] is None or state[name] == {}}
    leave |= _CACHES & state.keys()
    return {name: item for name, item in state.items() if name not in leave} if leave else state


def _slots(cls: type) -> tuple[Any, ...]:
    """Return names and descriptors of a class's slots, if it is pickled as `object` does and has a `__getattr__`."""
    found = _asks.get(cls)
    if found is None:
        found = _asks[cls] = _find_slots(cls)
    return found


def is_pickled_as_object(cls: Any) -> bool:
    """Tell whether instances are pickled, and their attributes read, as `object` does it."""
    return (
        cls.__reduce_ex__ is object.__reduce_ex__
        and cls.__reduce__ is object.__reduce__
        and cls.__getstate__ is object.__getstate__
        and cls.__getattribute__ is object.__getattribute__
        and not hasattr(cls, "__getnewargs_ex__")
        and not hasattr(cls, "__getnewargs__")
    )


def _find_slots(cls: Any) -> tuple[Any, ...]:
    plain = (
        getattr(cls, "__getattr__", None) is not None
        and is_pickled_as_object(cls)
        and all(base is object or base.__flags__ & _HEAP for base in cls.__mro__)
    )
    if not plain:
        return ()
    members = {name: item for base in reversed(cls.__mro__) for name, item in vars(base).items()}
    names = copyreg._slotnames(cls)  # type: ignore[attr-defined]
    return tuple((name, members[name]) for name in names if type(members.get(name)) is types.MemberDescriptorType)


def _made_by_properties(cls: type) -> set[str]:
    """Return the attributes `_x` that the property `x` of a class assigns when it is asked for."""
    found = set()
    for base in cls.__mro__:
        for name, member in vars(base).items():
            code = getattr(getattr(member, "fget", None), "__code__", None)
            if type(code) is types.CodeType and f"_{name}" in code.co_names and _stores(code, f"_{name}"):
                found.add(f"_{name}")
    return found


def _stores(code: types.CodeType, name: str) -> bool:
    return any(step.opname == "STORE_ATTR" and step.argval == name for step in dis.get_instructions(code))
