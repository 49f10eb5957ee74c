"""The registry: what a promotion with gates costs in a warm process, and a registered model's load over skops' own.

Run with pytest -s. The ledger has 2,000 runs and 200 versions of ten models.
"""

from __future__ import annotations

import statistics
import time
from contextlib import closing

import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from nbledger.ledger import Ledger
from nbledger.ledger.skops_file import loads
from nbledger.ledger.verification import verify
from nbledger.registry import promote, rollback
from tests.conftest import Recording

PROMOTION_MS = 20.0
LOAD_MS = 5.0
GATES = ["accuracy >= 0.5", "metric: f1 >= 0.5", "size: 10 MB"]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with closing(Ledger.open(tmp_path_factory.mktemp("registry"))) as found:
        yield found


@pytest.fixture(scope="module")
def runs(ledger):
    """2,000 runs of which 250 have a model; 200 of these are registered already."""
    add = Recording(ledger)
    X, y = make_classification(300, 20, random_state=0)
    found = []
    for place in range(2000):
        models = {}
        if place % 8 == 0:
            models = {"model": LogisticRegression(C=0.01 * (place + 1), max_iter=20, tol=1.0).fit(X, y)}
        run = add("fit", models=models, metrics={"accuracy": 0.9, "f1": 0.8}, params={"C": place})
        if models:
            found.append(ledger.run(run))
    for place, run in enumerate(found[:200]):
        promote(ledger, f"model{place % 10}", run, alias="champion", who="ada")
    return found[200:]


def milliseconds(call, *given, **more):
    began = time.perf_counter()
    call(*given, **more)
    return (time.perf_counter() - began) * 1000


def told(what, found, limit=None):
    found = sorted(found)
    median, high = statistics.median(found), found[int(len(found) * 0.95)]
    print(f"{what:<50} median {median:6.2f} ms   p95 {high:6.2f} ms" + (f"   (at most {limit:g})" if limit else ""))
    return median


def test_a_promotion_with_metric_gates(ledger, runs):
    found = [
        milliseconds(promote, ledger, "churn", run, alias="champion", gates=GATES, who="ada", reason="again")
        for run in runs
    ]
    print()
    median = told("promotion with three gates", found[5:], PROMOTION_MS)
    told("promotion without gates", [milliseconds(promote, ledger, "x", run, alias="a") for run in runs])
    back = [milliseconds(rollback, ledger, "churn", "champion") for _ in range(20)]
    told("rollback", back)
    told("verify --quick", [milliseconds(verify, ledger, quick=True) for _ in range(3)])
    told("verify", [milliseconds(verify, ledger) for _ in range(3)])
    assert median <= PROMOTION_MS


def test_loading_a_registered_model(ledger, runs):
    promote(ledger, "loaded", runs[0], alias="champion")
    stored = ledger.stored(ledger.model_version("loaded", 1).version)
    data = ledger.objects.path(stored.object).read_bytes()
    import skops.io as sio

    untrusted = sio.get_untrusted_types(data=data)
    bare, ours, safe = [], [], []
    for _ in range(60):
        bare.append(milliseconds(sio.loads, data, trusted=untrusted))
        safe.append(milliseconds(loads, data, trust=False))
        ours.append(milliseconds(ledger.load, "models:/loaded@champion"))
    print()
    alone = told("skops.io.loads, bytes in memory", bare[5:])
    told("the safe loader, bytes in memory", safe[5:])
    registered = told("Ledger.load('models:/loaded@champion')", ours[5:])
    print(f"{'over the bare load':<50}        {registered - alone:6.2f} ms   (at most {LOAD_MS:g})")
    assert registered - alone <= LOAD_MS
