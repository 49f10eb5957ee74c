"""Which model and which data gave an array of predictions, across cells.

A prediction is known by its object (or as a view into it, as `predict_proba(X)[:, 1]` is), see `held`: nothing of the
user's is kept alive; and, of the latest ones, by a copy of its content, so that a list, a threshold or
an `argmax` of it is still known to be made of it. Versions that were had when the prediction was made are kept; for one
that was made in a cell without tracking the model and the data are remembered weakly and identified when a metric
asks, if they are still there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbledger.capture.found.links import is_made_of, plain
from nbledger.capture.namespace.held import Held
from nbledger.records import Basis

_MAX_BASES = 8
_MAX_COPIES = 48
_MAX_COPY = 1 << 23
_MAX_BYTES = 1 << 25
_MAX_LINKS = 10_000


@dataclass(frozen=True, slots=True)
class _Link:
    held: Held
    versions: tuple[Basis, ...]
    sources: Mapping[str, Held] = field(default_factory=dict)
    call: int | None = None


class Predictions:
    """What predictions (and curves) were made from; shared by the experiments of a session.

    `recall` gives the version of an array that was fingerprinted before, by its change token.
    """

    def __init__(self, recall: Callable[[bytes], str | None] = lambda _: None) -> None:
        self._recall = recall
        self._links: dict[int, _Link] = {}
        self._copies: OrderedDict[int, tuple[Any, _Link]] = OrderedDict()
        self._bytes = 0
        self._count = 0
        #: What the session's calls are kept in (`call_log.CallLog`), made with the first one.
        self.log: Any = None

    def __len__(self) -> int:
        return len(self._links)

    def remember(
        self,
        value: Any,
        versions: Iterable[Basis],
        sources: Mapping[str, Any] | None = None,
        *,
        call: int | None = None,
    ) -> None:
        """Remember what a value was made from: known versions by role, and sources by role for those unknown.

        `call` is the number of the call that predicted it; such a value is remembered by its content as well.
        """
        known = tuple(versions)
        roles = {basis.role for basis in known}
        found = {role: Held(source) for role, source in (sources or {}).items() if role not in roles}
        ident = id(value)
        held = Held(value, lambda: self._links.pop(ident, None))
        link = _Link(held, known, found, call)
        if held.sure:
            self._links[ident] = link
            if len(self._links) > _MAX_LINKS:
                del self._links[next(iter(self._links))]
        self._copy(value, link)

    def basis_of(
        self, value: Any, identify: Callable[[Any], str | None], *, by_content: bool = False
    ) -> tuple[Basis, ...]:
        """Return what a value was made from; empty when it is not known."""
        link = self._find(value, by_content=by_content)
        if link is None:
            return ()
        found = list(link.versions)
        for role, source in link.sources.items():
            version = self._version_of(source, identify)
            if version is not None:
                found.append(Basis(role, version))
        return tuple(found)

    def _version_of(self, held: Held, identify: Callable[[Any], str | None]) -> str | None:
        if held.token is not None:
            return self._recall(held.token)
        source = held()
        return None if source is None else identify(source)

    def call_of(self, value: Any, *, by_content: bool = True) -> int | None:
        """Return the number of the call that predicted a value, or what it was made of; `None` if none is known."""
        link = self._find(value, by_content=by_content)
        return None if link is None else link.call

    def _find(self, value: Any, *, by_content: bool) -> _Link | None:
        """Find a value's link: its own, that of the array it is a view of, or of a prediction that it is made of."""
        whole = value
        for _ in range(_MAX_BASES):
            if value is None:
                break
            link = self._links.get(id(value))
            if link is not None and link.held.is_at(value):
                return link
            value = getattr(value, "base", None)
        found = plain(whole) if by_content else None
        if found is None or len(found) < 2:
            return None
        return next((link for copy, link in reversed(self._copies.values()) if is_made_of(found, copy)), None)

    def _copy(self, value: Any, link: _Link) -> None:
        if link.call is None:
            return
        found = plain(value)
        if found is None or found.nbytes > _MAX_COPY or len(found) < 2:
            return
        self._count += 1
        self._copies[self._count] = (found.copy(), link)
        self._bytes += found.nbytes
        while len(self._copies) > _MAX_COPIES or self._bytes > _MAX_BYTES:
            self._bytes -= self._copies.popitem(last=False)[1][0].nbytes
