"""Calls are found however they were imported, and only the outermost one counts."""

from __future__ import annotations

import sys
import textwrap
import threading

import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.hooks.events import CrossValidation, Fit, MetricCall, Predict, Score, Search, Split

pytest.importorskip("sklearn")

from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score as bound_before
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = make_classification(n_samples=60, random_state=0)


def test_a_function_imported_before_nbledger_is_found(sink):
    bound_before(y, y)
    assert sink.kinds == ["MetricCall"]
    assert sink.events[0].function == "accuracy_score"


def test_a_function_imported_under_another_name_in_a_cell_is_found(sink):
    from sklearn.metrics import f1_score as g

    g(y, y)
    assert sink.events[0].function == "f1_score"


def test_a_function_imported_from_its_private_module_is_found(sink):
    from sklearn.metrics._classification import recall_score

    recall_score(y, y)
    assert sink.kinds == ["MetricCall"]


def test_a_function_kept_as_a_default_or_in_a_dict_is_found(sink):
    from sklearn import metrics

    def judge(metric=metrics.precision_score):
        return metric(y, y)

    judge()
    {"r2": metrics.r2_score}["r2"](y, y)
    assert [event.function for event in sink.events] == ["precision_score", "r2_score"]


def test_calls_in_a_helper_module_are_found(sink, tmp_path, monkeypatch):
    (tmp_path / "our_helper.py").write_text(
        textwrap.dedent(
            """
            from sklearn.linear_model import LogisticRegression
            from sklearn.metrics import accuracy_score as acc

            def train(X, y):
                model = LogisticRegression().fit(X, y)
                accuracy = acc(y, model.predict(X))
                return model
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    import our_helper

    our_helper.train(X, y)
    assert sink.kinds == ["Fit", "Predict", "MetricCall"]
    assert sink.events[2].site.name == "accuracy"
    assert sink.events[2].site.function == "train"


def test_each_kind_of_call_becomes_its_event(sink):
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2)
    train_test_split(X, y, test_size=0.5)
    search.fit(X, y)
    search.predict(X)
    search.score(X, y)
    cross_val_score(LogisticRegression(), X, y, cv=2)
    assert [type(event) for event in sink.events] == [Split, Fit, Search, Predict, Score, CrossValidation]
    assert [candidate.params for candidate in sink.events[2].candidates] == [{"C": 0.1}, {"C": 1}]


def test_only_the_outermost_call_counts(sink):
    make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))]).fit(X, y).score(X, y)
    assert sink.kinds == ["Fit", "Fit", "Score"]
    assert [type(event.model).__name__ for event in sink.events] == ["Pipeline", "VotingClassifier", "VotingClassifier"]


def test_calls_inside_joblib_threads_of_an_outer_call_do_not_count(sink):
    from joblib import parallel_backend

    forest = RandomForestClassifier(8, n_jobs=2).fit(X, y)
    forest.predict(X)
    with parallel_backend("threading", n_jobs=2):
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=3).fit(X, y)
    assert sink.kinds == ["Fit", "Predict", "Fit", "Search"]


def test_calls_of_the_users_own_threads_count(sink):
    barrier = threading.Barrier(4)

    def train(c):
        barrier.wait()
        LogisticRegression(C=c).fit(X, y)

    threads = [threading.Thread(target=train, args=(c,)) for c in (0.1, 1, 10, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event.model.C for event in sink.events) == [0.1, 1, 10, 100]


def test_calls_of_the_users_own_joblib_threads_count(sink):
    from joblib import Parallel, delayed

    models = Parallel(n_jobs=2, backend="threading")(delayed(LogisticRegression(C=c).fit)(X, y) for c in (0.1, 1, 10))
    assert len(models) == 3
    assert sink.kinds == ["Fit"] * 3


def test_a_scorer_is_a_score_under_its_functions_name(sink):
    from sklearn.metrics import get_scorer, make_scorer, mean_absolute_error

    model = LogisticRegression().fit(X, y)
    get_scorer("accuracy")(model, X, y)
    make_scorer(mean_absolute_error)(model, X, y)
    assert sink.kinds == ["Fit", "Score", "Score"]
    assert [event.function for event in sink.events[1:]] == ["accuracy_score", "mean_absolute_error"]


def test_methods_behind_available_if_are_found(sink):
    from sklearn.svm import SVC

    pipeline = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    pipeline.score(X, y)
    pipeline.decision_function(X)
    assert sink.kinds == ["Fit", "Score", "Predict"]


def test_inherited_mixin_methods_are_found(sink):
    from sklearn.cluster import KMeans

    LogisticRegression().fit(X, y).score(X, y)
    StandardScaler().fit_transform(X)
    KMeans(2, n_init=1).fit_predict(X)
    assert [event.function for event in sink.events] == ["fit", "score", "fit_transform", "fit_predict"]


def test_a_class_defined_later_is_found(sink):
    class Majority(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = [0, 1]
            return self

        def predict(self, X):
            return [0] * len(X)

    Majority().fit(X, y).score(X, y)
    assert sink.kinds == ["Fit", "Score"]


@pytest.mark.parametrize("bases", [(TransformerMixin, BaseEstimator), (BaseEstimator, TransformerMixin)])
def test_a_transformer_defined_later_gives_what_the_user_gets(sink, bases):
    pandas = pytest.importorskip("pandas")

    class Double(*bases):
        def fit(self, X, y=None):
            self.n_features_in_ = X.shape[1]
            return self

        def transform(self, X):
            return X * 2

        def get_feature_names_out(self, input_features=None):
            return [f"c{i}" for i in range(self.n_features_in_)]

    double = Double().set_output(transform="pandas")
    result = double.fit(X).transform(X)
    assert isinstance(result, pandas.DataFrame)
    assert sink.kinds == ["Fit", "Predict"]
    assert sink.events[1].result is result


def test_a_library_imported_in_the_very_cell_is_found():
    """One cell that imports, fits and scores: in a process of its own, where nothing is imported yet."""
    code = """
        import sys
        from nbledger.capture.hooks import calls
        from nbledger.capture.found.experiment import Experiment
        assert "sklearn" not in sys.modules and "numpy" not in sys.modules
        calls.wake(sys.modules)
        experiment = Experiment(lambda value: None, tracked=True)
        calls.activate(experiment)
        from sklearn.linear_model import LogisticRegression as LR
        from sklearn.metrics import accuracy_score as acc
        from sklearn.cluster import KMeans
        m = LR().fit([[0], [1]], [0, 1])
        accuracy = acc([0, 1], m.predict([[0], [1]]))
        KMeans(2, n_init=1).fit([[0], [1]])
        calls.deactivate()
        print([found.name for found in experiment.models(globals())], [metric.name for metric in experiment.metrics()])
        import sklearn.base, sklearn
        assert type(sklearn.__spec__.loader).__name__ == "SourceFileLoader"
        assert "exec_module" not in vars(sklearn.__spec__.loader)
        calls.uninstall()
        assert not [f for f in sys.meta_path if type(f).__module__.startswith("nbledger")]
    """
    assert _python(code) == "['m', 'KMeans'] ['accuracy']\n"


def test_nothing_is_imported_that_the_user_did_not_import():
    code = """
        import sys
        from nbledger.capture.hooks import calls
        calls.wake(sys.modules)
        import sklearn
        calls.wake(sys.modules)
        import numpy
        calls.wake(sys.modules)
        assert "sklearn.metrics" not in sys.modules and "sklearn.model_selection" not in sys.modules
        assert not {"IPython", "xgboost", "lightgbm"} & set(sys.modules)
    """
    _python(code)


def _python(code):
    import subprocess
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text(textwrap.dedent(code))
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_sink_nothing_is_told(sink):
    calls.deactivate()
    assert bound_before(y, y) == 1.0
    assert sink.events == []


def test_waking_twice_changes_nothing(sink):
    code = bound_before.__code__
    calls.wake(sys.modules)
    assert bound_before.__code__ is code
    bound_before(y, y)
    assert len(sink.events) == 1


def test_a_failing_call_gives_no_event_and_the_next_is_observed(sink):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        bound_before(y, y[:-1])
    bound_before(y, y)
    assert sink.kinds == ["MetricCall"]


def test_a_failing_sink_is_a_problem_and_not_the_users(sink):
    def event(_):
        raise RuntimeError("no room")

    sink.event = event
    assert bound_before(y, y) == 1.0
    assert sink.problems == ["accuracy_score: RuntimeError: no room"]


def test_even_a_sink_that_fails_to_take_problems_leaves_the_call_alone(sink):
    def fail(_):
        raise RuntimeError

    sink.before = sink.problem = fail
    assert bound_before(y, y) == 1.0


def test_a_generator_that_fits_between_its_yields_is_observed(sink):
    def models():
        for c in (0.1, 1.0):
            yield LogisticRegression(C=c).fit(X, y)

    assert len(list(models())) == 2
    assert sink.kinds == ["Fit", "Fit"]


def test_an_estimator_that_calls_itself_counts_once(sink):
    class Nested(BaseEstimator):
        def __init__(self, depth=0):
            self.depth = depth

        def fit(self, X, y=None):
            if self.depth:
                self.inner_ = Nested(self.depth - 1).fit(X, y)
            return self

    Nested(100).fit(X)
    assert sink.kinds == ["Fit"]
    assert sink.events[0].model.depth == 100


def test_calls_between_awaits_are_observed(sink):
    import asyncio

    async def train(c):
        await asyncio.sleep(0)
        LogisticRegression(C=c).fit(X, y)
        await asyncio.sleep(0)

    async def both():
        await asyncio.gather(train(0.1), train(1.0))

    asyncio.run(both())
    assert sink.kinds == ["Fit", "Fit"]


def test_a_metric_call_knows_its_data_and_its_other_arguments(sink):
    from sklearn.metrics import fbeta_score

    fbeta_score(y, y_pred=y, beta=0.5, sample_weight=None)
    event = sink.events[0]
    assert isinstance(event, MetricCall)
    assert set(event.data) == {"y_true", "y_pred"}
    assert event.keywords == {"beta": 0.5, "sample_weight": None}
