"""`nbledger ci`: the real command on a real pipeline, as a build server runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from xml.etree import ElementTree

import nbformat
import pytest

from nbledger.ledger import Ledger

DATA = """
import pandas as pd
from sklearn.datasets import load_iris
frame = load_iris(as_frame=True).frame
frame.iloc[: rows].to_csv('iris.csv', index=False)
"""
TRAIN = """
%%track
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
frame = pd.read_csv('iris.csv')
X_train, X_test, y_train, y_test = train_test_split(frame.drop(columns='target'), frame['target'], random_state=0)
clf = LogisticRegression(C=C, max_iter=500).fit(X_train, y_train)
accuracy = clf.score(X_test, y_test)
"""
FILE = """
name: "iris | <img src=x onerror=alert(1)>"
steps:
  data: {notebook: data.ipynb}
  train: {notebook: train.ipynb}
promote: {model: iris, best: metrics.accuracy}
gates:
  - metric: accuracy >= 0.8
"""


def notebook(path, source, parameters):
    cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(source.strip())]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def ci(folder, *words, before=(), **env):
    """Run the real command in a folder."""
    command = [*before, sys.executable, "-m", "nbledger.cli", "ci", *map(str, words)]
    variables = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_STEP_SUMMARY")}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**variables, **env}, timeout=300
    )


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """A project whose pipeline ran once and passed; what it printed is in `first`."""
    folder = tmp_path_factory.mktemp("iris")
    notebook(folder / "data.ipynb", DATA, "rows = 150")
    notebook(folder / "train.ipynb", TRAIN, "C = 1.0")
    (folder / "pipeline.yaml").write_text(FILE)
    (folder / "pyproject.toml").touch()
    done = ci(folder, "--summary", "first.md", "--junit", "first.xml", GITHUB_STEP_SUMMARY=str(folder / "job.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def project(iris, tmp_path):
    """A copy of it."""
    return shutil.copytree(iris, tmp_path / "project")


def test_the_summary_goes_to_its_file_and_to_the_job_and_its_names_stay_text(iris):
    text = (iris / "first.md").read_text()
    assert text == (iris / "job.md").read_text()
    assert "<img" not in text
    assert "&lt;img" in text
    assert "| train | finished |" in text
    assert "accuracy = " in text
    assert "**Promoted" not in text


def test_the_junit_file_has_a_case_for_each_step_and_gate(iris):
    suites = ElementTree.parse(iris / "first.xml").getroot()
    cases = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert cases == [("steps", "data"), ("steps", "train"), ("gates", "metric")]
    assert [suite.get("failures") for suite in suites] == ["0", "0"]


def test_nothing_is_promoted_unless_asked_for(project):
    with closing(Ledger.open(project)) as ledger:
        assert ledger.models() == []
    again = json.loads(ci(project, "--promote", "--json").stdout)
    assert [step["status"] for step in again["run"]["steps"]] == ["cached", "cached"]
    assert again["version"] == 1
    with closing(Ledger.open(project)) as ledger:
        assert ledger.aliases("iris") == {"champion": 1}
        assert ledger.load("models:/iris@champion").C == 1.0


def test_a_gate_that_does_not_pass_exits_with_3_and_moves_nothing(project):
    (project / "pipeline.yaml").write_text(FILE + "  - metric: accuracy >= 2\n")
    done = ci(project, "--promote", "--junit", "out.xml")
    assert done.returncode == 3
    assert "**failed**" in done.stdout
    assert "wanted &gt;= 2" in done.stdout
    gates = ElementTree.parse(project / "out.xml").getroot()[1]
    assert (gates.get("tests"), gates.get("failures")) == ("2", "1")
    with closing(Ledger.open(project)) as ledger:
        assert ledger.models() == []


def test_a_step_that_fails_exits_with_4_and_names_its_cell(project):
    notebook(project / "data.ipynb", "frame = 1 / 0\nframe.to_csv('iris.csv')", "rows = 150")
    done = ci(project, "--junit", "out.xml")
    assert done.returncode == 4
    assert "ZeroDivisionError" in done.stdout
    assert "data failed" in done.stdout
    steps = ElementTree.parse(project / "out.xml").getroot()[0]
    assert (steps.get("failures"), steps.get("skipped")) == ("1", "1")


def test_what_differs_from_the_base_branch_is_told_by_step(project, iris, tmp_path):
    bundle = tmp_path / "base.zip"
    with closing(Ledger.open(iris)) as base:
        base.export_bundle(bundle)
    done = json.loads(ci(project, "--base", bundle, "-p", "train.C", "0.001", "-p", "rows", "140", "--json").stdout)
    changes = {
        (one["step"], one["kind"], one["name"]): (one["before"], one["after"]) for one in done["base"]["changes"]
    }
    assert changes["train", "param", "C"] == (None, 0.001)
    assert changes["data", "param", "rows"] == (None, 140)
    before, after = changes["train", "metric", "accuracy"]
    assert after < before
    assert changes["train", "data", "iris.csv"][0] != changes["train", "data", "iris.csv"][1]
    same = json.loads(ci(project, "--base", iris, "--json").stdout)
    assert same["base"]["changes"] == []


def test_a_base_that_is_not_there_is_refused_before_anything_runs(project):
    done = ci(project, "--base", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("nbledger: nowhere is no ledger to compare with")
    assert done.stdout == ""


def namespaces(*flags):
    """Return the words that run a command in Linux namespaces of its own, or skip where that is not allowed."""
    words = ["unshare", "--map-root-user", *flags]
    if not shutil.which("unshare") or subprocess.run([*words, "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces are not allowed here: a read-only checkout and no network cannot be made")
    return words


def test_it_needs_no_network(project):
    up = "python3 - <<'END'\nimport fcntl, socket, struct\ns = socket.socket()\nfcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 0x49))\nEND\n"
    done = ci(project, "--no-cache", before=[*namespaces("--net"), "sh", "-c", f'{up}exec "$@"', "-"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_checkout_that_can_only_be_read_will_do(project, tmp_path):
    shutil.rmtree(project / ".nbledger")
    (project / "iris.csv").unlink()
    before = sorted(path.name for path in project.iterdir())
    locked = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
    words = [*namespaces("--mount"), "sh", "-c", locked, str(project)]
    for _ in range(2):
        done = ci(project, "--json", before=words, TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "running in a copy" in done.stderr
        report = json.loads(done.stdout)
    assert [step["status"] for step in report["run"]["steps"]] == ["cached", "cached"]
    assert sorted(path.name for path in project.iterdir()) == before


def test_a_work_folder_keeps_the_checkout_as_it_is_and_forgets_removed_files(project, tmp_path):
    shutil.rmtree(project / ".nbledger")
    (project / "extra.txt").write_text("x")
    place = tmp_path / "work"
    assert ci(project, "--work", place).returncode == 0
    assert (place / "extra.txt").exists()
    assert not (project / ".nbledger").exists()
    (project / "extra.txt").unlink()
    assert ci(project, "--work", place).returncode == 0
    assert not (place / "extra.txt").exists()
