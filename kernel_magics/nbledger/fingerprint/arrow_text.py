"""Strings (and bytes) in arrow buffers: their lengths and their text, in windows of `WINDOW` rows.

A window's digest is that of its lengths, eight bytes each and -1 where one is missing, and of all its text in one; so
neither chunks nor the width of offsets are content. Texts of one length (codes, dates, padded ids), sorted ones and
those that come in turn repeat their lengths, and often their text, from window to window: what equals the window before
is not hashed once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from .columns import WINDOW
from .sink import Sink, spread

# Rows that one thread takes at a time.
_TASK = 8 * WINDOW
# With more chunks than this in a window they are joined, which costs a copy, but less than looking at each.
_PIECES = 16
# So many elements tell at once that windows differ.
_PROBE = 64
# No longer text is compared with the one before it.
_COMPARED = 1 << 20


def is_text(kind: Any) -> bool:
    """Tell whether a type's values are strings or bytes behind offsets."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )  # fmt: skip


def text_digests(sink: Sink, chunked: Any) -> list[bytes]:
    """Return the digest of each window of an array whose values are strings or bytes, also by a dictionary or views."""
    spare: list[_Windows] = []

    def task(start: int) -> list[bytes]:
        try:
            windows = spare.pop()
        except IndexError:
            windows = _Windows(sink, min(WINDOW, len(chunked)))
        part = chunked.slice(start, _TASK)
        digests = [windows.digest(chunks_of(part.slice(i, WINDOW))) for i in range(0, len(part), WINDOW)]
        spare.append(windows)
        return digests

    found = spread(task, range(0, len(chunked), _TASK), max(chunked.nbytes, 8 * len(chunked)))
    return [digest for part in found for digest in part]


def chunks_of(chunked: Any) -> list[Any]:
    """Return the arrays of an Array or ChunkedArray."""
    return chunked.chunks if isinstance(chunked, pa.ChunkedArray) else [chunked]


def plain(array: Any) -> Any:
    """Return an array of texts in the layout of offsets and one text."""
    if is_text(array.type):
        return array
    if pa.types.is_dictionary(array.type):
        return plain(array.dictionary_decode())
    return array.cast(pa.large_string() if pa.types.is_string_view(array.type) else pa.large_binary())


def offsets_of(array: Any) -> Any:
    """Return where each text begins, and the last one ends, in the array's text."""
    large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    if not len(array):
        return np.zeros(1, np.int64)
    dtype = np.int64 if large else np.int32
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array) + 1]


def text_of(array: Any, offsets: Any) -> Any:
    """Return an array's text as unsigned bytes."""
    buffer = array.buffers()[2] if len(array) else None
    if buffer is None or not buffer.size:
        return np.zeros(0, np.uint8)
    return np.frombuffer(buffer, np.uint8)[offsets[0] : offsets[-1]]


class _Windows:
    """Makes the digests of one window after another; its memory is used again, because fresh memory is slow."""

    def __init__(self, sink: Sink, length: int) -> None:
        self.sink = sink
        self.lengths = np.empty(length, np.int64)
        self.before = np.empty(length, np.int64)
        self.narrow: Any = None
        self.known: tuple[Any, bytes] | None = None
        self.text: tuple[Any, bytes] | None = None

    def digest(self, chunks: list[Any]) -> bytes:
        """Return the digest of a window that lies in these arrays."""
        arrays = list(map(plain, chunks))
        if len(arrays) > _PIECES:
            arrays = [pa.concat_arrays(arrays)]
        texts = []
        end = 0
        for array in arrays:
            start, end = end, end + len(array)
            texts.append(self._read(array, self.lengths[start:end]))
        lengths, same = self._lengths_digest(self.lengths[:end])
        return self.sink.digest(lengths + self._text_digest(texts, same=same))

    def _read(self, array: Any, lengths: Any) -> Any:
        """Fill in an array's lengths and return its text, without what lies under a null."""
        offsets = offsets_of(array)
        if offsets.dtype == np.int64:
            np.subtract(offsets[1:], offsets[:-1], out=lengths)
        else:  # in two steps, twice as fast as one that widens
            if self.narrow is None:
                self.narrow = np.empty(len(self.lengths), np.int32)
            narrow = self.narrow[: len(lengths)]
            np.subtract(offsets[1:], offsets[:-1], out=narrow)
            lengths[:] = narrow
        text = text_of(array, offsets)
        if array.null_count:
            first = array.offset // 8
            bits = np.frombuffer(array.buffers()[0], np.uint8)[first : (array.offset + len(array) + 7) // 8]
            valid = np.unpackbits(bits, bitorder="little")[array.offset % 8 :][: len(array)].view(np.bool_)
            np.putmask(lengths, ~valid, -1)
            if int(lengths.sum()) + array.null_count != len(text):  # text hidden under a null
                shown = array.drop_null()
                text = text_of(shown, offsets_of(shown))
        return text

    def _lengths_digest(self, lengths: Any) -> tuple[bytes, bool]:
        """Return the lengths' digest, and whether they are those of the window before."""
        if self.known is not None and _equal(self.known[0], lengths):
            return self.known[1], True
        digest = self.sink.digest(lengths.view(np.uint8))
        self.known = lengths, digest
        self.lengths, self.before = self.before, self.lengths
        return digest, False

    def _text_digest(self, texts: list[Any], *, same: bool) -> bytes:
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
    if len(one) != len(other) or (one[:_PROBE] != other[:_PROBE]).any():
        return False
    return bool((one == other).all())
