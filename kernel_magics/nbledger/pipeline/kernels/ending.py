"""The end of a forked kernel's process, without taking the libraries apart that it shares with its server.

The interpreter ends by emptying every module. In a fork that copies each page of them first: 0.12 s of processor time,
as much as the cells of a short notebook. All that a notebook can notice of an end is done here: its threads are waited
for, its exit functions called, its variables dropped, its open files closed. A kernel that has loaded any other module
than its server and the standard library ends as ever: that module may want to be emptied.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

_FILE: Any = io.IOBase.__base__  # the class of all files, without the machinery of an abstract one
_ANY = frozenset({"__main__", "__mp_main__"})
_BUFFERS = (io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)


class Ending:
    """How the process of a kernel that was forked just now will end; `packages` are what its server has loaded."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages
        self._pid = os.getpid()

    def end(self) -> None:
        """End the process, or return where the interpreter is to end it."""
        if os.getpid() != self._pid or not packages_of(sys.modules) <= self._packages:
            return
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        gc.collect()
        _close_files()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(0)


def packages_of(modules: Iterable[str]) -> frozenset[str]:
    """Return the top-level packages of modules, and those that any kernel may load without being told."""
    return frozenset({name.partition(".")[0] for name in list(modules)}) | sys.stdlib_module_names | _ANY


def _close_files() -> None:
    """Close the files that are open still, as the interpreter does: each before the one that it writes to."""
    found = [one for one in gc.get_objects() if issubclass(type(one), _FILE) and _package(one) != "ipykernel"]
    for one in sorted(found, key=_depth):
        with contextlib.suppress(Exception):
            one.close()


def _depth(file: Any) -> int:
    """Return a file's place in the order of closing: text, compressed files and the like, buffers, what is below."""
    if isinstance(file, io.TextIOBase):
        return 0
    if isinstance(file, io.RawIOBase):
        return 3
    return 2 if isinstance(file, _BUFFERS) else 1


def _package(one: object) -> str:
    return type(one).__module__.partition(".")[0]
