"""The pipeline in `notebooks/pipeline/` is readable notebooks that run unattended, and does what the docs say of it."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

import nbformat
import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline.execute import run_notebook
from nbledger.pipeline.graph import dag
from nbledger.pipeline.running import run_pipeline
from nbledger.pipeline.spec import load_pipeline

FOLDER = Path(__file__).parent.parent.parent / "notebooks" / "pipeline"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
STEPS = ("ingest", "validate", "prepare", "train", "evaluate")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_of_the_pipeline_is_valid_with_stable_cell_ids_and_no_outputs(path):
    nb = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(nb)
    assert (nb.nbformat, nb.nbformat_minor) == (4, 5)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in nb.cells)
    assert all(re.fullmatch(r"[a-z-]+", cell.id) for cell in nb.cells)
    assert nb.cells[0].cell_type == "markdown"
    tagged = [cell for cell in nb.cells if "parameters" in cell.metadata.get("tags", ())]
    assert len(tagged) == (0 if path.name == "06-promote.ipynb" else 1)


def test_its_order_is_found_in_its_notebooks_before_they_have_run():
    pipeline = load_pipeline(FOLDER)
    assert not any(step.needs for step in pipeline.steps)
    found = dag(pipeline)
    assert found.steps == STEPS
    assert found.before("evaluate") == ("prepare", "train")
    assert found.notes == ()


def test_what_it_writes_is_not_for_git():
    ignored = (FOLDER.parent.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "notebooks/pipeline/data/" in ignored


@pytest.mark.kernel
def test_it_runs_is_cached_promotes_its_winner_and_refuses_what_is_no_better(project):
    shutil.copytree(FOLDER, project / "pipeline", ignore=shutil.ignore_patterns("data", ".*"))
    folder = project / "pipeline"
    with closing(Ledger.open(project)) as ledger:
        done = run_pipeline(folder, ledger=ledger)
        assert done.status == "finished", done
        assert [(step.name, step.status) for step in done.steps] == [(step, "finished") for step in STEPS]
        assert done.promoted.text == "@champion is version 1 of tumour"
        assert {gate.status for gate in done.promoted.gates} == {"passed"}
        assert ledger.run(done.step("ingest").run).tags["nbledger.checks"] == "passed"
        assert all(edge.reason == "file" for edge in dag(load_pipeline(folder), ledger).edges)

        other = run_pipeline(folder, ledger=ledger, params={"train.model": "forest"})
        assert [step.status for step in other.steps] == ["cached", "cached", "cached", "finished", "finished"]
        assert other.status == "refused"
        refused = [gate.gate for gate in other.promoted.gates if gate.status != "passed"]
        assert refused == ["better-than-champion"]
        assert ledger.aliases("tumour") == {"champion": 1}

        again = run_pipeline(folder, ledger=ledger)
        assert {step.status for step in again.steps} == {"cached"}
        assert again.promoted.text == "@champion is version 1 of tumour, as before"
        by_hand = run_notebook(folder / "06-promote.ipynb", ledger=ledger, progress=False)
        assert by_hand.status == "finished"
        assert hasattr(ledger.load("models:/tumour@champion"), "predict")
