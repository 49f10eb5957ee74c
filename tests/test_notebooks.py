"""The notebooks that we ship run from end to end in real kernels, and the README's tour does what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import nbformat
import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline.execute import run_notebook

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def copied(project):
    """The shipped notebooks in a project of their own."""
    for path in NOTEBOOKS:
        shutil.copy(path, project)
    shutil.copytree(ROOT / "notebooks" / "pipeline", project / "pipeline", ignore=shutil.ignore_patterns("data", ".*"))
    return project


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_shipped_notebook_is_valid_with_stable_cell_ids_and_no_outputs(path):
    nb = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(nb)
    assert (nb.nbformat, nb.nbformat_minor) == (4, 5)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in nb.cells)
    assert all(re.fullmatch(r"[a-z-]+", cell.id) for cell in nb.cells)


@pytest.mark.kernel
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_shipped_notebook_runs_from_end_to_end(path, copied):
    with closing(Ledger.open(copied)) as ledger:
        done = run_notebook(copied / path.name, ledger=ledger, progress=False)
        assert done.status == "finished"
        assert [run for run in ledger.children(done.id) if run.tracked]


@pytest.mark.kernel
def test_the_training_notebook_records_its_params_metrics_data_and_model(copied):
    with closing(Ledger.open(copied)) as ledger:
        params = {"model": "forest", "max_depth": 3, "n_estimators": 20}
        done = run_notebook(copied / "train.ipynb", params, ledger=ledger, progress=False)
        [train] = [run for run in ledger.children(done.id) if run.tracked]
        assert train.name == "train"
        assert set(train.metrics) >= {"accuracy", "f1", "roc_auc"}
        assert train.metrics["f1"] > 0.85
        assert train.params["max_depth"] == 3
        kinds = {edge.name: ledger.version(edge.version).kind for edge in ledger.used(train.id)}
        assert {"X_train", "X_test"} <= set(kinds)
        models = {edge.version for edge in ledger.generated(train.id) if ledger.version(edge.version).kind == "model"}
        assert len(models) == 1
        assert ledger.stored(models.pop()).trusted
        bases = {metric.name: {basis.role for basis in metric.basis} for metric in ledger.metrics(train.id)}
        assert {"y_true", "y_pred"} <= bases["f1"]


@pytest.mark.kernel
def test_the_tour_of_the_readme_does_what_it_says(copied):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shell, python = (re.findall(rf"<!-- tour -->\n```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("sh", "python"))
    assert (len(shell), len(python)) == (3, 1)
    for line in "".join(shell).splitlines():
        command = [sys.executable, "-m", "nbledger.cli", *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=copied, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout.strip(), line
    check = "\nassert len(table) >= 1, table\nassert hasattr(model, 'predict')\n"
    done = subprocess.run(
        [sys.executable, "-c", python[0] + check], cwd=copied, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.kernel
def test_the_demo_works_twice_in_a_row(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for number in (5, 10):
        command = [sys.executable, str(tmp_path / "notebooks" / "demo.py")]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "@champion" in done.stdout
        assert "predicted malignant" in done.stdout
        with closing(Ledger.open(tmp_path / "demo", create=False)) as ledger:
            assert len(ledger.runs(experiment="demo", tracked=True, kind="cell")) == number
            assert len(ledger.model_versions("cancer")) == 1
