"""Objects of any other class, modules, and references to classes and functions of libraries.

An object is its class and its state, as `copyreg` and `__reduce_ex__` tell it, encoded structurally: pickle's own
bytes depend on what happens to be shared or interned. Of an estimator the state holds params and what was fitted;
wall-clock times and the library's version are left out, so that the same fit is the same version.
"""

from __future__ import annotations

import copy
import copyreg
import io
import sys
import types
import warnings
import weakref
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import lazy
from .walk import Walk, module_of, qualname_of, register, register_base, root_of

# Types that hold a position, a resource or another thread's state: reading them is using them.
_CONSUMED = (
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.TracebackType,
)
_FIGURES = {("matplotlib", "Figure"), ("plotly", "Figure"), ("plotly", "BaseFigure")}
# Python's own ways to say "make an empty one": the class is the first argument.
_CONSTRUCTORS = tuple(
    vars(copyreg)[name] for name in ("__newobj__", "__newobj_ex__", "_reconstructor") if name in vars(copyreg)
)
# A figure's state is its whole artist tree, back references and caches included: 2.3 s for four small axes. A widget's
# is that of every widget around it, of their observers and of the kernel: 3 s for 50 buttons.
_ENTANGLED = frozenset({"matplotlib", "ipywidgets"})
# At some 30 microseconds each: a larger graph of objects would hold its cell up for seconds, so it is opaque.
MAX_OBJECTS = 20_000
_VERSION_KEYS = frozenset({"_sklearn_version"})
# When a result was made, and working memory that was never filled: no two fits would be the same version.
_INCIDENTAL = {"linearmodels": ("_datetime",), "arch": ("_datetime",), "statsmodels": ("_tmp_like_exog",)}


def kind_of(cls: type) -> str:
    """Return the kind of a class's instances: `model`, `figure`, `function` or `object`."""
    if any((root_of(base), base.__name__) in _FIGURES for base in cls.__mro__):
        return "figure"
    if cls.__name__ in ("ufunc", "_ArrayFunctionDispatcher"):
        return "function"
    names = {name for base in cls.__mro__ for name in base.__dict__}
    estimator = "fit" in names and bool({"predict", "transform", "fit_predict", "get_params"} & names)
    network = any(base.__name__ == "Module" and root_of(base) == "torch" for base in cls.__mro__)
    booster = any(base.__name__ == "Booster" for base in cls.__mro__) and "predict" in names
    return "model" if estimator or network or booster else "object"


def encode_object(walk: Walk, value: Any) -> bytes:
    """Encode an object by its class and state; opaque when it cannot be read without using it."""
    cls = type(value)
    if issubclass(cls, type):
        return encode_class(walk, value)
    if any(root_of(base) in _ENTANGLED for base in cls.__mro__):
        colors = root_of(cls) == "matplotlib" and any(base.__name__ == "Colormap" for base in cls.__mro__)
        return walk.nest(b"cm", value, _build_used) if colors else walk.opaque_part()
    if cls is io.BytesIO or cls is io.StringIO:
        return walk.nest(b"io", value, _build_buffer)
    if issubclass(cls, _CONSUMED) or _in_mro(cls, "__next__") or _in_mro(cls, "__await__"):
        return walk.opaque_part()
    if _in_mro(cls, "_value_repr_") or any(root_of(b) == "enum" and b.__name__ == "Enum" for b in cls.__mro__):
        return walk.compact(b"en", encode_class(walk, cls) + walk.encode(value._name_) + walk.encode(value._value_))
    if cls.__name__ == "RandomState" and (walk.depth or walk.built) and _is_global(value):
        return walk.compact(b"gl", b"numpy.random")
    return walk.nest(b"o", value, _build)


def _build_used(walk: Walk, value: Any) -> bytes:
    """Encode a colormap as it is once it was used: it fills its table at the first use, which is no change of it."""
    used = copy.copy(value)
    used(0.0)
    walk.keep.append(used)
    return _build(walk, used)


def _build_buffer(walk: Walk, value: io.BytesIO | io.StringIO) -> bytes:
    """Encode a file in memory: its content and where in it reading goes on."""
    inside = (type(value).__name__, None if value.closed else (value.getvalue(), value.tell()))
    return walk.encode(inside) + walk.extras(value)


def _is_global(generator: Any) -> bool:
    """Tell whether an object holds NumPy's global generator: its state is the process's, not the object's."""
    return generator is getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)


def _in_mro(cls: type, name: str) -> bool:
    return any(name in base.__dict__ for base in cls.__mro__)


def _build(walk: Walk, value: Any) -> bytes:
    walk.built += 1
    if walk.built > MAX_OBJECTS:
        return walk.opaque_part()
    try:
        reduced = _reduce(value)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever a class raises here, it cannot be read
        return walk.opaque_part()
    if isinstance(reduced, str):
        # The object is a global of this name, as pickle would find it.
        module = getattr(value, "__module__", None)
        return walk.encode((module, reduced, version_of(module) if isinstance(module, str) else ""))
    parts: tuple[Any, ...] = (*reduced, None, None, None)
    function, arguments, state, items, pairs = parts[:5]
    if function in _CONSTRUCTORS:
        head = encode_class(walk, arguments[0]) + _arguments(walk, arguments[1:])
    else:
        head = _constructor(walk, function) + _arguments(walk, arguments)
    body = [head, _state(walk, value, state)]
    if walk.change and _hides_state(type(value)):
        body.append(walk.encode(getattr(value, "__dict__", None)))
    if items is not None:
        body.append(b"L" + walk.encode(list(items)))
    if pairs is not None:
        body.append(b"M" + walk.encode(dict(pairs)))
    return b"".join(body)


def _hides_state(cls: type) -> bool:
    """Tell whether a class of the user's own says itself what its pickles hold."""
    if is_library(module_of(cls)):
        return False
    names = ("__reduce_ex__", "__reduce__", "__getstate__")
    return any(getattr(cls, name, None) is not getattr(object, name, None) for name in names)


def _constructor(walk: Walk, function: Any) -> bytes:
    """A library's constructor by its name alone: the object is its state, whatever release built it."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if is_library(module) and isinstance(name, str):
        return walk.compact(b"k", f"{module}.{name}".encode())
    return walk.encode(function)


def _arguments(walk: Walk, arguments: Any) -> bytes:
    encode = walk.encode
    return b"(%b)" % b"".join([encode_class(walk, a) if issubclass(type(a), type) else encode(a) for a in arguments])


class _Plain:
    """What a class looks like that adds nothing to `object` but attributes."""


def _is_plain(cls: Any) -> bool:
    """Tell whether instances are their `__dict__` alone, and are pickled as `object` does it."""
    return (
        cls.__basicsize__ == _Plain.__basicsize__
        and lazy.is_pickled_as_object(cls)
        and not any("__slots__" in base.__dict__ for base in cls.__mro__)
    )


def _reduce(value: Any) -> Any:
    cls = type(value)
    if cls not in copyreg.dispatch_table and _is_plain(cls):
        # What `__reduce_ex__` gives, which also writes `__slotnames__` into the class: a user who prints it would see.
        return copyreg.__newobj__, (cls,), value.__dict__ or None  # type: ignore[attr-defined]
    if cls not in copyreg.dispatch_table and lazy.asks_for_slots(cls):
        return copyreg.__newobj__, (cls,), lazy.state_of(value)  # type: ignore[attr-defined]
    # An exception is its class, arguments and attributes: tblib, which comes with distributed, has others pickled.
    is_exception = BaseException in cls.__mro__
    registered = None if is_exception else copyreg.dispatch_table.get(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reduce: Any = cls.__reduce_ex__
        reduced = registered(value) if registered is not None else reduce(value, 4)
    if is_exception and isinstance(reduced, tuple) and len(reduced) == 3 and reduced[2] == {}:
        return reduced[:2]  # attributes that somebody looked for, and that are not there
    return reduced


def _state(walk: Walk, value: Any, state: Any) -> bytes:
    if type(state) is dict and kind_of(type(value)) == "model":
        state = {key: _timeless(key, item) for key, item in state.items() if not _is_incidental(key)}
    if is_library(module_of(type(value))):
        state = lazy.without(type(value), state)
    incidental = _INCIDENTAL.get(root_of(type(value)), ())
    if incidental and type(state) is dict:
        state = {key: item for key, item in state.items() if key not in incidental}
    return walk.encode(_uncounted(type(value), state))


def _uncounted(cls: type, state: Any) -> Any:
    """Neighbour trees of scikit-learn count their queries in the state; to predict is not to change a model."""
    if type(state) is tuple and len(state) >= 11 and root_of(cls) == "sklearn" and "Tree" in qualname_of(cls):
        return (*state[:7], *state[11:])
    return state


def _is_incidental(key: Any) -> bool:
    return isinstance(key, str) and (key in _VERSION_KEYS or key.endswith("_time_"))


def _timeless(key: Any, item: Any) -> Any:
    if key == "cv_results_" and type(item) is dict:
        return {name: column for name, column in item.items() if not str(name).endswith("_time")}
    return item


def encode_class(walk: Walk, cls: Any) -> bytes:
    """Encode a class as what it is: a name when it is a library's, its code when it was written here."""
    module, name = module_of(cls), qualname_of(cls)
    if is_library(module) and "<" not in name:
        return walk.compact(b"k", f"{module}.{name}".encode())
    from .code import encode_written_class

    return encode_written_class(walk, cls)


def is_library(name: Any) -> bool:
    """Tell whether a module belongs to Python or to an installed distribution, rather than to the user's project."""
    if not isinstance(name, str):
        return False
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names and root != "__main__":
        return True
    module = sys.modules.get(root)
    if module is None or root == "__main__":
        return False
    spec = module.__dict__.get("__spec__")
    path = module.__dict__.get("__file__") or next(iter(getattr(spec, "submodule_search_locations", None) or ()), None)
    if path is None:
        return getattr(spec, "origin", None) in ("built-in", "frozen")
    return "site-packages" in path or "dist-packages" in path


def version_of(name: str) -> str:
    """Return the version of the distribution that a module belongs to; empty for Python's own and for none."""
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names:
        return ""
    version = vars(sys.modules[root]).get("__version__") if root in sys.modules else None
    if isinstance(version, str):
        return version
    return _installed_version(root)


@lru_cache(maxsize=1024)
def _installed_version(distribution: str) -> str:
    """Return what the distribution's metadata says; read once, because looking it up takes milliseconds."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


@register("object", weakref.finalize)
def encode_finalizer(walk: Walk, value: Any) -> bytes:
    """Encode a finalizer by what it says of itself: whether it is still to be called."""
    return walk.compact(b"fz", walk.encode(value.alive))


@register("module", types.ModuleType)
def encode_module(walk: Walk, value: types.ModuleType) -> bytes:
    """Encode a module by name and version; one of the user's own by name and source file."""
    name = value.__dict__.get("__name__", "")
    parts = [walk.encode(name), walk.encode(version_of(name))]
    path = value.__dict__.get("__file__")
    if not is_library(name) and isinstance(path, str):
        try:
            parts.append(walk.encode(Path(path).read_bytes()))
        except OSError:
            parts.append(b"N")
    return walk.compact(b"mo", b"".join(parts))


register_base(types.ModuleType, encode_module, "module")
