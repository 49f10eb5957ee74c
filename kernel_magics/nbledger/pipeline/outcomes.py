"""How a notebook's run ends: `NotebookRun`, the cell events on the way, and the typed failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nbledger.errors import NBLedgerError
from nbledger.records import RunError

CellState = Literal["running", "finished", "failed", "taken"]

_WHERE_TO_LOOK = (
    "\nThe executed notebook: {output}\nThe run: nbledger show {short}; --resume {short} goes on from that cell"
)


class NotebookFailed(NBLedgerError):
    """A cell of a notebook failed. Fields: run (`NotebookRun`), cell (`FailedCell` or `None`), error, output."""

    template = "{where} failed: {what}" + _WHERE_TO_LOOK


class NotebookTimedOut(NotebookFailed):
    """A cell, or the whole run, took longer than it may. Fields as of `NotebookFailed`."""

    template = "{where} timed out: {what}" + _WHERE_TO_LOOK


class KernelDied(NotebookFailed):
    """The kernel's process ended while a cell ran. Fields as of `NotebookFailed`."""

    template = "The kernel died in {where}: {what}" + _WHERE_TO_LOOK


class NotANotebook(NBLedgerError):
    """The file is no notebook that can be run. Fields: path, why."""

    template = "{path} cannot be run as a notebook: {why}"


class OutputNotWritten(NBLedgerError):
    """There is no place for the executed notebook: a full disk, a read-only folder. Fields: path, why."""

    template = (
        "The executed notebook cannot be written to {path}: {why}. Make room there, or give another place (-o FILE)"
    )


@dataclass(frozen=True, slots=True)
class NotebookRun:
    """A notebook's run: its id, the notebook, where the executed one is, and how it ended (duration in seconds).

    `findings` are what went wrong without an exception; `cached_from` and `resumed_from` are the runs whose results
    were taken.
    """

    id: str
    notebook: Path
    output: Path
    status: str
    duration: float | None = None
    error: RunError | None = None
    findings: tuple[str, ...] = ()
    cached_from: str | None = None
    resumed_from: str | None = None


@dataclass(frozen=True, slots=True)
class CellEvent:
    """A cell of a running notebook changed its state. `position` counts from 1, up to `total`, over all cells."""

    run: str
    position: int
    total: int
    cell_id: str | None
    state: CellState


OnEvent = Callable[[CellEvent], None]
