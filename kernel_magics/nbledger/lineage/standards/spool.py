"""JSON written as it is found: lists that wait in temporary files, and files that are there in full or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self, cast


def text_of(value: Any) -> str:
    """Return JSON in ASCII, which any terminal takes; NaN and infinities have no place in it."""
    return json.dumps(value, allow_nan=False)


class Spool:
    """Named lists of JSON texts; each is written out later in the order in which it was filled."""

    def __init__(self, names: Sequence[str]) -> None:
        self._open = ExitStack()
        self._files = {name: self._open.enter_context(_temporary()) for name in names}
        self.counts = dict.fromkeys(names, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def add(self, name: str, text: str) -> None:
        """Add one item to a list."""
        self._files[name].write(f",\n{text}" if self.counts[name] else text)
        self.counts[name] += 1

    def copy(self, name: str, out: IO[str]) -> None:
        """Write a list's items, separated by commas."""
        file = self._files[name]
        file.seek(0)
        shutil.copyfileobj(file, out)
        file.seek(0, 2)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write it; only when all is written does it take the place of what is at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        with suppress(OSError):
            Path(name).unlink()


def _temporary() -> IO[str]:
    return cast("IO[str]", tempfile.SpooledTemporaryFile(1 << 20, "w+", encoding="utf-8", newline="\n"))


__all__ = ["Spool", "text_of", "whole_file"]
