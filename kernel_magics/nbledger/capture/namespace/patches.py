"""Libraries' classes that a cell gave new attributes: `tqdm.pandas()`, an accessor, `Fraction.half = ...`.

To patch a class changes what its instances can do. The classes of pandas are watched, for libraries patch them behind
a single call; any other class of a library is compared when a cell touches a variable that is bound to it.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

_WATCHED = ("DataFrame", "Series", "Index")


def watched() -> dict[type, int]:
    """Return the classes of pandas, if it is loaded, with how many attributes they have."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return {}
    names = pandas.__dict__
    # `copyreg` puts `__slotnames__` into a class when an instance is first pickled.
    return {
        cls: len(cls.__dict__) - ("__slotnames__" in cls.__dict__)
        for cls in (names.get(name) for name in _WATCHED)
        if cls is not None
    }


def attributes_of(cls: type) -> str:
    """Return a token of a class's attributes and functions, but for those that Python adds to it by itself."""
    members = type.__getattribute__(cls, "__dict__").items()
    told = [(name, id(item) if type(item) is FunctionType else 0) for name, item in members if name[:2] != "__"]
    return f"class:{hash(tuple(told)):x}"


def concerns(value: Any, classes: set[type]) -> bool:
    """Tell whether a value does something else once these classes do: an instance, or the library itself."""
    kind = type(value)
    if not classes.isdisjoint(kind.__mro__):
        return True
    root = {cls.__module__.partition(".")[0] for cls in classes}
    return getattr(kind, "__name__", "") == "module" and str(vars(value).get("__name__")) in root
