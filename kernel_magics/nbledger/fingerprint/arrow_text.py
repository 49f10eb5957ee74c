"""Strings (and bytes) in arrow buffers: their lengths and their text, in windows of `WINDOW` rows.

A window's digest is that of its lengths, eight bytes each and -1 where one is missing, and of all its text in one; so
neither chunks nor the width of offsets are content. Texts of one length (codes, dates, padded ids), sorted ones and
those that come in turn repeat their lengths, and often their text, from window to window: what equals the window before
is not hashed once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from .coded import MOST, Words, words_of
from .sink import PARALLEL, Sink, spread
from .text import WINDOW

# Rows that one thread takes at a time.
_TASK = 8 * WINDOW
# With more chunks than this in a window they are joined, which costs a copy, but less than looking at each; unless
# their memory is more than `_JOINED` bytes a window.
_PIECES = 8
_JOINED = 1 << 24
# So many elements tell at once that windows differ.
_PROBE = 64
# No longer text is compared with the one before it.
_COMPARED = 1 << 20
# For each byte of a validity bitmap eight numbers of one byte: -1 (all bits set) for what is missing, 0 for the rest.
_GAPS = (np.unpackbits(np.arange(256, dtype=np.uint8), bitorder="little") - np.uint8(1)).view(np.int64)


def is_text(kind: Any) -> bool:
    """Tell whether a type's values are strings or bytes behind offsets."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )  # fmt: skip


def _is_large(kind: Any) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_large_binary(kind))


def text_digests(sink: Sink, chunked: Any) -> list[bytes]:
    """Return the digest of each window of an array whose values are strings or bytes, also by a dictionary or views."""
    spare: list[_Windows] = []

    def task(start: int) -> list[bytes]:
        try:
            windows = spare.pop()
        except IndexError:
            windows = _Windows(sink, min(WINDOW, len(chunked)))
        digests = list(windows.digests(chunked.slice(start, _TASK)))
        spare.append(windows)
        return digests

    nbytes = 8 * len(chunked)
    found = spread(task, range(0, len(chunked), _TASK), nbytes if nbytes >= PARALLEL else max(chunked.nbytes, nbytes))
    return [digest for part in found for digest in part]


def chunks_of(chunked: Any) -> list[Any]:
    """Return the arrays of an Array or ChunkedArray."""
    return chunked.chunks if isinstance(chunked, pa.ChunkedArray) else [chunked]


def few_arrays(chunked: Any) -> Iterator[Any]:
    """Yield the arrays of an Array or ChunkedArray; where they are many and small, those of `WINDOW` rows in one."""
    windows = len(chunked) // WINDOW + 1
    if (
        not isinstance(chunked, pa.ChunkedArray)
        or chunked.num_chunks <= _PIECES * windows
        or chunked.get_total_buffer_size() > _JOINED * windows
    ):
        yield from chunks_of(chunked)
        return
    for start in range(0, len(chunked), WINDOW):
        part = chunked.slice(start, WINDOW)
        try:
            yield part.combine_chunks()
        except pa.ArrowInvalid:  # more text in one window than 32-bit offsets can tell
            yield from part.chunks


def plain(array: Any) -> Any:
    """Return an array of texts in the layout of offsets and one text."""
    if is_text(array.type):
        return array
    if pa.types.is_dictionary(array.type):
        return plain(array.dictionary_decode())
    return array.cast(pa.large_string() if pa.types.is_string_view(array.type) else pa.large_binary())


def _binary(array: Any) -> Any:
    """Return an array of texts as one of bytes."""
    return array.view(pa.large_binary() if _is_large(array.type) else pa.binary())


def offsets_of(array: Any) -> Any:
    """Return where each text begins, and the last one ends, in the array's text."""
    if not len(array):
        return np.zeros(1, np.int64)
    dtype = np.int64 if _is_large(array.type) else np.int32
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array) + 1]


def text_of(array: Any, offsets: Any) -> Any:
    """Return an array's text as unsigned bytes."""
    buffer = array.buffers()[2] if len(array) else None
    if buffer is None or not buffer.size:
        return np.zeros(0, np.uint8)
    return np.frombuffer(buffer, np.uint8)[offsets[0] : offsets[-1]]


class _Plain:
    """An array in the layout of offsets and one text, looked at once for all windows that it has a part in."""

    def __init__(self, array: Any) -> None:
        self.array = array
        bits, offsets, text = array.buffers() if len(array) else (None, None, None)
        dtype = np.int64 if _is_large(array.type) else np.int32
        count = array.offset + len(array) + 1
        self.offsets = np.zeros(1, dtype) if offsets is None else np.frombuffer(offsets, dtype, count)[array.offset :]
        self.text = np.zeros(0, np.uint8) if text is None else np.frombuffer(text, np.uint8)
        self.bits = np.frombuffer(bits, np.uint8) if bits is not None and array.null_count else None

    def read(self, start: int, lengths: Any) -> Any:
        """Fill in the lengths of the rows from `start` on and return their text, without what lies under a null."""
        stop = start + len(lengths)
        np.subtract(self.offsets[start + 1 : stop + 1], self.offsets[start:stop], out=lengths)
        text = self.text[self.offsets.item(start) : self.offsets.item(stop)]
        if self.bits is None:
            return text
        part = self.array.slice(start, len(lengths))
        missing = part.null_count
        if missing:
            first, last = part.offset, part.offset + len(lengths)
            bits = self.bits[first // 8 : (last + 7) // 8]
            # To choose rows by a mask takes twice as long: the processor mispredicts them.
            gaps = _GAPS.take(bits).view(np.int8)[first % 8 :][: len(lengths)]
            np.bitwise_or(lengths, gaps, out=lengths)
            if int(lengths.sum()) + missing != len(text):  # text hidden under a null
                shown = part.drop_null()
                return text_of(shown, offsets_of(shown))
        return text


class _Coded:
    """A dictionary's array of few different texts."""

    def __init__(self, array: Any, words: Words) -> None:
        self.array = array
        self.words = words
        indices = array.indices
        numbers = np.frombuffer(indices.buffers()[1], indices.type.to_pandas_dtype())
        self.numbers = numbers[indices.offset : indices.offset + len(indices)]
        self.valid = indices.is_valid().to_numpy(zero_copy_only=False) if indices.null_count else None

    def read(self, start: int, lengths: Any) -> Any:
        """Fill in the lengths of the rows from `start` on and return their text."""
        numbers: Any = self.numbers[start : start + len(lengths)].astype(self.words.dtype)
        if self.valid is not None:
            valid = self.valid[start : start + len(lengths)]
            numbers *= valid
            numbers += ~valid * self.words.dtype(self.words.missing)
        return self.words.read(numbers, lengths)


class _Windows:
    """Makes the digests of one window after another; its memory is used again, because fresh memory is slow."""

    def __init__(self, sink: Sink, length: int) -> None:
        self.sink = sink
        self.lengths = np.empty(length, np.int64)
        self.before = np.empty(length, np.int64)
        self.known: tuple[Any, bytes] | None = None
        self.text: tuple[Any, bytes] | None = None
        self.words: tuple[Any, Words | None] | None = None

    def digests(self, part: Any) -> Iterator[bytes]:
        """Yield the digest of each window of an Array or ChunkedArray."""
        texts: list[Any] = []
        end = 0
        for piece in self._pieces(part):
            start, length = 0, len(piece.array)
            while start < length:
                rows = self.lengths[end : end + length - start]
                texts.append(piece.read(start, rows))
                start += len(rows)
                end += len(rows)
                if end == len(self.lengths):
                    yield self._digest(end, texts)
                    texts, end = [], 0
        if end:
            yield self._digest(end, texts)

    def _pieces(self, part: Any) -> Iterator[_Plain | _Coded]:
        """Yield the arrays that make up a part of a column; where they are many and small, those of a window in one."""
        if is_text(part.type):
            yield from map(_Plain, few_arrays(part))
        elif pa.types.is_dictionary(part.type) and len(chunks_of(part)) <= _PIECES * _TASK // WINDOW:
            for array in chunks_of(part):
                yield from self._decoded(array)
        else:
            for start in range(0, len(part), WINDOW):
                arrays = [plain(array) for array in chunks_of(part.slice(start, WINDOW))]
                yield from map(_Plain, few_arrays(pa.chunked_array(arrays)))

    def _decoded(self, array: Any) -> Iterator[_Plain | _Coded]:
        """Yield a dictionary's array: as it is where its texts are few and often repeated, else decoded in windows."""
        dictionary = array.dictionary
        if len(dictionary) < min(MOST, len(array) // 8):
            if self.words is None or not self.words[0].equals(dictionary):
                self.words = dictionary, words_of(_binary(plain(dictionary)).to_pylist())
            if self.words[1] is not None:
                yield _Coded(array, self.words[1])
                return
        for start in range(0, len(array), WINDOW):
            yield _Plain(plain(array.slice(start, WINDOW)))

    def _digest(self, end: int, texts: list[Any]) -> bytes:
        lengths, same = self._lengths_digest(self.lengths[:end])
        return self.sink.digest(lengths + self._text_digest(texts, same=same))

    def _lengths_digest(self, lengths: Any) -> tuple[bytes, bool]:
        """Return the lengths' digest, and whether they are those of the window before."""
        if self.known is not None and _equal(self.known[0], lengths):
            return self.known[1], True
        digest = self.sink.digest(lengths.view(np.uint8))
        self.known = lengths, digest
        self.lengths, self.before = self.before, self.lengths
        return digest, False

    def _text_digest(self, texts: list[Any], *, same: bool) -> bytes:
        if len(texts) > 1 and sum(map(len, texts)) <= _COMPARED:
            texts = [np.concatenate(texts)]
        if len(texts) != 1 or len(texts[0]) > _COMPARED:
            self.text = None
            hasher = self.sink.new()
            for text in texts:
                hasher.update(text)
            return self.sink.finish(hasher)
        (text,) = texts
        if same and self.text is not None and _equal(self.text[0], text):
            return self.text[1]
        self.text = text, self.sink.digest(text)
        return self.text[1]


def _equal(one: Any, other: Any) -> bool:
    """Tell whether two flat arrays are equal; mostly their first elements tell."""
    if len(one) != len(other) or one[:_PROBE].tobytes() != other[:_PROBE].tobytes():
        return False
    return bool((one == other).all())
