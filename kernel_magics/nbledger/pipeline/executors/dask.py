"""The executor on a Dask cluster, whose workers share no disk with us.

Dask is only asked to run one task on one worker that we chose. It is trusted with nothing else: a worker that is gone
is noticed here, its attempt is lost, and the leader gives the trial to another. Each result is a bundle, which is kept
in the ledger's folder `incoming/` until it was merged.
"""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.pipeline.executors import dask_worker
from nbledger.pipeline.executors.parcel import pack
from nbledger.pipeline.executors.processes import to_event
from nbledger.pipeline.executors.task import Event, ExecutorGone, MissingExtra, Place, Task

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

INCOMING = "incoming"
CONNECT_SECONDS = 20.0
LOOK_SECONDS = 1.0
#: How long a cluster may be without a worker before it is given up.
EMPTY_SECONDS = 120.0


@dataclass(slots=True)
class _Job:
    """A task under way: its worker's address and Dask's future."""

    address: str
    future: Any


class DaskExecutor:
    """Runs one task at a time on each worker of a cluster (on up to `jobs` of them)."""

    shares_disk = False

    def __init__(
        self, scheduler: str, ledger: Ledger, notebook: Path, *, jobs: int | None = None, upload: Iterable[Path] = ()
    ) -> None:
        self._root = ledger.root
        self._parcel = pack(ledger, notebook, upload)
        self._incoming = ledger.folder / INCOMING
        self._client = _connect(scheduler)
        self._scheduler = scheduler
        self._jobs = jobs
        self._ready: set[str] = set()
        self._running: dict[str, _Job] = {}
        self._events: queue.Queue[Event] = queue.Queue()
        self._topic = f"nbledger-{self._parcel.id}-{os.getpid()}"
        self._client.subscribe_topic(self._topic, self._hear)
        self._workers: set[str] = set()
        self._looked = self._peopled = 0.0
        self._look()

    def take(self) -> Place | None:
        """Take a worker that is idle, and give it the project's files if it has not got them."""
        if self._jobs is not None and len(self._running) >= self._jobs:
            return None
        busy = {job.address for job in self._running.values()}
        for address in sorted(self._workers - busy):
            if address in self._ready or self._prepare(address):
                return Place(address, address)
        return None

    def start(self, place: Place, task: Task) -> None:
        """Submit the task to the worker that was taken, and to no other."""
        notebook = Path(task.notebook).resolve().relative_to(self._root.resolve()).as_posix()
        data = {**task.to_dict(), "notebook": notebook}
        future = self._client.submit(
            dask_worker.run,
            data,
            self._parcel.id,
            self._topic,
            key=f"nbledger-{task.attempt}",
            workers=[place.worker],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        self._running[task.attempt] = _Job(place.worker, future)

    def stop(self, attempt: str) -> None:
        """Ask that an attempt ends early."""
        job = self._running.get(attempt)
        if job is not None:
            with contextlib.suppress(Exception):  # a worker that is gone is noticed by `poll`
                self._client.run(dask_worker.stop, attempt, workers=[job.address], on_error="ignore")

    def kill(self, attempt: str) -> None:
        """Give an attempt up."""
        self.stop(attempt)
        job = self._running.pop(attempt, None)
        if job is not None:
            self._ready.discard(job.address)
            with contextlib.suppress(Exception):
                job.future.cancel(force=True)

    def poll(self, timeout: float) -> list[Event]:
        """Return what happened. Raises `ExecutorGone` when the scheduler is."""
        found: list[Event] = []
        deadline = time.monotonic() + timeout
        while not found and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                found.append(self._events.get(timeout=min(0.05, timeout)))
                while True:
                    found.append(self._events.get_nowait())
            found += self._ended()
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._look()
            found += self._lost()
        return found

    def close(self) -> None:
        """Stop what runs and leave the cluster, which goes on."""
        for attempt in list(self._running):
            self.kill(attempt)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

    # -- the cluster ----------------------------------------------------------------------------------------------

    def _prepare(self, address: str) -> bool:
        """Give a worker the parcel; one that cannot take it is left out. Raises `ExecutorGone` for another nbledger."""
        from nbledger import __version__
        from nbledger.ledger.schema import VERSION

        try:
            found = self._client.run(
                dask_worker.prepare, self._parcel.id, self._parcel.data, workers=[address], on_error="return"
            ).get(address)
        except Exception:  # noqa: BLE001 - it went away meanwhile, whatever that looks like
            self._workers.discard(address)
            return False
        if isinstance(found, ModuleNotFoundError):
            raise ExecutorGone(why=f"worker {address} has no package {found.name}: install nbledger there")
        if not isinstance(found, Mapping):
            self._workers.discard(address)
            return False
        if found["schema"] != VERSION:
            raise ExecutorGone(why=f"worker {address} has nbledger {found['nbledger']}, not {__version__}")
        self._ready.add(address)
        return True

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            self._workers = set(self._client.scheduler_info(n_workers=-1)["workers"])
        except Exception as error:
            raise ExecutorGone(why=f"Dask's scheduler {self._scheduler} does not answer ({error})") from error
        if self._workers or not self._peopled:
            self._peopled = self._looked
        elif self._looked - self._peopled > EMPTY_SECONDS:
            raise ExecutorGone(why=f"Dask's scheduler {self._scheduler} has had no worker for {EMPTY_SECONDS:.0f} s")
        self._ready &= self._workers

    def _lost(self) -> list[Event]:
        found = []
        for attempt, job in list(self._running.items()):
            if job.address not in self._workers and job.future.status != "finished":
                del self._running[attempt]
                with contextlib.suppress(Exception):
                    job.future.cancel(force=True)
                found.append(Event(attempt, "lost", detail=f"worker {job.address} is gone"))
        return found

    def _ended(self) -> list[Event]:
        found = []
        for attempt, job in list(self._running.items()):
            status = job.future.status
            if status == "pending":
                continue
            del self._running[attempt]
            try:
                message = job.future.result(timeout=60)
                found.append(to_event({**message, **self._kept(attempt, message)}))
            except Exception as error:  # noqa: BLE001 - whatever it was, there is no result
                detail = f"worker {job.address}: {type(error).__name__}: {error}"
                found.append(Event(attempt, "lost", detail=detail))
            with contextlib.suppress(Exception):
                job.future.release()
        return found

    def _kept(self, attempt: str, message: Mapping[str, Any]) -> dict[str, str]:
        """Write a result's bundle to `incoming/`, whole or not at all."""
        data = message.get("bundle")
        if data is None:
            return {}
        self._incoming.mkdir(exist_ok=True)
        path = self._incoming / f"{attempt}.zip"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return {"bundle": str(path)}

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        self._events.put(to_event(event[1]))


def _connect(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise MissingExtra(what="--executor dask", package=error.name or "distributed", extra="dask") from None
    try:
        return Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False, name="nbledger")
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExecutorGone(why=f"Dask's scheduler {scheduler} cannot be reached ({why})") from None
