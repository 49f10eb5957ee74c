"""The notebook's own functions that a still cell may define and call: their code does no more than such a cell's.

A function that is only defined can do anything, for it does not run. One that is loaded may be called, and so may all
that its code names: each of these is plain data, one of Python's own functions of plain data, or such a function again.
What a function holds beside its code (defaults, attributes) has to be plain data too, and nobody is told of its end.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any
from weakref import getweakrefcount

from nbledger.capture.code.bytecode import nested
from nbledger.capture.code.dynamic import TRIGGERS
from nbledger.capture.code.reach import ATOMS, function_globals, holds_nothing
from nbledger.capture.code.scan import is_output
from nbledger.capture.code.still import are_pure, is_data, is_harmless
from nbledger.capture.code.touched import Touched

_MISSING = object()
_BUILTINS = vars(builtins)
_CONSTANTS = ATOMS | {tuple, frozenset, CodeType, type(...)}
"""What the compiler makes; `code.replace` takes anything."""
_TEXT = frozenset({str, type(None)})
REACHES_ATTRIBUTES = "format"
"""`"{0.__globals__}".format(f)` shows what a function refers to."""


@lru_cache(maxsize=4096)
def still_reads(code: CodeType) -> frozenset[str] | None:
    """Return the globals that a function's code reads; `None` when it may do more than work on plain data."""
    if says_too_much(code) or not is_harmless(code) or not _CONSTANTS.issuperset(map(type, code.co_consts)):
        return None
    return frozenset(function_globals(code).reads)


def says_too_much(code: CodeType) -> bool:
    """Tell whether a function's code names what reaches more than it says: `eval`, or texts that look into objects."""
    return any(
        REACHES_ATTRIBUTES in inner.co_names or not TRIGGERS.isdisjoint(inner.co_names) for inner in nested(code)
    )


def called(
    loads: Iterable[str], writes: frozenset[str], defs: Mapping[str, list[CodeType]], namespace: Mapping[str, Any]
) -> tuple[str, ...] | None:
    """Return the names that may be looked up while a cell runs that loads and binds these; `None` when it may do more.

    `defs` are the functions that it defines itself.
    """
    if "print" in writes or "print" in namespace:
        return None  # what this one returns would be shown
    found: set[str] = set()
    missing: list[str] = []
    todo = list(loads)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        value = namespace.get(name, _MISSING)
        reads = _reads(value, defs.get(name, ()), namespace)
        if reads is None or (name[:1] == "_" and is_output(name)):
            return None
        todo.extend(reads)
        if value is _MISSING and (name not in writes or name in _BUILTINS):
            missing.append(name)
    if all(_ends_quietly(namespace.get(name)) for name in writes - found) and are_pure(missing, namespace):
        return tuple(sorted(found))
    return None


def touched_by_each(
    names: Iterable[str], defs: Mapping[str, list[CodeType]], namespace: Mapping[str, Any]
) -> list[Touched | None] | None:
    """Return what the functions touch that each name stands for, or will (`defs`); `None` for one that has none.

    `None` for all of them when a value may lead to other functions.
    """
    found: list[Touched | None] = []
    for name in names:
        value = namespace.get(name)
        codes: Iterable[CodeType] = defs.get(name, ())
        if type(value) is FunctionType:
            if value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__dict__:
                return None
            codes = (*codes, value.__code__)
        elif not holds_nothing(value):
            return None
        found.append(_union(map(function_globals, codes)))
    return found


def _union(parts: Iterable[Touched]) -> Touched | None:
    first: Touched | None = None
    for part in parts:
        if first is None:
            first = part
        elif part != first:
            both = Touched()
            both.add(first)
            both.add(part)
            first = both
    return first


def _reads(value: Any, codes: Iterable[CodeType], namespace: Mapping[str, Any]) -> Iterable[str] | None:
    """Return what the functions that a name stands for read, or will (`codes`); `None` when they may do more."""
    found: set[str] = set()
    if type(value) is FunctionType:
        if not _is_own(value, namespace):
            return None
        codes = (*codes, value.__code__)
    elif value is not _MISSING and not is_data(value):
        return None
    for code in codes:
        reads = still_reads(code)
        if reads is None:
            return None
        found |= reads
    return found


def _is_own(function: FunctionType, namespace: Mapping[str, Any]) -> bool:
    """Tell whether a function is the notebook's and holds nothing but plain data."""
    own = getattr(function, "__builtins__", None) is _BUILTINS
    return own and function.__globals__ is namespace and _ends_quietly(function)


def _ends_quietly(value: Any) -> bool:
    """Tell whether nobody's code runs when this value goes."""
    if type(value) is not FunctionType:
        return is_data(value)
    held = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
    return (
        value.__closure__ is None
        and not value.__dict__
        and (not held or all(map(is_data, held)))
        and getweakrefcount(value) == 0
        and _TEXT.issuperset(map(type, (value.__doc__, value.__module__, value.__name__, value.__qualname__)))
        and _has_plain_annotations(value)
    )


def _has_plain_annotations(function: FunctionType) -> bool:
    """Tell whether a function's annotations are Python's own classes and texts."""
    if getattr(function, "__annotate__", None) is not None or getattr(function, "__type_params__", None):
        return False
    values = function.__annotations__.values()
    return all(type(one) in _TEXT or (type(one) is type and one.__module__ == "builtins") for one in values)
