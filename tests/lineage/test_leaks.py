"""Leakage is found in notebooks that leak, by its kind, and nothing is said of clean ones.

Each file in `leaks/` is one notebook: `# %%` parts its cells, and the first line says what is to be found in it. Some say
in a second line which column is named to `leaks` (`# groups: patient_id`, `# time: date`), or which cell must be shown
(`# cells: 2`).
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder
from nbledger.capture.writer import Writer
from nbledger.lineage.leaks import leaks
from tests.lineage.plain_session import PlainSession

FOLDER = Path(__file__).parent / "leaks"
NOTEBOOKS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py"))}


class Recorded(PlainSession):
    """A notebook that is recorded into a ledger of its own, as an observed one: nothing is tracked."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.said: list[str] = []
        self.writer = Writer(current_session("python"), folder, self.said.append)
        self.recorder = Recorder(self.names, self.writer, Context("notebook.ipynb"), dict(self.names))

    def execute(self, source):
        self.recorder.begin(Cell(source, (source,), None, len(self.errors) + 1), None)
        experiment = self.recorder._current.experiment
        error = super().execute(source)
        self.recorder.end(error)
        assert experiment.problems == []
        return error

    def run_all(self, text):
        """Run all cells of a notebook; none may raise."""
        for source in re.split(r"^# %%.*\n", text, flags=re.MULTILINE):
            assert self.run(source) is None, self.errors[-1]
        return self

    def leaks(self, **options):
        return leaks(self.writer.ledger, self.writer.session.id, **options)


@pytest.fixture(scope="module", autouse=True)
def _nothing_left():
    yield
    calls.uninstall()


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("NBLEDGER_DEBUG", "1")
    session = Recorded(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield session
    session.writer.close()


def header(text, name):
    """What a notebook's first lines say under a name."""
    found = re.search(rf"^# {name}: (\S+)$", text, re.MULTILINE)
    return found and found[1]


def asked(text):
    return {name: header(text, name) for name in ("groups", "time") if header(text, name)}


@pytest.mark.parametrize("name", [name for name, text in NOTEBOOKS.items() if header(text, "kind") != "clean"])
def test_a_leak_is_found_by_its_kind(recorded, name):
    text = NOTEBOOKS[name]
    found = recorded.run_all(text).leaks(**asked(text))
    assert header(text, "kind") in found.kinds, str(found)
    if header(text, "cells"):
        assert any(int(header(text, "cells")) in one.positions for one in found if one.kind == header(text, "kind"))
    for one in found:
        assert one.runs
        assert all(position is not None for position in one.positions)
        assert one.message
        assert "\n" not in one.remedy


@pytest.mark.parametrize("name", [name for name, text in NOTEBOOKS.items() if header(text, "kind") == "clean"])
def test_a_clean_notebook_is_not_accused(recorded, name):
    text = NOTEBOOKS[name]
    found = recorded.run_all(text).leaks(**asked(text))
    assert list(found) == [], str(found)


def test_the_corpus_is_large_enough():
    kinds = [header(text, "kind") for text in NOTEBOOKS.values()]
    assert kinds.count("clean") >= 40
    assert len(kinds) - kinds.count("clean") >= 40
    assert set(kinds) == {"clean", "preprocessing", "overlap", "target", "multi-test"}


def test_rows_that_were_predicted_alone_have_judged_no_model(recorded):
    recorded.run_all(
        """
# %%
import numpy as np
from sklearn.linear_model import LinearRegression, Ridge
rng = np.random.default_rng(0)
X, new, test = (rng.normal(size=(40, 3)) for _ in range(3))
models = [model.fit(X, X.sum(axis=1)) for model in (LinearRegression(), Ridge())]
# %%
for model in models: model.predict(new)
# %%
for model in models: model.score(test, test.sum(axis=1))
"""
    )
    assert recorded.leaks().uses == (("test", 2),)
