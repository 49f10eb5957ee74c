"""A model that was fitted, judged and registered in a recorded notebook, for the tests of signatures and cards."""

from __future__ import annotations

import os

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder, TrackOptions
from nbledger.capture.writer import Writer
from tests.lineage.plain_session import PlainSession

EVIL = "<script>alert(1)</script>"

DATA = """%%track
import numpy as np, pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, mean_squared_error, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
df = pd.read_csv("people.csv")
y = df.pop("left")
X_train, X_test, y_train, y_test = train_test_split(df, y, random_state=0)
"""

FIT = """
clf = make_pipeline(make_column_transformer((OneHotEncoder(), ["plan"]), remainder="passthrough"), LogisticRegression(C=0.5))
clf.fit(X_train, y_train)
"""

JUDGE = """
pred = clf.predict(X_test)
accuracy = accuracy_score(y_test, pred)
f1 = f1_score(y_test, pred)
auc = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])
"""


def write_people(folder, rows=600):
    """Write the data: whether somebody left depends on the age, less so for the plan `gold`."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, rows)
    plan = rng.choice(["basic", "gold", EVIL, "rare"], rows, p=[0.5, 0.3, 0.19, 0.01])
    noise = rng.random(rows) < np.where(plan == "gold", 0.35, 0.05)
    frame = pd.DataFrame(
        {"age": age, "spend": rng.normal(50, 10, rows), "plan": plan, "left": ((age > 50) ^ noise) * 1}
    )
    frame.to_csv(folder / "people.csv", index=False)


class Notebook(PlainSession):
    """A notebook in `folder` all of whose cells are tracked; `runs` are the ids of its cells."""

    def __init__(self, folder, snapshot=("X_train", "X_test")):
        super().__init__()
        self.before = os.getcwd()
        os.chdir(folder)
        (folder / "pyproject.toml").touch()
        self.writer = Writer(current_session("python"), folder, print)
        self.recorder = Recorder(self.names, self.writer, Context("notebook.ipynb"), dict(self.names))
        self.snapshot = tuple(snapshot)
        self.runs = []

    @property
    def ledger(self):
        return self.writer.ledger

    def execute(self, source):
        known = tuple(name for name in self.snapshot if f"{name}" in source and "split" in source)
        options = TrackOptions(quiet=True, snapshot=known)
        body = source.removeprefix("%%track\n")
        self.recorder.begin(Cell(source, (body,), None, len(self.runs) + 1), options)
        error = super().execute(body)
        outcome = self.recorder.end(error)
        assert error is None
        assert outcome.problems == ()
        self.runs.append(outcome.start.id)
        return error

    def close(self):
        self.writer.close()
        calls.uninstall()
        os.chdir(self.before)
