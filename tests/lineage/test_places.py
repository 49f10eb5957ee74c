"""The folder in which the cells of a slice ran, where no front end told which notebook they are of."""

from __future__ import annotations

import os

import pytest

from nbledger.capture.recorder import Context, Recorder
from nbledger.lineage.places import working_folder
from nbledger.lineage.slicing import slice_of
from tests.lineage.notebook_session import NotebookSession


class UnnamedSession(NotebookSession):
    """A session whose notebook is not known, as of one that nbclient runs, in a folder below the project's root."""

    def __init__(self, project, folder):
        super().__init__(project)
        self.recorder = Recorder(self.names, self.writer, Context(None), dict(self.names))
        (project / folder).mkdir(parents=True)
        self.folder = project / folder

    def run(self, source):
        os.chdir(self.folder)
        return super().run(source)


@pytest.fixture
def session(project):
    made = UnnamedSession(project, "work/notebooks")
    yield made
    made.close()


@pytest.mark.parametrize(
    "source",
    [
        "Path('loss.png').write_text('1')",
        "name = 'loss'\nPath(name + '.png').write_text('1')",
        "Path(''.join(['lo', 'ss', '.png'])).write_text('1')",
        "Path('figures').mkdir()\nPath('figures', 'lo' + str(1)).write_text('1')",
        "Path('figures').mkdir()\nfor k in range(2): Path(f'figures/loss_{k}.png').write_text('1')",
    ],
)
def test_it_is_found_by_the_files_that_the_cells_worked_with(session, source):
    assert session.run("from pathlib import Path") is None
    assert session.run(source) is None
    [run, *_] = session.ledger.runs(limit=1)
    assert working_folder(session.ledger, slice_of(session.ledger, run.id)) == "work/notebooks"


def test_it_is_the_one_that_the_session_recorded_whatever_the_files_say(project):
    work = project / "work"
    (project / "elsewhere").mkdir()
    work.mkdir()
    session = NotebookSession(project, folder=work)
    try:
        assert session.run("from pathlib import Path") is None
        assert session.run("Path('../elsewhere/loss.png').write_text('1')\nn = 'loss'") is None
        assert working_folder(session.ledger, slice_of(session.ledger, "n", session=session.id)) == "work"
    finally:
        session.close()


def test_a_folder_outside_of_the_project_is_not_recorded(project, tmp_path_factory):
    session = NotebookSession(project, folder=tmp_path_factory.mktemp("outside"))
    try:
        assert session.ledger.database.rows("SELECT folder FROM session") == [(None,)]
    finally:
        session.close()


def test_a_session_that_touched_no_file_ran_in_the_root(session):
    assert session.run("x = 'loss.png'") is None
    assert working_folder(session.ledger, slice_of(session.ledger, "x", session=session.id)) == "."
