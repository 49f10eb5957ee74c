"""The fork server: a process of one thread that has imported the libraries, and becomes a kernel by forking.

It is told on its channel to `load` modules, to `prepare` a kernel (fork it, up to its sockets), to `use` one (give it
its environment, folder and extensions), and to `signal` one. It tells when a kernel is `prepared` or has `ended`. When
the channel closes, because its process ended in whatever way, it kills what it forked, and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from nbledger.pipeline.kernels.ending import packages_of
from nbledger.pipeline.kernels.messages import MOST_BYTES, Lines, send

COMPANIONS = {
    "numpy": ("nbledger.fingerprint.arrays", "nbledger.fingerprint.sampling"),
    "pandas": (
        "pandas.io.formats.html",
        "pandas.io.formats.string",
        "pyarrow.pandas_compat",
        "pyarrow.vendored.version",
        "nbledger.fingerprint.frames",
        "nbledger.fingerprint.profile",
        "nbledger.fingerprint.indexes",
    ),
    "sklearn": (
        "narwhals._pandas_like.namespace",
        "narwhals._interchange.dataframe",
        "narwhals.stable.v2._namespace",
        "nbledger.capture.adapters.sklearn",
        "nbledger.capture.found.findings",
    ),
}
"""What libraries import at their first use, and what is imported to observe them, by the library's name."""

_LOOKED_UP = {"sklearn": ("narwhals.plugins", "_discover_entrypoints")}
"""What libraries look up once among the installed distributions, which takes 10 ms, by the library's name."""

_STAY = sys.stdlib_module_names | {"nbledger"}  # what the kernel itself may import at any time
_OWN_THREADS = frozenset({"jemalloc_bg_thd"})  # started anew in the child by jemalloc's own fork handler


class Kernel(NamedTuple):
    """A kernel that the server forked: its process, and the channel on which it waits for its use."""

    pid: int
    channel: socket.socket


class ToBecome(NamedTuple):
    """What the forked child needs to become a kernel."""

    channel: socket.socket
    connection: Path
    ahead: dict[str, ModuleType]
    filters: tuple[Any, ...]
    packages: frozenset[str]  # of all modules that are loaded, the ones ahead included


class Server:
    """Serves until the channel closes, or, in a forked child, returns what it shall become."""

    def __init__(self, channel: socket.socket, folder: Path) -> None:
        self.channel = channel
        self.folder = folder
        self.kernels: dict[str, Kernel] = {}
        self.ahead: dict[str, ModuleType] = {}
        self.filters: list[Any] = []
        self.packages = packages_of(sys.modules)

    def serve(self) -> ToBecome | None:
        """Do as told on the channel."""
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.settimeout(0)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        lines = Lines()
        with selectors.DefaultSelector() as selector:
            selector.register(self.channel, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if wake in ready:
                    with contextlib.suppress(BlockingIOError):
                        wake.recv(MOST_BYTES)
                    self._reap()
                if self.channel in ready:
                    data = self.channel.recv(MOST_BYTES)
                    if not data:
                        return None
                    for message in lines.feed(data):
                        child = self._do(message)
                        if child is not None:
                            signal.set_wakeup_fd(-1)
                            wake.close()
                            woken.close()
                            return child

    def close(self) -> None:
        """Kill every kernel and remove the folder of their sockets."""
        for kernel in self.kernels.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(kernel.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _do(self, message: dict[str, Any]) -> ToBecome | None:
        verb, id = message["do"], message.get("kernel", "")
        if verb == "load":
            send(self.channel, {"told": "loaded", "trouble": self._load(message["modules"])})
        elif verb == "prepare":
            return self._fork(id)
        elif id in self.kernels:
            if verb == "use":
                with contextlib.suppress(OSError):  # it died: its end is told
                    send(self.kernels[id].channel, message["use"])
            elif verb == "signal":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.kernels[id].pid, message["signal"])
        return None

    def _load(self, names: list[str]) -> dict[str, str]:
        """Import modules; return why one must not be imported ahead, by its name.

        They are in `sys.modules` only while others are imported: a kernel starts without them.
        """
        trouble: dict[str, str] = {}
        sys.modules.update(self.ahead)
        gc.disable()  # nothing of what is imported is garbage: looking for it takes an eighth of the time
        for name in with_companions(names):
            if name in sys.modules:
                continue
            before, filters = set(sys.modules), list(warnings.filters)
            why = _imported(name)
            new = [key for key in list(sys.modules) if key not in before and key.partition(".")[0] not in _STAY]
            self.ahead.update({key: sys.modules[key] for key in new})
            self.filters[:0] = [entry for entry in warnings.filters if entry not in filters]
            warnings.filters[:] = filters  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]
            if why and name in names:
                trouble[name] = why
        gc.enable()
        _look_up(names)
        self.packages = packages_of(sys.modules)
        for name in self.ahead:
            sys.modules.pop(name, None)
        return trouble

    def _fork(self, id: str) -> ToBecome | None:
        gc.freeze()  # the child's collections, and those at its end, leave alone what it shares with this process
        ours, theirs = socket.socketpair()
        connection = self.folder / f"{id}.json"
        pid = os.fork()
        if pid:
            theirs.close()
            self.kernels[id] = Kernel(pid, ours)
            send(self.channel, {"told": "prepared", "kernel": id, "pid": pid, "connection": str(connection)})
            return None
        ours.close()
        self.channel.close()
        for kernel in self.kernels.values():
            kernel.channel.close()
        return ToBecome(theirs, connection, self.ahead, tuple(self.filters), self.packages)

    def _reap(self) -> None:
        for id, kernel in list(self.kernels.items()):
            pid, status = os.waitpid(kernel.pid, os.WNOHANG)
            if pid:
                kernel.channel.close()
                del self.kernels[id]
                for left in self.folder.glob(f"{id}*"):
                    left.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    send(self.channel, {"told": "ended", "kernel": id, "status": os.waitstatus_to_exitcode(status)})


def with_companions(names: Sequence[str]) -> list[str]:
    """Return the modules and, after them, what goes with their libraries."""
    roots = dict.fromkeys(name.partition(".")[0] for name in names)
    return [*names, *(companion for root in roots for companion in COMPANIONS.get(root, ()))]


def _look_up(names: Sequence[str]) -> None:
    for root in {name.partition(".")[0] for name in names} & _LOOKED_UP.keys():
        module, function = _LOOKED_UP[root]
        with contextlib.suppress(KeyError, AttributeError):
            getattr(sys.modules[module], function)()


def _imported(name: str) -> str:
    """Import a module; return why it cannot be imported ahead, or nothing.

    What it says on its import it would not say in the notebook, and a thread that it starts is lost by a fork.
    """
    shown: list[str] = []
    show = warnings.showwarning
    warnings.showwarning = lambda *args, **_: shown.append(str(args[0]))
    try:
        with tempfile.TemporaryFile() as said, _standard_streams_to(said.fileno()):
            importlib.import_module(name)
            if said.tell() or os.fstat(said.fileno()).st_size:
                return "it prints when it is imported"
    except BaseException as error:  # noqa: BLE001  (the notebook meets it by itself)
        return f"{type(error).__name__}: {error}"
    finally:
        warnings.showwarning = show
    if shown:
        return f"it warns when it is imported: {shown[0]}"
    return threads_lost_by_a_fork()


def threads_lost_by_a_fork() -> str:
    """Return which threads of this process a fork would lose for good, or nothing."""
    if threading.active_count() > 1:
        return "it leaves a Python thread running"
    try:
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return "the threads of this process cannot be counted"
    others = sum(name not in _OWN_THREADS for name in names) - 1
    if others <= 0:
        return ""
    pools = importlib.import_module("threadpoolctl").threadpool_info()
    known = sum(pool["num_threads"] - 1 for pool in pools if pool["internal_api"] == "openblas")
    return "" if others <= known else f"it leaves {others - known} native threads running"


@contextlib.contextmanager
def _standard_streams_to(file: int) -> Any:
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        for number in kept:
            os.dup2(file, number)
        yield
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)


def main() -> None:
    """Serve on the socket whose number is the first argument; the second is the folder of the kernels' sockets."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    given = dict(os.environ)
    if Path(sys.path[0]) == Path.cwd():
        del sys.path[0]  # as ipykernel's launcher does
    from nbledger.pipeline.kernels import forked

    forked.warm_up()
    server = Server(channel, Path(sys.argv[2]))
    child: ToBecome | None = None
    try:
        child = server.serve()
    finally:
        if child is None:
            server.close()
            os._exit(0)  # it holds nothing that would have to be put away, and somebody waits
    if child is not None:
        forked.become(child, given)


if __name__ == "__main__":
    # The functions that forked children keep belong to the module by its name, not to `__main__`.
    from nbledger.pipeline.kernels.server import main as serve

    serve()
