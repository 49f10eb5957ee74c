"""Params are found: of estimators, literals and keyword arguments, each name once."""

from __future__ import annotations

import enum

import pytest

from nbledger.capture.found.experiment import param_value
from nbledger.capture.found.values import number

pytest.importorskip("sklearn")

SETUP = """
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.ensemble import RandomForestClassifier, BaggingClassifier
from sklearn.model_selection import train_test_split, cross_val_score
X = np.arange(40.0).reshape(20, 2)
y = np.array([0, 1] * 10)
"""


@pytest.fixture
def setup(notebook):
    """A notebook with imports and data."""
    notebook.run(SETUP, tracked=False)
    return notebook


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("clf = LogisticRegression(C=0.1).fit(X, y)", {"C": 0.1}),
        ("clf = LogisticRegression().fit(X, y)", {}),
        ("lr = 0.1\nn = -3\nname: str = 'a'\nflag = None", {"lr": 0.1, "n": -3, "name": "a", "flag": None}),
        ("sizes = [10, 20]\na, b = 1, 2\n_hidden = 3", {"sizes": "[10, 20]", "a": 1, "b": 2}),
        ("if True:\n    inner = 1\ndef f():\n    local = 2", {}),
        ("train_test_split(X, y, test_size=0.3)", {"test_size": 0.3}),
        ("size = 0.3\ntrain_test_split(X, y, test_size=size)", {"size": 0.3, "test_size": 0.3}),
        ("print('x', end='')\nsorted([1], reverse=True)", {}),
        ("lr = 1\nlr = 2", {"lr": 2}),
    ],
)
def test_params_of_a_cell(setup, source, expected):
    assert setup.params(source) == expected


def test_defaults_are_recorded_and_marked(setup):
    source = "clf = LogisticRegression(C=0.1).fit(X, y)"
    params = {param.name: param for param in setup.run(source).params(source, setup.names)}
    assert (params["C"].is_default, params["C"].origin) == (False, "estimator")
    assert params["fit_intercept"].is_default
    assert params["fit_intercept"].value is True
    assert set(params) == set(setup.names["clf"].get_params())


def test_params_of_a_pipeline_are_those_of_its_steps(setup):
    found = setup.params(
        "clf = Pipeline([('scale', StandardScaler()), ('rf', RandomForestClassifier(5, max_depth=3))]).fit(X, y)"
    )
    assert found["rf__max_depth"] == 3
    assert found["rf__n_estimators"] == 5
    assert found["rf"] == "RandomForestClassifier"
    assert found["steps"] == "[('scale', StandardScaler), ('rf', RandomForestClassifier)]"
    assert "rf__min_samples_split" not in found


def test_params_of_a_meta_estimator_reach_inside(setup):
    found = setup.params("clf = BaggingClassifier(LogisticRegression(C=2), n_estimators=3).fit(X, y)")
    assert found["estimator__C"] == 2
    assert found["n_estimators"] == 3


def test_several_models_have_their_names_in_front(setup):
    found = setup.params(
        "lr = LogisticRegression(C=2).fit(X, y)\nrf = RandomForestClassifier(n_estimators=5).fit(X, y)\nscaler = StandardScaler(with_mean=False).fit(X)"
    )
    assert found == {"lr.C": 2, "rf.n_estimators": 5, "scaler.with_mean": False}


def test_one_model_beside_a_transformer_keeps_its_plain_names(setup):
    found = setup.params("scaler = StandardScaler(with_mean=False).fit(X)\nclf = LogisticRegression(C=2).fit(X, y)")
    assert found == {"C": 2, "scaler.with_mean": False}


def test_params_are_those_of_the_last_fit(setup):
    assert setup.params("clf = LogisticRegression(C=2).fit(X, y)\nclf.set_params(C=9)") == {"C": 2, "set_params.C": 9}


def test_an_estimator_that_is_cross_validated_has_params(setup):
    assert setup.params("cross_val_score(LogisticRegression(C=2), X, y, cv=3)") == {"C": 2, "cv": 3}


def test_an_estimator_that_is_cross_validated_and_fitted_counts_once(setup):
    assert setup.params("clf = LogisticRegression(C=2)\ncross_val_score(clf, X, y, cv=3)\nclf.fit(X, y)") == {
        "C": 2,
        "cv": 3,
    }


def test_a_name_with_two_values_keeps_both(setup):
    found = setup.params(
        "random_state = 7\nclf = LogisticRegression(C=2, random_state=1).fit(X, y)\n"
        "train_test_split(X, y, random_state=2)\ntrain_test_split(X, y, random_state=3)"
    )
    assert found == {
        "C": 2,
        "random_state": 1,
        "cell.random_state": 7,
        "train_test_split.random_state": 2,
        "train_test_split.random_state.2": 3,
    }


def test_a_name_with_one_value_everywhere_is_one_param(setup):
    found = setup.params(
        "random_state = 1\ntrain_test_split(X, y, random_state=1)\nclf = LogisticRegression(random_state=1).fit(X, y)"
    )
    assert found == {"random_state": 1}


def test_a_search_has_its_best_params(setup):
    found = setup.params(
        "from sklearn.model_selection import GridSearchCV\n"
        "search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1]}, cv=2).fit(X, y)"
    )
    assert found["param_grid"] == "{'C': [0.1, 1]}"
    assert found["best.C"] == setup.names["search"].best_params_["C"]


def test_styling_is_no_param(setup):
    class Anything:
        def __getattr__(self, name):
            return lambda *args, **kwargs: self

        def __getitem__(self, index):
            return self

    setup.names.update(plt=Anything(), ax=Anything(), df=Anything(), axes=Anything())
    assert setup.params("plt.plot(X, lw=2)\nax.text(1, size=3)\ndf.hist(bins=3)\naxes[0].set_title('x', pad=2)") == {}


def test_a_source_that_is_no_python_gives_the_estimators_alone(setup):
    experiment = setup.run("clf = LogisticRegression(C=0.1).fit(X, y)")
    found = {p.name: p.value for p in experiment.params("%%magic !", setup.names) if not p.is_default}
    assert found == {"C": 0.1}


class Colour(enum.IntEnum):
    RED = 1


class Odd:
    def __repr__(self):
        raise RuntimeError


def function():
    pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (True, True),
        (None, None),
        (0.5, 0.5),
        ("text", "text"),
        (Colour.RED, 1),
        ([1, 2], "[1, 2]"),
        ((1,), "(1,)"),
        ({3, 1}, "{1, 3}"),
        (set(), "set()"),
        ({"a": [1, None]}, "{'a': [1, None]}"),
        (list(range(100)), "list of 100"),
        ("x" * 1000, "x" * 199 + "…"),
        (function, "function"),
        (Odd(), "Odd"),
        (object(), "object"),
        (1 + 2j, "(1+2j)"),
        (b"x", "b'x'"),
    ],
)
def test_any_value_becomes_a_scalar(value, expected):
    found = param_value(value)
    assert found == expected
    assert type(found) is type(expected)


def test_numpy_values_become_scalars():
    import numpy as np

    assert param_value(np.float64(0.5)) == 0.5
    assert type(param_value(np.float64(0.5))) is float
    assert type(param_value(np.int64(3))) is int
    assert param_value(np.bool_(True)) is True
    assert param_value(np.zeros((3, 2))) == "ndarray float64[3, 2]"
    assert param_value([np.int64(3)]) == "[3]"


def test_numbers_are_scalars_and_nothing_else():
    import numpy as np

    assert number(np.float32(0.5)) == 0.5
    assert number(np.array(2)) == 2.0
    assert number(True) == 1.0
    assert [number(value) for value in ("1", None, [1], np.zeros(1), object())] == [None] * 5
