"""Every scikit-learn estimator goes into bytes and comes back the same through the loader that trusts nothing."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (makes the halving searches importable)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import BallTree, KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch, all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances
from sklearn.utils.estimator_checks import _enforce_estimator_tags_X, _enforce_estimator_tags_y

from nbledger.ledger import allow_list
from nbledger.ledger.model_format import (
    ModelBytes,
    ModelNotStorable,
    ModelUnreadable,
    UntrustedModel,
    dump_model,
    load_model,
)

NOT_SAFE = {
    Birch: "a tree of nodes that name their neighbours in a cycle, which a skops file cannot hold",
}

RNG = np.random.RandomState(0)
X = np.round(np.abs(RNG.normal(size=(60, 4))), 3) + 0.1
Y = (X[:, 0] + X[:, 1] > np.median(X[:, 0] + X[:, 1])).astype(int)
TEXTS = ["the cat sat", "a dog ran far", "the dog sat", "birds fly far away"] * 15
RECORDS = [{"city": "Oslo", "n": 1}, {"city": "Rome", "n": 2}, {"n": 3}] * 20
MULTI = np.column_stack([Y, 1 - Y])
SPECIAL: dict[str, tuple[Any, ...]] = {
    "CCA": (X, X[:, :2] * 2),
    "ClassifierChain": (X, MULTI),
    "CountVectorizer": (TEXTS,),
    "DictVectorizer": (RECORDS,),
    "FeatureHasher": (RECORDS,),
    "HashingVectorizer": (TEXTS,),
    "IsotonicRegression": (X[:, 0], X[:, 1]),
    "KernelCenterer": (X[:4] @ X[:4].T,),
    "LabelBinarizer": (Y,),
    "LabelEncoder": (np.array(["a", "b", "c"] * 20),),
    "MultiLabelBinarizer": ([["a", "b"], ["b"], []] * 20,),
    "MultiOutputClassifier": (X, MULTI),
    "MultiTaskElasticNet": (X, X[:, :2]),
    "MultiTaskElasticNetCV": (X, X[:, :2]),
    "MultiTaskLasso": (X, X[:, :2]),
    "MultiTaskLassoCV": (X, X[:, :2]),
    "PLSCanonical": (X, X[:, :2] * 2),
    "PLSRegression": (X, X[:, :2] * 2),
    "PLSSVD": (X, X[:, :2] * 2),
    "PatchExtractor": (RNG.rand(3, 20, 20),),
    "TargetEncoder": (np.array([["a", "b"], ["b", "a"], ["c", "a"]] * 20), Y),
    "TfidfVectorizer": (TEXTS,),
}
OUTPUTS = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors", "apply")


def instances(cls: type) -> list[Any]:
    """Return one estimator for each of the settings that scikit-learn's own tests use."""
    if cls is FrozenEstimator:
        return [FrozenEstimator(LogisticRegression())]
    if cls.__name__ == "SparseCoder":
        return [cls(dictionary=X[:3])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are deprecated; they are in people's ledgers all the same
        return list(_construct_instances(cls))


def all_instances() -> list[Any]:
    classes = [cls for _, cls in all_estimators() if cls.__module__.startswith("sklearn.")]
    return [pytest.param(one, id=f"{cls.__name__}-{n}") for cls in classes for n, one in enumerate(instances(cls))]


def fitted(estimator: Any) -> tuple[Any, Any]:
    """Return the estimator fitted on data that suits it, and that data."""
    if isinstance(estimator, FrozenEstimator):
        return FrozenEstimator(estimator.estimator.fit(X, Y)), X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(estimator)
    if "random_state" in model.get_params(deep=False):
        model.set_params(random_state=0)
    args = SPECIAL.get(type(model).__name__)
    if args is None:
        data = _enforce_estimator_tags_X(model, X.copy())
        args = (data, _enforce_estimator_tags_y(model, Y.copy()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*args)
    return model, args[0]


def outputs(model: Any, data: Any) -> dict[str, Any]:
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in OUTPUTS:
            method = getattr(model, name, None)
            if callable(method):
                found[name] = method(data)
    return found


def assert_same(left: Any, right: Any) -> None:
    if sparse.issparse(left):
        left, right = left.toarray(), right.toarray()
    if isinstance(left, (list, tuple)):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    else:
        left, right = np.asarray(left), np.asarray(right)
        assert left.dtype == right.dtype
        if left.dtype.kind == "f":  # an array that was a view comes back contiguous, and BLAS sums in another order
            np.testing.assert_allclose(left, right, rtol=1e-12)
        else:
            np.testing.assert_array_equal(left, right)


def assert_survives(model: Any, data: Any) -> ModelBytes:
    stored = dump_model(model)
    assert stored.reason is None
    assert stored.format == "skops"
    assert stored.trusted
    loaded = load_model(stored.data, stored.format)
    assert type(loaded) is type(model)
    before, after = outputs(model, data), outputs(loaded, data)
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert_same(value, after[name])
    return stored


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("estimator", all_instances())
def test_every_sklearn_estimator_comes_back_the_same_from_the_safe_loader(estimator: Any) -> None:
    model, data = fitted(estimator)
    if type(model) in NOT_SAFE:
        stored = dump_model(model)
        assert (stored.format, stored.trusted) == ("cloudpickle", False)
        with pytest.raises(UntrustedModel):
            load_model(stored.data, stored.format)
        assert_same(load_model(stored.data, stored.format, trust=True).predict(data), model.predict(data))
        return
    assert dump_model(model).data == dump_model(model).data
    assert_survives(model, data)


def test_list_of_estimators_without_a_safe_form_is_short() -> None:
    assert len(NOT_SAFE) <= 3


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("estimator", all_instances())
def test_every_unfitted_estimator_is_stored_too(estimator: Any) -> None:
    if type(estimator) not in NOT_SAFE:
        stored = dump_model(estimator)
        assert stored.trusted, stored.reason
        assert repr(load_model(stored.data, "skops")) == repr(estimator)


def table() -> Any:
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["city"] = ["Oslo", "Rome", None] * 20
    return frame


def columns() -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    cities = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return ColumnTransformer([("numbers", numbers, list("abcd")), ("cities", cities, ["city"])], remainder="drop")


def test_pipeline_over_a_frame_with_text_columns_survives() -> None:
    frame = table()
    model = Pipeline([("columns", columns()), ("model", RandomForestClassifier(10, random_state=0))]).fit(frame, Y)
    assert_survives(model, frame)
    loaded = load_model(dump_model(model).data, "skops")
    assert list(loaded[:-1].get_feature_names_out()) == list(model[:-1].get_feature_names_out())


@pytest.mark.parametrize(
    "make",
    [
        lambda: StackingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier())], cv=3),
        lambda: VotingClassifier([("a", LogisticRegression()), ("b", SVC())]),
        lambda: OneVsRestClassifier(make_pipeline(StandardScaler(), SGDClassifier(random_state=0))),
        lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
        lambda: FeatureUnion([("s", StandardScaler()), ("k", SelectKBest(f_classif, k=2))]),
        lambda: make_pipeline(FunctionTransformer(np.log1p, inverse_func=np.expm1), LogisticRegression()),
        lambda: make_pipeline(FunctionTransformer(np.sqrt), SplineTransformer(), Ridge()),
        lambda: make_pipeline(FunctionTransformer(partial(np.clip, a_min=0.2, a_max=0.8)), Ridge()),
        lambda: KNeighborsClassifier(algorithm="ball_tree", metric="manhattan"),
        lambda: KNeighborsClassifier(algorithm="kd_tree", weights="distance", p=3),
        lambda: LogisticRegression(class_weight={0: 1.0, 1: 2.5}),
        lambda: RandomForestClassifier(5, max_depth=2, ccp_alpha=0.01, random_state=np.random.RandomState(3)),
        lambda: HistGradientBoostingClassifier(max_iter=3, categorical_features=[1], random_state=0),
        lambda: SVC(kernel="rbf", gamma="scale", C=np.float64(2)),
    ],
)
def test_composed_models_survive(make: Callable[[], Any]) -> None:
    data = np.column_stack([X[:, 0], np.arange(len(X)) % 5, X[:, 2:]])
    assert_survives(make().fit(data, Y), data)


def test_text_pipeline_survives() -> None:
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), stop_words="english"), LogisticRegression()).fit(TEXTS, Y)
    assert_survives(model, TEXTS)


@pytest.mark.parametrize("scoring", [None, "roc_auc", make_scorer(f1_score, average="macro"), ["accuracy", "f1"]])
def test_fitted_grid_search_keeps_its_masked_results_and_its_scorer(scoring: Any) -> None:
    grid = [{"kernel": ["rbf"], "gamma": [0.1, 1]}, {"kernel": ["linear"], "C": [1.0, 10.0]}]
    search = GridSearchCV(
        SVC(), grid, cv=StratifiedKFold(3), scoring=scoring, refit="f1" if type(scoring) is list else True
    )
    search.fit(X, Y)
    assert_survives(search, X)
    loaded = load_model(dump_model(search).data, "skops")
    assert loaded.cv_results_.keys() == search.cv_results_.keys()
    assert loaded.cv_results_["params"] == search.cv_results_["params"]
    gammas, before = loaded.cv_results_["param_gamma"], search.cv_results_["param_gamma"]
    assert isinstance(gammas, np.ma.MaskedArray)
    assert gammas.mask.tolist() == before.mask.tolist()
    assert loaded.best_params_ == search.best_params_
    assert loaded.score(X, Y) == search.score(X, Y)


def test_scipy_distributions_run_code_when_they_are_made_so_they_are_not_trusted() -> None:
    from scipy.stats import loguniform

    search = RandomizedSearchCV(LogisticRegression(), {"C": loguniform(0.1, 10)}, n_iter=2, cv=2, random_state=0)
    stored = dump_model(search.fit(X, Y))
    assert not stored.trusted
    assert "scipy.stats" in str(stored.reason)


def test_lambda_in_a_model_is_stored_but_refused_until_it_is_vouched_for() -> None:
    model = make_pipeline(FunctionTransformer(lambda a: a * 2), LogisticRegression()).fit(X, Y)
    stored = dump_model(model)
    assert (stored.format, stored.trusted) == ("cloudpickle", False)
    assert "<lambda>" in str(stored.reason)
    with pytest.raises(UntrustedModel, match="trust=True"):
        load_model(stored.data, stored.format)
    assert_same(load_model(stored.data, stored.format, trust=True).predict(X), model.predict(X))


def test_class_written_in_a_notebook_is_stored_with_its_code() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__", "BaseEstimator": BaseEstimator, "Mixin": ClassifierMixin}
    source = "class Majority(Mixin, BaseEstimator):\n    def fit(self, X, y):\n        self.top_ = max(set(y))\n"
    exec(source + "        return self\n    def predict(self, X):\n        return [self.top_] * len(X)\n", namespace)
    model = namespace["Majority"]().fit([[0]], [3])
    stored = dump_model(model)
    assert stored.reason == "its class Majority is written in the notebook"
    del namespace["Majority"]
    assert load_model(stored.data, stored.format, trust=True).predict([[1], [2]]) == [3, 3]


def test_boolean_keys_that_json_would_change_are_not_stored_as_skops() -> None:
    stored = dump_model(LogisticRegression(class_weight={True: 1, False: 5}))
    assert stored.format == "cloudpickle"
    assert load_model(stored.data, "cloudpickle", trust=True).class_weight == {True: 1, False: 5}


def test_numpy_keys_keep_their_type() -> None:
    model = LogisticRegression(class_weight={np.int64(0): 1.0, np.str_("a"): 2.0})
    loaded = load_model(dump_model(model).data, "skops")
    assert [type(key) for key in loaded.class_weight] == [np.int64, np.str_]


def test_memory_mapped_arrays_are_stored_as_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    model = KNeighborsClassifier(algorithm="brute").fit(X, Y)
    model._fit_X = np.load(tmp_path / "x.npy", mmap_mode="r")
    loaded = load_model(assert_survives(model, X).data, "skops")
    assert type(loaded._fit_X) is np.ndarray


def test_result_is_a_genuine_skops_file() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(X, Y)
    data = dump_model(model).data
    assert skops.io.get_untrusted_types(data=data) == ["sklearn.tree._tree.Tree"]
    assert_same(skops.io.loads(data, trusted=["sklearn.tree._tree.Tree"]).predict_proba(X), model.predict_proba(X))


def test_files_that_skops_wrote_itself_are_read() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(X, Y)
    assert_same(load_model(skops.io.dumps(model), "skops").predict_proba(X), model.predict_proba(X))


def test_same_model_fitted_again_has_the_same_bytes() -> None:
    first, second = (RandomForestClassifier(5, random_state=0).fit(X, Y) for _ in range(2))
    assert dump_model(first).data == dump_model(second).data == dump_model(pickle.loads(pickle.dumps(first))).data


def test_models_with_bytes_inside_have_the_same_bytes_each_time() -> None:
    model = FunctionTransformer(kw_args={"a": b"one", "b": b"two"})
    stored = dump_model(model)
    assert stored.data == dump_model(model).data
    assert load_model(stored.data, "skops").kw_args == {"a": b"one", "b": b"two"}


def test_what_cannot_be_pickled_is_a_typed_error() -> None:
    with pytest.raises(ModelNotStorable, match="FunctionTransformer"):
        dump_model(FunctionTransformer(kw_args={"stream": (n for n in range(3))}))


def test_model_that_holds_itself_does_not_hang() -> None:
    model = FunctionTransformer()
    model.kw_args = {"me": model}
    assert dump_model(model).format == "cloudpickle"


# Attacks


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_malicious_pickle_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    target = tmp_path / "pwned"
    data = pickle.dumps(Bomb(target))
    with pytest.raises(UntrustedModel):
        load_model(data, "cloudpickle")
    with pytest.raises(ModelUnreadable):
        load_model(data, "skops")
    assert not target.exists()


def edited(data: bytes, edit: Callable[[Any], Any]) -> bytes:
    """Return a skops file with its schema changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                content = json.dumps(edit(schema) or schema).encode()
            new.writestr(name, content)
    return buffer.getvalue()


def node(loader: str, name: str, **fields: Any) -> dict[str, Any]:
    module, _, cls = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": cls, "__id__": 9_000_000 + id(fields), **fields}


def text(value: Any) -> dict[str, Any]:
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def arguments(*values: Any) -> dict[str, Any]:
    return node("TupleNode", "builtins.tuple", content=[text(value) for value in values])


ATTACKS = {
    "function": lambda path: node("FunctionNode", "os.system"),
    "eval": lambda path: node("TypeNode", "builtins.eval"),
    "constructor": lambda path: node("ConstructorFromReduceNode", "os.system", content=arguments(f"touch {path}")),
    "allowed function, but called": lambda path: node(
        "ConstructorFromReduceNode", "numpy.log1p", content=arguments(1.0)
    ),
    "allowed class, but called": lambda path: node(
        "ConstructorFromReduceNode", "sklearn.linear_model._logistic.LogisticRegression", content=arguments()
    ),
    "list of another type": lambda path: node("ListNode", "os.popen", content=[text(f"touch {path}")]),
    "array of another type": lambda path: node(
        "NdArrayNode", "numpy.memmap", type="json", content=[], shape=arguments(0)
    ),
    "partial": lambda path: node(
        "PartialNode",
        "functools.partial",
        content={
            "func": node("FunctionNode", "os.system"),
            "args": arguments(f"touch {path}"),
            "kwds": node(
                "DictNode", "builtins.dict", content={}, key_types=node("ListNode", "builtins.list", content=[])
            ),
            "namespace": text(None),
        },
    ),
    "method": lambda path: node(
        "MethodNode",
        "sklearn.linear_model._logistic.LogisticRegression",
        content={"func": "fit", "obj": node("ObjectNode", "sklearn.linear_model._logistic.LogisticRegression")},
    ),
    "operator": lambda path: node("OperatorFuncNode", "operator.methodcaller", attrs=arguments("touch")),
    "hidden among keys that are not read": lambda path: node(
        "MaskedArrayNode",
        "numpy.ma.MaskedArray",
        content={
            "__loader__": "JsonNode",
            "__module__": "builtins",
            "__class__": "str",
            "data": node("ListNode", "os.popen", content=[text(f"touch {path}")]),
            "mask": text(False),
        },
    ),
    "factory": lambda path: node(
        "DefaultDictNode",
        "collections.defaultdict",
        content={"main": node("FunctionNode", "os.system"), "default_factory": node("FunctionNode", "os.abort")},
    ),
    "pickle reader": lambda path: node("FunctionNode", "joblib.load"),
    "fetcher": lambda path: node("FunctionNode", "sklearn.datasets._openml.fetch_openml"),
    "class outside scikit-learn": lambda path: node("ObjectNode", "subprocess.Popen"),
    "module of sklearn's tests": lambda path: node("ObjectNode", "sklearn.tests.test_base.MyEstimator"),
    "metric that calls Python": lambda path: node("ObjectNode", "sklearn.metrics._dist_metrics.PyFuncDistance64"),
    "unknown loader": lambda path: node("EvalNode", "builtins.str", content="1"),
    "no names": lambda path: {"__loader__": "ObjectNode", "__module__": None, "__class__": ["x"]},
    "no id": lambda path: {
        "__loader__": "ObjectNode",
        "__module__": "sklearn.tree._classes",
        "__class__": "BaseDecisionTree",
    },
    "random": lambda path: node(
        "RandomGeneratorNode",
        "numpy.random._generator.Generator",
        content={"bit_generator": {"content": {"bit_generator": {"content": '"seed"'}}}, "seed_seq": {}},
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_malicious_skops_file_is_refused_and_nothing_runs(attack: str, tmp_path: Path) -> None:
    target = tmp_path / "pwned"

    def plant(schema: Any) -> None:
        schema["content"]["content"]["C"] = ATTACKS[attack](target)

    data = edited(dump_model(LogisticRegression()).data, plant)
    with pytest.raises((UntrustedModel, ModelUnreadable)):
        load_model(data, "skops")
    assert not target.exists()


def test_refusal_names_the_types_and_the_remedy() -> None:
    def plant(schema: Any) -> None:
        schema["content"]["content"]["C"] = node("FunctionNode", "os.system")

    data = edited(dump_model(LogisticRegression()).data, plant)
    with pytest.raises(UntrustedModel, match=r"os\.system.*trust=True") as caught:
        load_model(data, "skops")
    assert caught.value.types == ("os.system",)
    assert pickle.loads(pickle.dumps(caught.value)).types == ("os.system",)


def test_older_protocol_that_hides_names_is_refused() -> None:
    data = edited(dump_model(LogisticRegression()).data, lambda schema: schema.update(protocol=0))
    with pytest.raises(ModelUnreadable, match="protocol"):
        load_model(data, "skops")


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "builtins.getattr", "numpy.load", "numpy.fromfile"])
def test_dangerous_names_are_allowed_in_no_role(name: str) -> None:
    module, _, cls = name.rpartition(".")
    assert not any(allow_list.is_allowed(loader, module, cls) for loader in allow_list._RULES)


def with_tree_nodes(model: Any, edit: Callable[[Any], None]) -> bytes:
    """Return a skops file of a model whose first tree has had its nodes edited."""
    data = dump_model(model).data
    buffer = io.BytesIO()
    done = False
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".npy") and not done:
                array = np.load(io.BytesIO(content))
                if array.dtype.names and ("left_child" in array.dtype.names or "is_leaf" in array.dtype.names):
                    edit(array)
                    written = io.BytesIO()
                    np.save(written, array)
                    content, done = written.getvalue(), True
            new.writestr(name, content)
    assert done
    return buffer.getvalue()


def put(field: str, value: int) -> Callable[[Any], None]:
    def edit(nodes: Any) -> None:
        nodes[field][0] = value

    return edit


@pytest.mark.parametrize(
    ("make", "edit"),
    [
        (lambda: DecisionTreeClassifier(), put("left_child", 10**6)),
        (lambda: DecisionTreeClassifier(), put("left_child", 0)),
        (lambda: DecisionTreeClassifier(), put("right_child", -5)),
        (lambda: DecisionTreeClassifier(), put("feature", 10**6)),
        (lambda: DecisionTreeClassifier(), put("feature", -3)),
        (lambda: RandomForestClassifier(5), put("left_child", 10**6)),
        (lambda: GradientBoostingClassifier(n_estimators=3), put("feature", 4)),
        (lambda: HistGradientBoostingClassifier(max_iter=3), put("left", 10**6)),
        (lambda: HistGradientBoostingClassifier(max_iter=3), put("feature_idx", 4)),
        (lambda: KNeighborsClassifier(algorithm="kd_tree", leaf_size=5), put("idx_end", 10**6)),
        (lambda: KNeighborsClassifier(algorithm="ball_tree", leaf_size=5), put("idx_start", -1)),
    ],
)
def test_indices_out_of_bounds_are_found_before_they_can_crash_predict(
    make: Callable[[], Any], edit: Callable[[Any], None]
) -> None:
    data = with_tree_nodes(make().fit(X, Y), edit)
    with pytest.raises(ModelUnreadable, match="WrongStructureError"):
        load_model(data, "skops")


def test_tree_whose_classes_are_fewer_than_it_says_is_refused() -> None:
    def grow(schema: Any) -> None:
        tree = schema["content"]["content"]["tree_"]
        tree["__reduce__"]["args"]["content"][2] = text(1_000_000_000)

    data = edited(dump_model(DecisionTreeClassifier().fit(X, Y)).data, grow)
    with pytest.raises(ModelUnreadable, match="WrongStructureError"):
        load_model(data, "skops")


def test_model_that_claims_other_features_than_its_tree_is_refused() -> None:
    def widen(schema: Any) -> None:
        schema["content"]["content"]["n_features_in_"] = text(1)

    data = edited(dump_model(DecisionTreeClassifier().fit(X, Y)).data, widen)
    with pytest.raises(ModelUnreadable, match="WrongStructureError"):
        load_model(data, "skops")


def test_support_vectors_that_do_not_add_up_are_refused() -> None:
    model = SVC().fit(X, Y)
    model._n_support = model._n_support + 5
    with pytest.raises(ModelUnreadable, match="support vectors"):
        load_model(dump_model(model).data, "skops")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", 10**6),
        ("k", -1),
        ("c", np.ones(1)),
        ("t", np.linspace(1, 0, 20)),
        ("t", np.full(20, np.nan)),
        ("t", np.ma.masked_array(np.linspace(1, 0, 20), mask=True)),
    ],
)
def test_spline_that_does_not_fit_its_knots_is_refused(name: str, value: Any) -> None:
    model = SplineTransformer().fit(X)
    spline = model.bsplines_[0]
    inner = getattr(spline, "_delegate_to", spline)
    key = next(key for key in (name, f"_{name}") if key in vars(inner))
    vars(inner)[key] = value
    with pytest.raises(ModelUnreadable, match="a spline's"):
        load_model(dump_model(model).data, "skops")


def test_spline_whose_checked_knots_are_not_those_it_uses_is_refused() -> None:
    model = SplineTransformer().fit(X)
    spline = model.bsplines_[0]
    inner = getattr(spline, "_delegate_to", spline)
    other = "t" if "_t" in vars(inner) else "_t"
    vars(inner).update({other: np.linspace(1, 0, 20), other.replace("t", "c"): np.ones(20)})
    with pytest.raises(ModelUnreadable, match="a spline's"):
        load_model(dump_model(model).data, "skops")


def test_spline_that_hands_on_to_something_else_is_refused() -> None:
    model = SplineTransformer().fit(X)
    spline = model.bsplines_[0]
    if not hasattr(spline, "_delegate_to"):
        pytest.skip("this scipy's splines hand nothing on")
    spline._delegate_to = Bunch(**vars(spline._delegate_to))
    with pytest.raises(ModelUnreadable, match="a spline's kind"):
        load_model(dump_model(model).data, "skops")


def test_partitions_survive_on_their_own() -> None:
    tree = BallTree(X, leaf_size=3)
    loaded = load_model(dump_model(tree).data, "skops")
    assert_same(loaded.query(X[:5], k=3), tree.query(X[:5], k=3))


def test_truncated_and_garbage_bytes_are_a_typed_error() -> None:
    data = dump_model(LogisticRegression().fit(X, Y)).data
    for bad in (b"", b"garbage", data[:-30], data[: len(data) // 2], data[100:], b"PK\x05\x06" + bytes(18)):
        with pytest.raises(ModelUnreadable):
            load_model(bad, "skops")
    for bad in (b"", b"garbage", pickle.dumps(X)[:-10]):
        with pytest.raises(ModelUnreadable):
            load_model(bad, "cloudpickle", trust=True)
    with pytest.raises(ModelUnreadable, match="format"):
        load_model(data, "joblib")


def test_altered_byte_anywhere_never_crashes_the_loader() -> None:
    data = dump_model(LogisticRegression().fit(X, Y)).data
    for position in range(0, len(data), 37):
        bad = data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :]
        try:
            load_model(bad, "skops")
        except (ModelUnreadable, UntrustedModel):
            continue


def test_schema_nested_without_end_is_a_typed_error() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", '{"protocol": 2, "a":' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(ModelUnreadable):
        load_model(buffer.getvalue(), "skops")


def test_compressed_members_are_refused_before_they_are_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", " " * 50_000_000)
    with pytest.raises(ModelUnreadable, match="compressed"):
        load_model(buffer.getvalue(), "skops")


# Boosters


@pytest.mark.filterwarnings("ignore:.*XGBRFClassifier.*deprecated:FutureWarning")  # by newer xgboost
@pytest.mark.parametrize("name", ["XGBClassifier", "XGBRegressor", "XGBRFClassifier"])
def test_xgboost_models_survive(name: str) -> None:
    xgboost = pytest.importorskip("xgboost")
    assert_survives(getattr(xgboost, name)(n_estimators=5, max_depth=2).fit(X, Y), X)


@pytest.mark.parametrize("name", ["LGBMClassifier", "LGBMRegressor"])
def test_lightgbm_models_survive(name: str) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(lightgbm, name)(n_estimators=5, min_child_samples=2, verbose=-1).fit(X, Y)
    assert_survives(model, X)


def test_booster_inside_a_pipeline_survives() -> None:
    xgboost = pytest.importorskip("xgboost")
    data, target = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=5, early_stopping_rounds=None))
    assert_survives(model.fit(data, target), data)


def test_booster_with_a_pointer_instead_of_bytes_is_refused() -> None:
    xgboost = pytest.importorskip("xgboost")

    def point(schema: Any) -> None:
        schema["content"]["content"]["_Booster"]["content"]["content"]["handle"] = text(123456789)

    data = edited(dump_model(xgboost.XGBClassifier(n_estimators=2).fit(X, Y)).data, point)
    with pytest.raises(ModelUnreadable):
        load_model(data, "skops")


def test_booster_with_a_notebook_objective_is_not_trusted() -> None:
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBRegressor(n_estimators=2, objective=lambda y, p: (p - y, np.ones_like(p))).fit(X, Y)
    assert dump_model(model).format == "cloudpickle"
