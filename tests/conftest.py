"""What the tests share: a clean environment, a fresh ledger in a temporary folder, and short ways to fill it."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from nbledger.records import (
    Basis,
    Edge,
    Facts,
    Metric,
    Param,
    RunEnd,
    RunError,
    RunStart,
    Session,
    Tag,
    Version,
    new_id,
)

BENCHMARKS = Path(__file__).parent / "benchmarks"
BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items):
    for item in items:
        if BENCHMARKS in item.path.parents:
            item.add_marker("benchmark")
    items.sort(key=lambda item: BROWSER in item.path.parents)  # last, when nothing runs beside them any more


@pytest.fixture(autouse=True)
def _no_ledger_from_outside(monkeypatch):
    """The tests may themselves run inside a recorded notebook, or in a project with a ledger."""
    for name in [name for name in os.environ if name.startswith("NBLEDGER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project folder, which is also the current folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def fresh_ledger(project):
    """An empty ledger in the project's folder."""
    from nbledger.ledger import Ledger

    with closing(Ledger.open(project)) as ledger:
        yield ledger


@pytest.fixture
def add_run(fresh_ledger):
    """A function that records one ended run and returns its id."""
    return Recording(fresh_ledger)


class Recording:
    """Records runs as a kernel would, with what is given of them."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.session = Session(
            id=new_id(), frontend="test", host="here", boot_id="", pid=os.getpid(), process_started=0.0, user="ada",
            python="3.11", platform="linux", nbledger="0", started_at=time.time(),
        )  # fmt: skip
        ledger.start_session(self.session)

    def __call__(
        self, name=None, *, params=(), defaults=(), metrics=(), models=(), data=(), tags=(), judged_on="", error=None,
        experiment="exp", kind="cell", tracked=True, parent=None, source="fit()", started_at=None, id=None,
    ):  # fmt: skip
        run = id or new_id()
        self.ledger.start_run(
            RunStart(
                run, self.session.id, kind, started_at or time.time(), name=name, experiment=experiment,
                parent=parent, notebook="train.ipynb", cell_id="c1", source=source, tracked=tracked,
            )
        )  # fmt: skip
        basis = (Basis("y_true", version(judged_on)),) if judged_on else ()
        contents = [version(name) for _, name in data] + ([version(judged_on)] if judged_on else [])
        versions = [Version(content, "table", shape=(3, 2), nbytes=48) for content in contents]
        stored, edges = self._models(dict(models))
        facts = Facts(
            versions=(*versions, *(Version(edge.version, "model", type_name="Ridge") for edge in edges)),
            used=tuple(Edge(version(content), variable) for variable, content in data),
            generated=tuple(edges),
            params=tuple(Param(key, value, "estimator") for key, value in dict(params).items())
            + tuple(Param(key, value, "estimator", is_default=True) for key, value in dict(defaults).items()),
            metrics=tuple(Metric(key, value, basis=basis, time=time.time()) for key, value in dict(metrics).items()),
            stored=tuple(stored),
            tags=tuple(Tag(key, value) for key, value in dict(tags).items()),
        )
        status = "failed" if error else "finished"
        ended = RunError(*error) if error else None
        self.ledger.end_run(RunEnd(run, time.time(), 0.5, status, ended), facts)
        return run

    def _models(self, models):
        from nbledger.ledger.model_format import dump_model
        from nbledger.records import StoredVersion

        stored, edges = [], []
        for variable, model in models.items():
            made = dump_model(model)
            key, size = self.ledger.objects.put_bytes(made.data)
            stored.append(StoredVersion(key[:32], key, made.format, size, made.trusted))
            edges.append(Edge(key[:32], variable, "model"))
        return stored, edges


def version(name):
    """Return a content hash that stands for a name."""
    from blake3 import blake3

    return blake3(name.encode()).hexdigest()[:32]


def _columns(connection, table):
    return {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}


def as_an_older_nbledger_left_it(path):
    """Take the last migration of a ledger away again: what it made, its record, and the number of steps."""
    import sqlite3

    from sqlite_utils import Database

    from nbledger.ledger import schema

    before = sqlite3.connect(":memory:")
    schema.migrations(schema.STEPS[:-1]).apply(Database(before))
    names = {name for (name,) in before.execute("SELECT name FROM sqlite_master")}
    ledger = sqlite3.connect(path)
    for kind, name in ledger.execute("SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL").fetchall():
        if name not in names:
            ledger.execute(f'DROP {kind} IF EXISTS "{name}"')
        elif kind == "table":
            for column in _columns(ledger, name) - _columns(before, name):
                ledger.execute(f'ALTER TABLE "{name}" DROP COLUMN "{column}"')
    before.close()
    ledger.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (schema.STEPS[-1].name,))
    ledger.execute(f"PRAGMA user_version = {schema.VERSION - 1}")
    ledger.commit()
    assert {name for (name,) in ledger.execute("SELECT name FROM sqlite_master")} == names
    ledger.close()
