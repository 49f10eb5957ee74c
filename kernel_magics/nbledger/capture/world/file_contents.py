"""What a file is at a moment, at the price of a `stat`: its bytes are hashed once for each state it is seen in."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from typing import NamedTuple

from nbledger.fingerprint import file_fingerprint
from nbledger.fingerprint.sink import DIGEST_SIZE
from nbledger.records import Version

# A file that changes twice within one tick of the file system's clock (4 to 10 ms) may look the same by its `stat`.
_TICK = 50_000_000
_MOST_REMEMBERED = 10_000
_BLOCKS, _BLOCK = 64, 1 << 16
_AT_ONCE = 1 << 20


class State(NamedTuple):
    """A file as `stat` shows it."""

    inode: int
    size: int
    mtime: int
    ctime: int
    folder: bool

    @property
    def time(self) -> float:
        """The modification time in seconds since the epoch."""
        return self.mtime / 1e9


def state_of(path: str) -> State | None:
    """Return a regular file's or a folder's state, following links; `None` if there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return None
    return State(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, stat.S_ISDIR(found.st_mode))


class _Hashed(NamedTuple):
    state: State
    at: int
    version: Version


class Contents:
    """Versions of files, each hashed once. Files of more than `sample_over` bytes are sampled (none by default)."""

    def __init__(self, sample_over: int | None = None) -> None:
        self.sample_over = sample_over
        self._hashed: dict[str, _Hashed] = {}

    def version(self, path: str, state: State, *, sure: bool = True) -> Version:
        """Return the version of a file in this state, from memory where that is safe. Raises `OSError`.

        With `sure=False` the file is hashed anyway: one that is mapped into memory changes without its `stat`.
        """
        known = self._hashed.get(path)
        if known is not None and sure and known.state == state and settled(state, known.at):
            return known.version
        at = time.time_ns()
        version = self._hash(path, state.size)
        if len(self._hashed) > _MOST_REMEMBERED:
            self._hashed.clear()
        self._hashed[path] = _Hashed(state, at, version)
        return version

    def moved(self, src: str, dst: str, state: State) -> None:
        """Take over what is known of a file to the name that it has now; `state` is its state under that name."""
        known = self._hashed.pop(src, None)
        if known is not None and known.state[:3] == state[:3]:
            self._hashed[dst] = known._replace(state=state)

    def _hash(self, path: str, size: int) -> Version:
        if self.sample_over is None or size <= self.sample_over:
            return file_fingerprint(path) if size > _AT_ONCE else _hash_small(path)
        from blake3 import blake3

        hasher = blake3(b"nbledger sampled file " + size.to_bytes(8, "little"))
        with open(path, "rb", buffering=0) as file:
            for index in range(_BLOCKS):
                file.seek((size - _BLOCK) * index // (_BLOCKS - 1))
                hasher.update(file.read(_BLOCK))
        return Version(hasher.hexdigest(length=DIGEST_SIZE), "file", "sampled", "file", nbytes=size)


def _hash_small(path: str) -> Version:
    """Return what `file_fingerprint` does, without its large buffer: for folders of many small files."""
    from blake3 import blake3

    with open(path, "rb", buffering=0) as file:
        data = file.readall()
    return Version(blake3(data).hexdigest(length=DIGEST_SIZE), "file", type_name="file", nbytes=len(data))


def settled(state: State, at: int) -> bool:
    """Tell whether a file in this state at a time (nanoseconds since the epoch) can only change visibly after it."""
    return at - max(state.mtime, state.ctime) > _TICK


def listing(names: Iterable[str]) -> Version:
    """Return the version of a folder: its sorted names. What is in its files is their own matter."""
    return _made_of("nbledger folder", sorted(names))


def unknown_file(path: str) -> Version:
    """Return a version, equal to no other, for a file whose content can no longer be had."""
    return _unknown("file", path)


def unknown_url(url: str) -> Version:
    """Return a version, equal to no other, for what came from a URL."""
    return _unknown("url", url)


def _unknown(kind: str, name: str) -> Version:
    version = _made_of("nbledger unknown", [name, os.urandom(16).hex()])
    return Version(version.hash, kind, "opaque", kind)


def _made_of(domain: str, parts: list[str]) -> Version:
    from blake3 import blake3

    text = "\0".join([domain, *parts])
    digest = blake3(text.encode("utf-8", "surrogateescape")).hexdigest(length=DIGEST_SIZE)
    return Version(digest, "file", type_name="directory")
