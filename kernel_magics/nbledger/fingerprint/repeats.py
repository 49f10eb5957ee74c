"""Object arrays in which few objects are repeated, as in most columns of labels and flags.

The array holds references. Where few different ones come again and again, each is numbered and encoded once: strings,
and what stands between them (`None`, NaN, NA, numbers, truth values). For the identity pyarrow then puts the content of
a batch together from the numbers, which is 3 times as fast as joining Python strings; the digests are those of
`text.batch_digest` and `mixed.mixed_batch_digest`. The token takes the numbers as they are.

References are compared as integers and never followed: an object is always taken from the array itself, and is held
while its number counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .mixed import SCALARS, mixed_content
from .sink import spread
from .text import BATCH, encode_text
from .walk import Walk

if TYPE_CHECKING:
    from .coded import Runs, Words

T = TypeVar("T")

#: Elements that are numbered together: whole batches, and few enough to stay in the processor's cache.
WINDOW = 16 * BATCH
# With more references than this it is not worth it. A window that has many at its beginning is not numbered at all.
_MOST = 8192
_PROBE = 2048
_MOST_IN_PROBE = 1800
# Slots of a table that finds a reference's number by some of its bits, in a quarter of the time of hashing it. For more
# references than a sixteenth of that it has eight times as many, which stay in the second-level cache.
_SLOTS = 1 << 12
# No batch is put together that could be longer than this, and no more of them at once: each thread takes as much.
_MOST_TEXT = 1 << 22


def window_digests(walk: Walk, flat: Any, whole: int) -> list[list[bytes] | None]:
    """Return the encodings of each window of the first `whole` elements: one for each batch, or one for all.

    `None` stands for a window that is to be encoded as any objects are; nothing is returned where that is true of all.
    """
    found = _spread(walk, flat, whole, WINDOW, Objects.encode)
    return [digests for part in found for digests in part]


def text_digests(walk: Walk, flat: Any, rows: int) -> list[bytes | None]:
    """Return the digest of each window of `rows` elements that are strings or missing, as `arrow_text` has it.

    `None` stands for a window that has to be read string by string; nothing is returned where that is true of all.
    """
    if len(flat) < BATCH:
        return []

    def digest(objects: Objects, window: Any) -> bytes | None:
        found = None if objects.refused else objects.text_digest(window)
        objects.refused = found is None
        return found

    return [one for part in _spread(walk, flat, len(flat), rows, digest) for one in part]


def _spread(walk: Walk, flat: Any, whole: int, rows: int, encode: Callable[[Objects, Any], T]) -> list[list[T]]:
    """Return what `encode` makes of each window, on threads, which each number the objects that they meet."""
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is None or pyarrow is None or not isinstance(flat, np.ndarray) or flat.dtype.kind != "O":
        return []
    spare: list[Objects] = []

    def task(start: int) -> list[T]:
        try:
            objects = spare.pop()
        except IndexError:
            objects = Objects(walk, pandas)
        objects.refused = False
        edges = range(start, min(start + 8 * rows, whole), rows)
        found = [encode(objects, flat[edge : min(edge + rows, whole)]) for edge in edges]
        if not walk.sink.raw_layout:  # a token's numbers must not depend on which thread came first
            spare.append(objects)
        return found

    return spread(task, range(0, whole, 8 * rows), whole * flat.itemsize)


class Objects:
    """The objects met so far in a part of an array, numbered in the order in which they came."""

    def __init__(self, walk: Walk, pandas: Any) -> None:
        self.walk = walk
        self.sink = walk.sink
        self.pandas = pandas
        #: Whether the window before could not be numbered.
        self.refused = False
        self.plain = {*SCALARS, type(pandas.NA), type(pandas.NaT)}
        self._forget()

    def _forget(self) -> None:
        self.held: list[Any] = []
        self.references = np.zeros(0, np.uintp)
        # Of each object: its text and NUL, or else what `walk.encode` makes of it.
        self.texts: list[bytes] = []
        self.others: list[bytes] = []
        self.table: tuple[Any, Any] = (), ()
        self.beside: tuple[Any, Any] = (), ()
        self.shift = np.uintp(0)
        self.runs: dict[bool, Runs] = {}
        self.words: Words | None = None
        # The digest of all that a token's numbers stand for.
        self.known = b""
        # A table of which objects are strings, looked at in runs of `texts`.
        self.flags: Any = None

    def encode(self, window: Any) -> list[bytes] | None:
        """Return the encodings of a window, `None` when it holds too many objects, or others than those."""
        numbers = self.numbers(window)
        if numbers is None:
            return None
        if self.sink.raw_layout:
            if not self.known:
                parts = (b"%d:%b%b" % (len(o), o, t) for t, o in zip(self.texts, self.others, strict=True))
                self.known = self.sink.digest(b"".join(parts))
            return [b"w" + self.sink.digest(numbers.view(np.uint8)) + self.known]
        longest = max(map(len, self.texts))
        if longest * BATCH > _MOST_TEXT:
            return None
        step = BATCH * min(_MOST_TEXT // max(1, longest * BATCH), WINDOW // BATCH)
        return [
            digest for start in range(0, len(numbers), step) for digest in self._batches(numbers[start : start + step])
        ]

    def text_digest(self, window: Any) -> bytes | None:
        """Return the digest of a window's lengths and text, `None` when it is not of a few strings, or none."""
        numbers = self.numbers(window)
        if numbers is None:
            return None
        if self.words is None:
            if not all(type(item) is str or self.pandas.isna(item) for item in self.held):
                return None
            from .coded import words_of  # imports pyarrow

            self.words = words_of([text[:-1] if text else None for text in self.texts])
            if self.words is None:
                return None
        lengths = np.empty(len(numbers), np.int64)
        text = self.words.read(numbers.astype(self.words.dtype, copy=False), lengths)
        return self.sink.digest(self.sink.digest(lengths.view(np.uint8)) + self.sink.digest(text))

    def numbers(self, window: Any) -> Any:
        """Return the number of each of a window's objects, `None` when they are too many, or others than those."""
        references = np.frombuffer(np.ascontiguousarray(window), np.uintp)
        if not self.held and not self._learn(window, references, np.arange(min(_PROBE, len(references)))):
            return None
        for _ in range(2):  # mostly all that there is stands at the beginning
            numbers, unknown = self._look_up(references)
            if not len(unknown):
                return numbers
            if not self._learn(window, references, unknown):
                return None
        numbers, unknown = self._look_up(references)
        return None if len(unknown) else numbers

    def _look_up(self, references: Any) -> tuple[Any, Any]:
        """Return the references' numbers by a table of some of their bits, and the places of those not known."""
        keys, values = self.table
        slots = references >> self.shift
        slots &= np.uintp(len(keys) - 1)
        slots = slots.view(np.intp)
        numbers = values.take(slots, mode="clip")
        other = keys.take(slots, mode="clip") != references
        if not other.any():
            return numbers, ()
        places = np.flatnonzero(other)
        if not len(self.beside[0]):
            return numbers, places
        wanted = references[places]
        found = np.minimum(np.searchsorted(self.beside[0], wanted), len(self.beside[0]) - 1)
        numbers[places] = self.beside[1][found]
        return numbers, places[self.beside[0][found] != wanted]

    def _learn(self, window: Any, references: Any, unknown: Any) -> bool:
        """Hold and number the objects at these places; tell whether they may be held and are not too many."""
        new = references[unknown]
        if len(set(new[:_PROBE].tolist())) > _MOST_IN_PROBE:
            return False
        codes, distinct = self.pandas.factorize(new)
        if len(self.held) + len(distinct) > _MOST:
            if not self.held:
                return False
            self._forget()
            return self._learn(window, references, np.arange(len(references)))
        first = np.empty(len(distinct), np.intp)
        first[codes[::-1]] = unknown[::-1]
        found = [window[place] for place in first.tolist()]
        if any("\0" in item if type(item) is str else type(item) not in self.plain for item in found):
            return False
        if list(map(id, found)) != distinct.tolist():
            return False  # another thread writes to the array
        self.held += found
        self.references = np.concatenate([self.references, distinct])
        self.texts += [encode_text(item) + b"\0" if type(item) is str else b"" for item in found]
        self.others += [b"" if type(item) is str else self.walk.encode(item) for item in found]
        self.runs.clear()
        self.words = None
        self.known = b""
        self._tabulate()
        return True

    def _tabulate(self) -> None:
        """Make the table of `_look_up`, from the bits that tell most references apart; the others stand beside it."""
        count = _SLOTS if len(self.held) <= _SLOTS // 16 else 8 * _SLOTS
        least = len(self.held) + 1
        for shift in range(3, 20):
            slots = (self.references >> np.uintp(shift)) & np.uintp(count - 1)
            taken = np.zeros(count, np.bool_)
            taken[slots] = True
            lost = len(slots) - int(np.count_nonzero(taken))
            if lost < least:
                least, self.shift = lost, np.uintp(shift)
            if not lost:
                break
        slots = (self.references >> self.shift) & np.uintp(count - 1)
        numbers = np.arange(len(slots)).astype(np.uint8 if len(slots) <= 1 << 8 else np.uint16)
        keys, values = np.ones(count, np.uintp), np.zeros(count, numbers.dtype)  # no reference is 1
        keys[slots[::-1]], values[slots[::-1]] = self.references[::-1], numbers[::-1]
        self.table = keys, values
        beside = np.flatnonzero(keys[slots] != self.references)
        beside = beside[np.argsort(self.references[beside])]
        self.beside = self.references[beside], numbers[beside]

    def _batches(self, numbers: Any) -> Iterator[bytes]:
        """Yield the encoding of each batch in a part of a window."""
        texts = self._join(self.texts, numbers)
        if all(self.texts):
            yield from (b"s" + self.sink.digest(text[:-1]) for text in texts)
            return
        flags = self.runs[True].look_up(self.flags, numbers).view(np.uint8).reshape(-1, BATCH)
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
            from .coded import Runs  # imports pyarrow

            runs = self.runs[items is self.texts] = Runs(items)
            if items is self.texts:
                self.flags = runs.tabulate(np.array([text != b"" for text in items]))
        return runs.batches(numbers, BATCH)
