"""What it costs that calls are observed: a call that passes through, an observed call, waking, installing.

`pytest tests/benchmarks/bench_calls.py -s` prints the table.
"""

from __future__ import annotations

import sys
import time
import timeit
from functools import partial

import pytest

from nbledger.capture.found.experiment import Experiment
from nbledger.capture.hooks import calls, swap
from nbledger.capture.hooks.observe import CallHook

pytest.importorskip("sklearn")

import numpy as np
import sklearn.cluster
import sklearn.ensemble
import sklearn.model_selection  # noqa: F401


def best(action, number=1000, repeat=15):
    """Seconds for one call: the best of several rounds (the machine is shared)."""
    return min(timeit.repeat(action, number=number, repeat=repeat)) / number


@pytest.fixture(autouse=True)
def _left_clean():
    yield
    calls.uninstall()


def test_a_call_without_a_sink_costs_less_than_a_microsecond():
    def small(a, b=2, *, c=3):
        return a

    plain = best(lambda: small(1, b=3, c=4), 20_000)
    swap.swap(small, partial(CallHook, kind="metric", name="small", method=False))
    hooked = best(lambda: small(1, b=3, c=4), 20_000)
    swap.restore(small)
    print(f"\npass-through: {(hooked - plain) * 1e6:.2f} µs added to {plain * 1e6:.2f} µs")
    assert hooked - plain < 1e-6


def test_waking_when_nothing_changed_costs_a_few_microseconds():
    calls.wake(sys.modules)
    cost = best(lambda: calls.wake(sys.modules))
    print(f"\nwake: {cost * 1e6:.1f} µs")
    assert cost < 10e-6


def test_hooks_are_installed_in_less_than_20_ms():
    costs = []
    for _ in range(5):
        calls.uninstall()
        start = time.perf_counter()
        calls.wake(sys.modules)
        costs.append(time.perf_counter() - start)
    print(
        f"\ninstall: {min(costs) * 1e3:.1f} ms for {len(swap._swapped)} functions (first time {costs[0] * 1e3:.1f} ms)"
    )
    assert min(costs) < 20e-3


@pytest.mark.parametrize("tracked", [False, True])
def test_an_observed_call_costs_tens_of_microseconds(tracked):
    """Of a metric and a predict that do nothing; scikit-learn's own take 200 µs and more."""
    y = np.arange(10)

    def metric(y_true, y_pred):
        return 1.0

    class Model:
        def predict(self, X):
            return X

    model = Model()
    plain = {"metric": best(lambda: metric(y, y)), "predict": best(lambda: model.predict(y))}
    swap.swap(metric, partial(CallHook, kind="metric", name="metric", method=False))
    swap.swap(Model.predict, partial(CallHook, kind="predict", name="predict", method=True))
    calls.activate(Experiment(lambda value: "version", tracked=tracked))
    observed = {"metric": best(lambda: metric(y, y)), "predict": best(lambda: model.predict(y))}
    calls.deactivate()
    for name, cost in observed.items():
        added = cost - plain[name]
        print(
            f"\n{'tracked' if tracked else 'observed'} {name}: {added * 1e6:.1f} µs added to {plain[name] * 1e6:.0f} µs"
        )
        assert added < 200e-6


def test_a_fit_that_calls_thousands_of_hooked_functions_is_as_fast():
    """A search is the worst case: every fit, predict and metric inside of it passes through a hook."""
    from sklearn.dummy import DummyClassifier
    from sklearn.model_selection import cross_val_score

    X = np.arange(200.0).reshape(100, 2)
    y = np.array([0, 1] * 50)

    def work():
        cross_val_score(DummyClassifier(), X, y, cv=50)

    plain, observed = [], []
    for _ in range(15):  # in turns, because the machine is shared
        calls.uninstall()
        plain.append(best(work, 1, 1))
        calls.wake(sys.modules)
        calls.activate(Experiment(lambda value: "version", tracked=True))
        observed.append(best(work, 1, 1))
    observed, plain = min(observed), min(plain)
    print(f"\ncross-validation of a dummy: {observed / plain:.3f} times")
    assert observed / plain < 1.25
