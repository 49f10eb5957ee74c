"""The executor on this machine: worker processes, each of which runs one notebook at a time in a kernel of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from typing import Any

from nbledger.ledger.liveness import Process, boot_id, current_process, process_started
from nbledger.pipeline.executors.task import Event, Place, Task

STOP_SECONDS = 10.0
MOST_SAID = 500


class WorkerProcess:
    """One worker process and the line to it. `tell` is called, on a thread of its own, with what the worker says.

    The last message of a worker that ends is `{"gone": why}`.
    """

    def __init__(self, tell: Callable[[WorkerProcess, dict[str, Any]], None], cwd: str | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the worker has ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nbledger.pipeline.executors.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            cwd=cwd,
            env=_environment(),
            start_new_session=True,  # an interrupt in the terminal is for the leader, which tells its workers
        )
        self.pid = self._process.pid
        self._tell = tell
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def process(self) -> Process:
        """What names the worker's process for good."""
        here = current_process()
        return Process(here.host, boot_id(), self.pid, process_started(self.pid) or 0.0)

    def say(self, what: Mapping[str, Any]) -> bool:
        """Send a message; return whether somebody is there to read it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        """End the worker and what it is at, and wait until it is gone."""
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the worker at once; its kernel notices by itself."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with contextlib.suppress(json.JSONDecodeError):  # a worker that was killed in the middle of a line
                    self._tell(self, json.loads(line))
        code = self._process.wait()
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._tell(self, {"gone": f"worker process {self.pid} ended ({_told(code)}){self._said()}"})

    def _said(self) -> str:
        """Return the last line that the worker wrote to stderr, which often says why it ended."""
        with self._errors as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - MOST_SAID, 0))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


class ProcessExecutor:
    """Runs up to `jobs` tasks side by side. A worker that was lost is replaced by a new one."""

    shares_disk = True

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._idle: list[WorkerProcess] = []
        self._busy: dict[str, WorkerProcess] = {}
        self._events: queue.Queue[Event] = queue.Queue()
        self._lock = threading.Lock()

    def take(self) -> Place | None:
        """Take a worker that is idle, or a new one while there are fewer than `jobs`."""
        with self._lock:
            if len(self._busy) >= self.jobs:
                return None
            worker = self._idle.pop() if self._idle else None
        worker = worker or WorkerProcess(self._hear)
        return Place(f"process {worker.pid}", worker, worker.process)

    def start(self, place: Place, task: Task) -> None:
        """Give the task to the worker."""
        worker: WorkerProcess = place.worker
        with self._lock:
            self._busy[task.attempt] = worker
        if not worker.say({"run": task.to_dict()}):
            self._hear(worker, {"gone": f"worker process {worker.pid} ended before it was given anything"})

    def stop(self, attempt: str) -> None:
        """Ask that an attempt ends early."""
        worker = self._busy.get(attempt)
        if worker is not None:
            worker.say({"stop": attempt})

    def kill(self, attempt: str) -> None:
        """Give an attempt up, and its worker."""
        with self._lock:
            worker = self._busy.pop(attempt, None)
        if worker is not None:
            worker.kill()

    def poll(self, timeout: float) -> list[Event]:
        """Return what happened, waiting at most `timeout` seconds."""
        found: list[Event] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._events.get(timeout=timeout))
            while True:
                found.append(self._events.get_nowait())
        return found

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            workers = [*self._idle, *self._busy.values()]
            self._idle, self._busy = [], {}
        threads = [threading.Thread(target=worker.close) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _hear(self, worker: WorkerProcess, message: dict[str, Any]) -> None:
        if "gone" in message:
            with self._lock:
                lost = [attempt for attempt, holder in self._busy.items() if holder is worker]
                for attempt in lost:
                    del self._busy[attempt]
                if worker in self._idle:
                    self._idle.remove(worker)
            for attempt in lost:
                self._events.put(Event(attempt, "lost", detail=message["gone"]))
        elif "attempt" in message:
            if message["kind"] == "ended":
                with self._lock:
                    if self._busy.pop(message["attempt"], None) is None:
                        return  # given up meanwhile
                    self._idle.append(worker)
            self._events.put(to_event(message))


def to_event(message: Mapping[str, Any]) -> Event:
    """Return what a worker said as an event."""
    return Event(
        attempt=message["attempt"],
        kind=message["kind"],
        points=tuple((int(step), float(value)) for step, value in message.get("points", ())),
        status=message.get("status", ""),
        run=message.get("run"),
        bundle=message.get("bundle"),
        detail=message.get("detail", ""),
    )


def _environment() -> dict[str, str]:
    """Return this process's environment without what another notebook's run may have left in it."""
    ours = {"NBLEDGER_PARENT_RUN", "NBLEDGER_NOTEBOOK", "NBLEDGER_PARAMETERS", "NBLEDGER_EXPERIMENT", "NBLEDGER_DIR"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def _told(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
