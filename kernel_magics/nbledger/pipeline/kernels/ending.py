"""The end of a run's kernel, without taking the libraries apart that it has loaded.

The interpreter ends by emptying every module: 0.1 to 0.7 s of a kernel that has loaded scikit-learn, and in a fork each
page of what it shares with its server is copied first. All that a notebook can notice of an end is done here: its
threads are waited for, its exit functions called, its variables dropped, its open files closed. A kernel that has
loaded any other module (than its server, or a cold one than itself and well-known libraries) ends as ever: that module
may want to be emptied.
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
from pathlib import PurePath
from types import ModuleType
from typing import Any

from nbledger.pipeline.kernels.preload import PRELOADABLE

_FILE: Any = io.IOBase.__base__  # the class of all files, without the machinery of an abstract one
_ANY = frozenset({"__main__", "__mp_main__", "_nbledger_skops_io"})
_LIBRARIES = PRELOADABLE | {
    "_cyutility",
    "_plotly_utils",
    "attr",
    "attrs",
    "charset_normalizer",
    "cloudpickle",
    "cython_runtime",
    "dateutil",
    "narwhals",
    "packaging",
    "psutil",
    "pytz",
    "rich",
    "six",
    "skops",
    "sqlite_utils",
    "threadpoolctl",
    "tzdata",
    "yaml",
}
_SECONDS_TO_SETTLE = 2.0
_BUFFERS = (io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)


class Ending:
    """How the process of a kernel will end; `packages` are those that need not be emptied."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages
        self._pid = os.getpid()

    def end(self) -> None:
        """End the process, or return where the interpreter is to end it."""
        if os.getpid() != self._pid or not all(self._is_known(*item) for item in list(sys.modules.items())):
            return
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        gc.collect()
        _close_files()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(0)

    def _is_known(self, name: str, module: ModuleType) -> bool:
        if name.partition(".")[0] in self._packages or name.startswith("_cython_"):
            return True
        file = getattr(module, "__file__", None)  # some compiled parts of libraries go by a name of their own
        return "." not in name and file is not None and not _LIBRARIES.isdisjoint(PurePath(file).parts)


class ColdEnding:
    """The end of a cold kernel, ipykernel's `app`, whose `start` returns when the kernel was shut down.

    Made when the extension is loaded: before `start`, unless the notebook loads it. Then the kernel ends as ever.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._ending = Ending(packages_of(sys.modules) | _LIBRARIES)
        app.start = self

    def __call__(self) -> None:
        """Start the kernel, and end the process when it was shut down."""
        type(self._app).start(self._app)
        if self._is_in_place():
            settle(self._app)
            self._ending.end()

    def restore(self) -> None:
        """Have the process end as ever."""
        if self._is_in_place():
            del self._app.start

    def _is_in_place(self) -> bool:
        return vars(self._app).get("start") is self


def ending_of(shell: Any) -> ColdEnding | None:
    """Return what ends a shell's process: in a cold kernel of a run of ours."""
    app = getattr(getattr(shell, "kernel", None), "parent", None)
    ours = os.name == "posix" and "NBLEDGER_PARENT_RUN" in os.environ
    return ColdEnding(app) if ours and type(app).__module__ == "ipykernel.kernelapp" else None


def settle(app: Any) -> None:
    """Let ipykernel's control thread finish with the request to shut down, before an exit function closes the app.

    `IPKernelApp.close` stops the thread that prints and then joins the control thread, which may be waiting for what it
    printed: about one end in fifty of a busy machine stands still for ten seconds, or until the kernel is killed.
    """
    thread = getattr(app, "control_thread", None)
    if thread is not None and thread.is_alive():
        thread.stop()
        thread.join(_SECONDS_TO_SETTLE)


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
