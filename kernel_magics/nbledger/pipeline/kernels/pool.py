"""The pool: fork servers of this process, and one kernel made ready ahead of each run.

`ready_kernel` gives a kernel that nobody has used, or says that it must be a cold one. The servers end with this
process, however it ends.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbledger.pipeline.kernels.messages import MOST_BYTES, Lines, send

LONGEST_SOCKET_PATH = 100  # a Unix socket's path has at most 104 bytes on macOS and 108 on Linux
_SECONDS_TO_LOAD = 120.0
_SECONDS_TO_ANSWER = 20.0
_SHARING = {"OPENBLAS_THREAD_TIMEOUT": "16"}
"""What a server of kernels that run side by side is started with; they themselves do not have it in their environment.

OpenBLAS's threads turn for 2**26 cycles while they wait for work, which takes the cores from the other kernels: two
at once took 0.1 s of processor time for a `LogisticRegression` of 400 rows, and 0.01 s with 2**16. The results are the
same.
"""
_PASSING = frozenset(
    {"_", "COLUMNS", "JPY_PARENT_PID", "JPY_SESSION_NAME", "LINES", "OLDPWD", "PWD", "PYTEST_CURRENT_TEST"}
)


class ServerGone(Exception):
    """The fork server ended, or does not answer; never shown: the kernel is started cold instead."""


class ReadyKernel:
    """A forked kernel: where it listens, and how its process is told and ended."""

    def __init__(self, server: ForkServer, id: str, modules: frozenset[str]) -> None:
        self.id = id
        self.modules = modules
        self.pid = 0
        self.connection = server.folder / f"{id}.json"
        self.status: int | None = None  # as `Popen.returncode`
        self.ended = threading.Event()
        self._server = server

    def use(self, environment: Mapping[str, str], folder: Path, extensions: Sequence[str]) -> None:
        """Give it what it runs with. Raises `ServerGone`."""
        use = {"env": dict(environment), "cwd": str(folder), "extensions": list(extensions)}
        self._server.tell({"do": "use", "kernel": self.id, "use": use})

    def signal(self, number: int) -> None:
        """Send its process a signal; nothing happens when it has ended."""
        if not self.ended.is_set():
            with contextlib.suppress(ServerGone):
                self._server.tell({"do": "signal", "kernel": self.id, "signal": number})


class ForkServer:
    """The near side of a fork server's channel."""

    def __init__(self, environment: Mapping[str, str], *, sharing: bool = False) -> None:
        self.environment = {**(_SHARING if sharing else {}), **environment}
        self.folder = Path(tempfile.mkdtemp(prefix="nbledger-"))
        self.loaded: set[str] = set()
        self.kernels: dict[str, ReadyKernel] = {}
        self._answers: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._gone = False
        ours, theirs = socket.socketpair()
        self._channel = ours
        command = [sys.executable, "-m", "nbledger.pipeline.kernels.server", str(theirs.fileno()), str(self.folder)]
        self.process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C in a terminal is for this process, which ends what it must
        )
        theirs.close()
        threading.Thread(target=self._listen, name="nbledger-kernels", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return not self._gone

    def load(self, modules: Sequence[str]) -> dict[str, str]:
        """Have it import modules; return why some must not be imported ahead. Raises `ServerGone`."""
        wanted = [name for name in modules if name not in self.loaded]
        if not wanted:
            return {}
        self.tell({"do": "load", "modules": wanted})
        with self._changed:
            if not self._changed.wait_for(lambda: self._answers or self._gone, _SECONDS_TO_LOAD) or self._gone:
                raise ServerGone
            trouble = self._answers.pop()["trouble"]
        self.loaded.update(wanted)
        return dict(trouble)

    def prepare(self) -> ReadyKernel:
        """Have it fork a kernel. Raises `ServerGone`."""
        kernel = ReadyKernel(self, uuid.uuid4().hex[:12], frozenset(self.loaded))
        self.kernels[kernel.id] = kernel
        self.tell({"do": "prepare", "kernel": kernel.id})
        return kernel

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message. Raises `ServerGone`."""
        with self._changed:
            if self._gone:
                raise ServerGone
            try:
                send(self._channel, message)
            except OSError as error:
                raise ServerGone from error

    def close(self) -> None:
        """End it and all its kernels."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(_SECONDS_TO_ANSWER)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listen(self) -> None:
        lines = Lines()
        with contextlib.suppress(OSError):
            while data := self._channel.recv(MOST_BYTES):
                for message in lines.feed(data):
                    self._hear(message)
        with self._changed:
            self._gone = True
            self._changed.notify_all()
        for kernel in list(self.kernels.values()):
            kernel.status = -signal.SIGKILL
            kernel.ended.set()
        self._channel.close()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["told"] == "loaded":
            with self._changed:
                self._answers.append(message)
                self._changed.notify_all()
        elif message["told"] == "prepared":
            self.kernels[message["kernel"]].pid = message["pid"]
        elif message["told"] == "ended":
            kernel = self.kernels.pop(message["kernel"])
            kernel.status = message["status"]
            kernel.ended.set()


class Side:
    """A server of a pool, and the kernels that it has made ready."""

    def __init__(self, environment: Mapping[str, str], *, sharing: bool) -> None:
        self.server = ForkServer(environment, sharing=sharing)
        self.spare: list[ReadyKernel] = []
        self.taken = 0

    def take(self, modules: Sequence[str], depth: int) -> ReadyKernel:
        """Return an unused kernel that has imported the modules, and make the next ones ready.

        A process that runs one notebook needs no second kernel: the first is followed by none.
        """
        kernel = None
        while self.spare and kernel is None:
            kernel = self.spare.pop(0)
            if kernel.ended.is_set() or not kernel.modules.issuperset(modules):
                kernel.signal(signal.SIGKILL)
                kernel = None
        kernel = kernel or self.server.prepare()
        self.taken += 1
        if self.taken > 1 or depth > 1:
            self.fill(depth)
        return kernel

    def fill(self, depth: int) -> None:
        """Make kernels ready until there are `depth` of them."""
        while len(self.spare) < depth:
            self.spare.append(self.server.prepare())


class Pool:
    """The fork servers of this process: one with libraries imported ahead, one without."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._sides: dict[bool, Side] = {}
        self._started: Side | None = None  # what it shall import is not known yet
        self._refused: dict[str, str] = {}
        self._key: object = None
        self._depth = 1

    def take(self, modules: Sequence[str], environment: Mapping[str, str]) -> ReadyKernel | None:
        """Return an unused kernel that has imported at least these modules, or `None` when there is no server."""
        with self._lock:
            try:
                side, loaded = self._side(modules, environment)
                return side.take(loaded, self._depth)
            except ServerGone:
                self._close()
                return None

    def expect(self, modules: Sequence[str], environment: Mapping[str, str], kernels: int) -> None:
        """Make as many kernels ready, and keep as many, for notebooks that need these modules."""
        with self._lock:
            try:
                self._depth = max(kernels, 1)
                self._side(modules, environment)[0].fill(self._depth)
            except ServerGone:
                self._close()

    def start(self, environment: Mapping[str, str], kernels: int | None = None) -> None:
        """Start a server, if there is none, while it is found out what its kernels need."""
        with self._lock:
            self._depth = self._depth if kernels is None else max(kernels, 1)
            self._renew(relevant(environment))
            if not self._sides and self._started is None:
                self._started = Side(relevant(environment), sharing=self._depth > 1)

    def close(self) -> None:
        """End the servers and every kernel that they forked."""
        with self._lock:
            self._depth = 1
            self._close()

    def _side(self, modules: Sequence[str], environment: Mapping[str, str]) -> tuple[Side, list[str]]:
        """Return the server that has imported these modules, without those that cannot be imported ahead."""
        environment = relevant(environment)
        self._renew(environment)
        ahead = bool(modules)
        while True:
            wanted = [name for name in modules if name not in self._refused]
            side = self._sides.get(ahead)
            if side is not None and not side.server.alive:
                side.server.close()
                side = None
            if side is None:
                side = self._sides[ahead] = self._take_started() or Side(environment, sharing=self._depth > 1)
            trouble = side.server.load(wanted)
            if not trouble:
                return side, wanted
            # What has been imported stays in that process: the next one goes without it.
            self._refused.update(trouble)
            side.server.close()
            del self._sides[ahead]

    def _take_started(self) -> Side | None:
        side, self._started = self._started, None
        if side is not None and not side.server.alive:
            side.server.close()
            return None
        return side

    def _renew(self, environment: dict[str, str]) -> None:
        """End servers that were started in another environment, or with other distributions."""
        key = (environment, _installed())
        if key != self._key:
            self._close()
            self._key = key

    def _close(self) -> None:
        for side in (*self._sides.values(), *([self._started] if self._started else ())):
            side.server.close()
        self._sides.clear()
        self._started = None


def relevant(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment may matter when a library is imported: all but what names this run."""
    return {
        name: value for name, value in environment.items() if name not in _PASSING and not name.startswith("NBLEDGER_")
    }


def _installed() -> tuple[tuple[str, int], ...]:
    """Return what changes when a distribution is installed or removed: the folders' times."""
    found = []
    for folder in sys.path:
        if folder.endswith(("site-packages", "dist-packages")):
            with contextlib.suppress(OSError):
                found.append((folder, Path(folder).stat().st_mtime_ns))
    return tuple(found)


_pool: Pool | None = None
_pool_lock = threading.Lock()


def the_pool() -> Pool:
    """Return this process's pool; a forked process has one of its own."""
    global _pool
    with _pool_lock:
        if _pool is None or _pool.pid != os.getpid():
            _pool = Pool()
            atexit.register(_close_pool, os.getpid())
        return _pool


def _close_pool(pid: int) -> None:
    if _pool is not None and pid == os.getpid():
        _pool.close()


def close_pool() -> None:
    """End every kernel that was started ahead, and their servers; the next run starts new ones."""
    if _pool is not None and _pool.pid == os.getpid():
        _pool.close()


def begin(kernels: int | None = None) -> None:
    """Start a server where kernels can be forked, for runs whose notebooks are yet to be read, `kernels` at a time."""
    if can_fork():
        the_pool().start(os.environ, kernels)


def is_fresh(wanted: bool | None) -> bool:
    """Tell whether a run wants a cold kernel: as it says, else where CI is set in the environment."""
    return bool(os.environ.get("CI")) if wanted is None else wanted


def can_fork() -> bool:
    """Tell whether kernels can be forked here: Linux, with room for the sockets' paths."""
    return sys.platform == "linux" and len(tempfile.gettempdir()) + 60 < LONGEST_SOCKET_PATH
