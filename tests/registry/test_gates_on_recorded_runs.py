"""The gates that ask the lineage: fitted and judged models as a notebook leaves them."""

from __future__ import annotations

import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder, TrackOptions
from nbledger.capture.writer import Writer
from nbledger.registry import PromotionRefused, approve, judge, promote
from tests.lineage.plain_session import PlainSession

SETUP = """
import numpy as np, pandas as pd
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
X, y = make_classification(800, 8, flip_y=0.05, random_state=0)
X = pd.DataFrame(X, columns=[f"f{i}" for i in range(8)])
X["site"] = np.arange(800) % 3
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""
FIT = """
model = {model}.fit(X_train, y_train)
accuracy = accuracy_score(y_test, model.predict(X_test))
"""
GOOD = "LogisticRegression(max_iter=1000)"
BAD = "DummyClassifier(strategy='constant', constant=1)"


class Notebook(PlainSession):
    """A notebook all of whose cells are tracked, with its models and the named variables kept."""

    def __init__(self, folder):
        super().__init__()
        self.writer = Writer(current_session("python"), folder, print)
        self.recorder = Recorder(self.names, self.writer, Context("notebook.ipynb"), dict(self.names))
        self.runs = []
        self.snapshot = ()

    def execute(self, source):
        options = TrackOptions(quiet=True, snapshot=self.snapshot)
        self.recorder.begin(Cell(source, (source,), None, len(self.runs) + 1), options)
        error = super().execute(source)
        outcome = self.recorder.end(error)
        assert error is None
        self.runs.append(outcome.start.id)
        return error

    @property
    def ledger(self):
        return self.writer.ledger

    def track(self, source, *snapshot):
        """Run one cell and return its run."""
        self.snapshot = snapshot
        self.run(source)
        return self.ledger.run(self.runs[-1])


@pytest.fixture
def notebook(tmp_path):
    session = Notebook(tmp_path)
    session.run(SETUP)
    yield session
    session.writer.close()
    calls.uninstall()


def only(ledger, run, gate, **options):
    [found] = judge(ledger, "churn", run, [{gate: options or None}])
    return found


# -- better than the champion -----------------------------------------------------------------------------------


def test_without_a_champion_there_is_nothing_to_beat(notebook):
    run = notebook.track(FIT.format(model=GOOD))
    found = only(notebook.ledger, run, "better-than-champion", metric="accuracy")
    assert found.status == "passed"
    assert "no version holds @champion yet" in found.detail


def test_a_clear_gain_on_the_same_test_rows_passes_and_a_loss_does_not(notebook):
    ledger = notebook.ledger
    bad, good = (notebook.track(FIT.format(model=model)) for model in (BAD, GOOD))
    promote(ledger, "churn", bad, alias="champion")
    done = promote(
        ledger, "churn", good, alias="champion", gates=[{"better-than-champion": {"metric": "accuracy"}}], who="bob"
    )
    assert done.version.number == 2
    assert "McNemar" in done.gates[0].detail
    assert done.gates[0].value > 0.2
    with pytest.raises(PromotionRefused, match="wanted better than @champion"):
        promote(ledger, "churn", bad, alias="champion", gates=["better-than-champion: accuracy"])


def test_a_gain_that_may_be_chance_does_not_pass(notebook):
    first = notebook.track(FIT.format(model=GOOD))
    second = notebook.track(FIT.format(model="LogisticRegression(C=0.8, max_iter=1000)"))
    promote(notebook.ledger, "churn", first, alias="champion")
    found = only(notebook.ledger, second, "better-than-champion", metric="accuracy")
    assert found.status == "failed"
    assert "at 0.95" in found.detail


def test_of_an_error_less_is_better(notebook):
    source = "model = {}.fit(X_train, y_train)\nmse = mean_squared_error(y_test, model.predict(X_test))"
    bad, good = (notebook.track(source.format(model)) for model in (BAD, GOOD))
    promote(notebook.ledger, "churn", bad, alias="champion")
    found = only(notebook.ledger, good, "better-than-champion", metric="mse")
    assert (found.status, found.value < 0) == ("passed", True)
    assert only(notebook.ledger, good, "better-than-champion", metric="mse", minimize=False).status == "failed"


def test_other_test_rows_cannot_be_compared(notebook):
    first = notebook.track(FIT.format(model=GOOD))
    promote(notebook.ledger, "churn", first, alias="champion")
    notebook.track("X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)")
    found = only(notebook.ledger, notebook.track(FIT.format(model=BAD)), "better-than-champion", metric="accuracy")
    assert found.status == "error"
    assert "not judged on the same rows" in found.detail


def test_the_champion_judged_again_on_the_new_rows_can_be_compared(notebook):
    champion = notebook.track(FIT.format(model=BAD).replace("model", "old"))
    promote(notebook.ledger, "churn", champion, alias="champion")
    notebook.track("X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)")
    candidate = notebook.track(FIT.format(model=GOOD))
    notebook.track("accuracy = accuracy_score(y_test, old.predict(X_test))")
    found = only(notebook.ledger, candidate, "better-than-champion", metric="accuracy")
    assert found.status == "passed", found.detail


@pytest.mark.parametrize("options", [{"metric": "accuracy", "confidence": 95}, {"metric": "f1"}])
def test_what_cannot_be_evaluated_does_not_pass(notebook, options):
    bad, good = (notebook.track(FIT.format(model=model)) for model in (BAD, GOOD))
    promote(notebook.ledger, "churn", bad, alias="champion")
    assert only(notebook.ledger, good, "better-than-champion", **options).status == "error"


def test_a_cell_that_only_judges_promotes_the_model_that_it_judged(notebook):
    fitted = notebook.track("model = LogisticRegression(max_iter=1000).fit(X_train, y_train)")
    judged = notebook.track("accuracy = accuracy_score(y_test, model.predict(X_test))")
    done = promote(notebook.ledger, "churn", judged, alias="champion", gates=["accuracy >= 0.5", "no-leakage"])
    assert done.version.version in {edge.version for edge in notebook.ledger.generated(fitted.id)}
    assert only(notebook.ledger, fitted, "metric", condition="accuracy >= 0.5").status == "passed"


# -- leakage ----------------------------------------------------------------------------------------------------


def test_no_leak_is_found_where_there_is_none(notebook):
    found = only(notebook.ledger, notebook.track(FIT.format(model=GOOD)), "no-leakage")
    assert (found.status, found.value) == ("passed", 0)


def test_a_leak_of_the_model_s_own_rows_is_a_refusal_that_says_what_to_do(notebook):
    notebook.track("scaler = StandardScaler().fit(X)\nA, B = scaler.transform(X_train), scaler.transform(X_test)")
    leaky = notebook.track(FIT.format(model=GOOD).replace("X_train", "A").replace("X_test", "B"))
    clean = notebook.track(FIT.format(model=GOOD))
    found = only(notebook.ledger, leaky, "no-leakage")
    assert found.status == "failed"
    assert "preprocessing" in found.detail and "Split first" in found.detail
    assert only(notebook.ledger, clean, "no-leakage").status == "passed"


def test_leakage_that_cannot_be_told_is_an_error(notebook):
    fitted = notebook.track("model = LogisticRegression(max_iter=1000).fit(X_train, y_train)")
    found = only(notebook.ledger, fitted, "no-leakage")
    assert found.status == "error"
    assert "no judgement" in found.detail


# -- fairness and latency ---------------------------------------------------------------------------------------


def test_a_metric_by_group_is_held_against_a_gap(notebook):
    run = notebook.track(FIT.format(model=GOOD), "X_test")
    found = only(notebook.ledger, run, "fairness", column="site", max_gap=0.5)
    assert found.status == "passed", found.detail
    assert "accuracy by site: 0 " in found.detail
    tight = only(notebook.ledger, run, "fairness", column="site", max_gap=0.0)
    assert (tight.status, tight.value) == ("failed", found.value)


def test_the_group_column_can_be_a_variable_of_its_own(notebook):
    run = notebook.track(FIT.format(model=GOOD) + "site = X_test['site']", "site")
    found = only(notebook.ledger, run, "fairness", column="site", data="site", max_gap=0.5)
    assert found.status == "passed", found.detail


def test_a_group_column_that_was_not_kept_is_an_error_that_says_how_to_keep_it(notebook):
    run = notebook.track(FIT.format(model=GOOD))
    found = only(notebook.ledger, run, "fairness", column="site")
    assert found.status == "error"
    assert "--snapshot X_test" in found.detail
    kept = notebook.track(FIT.format(model=BAD), "X_test")
    found = only(notebook.ledger, kept, "fairness", column="sex")
    assert "no column 'sex'" in found.detail


def test_groups_of_few_rows_are_left_out_and_named(notebook):
    notebook.track("X_test = X_test.copy()\nX_test.iloc[:3, -1] = 9")
    run = notebook.track(FIT.format(model=GOOD), "X_test")
    found = only(notebook.ledger, run, "fairness", column="site", max_gap=0.5)
    assert found.detail.endswith("left out as too small: 9")


def test_latency_is_measured_on_the_rows_that_were_kept(notebook):
    run = notebook.track(FIT.format(model=GOOD), "X_test")
    found = only(notebook.ledger, run, "latency", ms=60_000, rows=300)
    assert found.status == "passed"
    assert "300 rows of X_test" in found.detail


# -- all together -----------------------------------------------------------------------------------------------


def test_all_gates_at_once_make_one_table(notebook):
    ledger = notebook.ledger
    run = notebook.track(FIT.format(model=GOOD), "X_test")
    gates = ["accuracy >= 0.7", "better-than-champion: accuracy", "no-leakage", "size: 1 MB", "latency: 1000 ms",
             {"fairness": {"column": "site", "max_gap": 0.5}}, "approval"]  # fmt: skip
    with pytest.raises(PromotionRefused) as refused:
        promote(ledger, "churn", run, alias="champion", gates=gates)
    assert [one.gate for one in refused.value.results if not one.ok] == ["approval"]
    approve(ledger, "churn", run=run.id, who="a-reviewer")
    assert promote(ledger, "churn", run, alias="champion", gates=gates).version.number == 1


# -- fitted in one notebook, judged in another ------------------------------------------------------------------

APART = """
import joblib, pandas as pd
from sklearn.metrics import accuracy_score
testing = pd.read_parquet({test!r})
X_test, y_test = testing.drop(columns="y"), testing["y"]
model = joblib.load({model!r})
"""


@pytest.fixture
def apart(notebook, tmp_path):
    """A function that judges the notebook's model in a second notebook, on the rows of a file, and gives the run."""

    def judge_apart(rows="X_test.assign(y=y_test)"):
        test, model = str(tmp_path / "test.parquet"), str(tmp_path / "model.joblib")
        notebook.track(f"import joblib\n({rows}).to_parquet({test!r})\njoblib.dump(model, {model!r})")
        calls.uninstall()
        second = Notebook(tmp_path)
        try:
            second.run(APART.format(test=test, model=model))
            return second.track("accuracy = accuracy_score(y_test, model.predict(X_test))")
        finally:
            second.writer.close()

    return judge_apart


FIT_ONLY = "model = LogisticRegression(max_iter=1000).fit(X_train, y_train)"


def test_a_model_that_another_notebook_judges_on_other_rows_passes(notebook, apart):
    notebook.track(FIT_ONLY)
    found = only(notebook.ledger, apart(), "no-leakage")
    assert found.status == "passed", found.detail
    assert "another notebook" in found.detail


def test_a_model_that_another_notebook_judges_on_its_training_rows_does_not_pass(notebook, apart):
    notebook.track(FIT_ONLY)
    found = only(notebook.ledger, apart("X_train.assign(y=y_train)"), "no-leakage")
    assert found.status == "failed"
    assert "all of the rows of X_test" in found.detail


def test_a_transformer_that_was_fitted_apart_leaves_leakage_untold(notebook, apart):
    notebook.track("X_train = pd.DataFrame(StandardScaler().fit(X).transform(X_train), columns=X.columns)")
    notebook.track(FIT_ONLY)
    found = only(notebook.ledger, apart(), "no-leakage")
    assert found.status == "error"
    assert "StandardScaler was fitted apart" in found.detail
