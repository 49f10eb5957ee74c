"""A real kernel to run cells in, and its ledger to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class CellOutput:
    """What a front end saw of one cell."""

    stdout: str = ""
    stderr: str = ""
    result: dict[str, Any] | None = None
    displays: list[dict[str, Any]] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None

    @property
    def card(self) -> dict[str, Any] | None:
        """The MIME bundle of the card, if one was shown."""
        for data in self.displays:
            if "application/vnd.nbledger.run+json" in data:
                return data
        return None

    @property
    def traceback(self) -> str:
        """The traceback without colours."""
        import re

        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(self.error["traceback"])) if self.error else ""


class Kernel:
    """A kernel in a folder of its own; `run` executes a cell as JupyterLab would."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        from jupyter_client.manager import KernelManager

        self.folder = folder
        self.manager = KernelManager(kernel_name="python3")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NBLEDGER_")}
        single = {"OPENBLAS_NUM_THREADS": "1"}  # on a busy machine two of them wait for each other by turning: minutes
        self.manager.start_kernel(cwd=str(folder), env={**single, **clean, **(env or {})})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(
        self, code: str, *, cell_id: str | None = None, stdin: str | None = None, timeout: float = 120
    ) -> CellOutput:
        """Execute a cell and return all that it showed."""
        output = CellOutput()
        session = self.client.session
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": stdin is not None,
            "stop_on_error": False,
        }
        message = session.msg("execute_request", content, metadata={"cellId": cell_id} if cell_id else {})
        self.client.shell_channel.send(message)
        wanted = message["header"]["msg_id"]
        if stdin is not None:
            self.client.stdin_channel.get_msg(timeout=timeout)
            self.client.input(stdin)
        while True:
            reply = self.client.get_iopub_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") != wanted:
                continue
            kind, content = reply["msg_type"], reply["content"]
            if kind == "stream":
                setattr(output, content["name"], getattr(output, content["name"]) + content["text"])
            elif kind == "execute_result":
                output.result = content["data"]
            elif kind == "display_data":
                output.displays.append(content["data"])
            elif kind == "error":
                output.error = content
            elif kind == "status" and content["execution_state"] == "idle":
                return output

    def stop(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def started_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with nbledger loaded, for the tests of one module."""
    started = Kernel(tmp_path_factory.mktemp("kernel"))
    loaded = started.run("%load_ext nbledger")
    assert loaded.error is None, loaded.traceback
    assert loaded.stdout == loaded.stderr == ""
    yield started
    started.stop()


@pytest.fixture
def kernel(started_kernel: Kernel, tmp_path: Path) -> Kernel:
    """The kernel with no variables, recording into a new ledger in a folder of the test's own."""
    started_kernel.run("%load_ext nbledger\n%track off\n%reset -f")
    used = started_kernel.run(f"%ledger use {str(tmp_path)!r}")
    assert used.error is None, used.traceback
    started_kernel.folder = tmp_path
    return started_kernel


@pytest.fixture
def own_kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel for one test alone, with nbledger loaded and its ledger in its own folder."""
    (tmp_path / ".nbledger").mkdir()
    started = Kernel(tmp_path)
    assert started.run("%load_ext nbledger").error is None
    yield started
    started.stop()
