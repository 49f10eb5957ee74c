"""`str` columns that pandas keeps as Python objects, in windows of `WINDOW` rows.

To reach a string and to put it into one text takes most of the time, so that is done once: joined with NULs between
them the strings tell their lengths too. A window's digest is the one that `arrow_text` makes of lengths and text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from . import repeats
from .buffers import as_bytes
from .text import BATCH, WINDOW, batch_digest, encode_text, portions
from .walk import Walk

# Up to so many bytes a string it is quicker to delete NULs from the text than to join the strings once more.
_SHORT = 6


def objects_content(walk: Walk, objects: Any, missing: Any) -> bytes:
    """Return the digest of an array of strings and missing values, of which `missing` is the usual one."""
    starts = range(0, len(objects), WINDOW)
    if walk.sink.raw_layout:
        numbered = repeats.window_digests(walk, objects, len(objects))
        if numbered and None not in numbered:
            return walk.sink.digest(b"".join(part for window in numbered for part in window or ()))
        found: list[bytes | None] = [None] * len(starts)
    else:
        found = repeats.text_digests(walk, objects, WINDOW) or [None] * len(starts)
    reader = _Reader(walk, missing)
    return walk.sink.digest(
        b"".join(
            reader.digest(objects[i : i + WINDOW]) if digest is None else digest
            for i, digest in zip(starts, found, strict=True)
        )
    )


class _Reader:
    """Reads window after window, each in the way that did for the one before."""

    def __init__(self, walk: Walk, missing: Any) -> None:
        self.sink = walk.sink
        self.lengths = np.empty(WINDOW, np.int64)
        # Most columns miss nothing, and those that do mostly by one object, which its address tells.
        self.ways: list[Callable[[Any], Any]] = [
            lambda _: None,
            lambda batch: np.frombuffer(batch, np.uintp) == id(missing),
            pd.isna,
        ]

    def digest(self, window: Any) -> bytes:
        """Return a window's digest. Raises `TypeError` for anything but strings and missing values."""
        make = self._token if self.sink.raw_layout else self._identity
        window = np.ascontiguousarray(window)
        while len(self.ways) > 1:
            try:
                return make(window)
            except TypeError:
                del self.ways[0]
        return make(window)

    def _batches(self, window: Any) -> Iterator[tuple[Any, list[str]]]:
        """Yield (mask of missing values or `None`, the strings with "" for those) of each batch.

        The strings of a batch stay in the processor's cache while they are read twice.
        """
        for start in range(0, len(window), BATCH):
            batch = window[start : start + BATCH]
            missing = self.ways[0](batch)
            if missing is not None and missing.any():
                batch = batch.copy()
                batch[missing] = ""
            else:
                missing = None
            yield missing, batch.tolist()

    def _token(self, window: Any) -> bytes:
        digests = []
        for missing, items in self._batches(window):
            digests.append(batch_digest(self.sink, items))
            if missing is not None:
                digests.append(b"-" + self.sink.digest(missing.tobytes()))
        return self.sink.digest(b"".join(digests))

    def _identity(self, window: Any) -> bytes:
        hasher = self.sink.new()
        lengths = self.lengths[: len(window)]
        end = 0
        for missing, items in self._batches(window):
            start = end
            for part in portions(items):
                end += len(part)
                hasher.update(_text_and_lengths(part, lengths[end - len(part) : end]))
            if missing is not None:
                lengths[start:end][missing] = -1
        return self.sink.digest(self.sink.digest(as_bytes(lengths)) + self.sink.finish(hasher))


def _text_and_lengths(items: Any, lengths: Any) -> bytes:
    """Return the strings as one text in UTF-8, and fill in how many bytes of it each has."""
    text = "\0".join(items)
    data = encode_text(text)
    # Numbers of what is zero are found in half the time among booleans.
    gaps = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
    if len(gaps) != len(items) - 1:  # NULs inside
        lengths[:] = np.fromiter((len(encode_text(item)) for item in items), np.int64, len(items))
        return encode_text("".join(items))
    lengths[:-1] = gaps
    lengths[-1] = len(data)
    lengths[1:] -= gaps + 1
    if len(data) == len(text) > _SHORT * len(items):
        return encode_text("".join(items))
    return data.translate(None, b"\0")
