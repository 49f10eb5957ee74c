"""Object arrays in which few objects are repeated, as in most columns of labels and flags.

The array holds references. Where few different ones come again and again, each is numbered and encoded once: strings,
and what stands between them (`None`, NaN, NA, numbers, truth values). For the identity pyarrow then puts the content of
a batch together from the numbers, which is 3 times as fast as joining Python strings; the digests are those of
`text.batch_digest` and `mixed.mixed_batch_digest`. The token takes the numbers as they are.

References are compared as integers and never followed: an object is always taken from the array itself, and is held
while its number counts. NaNs that are each a float of their own are looked at where they stand, and get one number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from struct import Struct
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .mixed import SCALARS, all_equal, mixed_content
from .sink import spread
from .text import BATCH, encode_text
from .walk import Walk

if TYPE_CHECKING:
    from .coded import Runs, Words

T = TypeVar("T")

_bits = Struct("<d").pack

#: Elements that are numbered together: whole batches, and few enough to stay in the processor's cache.
WINDOW = 16 * BATCH
# With more references than this it is not worth it. A window that has many at its beginning is not numbered at all.
_MOST = 8192
_PROBE = 2048
_MOST_IN_PROBE = 1800
# With more NaNs than this among so many objects that are met for the first time, each is taken to be another object.
_MOST_NANS = 16
_ASKED = 256
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
        #: Whether NaNs are objects of their own.
        self.nans = False
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
        # Numbers by the encodings of NaNs.
        self.nan_numbers: dict[bytes, int] = {}
        # A table of which objects are strings, by runs of `texts`.
        self.flags: Any = None

    def encode(self, window: Any) -> list[bytes] | None:
        """Return the encodings of a window, `None` when it holds too many objects, or others than those."""
        numbers = self.numbers(window)
        if numbers is None:
            return None
        if self.sink.raw_layout:
            if not self.known:
                sizes = b",".join(b"%d" % len(other) for other in self.others) if any(self.others) else b""
                self.known = self.sink.digest(b"".join([sizes, b";", *self.others, *self.texts]))
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
        for _ in range(3):  # mostly all that there is stands at the beginning
            numbers, unknown = self._look_up(references)
            if self.nans and len(unknown):
                unknown = self._number_nans(window, numbers, unknown)
            if not len(unknown):
                return numbers
            if not self._learn(window, references, unknown):
                return None
        return None

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
        asked = window[unknown[:_ASKED]].tolist()
        nans = len({id(item) for item in asked if _is_nan(item)})
        self.nans = self.nans or nans > _MOST_NANS
        share = nans / len(asked) if self.nans else 0.0
        probe = references[unknown[:_PROBE]].tolist()
        if len(set(probe)) - share * len(probe) > _MOST_IN_PROBE * (1 - share):
            return False
        if self.nans:
            unknown = self._without_nans(window, unknown)
        codes, distinct = self.pandas.factorize(references[unknown])
        if len(self.held) + len(distinct) > _MOST:
            if not self.held:
                return False
            self._forget()
            return self._learn(window, references, np.arange(len(references)))
        first = np.empty(len(distinct), np.intp)
        first[codes[::-1]] = unknown[::-1]
        found = [window[place] for place in first.tolist()]
        if not found or list(map(id, found)) != distinct.tolist():
            return False  # another thread writes to the array
        return self._hold(found, distinct)

    def _hold(self, found: list[Any], references: Any) -> bool:
        """Number these objects; tell whether they are strings without NULs and other plain values."""
        kinds = {*map(type, found)}
        if not kinds <= self.plain | {str}:
            return False
        strings = found if kinds == {str} else [item for item in found if type(item) is str]
        texts = encode_text("\0".join(strings)).split(b"\0") if strings else []
        if len(texts) != len(strings):
            return False  # NULs inside
        others = [b"" if type(item) is str else self.walk.encode(item) for item in found]
        given = iter(texts)
        texts = [b"" if other else next(given) + b"\0" for other in others]
        if self.nans:
            start = len(self.held)
            self.nan_numbers |= {others[i]: start + i for i, item in enumerate(found) if _is_nan(item)}
        self.held += found
        self.references = np.concatenate([self.references, references])
        self.texts += texts
        self.others += others
        self.runs.clear()
        self.words = None
        self.known = b""
        self._tabulate()
        return True

    def _number_nans(self, window: Any, numbers: Any, unknown: Any) -> Any:
        """Fill in the numbers of NaNs that stand at these places, and return the places of all else."""
        found = window[unknown].tolist()
        kinds = {*map(type, found)}
        if kinds not in ({float}, {np.float64}):
            return unknown if kinds.isdisjoint((float, np.float64)) else self._number_some(numbers, unknown, found)
        if not all_equal(found):
            return self._number_some(numbers, unknown, found)
        number = self.nan_numbers.get(self.walk.encode(found[0]))
        if number is None:
            return unknown
        numbers[unknown] = number
        return ()

    def _number_some(self, numbers: Any, unknown: Any, found: list[Any]) -> Any:
        """Fill in the numbers of the NaNs among these objects, and return the places of all else."""
        known = [self.nan_numbers.get(self.walk.encode(item), -1) if _is_nan(item) else -1 for item in found]
        told = np.array(known)
        numbers[unknown[told >= 0]] = told[told >= 0]
        return unknown[told < 0]

    def _without_nans(self, window: Any, unknown: Any) -> Any:
        """Return these places without NaNs but for the first one of each encoding that has no number yet."""
        found = window[unknown].tolist()
        gaps = [place for place, item in enumerate(found) if _is_nan(item)]
        first: dict[tuple[type, bytes], int] = {}
        for place in gaps:
            first.setdefault((type(found[place]), _bits(found[place])), place)
        new = [place for place in first.values() if self.walk.encode(found[place]) not in self.nan_numbers]
        kept = np.ones(len(found), np.bool_)
        kept[gaps] = False
        kept[new] = True
        return unknown[kept]

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
        runs = self._runs_of(self.texts)
        found = runs.runs_of(numbers)
        texts = runs.batches(found, BATCH)
        if all(self.texts):
            yield from (b"s" + self.sink.digest(text[:-1]) for text in texts)
            return
        flags = self.flags.take(found, mode="clip").view(np.bool_).reshape(-1, BATCH)  # these are counted quickly
        given = list(filter(None, self.others))
        if len(given) == 1:
            others: list[Any] = [given[0] * int(BATCH - np.count_nonzero(flag)) for flag in flags]
        else:
            runs = self._runs_of(self.others)
            others = runs.batches(runs.runs_of(numbers), BATCH)
        for text, flag, other in zip(texts, flags, others, strict=True):
            digest = self.sink.digest(text[:-1]) if text else b""
            yield b"m" + self.sink.digest(mixed_content(flag, digest, other)) if other else b"s" + digest

    def _runs_of(self, items: list[bytes]) -> Runs:
        runs = self.runs.get(items is self.texts)
        if runs is None:
            from .coded import Runs  # imports pyarrow

            runs = self.runs[items is self.texts] = Runs(items)
            if items is self.texts:
                self.flags = runs.tabulate(np.array([text != b"" for text in items]))
        return runs


def _is_nan(item: Any) -> bool:
    """Tell whether an object is a NaN of Python's or numpy's."""
    return type(item) in (float, np.float64) and item != item  # noqa: PLR0124
