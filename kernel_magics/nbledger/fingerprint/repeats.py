"""Object arrays in which few strings are repeated, as most columns of labels are.

The array holds references. Where few different ones come again and again, each is numbered and its text is encoded
once. For the identity pyarrow then puts the text of a batch together from the numbers, which is 3 times as fast as
joining Python strings; the digests are those of `text.batch_digest`. The token takes the numbers as they are.

References are compared as integers and never followed: an object is always taken from the array itself, and is held
while its number counts.
"""

from __future__ import annotations

import sys
from itertools import pairwise, product
from typing import Any

import numpy as np

from .sink import Sink, spread
from .text import BATCH, encode_text

#: Elements that are numbered together: whole batches, and few enough to stay in the processor's cache.
WINDOW = 16 * BATCH
# What one thread takes at a time.
_TASK = 8 * WINDOW
# With more references than this it is not worth it. A window that has many at its beginning is not numbered at all.
_MOST = 1024
_PROBE = 2048
_MOST_IN_PROBE = 1024
# Slots of a table that finds a reference's number by some of its bits, twice as fast as hashing it.
_SLOTS = 1 << 12
# Texts are put together from ready-made runs of 4 or 2 strings where there are no more than so many such runs.
_MOST_RUNS = 1024
# No batch is put together that could be longer than this: 8 MiB in a window, where threads have one each.
_MOST_TEXT = 1 << 19


def window_digests(sink: Sink, flat: Any, whole: int) -> list[list[bytes] | None]:
    """Return the encodings of each window of the first `whole` elements: one for each batch, or one for all.

    `None` stands for a window that is to be encoded as any objects are; nothing is returned where that is true of all.
    """
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is None or pyarrow is None or not isinstance(flat, np.ndarray) or flat.dtype.kind != "O":
        return []

    def digests(start: int) -> list[list[bytes] | None]:
        words = _Words(sink, pandas, pyarrow)
        edges = range(start, min(start + _TASK, whole), WINDOW)
        return [words.encode(flat[edge : min(edge + WINDOW, whole)]) for edge in edges]

    return [found for part in spread(digests, range(0, whole, _TASK), whole * flat.itemsize) for found in part]


class _Words:
    """The strings met so far in a part of an array, numbered in the order in which they came."""

    def __init__(self, sink: Sink, pandas: Any, pyarrow: Any) -> None:
        self.sink = sink
        self.pandas = pandas
        self.pyarrow = pyarrow
        self.held: list[str] = []
        self.references = np.zeros(0, np.uintp)
        self.texts: list[bytes] = []
        self.table: tuple[Any, Any] | None = None
        self.shift = np.uintp(0)
        self.longest = 0
        self.run = 1
        self.runs: Any = None

    def encode(self, window: Any) -> list[bytes] | None:
        """Return the encodings of a window, `None` when it holds anything but few strings."""
        references = np.frombuffer(np.ascontiguousarray(window), np.uintp)
        numbers = self._look_up(references)
        if numbers is None:
            if len(set(references[:_PROBE].tolist())) > _MOST_IN_PROBE:
                return None
            numbers = self._number(window, references)
        if numbers is None:
            return None
        if self.sink.raw_layout:
            return [b"w" + self.sink.digest(numbers.view(np.uint8)) + self.sink.digest(b"".join(self.texts))]
        if self.longest * BATCH > _MOST_TEXT:
            return None
        return [b"s" + self.sink.digest(text) for text in self._join(numbers)]

    def _look_up(self, references: Any) -> Any:
        """Return the references' numbers by a table of some of their bits; `None` when one is not in it."""
        if self.table is None:
            return None
        slots = references >> self.shift
        slots &= np.uintp(_SLOTS - 1)
        slots = slots.view(np.intp)
        if not np.array_equal(self.table[0].take(slots, mode="clip"), references):
            return None
        return self.table[1].take(slots, mode="clip")

    def _number(self, window: Any, references: Any) -> Any:
        """Return the references' numbers and hold what is met for the first time.

        `None` when that is no string, or there are too many.
        """
        known = len(self.held)
        numbers, distinct = self.pandas.factorize(np.concatenate([self.references, references]))
        numbers = numbers[known:]
        if len(distinct) > _MOST:
            return None
        if len(distinct) == known:
            return numbers.astype(np.uint16)
        first = np.empty(len(distinct), np.intp)
        first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
        found = [window[place] for place in first[known:].tolist()]
        if any(type(item) is not str or "\0" in item for item in found):
            return None
        if list(map(id, found)) != distinct[known:].tolist():
            return None  # another thread writes to the array
        self.held += found
        self.references = distinct
        self.texts += [encode_text(item) + b"\0" for item in found]
        self.longest = max(map(len, self.texts))
        self.runs = None
        self._tabulate()
        return numbers.astype(np.uint16)

    def _tabulate(self) -> None:
        """Make the table of `_look_up`: from the first bits that tell all references apart, if there are any."""
        self.table = None
        for shift in range(3, 24):
            slots = (self.references >> np.uintp(shift)) & np.uintp(_SLOTS - 1)
            if len(set(slots.tolist())) == len(slots):
                self.shift = np.uintp(shift)
                # No reference is 1.
                self.table = np.ones(_SLOTS, np.uintp), np.zeros(_SLOTS, np.uint16)
                self.table[0][slots], self.table[1][slots] = self.references, np.arange(len(slots))
                return

    def _join(self, numbers: Any) -> list[memoryview]:
        """Return the text of each batch: its strings with NUL between them."""
        if self.runs is None:
            self.run = next(length for length in (4, 2, 1) if length == 1 or len(self.held) ** length <= _MOST_RUNS)
            runs = map(b"".join, product(self.texts, repeat=self.run))
            self.runs = self.pyarrow.array(runs, self.pyarrow.binary())
        chosen = numbers[:: self.run].copy()
        for place in range(1, self.run):
            chosen *= np.uint16(len(self.held))
            chosen += numbers[place :: self.run]
        found = self.runs.take(self.pyarrow.array(chosen))
        edges = np.frombuffer(found.buffers()[1], np.int32)[:: BATCH // self.run].tolist()
        text = memoryview(found.buffers()[2])
        return [text[start : stop - 1] for start, stop in pairwise(edges)]
