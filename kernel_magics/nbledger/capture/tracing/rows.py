"""What a table or array looks like row by row: one 64-bit hash for each cell, column and row.

Rows are known again by content whatever holds them: a frame, its `.values`, a slice, `float32` copies. So a cell's hash
is of its value: whole numbers exactly, other numbers as rounded to single precision, texts by xxh3. A value of more
than `LIMIT` rows is looked at in two samples: evenly spaced rows, to recognise a column as a whole, and those with a
small hash, to recognise rows that were picked out of it. Of more than `MAX_COLUMNS` columns as many are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbledger.capture.tracing.cell_hashes import evenly, mixed, row_hashes
from nbledger.capture.tracing.row_sources import LIMIT, MAX_COLUMNS, Source, Sparse, source_of

if TYPE_CHECKING:
    from nbledger.capture.tracing.cell_hashes import Hashes, Positions

_SAMPLE = 2_000
_FEW = 3


class Cells:
    """The hashes of a value's cells. `count` is its number of rows, `names` those of its columns (`""` for none)."""

    def __init__(self, source: Source, names: Sequence[str] = ()) -> None:
        self.count, self.width = source.shape
        self.picked = evenly(self.width, MAX_COLUMNS)
        self.names = tuple(names[index] if names else "" for index in self.picked)
        self._source = source
        #: A sparse matrix: its first column stands for whole rows.
        self.first_is_row = isinstance(source, Sparse)

    @property
    def sampled(self) -> bool:
        """Whether only some rows are looked at."""
        return self.count > LIMIT

    def table(self, positions: Any = None, columns: Sequence[int] | None = None) -> Hashes:
        """Return the hashes as one row per column, of all rows or of those at `positions`."""
        return self._source.hashes(self.picked if columns is None else columns, positions)

    @cached_property
    def even(self) -> Hashes:
        """The hashes at evenly spaced rows (all of them up to `LIMIT`)."""
        return self.table(self.even_positions if self.sampled else None)

    @cached_property
    def even_positions(self) -> Positions:
        """Which rows `even` is of."""
        import numpy as np

        return np.asarray(evenly(self.count, LIMIT), dtype=np.int64)

    @cached_property
    def positions(self) -> Positions:
        """Which rows `hashed` is of: all up to `LIMIT`, else those whose hash of a few columns is small."""
        import numpy as np

        if not self.sampled:
            return np.arange(self.count, dtype=np.int64)
        columns = [0] if self.first_is_row else [self.picked[i] for i in evenly(len(self.picked), _FEW)]
        few = row_hashes(self.table(None, columns))
        threshold = np.uint64(int(2**64 * (LIMIT / self.count)) - 1)
        return np.flatnonzero(few <= threshold)

    @cached_property
    def hashed(self) -> Hashes:
        """The hashes at `positions`."""
        return self.table(self.positions) if self.sampled else self.even

    @cached_property
    def rows(self) -> Hashes:
        """The hash of each row at `positions`, over all columns."""
        return mixed(self.hashed[0]) if self.first_is_row else row_hashes(self.hashed)

    @cached_property
    def marks(self) -> tuple[int, ...]:
        """One hash of each column as a whole, in order; 0 for a column that says too little to be known by."""
        import numpy as np

        table = self.even
        salts = mixed(np.arange(1, table.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
        sums = mixed((table * salts).sum(axis=1, dtype=np.uint64))
        return tuple(int(mark) if telling else 0 for mark, telling in zip(sums, self._telling, strict=True))

    @cached_property
    def keys(self) -> tuple[int, ...]:
        """The columns (places in `names`) by whose values alone a row can be told from others, at most three."""
        few = [
            (-distinct, index)
            for index, (distinct, whole) in enumerate(zip(self._distinct, self._whole, strict=True))
            if distinct >= 0.9 and not whole and not self.ordered[index] and self.count >= 8
        ]
        return tuple(index for _, index in sorted(few)[:3])

    @cached_property
    def ordered(self) -> list[bool]:
        """Whether a column only rises or only falls, as counters and times do in any table."""
        return self._source.ordered(self.picked)

    @cached_property
    def fractional(self) -> tuple[int, ...]:
        """The columns of numbers with fractions or texts that have the most different values, at most two."""
        shares = [(-share, index) for index, share in enumerate(self._distinct) if not self._whole[index]]
        return tuple(index for _, index in sorted(shares)[:2])

    def settle(self) -> None:
        """Work out what is asked for later, and let the value go."""
        _ = self.marks, self.keys, self.rows, self.fractional, self.ordered
        for name in ("even", "_start", "_distinct", "_telling", "_whole", "_source"):
            self.__dict__.pop(name, None)

    @cached_property
    def _start(self) -> Hashes:
        return self.even[:, :_SAMPLE]

    @cached_property
    def _distinct(self) -> list[float]:
        """How many different values each column has among its first rows, as a share."""
        import numpy as np

        if self._start.shape[1] < 2:
            return [0.0] * len(self._start)
        found = (np.diff(np.sort(self._start, axis=1), axis=1) != 0).sum(axis=1) + 1
        return [float(value) for value in found / self._start.shape[1]]

    @cached_property
    def _telling(self) -> list[bool]:
        """Whether a column can be known as a whole: of many values, and not merely sorted or counting up."""
        start = self._start
        changes = (start[:, 1:] != start[:, :-1]).sum(axis=1)
        # A sorted column changes only as often as it has values, and a counter looks the same in any table.
        kinds = zip(changes, self._distinct, self._whole, self.ordered, strict=True)
        size = start.shape[1]
        return [
            not ordered and bool(change > share * size + 7 or (not whole and change > 8))
            for change, share, whole, ordered in kinds
        ]

    @cached_property
    def _whole(self) -> list[bool]:
        """Whether a column holds whole numbers or times."""
        return self._source.whole(self.picked)


def cells_of(value: Any) -> Cells | None:
    """Return what a value looks like row by row; `None` for what has no rows (a scalar, a model, an empty list)."""
    found = source_of(value)
    return None if found is None else Cells(*found)
