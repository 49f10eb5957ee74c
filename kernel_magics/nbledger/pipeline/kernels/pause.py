"""The pause that ipykernel makes before each reply, only where it is needed.

ipykernel sleeps for 0.5 ms at the end of every cell, so that what native code or a child process wrote to the output of
the process itself is read from its pipe before the cell is said to be done. For a cell of one line that is a tenth of
its time. Linux notes in a pipe when it was last written to; where that was before the cell, there is nothing to read.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import Any

_TICK = 20_000_000  # ns; the clock of files goes on in steps of up to 10 ms
_OUTPUTS = (1, 2)


class Pause:
    """Decides on the pause of one kernel, cell by cell; `kernel` is ipykernel's."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._usual: float = kernel._execute_sleep
        self._began = 0

    def begin(self) -> None:
        """Note that a cell begins."""
        self._began = time.time_ns() - _TICK

    def end(self) -> None:
        """Have the kernel pause if something was written since."""
        wanted = self._usual if self._written() else 0.0
        if self._kernel._execute_sleep != wanted:
            self._kernel._execute_sleep = wanted

    def restore(self) -> None:
        """Have it pause always."""
        self._kernel._execute_sleep = self._usual

    def _written(self) -> bool:
        """Tell whether there may be output in the pipes; true where that cannot be told."""
        try:
            found = [os.fstat(fd) for fd in _OUTPUTS]
        except OSError:
            return True
        return any(not stat.S_ISFIFO(one.st_mode) or one.st_mtime_ns >= self._began for one in found)


def pause_of(shell: Any) -> Pause | None:
    """Return what decides on a shell's pause: in the kernel of a run of ours, whose client waits for all output."""
    kernel = getattr(shell, "kernel", None)
    if sys.platform != "linux" or "NBLEDGER_PARENT_RUN" not in os.environ or not hasattr(kernel, "_execute_sleep"):
        return None
    return Pause(kernel)
