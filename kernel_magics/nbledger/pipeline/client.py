"""Papermill's client, told apart in three things: cells carry their ids, limits hold, and an abnormal end is shown."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from nbledger.pipeline.execution import DirectClient
from nbledger.pipeline.kernels.manager import ReadyKernelManager

SECONDS_TO_SETTLE = 2.0  # a cell that does not heed the interrupt is ended with its kernel
LEAST_SECONDS = 0.001  # nbclient takes 0 for no limit


class Limits:
    """How long a run and each of its cells may take, in seconds; `None` is for ever. The run's time runs from now.

    `cancel` ends the run when it is set, as Ctrl-C does one that runs in the main thread.
    """

    def __init__(
        self, run: float | None = None, cell: float | None = None, cancel: threading.Event | None = None
    ) -> None:
        self.run = run
        self.cancel = cancel
        self.cell = cell if cell and cell > 0 else None
        self._ends = None if run is None else time.monotonic() + run

    def of_a_cell(self) -> float | None:
        """Return how long the cell that starts now may take."""
        if self._ends is None:
            return self.cell
        left = max(self._ends - time.monotonic(), LEAST_SECONDS)
        return left if self.cell is None else min(left, self.cell)

    def cancelled(self) -> bool:
        """Tell whether the run was cancelled."""
        return self.cancel is not None and self.cancel.is_set()

    def broken(self) -> str:
        """Say which of the two has passed."""
        if self._ends is not None and time.monotonic() >= self._ends - LEAST_SECONDS:
            return f"the run took longer than its {self.run:g} s (timeout)"
        if self.cell is None:
            return "the kernel's outputs did not arrive in time"
        return f"the cell took longer than its {self.cell:g} s (cell time-out)"


class RecordingClient(DirectClient):
    """Papermill's client, which tells the kernel the id of each cell, and marks the cell at which a run ended."""

    limits = Limits()
    ready: ReadyKernelManager | None = None
    taken: Mapping[int, Any] = {}  # the cells that are not run, each with the cell whose outputs it has

    def create_kernel_manager(self) -> Any:
        """Return the manager of the kernel that is ready, or of a new one."""
        if self.ready is None:
            return super().create_kernel_manager()
        self.km = self.ready
        return self.km

    def execute_cell(self, cell: Any, cell_index: int, *args: Any, **options: Any) -> Any:
        """Execute one cell; its id goes in the request's metadata, where JupyterLab puts it."""
        self.kc.session.metadata = {**self.kc.session.metadata, "cellId": cell.get("id")}
        return super().execute_cell(cell, cell_index, *args, **options)

    def papermill_execute_cells(self) -> None:
        """Execute the cells up to the first that fails; one at which the kernel or the time ended says so."""
        for index, cell in enumerate(self.nb.cells):
            if index in self.taken:
                self._take(index)
                continue
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                break
            except (CellTimeoutError, DeadKernelError) as error:
                if self.limits.cancelled():
                    self._mark(index, "KeyboardInterrupt", "")
                    raise KeyboardInterrupt from None
                self._mark(index, type(error).__name__, self._why(error))
                raise
            except KeyboardInterrupt:
                self._mark(index, "KeyboardInterrupt", "")
                raise
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)

    def _get_timeout(self, cell: Any) -> float | None:  # noqa: ARG002  (nbclient's signature)
        return self.limits.of_a_cell()

    def stops(self) -> bool:
        """Tell whether the run was cancelled."""
        return self.limits.cancelled()

    def _why(self, error: CellTimeoutError | DeadKernelError) -> str:
        if isinstance(error, CellTimeoutError):
            return self.limits.broken()
        return how_it_died(self._exit_status())

    def _exit_status(self) -> int | None:
        if self.ready is not None:
            return self.ready.kernel.status
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        return getattr(process, "returncode", None)

    def _take(self, index: int) -> None:
        """Give a cell the outputs that it had in an earlier run."""
        cell, old = self.nb.cells[index], self.taken[index]
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
        self.nb_man.cell_taken(cell, index)

    def _mark(self, index: int, name: str, why: str) -> None:
        if self.ready is not None:
            self.ready.busy = True
        self._interrupt()
        cell = self.nb.cells[index]
        output = {"output_type": "error", "ename": name, "evalue": why, "traceback": [f"{name}: {why}"]}
        cell.outputs.append(type(cell)(output))
        self.nb_man.cell_exception(cell, cell_index=index)

    def _interrupt(self) -> None:
        """Have the cell end: a kernel that is shut down within one says so with a traceback on stderr."""
        if self.kc.is_alive():
            run_sync(ensure_async)(self.km.interrupt_kernel())
            if self.kc.settled(SECONDS_TO_SETTLE) and self.ready is not None:
                self.ready.busy = False


def how_it_died(status: int | None) -> str:
    """Say how a kernel's process ended; `status` is as `Popen.returncode`."""
    if status is None:
        return "its process is gone"
    if status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    reason = ", as the system does when memory runs out" if status == -signal.SIGKILL else ""
    return f"its process was killed by {name}{reason}"
