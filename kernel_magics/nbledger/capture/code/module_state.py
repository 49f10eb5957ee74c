"""Data that lives in modules: which `module.attribute` a chain of attributes means.

`os.environ`, `config.DEBUG` and `matplotlib.rcParams` are state that cells share without a variable of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from nbledger.capture.code.scan import Chain

_CODE = frozenset({FunctionType, BuiltinFunctionType, MethodType, ModuleType, partial})
_STREAMS = frozenset({"stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__", "modules", "version_info"})
_MISSING = object()


def state_of(chains: Iterable[Chain], namespace: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return the module attributes that these chains look at, and those that they assign or delete."""
    touched: set[str] = set()
    stored: set[str] = set()
    for chain in chains:
        module = namespace.get(chain.root)
        if type(module) is ModuleType or isinstance(module, ModuleType):
            name = _state(module, chain)
            if name is not None:
                assigned = chain.stored and name.rpartition(".")[2] == chain.path[-1]
                (stored if assigned else touched).add(name)
    return touched, stored


def _state(module: ModuleType, chain: Chain) -> str | None:
    last = len(chain.path) - 1
    for at, attribute in enumerate(chain.path):
        names = module.__dict__
        value = names.get(attribute, _MISSING)
        if chain.stored and at == last:
            return f"{module.__name__}.{attribute}"
        if isinstance(value, ModuleType):
            module = value
            continue
        if isinstance(value, type) and chain.stored and at == last - 1:
            return f"{module.__name__}.{attribute}.{chain.path[-1]}"
        if value is _MISSING and "__getattr__" in names:
            return None
        if attribute[:2] == "__" or (attribute in _STREAMS and module.__name__ == "sys") or _is_code(value):
            return None
        return f"{module.__name__}.{attribute}"
    return None


def _is_code(value: Any) -> bool:
    kind = type(value)
    return (
        kind in _CODE
        or isinstance(value, type)
        or kind.__module__ == "typing"
        or (callable(value) and (_is_named(kind) or "__name__" in _attributes(value)))
    )


def _is_named(kind: type) -> bool:
    """Tell whether the instances of a class have a `__name__`, as functions written in C have."""
    return any("__name__" in base.__dict__ for base in kind.__mro__)


def _attributes(value: Any) -> Any:
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return ()
