"""A notebook without Jupyter whose cells are recorded into a real ledger."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder
from nbledger.capture.writer import Writer
from tests.lineage.plain_session import PlainSession


class NotebookSession(PlainSession):
    """A session that is recorded into the ledger of `project`; this, or the `folder`, becomes the current folder.

    `close` ends the recording and puts back what cells may have changed in this process.
    """

    def __init__(self, project: Path, folder: Path | None = None) -> None:
        super().__init__()
        self._before = _process_state()
        os.chdir(folder or project)
        self.said: list[str] = []
        session = current_session("python", folder=None if folder is None else str(folder))
        self.writer = Writer(session, project, self.said.append)
        self.recorder = Recorder(self.names, self.writer, Context("notebook.ipynb"), dict(self.names))
        self.outcomes = []

    @property
    def ledger(self):
        """The ledger that this session writes to."""
        return self.writer.ledger

    @property
    def id(self) -> str:
        return self.writer.session.id

    def execute(self, source: str) -> BaseException | None:
        self.recorder.begin(Cell(source, (source,), None, len(self.errors) + 1, alone=True), None)
        error = super().execute(source)
        self.outcomes.append(self.recorder.end(error))
        return error

    def slice(self, target: str):
        """The slice of a variable or file of this session."""
        from nbledger.lineage.slicing import slice_of

        return slice_of(self.ledger, target, session=self.id)

    def positions(self, target: str) -> list[int]:
        """The executions in the slice of a target."""
        return [run.position for run in self.slice(target).runs]

    def close(self) -> None:
        self.recorder.close()
        calls.uninstall()
        self.writer.close()
        _put_back(self._before)


def _process_state():
    numpy = sys.modules.get("numpy")
    return (
        os.getcwd(),
        list(sys.path),
        dict(os.environ),
        random.getstate(),
        numpy.random.get_state() if numpy is not None else None,
        set(sys.modules),
    )


def _put_back(state) -> None:
    folder = os.getcwd()
    cwd, path, environ, randoms, numpy_randoms, modules = state
    os.chdir(cwd)
    sys.path[:] = path
    if dict(os.environ) != environ:
        os.environ.clear()
        os.environ.update(environ)
    random.setstate(randoms)
    if numpy_randoms is not None:
        sys.modules["numpy"].random.set_state(numpy_randoms)
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and file.startswith(folder):
            del sys.modules[name]
