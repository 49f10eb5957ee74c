"""Texts that are numbers of few different ones: a dictionary's, or objects that are repeated.

Text is put together from ready-made runs of several at a time, by pyarrow, which takes a third of the time of joining
Python strings and a quarter of what it takes to decode a dictionary.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

# There are ready-made runs of 8, 4 or 2 where there are no more than so many such runs.
_RUN_BITS = 12
# With more texts than this there is no gain.
MOST = 8192
# The longest text that is put into runs: 4,096 runs of four take 4 MiB.
_LONGEST = 256


class Runs:
    """Puts texts together by their numbers."""

    def __init__(self, items: list[bytes]) -> None:
        self.bits = max(1, (len(items) - 1).bit_length())
        self.run = next((length for length in (8, 4, 2) if length * self.bits <= _RUN_BITS), 1)
        self.items = pa.array(items + [b""] * ((1 << self.bits) - len(items)), pa.binary())
        bits = self.bits
        while bits < self.bits * self.run:
            numbers = np.arange(1 << 2 * bits)
            parts = (self.items.take(pa.array(half)) for half in (numbers & (1 << bits) - 1, numbers >> bits))
            self.items = compute.binary_join_element_wise(*parts, b"")
            bits *= 2

    def batches(self, runs: Any, step: int) -> list[memoryview]:
        """Return what these runs stand for, together for each `step` of their numbers."""
        found = self.items.take(pa.array(runs))
        edges = np.frombuffer(found.buffers()[1], np.int32)[: len(found) + 1 : step // self.run].tolist()
        text = memoryview(found.buffers()[2])
        return [text[start:stop] for start, stop in pairwise(edges)]

    def runs_of(self, numbers: Any) -> Any:
        """Return the number of each run: the bits of its numbers (`uint8` or `uint16`) side by side."""
        if self.run == 1:
            return numbers
        runs = np.ascontiguousarray(numbers).view(f"<u{self.run}")
        bits, lane = self.bits, 8
        while lane < 8 * self.run:
            low = sum(((1 << bits) - 1) << place for place in range(0, 8 * self.run, 2 * lane))
            runs = (runs & low) | (runs >> (lane - bits) & (low << bits))
            bits, lane = 2 * bits, 2 * lane
        return runs.astype(np.uint16)

    def tabulate(self, values: Any) -> Any:
        """Return the values of each run, together as bytes, from one value for each text."""
        padded = np.zeros(1 << self.bits, values.dtype)
        padded[: len(values)] = values
        runs = np.arange(1 << self.bits * self.run)
        places = [runs >> self.bits * place & (1 << self.bits) - 1 for place in range(self.run)]
        return np.ascontiguousarray(padded[np.stack(places, axis=1)]).view(f"V{self.run * values.itemsize}").reshape(-1)


class Words:
    """A few different texts, and what windows of their numbers stand for."""

    def __init__(self, items: list[bytes | None]) -> None:
        #: What stands for a missing text.
        self.missing = len(items)
        texts = [item or b"" for item in [*items, None]]
        self.dtype = np.uint8 if len(texts) <= 1 << 8 else np.uint16
        self.runs = Runs(texts)
        self.sizes = self.runs.tabulate(np.array([-1 if i is None else len(i) for i in [*items, None]], np.int64))

    def read(self, numbers: Any, lengths: Any) -> Any:
        """Fill in the lengths of the texts that have these numbers, and return the texts as bytes."""
        over = -len(numbers) % self.runs.run
        if over:
            numbers = np.append(numbers, np.full(over, self.missing, self.dtype))
        runs = self.runs.runs_of(numbers)
        if over:
            lengths[:] = self.sizes.take(runs, mode="clip").view(np.int64)[: len(lengths)]
        else:
            self.sizes.take(runs, mode="clip", out=lengths.view(self.sizes.dtype))
        found = self.runs.items.take(pa.array(runs))
        _, edges, text = found.buffers()
        if text is None:
            return np.zeros(0, np.uint8)
        return np.frombuffer(text, np.uint8)[: np.frombuffer(edges, np.int32).item(len(found))]


def words_of(items: list[bytes | None]) -> Words | None:
    """Return the texts as words; `None` when they are so many or so long that nothing is gained."""
    if not 0 < len(items) < MOST or max(len(item or b"") for item in items) > _LONGEST:
        return None
    return Words(items)
