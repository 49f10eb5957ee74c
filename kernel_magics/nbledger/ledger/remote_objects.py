"""An object store that also lies elsewhere: `s3://`, `gs://`, `file://` or whatever else fsspec can reach.

Every object is written here first and then there; what is missing here is fetched, checked against its hash and kept.
So the folder `objects/` is a cache: a file of it that also lies in the remote store may be removed at any time. A
remote store that cannot be reached never fails a write: the object stays here, one warning says so, and
`nbledger doctor --fix` sends it later.

Which store it is stands in the ledger (`nbledger init --objects URL`): it is then this ledger's own, and `gc` removes
from it. Or the environment variable `NBLEDGER_OBJECTS` names one that ledgers share, from which nothing is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nbledger.ledger.errors import LedgerError, LedgerWarning, ObjectAltered, ObjectMissing
from nbledger.ledger.objects import TEMPORARY, ObjectStore

if TYPE_CHECKING:
    from nbledger.ledger.connection import Database

VARIABLE = "NBLEDGER_OBJECTS"
SETTING = "objects"
OWNER = "objects_owner"
#: The file of a remote store that names the ledger it belongs to.
MARK = "nbledger-owner"
#: After a failure no other write tries the remote store for this long, so that a cell waits once and not each time.
PAUSE_SECONDS = 60.0
_URL = re.compile(r"[a-z][a-z0-9+.-]*://.+", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class RemoteUnavailable(ObjectMissing):
    """The remote store of objects cannot be used, so that what is only there is missing. Fields: url, why."""

    template = "The object store {url} cannot be used: {why}"


class BadStore(LedgerError):
    """A URL is none of a store, or the store belongs to another ledger. Fields: url, why."""

    template = "{url} cannot be this ledger's object store: {why}"


class RemoteStore(ObjectStore):
    """The objects below one folder, all of them also in a remote store."""

    def __init__(self, folder: Path, url: str, *, owned: bool) -> None:
        super().__init__(folder)
        self.url = url.rstrip("/")
        self.owned = owned
        self._opened: tuple[int, Any, str] | None = None
        self._quiet_until = 0.0

    def has(self, hash: str) -> bool:
        """Tell whether the object is here or there (its bytes are not checked); what cannot be reached is not."""
        if super().has(hash):
            return True
        if time.monotonic() < self._quiet_until:
            return False
        try:
            fs, path = self._remote(hash)
            return bool(fs.exists(path))
        except Exception as error:  # noqa: BLE001 - each store fails in its own way
            self._complain(self._unavailable(error))
            return False

    def put_bytes(self, data: bytes | bytearray | memoryview) -> tuple[str, int]:
        """Store bytes here and there."""
        done = super().put_bytes(data)
        self._send(done[0])
        return done

    def _have_put(self, hashes: Iterable[str]) -> None:
        for hash in hashes:
            self._send(hash)

    def put_file(self, path: Path | str) -> tuple[str, int]:
        """Store a file's content here and there."""
        done = super().put_file(path)
        self._send(done[0])
        return done

    def put_stream(self, stream: IO[bytes], hash: str) -> int:
        """Store what a stream gives here and there."""
        size = super().put_stream(stream, hash)
        self._send(hash)
        return size

    def fetch(self, hash: str) -> Path:
        """Return the object's file here, brought from the remote store if need be. Raises as `read`."""
        if not super().has(hash):
            self._bring(hash)
        return self.path(hash)

    def read(self, hash: str) -> bytes:
        """Return an object's bytes; what is missing or altered here is fetched. Raises as `ObjectStore.read`."""
        with contextlib.suppress(ObjectMissing, ObjectAltered):
            return super().read(hash)
        self._bring(hash)
        return super().read(hash)

    def check(self, hash: str) -> int:
        """Check an object as `ObjectStore.check`, and have it here afterwards."""
        with contextlib.suppress(ObjectMissing, ObjectAltered):
            return super().check(hash)
        self._bring(hash)
        return super().check(hash)

    def hashes(self) -> Iterator[str]:
        """Yield the hash of each object that is here, or in a remote store that is this ledger's own."""
        here = list(super().hashes())
        yield from here
        if self.owned:
            yield from sorted(set(self._remote_hashes()) - set(here))

    def status(self, hash: str) -> tuple[int, float] | None:
        """Return an object's size and when it was written or renewed (the later of both places)."""
        here = super().status(hash)
        if not self.owned:
            return here
        try:
            fs, path = self._remote(hash)
            there = (int(fs.size(path)), fs.modified(path).timestamp())
        except FileNotFoundError:
            return here
        except Exception as error:
            raise self._unavailable(error) from error
        return max(here, there, key=lambda one: one[1]) if here else there

    def remove(self, hash: str) -> int:
        """Remove an object here, and there if the remote store is this ledger's own; return the bytes freed."""
        size = super().remove(hash)
        if self.owned:
            try:
                fs, path = self._remote(hash)
                with contextlib.suppress(FileNotFoundError):
                    size = size or int(fs.size(path))
                    fs.rm_file(path)
            except Exception as error:
                raise self._unavailable(error) from error
        return size

    # -- the remote side ------------------------------------------------------------------------------------------

    def unsent(self) -> list[str]:
        """Return the objects that are only here. Raises `RemoteUnavailable`."""
        there = set(self._remote_hashes())
        return [hash for hash in super().hashes() if hash not in there]

    def send(self, hash: str) -> None:
        """Write an object that is here to the remote store. Raises `RemoteUnavailable`."""
        source = self.path(hash)
        try:
            fs, path = self._remote(hash)
            try:
                if int(fs.size(path)) == source.stat().st_size:
                    return
            except FileNotFoundError:
                pass
            fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            if "file" in fs.protocol:  # the only store here whose writes are seen half done
                part = f"{path.rpartition('/')[0]}/{TEMPORARY}{uuid.uuid4().hex}"
                fs.put_file(str(source), part)
                fs.mv(part, path)
            else:
                fs.put_file(str(source), path)
        except Exception as error:
            raise self._unavailable(error) from error

    def claim(self, owner: str) -> None:
        """Make the remote store this ledger's own. Raises `BadStore` when it is another's, `RemoteUnavailable`."""
        try:
            fs, base = self._remote("")
            fs.makedirs(base, exist_ok=True)
            mark = f"{base}/{MARK}"
            try:
                found = fs.cat_file(mark).decode("ascii", "replace").strip()
            except FileNotFoundError:
                fs.pipe_file(mark, owner.encode())
                return
        except Exception as error:
            raise self._unavailable(error) from error
        if found != owner:
            raise BadStore(url=self.url, why="it belongs to another ledger, whose gc would not know of this one")

    def _send(self, hash: str) -> None:
        """Send an object; whatever goes wrong, the caller's write has succeeded."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            self.send(hash)
        except LedgerError as error:
            self._complain(error)

    def _complain(self, error: LedgerError) -> None:
        """Say once in a while what is wrong, where nothing may fail for it."""
        self._quiet_until = time.monotonic() + PAUSE_SECONDS
        text = f"{error} (objects stay here for now: nbledger doctor --fix sends them)"
        warnings.warn(text, LedgerWarning, stacklevel=4)

    def _bring(self, hash: str) -> None:
        path = self.path(hash)
        try:
            fs, remote = self._remote(hash)
            with fs.open(remote, "rb") as stream:
                super().put_stream(stream, hash)
        except FileNotFoundError:
            if path.is_file():
                return  # altered here and missing there: the caller says so
            raise ObjectMissing(hash=hash, path=f"{self.folder} and {self.url}") from None
        except ObjectAltered:
            raise ObjectAltered(hash=hash, path=self.url) from None
        except LedgerError:
            raise
        except Exception as error:
            raise self._unavailable(error) from error

    def _remote_hashes(self) -> list[str]:
        try:
            fs, base = self._remote("")
            found = (path.rsplit("/", 2)[-2:] for path in fs.find(base))
            return [hash for parts in found if _HASH.fullmatch(hash := "".join(parts))]
        except FileNotFoundError:
            return []
        except Exception as error:
            raise self._unavailable(error) from error

    def _remote(self, hash: str) -> tuple[Any, str]:
        """Return the file system and the path of an object in it; a forked process connects anew."""
        if self._opened is None or self._opened[0] != os.getpid():
            from fsspec.core import url_to_fs

            fs, base = url_to_fs(self.url)
            self._opened = (os.getpid(), fs, base.rstrip("/"))
        _, fs, base = self._opened
        if hash:
            self.path(hash)  # raises for what is no hash
        return fs, f"{base}/{hash[:2]}/{hash[2:]}" if hash else base

    def _unavailable(self, error: Exception) -> LedgerError:
        if isinstance(error, LedgerError):
            return error
        if isinstance(error, ModuleNotFoundError) and error.name == "fsspec":
            return RemoteUnavailable(url=self.url, why="pip install 'nbledger[remote]'")
        why = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, ImportError):
            return RemoteUnavailable(url=self.url, why=f"{why} (fsspec's own package for it)")
        return RemoteUnavailable(url=self.url, why=f"{type(error).__name__}: {why[:300]}; check the address and rights")


def store_of(folder: Path, database: Database | Path) -> ObjectStore:
    """Return the object store of a ledger's folder: with a remote one behind it where one is set."""
    url = _setting(database, SETTING)
    if url:
        return RemoteStore(folder / "objects", url, owned=True)
    shared = os.environ.get(VARIABLE, "")
    if shared and _URL.fullmatch(shared):
        return RemoteStore(folder / "objects", shared, owned=False)
    if shared:
        warnings.warn(f"{VARIABLE}={shared} is no store: write it as s3://bucket/folder", LedgerWarning, stacklevel=2)
    return ObjectStore(folder / "objects")


def set_store(database: Database, folder: Path, url: str) -> RemoteStore:
    """Make `url` the remote store of a ledger, after looking whether it can be used; it is sent what is here.

    Raises `BadStore` and `RemoteUnavailable`, and then nothing was set.
    """
    if not _URL.fullmatch(url):
        raise BadStore(url=url, why="write it with its scheme, such as s3://bucket/folder or file:///folder")
    owner = _setting(database, OWNER) or uuid.uuid4().hex
    store = RemoteStore(folder / "objects", url, owned=True)
    store.claim(owner)
    for hash in store.unsent():
        store.send(hash)
    with database.write() as connection:
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(OWNER, owner), (SETTING, store.url)])
    return store


def _setting(database: Database | Path, name: str) -> str | None:
    query = "SELECT value FROM meta WHERE name = ?"
    if isinstance(database, Path):
        try:
            with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
                row = connection.execute(query, (name,)).fetchone()
        except sqlite3.Error:
            return None
        return str(row[0]) if row else None
    rows = database.rows(query, (name,))
    return str(rows[0][0]) if rows else None
