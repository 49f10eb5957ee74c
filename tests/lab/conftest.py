"""A project that a real kernel recorded, and a Jupyter Server that shows it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError

from tests.notebook.conftest import Kernel

#: Cell id to source, in the order in which they stand; `late` makes what `early` uses.
CELLS = {
    "load": "%load_ext nbledger",
    "data": "import pandas as pd\n"
    "from sklearn.linear_model import LogisticRegression\n"
    "from sklearn.metrics import accuracy_score\n"
    "from sklearn.model_selection import train_test_split\n"
    "frame = pd.read_csv('data.csv')\n"
    "train, test = train_test_split(frame, test_size=0.5, random_state=0)",
    "early": "shown = frame.head(rows)",
    "fit": "%%track first\n"
    "C = 0.5\n"
    "model = LogisticRegression(C=C, max_iter=500).fit(train[['a', 'b']], train['y'])\n"
    "accuracy = accuracy_score(test['y'], model.predict(test[['a', 'b']]))",
    "late": "rows = 3",
    "leaky": "from sklearn.preprocessing import StandardScaler\n"
    "scaled = StandardScaler().fit_transform(frame[['a', 'b']])\n"
    "left, right = train_test_split(scaled, random_state=1)\n"
    "ys, yt = train_test_split(frame['y'], random_state=1)\n"
    "leaked = accuracy_score(yt, LogisticRegression().fit(left, ys).predict(right))",
    "boom": "%%track broken\nraise ValueError('<b>no</b>')",
}


@dataclass
class Project:
    """The folder of a recorded project, the ids of its runs, and the kernel that still lives."""

    folder: Path
    kernel: Kernel
    runs: dict[str, str] = field(default_factory=dict)

    def write(self, cells: dict[str, str]) -> None:
        """Save the notebook with these cells."""
        told = [
            {"cell_type": "code", "id": id, "source": source, "metadata": {}, "outputs": [], "execution_count": None}
            for id, source in cells.items()
        ]
        notebook = {"cells": told, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / "train.ipynb").write_text(json.dumps(notebook))


@pytest.fixture(scope="package")
def recorded(tmp_path_factory):
    """A project with a notebook that ran, a promoted model and an untracked cell; its kernel lives."""
    folder = tmp_path_factory.mktemp("lab").resolve() / "project"
    folder.mkdir()
    (folder / ".nbledger").mkdir()
    rows = "\n".join(f"{at % 7},{(at * 31) % 11},{int((at % 7) + ((at * 31) % 11) > 8)}" for at in range(200))
    (folder / "data.csv").write_text(f"a,b,y\n{rows}\n")
    kernel = Kernel(folder, env={"NBLEDGER_NOTEBOOK": str(folder / "train.ipynb")})
    project = Project(folder, kernel)
    project.write(CELLS)
    try:
        for id in ("load", "data", "late", "early", "fit", "leaky"):
            done = kernel.run(CELLS[id], cell_id=id)
            assert done.error is None, done.traceback
        kernel.run(CELLS["fit"].replace("0.5", "5.0").replace("first", "second"), cell_id="fit")
        kernel.run(CELLS["boom"], cell_id="boom")
        _fill(project)
        yield project
    finally:
        kernel.stop()


def _fill(project: Project) -> None:
    from nbledger.ledger import Ledger
    from nbledger.registry.promotion import promote

    ledger = Ledger.open(project.folder, create=False)
    for run in ledger.runs():
        project.runs.setdefault(run.name or run.cell_id or "", run.id)
    for name in ("first", "second"):
        promote(ledger, "churn", run=ledger.run(project.runs[name]), alias="champion", reason=f"because {name}")
    ledger.close()


@pytest.fixture
def project(recorded, jp_root_dir):
    """A copy of the recorded project, for tests that write; the kernel is not that of the copy."""
    from nbledger.ledger import Ledger

    source = Ledger.open(recorded.folder, create=False)
    source.database.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    source.close()
    folder = jp_root_dir / "copy"
    shutil.copytree(recorded.folder, folder, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return Project(folder, recorded.kernel, dict(recorded.runs))


@pytest.fixture
def add_run_to():
    """Record runs in a project's ledger, as another process would."""
    from nbledger.ledger import Ledger
    from tests.conftest import Recording

    opened = []

    def add_to(project: Project) -> Recording:
        opened.append(Ledger.open(project.folder))
        return Recording(opened[-1])

    yield add_to
    for ledger in opened:
        ledger.close()


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"nbledger_lab": True, "jupyter_server_terminals": False}}}


@pytest.fixture
def jp_root_dir(request, recorded, tmp_path):
    """The recorded project; for tests that write, an empty folder in which their copy lies."""
    if "project" not in request.fixturenames:
        return recorded.folder
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: Any
    raw: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.raw)


@pytest.fixture
def ask(jp_fetch, jp_serverapp):
    """Ask a route of `nbledger/api`, and get an `Answer` whatever its status; a `body` makes it a POST."""

    async def asked(route: str, body: Any = None, *, headers=None, **params: Any) -> Answer:
        pairs = [
            (k, str(v).lower() if isinstance(v, bool) else v) for k, v in params.items() if not isinstance(v, list)
        ]
        pairs += [(name, one) for name, value in params.items() if isinstance(value, list) for one in value]
        post = {} if body is None else {"method": "POST", "body": body if isinstance(body, str) else json.dumps(body)}
        try:
            found = await jp_fetch("nbledger", "api", *route.split("/"), params=pairs, headers=headers, **post)
        except HTTPClientError as error:
            found = error.response
            assert found is not None, error
        return Answer(found.code, found.headers, found.body)

    yield asked
    jp_serverapp.web_app.settings["nbledger_service"].close()
