"""What `%%track` records, as a user sees it: the card under the cell, and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbledger
from nbledger.capture.outcome import run_error
from nbledger.ledger import Ledger
from nbledger.records import Run

if TYPE_CHECKING:
    from tests.notebook.conftest import Kernel

DATA = """
import numpy as np, pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score as f1
from sklearn.model_selection import train_test_split, cross_val_score, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
"""


def ledger_of(kernel: Kernel) -> Ledger:
    return Ledger.open(kernel.folder, create=False)


def tracked(kernel: Kernel) -> list[Run]:
    return list(ledger_of(kernel).runs(tracked=True, order_by="attributes.started_at"))


def last(kernel: Kernel) -> Run:
    return tracked(kernel)[-1]


def test_a_fit_and_its_scores_are_recorded_without_options(kernel: Kernel) -> None:
    kernel.run(DATA)
    output = kernel.run(
        "%%track baseline\n"
        "clf = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=200))\n"
        "clf.fit(X_train, y_train)\n"
        "pred = clf.predict(X_test)\n"
        "accuracy = accuracy_score(y_test, pred)\n"
        "f1_value = f1(y_test, pred)"
    )
    assert output.error is None, output.traceback
    run = last(kernel)
    assert (run.name, run.status, run.kind) == ("baseline", "finished", "cell")
    assert run.params["logisticregression__C"] == 0.5
    assert run.params["logisticregression__max_iter"] == 200
    assert set(run.metrics) >= {"accuracy", "f1_value"}
    assert 0.9 < run.metrics["accuracy"] <= 1


def test_the_data_is_recorded_by_content_with_its_columns(kernel: Kernel) -> None:
    kernel.run(DATA)
    kernel.run("%%track\nclf = LogisticRegression(max_iter=5000).fit(X_train, y_train)")
    X = kernel.run("import nbledger; print(nbledger.fingerprint(X_train).hash)").stdout.strip()
    ledger = ledger_of(kernel)
    used = {edge.name: edge.version for edge in ledger.used(last(kernel).id)}
    assert used["X_train"] == X
    version = ledger.version(X)
    assert version.shape == (426, 30)
    assert version.columns is not None and "mean radius" in version.columns


def test_a_metric_knows_the_truth_the_prediction_and_the_model(kernel: Kernel) -> None:
    kernel.run(DATA)
    kernel.run("clf = LogisticRegression(max_iter=5000).fit(X_train, y_train)\npred = clf.predict(X_test)")
    kernel.run("%%track\naccuracy = accuracy_score(y_test, pred)")
    hashes = kernel.run(
        "import nbledger; print(*(nbledger.fingerprint(v).hash for v in (y_test, pred, clf, X_test)))"
    ).stdout.split()
    (metric,) = [m for m in ledger_of(kernel).metrics(last(kernel).id) if m.name == "accuracy"]
    basis = {b.role: b.version for b in metric.basis}
    assert [basis.get(role) for role in ("y_true", "y_pred", "model", "X")] == hashes


def test_the_model_comes_back_and_predicts_the_same(kernel: Kernel) -> None:
    kernel.run(DATA)
    kernel.run("%%track\nclf = LogisticRegression(max_iter=5000).fit(X_train, y_train)")
    expected = kernel.run("print(clf.predict(X_test).tolist())").stdout
    model = ledger_of(kernel).load(last(kernel).id)
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X_test = train_test_split(X, y, test_size=0.25, random_state=0)[1]
    assert str(model.predict(X_test).tolist()) == expected.strip()


def test_every_model_of_a_cell_is_recorded(kernel: Kernel) -> None:
    kernel.run(DATA)
    kernel.run(
        "%%track\n"
        "models = {c: LogisticRegression(C=c, max_iter=5000) for c in (0.1, 1.0, 10.0)}\n"
        "for m in models.values():\n    m.fit(X_train, y_train)"
    )
    run = last(kernel)
    assert len([e for e in ledger_of(kernel).generated(run.id) if e.role == "model"]) == 3
    assert len(ledger_of(kernel).artifacts(run.id)) == 3


def test_a_search_has_a_child_run_for_each_candidate(kernel: Kernel) -> None:
    kernel.run(DATA)
    kernel.run(
        "%%track search\n"
        "grid = GridSearchCV(LogisticRegression(max_iter=5000), {'C': [0.1, 1.0]}, cv=3).fit(X_train, y_train)"
    )
    ledger = ledger_of(kernel)
    (parent,) = ledger.runs("attributes.name = 'search'")
    children = ledger.children(parent.id)
    assert sorted(child.params["C"] for child in children) == [0.1, 1.0]
    assert all(child.status == "finished" for child in children)
    assert all(0 < child.metrics["score"] <= 1 for child in children)


def test_running_a_cell_again_makes_a_new_run_and_the_card_compares(kernel: Kernel) -> None:
    kernel.run(DATA)
    cell = (
        "%%track\n"
        "C = {}\n"
        "accuracy = accuracy_score(y_test, LogisticRegression(C=C, max_iter=5000).fit(X_train, y_train).predict(X_test))"
    )
    kernel.run(cell.format(0.0001), cell_id="cell-1")
    output = kernel.run(cell.format(1.0), cell_id="cell-1")
    assert len(tracked(kernel)) == 2
    assert output.card is not None
    (metric,) = output.card["application/vnd.nbledger.run+json"]["metrics"]
    assert metric["previous"] is not None
    assert "since the previous run" in output.card["text/plain"]


def test_a_failed_cell_is_recorded_with_its_error(kernel: Kernel) -> None:
    kernel.run("%%track\nx = 1\nraise ValueError('no good')")
    run = last(kernel)
    assert run.status == "failed"
    assert run.error is not None
    assert (run.error.type, run.error.message) == ("ValueError", "no good")


def test_a_failed_cell_whose_error_python_cannot_format_is_recorded_as_well(kernel: Kernel) -> None:
    kernel.run("class Names:\n    def __getitem__(self, name):\n        raise KeyError(name)")
    output = kernel.run("x = 1\neval('x + unknown', {}, Names())")
    assert "nbledger:" not in output.stderr
    run = list(ledger_of(kernel).runs(order_by="attributes.started_at"))[-1]
    assert run.error is not None
    assert (run.status, run.error.type) == ("failed", "NameError")


def test_an_exception_that_cannot_say_what_it_is_keeps_its_type() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    error = run_error(Mute())
    assert error is not None
    assert (error.type, error.message) == ("Mute", "<exception str() failed>")


def test_an_observed_cell_is_recorded_with_what_it_read_and_wrote(kernel: Kernel) -> None:
    kernel.run("a = [1, 2]")
    kernel.run("b = a\nb.append(3)\nc = sum(a)")
    ledger = ledger_of(kernel)
    run = list(ledger.runs(order_by="attributes.started_at"))[-1]
    assert {edge.name for edge in ledger.used(run.id)} >= {"a"}
    generated = {edge.name: edge.version for edge in ledger.generated(run.id)}
    assert set(generated) == {"a", "b", "c"}
    assert generated["a"] == generated["b"] == nbledger.fingerprint([1, 2, 3]).hash


def test_a_change_through_an_alias_is_seen_in_both_variables(kernel: Kernel) -> None:
    kernel.run("import numpy as np\nbase = np.zeros(10)\nview = base[:5]\nbox = {'in': base}")
    kernel.run("view[0] = 1")
    ledger = ledger_of(kernel)
    run = list(ledger.runs(order_by="attributes.started_at"))[-1]
    assert {edge.name for edge in ledger.generated(run.id)} == {"base", "view", "box"}


def test_params_metrics_tags_notes_and_artifacts_can_be_logged_by_hand(kernel: Kernel) -> None:
    kernel.run(
        "%%track\nimport nbledger\nnbledger.param('depth', 3)\nnbledger.tag('team', 'growth')\nnbledger.note('first try')\n"
        "nbledger.artifact(b'hello', name='hello.txt')\n"
        "for step in range(5):\n    nbledger.metric('loss', 1 / (step + 1), step=step)"
    )
    run = last(kernel)
    ledger = ledger_of(kernel)
    assert run.params["depth"] == 3
    assert run.tags["team"] == "growth"
    assert ledger.notes(run.id) == ["first try"]
    assert [m.value for m in ledger.metrics(run.id) if m.name == "loss"] == [1 / (s + 1) for s in range(5)]
    (artifact,) = ledger.artifacts(run.id)
    assert ledger.objects.read(artifact.object) == b"hello"


def test_explicit_options_win(kernel: Kernel) -> None:
    kernel.run(DATA)
    kernel.run(
        "%%track named -e trials --params depth --metrics scores --model best --data X_test -t team=growth\n"
        "depth = 2 + 3\nscores = {'auc': 0.75}\nbest = LogisticRegression(max_iter=5000).fit(X_train, y_train)"
    )
    run = last(kernel)
    assert (run.name, run.experiment, run.tags["team"]) == ("named", "trials", "growth")
    assert run.params["depth"] == 5
    assert run.metrics["auc"] == 0.75
    assert ("X_test", "data") in {(e.name, e.role) for e in ledger_of(kernel).used(run.id)}


def test_names_with_html_and_sql_stay_text(kernel: Kernel) -> None:
    evil = "<script>alert(1)</script>'); DROP TABLE run;--"
    output = kernel.run(f'%%track {evil!r} -t "note=<img src=x onerror=alert(2)>"\nx = 1')
    assert output.card is not None
    assert "<script" not in output.card["text/html"].replace("<style", "")
    assert last(kernel).name is not None and "DROP TABLE" in last(kernel).name


def test_secrets_are_redacted_before_they_are_written(kernel: Kernel) -> None:
    kernel.run("%%track\napi_key = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789'\npassword = 'hunter2hunter2'")
    written = b"".join(path.read_bytes() for path in (kernel.folder / ".nbledger").rglob("*") if path.is_file())
    assert b"hunter2hunter2" not in written
    assert b"abcdefghijklmnopqrstuvwxyz0123456789" not in written


def test_track_on_and_off(kernel: Kernel) -> None:
    kernel.run("%track on --quiet")
    kernel.run("x = 1")
    kernel.run("%track off")
    kernel.run("y = 1")
    assert [run.source for run in tracked(kernel)] == ["x = 1", "%track off"]
    assert "ledger:" in kernel.run("%track status").stdout


def test_a_cell_that_logs_by_hand_is_tracked_without_being_told(kernel: Kernel) -> None:
    kernel.run("import nbledger")
    output = kernel.run("nbledger.metric('auc', 0.75)")
    assert output.card is not None
    assert last(kernel).metrics == {"auc": 0.75}
