"""Where a number comes from, how often its test set was used, and whether a gain is one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder, TrackOptions
from nbledger.capture.writer import Writer
from nbledger.ledger import Ledger, NotFound
from nbledger.lineage import honest, paired
from tests.lineage.plain_session import PlainSession

SETUP = """
import numpy as np, pandas as pd
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, mean_squared_error, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
X, y = make_classification(800, 8, flip_y=0.1, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
"""


class Tracked(PlainSession):
    """A notebook all of whose cells are tracked, in a ledger of its own."""

    def __init__(self, folder):
        super().__init__()
        self.writer = Writer(current_session("python"), folder, print)
        self.recorder = Recorder(self.names, self.writer, Context("notebook.ipynb"), dict(self.names))
        self.runs = []
        self.tracked = True

    def execute(self, source):
        options = TrackOptions(quiet=True, store_model=False) if self.tracked else None
        self.recorder.begin(Cell(source, (source,), None, len(self.runs) + 1), options)
        error = super().execute(source)
        outcome = self.recorder.end(error)
        assert error is None
        assert outcome.problems == ()
        self.runs.append(outcome.start.id)
        return error

    @property
    def ledger(self):
        return self.writer.ledger


@pytest.fixture
def notebook(tmp_path):
    session = Tracked(tmp_path)
    session.run(SETUP)
    yield session
    session.writer.close()
    calls.uninstall()


@pytest.mark.parametrize(
    "judged",
    [
        "proba = clf.predict_proba(X_test)\nacc = accuracy_score(y_test, proba[:, 1] > 0.5)",
        "proba = clf.predict_proba(X_test)\nacc = accuracy_score(y_test, proba.argmax(axis=1))",
        "p = clf.predict(X_test)\nacc = accuracy_score(y_test, p.tolist())",
        "p = clf.predict(X_test)\nacc = accuracy_score(y_test, pd.Series(p).astype(float))",
        "proba = clf.predict_proba(X_test)[:, 1].copy()\nacc = accuracy_score(y_test, np.round(proba))",
        "proba = clf.predict_proba(X_test)[:, 1]\nacc = accuracy_score(y_test, np.where(proba > 0.4, 1, 0))",
        "names = np.array(['no', 'yes'])[clf.predict(X_test)]\nacc = accuracy_score(np.array(['no', 'yes'])[y_test], names)",
        "acc = roc_auc_score(y_test, pd.DataFrame(clf.predict_proba(X_test))[1])",
        "acc = mean_squared_error(y_test, np.exp(clf.decision_function(X_test)))",
    ],
)
def test_the_model_is_known_through_what_is_done_to_its_predictions(notebook, judged):
    notebook.run("clf = LogisticRegression().fit(X_train, y_train)")
    notebook.run(judged)
    story = honest.metric_story(notebook.ledger, notebook.runs[-1], "acc")
    assert story.model == "LogisticRegression"
    assert (story.judged_on.name, story.judged_on.rows) == ("X_test", 200)
    assert (story.trained_on.name, story.trained_on.rows) == ("X_train", 600)
    assert story.positions == (2, 3)
    recorded = {metric.name: metric for metric in notebook.ledger.metrics(notebook.runs[-1])}
    assert {basis.role for basis in recorded["acc"].basis} >= {"model", "X", "y_true"}


def test_a_story_tells_of_transformers_too_and_reads_as_text(notebook):
    notebook.run("sc = StandardScaler().fit(X_train)\nA, B = sc.transform(X_train), sc.transform(X_test)")
    notebook.run("tree = DecisionTreeClassifier(max_depth=3).fit(A, y_train)\nacc = tree.score(B, y_test)")
    story = honest.metric_story(notebook.ledger, notebook.runs[-1], "acc")
    assert story.transformers == ("StandardScaler",)
    assert "on B (200 rows)" in str(story)
    assert "In[2], In[3]" in str(story)
    with pytest.raises(NotFound, match="nosuch"):
        honest.metric_story(notebook.ledger, notebook.runs[0], "nosuch")


def test_a_test_set_is_counted(notebook):
    for depth in (1, 2, 3):
        notebook.tracked = depth != 2
        notebook.run(
            f"t = DecisionTreeClassifier(max_depth={depth}).fit(X_train, y_train)\nacc = t.score(X_test, y_test)"
        )
    notebook.run("f1 = f1_score(y_test, t.predict(X_test))")
    from nbledger.fingerprint import fingerprint

    uses = honest.test_uses(notebook.ledger, fingerprint(notebook.names["y_test"]).hash)
    assert (uses.count, uses.models) == (4, 3)
    assert list(uses.runs) == notebook.runs[1:]


def test_a_model_that_was_fitted_elsewhere_counts_once_however_many_metrics_judge_it(notebook):
    from nbledger.fingerprint import fingerprint

    notebook.tracked = False
    for source in (SETUP, "import pickle\nclf = LogisticRegression().fit(X_train, y_train)\nkept = pickle.dumps(clf)"):
        notebook.execute(source)
    notebook.tracked = True
    notebook.execute("loaded = pickle.loads(kept)\npredicted = loaded.predict(X_test)")
    notebook.execute("acc = accuracy_score(y_test, predicted)\nf1 = f1_score(y_test, predicted)")
    uses = honest.test_uses(notebook.ledger, fingerprint(notebook.names["y_test"]).hash)
    assert (uses.count, uses.models) == (2, 1)


def test_a_gain_has_a_paired_interval(notebook):
    notebook.run(
        "a = DecisionTreeClassifier(max_depth=1).fit(X_train, y_train)\nacc = accuracy_score(y_test, a.predict(X_test))"
    )
    notebook.run("b = DecisionTreeClassifier(max_depth=6).fit(X_train, y_train)\nacc = b.score(X_test, y_test)")
    first, second = notebook.runs[1:]
    found = honest.compare(notebook.ledger, first, second, "acc")
    assert found.same_rows
    assert found.n == 200
    assert found.delta == pytest.approx(found.b - found.a)
    assert found.low <= found.delta <= found.high
    assert 0 <= found.p_value <= 1
    assert "McNemar" in found.method
    assert found == honest.compare(notebook.ledger, first, second, "acc")
    notebook.run("acc = f1_score(y_test, b.predict(X_test))")
    other = honest.compare(notebook.ledger, first, notebook.runs[-1], "acc")
    assert other.reason == "the two numbers are not of one kind: accuracy and f1"
    notebook.run("acc = f1_score(y_test, b.predict(X_test), average='micro')")
    micro = honest.compare(notebook.ledger, notebook.runs[-1], notebook.runs[-2], "acc")
    assert micro.reason == "f1 was computed with options that are not known here"


def test_other_rows_are_said_to_be_others(notebook):
    notebook.run("a = DecisionTreeClassifier(max_depth=1).fit(X_train, y_train)\nacc = a.score(X_test, y_test)")
    notebook.run("acc = a.score(X_test[:150], y_test[:150])")
    found = honest.compare(notebook.ledger, *notebook.runs[1:], "acc")
    assert not found.same_rows
    assert found.low is None
    assert "not judged on the same rows" in str(found)


def test_without_stored_predictions_it_says_so(notebook):
    notebook.tracked = False
    for depth in (1, 2):
        notebook.run(
            f"t = DecisionTreeClassifier(max_depth={depth}).fit(X_train, y_train)\nacc = t.score(X_test, y_test)"
        )
    found = honest.compare(notebook.ledger, *notebook.runs[1:], "acc")
    assert (found.same_rows, found.low) == (True, None)
    assert "tracked" in found.reason


def test_stored_predictions_outlive_gc_merge_and_bundles(notebook, tmp_path):
    for depth in (1, 4):
        notebook.run(
            f"t = DecisionTreeClassifier(max_depth={depth}).fit(X_train, y_train)\nacc = t.score(X_test, y_test)"
        )
    expected = honest.compare(notebook.ledger, *notebook.runs[1:], "acc")
    assert expected.low is not None
    notebook.ledger.gc(dry_run=False, grace=0)
    assert honest.compare(notebook.ledger, *notebook.runs[1:], "acc") == expected
    bundle = notebook.ledger.export_bundle(tmp_path / "b.zip", notebook.runs)
    other = Ledger.open(tmp_path / "other")
    other.import_bundle(bundle)
    other.import_bundle(bundle)
    assert honest.compare(other, *notebook.runs[1:], "acc") == expected
    for run in notebook.runs:
        other.delete(run)
    other.gc(dry_run=False, grace=0)
    assert [
        other.database.rows(f"SELECT count(*) FROM {table}")[0][0]
        for table in ("call", "call_value", "row_set", "object")
    ] == [0] * 4
    other.close()


METRICS = {
    "accuracy_score": ("class", {}),
    "f1_score": ("class", {}),
    "precision_score": ("class", {}),
    "recall_score": ("class", {}),
    "balanced_accuracy_score": ("class", {}),
    "roc_auc_score": ("proba", {}),
    "log_loss": ("proba", {}),
    "mean_squared_error": ("number", {}),
    "root_mean_squared_error": ("number", {}),
    "mean_absolute_error": ("number", {}),
    "r2_score": ("number", {}),
}


@pytest.mark.parametrize("name", METRICS)
def test_scores_are_those_of_scikit_learn(name):
    import sklearn.metrics

    rng = np.random.default_rng(0)
    kind, _ = METRICS[name]
    y = rng.normal(size=300) if kind == "number" else rng.integers(0, 2, 300)
    signal = y + rng.normal(0, 0.8, 300)
    noise = y + rng.normal(0, 1.2, 300)
    if kind == "class":
        signal, noise = (signal > 0.5).astype(int), (noise > 0.5).astype(int)
    if kind == "proba":
        signal, noise = 1 / (1 + np.exp(-signal.round(1))), 1 / (1 + np.exp(-noise.round(1)))
    score = getattr(sklearn.metrics, name)
    found = paired.difference(y, noise, signal, name, resamples=200)
    assert found.delta == pytest.approx(score(y, signal) - score(y, noise))
    rng = np.random.default_rng(paired.SEED)
    weights = rng.multinomial(300, [1 / 300] * 300, 200)
    drawn = [score(y, signal, sample_weight=weight) - score(y, noise, sample_weight=weight) for weight in weights]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_mcnemar_is_the_exact_binomial_test():
    from scipy.stats import binomtest

    for first, second in ((0, 0), (1, 0), (10, 3), (25, 25), (40, 12), (300, 250)):
        expected = binomtest(first, first + second).pvalue if first + second else 1.0
        assert paired.exact_p(first, second) == pytest.approx(expected, abs=1e-9)


def test_the_interval_covers_the_true_gain_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        y = rng.normal(size=150)
        worse, better = y + rng.normal(0, 1.0, 150), y + rng.normal(0, 0.8, 150)
        found = paired.difference(y, worse, better, "mean_squared_error", resamples=400)
        covered += found.low <= 0.64 - 1.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_metric_without_an_interval_is_none():
    assert paired.difference(np.arange(3), np.arange(3), np.arange(3), "silhouette_score") is None
    assert not math.isnan(
        paired.difference(np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([0, 1, 1]), "accuracy").low
    )


def many(kind, rows, seed=1):
    rng = np.random.default_rng(seed)
    if kind == "number":
        y = rng.normal(3, 2, rows)
        return y, y + rng.normal(0, 1, rows), y + rng.normal(0, 0.97, rows)
    y = rng.integers(0, 2, rows)
    if kind == "proba":
        return y, *(1 / (1 + np.exp(-(y - 0.5 + rng.normal(0, spread, rows)))) for spread in (1.2, 1.1))
    return y, *(np.where(rng.random(rows) < share, y, 1 - y) for share in (0.8, 0.81))


@pytest.mark.parametrize("name", METRICS)
def test_the_interval_over_many_rows_is_that_of_drawing_rows(name, monkeypatch):
    y, first, second = many(METRICS[name][0], 1500)
    drawn, one = (
        paired.difference(y, first, second, name, resamples=800),
        paired.interval(y, second, name, resamples=800),
    )
    monkeypatch.setattr(paired.many_rows, "MANY", 1000)
    quick, alone = paired.difference(y, first, second, name), paired.interval(y, second, name)
    for a, b in ((quick, drawn), (alone, one)):
        assert a.delta == b.delta
        width = b.high - b.low
        assert abs(a.low - b.low) < 0.15 * width
        assert abs(a.high - b.high) < 0.15 * width


def test_the_interval_of_an_error_is_that_of_scipy():
    from scipy import stats

    y, first, second = many("number", 6000)
    found = paired.difference(y, first, second, "mean_squared_error")
    gains = (y - second) ** 2 - (y - first) ** 2
    other = stats.bootstrap((gains,), np.mean, method="percentile", n_resamples=1000, batch=100, rng=0)
    width = found.high - found.low
    assert found.low == pytest.approx(other.confidence_interval.low, abs=0.1 * width)
    assert found.high == pytest.approx(other.confidence_interval.high, abs=0.1 * width)


def test_areas_and_their_covariance_are_those_of_all_pairs():
    y, first, second = many("proba", 300)
    first = first.round(2)
    up, down = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    wins = [np.sign(one[up][:, None] - one[down]) / 2 + 0.5 for one in (first, second)]
    covariance = np.cov([win.mean(axis=1) for win in wins]) / len(up)
    covariance += np.cov([win.mean(axis=0) for win in wins]) / len(down)
    values, spread = paired.many_rows.areas(y, (first, second))
    assert values == pytest.approx([win.mean() for win in wins])
    assert spread == pytest.approx(covariance)


def test_kinds_of_rows_count_every_row_once():
    y, first, second = many("class", 5000)
    kinds = paired.many_rows.kinds_of(y, (first, second))
    assert kinds.counts.sum() == 5000
    for true, one, other, count in zip(kinds.y_true, *kinds.predicted, kinds.counts, strict=True):
        assert ((y == true) & (first == one) & (second == other)).sum() == count


def test_mcnemar_of_many_rows_is_the_binomial_test_of_scipy():
    from scipy import stats

    assert paired.exact_p(60_000, 61_000) == pytest.approx(stats.binomtest(60_000, 121_000).pvalue, rel=1e-6)
