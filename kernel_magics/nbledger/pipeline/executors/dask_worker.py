"""What runs inside a Dask worker: it keeps the parcel, and runs each attempt in a process of its own.

The process runs the notebook in a fresh copy of the project with a ledger of its own. What it recorded goes back as a
bundle. So a kernel that runs out of memory takes itself, at most its process, and never the Dask worker.
"""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_parcels: dict[str, bytes] = {}
_running: dict[str, Any] = {}
_lock = threading.Lock()


def prepare(parcel: str, data: bytes) -> dict[str, Any]:
    """Keep a parcel for the attempts to come (and forget older ones); return who this worker is."""
    import os
    import platform

    from nbledger import __version__
    from nbledger.ledger.schema import VERSION

    with _lock:
        _parcels.clear()
        _parcels[parcel] = data
    return {"nbledger": __version__, "schema": VERSION, "pid": os.getpid(), "host": platform.node()}


def run(task: Mapping[str, Any], parcel: str, topic: str) -> dict[str, Any]:
    """Run one attempt and return how it ended, with its bundle's bytes. Signs of life go to Dask's `topic`."""
    from distributed import get_worker

    from nbledger.pipeline.executors.parcel import unpack
    from nbledger.pipeline.executors.processes import WorkerProcess

    worker = get_worker()
    messages: queue.Queue[dict[str, Any]] = queue.Queue()
    with tempfile.TemporaryDirectory(prefix="nbledger-trial-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        unpack(_parcels[parcel], root)
        process = WorkerProcess(lambda _worker, message: messages.put(message), cwd=name)
        _claim(task["attempt"], process)
        try:
            process.say({"run": {**task, "notebook": str(root / task["notebook"]), "ledger": None}})
            while True:
                message = messages.get()
                if "gone" in message:
                    return {"attempt": task["attempt"], "kind": "lost", "detail": message["gone"]}
                if message.get("kind") == "ended":
                    return _with_bundle(message)
                if "attempt" in message:
                    worker.log_event(topic, message)
        finally:
            _leave(task["attempt"])
            process.close()


def stop(attempt: str) -> None:
    """End an attempt of this worker early."""
    with _lock:
        process = _running.get(attempt)
    if process is not None:
        process.say({"stop": attempt})


def _claim(attempt: str, process: Any) -> None:
    """Note what runs here; an attempt that was left by a leader that is gone ends now, one task a worker."""
    with _lock:
        left = list(_running.values())
        _running.clear()
        _running[attempt] = process
    for other in left:
        other.kill()


def _leave(attempt: str) -> None:
    with _lock:
        _running.pop(attempt, None)


def _with_bundle(message: dict[str, Any]) -> dict[str, Any]:
    path = message.get("bundle")
    if path is None:
        return message
    try:
        return {**message, "bundle": Path(path).read_bytes()}
    finally:
        Path(path).unlink(missing_ok=True)
