"""Metric values logged one call at a time, written in batches.

`log` only appends to a list (about 0.3 microseconds). One daemon thread writes what has gathered in all buffers every
`FLUSH_SECONDS`; a full buffer, `flush`, `close` and the end of the process write at once. So a killed process loses at
most the values of its last `FLUSH_SECONDS` (and of the batch being written).
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Self

from nbledger.ledger.errors import LedgerError, LedgerWarning

FLUSH_SECONDS = 0.2
FLUSH_POINTS = 10_000
IDLE_SECONDS = 5.0

Point = tuple[str, Any, int | None, float]


class MetricBuffer:
    """Gathers the metric values of one run; usable as a context manager."""

    def __init__(self, write: Callable[[list[Point]], None]) -> None:
        self._write = write
        self._points: list[Point] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._open = False

    def log(self, name: str, value: Any, step: int | None = None, time: float | None = None) -> None:
        """Note a value; `step` counts up by itself when it is left out. It is written within 0.2 seconds."""
        points = self._points
        points.append((name, value, step, _now() if time is None else time))
        if not self._open:
            self._begin()
        elif len(points) >= FLUSH_POINTS:
            _flusher.wake()

    def flush(self) -> None:
        """Write what has gathered. Raises a `LedgerError` (and keeps the values) when that fails."""
        self._after_fork()
        with self._lock:
            points, self._points = self._points, []
            if not points:
                return
            try:
                self._write(points)
            except BaseException:
                self._points[:0] = points
                raise

    def drain(self) -> list[Point]:
        """Return what has gathered and is not written, and end the buffer: the caller writes it with the run's end."""
        self._after_fork()
        self._open = False
        _flusher.remove(self)
        with self._lock:
            points, self._points = self._points, []
        return points

    def close(self) -> None:
        """Write what has gathered and end the buffer. Raises a `LedgerError` (and keeps the values) if that fails."""
        self._open = False
        _flusher.remove(self)
        self.flush()

    def flush_or_give_up(self) -> None:
        """Write what has gathered; on failure keep it for the next time, until there is far too much of it."""
        try:
            self.flush()
        except LedgerError as error:
            if len(self._points) < 100 * FLUSH_POINTS:
                return
            lost = len(self._points)
            self._points.clear()
            warnings.warn(f"{lost} metric values were not recorded: {error}", LedgerWarning, stacklevel=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _begin(self) -> None:
        self._after_fork()
        self._open = True
        _flusher.add(self)

    def _after_fork(self) -> None:
        """Begin anew in a forked child: the values gathered before are the parent's to write."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._lock = threading.Lock()
            self._points = self._points[-1:] if not self._open else []


class _Flusher:
    """The thread that writes all open buffers; it ends when there has been none for a while."""

    def __init__(self) -> None:
        self._buffers: set[MetricBuffer] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def add(self, buffer: MetricBuffer) -> None:
        with self._lock:
            self._buffers.add(buffer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="nbledger-metrics", daemon=True)
                self._thread.start()

    def remove(self, buffer: MetricBuffer) -> None:
        with self._lock:
            self._buffers.discard(buffer)

    def wake(self) -> None:
        self._wake.set()

    def flush_all(self) -> None:
        """Write everything, at the end of the process."""
        for buffer in list(self._buffers):
            try:
                buffer.close()
            except LedgerError as error:
                warnings.warn(f"Metric values were not recorded: {error}", LedgerWarning, stacklevel=2)

    def _work(self) -> None:
        last_used = time.monotonic()
        while True:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            with self._lock:
                buffers = list(self._buffers)
                if buffers:
                    last_used = time.monotonic()
                elif time.monotonic() - last_used > IDLE_SECONDS:
                    self._thread = None
                    return
            for buffer in buffers:
                buffer.flush_or_give_up()

    def _after_fork(self) -> None:
        self._buffers = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = None


_now = time.time
_flusher = _Flusher()

atexit.register(_flusher.flush_all)
