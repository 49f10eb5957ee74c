"""The executed notebook's file: written seldom while the notebook runs, at its end always, and never half."""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from papermill.engines import NotebookExecutionManager

from nbledger.capture.redaction.secrets import redact
from nbledger.ledger.location import DATABASE
from nbledger.pipeline.notebook_text import notebook_text
from nbledger.pipeline.outcomes import CellEvent, CellState

SECONDS_BETWEEN_SAVES = 1.0
SHARE_OF_TIME = 20  # a save that took long is followed by that many times its time without one


class SavingManager(NotebookExecutionManager):
    """Papermill's manager of a running notebook, which saves when the last save is some time ago, and atomically.

    Papermill's own writes the whole file at each start and end of a cell: 510 cells took 52 to 85 s against 4 s of
    execution. `tell` is called whenever a cell starts or ends.
    """

    def __init__(self, nb: Any, *, run: str, tell: Callable[[CellEvent], None] | None = None, **options: Any) -> None:
        self._run = run
        self._tell = tell
        self._next_save = 0.0
        super().__init__(nb, **options)

    def save(self, **_: Any) -> None:
        """Save now if the last save was some time ago."""
        if time.monotonic() >= self._next_save:
            self.save_now()

    @contextlib.contextmanager
    def _unsaved(self) -> Iterator[None]:
        held, self._next_save = self._next_save, math.inf
        try:
            yield
        finally:
            self._next_save = held

    def save_now(self) -> None:
        """Save; a reader sees the file as it was before or as it is after."""
        began = time.monotonic()
        if self.output_path:
            save_notebook(self.nb, self.output_path)
        self.last_save_time = self.now()
        ended = time.monotonic()
        self._next_save = ended + max(SECONDS_BETWEEN_SAVES, SHARE_OF_TIME * (ended - began))

    def cell_start(self, cell: Any, cell_index: int | None = None, **options: Any) -> None:
        """Mark a cell as running; the client saves when the kernel works on it."""
        with self._unsaved():
            super().cell_start(cell, cell_index, **options)
        self._say(cell, cell_index, "running")

    def cell_complete(self, cell: Any, cell_index: int | None = None, **options: Any) -> None:
        """Mark a cell as ended, however it ended; what follows saves: the next cell, or the notebook's end."""
        about = cell.metadata.papermill
        began, about["start_time"] = about["start_time"], None  # which papermill would parse
        with self._unsaved():
            super().cell_complete(cell, cell_index, **options)
        about["start_time"] = began
        if began:
            took = datetime.fromisoformat(about["end_time"]) - datetime.fromisoformat(began)
            about["duration"] = took.total_seconds()
        self._say(cell, cell_index, "failed" if about["status"] == self.FAILED else "finished")

    def cell_taken(self, cell: Any, cell_index: int) -> None:
        """Mark a cell as one that was not run, and has its outputs from an earlier run."""
        cell.metadata.papermill["status"] = self.COMPLETED
        if self.pbar:
            self.pbar.update(1)
        self._say(cell, cell_index, "taken")

    def notebook_complete(self, **options: Any) -> None:
        """End it; this save is always made."""
        self._next_save = 0.0
        super().notebook_complete(**options)

    def _say(self, cell: Any, cell_index: int | None, state: CellState) -> None:
        if self._tell is not None and cell_index is not None:
            self._tell(CellEvent(self._run, cell_index + 1, len(self.nb.cells), cell.get("id"), state))


def save_notebook(nb: Any, place: str | Path) -> None:
    """Write a notebook: a local file atomically (a temporary file beside it, then renamed), another place as papermill.

    What is kept in a ledger's folder has its credentials redacted, as all that is recorded. Raises `OSError`.
    """
    text = str(place)
    if "://" in text or text == "-":
        from papermill.iorw import write_ipynb

        write_ipynb(nb, text)
        return
    path = Path(text).absolute()
    # Without nbformat's validation, which only logs, and takes longer than the writing.
    data = notebook_text(nb)
    replace_file(path, (redact(data) if _is_in_ledger(path) else data).encode())


def _is_in_ledger(path: Path) -> bool:
    return any((folder / DATABASE).is_file() for folder in path.parents[:2])


def replace_file(path: Path, data: bytes) -> None:
    """Give a file new content at once; a link keeps leading to it, and its mode stays. Raises `OSError`.

    What is no regular file (`/dev/null`, a pipe) is written to.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.parent / f".{path.stem[:40]}-{uuid.uuid4().hex[:8]}.partial"
    try:
        temporary.write_bytes(data)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
