"""What a cell's calls add up to: metrics under the right names, with what they were computed on; models; candidates."""

from __future__ import annotations

import gc

import pytest

from nbledger.capture.found.experiment import Experiment, Predictions
from nbledger.records import Basis

pytest.importorskip("sklearn")

DATA = """
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import *
from sklearn.model_selection import (
    GridSearchCV, RandomizedSearchCV, cross_val_predict, cross_val_score, cross_validate, learning_curve,
    permutation_test_score, train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X, y = load_breast_cancer(return_X_y=True)
X = X[:200, :5]
y = y[:200]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
"""


@pytest.fixture
def data(notebook):
    """A notebook with imports and split data."""
    notebook.run(DATA, tracked=False)
    return notebook


def only(experiment, name):
    """The one metric of a name."""
    (metric,) = [metric for metric in experiment.metrics() if metric.name == name]
    return metric


def roles(metric):
    return {basis.role: basis.version for basis in metric.basis}


def test_a_metric_knows_what_it_was_computed_on(data):
    experiment = data.run(
        """
clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
y_pred = clf.predict(X_test)
accuracy = accuracy_score(y_test, y_pred)
"""
    )
    assert roles(only(experiment, "accuracy")) == {
        "y_true": data.version("y_test"),
        "y_pred": data.version("y_pred"),
        "model": data.version("clf"),
        "X": data.version("X_test"),
    }


def test_a_score_knows_model_and_data(data):
    experiment = data.run("clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)\nclf.score(X_test, y_test)")
    metric = only(experiment, "score")
    assert roles(metric) == {
        "model": data.version("clf"),
        "X": data.version("X_test"),
        "y": data.version("y_test"),
    }
    assert metric.value == data.names["clf"].score(data.names["X_test"], data.names["y_test"])


def test_versions_are_those_at_the_time_of_the_call(data):
    data.run("frame = X_test.copy()")
    before = data.version("frame")
    experiment = data.run(
        """
clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)
y_pred = clf.predict(frame)
frame[:] = 0
accuracy = accuracy_score(y_test, y_pred)
"""
    )
    assert roles(only(experiment, "accuracy"))["X"] == before != data.version("frame")


def test_inputs_are_identified_before_a_call_that_changes_them(data):
    data.run("Z = X_train.copy()")
    before = data.version("Z")
    experiment = data.run("StandardScaler(copy=False).fit_transform(Z)")
    assert {edge.role: edge.version for edge in experiment.edges()}["X"] == before != data.version("Z")


@pytest.mark.parametrize("tracked", [True, False])
def test_a_prediction_of_an_earlier_cell_is_known(data, tracked):
    data.run("clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)", tracked=tracked)
    data.run("proba = clf.predict_proba(X_test)[:, 1]", tracked=tracked)
    experiment = data.run("auc_ = roc_auc_score(y_test, proba)")
    found = roles(only(experiment, "auc_"))
    assert found["model"] == data.version("clf")
    assert found["X"] == data.version("X_test")


def test_an_area_under_a_curve_knows_what_the_curve_was_computed_on(data):
    experiment = data.run(
        """
clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)
fpr, tpr, _ = roc_curve(y_test, clf.predict_proba(X_test)[:, 1])
area = auc(fpr, tpr)
"""
    )
    found = roles(only(experiment, "area"))
    assert found["y_true"] == data.version("y_test")
    assert found["model"] == data.version("clf")
    (curve,) = experiment.curves()
    assert curve.kind == "roc_curve"
    assert curve.x == tuple(data.names["fpr"])


def test_labels_of_a_clusterer_are_its_predictions(data):
    experiment = data.run(
        """
from sklearn.cluster import KMeans
km = KMeans(2, n_init=1, random_state=0).fit(X_train)
a = silhouette_score(X_train, km.labels_)
labels = KMeans(2, n_init=1, random_state=0).fit_predict(X_train)
b = silhouette_score(X_train, labels)
"""
    )
    assert roles(only(experiment, "a"))["model"] == data.version("km")
    assert roles(only(experiment, "b"))["X"] == data.version("X_train")
    assert {"X", "labels", "model"} == set(roles(only(experiment, "b")))


def test_a_cross_validated_prediction_is_known(data):
    experiment = data.run(
        """
clf = LogisticRegression(max_iter=2000)
out = cross_val_predict(clf, X, y, cv=2)
acc = accuracy_score(y, out)
"""
    )
    assert roles(only(experiment, "acc"))["model"] == data.version("clf")


def test_a_refitted_model_is_another_version(data):
    experiment = data.run(
        """
clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)
a = clf.score(X_test, y_test)
clf.set_params(C=0.001).fit(X_train, y_train)
b = clf.score(X_test, y_test)
"""
    )
    a, b = roles(only(experiment, "a")), roles(only(experiment, "b"))
    assert a["model"] != b["model"] == data.version("clf")


def test_predictions_are_not_kept_alive_and_can_still_be_resized(data):
    data.run("clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)\nkeep = clf.predict(X_test)")
    data.run("keep.resize(3)\nx_test = X_test.copy()\nother = clf.predict(x_test)")
    data.run("x_test.resize(2, 5)\nother.resize(4)")
    assert len(data.names["keep"]) == 3
    assert data.names["x_test"].shape == (2, 5)


def test_an_observed_cell_identifies_only_what_it_judged_by(data):
    asked = []
    data.identify = lambda value: asked.append(value) or "v"
    experiment = data.run(
        "clf = LogisticRegression(max_iter=2000).fit(X_train, y_train)\naccuracy_score(y_test, clf.predict(X_test))",
        tracked=False,
    )
    assert [value is data.names["y_test"] for value in asked] == [True]
    assert experiment.metrics() == ()
    assert experiment.models() == []


def test_an_opaque_value_has_no_version_and_the_metric_stays(data):
    data.identify = lambda value: None
    experiment = data.run("acc = accuracy_score(y_test, y_test)")
    assert only(experiment, "acc").basis == ()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("accuracy_score(y, y)", {"accuracy_score": 1.0}),
        ("acc = accuracy_score(y, y)", {"acc": 1.0}),
        ("results = {'a': accuracy_score(y, y), 'e': zero_one_loss(y, y)}", {"a": 1.0, "e": 0.0}),
        ("rmse = np.sqrt(mean_squared_error(y, 1 - y))", {"mean_squared_error": 1.0, "rmse": 1.0}),
        ("for _ in range(3):\n    acc = accuracy_score(y, y)", {"acc": [1.0, 1.0, 1.0]}),
        ("p, r, f, _ = precision_recall_fscore_support(y, y, average='macro')", {"p": 1.0, "r": 1.0, "f": 1.0}),
        (
            "precision_recall_fscore_support(y, y, average='macro')",
            {f"precision_recall_fscore_support.{part}": 1.0 for part in ("precision", "recall", "fscore")},
        ),
        ("h, c, v = homogeneity_completeness_v_measure(y, y)", {"h": 1.0, "c": 1.0, "v": 1.0}),
        ("m = confusion_matrix(y, y)", {}),
        ("print(classification_report(y, y))", {}),
        ("def judge(t):\n    return accuracy_score(t, t)\ngood = judge(y)", {"good": 1.0}),
        ("good = round(float(accuracy_score(y, y)), 3) if True else 0", {"good": 1.0}),
    ],
)
def test_names_of_metrics(data, source, expected):
    assert data.metrics(source) == expected


def test_a_report_as_a_dict_is_flattened(data):
    found = data.metrics("report = classification_report(y, y, output_dict=True)")
    assert found["macro avg.f1-score"] == 1.0
    assert found["1.recall"] == 1.0
    assert found["accuracy"] == 1.0


def test_a_confusion_matrix_is_a_table(data):
    experiment = data.run("m = confusion_matrix(y, y)")
    (table,) = experiment.tables()
    assert table.name == "m"
    assert table.rows == tuple(map(tuple, data.names["m"].tolist()))


CV = "clf = LogisticRegression(max_iter=2000)\n"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("cv = cross_val_score(clf, X, y, cv=3)", "cv"),
        ("cross_val_score(clf, X, y, cv=3)", "cv_score"),
        ("acc = cross_val_score(clf, X, y, cv=3).mean()", "acc"),
        ("acc = np.mean(cross_val_score(clf, X, y, cv=3))", "acc"),
        ("cv = cross_validate(clf, X, y, cv=3)", "cv"),
    ],
)
def test_a_cross_validation_gives_mean_std_and_folds(data, source, name):
    found = data.metrics(CV + source)
    scores = data.names["cross_val_score"](data.names["clf"], data.names["X"], data.names["y"], cv=3)
    assert set(found) == {name, f"{name}.std", f"{name}.fold"}
    assert found[name] == pytest.approx(scores.mean())
    assert found[f"{name}.std"] == pytest.approx(scores.std())
    assert found[f"{name}.fold"] == pytest.approx(list(scores))


def test_several_scorers_have_their_names(data):
    found = data.metrics(
        CV + "cv = cross_validate(clf, X, y, cv=2, scoring=['accuracy', 'f1'], return_train_score=True)"
    )
    assert {"cv.accuracy", "cv.f1", "cv.train_accuracy", "cv.train_f1"} == {n for n in found if n.count(".") == 1}


def test_a_cross_validation_knows_estimator_and_data(data):
    experiment = data.run(CV + "cv = cross_val_score(clf, X, y, cv=2)")
    assert set(only(experiment, "cv").basis) == {
        Basis("model", data.version("clf")),
        Basis("X", data.version("X")),
        Basis("y", data.version("y")),
    }
    assert {(edge.name, edge.role) for edge in experiment.edges()} == {("X", "X"), ("y", "y")}
    assert experiment.models() == []


def test_a_learning_curve_is_a_curve_and_no_metric(data):
    experiment = data.run(CV + "lc = learning_curve(clf, X, y, cv=2, train_sizes=[0.5, 1.0], shuffle=True)")
    assert [curve.name for curve in experiment.curves()] == ["lc.train", "lc.test"]
    assert experiment.metrics() == ()


def test_a_permutation_test_gives_score_and_p_value(data):
    found = data.metrics(CV + "score, _, p = permutation_test_score(clf, X, y, cv=2, n_permutations=3, random_state=0)")
    assert set(found) == {"score", "p"}


@pytest.mark.parametrize(
    "kind", ["GridSearchCV(clf, {'C': [0.01, 1]}, cv=2)", "RandomizedSearchCV(clf, {'C': [0.01, 1]}, n_iter=2, cv=2)"]
)
def test_each_candidate_of_a_search_is_a_child(data, kind):
    experiment = data.run(f"{CV}search = {kind}\nsearch.fit(X_train, y_train)")
    children = experiment.children(data.names)
    assert [child.name for child in children] == ["search[0]", "search[1]"]
    assert sorted(child.params[0].value for child in children) == [0.01, 1]
    metrics = {}
    for metric in children[0].metrics:
        metrics.setdefault(metric.name, []).append(metric.value)
    assert set(metrics) == {"score", "score.std", "score.fold", "fit_time", "rank"}
    assert len(metrics["score.fold"]) == 2
    assert {basis.role for basis in children[0].metrics[0].basis} == {"X", "y"}
    assert only(experiment, "best_score").value == data.names["search"].best_score_
    (found,) = experiment.models(data.names)
    assert (found.name, found.model) == ("search", data.names["search"])


def test_a_search_by_several_scorers_and_by_halving(data):
    experiment = data.run(
        """
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import HalvingGridSearchCV
GridSearchCV(LogisticRegression(max_iter=2000), {"C": [1]}, cv=2, scoring=["accuracy", "f1"], refit="f1").fit(X, y)
halving = HalvingGridSearchCV(LogisticRegression(max_iter=2000), {"C": [0.1, 1]}, cv=2, random_state=0).fit(X, y)
"""
    )
    first, *others = experiment.children(data.names)
    assert {"accuracy", "accuracy.fold", "f1.std"} < {metric.name for metric in first.metrics}
    assert {"C", "iter", "n_resources"} == {param.name for param in others[0].params}


def test_models_are_found_each_once_with_their_names(data):
    experiment = data.run(
        """
from sklearn.tree import DecisionTreeClassifier
scaler = StandardScaler().fit(X_train)
models = {"lr": LogisticRegression(max_iter=2000), "tree": DecisionTreeClassifier()}
for name, model in models.items():
    model.fit(X_train, y_train)
    model.fit(X_train, y_train)
several = [DecisionTreeClassifier(max_depth=d).fit(X_train, y_train) for d in (1, 2)]
LogisticRegression(C=3, max_iter=2000).fit(X_train, y_train)
"""
    )
    found = experiment.models(data.names)
    assert [(model.name, model.role) for model in found] == [
        ("scaler", "transformer"),
        ("lr", "model"),
        ("tree", "model"),
        ("several[0]", "model"),
        ("several[1]", "model"),
        ("LogisticRegression", "model"),
    ]
    assert found[-1].model.C == 3


def test_a_model_made_and_fitted_in_a_function_is_found(data):
    experiment = data.run(
        """
def train(C):
    clf = LogisticRegression(C=C, max_iter=2000)
    clf.fit(X_train, y_train)
    return clf
first, second = train(1), train(2)
"""
    )
    assert [model.name for model in experiment.models(data.names)] == ["first", "second"]


def test_partial_fit_in_a_loop_is_one_model(data):
    experiment = data.run(
        """
from sklearn.linear_model import SGDClassifier
sgd = SGDClassifier(random_state=0)
for i in range(5):
    sgd.partial_fit(X_train[i::5], y_train[i::5], classes=[0, 1])
    sgd.score(X_test, y_test)
"""
    )
    (model,) = experiment.models(data.names)
    assert model.name == "sgd"
    assert model.fit.function == "partial_fit"
    scores = [metric for metric in experiment.metrics() if metric.name == "score"]
    assert [metric.step for metric in scores] == [0, 1, 2, 3, 4]
    assert len({roles(metric)["model"] for metric in scores}) == 5
    assert len(experiment.edges()) == 10


def test_more_models_than_can_be_kept_are_a_problem_and_those_kept_by_the_cell_are_recorded(data, monkeypatch):
    from nbledger.capture.found import models

    monkeypatch.setattr(models, "MAX_KEPT", 2)
    experiment = data.run(
        "for C in range(1, 5):\n    last = LogisticRegression(C=C, max_iter=2000).fit(X_train, y_train)"
    )
    gc.collect()
    assert [model.model.C for model in experiment.models(data.names)] == [1, 2, 4]
    assert len(experiment.problems) == 1
    assert experiment.problems[0].startswith("1 fitted models of this cell are not recorded")


def test_tracking_may_be_switched_on_in_the_middle_of_a_cell(data):
    data.names["track"] = lambda: setattr(data.experiment, "tracked", True)
    experiment = data.run("accuracy_score(y, y)\ntrack()\nacc = accuracy_score(y, y)", tracked=False)
    assert [metric.name for metric in experiment.metrics()] == ["acc"]


def test_calls_handed_to_an_executor_go_by_their_own_names(data):
    experiment = data.run(
        """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(1) as pool:
    lr = pool.submit(LogisticRegression(max_iter=2000).fit, X_train, y_train).result()
    acc = pool.submit(accuracy_score, y, y).result()
"""
    )
    assert [metric.name for metric in experiment.metrics(data.names)] == ["accuracy_score"]
    assert [model.name for model in experiment.models(data.names)] == ["lr"]


def test_an_encoder_of_labels_uses_y_alone(data):
    experiment = data.run("from sklearn.preprocessing import LabelEncoder\nLabelEncoder().fit(y)")
    assert [(edge.name, edge.role) for edge in experiment.edges()] == [("y", "y")]


def test_edges_name_what_a_model_was_fitted_on(data):
    experiment = data.run(
        "LogisticRegression(max_iter=2000).fit(X_train, y=y_train, sample_weight=np.ones(len(y_train)))"
    )
    assert [(edge.name, edge.role) for edge in experiment.edges()] == [
        ("X_train", "X"),
        ("y_train", "y"),
        ("sample_weight", "sample_weight"),
    ]


def test_a_problem_is_told_once():
    experiment = Experiment(lambda value: None, tracked=True, predictions=Predictions())
    experiment.problem("x")
    experiment.problem("x")
    assert experiment.problems == ["x"]
