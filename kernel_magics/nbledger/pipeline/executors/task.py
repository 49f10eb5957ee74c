"""What goes to an executor and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from nbledger.errors import NBLedgerError
from nbledger.ledger.liveness import Process

EventKind = Literal["beat", "points", "ended", "lost"]


class ExecutorGone(NBLedgerError):
    """An executor cannot go on: its scheduler went away, or it has no workers. Field: why."""

    template = "{why}; nothing is lost: nbledger sweep --resume RUN goes on"


class MissingExtra(NBLedgerError):
    """A package of an extra is not installed. Fields: what, package, extra."""

    template = "{what} needs the package {package}: pip install 'nbledger[{extra}]'"


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at running a notebook for a trial.

    `ledger` is the folder of the ledger to write to, `None` for one of its own that comes back as a bundle. `watch`
    is the metric whose steps are reported while it runs. Time-outs are in seconds.
    """

    attempt: str
    trial: str
    notebook: str
    params: Mapping[str, Any] = field(default_factory=dict)
    experiment: str | None = None
    number: int = 1
    kernel: str | None = None
    timeout: float | None = None
    cell_timeout: float | None = None
    ledger: str | None = None
    watch: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an attempt.

    `points` are (step, value) of the watched metric. An `ended` attempt's notebook run is `run`, `status` its status
    (`finished`, `failed`, `cancelled`); `bundle` is a file with its records where they are not in the ledger yet.
    `detail` says why an attempt was `lost` or failed before it had a run.
    """

    attempt: str
    kind: EventKind
    points: tuple[tuple[int, float], ...] = ()
    status: str = ""
    run: str | None = None
    bundle: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A worker that was taken for one task: its name, what the executor knows it by, its process if it is here."""

    name: str
    worker: Any
    process: Process | None = None


class Executor(Protocol):
    """Where tasks run. One task a worker at a time; whoever calls it does so from one thread."""

    #: Whether workers write to the ledger themselves; otherwise each attempt comes back as a bundle.
    shares_disk: bool

    def take(self) -> Place | None:
        """Take a worker that is free, `None` while there is none."""

    def start(self, place: Place, task: Task) -> None:
        """Give a task to the worker that was taken."""

    def stop(self, attempt: str) -> None:
        """Ask that an attempt ends early; its `ended` event (status `cancelled`) follows."""

    def kill(self, attempt: str) -> None:
        """Give an attempt up: its worker does not answer. No event follows."""

    def poll(self, timeout: float) -> list[Event]:
        """Return what happened, waiting at most `timeout` seconds for something. Raises `ExecutorGone`."""

    def close(self) -> None:
        """End all workers that this executor made."""
