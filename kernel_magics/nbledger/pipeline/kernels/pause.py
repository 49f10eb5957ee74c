"""The pause that ipykernel makes before each reply, only where it is needed.

ipykernel sleeps for 0.5 ms at the end of every cell, so that what native code or a child process wrote to the output of
the process itself is read from its pipe before the cell is said to be done. For a cell of one line that is a tenth of
its time. Recording the cell takes twice as long, with the interpreter's lock given up on the way; where the pipes are
empty then, there is nothing to wait for.
"""

from __future__ import annotations

import os
from typing import Any

_OUTPUTS = (1, 2)


class Pause:
    """Decides on the pause of one kernel, cell by cell; `kernel` is ipykernel's."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._usual: float = kernel._execute_sleep

    def decide(self) -> None:
        """Have the kernel pause if there is output that nobody has read."""
        wanted = self._usual if any(map(_unread, _OUTPUTS)) else 0.0
        if self._kernel._execute_sleep != wanted:
            self._kernel._execute_sleep = wanted

    def restore(self) -> None:
        """Have it pause always."""
        self._kernel._execute_sleep = self._usual


def pause_of(shell: Any) -> Pause | None:
    """Return what decides on a shell's pause: in the kernel of a run of ours, whose client waits for all output."""
    kernel = getattr(shell, "kernel", None)
    if os.name != "posix" or "NBLEDGER_PARENT_RUN" not in os.environ or not hasattr(kernel, "_execute_sleep"):
        return None
    return Pause(kernel)


def _unread(fd: int) -> bool:
    """Tell whether a pipe holds bytes; true where that cannot be told."""
    import fcntl
    import termios

    try:
        return any(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))
    except OSError:
        return True
