"""What may be shared between variables, by type: atoms, plain containers, arrays, frames, functions, classes, the rest.

An atom can neither change nor hold anything that can. What a library is made of (its modules, classes and functions)
counts as atoms too: a notebook that patches a library changes no variable.
"""

from __future__ import annotations

import io
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from enum import IntEnum
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

from nbledger.fingerprint.objects import is_library
from nbledger.fingerprint.walk import module_of, qualname_of, root_of


class Kind(IntEnum):
    """How a value of a type is looked into."""

    ATOM = 0
    PLAIN = 1  # builtin containers, whose items are looked at in C
    OWN = 2  # instances of classes written here, and builtin objects that their change check covers
    OTHER = 3  # any other object: whatever the garbage collector finds in it
    FUNCTION = 4
    CLASS = 5
    MODULE = 6
    BUILTIN = 7
    ARRAY = 8
    FRAME = 9
    INDEX = 10
    VIEW = 11  # group-bys and windows, which stand for a frame
    TENSOR = 12
    ARROW = 13
    ARTIST = 14
    WEAK = 15
    LOGGER = 16
    WIDGET = 17


IMMUTABLE = frozenset({tuple, frozenset, types.MappingProxyType, property, staticmethod, classmethod})
_PLAIN = frozenset({list, tuple, dict, set, frozenset, deque, defaultdict, OrderedDict, Counter})
_OWN = frozenset(
    {
        types.MethodType, partial, types.SimpleNamespace, types.MappingProxyType, types.CellType, property,
        staticmethod, classmethod, cached_property, bytearray, io.BytesIO, io.StringIO,
        type({}.keys()), type({}.values()), type({}.items()),
        type(OrderedDict().keys()), type(OrderedDict().values()), type(OrderedDict().items()),
    }
)  # fmt: skip
_ATOMS: frozenset[type] = frozenset(
    {
        int, float, bool, str, bytes, complex, type(None), type(Ellipsis), type(NotImplemented), range, slice,
        types.CodeType, types.FrameType, types.TracebackType, types.MethodDescriptorType, types.WrapperDescriptorType,
        types.GetSetDescriptorType, types.MemberDescriptorType, types.ClassMethodDescriptorType, types.GenericAlias,
        types.MethodWrapperType, types.UnionType,
    }
)  # fmt: skip
# Of these, by top-level module and name, instances never change (or what changes in them is no content).
_ATOM_NAMES = frozenset(
    {
        ("numpy", "ufunc"), ("numpy", "_ArrayFunctionDispatcher"), ("numpy", "generic"), ("numpy", "dtype"),
        ("re", "Pattern"), ("re", "Match"), ("datetime", "date"), ("datetime", "time"),
        ("datetime", "timedelta"), ("datetime", "tzinfo"), ("zoneinfo", "ZoneInfo"), ("decimal", "Decimal"),
        ("fractions", "Fraction"), ("uuid", "UUID"), ("pathlib", "PurePath"), ("enum", "Enum"),
        ("operator", "itemgetter"), ("operator", "attrgetter"), ("operator", "methodcaller"),
        ("_struct", "Struct"), ("typing", "_Final"),
        ("pandas", "BaseOffset"), ("pandas", "_Period"), ("pandas", "Interval"), ("pandas", "NAType"),
        ("pandas", "NaTType"), ("pandas", "ExtensionDtype"), ("matplotlib", "Colormap"), ("pyarrow", "DataType"),
    }
)  # fmt: skip
_ATOM_TYPE_NAMES = frozenset({"cython_function_or_method", "fused_cython_function", "_cython_function_or_method"})
# The front end and its event loop: they reach everything, and no cell means them.
_MACHINERY = frozenset(
    {
        "IPython", "ipykernel", "zmq", "tornado", "asyncio", "_asyncio", "comm", "jupyter_client", "traitlets",
        "ipywidgets",
    }
)  # fmt: skip
_BY_NAME = {
    ("numpy", "ndarray"): Kind.ARRAY,
    ("numpy", "void"): Kind.ARRAY,
    ("pandas", "DataFrame"): Kind.FRAME,
    ("pandas", "Series"): Kind.FRAME,
    ("pandas", "Index"): Kind.INDEX,
    ("pandas", "BaseGroupBy"): Kind.VIEW,
    ("pandas", "BaseWindow"): Kind.VIEW,
    ("torch", "Tensor"): Kind.TENSOR,
    ("pyarrow", "Array"): Kind.ARROW,
    ("pyarrow", "ChunkedArray"): Kind.ARROW,
    ("pyarrow", "Table"): Kind.ARROW,
    ("pyarrow", "RecordBatch"): Kind.ARROW,
    ("matplotlib", "Artist"): Kind.ARTIST,
    ("nbledger", "View"): Kind.ATOM,  # what is looked at with them is in the ledger
    ("nbledger", "TableModel"): Kind.ATOM,
    ("weakref", "ReferenceType"): Kind.WEAK,
    ("logging", "Logger"): Kind.LOGGER,
    ("logging", "LoggerAdapter"): Kind.LOGGER,
    ("ipywidgets", "Widget"): Kind.WIDGET,
    ("ipywidgets", "CallbackDispatcher"): Kind.WIDGET,
    ("traitlets", "link"): Kind.OTHER,
    ("traitlets", "directional_link"): Kind.OTHER,
}
_exact: dict[type, Kind] = {
    **dict.fromkeys(_ATOMS, Kind.ATOM),
    **dict.fromkeys(_PLAIN, Kind.PLAIN),
    **dict.fromkeys(_OWN, Kind.OWN),
    types.FunctionType: Kind.FUNCTION,
    types.ModuleType: Kind.MODULE,
    types.BuiltinFunctionType: Kind.BUILTIN,
    type: Kind.CLASS,
}
_found: WeakKeyDictionary[type, Kind] = WeakKeyDictionary()
_libraries: set[str] = set()

atoms = set(_ATOMS)
"""The types whose instances are atoms, as far as they were met: a set, to compare with in C."""


def kind_of(cls: type) -> Kind:
    """Return how instances of a class are looked into."""
    kind = _exact.get(cls)
    if kind is None:
        kind = _found.get(cls)
    if kind is None:
        kind = _found[cls] = _find(cls)
        if kind is Kind.ATOM and not is_written_here(cls):
            atoms.add(cls)
    return kind


def _find(cls: type) -> Kind:
    mro = cls.__mro__
    if type in mro:
        return Kind.CLASS
    if types.ModuleType in mro:
        return Kind.MODULE
    names = [(root_of(base), qualname_of(base).rpartition(".")[2]) for base in mro]
    special = next((_BY_NAME[name] for name in names if name in _BY_NAME), None)
    if special is not None:
        return special
    if is_written_here(cls):
        return Kind.ATOM if ("enum", "Enum") in names else Kind.OWN
    if names[0][1] in ("Task", "Future"):
        return Kind.OTHER
    if names[0][0] in _MACHINERY or names[0][1] in _ATOM_TYPE_NAMES or not _ATOM_NAMES.isdisjoint(names):
        return Kind.ATOM
    return Kind.OWN if names[0] == ("array", "array") else Kind.OTHER


def no_atoms(parts: list[Any]) -> list[Any]:
    """Return the parts that are no atoms. Types not met yet are found out first, so that it is the same every time."""
    types = set(map(type, parts))
    for cls in types - atoms:
        kind_of(cls)
    return [] if types <= atoms else [part for part in parts if type(part) not in atoms]


def in_library(module: Any) -> bool:
    """Tell whether a module name belongs to Python or to an installed distribution."""
    if module in _libraries:
        return True
    if is_library(module):
        _libraries.add(module)
        return True
    return False


def is_written_here(cls: type) -> bool:
    """Tell whether a class was written in the notebook or in a module of the user's own."""
    return "<locals>" in qualname_of(cls) or not in_library(module_of(cls))


def is_atom(value: Any) -> bool:
    """Tell whether a value can neither change nor hold anything that can."""
    kind = kind_of(type(value))
    if kind is Kind.FUNCTION:
        return is_library_function(value)
    if kind is Kind.CLASS:
        return not is_written_here(value)
    if kind is Kind.BUILTIN:
        return value.__self__ is None or type(value.__self__) is types.ModuleType
    return kind is Kind.ATOM


def is_library_function(function: types.FunctionType) -> bool:
    """Tell whether a function stands at the top level of a library's module."""
    return function.__closure__ is None and "<" not in function.__qualname__ and in_library(function.__module__)


def is_bare(function: types.FunctionType, namespace: Mapping[str, Any]) -> bool:
    """Tell whether a function of the notebook holds nothing but its code: no defaults, attributes or closure."""
    return (
        function.__globals__ is namespace
        and function.__module__ == "__main__"
        and not (function.__closure__ or function.__defaults__ or function.__kwdefaults__ or function.__dict__)
    )


def content_of(value: Any) -> Any:
    """Return what is compared to tell whether a value changed: a group-by or window is its frame."""
    return getattr(value, "obj", value) if kind_of(type(value)) is Kind.VIEW else value
