"""Adapters wake with their library; XGBoost and LightGBM say what only they know."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from nbledger.capture.hooks import calls

DATA = """
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = X[:400], X[400:], y[:400], y[400:]
"""


@pytest.fixture
def data(notebook):
    """A notebook with data."""
    pytest.importorskip("sklearn")
    notebook.run(DATA, tracked=False)
    return notebook


def test_xgboost_gives_its_evaluations_by_round(data):
    pytest.importorskip("xgboost")
    source = """
from xgboost import XGBClassifier
clf = XGBClassifier(n_estimators=20, max_depth=2, early_stopping_rounds=3, eval_metric="logloss")
clf.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=False)
accuracy = accuracy_score(y_test, clf.predict(X_test))
"""
    found = data.metrics(source)
    clf = data.names["clf"]
    assert found["validation_0.logloss"] == clf.evals_result()["validation_0"]["logloss"]
    assert found["best_iteration"] == clf.best_iteration
    assert found["accuracy"] > 0.9
    experiment = data.experiment
    assert [model.name for model in experiment.models(data.names)] == ["clf"]
    params = {p.name: p.value for p in experiment.params(source, data.names) if not p.is_default}
    assert params == {"n_estimators": 20, "max_depth": 2, "early_stopping_rounds": 3, "eval_metric": "logloss"}
    (accuracy,) = [metric for metric in experiment.metrics() if metric.name == "accuracy"]
    assert {basis.role for basis in accuracy.basis} == {"y_true", "y_pred", "model", "X"}


@pytest.mark.filterwarnings("ignore:The argument 'eval_set'")
def test_lightgbm_gives_its_evaluations_by_round(data):
    lightgbm = pytest.importorskip("lightgbm")
    source = """
from lightgbm import LGBMClassifier, early_stopping
clf = LGBMClassifier(n_estimators=20, num_leaves=7, verbose=-1, n_jobs=1)
clf.fit(X_train, y_train, eval_set=[(X_test, y_test)], callbacks=[early_stopping(3, verbose=False)])
score = clf.score(X_test, y_test)
"""
    assert lightgbm.__version__
    found = data.metrics(source)
    clf = data.names["clf"]
    assert found["valid_0.binary_logloss"] == clf.evals_result_["valid_0"]["binary_logloss"]
    assert found["best_iteration"] == clf.best_iteration_
    assert found["score"] > 0.9
    params = {p.name: p.value for p in data.experiment.params(source, data.names) if not p.is_default}
    assert params == {"n_estimators": 20, "num_leaves": 7, "verbose": -1, "n_jobs": 1}


def test_a_booster_without_evaluations_says_nothing_more(data):
    pytest.importorskip("xgboost")
    assert data.metrics("from xgboost import XGBRegressor\nXGBRegressor(n_estimators=2).fit(X_train, y_train)") == {}


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """A library, and another distribution with an adapter for it."""
    (tmp_path / "boostlib.py").write_text(
        "class Booster:\n    def train(self, X, y):\n        self.rounds = [3.0, 2.0]\n        return self\n"
    )
    (tmp_path / "boost_adapter.py").write_text(
        """
from nbledger.capture.found.describe import Description
class BoostAdapter:
    library = "boostlib"
    def install(self, hooks):
        def ready(module):
            hooks.method(module.Booster.train, "fit", "train")
            hooks.describe(module.Booster, lambda model: Description(series={"loss": model.rounds}))
        hooks.when_imported("boostlib", ready)
"""
    )
    info = tmp_path / "boost_adapter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: boost-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nbledger.adapters]\nboostlib = boost_adapter:BoostAdapter\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("boostlib", "boost_adapter"):
        sys.modules.pop(name, None)


def test_an_adapter_of_another_package_wakes_with_its_library(notebook, third_party):
    pytest.importorskip("numpy")
    found = notebook.metrics("import boostlib\nbooster = boostlib.Booster().train([[1]], [1])")
    assert found == {"loss": [3.0, 2.0]}
    (model,) = notebook.experiment.models(notebook.names)
    assert model.name == "booster"


def test_a_broken_adapter_is_a_problem_of_the_next_cell(notebook, third_party, tmp_path):
    (tmp_path / "boost_adapter.py").write_text("1 / 0")
    experiment = notebook.run("import boostlib")
    assert experiment.problems == ["calls of boostlib are not observed: ZeroDivisionError: division by zero"]


def test_entry_points_are_read_only_when_a_library_wakes(monkeypatch):
    def entry_points(**_):
        raise AssertionError("read too early")

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    try:
        calls.wake({})
        import json.tool  # noqa: F401
    finally:
        calls.uninstall()
