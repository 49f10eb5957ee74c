"""The same cells in plain IPython, under papermill and under nbconvert; completion and help in a kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nbledger.ledger import Ledger
from tests.notebook.conftest import Kernel

CELLS = ["%load_ext nbledger", "data = [1, 2, 3]", "%%track small\nimport nbledger\nnbledger.metric('size', len(data))"]


def with_cells(sources: list[str]) -> nbformat.NotebookNode:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in sources], metadata=kernel)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    (tmp_path / ".nbledger").mkdir()
    path = tmp_path / "work" / "small.ipynb"
    path.parent.mkdir()
    nbformat.write(with_cells(CELLS), path)
    return path


def run(*command: str, cwd: Path, text: str | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def the_run(root: Path):
    (found,) = Ledger.open(root, create=False).runs(tracked=True)
    return found


def test_plain_ipython(tmp_path: Path) -> None:
    (tmp_path / ".nbledger").mkdir()
    text = "%load_ext nbledger\ndata = [1, 2, 3]\n%%track small\nimport nbledger\nnbledger.metric('size', len(data))\n\n\nexit\n"
    output = run("IPython", "--no-banner", "--simple-prompt", "--colors=nocolor", cwd=tmp_path, text=text)
    assert "metric   size 3" in output
    found = the_run(tmp_path)
    assert (found.name, found.metrics["size"], found.notebook, found.experiment) == ("small", 3, None, "default")


def test_papermill_without_our_engine(notebook: Path) -> None:
    run("papermill", "--no-progress-bar", notebook.name, "out.ipynb", cwd=notebook.parent)
    assert the_run(notebook.parents[1]).notebook == "work/small.ipynb"


def test_nbconvert_execute(notebook: Path) -> None:
    run(
        "jupyter",
        "nbconvert",
        "--execute",
        "--to",
        "notebook",
        "--output",
        "out.ipynb",
        notebook.name,
        cwd=notebook.parent,
    )
    found = the_run(notebook.parents[1])
    assert found.metrics["size"] == 3
    executed = nbformat.read(notebook.parent / "out.ipynb", 4)
    (card,) = [output for output in executed.cells[2].outputs if output.output_type == "display_data"]
    assert set(card.data) == {"text/plain", "text/html", "application/vnd.nbledger.run+json"}


def test_nothing_but_outputs_is_written_into_the_notebook(notebook: Path) -> None:
    run("jupyter", "nbconvert", "--execute", "--to", "notebook", "--inplace", notebook.name, cwd=notebook.parent)
    after = nbformat.read(notebook, 4)
    assert [cell.source for cell in after.cells] == CELLS
    assert not any("nbledger" in str(cell.metadata) for cell in after.cells)
    assert "nbledger" not in str(after.metadata)


def test_a_wrong_option_fails_the_notebook_under_papermill(notebook: Path) -> None:
    nbformat.write(with_cells(["%load_ext nbledger", "%%track --modell clf\nx = 1"]), notebook)
    done = subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", notebook.name, "out.ipynb"],
        cwd=notebook.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "--modell" in done.stderr


def completions(kernel: Kernel, code: str) -> list[str]:
    reply = kernel.client.complete(code, len(code), reply=True, timeout=30)
    return reply["content"]["matches"]


def test_options_experiments_verbs_and_run_ids_are_completed(kernel: Kernel) -> None:
    kernel.run("%%track first -e trials\nx = 1")
    run_id = Ledger.open(kernel.folder).runs(tracked=True)[0].id
    assert "--metrics" in completions(kernel, "%%track --me")
    assert "trials" in completions(kernel, "%%track -e tri")
    assert {"on", "off", "status"} <= set(completions(kernel, "%track "))
    assert "compare" in completions(kernel, "%ledger com")
    assert any(match in run_id for match in completions(kernel, f"%ledger show {run_id[:5]}"))


def test_help_says_what_the_options_are(kernel: Kernel) -> None:
    reply = kernel.client.inspect("%%track", 7, reply=True, timeout=30)
    assert "--experiment" in str(reply["content"]["data"]) or "-e EXPERIMENT" in str(reply["content"]["data"])


def test_ledger_takes_the_verbs_of_the_shell(kernel: Kernel) -> None:
    kernel.run("%%track first\nimport nbledger\nnbledger.metric('auc', 0.75)")
    output = kernel.run("%ledger runs 'metrics.auc > 0.5'")
    assert "first" in output.stdout and "0.75" in output.stdout
    assert "first" in kernel.run("%ledger show " + Ledger.open(kernel.folder).runs(tracked=True)[0].id[:6]).stdout


def test_a_wrong_filter_shows_a_caret_and_no_traceback(kernel: Kernel) -> None:
    output = kernel.run("%ledger runs 'metrics.auc >> 0.5'")
    shown = output.stdout + output.stderr + output.traceback
    assert "^" in shown
    assert "Traceback" not in shown
