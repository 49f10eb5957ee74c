"""What is different from the base branch: its last run of the same pipeline, from its own ledger, beside this one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from nbledger.errors import NBLedgerError
from nbledger.pipeline.pipeline_record import PIPELINE, STEP, identity
from nbledger.pipeline.pipeline_state import pipeline_runs
from nbledger.pipeline.spec import Pipeline

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run


class NoBase(NBLedgerError):
    """The base branch's ledger cannot be read. Fields: path, why."""

    template = "{path} is no ledger to compare with: {why}"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: in which step, what kind (`metric`, `param`, `data`, `code`), its name, both values."""

    step: str
    kind: str
    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class BaseDiff:
    """How a run differs from the base's `run` of `time` (seconds since the epoch); `note` says why it is not known."""

    run: str | None
    time: float | None
    changes: tuple[Change, ...] = ()
    note: str = ""


class _Base:
    """The base's ledger, open while a check goes on."""

    def __init__(self, pipeline: Pipeline, path: Path | None) -> None:
        self._pipeline = pipeline
        self._path = path
        self._stack = ExitStack()
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        try:
            self._ledger = None if self._path is None else self._open(self._path)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, path: Path) -> Ledger:
        from nbledger.ledger import Ledger

        if not path.exists():
            raise NoBase(path=path, why="there is no such file or folder")
        try:
            if path.is_file():
                place = Path(tempfile.mkdtemp(prefix="nbledger-base-"))
                self._stack.callback(shutil.rmtree, place, ignore_errors=True)
                ledger = Ledger.open(place, create=True)
                self._stack.callback(ledger.close)
                ledger.import_bundle(path)
            else:
                ledger = Ledger.open(path, create=False)
                self._stack.callback(ledger.close)
        except NBLedgerError as error:
            raise NoBase(path=path, why=str(error)) from None
        return ledger

    def with_run(self, ledger: Ledger, run: str) -> BaseDiff | None:
        """Return how a pipeline run differs from the base's last one, `None` where no base was given."""
        if self._ledger is None:
            return None
        name = identity(self._pipeline, ledger)
        runs = (one for one in pipeline_runs(self._ledger) if one.status == "finished" and one.id != run)
        last = next((one for one in runs if name == one.tags.get(PIPELINE)), None)
        if last is None:
            return BaseDiff(None, None, note=f"the base's ledger has no finished run of {self._pipeline.name}")
        before, after = _facts(self._ledger, last.id), _facts(ledger, run)
        return BaseDiff(last.id, last.started_at, tuple(_changes(before, after)))


def diff_with_base(pipeline: Pipeline, path: Path | None) -> _Base:
    """Return a context in which the base's ledger is open. Entering it raises `NoBase`."""
    return _Base(pipeline, path)


def _facts(ledger: Ledger, pipeline_run: str) -> dict[tuple[str, str, str], Any]:
    """Return (step, kind, name) to value for all that a pipeline's steps had."""
    found: dict[tuple[str, str, str], Any] = {}
    for notebook in ledger.children(pipeline_run):
        if notebook.kind == "notebook":
            step = notebook.tags.get(STEP) or notebook.name or ""
            found |= {(step, "param", name): value for name, value in notebook.params.items()}
            found |= {(step, *key): value for key, value in _of_cells(ledger, notebook).items()}
    return found


def _of_cells(ledger: Ledger, notebook: Run) -> Mapping[tuple[str, str], Any]:
    from nbledger.registry.gates.context import inside

    found: dict[tuple[str, str], Any] = {}
    made: set[str] = set()
    sources = []
    for cell in reversed(inside(ledger, notebook)):
        if cell.kind != "cell":
            continue
        sources.append((cell.source or "").strip())
        found |= {("metric", name): value for name, value in cell.metrics.items()}
        files = {edge.name: edge.version for edge in ledger.used(cell.id) if edge.role == "file"}
        found |= {("data", name): version for name, version in files.items() if name not in made}
        made |= {edge.name for edge in ledger.generated(cell.id) if edge.role == "file"}
    found["code", notebook.notebook or ""] = "\n\n".join(sources)
    return found


def _changes(before: Mapping[tuple[str, str, str], Any], after: Mapping[tuple[str, str, str], Any]) -> list[Change]:
    order = {"metric": 0, "param": 1, "data": 2, "code": 3}
    keys = sorted({*before, *after}, key=lambda key: (order[key[1]], key))
    return [Change(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]
