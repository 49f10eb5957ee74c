"""Models are written without the lists that only a reader of models needs, and just as skops writes them."""

from __future__ import annotations

import subprocess
import sys

_WRITE = """
import sys
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

{first}
from nbledger.ledger.model_format import dump_model

X = np.random.default_rng(0).random((40, 3))
y = (X[:, 0] > 0.5).astype(int)
models = [
    make_pipeline(StandardScaler(), FunctionTransformer(np.square), LogisticRegression()),
    RandomForestClassifier(3, random_state=np.random.RandomState(0)),
    SGDClassifier(loss="log_loss", random_state=0),
]
for model in models:
    print(dump_model(model.fit(np.abs(X), y)).data.hex())
search = RandomizedSearchCV(LogisticRegression(), {{"C": [1.0, 2.0]}}, n_iter=2, scoring=make_scorer(f1_score))
print(dump_model(search).data.hex())
print(sorted({{"skops.io", "pytest", "sklearn.neural_network"}} & set(sys.modules)))
"""


def _written(first: str) -> list[str]:
    command = [sys.executable, "-c", _WRITE.format(first=first)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_model_is_written_as_skops_writes_it_without_importing_all_of_scikit_learn():
    alone, whole = _written("pass"), _written("import skops.io")
    assert alone[:-1] == whole[:-1]
    assert len(alone) == 5
    assert alone[-1] == "[]"
    assert "skops.io" in whole[-1]
