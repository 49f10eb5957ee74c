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
from pathlib import Path
from typing import Any

from papermill.engines import NBClientEngine

from nbledger.pipeline.client import Limits, RecordingClient
from nbledger.pipeline.findings import own_code_cells
from nbledger.pipeline.kernels.starting import NotReady, is_fresh, is_ipykernel, kernel_config, ready_kernel
from nbledger.pipeline.parameters import check_injected
from nbledger.pipeline.recording import NotebookRecorder, Request, new_recorder
from nbledger.pipeline.resumption import Resumption
from nbledger.pipeline.saving import SavingManager

LOADS_EXTENSION = re.compile(r"^\s*%(?:load|reload)_ext\s+nbledger\b", re.MULTILINE)
EXTENSION_ARGUMENT = "--InteractiveShellApp.extra_extensions=nbledger"


def execute_recorded(
    nb: Any, kernel_name: str, *, input_path: Any = None, nbledger: Request | None = None, **options: Any
) -> Any:
    """Execute a notebook node by papermill's own engine, with a notebook run around it; return the executed node.

    `nbledger` says which run and ledger it is (from `run_notebook`); without it both are found from `input_path`.
    Whatever goes wrong with the ledger is logged and the notebook runs all the same. Params that papermill put in and
    that do not fit the notebook's parameters cell raise as `parameters.check` does, before a kernel starts.
    """
    if nbledger is None:
        check_injected(nb, Path(str(input_path or "The notebook")).name)
    recorder = new_recorder(nbledger or Request(), nb, input_path)
    with recorder:
        return RecordedEngine.execute_notebook(nb, kernel_name, recorder=recorder, **options)


class RecordedEngine(NBClientEngine):
    """Papermill's own engine with other saving, another client and kernels that are started ahead."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: Any = None,
        progress_bar: Any = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        *,
        recorder: NotebookRecorder,
        **options: Any,
    ) -> Any:
        """Execute the notebook as papermill's `Engine` does, with a manager that saves seldom and atomically."""
        manager = SavingManager(
            nb,
            run=recorder.start_record.id,
            tell=recorder.request.on_event,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, recorder=recorder, log_output=log_output, **options)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        recorder: NotebookRecorder,
        log_output: bool = False,
        start_timeout: int = 60,
        execution_timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Execute the notebook in a kernel of its own that the recorder prepares."""
        request = recorder.request
        of_a_cell = request.cell_timeout or execution_timeout or options.pop("timeout", None)
        limits = Limits(request.timeout, of_a_cell, request.cancel)
        place = recorder.cwd or Path.cwd()
        environment = kernel_environment(recorder.variables())
        arguments = kernel_arguments(nb_man.nb, kernel_name)
        passed_on = {name: value for name, value in options.items() if name not in ("startup_timeout", "timeout")}

        def run(ready: Any) -> Any:
            client = RecordingClient(
                nb_man,
                kernel_name=kernel_name,
                log_output=log_output,
                startup_timeout=start_timeout,
                extra_arguments=list(arguments),
                config=kernel_config(kernel_name),
                **passed_on,
            )
            client.limits, client.ready, client.taken = limits, ready, taken_cells(nb_man.nb, request.resumption)
            client.meanwhile = nb_man.save
            return in_own_loop(lambda: client.execute(env=environment, cwd=str(place)))

        ready = None
        if not is_fresh(request.fresh):
            ready = ready_kernel(nb_man.nb, kernel_name, environment, place, arguments)
        try:
            return run(ready)
        except NotReady:
            return run(None)


def taken_cells(nb: Any, resumption: Resumption | None) -> dict[int, Any]:
    """Return the cells that are not run, by their index in the notebook that is executed."""
    if resumption is None:
        return {}
    index_of = {id(cell): index for index, cell in enumerate(nb.cells)}
    return {
        index_of[id(cell)]: resumption.taken[place] for place, cell in own_code_cells(nb) if place in resumption.taken
    }


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


def kernel_arguments(nb: Any, kernel_name: str) -> list[str]:
    """Return what makes an IPython kernel load the extension, or nothing: the notebook loads it, or is not Python's."""
    if any(LOADS_EXTENSION.search(cell.source) for cell in nb.cells if cell.cell_type == "code"):
        return []
    return [EXTENSION_ARGUMENT] if is_ipykernel(kernel_name) else []
