"""Which model and which data gave an array of predictions, across cells.

A prediction is known by its object (or as a view into it, as `predict_proba(X)[:, 1]` is), by weak reference: nothing
is kept alive. Versions that were had when the prediction was made are kept; for one that was made in a cell without
tracking the model and the data are remembered weakly and identified when a metric asks, if they are still there.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbledger.records import Basis

_MAX_BASES = 8


@dataclass(frozen=True, slots=True)
class _Link:
    ref: weakref.ref[Any]
    versions: tuple[Basis, ...]
    sources: Mapping[str, weakref.ref[Any]] = field(default_factory=dict)


class Predictions:
    """What predictions (and curves) were made from; shared by the experiments of a session."""

    def __init__(self) -> None:
        self._links: dict[int, _Link] = {}

    def __len__(self) -> int:
        return len(self._links)

    def remember(self, value: Any, versions: Iterable[Basis], sources: Mapping[str, Any] | None = None) -> None:
        """Remember what a value was made from: known versions by role, and sources by role for those unknown."""
        ident = id(value)
        try:
            ref = weakref.ref(value, lambda _: self._links.pop(ident, None))
        except TypeError:
            return
        known = tuple(versions)
        roles = {basis.role for basis in known}
        weak = {role: _weak(source) for role, source in (sources or {}).items() if role not in roles}
        found = {role: reference for role, reference in weak.items() if reference is not None}
        self._links[ident] = _Link(ref, known, found)

    def basis_of(self, value: Any, identify: Callable[[Any], str | None]) -> tuple[Basis, ...]:
        """Return what a value was made from; empty when it is not known."""
        link = self._find(value)
        if link is None:
            return ()
        found = list(link.versions)
        for role, reference in link.sources.items():
            source = reference()
            version = None if source is None else identify(source)
            if version is not None:
                found.append(Basis(role, version))
        return tuple(found)

    def _find(self, value: Any) -> _Link | None:
        """Find a value's link, its own or that of the array it is a view of."""
        for _ in range(_MAX_BASES):
            if value is None:
                return None
            link = self._links.get(id(value))
            if link is not None and link.ref() is value:
                return link
            value = getattr(value, "base", None)
        return None


def _weak(value: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(value)
    except TypeError:
        return None
