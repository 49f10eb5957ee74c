"""What was not kept is computed again in a fresh kernel, from the cells that made it."""

from __future__ import annotations

import pytest

from nbledger.lineage.snapshots import NotStored, checkout
from nbledger.pipeline.value_by_slice import SliceGaveNothing, value_by_slice
from tests.lineage.notebook_session import NotebookSession

pytestmark = pytest.mark.kernel


@pytest.fixture
def session(project):
    session = NotebookSession(project)
    yield session
    session.close()


def last_run(session):
    return session.ledger.runs(order_by="started_at desc", limit=1)[0].id


def test_a_frame_that_was_not_kept_is_computed_from_its_slice(session, project):
    (project / "t.csv").write_text("a,b\n1,x\n2,y\n")
    session.run("import pandas as pd")
    session.run("df = pd.read_csv('t.csv')")
    session.run("df['a'] *= 10")
    run = last_run(session)
    session.run("df['a'] = 0")
    with pytest.raises(NotStored):
        checkout(session.ledger, run, "df")
    found = checkout(session.ledger, run, "df", by_slice=value_by_slice)
    assert found.to_dict("list") == {"a": [10, 20], "b": ["x", "y"]}
    assert (project / "t.csv").read_text() == "a,b\n1,x\n2,y\n"


def test_what_no_cell_made_cannot_be_computed(session):
    session.names["given"] = [1, 2]
    session.run("print(given)")
    with pytest.raises(SliceGaveNothing, match="no recorded cell made it"):
        value_by_slice(session.ledger, last_run(session), "given")
