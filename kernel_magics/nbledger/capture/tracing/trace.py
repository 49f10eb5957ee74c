"""Which rows a value holds: numbers that stay with a row through splits, transformers and plain pandas or numpy code.

Every value that a call sees gets one number per row. A value that is seen for the first time is compared with those
seen before: a column that is equal as a whole makes all rows the same, in order; a pandas index whose labels lead to
equal values, or rows (or unmistakable single columns) with equal content, tell which rows were picked out. What remains
are new rows. The numbers mean nothing outside of their session.

`through` says of each column which fitted transformers it came through (numbers of `fit` calls).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from nbledger.capture.namespace.held import Held, is_array
from nbledger.capture.tracing.cell_hashes import evenly, object_hashes, row_hashes
from nbledger.capture.tracing.row_sets import KEPT, content_of, rows_of
from nbledger.capture.tracing.row_sources import LIMIT
from nbledger.capture.tracing.rows import Cells, cells_of
from nbledger.capture.tracing.trace_match import ContentIndex, by_content, by_labels, place_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nbledger.records import RowSet

MAX_BYTES = 96 << 20
"""So much is remembered of values that were seen; the oldest are forgotten first."""

_MAX_CANDIDATES = 48
_MANY_FOUND = 250_000
"""After each so many rows that a cell's values took from others, half as many values are looked at."""

_EXACT_SPLIT = 2_000_000
_NOTHING: frozenset[int] = frozenset()
_Look = tuple[int, int, tuple[int, ...]]
"""What values are alike by: how many rows and columns, and the columns' marks."""


@dataclass(eq=False)
class Seen:
    """One content of a value: a number for each row (`-1` where it is not known), and its columns' hashes."""

    cells: Cells
    ids: NDArray[np.int64]
    through: list[frozenset[int]]
    ref: Held
    probe: int
    labels: Any = None
    serial: int = 0
    index: ContentIndex | None = None
    ident: int = 0
    #: Whether a model was fitted or judged by it.
    target: bool = False
    sets: tuple[Any, RowSet | None, RowSet | None] | None = None

    @property
    def row_sets(self) -> tuple[RowSet | None, RowSet | None]:
        """The set of its rows by their numbers, and by what they contain."""
        if self.sets is None or self.sets[0] is not self.ids:
            self.sets = (self.ids, rows_of(self), content_of(self))
        return self.sets[1], self.sets[2]

    @property
    def passed(self) -> frozenset[int]:
        """The transformers that any of the columns came through."""
        return frozenset().union(*self.through) if self.through else _NOTHING

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return int(self.cells.hashed.nbytes) + int(self.ids.nbytes) + 16 * min(len(self.ids), KEPT) + 1000


@dataclass
class Trace:
    """The values that calls of one session saw."""

    _by_ident: dict[int, Seen] = field(default_factory=dict)
    _recent: OrderedDict[int, Seen] = field(default_factory=OrderedDict)
    _by_mark: dict[int, dict[_Look, dict[int, Seen]]] = field(default_factory=dict)
    _alike: dict[_Look, dict[int, Seen]] = field(default_factory=dict)
    _next: int = 0
    _kept: int = 0
    _bytes: int = 0
    _found: int = 0

    def end_cell(self) -> None:
        """Look as far back for the next cell's values as for this one's first."""
        self._found = 0

    def see(self, value: Any, like: Seen | None = None) -> Seen | None:
        """Return what is known of a value as it is now; `like` has the same rows if nothing else is known of it."""
        known = self._by_ident.get(id(value))
        cells = cells_of(value)
        if cells is None:
            return None
        probe = _probe(value, cells)
        if known is not None and known.probe == probe and known.ref.is_at(value) and known.cells.count == cells.count:
            if id(known) in self._recent:
                self._recent.move_to_end(id(known))
            return known
        seen = self._new(value, cells, probe)
        if like is not None and like.cells.count != cells.count:
            like = None
        self._resolve(seen, like)
        return self._keep(seen, value)

    def derive(self, source: Seen, value: Any, passed: int | None) -> Seen | None:
        """Take in what was made of `source` row by row; `passed` is the number of the transformer's fit."""
        cells = cells_of(value)
        if cells is None or cells.count != source.cells.count:
            return self.see(value)
        seen = self._new(value, cells, _probe(value, cells))
        seen.ids = source.ids
        through = source.passed if passed is None else source.passed | {passed}
        seen.through = [through] * len(cells.picked)
        seen.labels = seen.labels if seen.labels is not None else source.labels
        return self._keep(seen, value)

    def select(self, source: Seen, columns: Sequence[int], passed: int) -> None:
        """Take in the columns that a selector chose, as if it had been asked for them: they may be taken by name."""
        picked = [source.cells.picked.index(column) for column in columns if column in source.cells.picked]
        if not picked or len(picked) == len(source.through):
            return
        cells = _Part(source.cells, picked)
        through = [source.through[index] | {passed} for index in picked]
        self._keep(Seen(cells, source.ids, through, Held(None), 0, source.labels), None)

    def resampled(self, source: Seen, value: Any, passed: int) -> Seen | None:
        """Take in what a resampler made: rows picked from `source` keep their numbers, made-up ones are new."""
        seen = self.see(value)
        if seen is not None:
            seen.through = [known | source.passed | {passed} for known in seen.through]
        return seen

    def split(self, arrays: Sequence[Any], parts: Sequence[Any]) -> None:
        """Take in that each array was split in two: `parts` are the parts of the first, then those of the second..."""
        sources = [self.see(array) for array in arrays]
        known = [source for source in sources if source is not None]
        if not known or len(parts) != 2 * len(arrays):
            return
        base = max(known, key=lambda source: (len(source.passed), source.cells.width))
        sources = [self._same_rows(source, base) for source in sources]
        cells = [cells_of(part) for part in parts]
        import numpy as np

        positions = self._positions(arrays, sources, parts, cells)
        for place, (part, found) in enumerate(zip(parts, cells, strict=True)):
            source = sources[place // 2]
            if source is None or found is None:
                continue
            seen = self._new(part, found, _probe(part, found))
            at = None if positions is None else positions[place % 2]
            if at is None or len(at) != found.count:
                self._resolve(seen, None)
            else:
                seen.ids = np.where(at >= 0, source.ids[at], -1)
                seen.through = list(source.through) if len(source.through) == len(seen.through) else seen.through
            self._keep(seen, part)

    # -- how rows are known again -------------------------------------------------------------------------------

    def _same_rows(self, source: Seen | None, base: Seen) -> Seen | None:
        if source is not None and source is not base and source.cells.count == base.cells.count:
            source.ids = base.ids
        return source

    def _positions(
        self, arrays: Sequence[Any], sources: Sequence[Seen | None], parts: Sequence[Any], cells: Sequence[Cells | None]
    ) -> list[Any] | None:
        """Return at which places of the whole the rows of both parts were."""
        for place, array in enumerate(arrays):
            labels = _labels(array)
            if labels is not None and labels.is_unique and _labels(parts[2 * place]) is not None:
                found = [labels.get_indexer(_labels(parts[2 * place + side])) for side in (0, 1)]
                if all((one >= 0).all() for one in found):
                    return found
        usable = [i for i, source in enumerate(sources) if source and cells[2 * i] and cells[2 * i + 1]]
        if not usable or sources[usable[0]].cells.count > _EXACT_SPLIT:  # type: ignore[union-attr]
            return None
        wholes = [cells_of(arrays[i]) for i in usable]
        hashes = [_joint([one for one in wholes if one is not None])]
        hashes += [_joint([one for i in usable if (one := cells[2 * i + side]) is not None]) for side in (0, 1)]
        return place_parts(hashes[0], hashes[1:])

    def _resolve(self, seen: Seen, like: Seen | None) -> None:
        """Find out which rows a value holds that was not seen in this form before."""
        if self._by_marks(seen):
            return
        if like is not None:
            seen.ids = like.ids
            return
        open_rows = seen.cells.positions
        ways = [by_labels] if seen.labels is not None else []
        ways += [by_content] if seen.cells.width > 1 or seen.cells.keys else []
        for way in ways:
            looked_at = max(1, _MAX_CANDIDATES >> self._found // _MANY_FOUND)
            for other in list(islice(reversed(self._recent.values()), looked_at)):
                if not (seen.ids[open_rows] < 0).any():
                    break
                if way(seen, other):
                    self._found += len(open_rows)
        self._number(seen)

    def _by_marks(self, seen: Seen) -> bool:
        """Take the rows of a value that has a whole column in common; each column goes by the nearest such value."""
        hits: dict[int, tuple[Seen, dict[int, int]]] = {}
        for column, mark in enumerate(seen.cells.marks):
            for look, alike in self._by_mark.get(mark, _NO_ONE).items() if mark else ():
                if look[0] == seen.cells.count:
                    other = alike[next(reversed(alike))]  # the nearest: those before it have no column more
                    hits.setdefault(id(other), (other, {}))[1].setdefault(column, look[2].index(mark))
        if not hits:
            return False
        width = seen.cells.width
        order = sorted(hits.values(), key=lambda hit: (-len(hit[1]), abs(hit[0].cells.width - width), -hit[0].serial))
        seen.ids = order[0][0].ids
        covered: set[int] = set()
        for other, columns in order:
            for column, place in columns.items():
                if column not in covered:
                    covered.add(column)
                    seen.through[column] = other.through[place]
        return True

    def _number(self, seen: Seen) -> None:
        """Give new numbers to rows that are still unknown (of a large, partly known value to those looked at)."""
        import numpy as np

        unknown = seen.ids < 0
        if seen.cells.sampled and not unknown.all():
            looked_at = np.zeros(len(seen.ids), bool)
            looked_at[seen.cells.positions] = True
            unknown &= looked_at
        count = int(unknown.sum())
        if not count:
            return
        seen.ids = seen.ids.copy()
        fresh = np.arange(self._next, self._next + count)
        if seen.labels is not None and not seen.cells.sampled and not seen.labels.is_unique:
            # A row that stands twice under one index label was drawn twice.
            _, codes = np.unique(object_hashes(seen.labels.to_numpy())[unknown], return_inverse=True)
            _, codes = np.unique(
                np.stack([codes.astype(np.uint64), seen.cells.rows[unknown]]), axis=1, return_inverse=True
            )
            fresh = self._next + codes.reshape(-1).astype(np.int64)
        seen.ids[unknown] = fresh
        self._next += count

    # -- what is remembered -------------------------------------------------------------------------------------

    def _new(self, value: Any, cells: Cells, probe: int) -> Seen:
        import numpy as np

        ident = id(value)
        ref = Held(value, lambda: self._by_ident.pop(ident, None))
        through = [_NOTHING] * len(cells.picked)
        return Seen(cells, np.full(cells.count, -1, np.int64), through, ref, probe, _labels(value))

    def _keep(self, seen: Seen, value: Any) -> Seen:
        if value is not None and seen.ref.sure:
            self._by_ident[id(value)] = seen
            seen.ident = id(value) if is_array(value) else 0  # nobody tells when an array dies
        self._kept += 1
        seen.serial = self._kept
        self._mark(seen)
        seen.cells.settle()
        self._recent[id(seen)] = seen
        self._bytes += seen.nbytes
        while self._bytes > MAX_BYTES and len(self._recent) > 4:
            self._forget(self._recent.popitem(last=False)[1])
        return seen

    def _mark(self, seen: Seen) -> None:
        look = _look(seen)
        alike = self._alike.setdefault(look, {})
        if not alike:
            for mark in look[2]:
                if mark:
                    self._by_mark.setdefault(mark, {})[look] = alike
        alike[seen.serial] = seen

    def _forget(self, seen: Seen) -> None:
        self._bytes -= seen.nbytes
        if self._by_ident.get(seen.ident) is seen:
            del self._by_ident[seen.ident]
        look = _look(seen)
        alike = self._alike.get(look, {})
        alike.pop(seen.serial, None)
        if alike:
            return
        self._alike.pop(look, None)
        for mark in look[2]:
            known = self._by_mark.get(mark, {})
            known.pop(look, None)
            if not known:
                self._by_mark.pop(mark, None)


_NO_ONE: dict[_Look, dict[int, Seen]] = {}


def _look(seen: Seen) -> _Look:
    return seen.cells.count, seen.cells.width, seen.cells.marks


class _Part(Cells):
    """Some columns of cells that are known already."""

    def __init__(self, whole: Cells, columns: Sequence[int]) -> None:
        self.count = whole.count
        self.width = len(columns)
        self.picked = list(range(len(columns)))
        self.names = tuple(whole.names[index] for index in columns)
        self.__dict__["positions"] = whole.positions
        self.__dict__["hashed"] = whole.hashed[list(columns)]
        self.__dict__["rows"] = row_hashes(self.hashed)
        self.__dict__["marks"] = tuple(whole.marks[index] for index in columns)
        self.first_is_row = False
        self.__dict__["ordered"] = [whole.ordered[index] for index in columns]
        self.__dict__["fractional"] = ()
        self.__dict__["keys"] = tuple(columns.index(key) for key in whole.keys if key in columns)


def _probe(value: Any, cells: Cells) -> int:
    """Return a hash of a few rows, by which a change of the value is noticed; of an array `Held` knows all of it."""
    if is_array(value):
        return 0
    table = cells.table(evenly(cells.count, 16))
    return int(row_hashes(row_hashes(table)[:, None])[0]) if table.size else 0


def _labels(value: Any) -> Any:
    index = getattr(value, "index", None)
    return index if type(value).__module__.startswith("pandas") and hasattr(index, "get_indexer") else None


def _joint(cells: Sequence[Cells]) -> Any:
    """Return one hash per row over several values side by side, of three columns of each when they are large."""
    import numpy as np

    tables = []
    for one in cells:
        few = None if one.count <= LIMIT else [one.picked[i] for i in evenly(len(one.picked), 3)]
        tables.append(one.table(None, few))
    return row_hashes(np.vstack(tables))
