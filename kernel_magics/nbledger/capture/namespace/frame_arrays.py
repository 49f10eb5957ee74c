"""What lies behind a frame: its arrays, and whether pandas copies them before it writes."""

from __future__ import annotations

import gc
import sys
from typing import Any

from nbledger.capture.namespace.kinds import Kind, kind_of


def arrays_in(values: Any) -> list[Any]:
    """Return the numpy arrays behind one block of a frame."""
    if kind_of(type(values)) is Kind.ARRAY:
        return [values]
    found = []
    for part in gc.get_referents(values):
        inner = gc.get_referents(part) if type(part) is dict else [part]
        found += [item for item in inner if kind_of(type(item)) is Kind.ARRAY]
    return found


def copies_on_write() -> bool:
    """Tell whether two frames that share an array never see each other's changes."""
    pandas = sys.modules["pandas"]
    version: str = pandas.__version__
    return not version.startswith("2.") or pandas.options.mode.copy_on_write is True
