"""What the tests of lineage share: recorded notebooks without Jupyter, in this process or in one of their own."""

from __future__ import annotations

import pytest


@pytest.fixture
def notebook_session(tmp_path):
    """A session in this process whose cells are recorded into a ledger of its own."""
    from tests.lineage.notebook_session import NotebookSession

    session = NotebookSession(tmp_path)
    yield session
    session.close()


@pytest.fixture(scope="session")
def workshop():
    """Processes to record and replay notebooks in."""
    from tests.lineage.workshop import Workshop

    workshop = Workshop()
    yield workshop
    workshop.close()
