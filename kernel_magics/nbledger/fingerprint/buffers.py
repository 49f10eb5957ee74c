"""Digest of the elements of a numpy array at memory speed, whatever its strides.

**Identity.** The elements in C order are cut into leaves of `LEAF` bytes (whole rows where they fit). One leaf is
hashed alone; several become the digest of their digests. So leaves can be hashed on threads, and one that does not
lie contiguously is first copied into a small buffer: never a copy of the array.

**Token.** A dense array is hashed as it lies, in one pass over its memory, together with the order of its axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .sink import LEAF, Sink, spread

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[Any, ...]

_SMALL = 1 << 14
# Leaves that one thread takes at a time: 4 MiB.
_TASK = 16
# A token is made from pieces of this size, so that two threads can share a large buffer.
_PIECE = 1 << 25
# Bytes of the buffer in which columns of a row-major block are made contiguous; one for each thread.
_TILE = 1 << 22
# Within it, rows are transposed in steps of about this size, which stay in the second-level cache (8 GB/s; 6 without).
_STEP = 1 << 19


def as_bytes(value: Array) -> Any:
    """Return a C-contiguous array's memory as unsigned bytes, without copying."""
    return value.reshape(-1).view(np.uint8)


def content(sink: Sink, value: Array, mask: Array | None = None) -> bytes:
    """Return the digest of an array's elements in C order (no objects); masked elements count as zero."""
    if value.nbytes <= LEAF:
        if mask is not None:
            value = _masked(value, mask)
        # A small copy is made sooner than two views.
        return sink.digest(as_bytes(value) if value.nbytes > _SMALL and value.flags.c_contiguous else value.tobytes())
    if sink.raw_layout and mask is None:
        dense = _as_it_lies(value)
        if dense is not None:
            return sink.digest(dense[0] + _raw(sink, dense[1]))
    indexes = list(_leaves(value.shape, value.itemsize))

    def hash_leaves(part: list[Index]) -> bytes:
        return b"".join([_leaf(sink, value, index, mask) for index in part])

    tasks = [indexes[i : i + _TASK] for i in range(0, len(indexes), _TASK)]
    return sink.digest(b"".join(spread(hash_leaves, tasks, value.nbytes)))


def _masked(value: Array, mask: Array) -> Array:
    value = value.copy()
    value[mask] = np.zeros((), value.dtype)[()]
    return value


def _leaf(sink: Sink, value: Array, index: Index, mask: Array | None) -> bytes:
    part = value[index]
    if mask is not None:
        part = _masked(part, mask[index])
    return sink.digest(as_bytes(part) if part.flags.c_contiguous else part.tobytes())


def _leaves(shape: tuple[int, ...], itemsize: int) -> Iterator[Index]:
    """Yield the indexes of an array's leaves: runs of rows, or of a row's own leaves when a row is larger."""
    row = itemsize
    for length in shape[1:]:
        row *= length
    if row <= LEAF:
        step = leaf_rows(row)
        for start in range(0, shape[0], step):
            yield (slice(start, start + step),)
    else:
        for position in range(shape[0]):
            for index in _leaves(shape[1:], itemsize):
                yield (position, *index)


def leaf_rows(row: int) -> int:
    """Return how many rows of `row` bytes make a leaf."""
    return max(1, LEAF // max(1, row))


def _as_it_lies(value: Array) -> tuple[bytes, Array] | None:
    """Return (layout, memory as flat bytes) of a dense array, `None` when its memory has gaps."""
    layout = b"raw%b" % repr(value.strides).encode()
    for axis, stride in enumerate(value.strides):
        if stride == 0 and value.shape[axis] > 1:
            value = value[(slice(None),) * axis + (slice(0, 1),)]
        elif stride < 0:
            value = value[(slice(None),) * axis + (slice(None, None, -1),)]
    order = sorted(range(value.ndim), key=lambda axis: (-value.strides[axis], -value.shape[axis]))
    turned = value.transpose(order)
    if not turned.flags.c_contiguous:
        return None
    return layout, as_bytes(turned)


def _raw(sink: Sink, memory: Any) -> bytes:
    if len(memory) <= _PIECE:
        return sink.digest(memory)
    pieces = [memory[i : i + _PIECE] for i in range(0, len(memory), _PIECE)]
    return b"".join(spread(sink.digest, pieces, len(memory)))


def row_contents(sink: Sink, block: Array) -> list[bytes]:
    """Return `[content(sink, row) for row in block]` for a two-dimensional block, in one pass over its memory.

    A data frame keeps columns of one dtype as such a block, a row for each column. Made from a two-dimensional C
    array, its columns lie strided: hashed one by one they would read all memory once for each.
    """
    count, length = block.shape
    if length <= 1 or block.strides[1] == block.itemsize:
        return _contiguous_rows(sink, block)
    step = min(length, leaf_rows(block.itemsize))
    group = max(1, min(count, _TILE // (step * block.itemsize)))
    tasks = [(top, left) for left in range(0, length, step) for top in range(0, count, group)]
    # Buffers are used again by whichever thread is free: fresh ones would cost a page fault every 4 KiB.
    spare: list[Array] = []

    def hash_tile(task: tuple[int, int]) -> list[bytes]:
        top, left = task
        part = block[top : top + group, left : left + step]
        try:
            buffer = spare.pop()
        except IndexError:
            buffer = np.empty((group, step), block.dtype)
        tile = buffer[: part.shape[0], : part.shape[1]]
        _copy_in_steps(part, tile)
        digests = [sink.digest(row) for row in tile.view(np.uint8)]
        spare.append(buffer)
        return digests

    leaves: list[list[bytes]] = [[] for _ in range(count)]
    for (top, _), digests in zip(tasks, spread(hash_tile, tasks, block.nbytes), strict=True):
        for offset, digest in enumerate(digests):
            leaves[top + offset].append(digest)
    return [row[0] if len(row) == 1 else sink.digest(b"".join(row)) for row in leaves]


def _copy_in_steps(part: Array, tile: Array) -> None:
    """Copy a strided two-dimensional part into a contiguous tile, in steps that fit the cache."""
    step = max(16, _STEP // (part.shape[0] * part.itemsize))
    for start in range(0, part.shape[1], step):
        tile[:, start : start + step] = part[:, start : start + step]


def _contiguous_rows(sink: Sink, block: Array) -> list[bytes]:
    count, length = block.shape
    if length * block.itemsize <= LEAF:
        memory = block.view(np.uint8) if length else block
        return [sink.digest(row.tobytes()) for row in memory] if length == 0 else [sink.digest(r) for r in memory]
    if count == 1:
        return [content(sink, block[0])]
    step = leaf_rows(block.itemsize) * _TASK
    tasks = [(row, left) for row in range(count) for left in range(0, length, step)]

    def hash_run(task: tuple[int, int]) -> bytes:
        row, left = task
        part = block[row, left : left + step]
        return b"".join([_leaf(sink, part, index, None) for index in _leaves(part.shape, part.itemsize)])

    runs: list[list[bytes]] = [[] for _ in range(count)]
    for (row, _), digests in zip(tasks, spread(hash_run, tasks, block.nbytes), strict=True):
        runs[row].append(digests)
    return [sink.digest(b"".join(parts)) for parts in runs]
