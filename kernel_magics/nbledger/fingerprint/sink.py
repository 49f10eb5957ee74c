"""The two hashes behind one walk.

`IDENTITY` is BLAKE3 and never sees memory layout: equal content has an equal digest. `TOKEN` is xxh3_128 and may take
memory as it lies (`raw_layout`), so that a frame is checked at the speed of memory however it was built; another
layout of the same content then merely costs one BLAKE3 that finds the same identity. Both give 128 bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import xxhash
from blake3 import blake3

T = TypeVar("T")
R = TypeVar("R")

DIGEST_SIZE = 16
# The leaf of every large content. At 256 KiB BLAKE3 has reached its full single-thread speed, two threads still find
# work in 1 MiB, and a strided leaf is copied inside the second-level cache.
LEAF = 1 << 18
# Below this size a thread costs more than it gains.
PARALLEL = 1 << 22


class Hasher(Protocol):
    """What a streaming hash object offers to the walk."""

    def update(self, data: Any, /) -> Any:
        """Add bytes."""


class Sink:
    """A way to make digests of 16 bytes."""

    name = ""
    raw_layout = False

    def digest(self, data: Any) -> bytes:
        """Return the digest of a bytes-like object (contiguous, of unsigned bytes)."""
        raise NotImplementedError

    def new(self) -> Hasher:
        """Return a streaming hasher; `finish` gives its digest."""
        raise NotImplementedError

    def finish(self, hasher: Any) -> bytes:
        """Return the digest of a streaming hasher."""
        raise NotImplementedError


class Identity(Sink):
    """BLAKE3, its first 128 bits: what is recorded."""

    name = "identity"

    def digest(self, data: Any) -> bytes:
        """Return the digest of a bytes-like object."""
        return blake3(data).digest(length=DIGEST_SIZE)

    def new(self) -> Hasher:
        """Return a streaming hasher."""
        return blake3()

    def finish(self, hasher: Any) -> bytes:
        """Return a streaming hasher's digest."""
        result: bytes = hasher.digest(length=DIGEST_SIZE)
        return result


class Token(Sink):
    """xxh3_128: what is compared within one process to notice a change."""

    name = "token"
    raw_layout = True

    def digest(self, data: Any) -> bytes:
        """Return the digest of a bytes-like object."""
        return xxhash.xxh3_128_digest(data)

    def new(self) -> Hasher:
        """Return a streaming hasher."""
        return xxhash.xxh3_128()

    def finish(self, hasher: Any) -> bytes:
        """Return a streaming hasher's digest."""
        result: bytes = hasher.digest()
        return result


IDENTITY = Identity()
TOKEN = Token()


def workers() -> int:
    """Return how many threads a large content may use: the processors of this process, at most 8."""
    try:
        return min(8, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on macOS or Windows
        return min(8, os.cpu_count() or 1)


def spread(function: Callable[[T], R], tasks: Iterable[T], nbytes: int) -> list[R]:
    """Return `[function(task) for task in tasks]`, on threads when `nbytes` in all is worth it.

    The threads live for this call only: a pool kept for later would be dead in a forked child, and would be left
    behind when the extension is unloaded.
    """
    count = workers()
    if nbytes < PARALLEL or count < 2:
        return [function(task) for task in tasks]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count, thread_name_prefix="nbledger-hash") as pool:
        return list(pool.map(function, tasks))
