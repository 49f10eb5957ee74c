"""Whether the process behind a session still lives; from this a run's status is derived, never stored.

On one host a process is named for good by boot id, pid and start time: another process that gets the same pid later
differs in one of them. A session on another host is judged by the age of its heartbeat, the modification time of
`.nbledger/sessions/<id>`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

#: A heartbeat older than this means that a session on another host is dead (it is renewed each minute).
HEARTBEAT_SECONDS = 180.0


class Process(NamedTuple):
    """What names a process for good. `started` is in seconds since boot on Linux, since the epoch elsewhere."""

    host: str
    boot_id: str
    pid: int
    started: float


def current_process() -> Process:
    """Return what names this process, for a `Session`'s fields of the same meaning."""
    pid = os.getpid()
    return Process(platform.node(), boot_id(), pid, process_started(pid) or 0.0)


@cache
def boot_id() -> str:
    """Return a text that differs after each boot of this machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with contextlib.suppress(Exception):
        import psutil

        return f"boot-{psutil.boot_time():.0f}"
    return ""


def process_started(pid: int) -> float | None:
    """Return when process `pid` started, or `None` when there is no such process.

    Linux counts it in clock ticks since boot (proc(5), field 22), which no change of the wall clock moves.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return _process_started_elsewhere(pid)
    if fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19]) / float(os.sysconf("SC_CLK_TCK"))


def _process_started_elsewhere(pid: int) -> float | None:
    if os.path.isdir("/proc/self"):
        return None
    try:
        import psutil
    except ImportError:
        return None
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def is_alive(process: Process, heartbeat: Path) -> bool:
    """Tell whether the process of a session lives; `heartbeat` is the session's file."""
    if process.host != platform.node():
        return _beats(heartbeat)
    if process.boot_id != boot_id():
        return False
    started = process_started(process.pid)
    if started is None:
        return False
    # The second form is for sessions whose start was written in seconds since the epoch.
    return abs(started - process.started) < 0.1 or abs(started + _booted_at() - process.started) < 3.0


def _beats(heartbeat: Path) -> bool:
    try:
        return time.time() - heartbeat.stat().st_mtime < HEARTBEAT_SECONDS
    except OSError:
        return False


def _booted_at() -> float:
    try:
        with open("/proc/uptime", encoding="ascii") as file:
            return time.time() - float(file.read().split()[0])
    except (OSError, ValueError):
        return 0.0
