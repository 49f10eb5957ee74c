"""The object store: immutable bytes under the BLAKE3 hash of their content, in `objects/ab/cdef...`.

An object is written to a temporary file beside its place, synced and renamed, so that it is there in full or not at
all, whoever else writes it at the same time. Nothing is ever addressed by a path from outside, only by a hash.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from blake3 import blake3

from nbledger.ledger.errors import BadObjectHash, ObjectAltered, ObjectMissing, translate

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHUNK = 1 << 20
TEMPORARY = ".writing-"
_FEW, _SYNCING = 4, 8


class ObjectStore:
    """The objects below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, hash: str) -> Path:
        """Return where the object of this hash lies. Raises `BadObjectHash` for all but 64 hex digits."""
        if not isinstance(hash, str) or _HASH.fullmatch(hash) is None:
            raise BadObjectHash(hash=hash)
        return self.folder / hash[:2] / hash[2:]

    def has(self, hash: str) -> bool:
        """Tell whether the object is in the store (its bytes are not checked)."""
        return self.path(hash).is_file()

    def put_bytes(self, data: bytes | bytearray | memoryview) -> tuple[str, int]:
        """Store bytes and return their hash and size; bytes that are there already are not written again."""
        size = memoryview(data).nbytes
        hash = _hasher(size).update(data).hexdigest()
        if not self._renew(hash, size):
            with self._writing() as (file, done):
                file.write(data)
                done.append(hash)
        return hash, size

    @contextlib.contextmanager
    def many(self) -> Iterator[Callable[[bytes], tuple[str, int]]]:
        """Yield what stores bytes as `put_bytes` does, where all of them are synced and named when the block ends.

        A disk syncs a hundred files at once in the time that it takes for a few one by one. Nothing is in the store
        before the end; an error there, or in the block, stores none that was not there already.
        """
        waiting: dict[str, str] = {}
        put: dict[str, None] = {}

        def put_later(data: bytes) -> tuple[str, int]:
            hash = _hasher(len(data)).update(data).hexdigest()
            put[hash] = None
            if hash not in waiting and not self._renew(hash, len(data)):
                waiting[hash] = self._unsynced(data)
            return hash, len(data)

        try:
            yield put_later
            _sync(list(waiting.values()))
            for hash, name in waiting.items():
                self._place(name, hash)
        except OSError as error:
            raise translate(error, self.folder) from error
        finally:
            for name in waiting.values():
                with contextlib.suppress(OSError):
                    os.unlink(name)
        self._have_put(put)

    def put_file(self, path: Path | str) -> tuple[str, int]:
        """Store a file's content in one pass of bounded memory and return its hash and size."""
        with open(path, "rb") as source, self._writing() as (file, done):
            hasher = blake3()
            size = 0
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
            hash = hasher.hexdigest()
            if not self._renew(hash, size):
                done.append(hash)
        return hash, size

    def put_stream(self, stream: IO[bytes], hash: str) -> int:
        """Store what a stream gives under the hash that it must have, and return its size.

        Raises `ObjectAltered` (and stores nothing) when the bytes have another hash.
        """
        self.path(hash)
        with self._writing() as (file, done):
            hasher = blake3()
            size = 0
            while chunk := stream.read(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
            if hasher.hexdigest() != hash:
                raise ObjectAltered(hash=hash, path=str(getattr(stream, "name", "the copy")))
            done.append(hash)
        return size

    def read(self, hash: str) -> bytes:
        """Return an object's bytes. Raises `ObjectMissing`, and `ObjectAltered` when they do not match the hash."""
        path = self.path(hash)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ObjectMissing(hash=hash, path=str(self.folder)) from None
        except OSError as error:
            raise translate(error, self.folder) from error
        if _hasher(len(data)).update(data).hexdigest() != hash:
            raise ObjectAltered(hash=hash, path=str(self.folder))
        return data

    def check(self, hash: str) -> int:
        """Read an object through in bounded memory and return its size. Raises as `read`."""
        path = self.path(hash)
        hasher = blake3()
        size = 0
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
                    size += len(chunk)
        except FileNotFoundError:
            raise ObjectMissing(hash=hash, path=str(self.folder)) from None
        except OSError as error:
            raise translate(error, self.folder) from error
        if hasher.hexdigest() != hash:
            raise ObjectAltered(hash=hash, path=str(self.folder))
        return size

    def fetch(self, hash: str) -> Path:
        """Return the file of an object that is in the store, to be read."""
        return self.path(hash)

    def status(self, hash: str) -> tuple[int, float] | None:
        """Return an object's size and when it was written or renewed, `None` when it is not there."""
        try:
            found = self.path(hash).stat()
        except FileNotFoundError:
            return None
        return found.st_size, found.st_mtime

    def hashes(self) -> Iterator[str]:
        """Yield the hash of each object in the store."""
        for file in self._files():
            hash = file.parent.name + file.name
            if _HASH.fullmatch(hash):
                yield hash

    def stray_files(self) -> Iterator[Path]:
        """Yield files that are no objects: what a killed writer left, or what someone else put there."""
        for file in self._files():
            if not _HASH.fullmatch(file.parent.name + file.name):
                yield file

    def remove(self, hash: str) -> int:
        """Remove an object and return the bytes that this freed."""
        path = self.path(hash)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise translate(error, self.folder) from error
        return size

    def _files(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            return
        for place in sorted(self.folder.iterdir()):
            if place.is_dir():
                yield from sorted(place.iterdir())
            else:
                yield place

    def _renew(self, hash: str, size: int) -> bool:
        """Tell whether the object is there in full; if so make it young, so that a gc under way leaves it."""
        path = self.path(hash)
        try:
            if path.stat().st_size != size:
                return False
            os.utime(path)
        except OSError:
            return path.is_file() and path.stat().st_size == size
        return True

    def _have_put(self, hashes: Iterable[str]) -> None:
        """Be told of the objects that `many` has put into the store."""

    def _temporary(self) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        return str(self.folder / (TEMPORARY + os.urandom(8).hex()))

    def _unsynced(self, data: bytes) -> str:
        name = ""
        try:
            name = self._temporary()
            with open(name, "xb") as file:
                file.write(data)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise translate(error, self.folder) from error
        return name

    def _place(self, name: str, hash: str) -> None:
        """Name a synced file as the object that it is."""
        target = self.path(hash)
        target.parent.mkdir(exist_ok=True)
        os.chmod(name, 0o444)
        os.replace(name, target)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[IO[bytes], list[str]]]:
        """Yield a temporary file and a list; the hash that is put into the list names where the file goes."""
        done: list[str] = []
        name = ""
        try:
            name = self._temporary()
            with open(name, "xb") as file:
                yield file, done
                file.flush()
                os.fsync(file.fileno())
            if done:
                self._place(name, done[0])
        except OSError as error:
            raise translate(error, self.folder) from error
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name)


def _sync(names: Sequence[str]) -> None:
    if len(names) < _FEW:
        for name in names:
            _sync_one(name)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_SYNCING, thread_name_prefix="nbledger-sync") as pool:
        list(pool.map(_sync_one, names))


def _sync_one(name: str) -> None:
    file = os.open(name, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _hasher(size: int) -> blake3:
    """Return a hasher, with threads for what is large (measured: threads pay from about 1 MB)."""
    return blake3(max_threads=blake3.AUTO) if size > 1 << 20 else blake3()
