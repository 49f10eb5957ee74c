"""Object arrays in which few objects are repeated, as in most columns of labels and flags.

The array holds references. Where few different ones come again and again, each is numbered and encoded once: strings,
and what stands between them (`None`, NaN, NA, numbers, truth values). For the identity pyarrow then puts the content of
a batch together from the numbers, which is 3 times as fast as joining Python strings; the digests are those of
`text.batch_digest` and `text.mixed_batch_digest`. The token takes the numbers as they are.

References are compared as integers and never followed: an object is always taken from the array itself, and is held
while its number counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from .sink import spread
from .text import BATCH, encode_text, mixed_content
from .walk import Walk

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
# Content is put together from ready-made runs of 8, 4 or 2 encodings where there are no more than so many such runs.
_RUN_BITS = 12
# No batch is put together that could be longer than this, and no more of them at once: each thread takes as much.
_MOST_TEXT = 1 << 22
# What may stand among the strings: values without parts, whose encoding depends on nothing else.
_PLAIN = (type(None), bool, int, float)


def window_digests(walk: Walk, flat: Any, whole: int) -> list[list[bytes] | None]:
    """Return the encodings of each window of the first `whole` elements: one for each batch, or one for all.

    `None` stands for a window that is to be encoded as any objects are; nothing is returned where that is true of all.
    """
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is None or pyarrow is None or not isinstance(flat, np.ndarray) or flat.dtype.kind != "O":
        return []

    spare: list[_Words] = []

    def digests(start: int) -> list[list[bytes] | None]:
        try:
            words = spare.pop()
        except IndexError:
            words = _Words(walk, pandas, pyarrow)
        edges = range(start, min(start + _TASK, whole), WINDOW)
        found = [words.encode(flat[edge : min(edge + WINDOW, whole)]) for edge in edges]
        if not walk.sink.raw_layout:  # a token's numbers must not depend on which thread came first
            spare.append(words)
        return found

    return [found for part in spread(digests, range(0, whole, _TASK), whole * flat.itemsize) for found in part]


class _Words:
    """The objects met so far in a part of an array, numbered in the order in which they came."""

    def __init__(self, walk: Walk, pandas: Any, pyarrow: Any) -> None:
        self.walk = walk
        self.sink = walk.sink
        self.pandas = pandas
        self.pyarrow = pyarrow
        self.plain = {*_PLAIN, type(pandas.NA), type(pandas.NaT)}
        self._forget()

    def _forget(self) -> None:
        self.held: list[Any] = []
        self.references = np.zeros(0, np.uintp)
        # Of each object: its text and NUL, or else what `walk.encode` makes of it.
        self.texts: list[bytes] = []
        self.others: list[bytes] = []
        self.table: tuple[Any, Any] | None = None
        self.shift = np.uintp(0)
        self.runs: dict[bool, _Runs] = {}

    def encode(self, window: Any) -> list[bytes] | None:
        """Return the encodings of a window, `None` when it holds too many objects, or others than those."""
        references = np.frombuffer(np.ascontiguousarray(window), np.uintp)
        numbers = self._look_up(references)
        if numbers is None:
            if len(set(references[:_PROBE].tolist())) > _MOST_IN_PROBE:
                return None
            # Mostly all that there is stands at the beginning.
            if self._number(window, references[:_PROBE]) is not None:
                numbers = self._look_up(references)
            if numbers is None:
                numbers = self._number(window, references)
        if numbers is None:
            return None
        if self.sink.raw_layout:
            known = b"".join(b"%d:%b%b" % (len(o), o, t) for t, o in zip(self.texts, self.others, strict=True))
            return [b"w" + self.sink.digest(numbers.view(np.uint8)) + self.sink.digest(known)]
        longest = max(map(len, self.texts))
        if longest * BATCH > _MOST_TEXT:
            return None
        step = BATCH * min(_MOST_TEXT // max(1, longest * BATCH), WINDOW // BATCH)
        return [
            digest for start in range(0, len(numbers), step) for digest in self._batches(numbers[start : start + step])
        ]

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

        `None` when that is nothing that may be held, or there are too many.
        """
        known = len(self.held)
        numbers, distinct = self.pandas.factorize(np.concatenate([self.references, references]))
        numbers = numbers[known:]
        if len(distinct) > _MOST:
            if not known:
                return None
            self._forget()
            return self._number(window, references)
        dtype = np.uint8 if len(distinct) <= 1 << 8 else np.uint16
        if len(distinct) == known:
            return numbers.astype(dtype)
        first = np.empty(len(distinct), np.intp)
        first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
        found = [window[place] for place in first[known:].tolist()]
        if any("\0" in item if type(item) is str else type(item) not in self.plain for item in found):
            return None
        if list(map(id, found)) != distinct[known:].tolist():
            return None  # another thread writes to the array
        self.held += found
        self.references = distinct
        self.texts += [encode_text(item) + b"\0" if type(item) is str else b"" for item in found]
        self.others += [b"" if type(item) is str else self.walk.encode(item) for item in found]
        self.runs.clear()
        self._tabulate(dtype)
        return numbers.astype(dtype)

    def _tabulate(self, dtype: Any) -> None:
        """Make the table of `_look_up`: from the first bits that tell all references apart, if there are any."""
        self.table = None
        for shift in range(3, 24):
            slots = (self.references >> np.uintp(shift)) & np.uintp(_SLOTS - 1)
            if len(set(slots.tolist())) == len(slots):
                self.shift = np.uintp(shift)
                # No reference is 1.
                self.table = np.ones(_SLOTS, np.uintp), np.zeros(_SLOTS, dtype)
                self.table[0][slots], self.table[1][slots] = self.references, np.arange(len(slots))
                return

    def _batches(self, numbers: Any) -> Iterator[bytes]:
        """Yield the encoding of each batch in a part of a window."""
        texts = self._join(self.texts, numbers)
        if all(self.texts):
            yield from (b"s" + self.sink.digest(text[:-1]) for text in texts)
            return
        flags = np.array([text != b"" for text in self.texts]).take(numbers).reshape(-1, BATCH)
        given = list(filter(None, self.others))
        if len(given) == 1:
            others: list[Any] = [given[0] * int(BATCH - np.count_nonzero(flag)) for flag in flags]
        else:
            others = self._join(self.others, numbers)
        for text, flag, other in zip(texts, flags, others, strict=True):
            digest = self.sink.digest(text[:-1]) if text else b""
            yield b"m" + self.sink.digest(mixed_content(flag, digest, other)) if other else b"s" + digest

    def _join(self, items: list[bytes], numbers: Any) -> list[memoryview]:
        runs = self.runs.get(items is self.texts)
        if runs is None:
            runs = self.runs[items is self.texts] = _Runs(self.pyarrow, items)
        return runs.join(numbers)


class _Runs:
    """Puts encodings together by their numbers: a run of several at a time, where there are few such runs."""

    def __init__(self, pyarrow: Any, items: list[bytes]) -> None:
        from pyarrow import compute

        self.pyarrow = pyarrow
        self.bits = max(1, (len(items) - 1).bit_length())
        self.run = next(length for length in (8, 4, 2, 1) if length * self.bits <= _RUN_BITS)
        self.items = pyarrow.array(items + [b""] * ((1 << self.bits) - len(items)), pyarrow.binary())
        bits = self.bits
        while bits < self.bits * self.run:
            numbers = np.arange(1 << 2 * bits)
            parts = (self.items.take(pyarrow.array(half)) for half in (numbers & (1 << bits) - 1, numbers >> bits))
            self.items = compute.binary_join_element_wise(*parts, b"")
            bits *= 2

    def join(self, numbers: Any) -> list[memoryview]:
        """Return what the numbers stand for, together for each batch."""
        found = self.items.take(self.pyarrow.array(self._runs_of(numbers)))
        edges = np.frombuffer(found.buffers()[1], np.int32)[: len(found) + 1 : BATCH // self.run].tolist()
        text = memoryview(found.buffers()[2])
        return [text[start:stop] for start, stop in pairwise(edges)]

    def _runs_of(self, numbers: Any) -> Any:
        """Return the number of each run: the bits of its numbers side by side."""
        if self.run == 1:
            return numbers
        runs = np.ascontiguousarray(numbers).view(f"<u{self.run}")
        bits, lane = self.bits, 8
        while lane < 8 * self.run:
            low = sum(((1 << bits) - 1) << place for place in range(0, 8 * self.run, 2 * lane))
            runs = (runs & low) | (runs >> (lane - bits) & (low << bits))
            bits, lane = 2 * bits, 2 * lane
        return runs.astype(np.uint16)
