"""What the cell does to files, processes and the network, as Python's audit events tell it.

One hook for the life of the process (audit hooks cannot be removed): while nobody listens its table of events is
empty, and any event costs a look into that table. Only what the cell's own thread does is told, and what threads do
that were started while somebody listened; never what nbledger itself does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from nbledger.capture.world.evaluated import runs_in

_OURS = "nbledger"
_LIST_BY_THEMSELVES = ("importlib", "_frozen_importlib", "pkgutil", "pkg_resources")


class Listener:
    """Told of what a cell does. Paths are absolute and normal; a listener overrides what it wants to know."""

    def opened(self, path: str, mode: str | None, flags: int) -> None:
        """A file is about to be opened; `flags` are those of `os.open`."""

    def connected(self, database: str) -> None:
        """An SQLite database is about to be opened."""

    def connection(self, connection: Any) -> None:
        """The connection to the database that was just told of by `connected`."""

    def executed(self, code: CodeType) -> None:
        """`exec` or `eval` was called by code of the notebook's namespace."""

    def removed(self, path: str) -> None:
        """A file or folder is about to be removed."""

    def renamed(self, src: str, dst: str) -> None:
        """A file or folder is about to be renamed, perhaps over another one."""

    def linked(self, src: str, dst: str) -> None:
        """A link is about to be made."""

    def truncated(self, path: str) -> None:
        """A file is about to be cut."""

    def mapped(self, path: str) -> None:
        """An open file is about to be mapped into memory such that it may be written to."""

    def listed(self, path: str) -> None:
        """A folder is about to be listed."""

    def made(self, path: str) -> None:
        """A folder is about to be made."""

    def started(self, command: str | tuple[str, ...], cwd: str | None, *, by_library: bool) -> None:
        """A process is about to be started, by a shell if `command` is a string."""

    def requested(self, url: str) -> None:
        """A URL is about to be requested."""

    def reached(self, host: str, port: int) -> None:
        """A network connection is about to be made."""

    def relied_on_folder(self) -> None:
        """The current folder mattered: a path was relative, or a process was started in it."""

    def moved(self, path: str | None) -> None:
        """The current folder is about to be another one."""

    def missed(self, event: str, error: Exception) -> None:
        """An event could not be told."""


class _PerThread(threading.local):
    quiet = 0


_local = _PerThread()
_events: dict[str, Callable[[tuple[Any, ...]], None]] = {}
_listeners: tuple[Listener, ...] = ()
_namespace: Mapping[str, Any] | None = None
_others: dict[int, threading.Thread] = {}
_own: dict[int, threading.Thread] = {}
_installed = False


def activate(*listeners: Listener, namespace: Mapping[str, Any] | None = None) -> None:
    """Tell these listeners from now on; `namespace` is the one whose `exec` and `eval` count."""
    global _installed, _listeners, _namespace, _others
    here = threading.get_ident()
    alive: dict[int, threading.Thread] = dict(threading._active)  # type: ignore[attr-defined]
    # Threads of a cell live on across cells; all others that are there now are the front end's or our own.
    _others = {
        ident: thread
        for ident, thread in alive.items()
        if ident != here and (thread.name == _OURS or _own.get(ident) is not thread)
    }
    _listeners, _namespace = listeners, namespace
    if not _installed:
        sys.addaudithook(_hook)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=deactivate)
        _installed = True
    _events.update(_HANDLERS)


def deactivate() -> None:
    """Tell nobody any more."""
    global _listeners, _namespace, _own
    _events.clear()
    _listeners, _namespace = (), None
    alive = dict(threading._active)  # type: ignore[attr-defined]
    _own = {ident: thread for ident, thread in alive.items() if _others.get(ident) is not thread}


def is_alone() -> bool:
    """Tell whether no other thread goes on that ran a cell, or that a cell started."""
    here = threading.get_ident()
    alive: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]
    return all(ident == here or alive.get(ident) is not thread for ident, thread in _own.items())


@contextmanager
def paused() -> Iterator[None]:
    """Do something of our own in this thread that nobody is told of."""
    _local.quiet += 1
    try:
        yield
    finally:
        _local.quiet -= 1


def absolute(path: Any, folder_fd: int = -1) -> str | None:
    """Return a path as an absolute one without `.` and `..`; `None` for what cannot be told (a descriptor)."""
    if type(path) is not str:
        if isinstance(path, int):
            return _of_descriptor(path)
        if path is None:
            return os.getcwd()
        path = os.fsdecode(path)
    return _absolute(path, folder_fd)


def _absolute(path: str, folder_fd: int) -> str | None:
    if not path or "\0" in path:
        return None
    if not os.path.isabs(path):
        folder = os.getcwd() if folder_fd < 0 else _of_descriptor(folder_fd)
        if folder is None:
            return None
        path = f"{folder}{os.sep}{path}"
    return os.path.normpath(path)


def rely_on_folder(path: Any) -> None:
    """Tell of a path that is relative to the current folder."""
    if not isinstance(path, int) and (path is None or not os.path.isabs(path)):
        for listener in _listeners:
            listener.relied_on_folder()


def is_heard() -> bool:
    """Tell whether what this thread does now is the cell's, and not our own or another thread's."""
    if not _listeners or _local.quiet:
        return False
    here = threading.get_ident()
    other = _others.get(here)
    return other is None or threading._active.get(here) is not other  # type: ignore[attr-defined]


def _of_descriptor(descriptor: int) -> str | None:
    try:
        found = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return None  # no such descriptor, or no such system: what comes by a descriptor alone is then not told
    return found if found.startswith("/") else None


def _hook(event: str, args: tuple[Any, ...], events: Collection[str] = _events) -> None:
    if event in events:
        _tell(event, args)


def _tell(event: str, args: tuple[Any, ...]) -> None:
    """Hand an event on, if it is the cell's; whatever goes wrong is no concern of the user's call."""
    if not is_heard():
        return
    _local.quiet = 1
    try:
        handler = _events.get(event)
        if handler is not None:
            handler(args)
    except Exception as error:  # noqa: BLE001 - the user's call goes on
        for listener in _listeners:
            listener.missed(event, error)
    finally:
        _local.quiet = 0


def _caller() -> FrameType | None:
    """Return the frame that raised the event: the first one below ours, of which there are four at least."""
    frame: FrameType | None = sys._getframe(4)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _open(args: tuple[Any, ...]) -> None:
    if type(args[0]) is not int:
        path = absolute(args[0])
        if path is not None:
            rely_on_folder(args[0])
            for listener in _listeners:
                listener.opened(path, args[1], args[2])


def _connect(args: tuple[Any, ...]) -> None:
    database = os.fsdecode(args[0])
    rely_on_folder(database.removeprefix("file:"))
    for listener in _listeners:
        listener.connected(database)


def _connection(args: tuple[Any, ...]) -> None:
    for listener in _listeners:
        listener.connection(args[0])


def _exec(args: tuple[Any, ...]) -> None:
    frame = sys._getframe(3)  # below this one, `_tell` and `_hook`
    if not isinstance(args[0], CodeType):
        return
    if runs_in(_namespace, frame):
        for listener in _listeners:
            listener.executed(args[0])


def _remove(args: tuple[Any, ...]) -> None:
    path = absolute(args[0], args[1])
    if path is not None:
        for listener in _listeners:
            listener.removed(path)


def _rename(args: tuple[Any, ...]) -> None:
    src, dst = absolute(args[0], args[2]), absolute(args[1], args[3])
    if src is not None and dst is not None:
        for listener in _listeners:
            listener.renamed(src, dst)


def _symlink(args: tuple[Any, ...]) -> None:
    dst = absolute(args[1], args[2])
    if dst is not None:
        src = os.path.normpath(f"{os.path.dirname(dst)}{os.sep}{os.fsdecode(args[0])}")
        for listener in _listeners:
            listener.linked(src, dst)


def _link(args: tuple[Any, ...]) -> None:
    src, dst = absolute(args[0], args[2]), absolute(args[1], args[3])
    if src is not None and dst is not None:
        for listener in _listeners:
            listener.linked(src, dst)


def _truncate(args: tuple[Any, ...]) -> None:
    path = absolute(args[0])
    if path is not None:
        for listener in _listeners:
            listener.truncated(path)


def _mmap(args: tuple[Any, ...]) -> None:
    import mmap

    if args[0] >= 0 and args[2] not in (mmap.ACCESS_READ, mmap.ACCESS_COPY):
        path = _of_descriptor(args[0])
        if path is not None:
            for listener in _listeners:
                listener.mapped(path)


def _list(args: tuple[Any, ...]) -> None:
    frame = _caller()
    # The import system lists the folders of `sys.path`, whatever is imported; so do those who look for entry points.
    if frame is None or not str(frame.f_globals.get("__name__")).startswith(_LIST_BY_THEMSELVES):
        path = absolute(args[0])
        if path is not None:
            rely_on_folder(args[0])
            for listener in _listeners:
                listener.listed(path)


def _mkdir(args: tuple[Any, ...]) -> None:
    path = absolute(args[0], args[2])
    if path is not None:
        for listener in _listeners:
            listener.made(path)


def _chdir(args: tuple[Any, ...]) -> None:
    rely_on_folder(args[0])
    path = absolute(args[0])
    for listener in _listeners:
        listener.moved(path)


def _popen(args: tuple[Any, ...]) -> None:
    command, cwd = args[1], args[2]
    words = (command,) if isinstance(command, (str, bytes, os.PathLike)) else tuple(command)
    _started(tuple(map(os.fsdecode, words)), None if cwd is None else absolute(cwd))


def _system(args: tuple[Any, ...]) -> None:
    _started(os.fsdecode(args[0]), None)


def _started(command: str | tuple[str, ...], cwd: str | None) -> None:
    from nbledger.capture.hooks.libraries import is_library

    frame = _caller()
    while frame is not None and frame.f_globals.get("__name__") == "subprocess":
        frame = frame.f_back
    by_library = frame is not None and is_library(frame.f_code.co_filename)
    rely_on_folder(cwd)
    for listener in _listeners:
        listener.started(command, cwd, by_library=by_library)


def _request(args: tuple[Any, ...]) -> None:
    for listener in _listeners:
        listener.requested(str(args[0]))


def _send(args: tuple[Any, ...]) -> None:
    """Take the URL of a request from its first line, as `requests` sends it; bodies are told of by the same event."""
    client, data = args
    if not isinstance(data, bytes):
        return
    method, _, rest = data[:8192].partition(b"\r\n")[0].partition(b" ")
    target, _, protocol = rest.rpartition(b" ")
    if not method.isupper() or not protocol.startswith(b"HTTP/"):
        return
    place = target.decode("latin-1")
    if "://" not in place:
        scheme = "https" if client.default_port == 443 else "http"
        port = "" if client.port in (None, client.default_port) else f":{client.port}"
        place = f"{scheme}://{client.host}{port}{place}"
    for listener in _listeners:
        listener.requested(place)


def _resolve(args: tuple[Any, ...]) -> None:
    if args[0] and isinstance(args[1], int) and args[1]:
        for listener in _listeners:
            listener.reached(os.fsdecode(args[0]), args[1])


def _socket(args: tuple[Any, ...]) -> None:
    address = args[1]
    if isinstance(address, tuple) and isinstance(address[0], str):
        for listener in _listeners:
            listener.reached(address[0], address[1])


_HANDLERS: Mapping[str, Callable[[tuple[Any, ...]], None]] = {
    "open": _open,
    "sqlite3.connect": _connect,
    "sqlite3.connect/handle": _connection,
    "exec": _exec,
    "os.remove": _remove,
    "os.rmdir": _remove,
    "os.rename": _rename,
    "os.link": _link,
    "os.symlink": _symlink,
    "os.truncate": _truncate,
    "mmap.__new__": _mmap,
    "os.listdir": _list,
    "os.scandir": _list,
    "os.mkdir": _mkdir,
    "os.chdir": _chdir,
    "subprocess.Popen": _popen,
    "os.system": _system,
    "urllib.Request": _request,
    "http.client.send": _send,
    "socket.getaddrinfo": _resolve,
    "socket.connect": _socket,
}
