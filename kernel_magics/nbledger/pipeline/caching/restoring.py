"""Putting back the files that an earlier run wrote: each checked, then renamed into its place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from nbledger.errors import NBLedgerError
from nbledger.fingerprint import file_fingerprint
from nbledger.ledger import Ledger
from nbledger.ledger.errors import ObjectAltered, ObjectMissing
from nbledger.ledger.location import FOLDER
from nbledger.pipeline.caching.record import Write

_CHUNK = 1 << 20
_NEVER = frozenset({FOLDER, ".git"})


class NotRestored(NBLedgerError):
    """A file of an earlier run could not be put back; nothing was changed. Fields: name, why."""

    template = "{name} was not put back: {why}"


def restore(ledger: Ledger, writes: Iterable[Write], root: Path) -> tuple[str, ...]:
    """Put files back below `root` where they are missing or differ, and return their names.

    All are first copied from the object store beside their places and checked; only then is each renamed into place.
    Raises `NotRestored`, before anything was changed.
    """
    waiting: list[tuple[Path, Path, str]] = []
    try:
        for write in writes:
            path = _place(root, write.name)
            if not write.object:
                path.mkdir(parents=True, exist_ok=True)
            elif not _is_there(path, write.version):
                waiting.append((_copied(ledger, write, path), path, write.name))
        for partial, path, _ in waiting:
            partial.replace(path)
        return tuple(name for _, _, name in waiting)
    except (OSError, ObjectMissing, ObjectAltered) as error:
        raise NotRestored(name="A file of an earlier run", why=str(error)) from error
    finally:
        for partial, _, _ in waiting:
            with contextlib.suppress(OSError):
                partial.unlink()


def _place(root: Path, name: str) -> Path:
    """Return where a recorded name lies. Raises `NotRestored` for what would leave the project, or enter the ledger."""
    path = Path(os.path.normpath(root / name))
    top = path.relative_to(root).parts[:1] if path.is_relative_to(root) else ("..",)
    real = Path(os.path.realpath(path.parent))
    if Path(name).is_absolute() or top in ((), ("..",)) or not real.is_relative_to(os.path.realpath(root)):
        raise NotRestored(name=name, why="its place is outside of the project")
    if not _NEVER.isdisjoint(path.relative_to(root).parts):
        raise NotRestored(name=name, why="its place belongs to the ledger or to Git")
    return path


def _is_there(path: Path, version: str) -> bool:
    try:
        return path.is_file() and file_fingerprint(path).hash == version
    except OSError:
        return False


def _copied(ledger: Ledger, write: Write, path: Path) -> Path:
    """Copy an object beside its place under a temporary name, checked against its hash."""
    from blake3 import blake3

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.urandom(6).hex()}.partial")
    hasher = blake3()
    try:
        with ledger.objects.fetch(write.object).open("rb") as source, partial.open("xb") as target:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if hasher.hexdigest() != write.object:
            raise ObjectAltered(hash=write.object, path=str(ledger.objects.folder))  # noqa: TRY301 - the copy goes too
    except FileNotFoundError:
        raise ObjectMissing(hash=write.object, path=str(ledger.objects.folder)) from None
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    return partial


__all__ = ["NotRestored", "restore"]
