"""Hooks are as if they were not there: identity, pickles, signatures, tracebacks, warnings; and they leave nothing."""

from __future__ import annotations

import inspect
import pickle
import sys
import traceback
import warnings

import pytest

from nbledger.capture.hooks import calls, swap
from nbledger.capture.hooks.swap import Hook, is_swapped, restore, restore_all, strip_frames

pytest.importorskip("sklearn")
cloudpickle = pytest.importorskip("cloudpickle")

import sklearn.metrics  # noqa: E402
import sklearn.model_selection  # noqa: E402
from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: E402
from sklearn.datasets import make_classification  # noqa: E402
from sklearn.dummy import DummyClassifier  # noqa: E402
from sklearn.feature_extraction.text import TfidfTransformer  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.metrics import accuracy_score  # noqa: E402
from sklearn.pipeline import Pipeline, make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

X, y = make_classification(n_samples=40, random_state=0)


def plain(a, b=2, *, c=3):
    """Add."""
    return a + b + c


@pytest.fixture(autouse=True)
def _left_clean():
    yield
    calls.uninstall()
    restore_all()


def make_closure():
    first, second = 1, 2

    def inner(a):
        return a + first + second

    return inner


@pytest.mark.parametrize("function", [plain, make_closure()])
def test_a_swapped_function_behaves_the_same_and_is_restored_exactly(function):
    code, state = function.__code__, dict(vars(function))
    expected = function(1)
    assert swap.swap(function, Hook)
    assert is_swapped(function)
    assert function(1) == expected
    assert not swap.swap(function, Hook)
    restore(function)
    assert function.__code__ is code
    assert vars(function) == state
    assert function(1) == expected


def test_signature_source_defaults_and_doc_stay():
    signature, source = inspect.signature(plain), inspect.getsource(plain)
    swap.swap(plain, Hook)
    assert inspect.signature(plain) == signature
    assert inspect.getsource(plain) == source
    assert plain.__defaults__ == (2,)
    assert plain.__kwdefaults__ == {"c": 3}
    assert plain.__doc__ == "Add."


def test_generators_and_coroutines_are_left_alone():
    def generator():
        yield 1

    async def coroutine():
        pass

    assert not swap.swap(generator, Hook)
    assert not swap.swap(coroutine, Hook)


def test_an_argument_may_be_called_self():
    def takes_self(**kwargs):
        return kwargs

    swap.swap(takes_self, Hook)
    assert takes_self(self=1, args=2, hook=3) == {"self": 1, "args": 2, "hook": 3}


def test_a_function_whose_code_was_replaced_meanwhile_keeps_the_new_code():
    def first():
        return 1

    def second():
        return 2

    swap.swap(first, Hook)
    first.__code__ = second.__code__
    restore_all()
    assert first() == 2


def test_a_function_that_got_a_trampoline_from_another_is_restored_too():
    """IPython's autoreload copies the code of the reloaded function into the old one."""

    def old():
        return 1

    def new():
        return 2

    swap.swap(old, Hook)
    swap.swap(new, Hook)
    code = new.__closure__, swap.original_code(new)
    old.__code__ = new.__code__
    assert old() == 2
    restore_all()
    assert not is_swapped(old)
    assert old.__code__ is code[1]


def codes():
    """Return every code of scikit-learn that could be swapped, with each function's attributes."""
    found = {}
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("sklearn")]
    classes = [cls for module in modules for cls in vars(module).values() if isinstance(cls, type)]
    for owner in [*modules, *classes]:
        for name, value in list(vars(owner).items()):
            function = value.__func__ if isinstance(value, classmethod) else getattr(value, "fn", value)
            if inspect.isfunction(function):
                found[id(owner), name] = function, function.__code__, dict(vars(function))
    return found


def test_uninstall_leaves_nothing_behind():
    before, finders = codes(), list(sys.meta_path)
    calls.wake(sys.modules)
    assert is_swapped(accuracy_score)
    assert is_swapped(vars(Pipeline)["score"].fn)
    calls.uninstall()
    after = codes()
    assert set(after) == set(before)
    for key, (function, code, state) in before.items():
        assert after[key][0] is function
        assert after[key][1] is code
        assert after[key][2] == state
    assert sys.meta_path == finders


def test_identity_and_pickles_by_reference_are_untouched():
    plain_bytes = pickle.dumps(accuracy_score)
    model = pickle.dumps(LogisticRegression())
    calls.wake(sys.modules)
    assert is_swapped(accuracy_score)
    assert pickle.loads(plain_bytes) is accuracy_score is sklearn.metrics.accuracy_score
    assert pickle.dumps(accuracy_score) == plain_bytes
    assert pickle.dumps(LogisticRegression()) == model


def test_signatures_of_scikit_learn_stay():
    functions = [accuracy_score, LogisticRegression.fit, Ridge.predict, Ridge.score, StandardScaler.transform]
    before = [inspect.signature(function) for function in functions]
    calls.wake(sys.modules)
    assert [inspect.signature(function) for function in functions] == before


def failing_fit():
    LogisticRegression(C=-1).fit(X, y)


def failing_metric():
    accuracy_score(y, y[:-1])


def failing_inside():
    make_pipeline(StandardScaler(), LogisticRegression()).fit(X, [None] * len(X))


def shown(action):
    try:
        action()
    except Exception:
        return traceback.format_exc()
    raise AssertionError("it did not fail")


@pytest.mark.parametrize("action", [failing_fit, failing_metric, failing_inside])
@pytest.mark.parametrize("active", [True, False])
def test_a_traceback_is_the_same_with_and_without_hooks(action, active, request):
    before = shown(action)
    if active:
        request.getfixturevalue("sink")
    else:
        calls.wake(sys.modules)
    assert is_swapped(accuracy_score)
    assert shown(action) == before


def test_strip_frames_unlinks_frames_of_ours_wherever_they_are():
    def frame(filename, then):
        namespace = {"then": then}
        exec(compile("def f():\n    then()", filename, "exec"), namespace)
        return namespace["f"]

    def fail():
        raise KeyError

    chain = frame(swap.FILENAME, frame("a.py", frame(swap.FILENAME, frame(swap.FILENAME, frame("b.py", fail)))))
    try:
        chain()
    except KeyError as error:
        found = strip_frames(error.__traceback__.tb_next)
    assert [entry.filename.rpartition("/")[2] for entry in traceback.extract_tb(found)] == [
        "a.py",
        "b.py",
        "test_calls_swap.py",
    ]
    assert strip_frames(None) is None


class Old(BaseEstimator, ClassifierMixin):
    def fit(self, X, y):
        warnings.warn("use New", DeprecationWarning, stacklevel=2)
        return self


@pytest.mark.parametrize("active", [True, False])
def test_a_warning_points_at_the_callers_line(active, request):
    if active:
        request.getfixturevalue("sink")
    else:
        calls.wake(sys.modules)
    assert is_swapped(Old.fit)
    with pytest.warns(DeprecationWarning, match="use New") as caught:
        Old().fit(X, y)
    assert caught[0].filename == __file__
    assert caught[0].lineno == inspect.currentframe().f_lineno - 2


def test_an_interrupt_comes_through_and_leaves_the_depth_right(sink):
    class Slow(BaseEstimator):
        def fit(self, X):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Slow().fit(X)
    accuracy_score(y, y)
    assert sink.kinds == ["MetricCall"]


def notebook_class():
    namespace = {"__name__": "__main__", "BaseEstimator": BaseEstimator, "ClassifierMixin": ClassifierMixin}
    source = """
class Constant(ClassifierMixin, BaseEstimator):
    def __init__(self, value=0):
        super().__init__()
        self.value = value
    def fit(self, X, y):
        self.classes_ = [0, 1]
        self.super_ = super().__thisclass__.__name__
        return self
    def predict(self, X):
        return [self.value] * len(X)
"""
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace["Constant"]


def test_a_notebook_class_is_observed_only_while_a_cell_runs(sink):
    cls = notebook_class()
    assert is_swapped(cls.fit)
    calls.suspend_main()
    assert not is_swapped(cls.fit)
    assert "__wrapped__" not in vars(cls.fit)
    calls.resume_main()
    cls().fit(X, y)
    assert sink.kinds == ["Fit"]


def test_a_helper_modules_class_is_suspended_as_well(sink, tmp_path, monkeypatch):
    (tmp_path / "our_estimators.py").write_text(
        "from sklearn.base import BaseEstimator\nclass E(BaseEstimator):\n    def fit(self, X):\n        return self\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import our_estimators

    calls.suspend_main()
    assert not is_swapped(our_estimators.E.fit)
    assert is_swapped(accuracy_score)
    calls.resume_main()
    our_estimators.E().fit(X)
    assert sink.kinds == ["Fit"]


def test_the_sink_sees_the_users_own_functions_as_they_are(sink):
    from nbledger.fingerprint import fingerprint

    calls.suspend_main()
    cls = notebook_class()
    expected = fingerprint(cls).hash
    calls.resume_main()
    assert is_swapped(cls.fit)
    seen = []
    sink.before = lambda call: seen.append(fingerprint(cls).hash) or {}
    sink.event = lambda event: seen.append(fingerprint(cls).hash)
    cls().fit(X, y)
    assert seen == [expected, expected]
    assert is_swapped(cls.fit)


def test_a_forked_worker_tells_nothing(sink):
    import os

    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        accuracy_score(y, y)
        os.write(writer, b"told" if sink.events else b"quiet")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"quiet"
    accuracy_score(y, y)
    assert sink.kinds == ["MetricCall"]


def test_a_suspended_notebook_class_can_be_forgotten():
    import gc
    import weakref

    calls.wake(sys.modules)
    reference = weakref.ref(notebook_class())
    calls.suspend_main()
    gc.collect()
    assert reference() is None


def test_a_hooked_notebook_class_pickled_by_value_needs_no_nbledger_where_it_is_loaded(sink):
    import subprocess

    cls = notebook_class()
    assert is_swapped(cls.fit)
    data = cloudpickle.dumps((cls(1), cls.fit))
    code = """if True:
        import pickle, sys
        sys.modules["nbledger"] = None
        model, fit = pickle.load(sys.stdin.buffer)
        print(model.fit([[0]], [0]).predict([[0], [1]]), model.super_, fit(model, [[0]], [0]) is model)
    """
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=False)
    assert done.stdout.decode() == "[1, 1] Constant True\n", done.stderr.decode()


def test_a_search_with_processes_works_with_a_notebook_class(sink):
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(notebook_class()(), {"value": [0, 1]}, cv=2, n_jobs=2).fit(X, y)
    assert sink.kinds == ["Fit", "Search"]
    assert {candidate.params["value"] for candidate in sink.events[1].candidates} == {0, 1}
    assert search.best_score_ == 0.5


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), StandardScaler(), DummyClassifier(), TfidfTransformer()], ids=repr
)
def test_scikit_learns_own_checks_still_pass(sink, estimator):
    from sklearn.utils.estimator_checks import check_estimator

    assert is_swapped(type(estimator).fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator)
    assert sink.problems == []
