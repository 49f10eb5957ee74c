"""One notebook from start to end: `run_notebook`, which `nbledger run`, pipelines and sweeps call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbledger.pipeline.findings import findings_of
from nbledger.pipeline.outcomes import (
    CellEvent,
    KernelDied,
    NotANotebook,
    NotebookFailed,
    NotebookRun,
    NotebookTimedOut,
    OnEvent,
    OutputNotWritten,
)
from nbledger.pipeline.parameters import check
from nbledger.pipeline.resumption import TAG as RESUMED_TAG
from nbledger.pipeline.resumption import resume as resume_from
from nbledger.records import Run, RunError, new_id

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.caching import Step
    from nbledger.pipeline.recording import Request

__all__ = [
    "CellEvent",
    "KernelDied",
    "NotANotebook",
    "NotebookFailed",
    "NotebookRun",
    "NotebookTimedOut",
    "OutputNotWritten",
    "read_notebook",
    "run_notebook",
]


def run_notebook(
    path: str | Path,
    params: Mapping[str, Any] | None = None,
    *,
    output: str | Path | None = None,
    ledger: Ledger | None = None,
    experiment: str | None = None,
    parent: str | None = None,
    kernel: str | None = None,
    cwd: str | Path | None = None,
    progress: bool = True,
    timeout: float | None = None,
    cell_timeout: float | None = None,
    fresh: bool | None = None,
    cache: bool | Literal["renew"] = False,
    resume: str | None = None,
    tags: Mapping[str, str] | None = None,
    name: str | None = None,
    on_event: OnEvent | None = None,
    cancel: threading.Event | None = None,
) -> NotebookRun:
    """Execute a notebook by papermill in a kernel of its own, recorded as a notebook run and its cell runs.

    It runs in its own folder (or `cwd`), so that relative data paths keep working; the executed notebook goes to
    `output`, by default into the ledger's folder `executed/`. `timeout` is seconds for the whole run, `cell_timeout`
    for each cell. The kernel is one that was started ahead, unless `fresh` (by default where the environment variable
    CI is set) asks for a cold one. `resume` is a failed run to go on from, by its params. With `cache` the results of
    an earlier run are taken where that did what this one would do, else this run's are kept; "renew" only keeps.
    `on_event` is called with a `CellEvent` whenever a cell starts or ends; `cancel` ends the run from another thread
    when it is set (`KeyboardInterrupt` is raised, the kernel is gone). Before anything runs it raises `NotANotebook`,
    `UnknownParameter`, `NoParametersCell`, `CannotResume` or a `LedgerError`; afterwards `NotebookFailed` or one of its
    kinds, with the executed notebook kept, or `OutputNotWritten` where there is no place for that.
    """
    from nbledger.ledger import Ledger, find_root
    from nbledger.pipeline.kernels.pool import begin, is_fresh
    from nbledger.pipeline.recording import Request

    notebook = Path(path).expanduser().absolute()
    nb = read_notebook(notebook)
    given = check(nb, params or {}, notebook.name)
    if not cache and not is_fresh(fresh):
        begin()  # while what executes it is imported
    _check_kernel(nb, kernel, notebook)
    opened = ledger if ledger is not None else Ledger.open(find_root(notebook))
    try:
        resumption = resume_from(opened, resume, nb, notebook, given) if resume is not None else None
        if resumption is not None:
            given = check(nb, resumption.params, notebook.name)
        run = new_id()
        target = _target(output, opened.folder, notebook, run)
        request = Request(
            run=run,
            folder=opened.folder,
            experiment=experiment,
            notebook=notebook,
            cwd=(Path(cwd) if cwd else notebook.parent).absolute(),
            parent=parent,
            name=name,
            tags=dict(tags or {}),
            timeout=timeout,
            cell_timeout=cell_timeout,
            fresh=fresh,
            on_event=on_event,
            cancel=cancel,
            resumption=resumption,
            step=_step(opened, nb, notebook, given, kernel, cwd, experiment) if cache and resume is None else None,
        )
        taken = _from_cache(opened, request, target) if cache is True else None
        if taken is not None:
            return taken
        failure = _execute(request, target, given, kernel, progress=progress)
        return _result(opened, run, notebook, target, failure)
    finally:
        if ledger is None:
            opened.close()


def _step(
    ledger: Ledger,
    nb: Any,
    notebook: Path,
    params: dict[str, Any],
    kernel: str | None,
    cwd: str | Path | None,
    experiment: str | None,
) -> Step:
    from nbledger.pipeline.caching import step_of

    return step_of(ledger, nb, notebook, params, kernel, cwd, experiment)


def _from_cache(ledger: Ledger, request: Request, target: Path) -> NotebookRun | None:
    """Return a run that takes the results of an earlier one, where that did what this one would do."""
    from nbledger.ledger.errors import ObjectAltered, ObjectMissing
    from nbledger.pipeline.caching import Hit, NotRestored, find, take

    found = find(ledger, request.step) if request.step is not None else None
    if not isinstance(found, Hit):
        return None
    about = {"run": request.run, "parent": request.parent, "name": request.name}
    try:
        taken = take(ledger, found, target, tags=request.tags, **about)
    except (NotRestored, ObjectAltered, ObjectMissing):
        return None  # what was kept is damaged: the notebook runs, and its results are kept anew
    notebook = found.step.notebook
    return NotebookRun(taken.run, notebook, target, "finished", taken.duration, cached_from=taken.cached_from)


def _execute(
    request: Request, target: Path, params: dict[str, Any], kernel: str | None, *, progress: bool
) -> BaseException | None:
    """Do what `papermill.execute_notebook` does; return what ended the notebook early, an interrupt excepted.

    Papermill's function changes the folder that the whole process reads from, so that threads cannot share it, takes
    braces in paths for templates, and writes the file in place.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError
    from papermill.execute import prepare_notebook_metadata, raise_for_execution_errors, remove_error_markers
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from nbledger.pipeline.engine import NBLedgerEngine

    source = str(request.notebook)
    nb = load_notebook_node(source)
    if params:
        nb = parameterize_notebook(nb, params, kernel_name=kernel, engine_name="nbledger")
    nb = remove_error_markers(prepare_notebook_metadata(nb, source, str(target)))
    place = {"input_path": source, "output_path": str(target), "progress_bar": progress}
    try:
        NBLedgerEngine.execute_notebook(nb, NBLedgerEngine.nb_kernel_name(nb, kernel), nbledger=request, **place)
        raise_for_execution_errors(nb, None)
    except (PapermillExecutionError, DeadKernelError, RuntimeError, TimeoutError) as error:
        _save(nb, target)  # with papermill's marks at the cell that failed
        return error
    except OSError as error:
        raise _not_written(target, error) from error
    return None


def _save(nb: Any, target: Path) -> None:
    from nbledger.pipeline.saving import save_notebook

    try:
        save_notebook(nb, target)
    except OSError as error:
        raise _not_written(target, error) from error


def _not_written(target: Path, error: OSError) -> OutputNotWritten:
    return OutputNotWritten(path=target, why=error.strerror or str(error))


def _result(ledger: Ledger, id: str, notebook: Path, target: Path, failure: BaseException | None) -> NotebookRun:
    run = ledger.run(id)
    found = findings_of(ledger, id)
    resumed = run.tags.get(RESUMED_TAG)
    done = NotebookRun(run.id, notebook, target, run.status, run.duration, run.error, found, resumed_from=resumed)
    if failure is None:
        return done
    raise _failed(run, done, failure) from failure


def _failed(run: Run, done: NotebookRun, failure: BaseException) -> NotebookFailed:
    import nbformat
    from nbclient.exceptions import DeadKernelError

    from nbledger.pipeline.recording import failed_cell

    target = done.output
    cell = failed_cell(nbformat.read(target, as_version=4)) if target.is_file() else None
    error = cell.error if cell else RunError(type(failure).__name__, str(failure))
    kind = NotebookFailed
    if isinstance(failure, TimeoutError):
        kind = NotebookTimedOut
    elif isinstance(failure, DeadKernelError):
        kind = KernelDied
    return kind(
        run=done,
        cell=cell,
        error=error,
        output=target,
        where=f"{done.notebook.name}, cell {cell.position} ({cell.line!r})" if cell else done.notebook.name,
        what=f"{error.type}: {error.message}",
        short=run.id[:8],
    )


def read_notebook(path: Path) -> Any:
    """Return a notebook's node. Raises `NotANotebook`."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except OSError as error:
        raise NotANotebook(path=path, why=error.strerror or str(error)) from None
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise NotANotebook(path=path, why=" ".join(str(error).split())[:200]) from None


def _check_kernel(nb: Any, kernel: str | None, notebook: Path) -> None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    from nbledger.pipeline.engine import NBLedgerEngine

    name = NBLedgerEngine.nb_kernel_name(nb, kernel)
    try:
        KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        known = ", ".join(sorted(KernelSpecManager().find_kernel_specs()))
        raise NotANotebook(
            path=notebook, why=f"there is no kernel {name!r} here, but {known} (--kernel NAME)"
        ) from None


def _target(output: str | Path | None, folder: Path, notebook: Path, run: str) -> Path:
    target = Path(output).absolute() if output is not None else folder / "executed" / f"{notebook.stem}-{run[:8]}.ipynb"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(target, error) from error
    return target
