"""What nbclient needs of a kernel manager and a client, for a kernel that was started ahead."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from nbledger.pipeline.kernels.direct import DirectKernelClient
from nbledger.pipeline.kernels.pool import ReadyKernel, ServerGone

_STEP = 0.005  # s between two looks at whether a process has ended
_SECONDS_TO_END = 5.0


class NotReady(RuntimeError):
    """The kernel, or the server that forked it, ended before it executed anything; a cold one is started instead."""


class ReadyKernelManager:
    """Starts nothing: the kernel is there, and is used once. The methods are jupyter_client's."""

    ipykernel = False  # its history is kept in memory already
    kernel_name = "python3"

    def __init__(self, kernel: ReadyKernel, extensions: tuple[str, ...]) -> None:
        self.kernel = kernel
        self.kernel_id = kernel.id
        self.has_kernel = False
        self._extensions = extensions
        self.busy = False  # whether a cell is left running when the kernel is shut down
        self._client: ReadyKernelClient | None = None

    async def start_kernel(self, *, env: dict[str, str], cwd: str, **_: object) -> None:
        """Give the kernel its environment and folder."""
        try:
            self.kernel.use({**env, "JPY_PARENT_PID": str(os.getpid())}, Path(cwd), self._extensions)
        except ServerGone:
            raise NotReady from None
        self.has_kernel = True

    def client(self) -> ReadyKernelClient:
        """Return a client that is connected to the kernel."""
        self._client = ReadyKernelClient(self.kernel)
        return self._client

    async def is_alive(self) -> bool:
        """Tell whether the kernel's process runs."""
        return not self.kernel.ended.is_set()

    async def interrupt_kernel(self) -> None:
        """Interrupt what the kernel does."""
        self.kernel.signal(signal.SIGINT)

    async def shutdown_kernel(self, now: bool = False) -> None:
        """End the kernel: asked first, so that its session and open files are closed, unless `now`."""
        if not now and self._client is not None and self._client.shell_port:
            if self.busy:
                await self.interrupt_kernel()
            self._client.shutdown()
            if self.kernel.ended.wait(_SECONDS_TO_END):
                return
        self.kernel.signal(signal.SIGKILL)
        self.kernel.ended.wait(_SECONDS_TO_END)

    async def cleanup_resources(self) -> None:
        """Leave nothing: the server removes the kernel's files when it has ended."""


class ReadyKernelClient(DirectKernelClient):
    """A client that knows from the server whether the kernel lives."""

    def __init__(self, kernel: ReadyKernel) -> None:
        super().__init__()
        self._kernel = kernel

    def is_alive(self) -> bool:
        """Tell whether the kernel's process runs."""
        return not self._kernel.ended.is_set()

    def start_channels(self, *args: Any, **options: Any) -> None:
        """Connect later, in `wait_for_ready`: the kernel may still be on its way."""

    def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on both channels. Raises `NotReady`."""
        until = time.monotonic() + (timeout or 60.0)
        while not self._connectable():
            self._check(until)
            time.sleep(_STEP)
        super().start_channels()
        super().wait_for_ready(timeout or 60.0)

    def stop_channels(self) -> None:
        """Disconnect, if ever it was connected."""
        if self.shell_port:
            super().stop_channels()

    def _connectable(self) -> bool:
        """Tell whether the kernel has bound its sockets and written where they are."""
        try:
            self.load_connection_file(str(self._kernel.connection))
        except (OSError, ValueError):
            return False
        return bool(self.shell_port)

    def _check(self, until: float | None) -> None:
        if self._kernel.ended.is_set():
            raise NotReady
        if until is not None and time.monotonic() > until:
            raise NotReady
