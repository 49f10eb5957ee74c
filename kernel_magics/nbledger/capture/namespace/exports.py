"""Buffers that are lent out: a bytearray cannot grow as long as a memory view of it is there.

Whoever tries to resize it depends on the variables that hold its buffer, and on the cells that let it go.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from nbledger.capture.namespace.known import KnownVariables

LENDERS: frozenset[type] = frozenset({bytearray, array, io.BytesIO})
_HOLDERS = frozenset({"memoryview", "numpy.ndarray"})


def holders(names: Iterable[str], namespace: Mapping[str, Any], known: KnownVariables) -> set[str]:
    """Return the variables that hold the buffer of one of these."""
    found: set[str] = set()
    for name in names:
        value = namespace.get(name)
        if type(value) in LENDERS:
            found |= {other for other in known.reaching({id(value)}) if known[other].version.type_name in _HOLDERS}
    return found


def held_by(names: Iterable[str], known: KnownVariables) -> dict[str, frozenset[int]]:
    """Return those of these variables that may hold another's buffer, with what they reach."""
    found = {name: known[name] for name in names if name in known}
    return {name: one.reach.marks for name, one in found.items() if one.version.type_name in _HOLDERS}


def let_go(before: Mapping[str, frozenset[int]], known: KnownVariables, namespace: Mapping[str, Any]) -> set[str]:
    """Return the variables whose buffer was held by others, as `held_by` told, and no longer is."""
    found: set[str] = set()
    for name, marks in before.items():
        gone = marks - known[name].reach.marks if name in known else marks
        found.update(other for other in known.reaching(gone) if type(namespace.get(other)) in LENDERS)
    return found
