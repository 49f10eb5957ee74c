"""How much of one set of rows lies in others, from the hashes that are kept of them.

A sampled set keeps its smallest hashes, so two sets are compared below the smaller of their greatest hashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from nbledger.records import RowSet

_ALL = 2**64 - 1
_FEW = 0.05


class Share(NamedTuple):
    """Which part of a set lies in others, and how many of its rows that is (about, if a set is sampled)."""

    part: float
    rows: int


def share(rows: RowSet | None, within: Iterable[RowSet | None], without: Iterable[RowSet | None] = ()) -> Share:
    """Return how much of `rows` lies in any of `within`, leaving aside those that lie in any of `without`."""
    import numpy as np

    if rows is None:
        return Share(0.0, 0)
    inside = [one for one in within if one is not None]
    outside = [one for one in without if one is not None]
    bound = min(_bound(one) for one in (rows, *inside, *outside))
    own = _below(rows, bound)
    for one in outside:
        own = own[~np.isin(own, _below(one, bound))]
    if not len(own):
        return Share(0.0, 0)
    found = np.zeros(len(own), bool)
    for one in inside:
        found |= np.isin(own, _below(one, bound))
    part = float(found.mean())
    kept = _below(rows, bound)
    return Share(part, round(part * rows.count * len(own) / max(len(kept), 1)))


def same(first: RowSet | None, second: RowSet | None, least: float = 0.8) -> bool:
    """Tell whether two sets are (nearly) the same rows."""
    if first is None or second is None:
        return False
    if first.hash == second.hash:
        return True
    return share(first, [second]).part >= least and share(second, [first]).part >= least


def disjoint(first: RowSet | None, second: RowSet | None) -> bool:
    """Tell whether two sets have (nearly) no row in common."""
    return first is not None and second is not None and share(first, [second]).part < _FEW


def positions_in(rows: RowSet, other: RowSet) -> Any:
    """Return the places in `other` of those kept hashes that are also in `rows`."""
    import numpy as np

    return np.flatnonzero(np.isin(_values(other), _values(rows)))


def _values(rows: RowSet) -> Any:
    import numpy as np

    return np.frombuffer(rows.hashes, dtype="<u8")


def _bound(rows: RowSet) -> int:
    values = _values(rows)
    return int(values[-1]) if rows.sampled and len(values) else _ALL


def _below(rows: RowSet, bound: int) -> Any:
    import numpy as np

    values = _values(rows)
    return values if bound == _ALL else values[: np.searchsorted(values, np.uint64(bound), side="right")]
