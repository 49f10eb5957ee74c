"""A model's signature and input example come from the lineage of its fit; nobody declares them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nbledger.ledger import model_tags
from nbledger.registry import evidence, metadata, promote
from nbledger.registry.signature import Signature, inferred, input_example, signature
from tests.registry.recorded_model import DATA, EVIL, FIT, JUDGE, Notebook, write_people


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    write_people(folder)
    notebook = Notebook(folder)
    for source in (DATA, FIT, JUDGE):
        notebook.run(source)
    yield notebook
    notebook.close()


def registered(notebook, model, run, which=None):
    return promote(notebook.ledger, model, notebook.ledger.run(run), which=which).version


def test_a_tables_columns_and_a_classifiers_classes_are_the_signature(notebook):
    version = registered(notebook, "churn", notebook.runs[1])
    found = signature(notebook.ledger, version)
    assert found.inputs.columns == (("age", "int64"), ("spend", "float64"), ("plan", "str"))
    assert (found.inputs.name, found.inputs.kind) == ("X_train", "table")
    assert (found.outputs.dtype, found.outputs.classes, found.outputs.shape) == ("int64", (0, 1), ())
    assert found.notes == ()


def test_it_is_kept_when_the_model_is_registered_and_reads_back_the_same(notebook):
    version = registered(notebook, "churn", notebook.runs[1])
    kept = model_tags.artifacts(notebook.ledger, "churn", version.number)
    assert set(kept) == {"signature.json", "input_example"}
    data = json.loads(notebook.ledger.objects.read(kept["signature.json"].object))
    assert Signature.from_dict(data) == signature(notebook.ledger, version)
    assert data["inputs"]["columns"][0] == ["age", "int64"]


def test_the_input_example_is_the_first_rows_of_what_is_stored_already(notebook):
    version = registered(notebook, "churn", notebook.runs[1])
    before = set(notebook.ledger.objects.hashes())
    metadata.on_registered(notebook.ledger, version)
    assert set(notebook.ledger.objects.hashes()) == before
    found = input_example(notebook.ledger, version)
    train = notebook.names["X_train"]
    assert found.columns == ("age", "spend", "plan")
    assert [row[0] for row in found.rows] == train["age"].head().tolist()
    assert [row[2] for row in found.rows] == train["plan"].head().tolist()
    assert len(input_example(notebook.ledger, version, rows=2).rows) == 2
    assert EVIL in set(train["plan"])


def test_arrays_have_a_dtype_and_a_shape(notebook):
    notebook.run(
        "A = X_train[['age', 'spend']].to_numpy()\nridge = Ridge().fit(A, np.column_stack([y_train, y_train]))"
    )
    notebook.run(
        "mse = mean_squared_error(np.column_stack([y_test, y_test]), ridge.predict(X_test[['age', 'spend']].to_numpy()))"
    )
    found = inferred(notebook.ledger, registered(notebook, "ridge", notebook.runs[-2]))
    assert (found.inputs.dtype, found.inputs.shape, found.inputs.columns) == ("float64", (2,), ())
    assert (found.outputs.dtype, found.outputs.shape, found.outputs.classes) == ("int64", (2,), None)
    assert str(found.inputs) == "float64 (rows, 2)"


def test_without_stored_data_it_says_how_to_keep_it(notebook):
    notebook.run("B = X_train[['age']].to_numpy()\nother = Ridge().fit(B, y_train)")
    found = input_example(notebook.ledger, registered(notebook, "other", notebook.runs[-1]))
    assert (found.rows, found.reason) == (
        (),
        "its training data was not stored: keep it next time by `%%track --snapshot B`",
    )


def test_of_several_models_each_has_its_own_fit(notebook):
    notebook.run(
        "C1 = X_train[['age']].to_numpy()\nC2 = X_train[['age', 'spend']].to_numpy()\n"
        "one = Ridge().fit(C1, y_train)\ntwo = Ridge().fit(C2, y_train)\n"
        "r1 = one.score(X_test[['age']].to_numpy(), y_test)\nr2 = two.score(X_test[['age', 'spend']].to_numpy(), y_test)"
    )
    run = notebook.runs[-1]
    shapes = [
        inferred(notebook.ledger, registered(notebook, "several", run, which)).inputs.shape for which in ("one", "two")
    ]
    assert shapes == [(1,), (2,)]


def test_a_fit_that_cannot_be_told_from_another_is_not_guessed(notebook):
    notebook.run(
        "m1 = Ridge().fit(X_train[['age']].to_numpy(), y_train)\nm2 = Ridge().fit(X_train[['spend']].to_numpy(), y_train)"
    )
    version = registered(notebook, "untold", notebook.runs[-1], "m1")
    found = signature(notebook.ledger, version)
    assert found.inputs is None
    assert "no fit of the model was recorded" in found.notes[0]
    assert input_example(notebook.ledger, version).reason == "the data of its fit was not recorded"


def test_a_model_that_no_cell_fitted_has_no_signature_and_is_registered_all_the_same(fresh_ledger, add_run):
    from sklearn.linear_model import Ridge

    run = fresh_ledger.run(add_run("a", models={"model": Ridge().fit([[0.0]], [1.0])}, metrics={"r2": 1.0}))
    version = promote(fresh_ledger, "bare", run).version
    assert signature(fresh_ledger, version).inputs is None
    assert [(one.name, one.call) for one in evidence.judgements(fresh_ledger, version)] == [("r2", None)]


def test_judgements_go_by_the_models_content_wherever_they_were_made(notebook):
    version = registered(notebook, "churn", notebook.runs[1])
    found = {one.name: one for one in evidence.judgements(notebook.ledger, version)}
    assert {"accuracy", "f1", "auc"} <= set(found)
    assert {one.run for one in found.values()} == {notebook.runs[2]}
    truth, predicted = evidence.stored_pair(notebook.ledger, found["accuracy"])
    assert np.mean(truth == predicted) == pytest.approx(found["accuracy"].value)
