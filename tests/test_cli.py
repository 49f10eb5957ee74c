"""The commands on a real ledger, in the shell (a real process where exit codes and streams matter) and in a notebook."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nbledger.cli import BadUsage, complete_words, run_in_notebook
from nbledger.commands.common import PathMissing


def shell(*args, cwd=None):
    """Run the real command; returns the finished process."""
    command = [sys.executable, "-m", "nbledger.cli", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def answer(ledger, *args):
    """Return what `%ledger ARGS --json` prints, decoded."""
    return json.loads(run_in_notebook([*args, "--json"], ledger))


@pytest.fixture
def ledger(fresh_ledger):
    return fresh_ledger


@pytest.fixture
def three(add_run):
    """Three tracked runs of one experiment, judged on the same data; and an observed one, and a notebook's."""
    common = {"judged_on": "test", "data": [("X_train", "train")], "defaults": {"tol": 1e-4}}
    return [
        add_run("ridge", params={"C": 0.1, "seed": 0}, metrics={"f1": 0.90, "loss": 0.30}, started_at=1e9, **common),
        add_run("ridge", params={"C": 1.0, "seed": 0}, metrics={"f1": 0.95, "loss": 0.20}, started_at=2e9, **common),
        add_run("forest", params={"depth": 3, "seed": 0}, metrics={"f1": 0.93}, started_at=1.5e9, **common),
        add_run(None, tracked=False, source="import os"),
        add_run("train", kind="notebook"),
    ]


def test_runs_lists_tracked_cells_newest_first_with_metrics_and_the_params_that_differ(ledger, three):
    text = run_in_notebook(["runs"], ledger)
    lines = text.splitlines()
    assert lines[0].split() == ["run", "name", "experiment", "started", "took", "f1", "loss", "C", "depth"]
    assert [line.split()[0] for line in lines[1:]] == [three[1][:8], three[2][:8], three[0][:8]]


@pytest.mark.parametrize("words", [["runs", "-n", "0"], ["runs", "--kind", "cells"], ["sql", "SELECT 1", "-n", "-1"]])
def test_a_limit_or_kind_that_cannot_be_is_a_wrong_command_line(words, ledger):
    with pytest.raises(BadUsage, match="Invalid value"):
        run_in_notebook(words, ledger)


def test_runs_takes_a_filter_an_order_and_a_limit(ledger, three):
    found = answer(ledger, "runs", "metrics.f1 > 0.92 and params.seed = 0", "--order-by", "metrics.f1 asc")
    assert [run["id"] for run in found] == [three[2], three[1]]
    assert found[0]["params"]["depth"] == 3
    assert [run["id"] for run in answer(ledger, "runs", "--order-by", "metrics.f1 desc", "-n", "1")] == [three[1]]


def test_runs_says_when_there_are_more(ledger, three):
    assert "there are more" in run_in_notebook(["runs", "--limit", "2"], ledger)
    assert "there are more" not in run_in_notebook(["runs", "--limit", "3"], ledger)


def test_all_lists_observed_cells_and_notebooks_too(ledger, three):
    assert {run["id"] for run in answer(ledger, "runs", "--all")} == set(three)
    assert [run["id"] for run in answer(ledger, "runs", "--kind", "notebook")] == [three[4]]


def test_an_or_in_the_filter_does_not_let_other_runs_in(ledger, three):
    found = answer(ledger, "runs", "name = 'ridge' or name = 'train'")
    assert {run["id"] for run in found} == {three[0], three[1]}


def test_a_wrong_filter_gets_a_caret_under_the_wrong_word_of_what_was_typed(project, three):
    done = shell("runs", "metrics.f1 > > 3")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert lines[-1].index("^") == lines[-2].index("> 3")
    assert "kind" not in done.stderr


def test_an_empty_ledger_says_what_to_do(ledger):
    assert "%%track" in run_in_notebook(["runs"], ledger)
    assert "promote" in run_in_notebook(["models"], ledger)


def test_show_tells_everything_about_a_run_by_a_prefix_of_its_id(ledger, add_run):
    run = add_run(
        "ridge", params={"C": 0.1}, defaults={"tol": 0.01}, metrics={"f1": 0.9}, data=[("X", "train")], tags={"a": "b"}
    )
    text = run_in_notebook(["show", run[:6]], ledger)
    for part in (run, "cell, finished", "exp", "C", "0.1", "f1", "0.9", "X", "table", "3x2", "1 left at their default"):
        assert part in text
    assert "tol" not in text
    assert "tol" in run_in_notebook(["show", run, "--all"], ledger)
    assert "fit()" not in text
    assert "fit()" in run_in_notebook(["show", run, "--source"], ledger)
    data = answer(ledger, "show", run)
    assert data["used"][0]["name"] == "X"
    assert data["used"][0]["content"]["kind"] == "table"
    assert {param["name"]: param["is_default"] for param in data["params"]} == {"C": False, "tol": True}


def test_show_of_a_failed_run_says_why(ledger, add_run):
    run = add_run("bad", error=("ValueError", "no such column 'x'"))
    assert "ValueError: no such column 'x'" in run_in_notebook(["show", run], ledger)


def test_show_of_a_notebook_run_lists_the_cells_in_it(ledger, add_run):
    parent = add_run("train", kind="notebook")
    child = add_run("fit", parent=parent, metrics={"f1": 0.9})
    add_run(None, parent=parent, tracked=False)
    text = run_in_notebook(["show", parent], ledger)
    assert child[:8] in text
    assert "f1=0.9" in text
    assert "1 observed" in text


def test_an_ambiguous_prefix_lists_its_candidates(ledger, add_run):
    add_run("one", id="abcd" + "1" * 28)
    add_run("two", id="abcd" + "2" * 28)
    done = shell("show", "abcd")
    assert done.returncode == 1
    assert "abcd1111" in done.stderr
    assert "abcd2222" in done.stderr


def test_compare_puts_metrics_first_with_the_change_and_marks_the_best(ledger, three):
    text = run_in_notebook(["compare", *(run[:8] for run in three[:3])], ledger)
    lines = text.splitlines()
    assert lines[0].split() == [run[:8] for run in three[:3]]
    assert lines[1].split() == ["metrics.f1", "0.9", "0.95", "(+0.05)", "*", "0.93", "(+0.03)"]
    assert lines[2].split() == ["metrics.loss", "0.3", "0.2", "(-0.1)", "*", "-"]
    assert "params.seed" not in text
    assert "params.seed" in run_in_notebook(["compare", *three[:3], "--all"], ledger)


def test_compare_takes_a_filter_and_shows_many_runs_as_rows(ledger, add_run):
    for c in range(6):
        add_run("ridge", params={"C": c}, metrics={"f1": c / 10}, judged_on="test")
    lines = run_in_notebook(
        ["compare", "--filter", "params.C < 5", "--order-by", "metrics.f1 desc"], ledger
    ).splitlines()
    assert lines[0].split() == ["run", "f1", "C"]
    assert lines[1].split()[1:] == ["0.4", "*", "4"]
    assert lines[5].split()[1:] == ["0", "(-0.4)", "0"]


def test_metrics_on_other_evaluation_data_are_not_compared(ledger, add_run):
    one = add_run("a", metrics={"f1": 0.8}, judged_on="test")
    other = add_run("b", metrics={"f1": 0.99}, judged_on="another test set")
    text = run_in_notebook(["compare", one, other], ledger)
    assert "0.99 (other data)" in text
    assert "*" not in text
    row = answer(ledger, "compare", one, other)["rows"][0]
    assert (row["comparable"], row["best"]) == ([True, False], None)


def test_compare_of_one_run_is_refused(ledger, three):
    with pytest.raises(Exception, match="nothing to compare: 1 run"):
        run_in_notebook(["compare", three[0]], ledger)


def test_delete_can_be_undone(ledger, three):
    text = run_in_notebook(["delete", three[0][:8]], ledger)
    assert f"nbledger restore {three[0][:8]}" in text
    assert three[0] not in {run["id"] for run in answer(ledger, "runs")}
    assert three[0] in {run["id"] for run in answer(ledger, "runs", "--deleted")}
    run_in_notebook(["restore", three[0][:8]], ledger)
    assert three[0] in {run["id"] for run in answer(ledger, "runs")}


def test_html_and_control_characters_in_names_stay_text(ledger, add_run):
    add_run("<b>\x1b[31mred\n</b>'; DROP TABLE run; --", metrics={"<i>f1</i>": 0.5})
    text = run_in_notebook(["runs"], ledger)
    assert "\x1b" not in text
    assert "DROP TABLE run" in text
    assert len(text.splitlines()) == 2


def test_numbers_that_json_has_no_word_for_become_text(ledger, add_run):
    run = add_run("a", metrics={"loss": float("nan"), "gain": float("inf")})
    assert answer(ledger, "runs")[0]["metrics"] == {"loss": "nan", "gain": "inf"}
    assert answer(ledger, "show", run)["id"] == run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "missing.ipynb"), "File 'missing.ipynb' does not exist: name a file that is there"),
        (("run", "here"), "File 'here' is a directory: name a file that is there"),
        (("run", "x.ipynb", "--cwd", "gone"), "Directory 'gone' does not exist: name a folder that is there"),
        (("sweep", "gone.ipynb"), "File 'gone.ipynb' does not exist"),
        (("check", "gone.yaml"), "File 'gone.yaml' does not exist"),
        (("merge", "gone"), "Path 'gone' does not exist: name a file or folder that is there"),
    ],
)
def test_a_path_that_is_not_there_is_refused_in_one_line(project, words, said):
    (project / "here").mkdir()
    (project / "x.ipynb").touch()
    done = shell(*words, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"nbledger: {said}")
    assert done.stderr.rstrip().endswith(f"seen from {project}")
    assert len(done.stderr.splitlines()) == 1


def test_a_notebook_that_is_not_there_is_refused_in_a_notebook_as_well(ledger):
    with pytest.raises(PathMissing, match=r"'gone\.ipynb' does not exist"):
        run_in_notebook(["run", "gone.ipynb"], ledger)


def test_where_and_init(project):
    (project / "sub").mkdir()
    before = json.loads(shell("where", "--json", cwd=project / "sub").stdout)
    assert before["exists"] is False
    assert before["ledger"] == str(project / ".nbledger")
    assert shell("init", cwd=project / "sub").returncode == 0
    after = json.loads(shell("where", "--json", cwd=project / "sub").stdout)
    assert (after["exists"], after["ledger"]) == (True, str(project / "sub" / ".nbledger"))


def test_reading_where_there_is_no_ledger_makes_none(project):
    done = shell("runs")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (project / ".nbledger").exists()


def test_the_ledger_can_be_named(project, add_run, tmp_path):
    run = add_run("a")
    done = shell("--ledger", str(project), "runs", "--json", cwd=tmp_path)
    assert [found["id"] for found in json.loads(done.stdout)] == [run]


def test_gc_says_what_it_would_remove_and_then_removes_it(ledger, add_run):
    from sklearn.linear_model import Ridge

    run = add_run("a", models={"model": Ridge().fit([[0.0], [1.0]], [0.0, 1.0])})
    run_in_notebook(["delete", run], ledger)
    assert "would remove 1 run," in run_in_notebook(["gc", "--dry-run"], ledger)
    assert answer(ledger, "runs", "--deleted")
    run_in_notebook(["gc"], ledger)
    assert answer(ledger, "runs", "--deleted") == []


def test_doctor_finds_an_altered_object_and_exits_with_1(project, add_run, ledger):
    from sklearn.linear_model import Ridge

    add_run("a", models={"model": Ridge().fit([[0.0], [1.0]], [0.0, 1.0])})
    assert shell("doctor").returncode == 0
    [path] = [path for path in (project / ".nbledger" / "objects").rglob("*") if path.is_file() and len(path.name) > 40]
    path.chmod(0o644)
    path.write_bytes(b"altered")
    done = shell("doctor")
    assert done.returncode == 1
    assert "altered" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_bundle_carries_runs_to_another_ledger_and_twice_is_the_same(project, tmp_path, ledger, three):
    bundle, other = tmp_path / "bundle.zip", tmp_path / "other"
    assert shell("export", str(bundle)).returncode == 0
    assert shell("init", str(other)).returncode == 0
    for _ in range(2):
        done = shell("--ledger", str(other), "import", str(bundle))
        assert done.returncode == 0, done.stderr
        listed = json.loads(shell("--ledger", str(other), "runs", "--all", "--json").stdout)
        assert {run["id"] for run in listed} == set(three)


def test_merge_brings_another_ledgers_runs(project, tmp_path, ledger, three):
    other = tmp_path / "other"
    assert shell("init", str(other)).returncode == 0
    done = shell("--ledger", str(other), "merge", str(project))
    assert done.returncode == 0, done.stderr
    assert len(json.loads(shell("--ledger", str(other), "runs", "--json").stdout)) == 3


def test_sql_reads_and_never_writes(ledger, three):
    assert "3" in run_in_notebook(["sql", "SELECT count(*) AS n FROM run WHERE tracked AND kind = 'cell'"], ledger)
    assert answer(ledger, "sql", "SELECT 1 AS one, 'a' AS two") == [{"one": 1, "two": "a"}]
    with pytest.raises(Exception, match="read"):
        run_in_notebook(["sql", "DELETE FROM run"], ledger)
    with pytest.raises(Exception, match="nosuch"):
        run_in_notebook(["sql", "SELECT * FROM nosuch"], ledger)
    assert len(answer(ledger, "runs", "--all")) == 5


def test_exit_codes_and_streams(project, add_run):
    assert shell("runs").returncode == 0
    refused = shell("show", "ffffffff")
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    for wrong in (["nosuch"], ["runs", "--nosuch"], ["promote", "m"], ["compare"], ["run", "missing.ipynb"]):
        done = shell(*wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
        assert "Traceback" not in done.stderr


def test_in_a_notebook_wrong_usage_is_an_error_of_one_line_and_never_exits(ledger):
    with pytest.raises(BadUsage, match=r"No such option.*--nosuch") as caught:
        run_in_notebook(["runs", "--nosuch"], ledger)
    assert "\n" not in str(caught.value)
    with pytest.raises(BadUsage):
        run_in_notebook(["nosuch"], ledger)
    assert "Usage: %ledger runs" in run_in_notebook(["runs", "--help"], ledger)
    assert "promote" in run_in_notebook([], ledger)


def test_a_closed_pipe_is_no_error(project, three):
    command = f"{sys.executable} -m nbledger.cli runs --all --json | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_completion_knows_verbs_options_runs_experiments_and_models(ledger, three):
    assert "promote" in complete_words([], "pro", ledger)
    assert complete_words(["runs"], "--exp", ledger) == ["--experiment"]
    assert complete_words(["show"], three[0][:5], ledger) == [three[0][:8]]
    assert complete_words(["runs", "-e"], "e", ledger) == ["exp"]
