"""Threads and tasks that a cell leaves running: what they may still change, and that no cell says what they do.

What runs the notebook's code goes on while later cells run. What it changes cannot be told from what the cell changes:
every later cell looks again at what it can reach, once more after it has ended.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import FrameType
from typing import Any, NamedTuple

from nbledger.capture.code.reach import ADDRESS, function_globals
from nbledger.capture.namespace.sharing import Reach, reach_of

_HARMLESS = ("nbledger", "IPython", "Heartbeat", "IOPub", "tqdm")


class _Watched(NamedTuple):
    """A thread or task of the user's, and what it reaches."""

    what: str
    runner: Any
    goes_on: Callable[[], bool]
    reach: Reach


class Background:
    """The threads and tasks of the user's that go on behind the cells of one namespace."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._before: frozenset[int] = frozenset()
        self._watched: list[_Watched] = []

    @property
    def is_idle(self) -> bool:
        """Whether nothing of the user's is known to go on."""
        return not self._watched

    def before(self) -> None:
        """Take note of the threads that run before a cell."""
        self._before = frozenset(map(ADDRESS, threading.enumerate()))

    def after(self) -> tuple[list[Reach], tuple[str, ...]]:
        """Return what may have been changed while the cell ran, though not by it; and why that cannot be told."""
        known = self._before.union(ADDRESS(item.runner) for item in self._watched)
        for thread in threading.enumerate():
            if ADDRESS(thread) not in known:
                self._take_thread(thread)
        self._take_tasks(known)
        if not self._watched:
            return [], ()
        # One that has ended since may have changed something until just now.
        reached = [item.reach for item in self._watched]
        self._watched = [item for item in self._watched if item.goes_on()]
        return reached, tuple(f"background {item.what} goes on" for item in self._watched)

    def _take_thread(self, thread: threading.Thread) -> None:
        """Watch a thread if it runs the notebook's code, or will."""
        if thread.name.startswith(_HARMLESS) or type(thread).__module__.partition(".")[0] == "tqdm":
            return
        fields = vars(thread)
        parts = [fields.get(key) for key in ("_target", "_args", "_kwargs", "function", "args", "kwargs")]
        frames = self._own_frames(sys._current_frames().get(thread.ident or 0))
        if type(thread).__module__ == self._namespace.get("__name__"):
            parts.append(thread)
        reach = self._reach(parts, frames)
        if reach.calls or frames:
            self._watched.append(_Watched(f"thread {thread.name!r}", thread, thread.is_alive, reach))

    def _take_tasks(self, known: Iterable[int]) -> None:
        """Watch the tasks of the running event loop that run the notebook's code."""
        asyncio = sys.modules.get("asyncio")
        if asyncio is None or asyncio._get_running_loop() is None:
            return
        for task in asyncio.all_tasks():
            frames = self._own_frames(getattr(task.get_coro(), "cr_frame", None))
            if frames and ADDRESS(task) not in known:
                reach = self._reach([], frames)
                self._watched.append(_Watched(f"task {task.get_name()!r}", task, partial(_is_pending, task), reach))

    def _reach(self, parts: list[Any], frames: list[FrameType]) -> Reach:
        calls: set[str] = set()
        for frame in frames:
            parts.extend(frame.f_locals.values())
            calls |= function_globals(frame.f_code).reads
        reach = reach_of(parts, self._namespace)
        return reach._replace(calls=reach.calls | calls)

    def _own_frames(self, frame: FrameType | None) -> list[FrameType]:
        """Return those frames of a stack that run the notebook's functions."""
        found = []
        while frame is not None:
            if frame.f_globals is self._namespace and frame.f_locals is not self._namespace:
                found.append(frame)
            frame = frame.f_back
        return found


def _is_pending(task: Any) -> bool:
    return not task.done()
