"""What ipykernel waits for at the end of each cell, only where there is something to wait for.

It sleeps for 0.5 ms, so that what native code or a child process wrote to the output of the process itself is read
from its pipe before the cell is said to be done. For a cell of one line that is a tenth of its time. Recording the cell
takes twice as long, with the interpreter's lock given up on the way; where the pipes are empty then, there is nothing
to wait for.

It also has both streams flushed two or three times a cell, each time by two messages to the thread that sends outputs
and a wait for it: 0.6 ms of the main thread. Where nothing was written to a stream since that was last done, nothing
can be on its way.

And its log takes in all that is said, to drop what is below a warning: four records a cell that nobody sees.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

_OUTPUTS = (1, 2)


class Pause:
    """Decides on the pause of one kernel, cell by cell; `kernel` is ipykernel's."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._usual: float = kernel._execute_sleep
        self._flushes = [Flush(stream) for stream in (sys.stdout, sys.stderr) if Flush.suits(stream)]
        self._log = kernel.log if isinstance(kernel.log, logging.Logger) else None
        if self._log is not None:
            self._log_level = self._log.level
            self._log.setLevel(_least_heard(self._log))

    def decide(self) -> None:
        """Have the kernel pause if there is output that nobody has read."""
        wanted = self._usual if any(map(_unread, _OUTPUTS)) else 0.0
        if self._kernel._execute_sleep != wanted:
            self._kernel._execute_sleep = wanted

    def restore(self) -> None:
        """Have it wait always."""
        self._kernel._execute_sleep = self._usual
        for flush in self._flushes:
            flush.restore()
        if self._log is not None:
            self._log.setLevel(self._log_level)


class Flush:
    """The `flush` of one of ipykernel's streams, which does nothing where nothing was written since it was last called.

    A stream has new buffers whenever the old ones were taken to be sent, by this thread or by a timer: if they are
    those of the last call and empty, nothing is on its way.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._flushed: object = None
        stream.flush = self

    @staticmethod
    def suits(stream: Any) -> bool:
        """Tell whether a stream is ipykernel's, sends what is written to it, and does nothing else with it."""
        ours = type(stream).__module__ == "ipykernel.iostream" and "flush" not in vars(stream)
        return ours and hasattr(stream, "_buffers") and getattr(stream, "echo", None) is None

    def __call__(self) -> None:
        """Flush the stream, and wait until that is done."""
        stream = self._stream
        buffers = stream._buffers
        if buffers is self._flushed and not buffers:
            return
        type(stream).flush(stream)
        self._flushed = stream._buffers

    def restore(self) -> None:
        """Have the stream flush always."""
        if vars(self._stream).get("flush") is self:
            del self._stream.flush


def pause_of(shell: Any) -> Pause | None:
    """Return what decides on a shell's pause: in the kernel of a run of ours, whose client waits for all output."""
    kernel = getattr(shell, "kernel", None)
    if os.name != "posix" or "NBLEDGER_PARENT_RUN" not in os.environ or not hasattr(kernel, "_execute_sleep"):
        return None
    return Pause(kernel)


def _least_heard(log: logging.Logger) -> int:
    """Return the least level of which a logger's records are written anywhere."""
    if log.propagate or not log.handlers:
        return log.level
    return max(log.level, min(handler.level for handler in log.handlers))


def _unread(fd: int) -> bool:
    """Tell whether a pipe holds bytes; true where that cannot be told."""
    import fcntl
    import termios

    try:
        return any(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))
    except OSError:
        return True
