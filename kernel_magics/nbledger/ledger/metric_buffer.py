"""Metric values logged one call at a time, written in batches.

`log` only appends to a list (about 0.3 microseconds). A daemon thread writes what has gathered every `FLUSH_SECONDS`;
a full buffer, `flush`, `close` and the end of the process write at once. So a killed process loses at most the values
of its last `FLUSH_SECONDS` (and of the batch being written).
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any, Self

from nbledger.ledger.errors import LedgerError, LedgerWarning

FLUSH_SECONDS = 0.2
FLUSH_POINTS = 10_000

Point = tuple[str, Any, int | None, float]


class MetricBuffer:
    """Gathers the metric values of one run; usable as a context manager."""

    def __init__(self, write: Callable[[list[Point]], None]) -> None:
        self._write = write
        self._points: list[Point] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._wake = threading.Event()
        self._closed = False

    def log(self, name: str, value: Any, step: int | None = None, time: float | None = None) -> None:
        """Note a value; `step` counts up by itself when it is left out. It is written within 0.2 seconds."""
        points = self._points
        points.append((name, value, step, _now() if time is None else time))
        if self._thread is None:
            self._start()
        elif len(points) >= FLUSH_POINTS:
            self._wake.set()

    def flush(self) -> None:
        """Write what has gathered. Raises a `LedgerError` (and keeps the values) when that fails."""
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            points, self._points = self._points, []
            if not points:
                return
            try:
                self._write(points)
            except BaseException:
                self._points[:0] = points
                raise

    def close(self) -> None:
        """Write what has gathered and end the thread."""
        self._closed = True
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=30)
        self.flush()
        _open.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _start(self) -> None:
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            if self._thread is None:
                self._closed = False
                self._wake.clear()
                _open.add(self)
                self._thread = threading.Thread(target=self._work, name="nbledger-metrics", daemon=True)
                self._thread.start()

    def _reset(self) -> None:
        """Begin anew in a forked child: the values gathered before are the parent's to write."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._points = self._points[-1:]
        self._thread = None

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            try:
                self.flush()
            except LedgerError as error:
                if len(self._points) < 100 * FLUSH_POINTS:
                    continue  # tried again at the next turn; `close` raises if it still fails
                lost = len(self._points)
                self._points.clear()
                warnings.warn(f"{lost} metric values were not recorded: {error}", LedgerWarning, stacklevel=2)


_now = time.time
_open: weakref.WeakSet[MetricBuffer] = weakref.WeakSet()


def _flush_all() -> None:
    for buffer in list(_open):
        try:
            buffer.close()
        except LedgerError as error:
            warnings.warn(f"Metric values were not recorded: {error}", LedgerWarning, stacklevel=2)


atexit.register(_flush_all)
