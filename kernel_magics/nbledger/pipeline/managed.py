"""A notebook's execution in a kernel of its own that records into our ledger.

The kernel learns through its environment which run is its parent and which ledger to write to, and it loads the
extension by itself where the notebook does not. Every execute request carries the cell's id as JupyterLab sends it,
so that a cell keeps its identity from Lab to papermill.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine

from nbledger.pipeline.recording import NotebookRecorder, Request, new_recorder

LOADS_EXTENSION = re.compile(r"^\s*%(?:load|reload)_ext\s+nbledger\b", re.MULTILINE)
EXTENSION_ARGUMENT = "--InteractiveShellApp.extra_extensions=nbledger"


def execute_recorded(
    nb: Any, kernel_name: str, *, input_path: Any = None, nbledger: Request | None = None, **options: Any
) -> Any:
    """Execute a notebook node by papermill's own engine, with a notebook run around it; return the executed node.

    `nbledger` says which run and ledger it is (from `run_notebook`); without it both are found from `input_path`.
    Whatever goes wrong with the ledger is logged and the notebook runs all the same.
    """
    recorder = new_recorder(nbledger or Request(), nb, input_path)
    with recorder:
        return RecordedEngine.execute_notebook(nb, kernel_name, recorder=recorder, **options)


class RecordedEngine(NBClientEngine):
    """Papermill's own engine with another client; saving, timing and the progress bar are papermill's."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        recorder: NotebookRecorder,
        log_output: bool = False,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **options: Any,
    ) -> Any:
        """Execute the notebook in a new kernel that the recorder prepares."""
        client = RecordingClient(
            nb_man,
            kernel_name=kernel_name,
            log_output=log_output,
            startup_timeout=start_timeout,
            timeout=execution_timeout or options.pop("timeout", None),
            extra_arguments=kernel_arguments(nb_man.nb, kernel_name),
            config=kernel_config(),
            **{name: value for name, value in options.items() if name not in ("startup_timeout", "timeout")},
        )
        place = {"cwd": str(recorder.cwd)} if recorder.cwd else {}
        environment = kernel_environment(recorder.variables())
        return in_own_loop(lambda: client.execute(env=environment, **place))


class RecordingClient(PapermillNotebookClient):
    """Papermill's client, which tells the kernel the id of each cell that it executes."""

    def execute_cell(self, cell: Any, cell_index: int, *args: Any, **options: Any) -> Any:
        """Execute one cell; its id goes in the request's metadata, where JupyterLab puts it."""
        self.kc.session.metadata = {**self.kc.session.metadata, "cellId": cell.get("id")}
        return super().execute_cell(cell, cell_index, *args, **options)


def in_own_loop(call: Callable[[], Any]) -> Any:
    """Return what `call` returns, with an event loop of its own that is closed afterwards.

    jupyter_core makes a loop for each context that has none and leaves it open: three file descriptors for every
    notebook that a thread runs. Where a loop is running (in a kernel) it works on a thread that it keeps.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return contextvars.Context().run(_closing_the_loop, call)
    return call()


def _closing_the_loop(call: Callable[[], Any]) -> Any:
    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop()
    try:
        return call()
    finally:
        left = asyncio.all_tasks(loop)  # an interrupt leaves the wait for the cell behind
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)


def kernel_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ours in it, and nothing left over from a kernel that we may be in."""
    inherited = {name: value for name, value in os.environ.items() if name != "NBLEDGER_PARENT_RUN"}
    return {**inherited, **variables}


def kernel_config() -> Any:
    """Return how the kernel's manager is set up: sockets are encrypted where both sides can.

    Otherwise any user of this machine may listen on them; ipykernel 7 says so on stderr at each start.
    """
    import zmq
    from jupyter_client.manager import KernelManager
    from traitlets.config import Config

    if hasattr(KernelManager, "transport_encryption") and zmq.has("curve"):
        return Config({"KernelManager": {"transport_encryption": "auto"}})
    return Config()


def kernel_arguments(nb: Any, kernel_name: str) -> list[str]:
    """Return what makes an IPython kernel load the extension, or nothing: the notebook loads it, or is not Python's."""
    if any(LOADS_EXTENSION.search(cell.source) for cell in nb.cells if cell.cell_type == "code"):
        return []
    return [EXTENSION_ARGUMENT] if _is_ipykernel(kernel_name) else []


def _is_ipykernel(kernel_name: str) -> bool:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return any("ipykernel" in word for word in KernelSpecManager().get_kernel_spec(kernel_name).argv)
    except NoSuchKernel:
        return False
