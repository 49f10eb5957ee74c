"""One notebook from start to end: `run_notebook`, which `nbledger run` and sweeps call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.pipeline.parameters import check
from nbledger.records import Run, RunError, new_id

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.recording import Request


class NotebookFailed(NBLedgerError):
    """A cell of a notebook failed. Fields: run (`NotebookRun`), cell (`FailedCell` or `None`), error, output."""

    template = "{where} failed: {what}\nThe executed notebook: {output}\nThe run: nbledger show {short}"


class NotANotebook(NBLedgerError):
    """The file is no notebook that can be run. Fields: path, why."""

    template = "{path} cannot be run as a notebook: {why}"


@dataclass(frozen=True, slots=True)
class NotebookRun:
    """A notebook's run: its id, the notebook, where the executed one is, and how it ended (duration in seconds)."""

    id: str
    notebook: Path
    output: Path
    status: str
    duration: float | None = None
    error: RunError | None = None


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
    timeout: int | None = None,
) -> NotebookRun:
    """Execute a notebook by papermill in a new kernel, recorded as a notebook run with its cell runs as children.

    It runs in its own folder (or `cwd`), so that relative data paths keep working; the executed notebook goes to
    `output`, by default into the ledger's folder `executed/`. `timeout` is seconds for each cell. Before anything runs
    it raises `NotANotebook`, `UnknownParameter`, `NoParametersCell` or a `LedgerError`; afterwards `NotebookFailed`,
    with the executed notebook kept.
    """
    from nbledger.ledger import Ledger, find_root
    from nbledger.pipeline.recording import Request

    notebook = Path(path).expanduser().absolute()
    nb = _read(notebook)
    check(nb, params or {}, notebook.name)
    _check_kernel(nb, kernel, notebook)
    opened = ledger if ledger is not None else Ledger.open(find_root(notebook))
    try:
        run = new_id()
        target = _target(output, opened.folder, notebook, run)
        request = Request(
            run=run,
            folder=opened.folder,
            experiment=experiment,
            notebook=notebook,
            cwd=(Path(cwd) if cwd else notebook.parent).absolute(),
            parent=parent,
        )
        options = {"kernel_name": kernel, "progress_bar": progress, "execution_timeout": timeout}
        failure = _execute(request, target, dict(params or {}), **options)
        return _result(opened.run(run), notebook, target, failure)
    finally:
        if ledger is None:
            opened.close()


def _execute(request: Request, target: Path, params: dict[str, Any], **options: Any) -> BaseException | None:
    """Run papermill; return what ended the notebook early, an interrupt excepted."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    try:
        papermill.execute_notebook(
            _literal(request.notebook),
            _literal(target),
            parameters=params,
            engine_name="nbledger",
            nbledger=request,
            **options,
        )
    except (papermill.PapermillExecutionError, DeadKernelError, RuntimeError, TimeoutError) as error:
        return error
    return None


def _result(run: Run, notebook: Path, target: Path, failure: BaseException | None) -> NotebookRun:
    done = NotebookRun(run.id, notebook, target, run.status, run.duration, run.error)
    if failure is None:
        return done
    import nbformat

    from nbledger.pipeline.recording import failed_cell

    cell = failed_cell(nbformat.read(target, as_version=4)) if target.is_file() else None
    error = cell.error if cell else RunError(type(failure).__name__, str(failure))
    where = f"{notebook.name}, cell {cell.position} ({cell.line!r})" if cell else notebook.name
    raise NotebookFailed(
        run=done,
        cell=cell,
        error=error,
        output=target,
        where=where,
        what=f"{error.type}: {error.message}",
        short=run.id[:8],
    ) from failure


def _read(path: Path) -> Any:
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
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _literal(path: Path | None) -> str:
    """Return a path as papermill takes it, which reads `{name}` in paths as parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")
