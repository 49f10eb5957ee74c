"""Which names runs have, and the cells of a notebook as its runs know them."""

from __future__ import annotations

from nbledger.ledger.cells import cells, has_runs, last_session
from nbledger.ledger.names import names
from nbledger.records import Facts, Param, RunStart, new_id


def test_the_names_are_those_of_the_ledger_of_an_experiment_or_of_a_notebook(add_run):
    add_run(params={"b": 1, "a": 2}, metrics={"f1": 1.0}, experiment="one")
    add_run(params={"c": 1}, tags={"t": "x"}, experiment="two")
    database = add_run.ledger.database
    assert names(database) == (["a", "b", "c"], ["f1"], ["t"])
    assert names(database, experiment="one") == (["a", "b"], ["f1"], [])
    assert names(database, notebook="train.ipynb").params == ["a", "b", "c"]
    assert names(database, notebook="other.ipynb") == ([], [], [])


def test_a_run_that_is_not_over_has_names_too(add_run):
    run = new_id()
    add_run.ledger.start_run(RunStart(run, add_run.session.id, "cell", 1.0, experiment="live"))
    add_run.ledger.record(run, Facts(params=(Param("early", 1),)))
    assert names(add_run.ledger.database, experiment="live").params == ["early"]


def test_the_cells_of_a_notebook_are_known_by_their_last_run_that_is_not_deleted(add_run):
    ledger = add_run.ledger
    first, second = add_run(), add_run()
    (cell,) = cells(ledger.database, "train.ipynb")
    assert (cell.id, cell.runs) == ("c1", 2)
    assert ledger.reader.runs([cell.last])[0].id == second
    ledger.delete(second)
    (cell,) = cells(ledger.database, "train.ipynb")
    assert (ledger.reader.runs([cell.last])[0].id, cell.runs) == (first, 1)
    assert last_session(ledger.database, "train.ipynb") == add_run.session.id
    assert last_session(ledger.database, "other.ipynb") is None
    assert has_runs(ledger.database, "train.ipynb")
    assert not has_runs(ledger.database, "other.ipynb")


def test_runs_are_chosen_by_their_notebook(add_run):
    add_run("one")
    assert [run.name for run in add_run.ledger.runs(notebook="train.ipynb")] == ["one"]
    assert add_run.ledger.count(notebook="train.ipynb") == 1
    assert len(add_run.ledger.runs(notebook="other.ipynb")) == add_run.ledger.count(notebook="other.ipynb") == 0
