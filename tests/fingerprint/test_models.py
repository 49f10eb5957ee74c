"""Estimators, sparse matrices and other objects: class, params and fitted state."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from nbledger.fingerprint import fingerprint, token

RNG = np.random.default_rng(0)
X = RNG.standard_normal((80, 4))
y = (X[:, 0] + 0.1 * RNG.standard_normal(80) > 0).astype(int)


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash


MODELS = [
    LogisticRegression(), RandomForestClassifier(n_estimators=5, random_state=0), DecisionTreeClassifier(random_state=0), SVC(random_state=0),
    KNeighborsClassifier(), KMeans(2, random_state=0, n_init=1), GradientBoostingRegressor(n_estimators=5, random_state=0),
    HistGradientBoostingClassifier(max_iter=3, random_state=0), MLPClassifier((3,), max_iter=1000, tol=1, random_state=0),
    make_pipeline(StandardScaler(), FunctionTransformer(np.abs), LogisticRegression()),
    ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(handle_unknown="ignore"), [2])]),
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_the_same_fit_has_the_same_hash_and_another_fit_another(model):
    one, two = clone(model).fit(X, y), clone(model).fit(X, y)
    assert same(one, two)
    assert fingerprint(one).exactness == "exact"
    assert fingerprint(one).kind == "model"
    assert same(one, pickle.loads(pickle.dumps(one)))
    assert same(one, copy.deepcopy(one))
    assert not same(one, clone(model))
    assert not same(one, clone(model).fit(X[::2], y[::2]))
    assert same(clone(model), clone(model))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_predicting_does_not_change_the_hash(model):
    fitted = clone(model).fit(X, y)
    before, check = fingerprint(fitted).hash, token(fitted)
    getattr(fitted, "predict", getattr(fitted, "transform", None))(X)
    assert fingerprint(fitted).hash == before
    assert token(fitted) == check


def test_params_count():
    assert not same(LogisticRegression(C=1.0), LogisticRegression(C=2.0))
    assert not same(LogisticRegression(), KNeighborsClassifier())


FIT = """
import numpy as np, json
from sklearn.ensemble import RandomForestClassifier, HistGradientBoostingClassifier
from sklearn.svm import SVC
from nbledger.fingerprint import fingerprint
X = (np.arange(800).reshape(200, 4) * 7 % 13).astype(float); y = (X[:, 0] > 6).astype(int)
models = [RandomForestClassifier(n_estimators=10, random_state=0), HistGradientBoostingClassifier(max_iter=5, random_state=0), SVC()]
print(json.dumps([fingerprint(m.fit(X, y)).hash for m in models]))
"""


def test_the_same_fit_in_two_processes_has_the_same_hash():
    found = {
        subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True).stdout for _ in range(2)
    }
    assert len(found) == 1


class Clip(BaseEstimator, TransformerMixin):
    def __init__(self, low=0.0):
        self.low = low

    def fit(self, X, y=None):
        self.high_ = X.max()
        return self

    def transform(self, X):
        return X.clip(self.low, self.high_)


def test_an_estimator_of_ones_own_counts_its_code():
    def make(body):
        return type("Own", (BaseEstimator,), {"__module__": "__main__", "fit": body, "predict": lambda self, X: X})()

    assert same(Clip().fit(X), Clip().fit(X))
    assert not same(Clip().fit(X), Clip(0.1).fit(X))
    assert same(make(lambda self, X: self), make(lambda self, X: self))
    assert not same(make(lambda self, X: self), make(lambda self, X: None))


@pytest.mark.parametrize("fmt", ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"])
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_sparse_values_are_their_meaning(fmt, kind):
    dense = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])
    make = getattr(sp, f"{fmt}_{kind}")
    value = make(dense)
    before = pickle.dumps(value)
    version = fingerprint(value)
    assert pickle.dumps(value) == before
    assert (version.kind, version.shape, version.exactness) == ("sparse", (2, 3), "exact")
    assert same(value, make(dense.copy()))
    assert token(value) == token(make(dense.copy()))
    for place in ((0, 1), (1, 0), (1, 2)):
        other = dense.copy()
        other[place] += 1
        assert not same(value, make(other))
        assert token(value) != token(make(other))
    assert not same(value, make(dense.astype("f4")))
    assert not same(value, make(np.hstack([dense, np.zeros((2, 1))])))


def test_unsorted_and_duplicate_entries_of_a_sparse_matrix_do_not_count_and_stay():
    tidy = sp.csr_matrix((np.array([3.0, 2.0]), np.array([0, 2]), np.array([0, 2])), shape=(1, 3))
    messy = sp.csr_matrix((np.array([2.0, 1.0, 2.0]), np.array([2, 0, 0]), np.array([0, 3])), shape=(1, 3))
    assert same(tidy, messy)
    assert messy.indices.tolist() == [2, 0, 0]
    assert "_has_canonical_format" not in vars(messy)
    coo = sp.coo_matrix((np.array([2.0, 1.0, 2.0]), (np.array([0, 0, 0]), np.array([2, 0, 0]))), shape=(1, 3))
    assert same(coo, sp.coo_matrix(tidy))
    assert coo.nnz == 3


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


class Slots:
    __slots__ = ("a", "b")


def test_objects_are_their_class_and_state():
    assert same(Point(1), Point(1))
    assert not same(Point(1), Point(2))
    one, two = Slots(), Slots()
    one.a = two.a = 1
    assert same(one, two)
    two.b = 2
    assert not same(one, two)


def test_objects_that_hold_each_other_are_hashed():
    def pair(value):
        a, b = Point(value), Point(2)
        a.y, b.y = b, a
        return a

    assert same(pair(1), pair(1))
    assert not same(pair(1), pair(3))


def test_subclasses_of_builtin_containers_count_their_class_items_and_attributes():
    class Numbers(list):
        pass

    class Names(dict):
        pass

    assert not same(Numbers([1]), [1])
    assert not same(Numbers([1]), Numbers([2]))
    assert not same(Names(a=1), Names(a=2))
    noted = Numbers([1])
    noted.note = "x"
    assert not same(noted, Numbers([1]))
    assert same(Names(a=1, b=2), Names(b=2, a=1))


@pytest.mark.parametrize(("module", "name"), [("arch.base", "_datetime"), ("statsmodels.glm", "_tmp_like_exog")])
def test_what_a_library_leaves_in_a_result_by_chance_does_not_count(module, name):
    result = type("Result", (), {"__module__": module})
    one, other, better = result(), result(), result()
    vars(one).update({"params": 1.0, name: "10:00"})
    vars(other).update({"params": 1.0, name: "10:01"})
    vars(better).update({"params": 2.0, name: "10:00"})
    assert fingerprint(one).hash == fingerprint(other).hash != fingerprint(better).hash


def test_a_model_that_holds_numpys_global_generator_does_not_hold_its_state():
    class Holder:
        def __init__(self):
            self.rng = np.random.mtrand._rand

    held = Holder()
    before = fingerprint(held).hash
    np.random.rand()
    assert fingerprint(held).hash == before
    own = Holder()
    own.rng = np.random.RandomState(3)
    before = fingerprint(own).hash
    own.rng.rand()
    assert fingerprint(own).hash != before
