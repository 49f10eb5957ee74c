"""The notebook run in the ledger: begun before the kernel starts, ended with the executed notebook in the store."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from nbledger.capture.redaction.secrets import redact, redact_value
from nbledger.capture.writer import Writer
from nbledger.errors import NBLedgerError
from nbledger.pipeline.findings import PREFIX, TAG, findings
from nbledger.pipeline.notebook_text import notebook_text
from nbledger.pipeline.outcomes import OnEvent
from nbledger.pipeline.parameters import as_params
from nbledger.pipeline.resumption import TAG as RESUMED_TAG
from nbledger.pipeline.resumption import Resumption
from nbledger.records import Artifact, Edge, Facts, Param, RunEnd, RunError, RunStart, Tag, Version, new_id

if TYPE_CHECKING:
    from nbledger.pipeline.caching import Step

MEDIA_TYPE = "application/x-ipynb+json"
ADDED_BY_PAPERMILL = frozenset({"papermill-error-cell-tag", "injected-parameters"})
MOST_PARAMETER_BYTES = 100_000  # Linux refuses an environment variable above 128 KiB

logger = logging.getLogger("nbledger")


@dataclass(frozen=True, slots=True)
class Request:
    """What `run_notebook` tells the engine; whatever is left out is found.

    `folder` is the ledger's, `cwd` where the kernel runs (papermill's own `cwd` changes the folder of the whole
    process, so that two threads cannot use it). `timeout` is seconds for the whole run, `cell_timeout` for each cell;
    `fresh` asks for a cold kernel, `cancel` ends the run when it is set. `tags` are put on the notebook run, whose
    name is `name`. With a `step` (what the run's results depend on) they are kept, so that a later run may take them.
    """

    run: str | None = None
    folder: Path | None = None
    experiment: str | None = None
    notebook: Path | None = None
    cwd: Path | None = None
    parent: str | None = None
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    cell_timeout: float | None = None
    fresh: bool | None = None
    on_event: OnEvent | None = None
    cancel: threading.Event | None = None
    resumption: Resumption | None = None
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class FailedCell:
    """The cell that ended a notebook: its place among the cells (from 1), its count, first line and error."""

    position: int
    execution_count: int | None
    line: str
    error: RunError


class NotebookRecorder:
    """Records one notebook run. Nothing of it raises: what could not be recorded is logged, the notebook goes on."""

    def __init__(self, request: Request, nb: Any, writer: Writer, start: RunStart) -> None:
        self.request = request
        self.nb = nb
        self.writer = writer
        self.start_record = start
        self.cwd = request.cwd
        self._params = recorded_params(nb.metadata.get("papermill", {}).get("parameters") or {})
        self._begun = False
        self._clock = 0.0

    def __enter__(self) -> Self:
        self._begun = self.writer.begin(self.start_record)
        self._clock = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        duration = time.perf_counter() - self._clock
        status, why = outcome(self.nb, error)
        end = RunEnd(self.start_record.id, time.time(), duration, status, why)
        try:
            self.writer.end(end, self._facts(status), None if self._begun else self.start_record)
        finally:
            self.writer.close()

    def variables(self) -> dict[str, str]:
        """Return the environment variables by which the kernel finds its parent run, ledger and params."""
        found = {"NBLEDGER_PARENT_RUN": self.start_record.id, "NBLEDGER_DIR": str(self.request.folder)}
        if self.request.notebook is not None:
            found["NBLEDGER_NOTEBOOK"] = str(self.request.notebook)
        if self.request.experiment is not None:
            found["NBLEDGER_EXPERIMENT"] = self.request.experiment
        given = json.dumps({param.name: param.value for param in self._params})
        if self._params and len(given) <= MOST_PARAMETER_BYTES:
            found["NBLEDGER_PARAMETERS"] = given
        return found

    def _facts(self, status: str) -> Facts:
        versions, used = self._source()
        tags = tuple(Tag(key, value) for key, value in self.request.tags.items())
        kept = self._kept() if status == "finished" else Facts()
        found = self._findings() if status == "finished" else ()
        if found:
            tags = (*tags, Tag(TAG, str(len(found))))
        notes = tuple(f"{PREFIX}{text}" for text in found)
        resumption = self.request.resumption
        if resumption is not None:
            tags = (*tags, Tag(RESUMED_TAG, resumption.run))
            notes = (*notes, str(resumption))
        return Facts(
            versions=versions,
            used=used,
            params=self._params,
            artifacts=(*self._executed(), *kept.artifacts),
            tags=(*tags, *kept.tags),
            notes=notes,
        )

    def _findings(self) -> tuple[str, ...]:
        """Return what is not as it should be, though nothing raised; a trouble with that is said, and costs only it."""
        try:
            return tuple(
                redact(text) for text in findings(self.writer.ledger, self.start_record.id, self.nb, self._params)
            )
        except (NBLedgerError, OSError) as error:
            self.writer.warn(f"this run was not compared with the one before: {error}")
            return ()

    def _kept(self) -> Facts:
        """Return what a later run needs to take this one's results; a trouble with it is said, and costs only that."""
        step = self.request.step
        if step is None:
            return Facts()
        from nbledger.pipeline.caching import note

        try:
            return note(self.writer.ledger, step, self.start_record.id, self.nb)
        except (NBLedgerError, OSError) as error:
            self.writer.warn(f"the results of this run cannot be taken by a later one: {error}")
            return Facts()

    def _source(self) -> tuple[tuple[Version, ...], tuple[Edge, ...]]:
        """Return the notebook's file as a version that the run used."""
        path = self.request.notebook
        if path is None or not path.is_file():
            return (), ()
        from nbledger.fingerprint import file_fingerprint
        from nbledger.ledger.location import find_folder, relative

        version = file_fingerprint(path)
        name = relative(str(path), find_folder(self.request.folder).parent)
        return (version,), (Edge(version.hash, name, "file"),)

    def _executed(self) -> tuple[Artifact, ...]:
        """Store the executed notebook, credentials redacted; the caller's own output file is left as it is."""
        name = self.request.notebook.name if self.request.notebook else "notebook.ipynb"
        try:
            data = redact(notebook_text(self.nb)).encode()
            stored, size = self.writer.ledger.objects.put_bytes(data)
        except (NBLedgerError, OSError) as error:
            self.writer.warn(f"the executed notebook was not stored: {error}")
            return ()
        return (Artifact(name, stored, size, MEDIA_TYPE),)


def new_recorder(request: Request, nb: Any, input_path: Any) -> NotebookRecorder:
    """Return the recorder for a notebook node that papermill is about to execute from `input_path`."""
    import os
    from dataclasses import replace

    from nbledger.capture.identity import current_session
    from nbledger.ledger import find_root

    path = request.notebook or _local_file(input_path)
    folder = request.folder or find_root(path)
    experiment = request.experiment or os.environ.get("NBLEDGER_EXPERIMENT")
    request = replace(request, notebook=path, experiment=experiment, folder=folder)
    session = current_session("papermill", str(path) if path else None)
    writer = Writer(session, folder, logger.warning)
    stem = path.stem if path else "notebook"
    start = RunStart(
        id=request.run or new_id(),
        session=session.id,
        kind="notebook",
        started_at=time.time(),
        name=request.name or stem,
        experiment=request.experiment or stem,
        parent=request.parent,
        notebook=str(path) if path else None,
        tracked=True,
    )
    return NotebookRecorder(request, nb, writer, start)


def outcome(nb: Any, error: BaseException | None) -> tuple[Literal["finished", "failed", "cancelled"], RunError | None]:
    """Return a notebook run's status and error, from what ended it and from the outputs of its cells."""
    if isinstance(error, KeyboardInterrupt):
        return "cancelled", None
    if error is not None:
        return "failed", RunError(type(error).__name__, redact(str(error)))
    failed = failed_cell(nb)
    if failed is None:
        return "finished", None
    return "cancelled" if failed.error.type == "KeyboardInterrupt" else "failed", failed.error


def failed_cell(nb: Any) -> FailedCell | None:
    """Return the cell that failed, by papermill's rule: `sys.exit(0)` in a cell is no failure.

    A magic that refuses prints its line and leaves no error output; papermill's mark on the cell tells of it. Cells
    that papermill added are not counted, so that the position is the one in the source notebook.
    """
    own = [cell for cell in nb.cells if not ADDED_BY_PAPERMILL.intersection(cell.metadata.get("tags", ()))]
    for position, cell in enumerate(own, 1):
        if cell.cell_type != "code":
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if any(output.ename == "SystemExit" and output.evalue in ("", "0", "None") for output in errors):
            continue
        if not errors and not cell.metadata.get("papermill", {}).get("exception"):
            continue
        line = next((line for line in cell.source.splitlines() if line.strip()), "")
        return FailedCell(position, cell.execution_count, line, _error_of(cell, errors))
    return None


def _error_of(cell: Any, errors: list[Any]) -> RunError:
    from nbledger.tables import clean

    if errors:
        found = errors[0]
        return RunError(found.ename, redact(found.evalue), redact(_plain("\n".join(found.traceback))))
    written = [output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stderr"]
    return RunError("CellExecutionError", redact(clean(_plain("".join(written)).strip()[-500:])))


def _plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def recorded_params(values: Mapping[str, Any]) -> tuple[Param, ...]:
    """Return papermill's parameters as they are recorded: credentials redacted."""
    return as_params({name: redact_value(name, value) for name, value in values.items()})


def _local_file(input_path: Any) -> Path | None:
    if not isinstance(input_path, str):
        return None
    path = Path(input_path).absolute()
    return path if path.is_file() else None
