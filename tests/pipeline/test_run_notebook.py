"""Notebooks run in real kernels by real papermill, and the ledger knows all about it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import nbformat
import papermill
import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline.execute import NotANotebook, NotebookFailed, OutputNotWritten, run_notebook
from nbledger.pipeline.parameters import NoParametersCell, UnknownParameter

pytestmark = pytest.mark.kernel

ENVIRONMENT = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('NBLEDGER_')}))"


def printed(path):
    nb = nbformat.read(path, as_version=4)
    return "".join(
        output.text for cell in nb.cells for output in cell.get("outputs", ()) if output.output_type == "stream"
    )


def test_a_notebook_run_is_recorded_with_its_params_and_the_executed_notebook(fresh_ledger, write_notebook):
    path = write_notebook("print(C * 2)", parameters="C = 1.0\nname = 'x'")
    done = run_notebook(path, {"C": 4.5}, ledger=fresh_ledger, progress=False)
    run = fresh_ledger.run(done.id)
    assert (run.kind, run.status, run.experiment, run.notebook) == ("notebook", "finished", "train", "train.ipynb")
    assert [(p.name, p.value, p.origin) for p in fresh_ledger.params(run.id)] == [("C", 4.5, "papermill")]
    assert done.output.parent == fresh_ledger.folder / "executed"
    assert printed(done.output) == "9.0\n"
    [artifact] = fresh_ledger.artifacts(run.id)
    assert (artifact.name, artifact.media_type) == ("train.ipynb", "application/x-ipynb+json")
    stored = nbformat.reads(fresh_ledger.objects.read(artifact.object).decode(), as_version=4)
    assert stored.cells[-1].outputs[0].text == "9.0\n"
    [used] = fresh_ledger.used(run.id)
    assert (used.name, used.role) == ("train.ipynb", "file")


def test_the_kernel_knows_its_parent_ledger_notebook_and_params(fresh_ledger, write_notebook):
    path = write_notebook(ENVIRONMENT, parameters="C = 1.0")
    done = run_notebook(path, {"C": 2}, ledger=fresh_ledger, experiment="exp", progress=False)
    assert json.loads(printed(done.output)) == {
        "NBLEDGER_PARENT_RUN": done.id,
        "NBLEDGER_DIR": str(fresh_ledger.folder),
        "NBLEDGER_NOTEBOOK": str(path),
        "NBLEDGER_EXPERIMENT": "exp",
        "NBLEDGER_PARAMETERS": '{"C": 2}',
    }


def test_cells_are_children_of_the_notebook_run_though_no_cell_loads_the_extension(fresh_ledger, write_notebook):
    path = write_notebook("a = 1", "%%track fit\nb = a + 1")
    done = run_notebook(path, ledger=fresh_ledger, experiment="exp", progress=False)
    [fit] = [run for run in fresh_ledger.children(done.id) if run.tracked]
    assert (fit.name, fit.experiment, fit.notebook, fit.parent) == ("fit", "exp", "train.ipynb", done.id)
    source = nbformat.read(path, as_version=4)
    assert fit.cell_id == source.cells[1].id


def test_a_notebook_that_loads_the_extension_itself_is_recorded_once(fresh_ledger, write_notebook):
    path = write_notebook("%load_ext nbledger", "%%track fit\nb = 1")
    done = run_notebook(path, ledger=fresh_ledger, progress=False)
    assert [run.name for run in fresh_ledger.children(done.id) if run.tracked] == ["fit"]
    assert "already" not in printed(done.output)


def test_papermills_parameters_are_params_of_the_tracked_cells(fresh_ledger, write_notebook):
    path = write_notebook("%%track fit\nb = C + 1", parameters="C = 1")
    done = run_notebook(path, {"C": 7}, ledger=fresh_ledger, progress=False)
    [fit] = [run for run in fresh_ledger.children(done.id) if run.tracked]
    assert fit.params["C"] == 7


def test_relative_data_paths_keep_working_from_any_folder(fresh_ledger, write_notebook, project, tmp_path, monkeypatch):
    path = write_notebook("print(open('data.txt').read())", folder=project / "deep" / "er")
    (path.parent / "data.txt").write_text("42")
    monkeypatch.chdir(tmp_path)
    done = run_notebook(path, ledger=fresh_ledger, progress=False)
    assert printed(done.output) == "42\n"
    assert fresh_ledger.run(done.id).notebook == "deep/er/train.ipynb"
    assert os.getcwd() == str(tmp_path)


def test_two_threads_can_run_notebooks_of_different_folders(fresh_ledger, write_notebook, project):
    paths = [write_notebook("import os; print(os.getcwd())", folder=project / name) for name in ("one", "two")]
    done = {}
    threads = [
        threading.Thread(target=lambda p=path: done.update({p: run_notebook(p, ledger=fresh_ledger, progress=False)}))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [printed(done[path].output).strip() for path in paths] == [str(path.parent) for path in paths]


def test_a_failed_cell_keeps_the_executed_notebook_and_says_which_cell_it_was(fresh_ledger, write_notebook):
    path = write_notebook("print('before')", "# divide\n1 / 0", "print('after')", parameters="C = 1")
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(path, {"C": 2}, ledger=fresh_ledger, progress=False)
    failure = caught.value
    assert (failure.cell.position, failure.error.type, failure.error.message) == (
        3,
        "ZeroDivisionError",
        "division by zero",
    )
    assert "train.ipynb, cell 3 ('# divide') failed: ZeroDivisionError: division by zero" in str(failure)
    assert "before" in printed(failure.output)
    assert "after" not in printed(failure.output)
    run = fresh_ledger.run(failure.run.id)
    assert (run.status, run.error.type) == ("failed", "ZeroDivisionError")
    assert fresh_ledger.artifacts(run.id)


def test_a_kernel_that_dies_is_a_failed_run(fresh_ledger, write_notebook):
    path = write_notebook("import os; os._exit(3)")
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(path, ledger=fresh_ledger, progress=False)
    run = fresh_ledger.run(caught.value.run.id)
    assert (run.status, run.error.type) == ("failed", "DeadKernelError")
    assert caught.value.output.is_file()


def test_a_cell_that_was_interrupted_cancels_the_run(fresh_ledger, write_notebook):
    with pytest.raises(NotebookFailed, match="KeyboardInterrupt"):
        run_notebook(write_notebook("raise KeyboardInterrupt"), ledger=fresh_ledger, progress=False)
    [run] = fresh_ledger.runs(kind="notebook")
    assert run.status == "cancelled"


def test_sys_exit_0_ends_a_notebook_in_peace(fresh_ledger, write_notebook):
    done = run_notebook(write_notebook("import sys; sys.exit(0)"), ledger=fresh_ledger, progress=False)
    assert fresh_ledger.run(done.id).status == "finished"


def test_an_unknown_param_is_refused_before_anything_runs(fresh_ledger, write_notebook):
    path = write_notebook("open('ran', 'w')", parameters="max_depth = 1")
    with pytest.raises(UnknownParameter, match="did you mean 'max_depth'"):
        run_notebook(path, {"max_dept": 2}, ledger=fresh_ledger)
    with pytest.raises(NoParametersCell):
        run_notebook(write_notebook("1"), {"a": 2}, ledger=fresh_ledger)
    assert not (path.parent / "ran").exists()
    assert list(fresh_ledger.runs()) == []


def test_what_is_no_notebook_is_refused(fresh_ledger, write_notebook, project):
    (project / "a.ipynb").write_text("not json")
    with pytest.raises(NotANotebook):
        run_notebook(project / "a.ipynb", ledger=fresh_ledger)
    with pytest.raises(NotANotebook, match="No such file"):
        run_notebook(project / "missing.ipynb", ledger=fresh_ledger)
    with pytest.raises(NotANotebook, match=r"no kernel 'nosuch' here, but .*python3"):
        run_notebook(write_notebook("1"), ledger=fresh_ledger, kernel="nosuch")


def test_an_output_that_cannot_be_written_is_refused_in_one_line(project, fresh_ledger, write_notebook):
    path = write_notebook("print(1)")
    with pytest.raises(OutputNotWritten, match=r"cannot be written to .*train.ipynb/out.ipynb: .*-o FILE"):
        run_notebook(path, ledger=fresh_ledger, output=path / "out.ipynb")
    assert len(fresh_ledger.runs(kind="notebook")) == 0
    with pytest.raises(OutputNotWritten, match="name too long"):
        run_notebook(path, ledger=fresh_ledger, output=project / f"{'x' * 300}.ipynb")
    [run] = fresh_ledger.runs(kind="notebook")
    assert run.status == "failed"


def test_braces_in_a_path_are_no_templates(fresh_ledger, write_notebook, project):
    path = write_notebook("print('x')", folder=project / "{odd} name")
    done = run_notebook(path, ledger=fresh_ledger, output=path.parent / "out-{}.ipynb", progress=False)
    assert printed(done.output) == "x\n"


def test_a_credential_among_the_params_is_not_written(fresh_ledger, write_notebook):
    path = write_notebook("print(len(password))", parameters="password = ''")
    done = run_notebook(path, {"password": "hunter2-hunter2"}, ledger=fresh_ledger, progress=False)
    [param] = fresh_ledger.params(done.id)
    assert "hunter2" not in str(param.value)
    [artifact] = fresh_ledger.artifacts(done.id)
    assert b"hunter2" not in fresh_ledger.objects.read(artifact.object)


@pytest.mark.parametrize("last", ["x = 1", "1 / 0"])
def test_no_file_in_the_ledgers_folder_has_a_credential_and_the_callers_own_has_what_was_printed(
    last, fresh_ledger, write_notebook, tmp_path
):
    path = write_notebook("print('AKIAIOSFODNN7EXAMPLE')", last, parameters="password = ''")
    own = tmp_path / "own" / "out.ipynb"
    for output in (None, own):
        with contextlib.suppress(NotebookFailed):
            run_notebook(path, {"password": "hunter2-hunter2"}, ledger=fresh_ledger, progress=False, output=output)
    files = [file for file in fresh_ledger.folder.rglob("*") if file.is_file()]
    assert any(file.parent.name == "executed" for file in files)
    for file in files:
        data = file.read_bytes()
        assert b"AKIAIOSFODNN7EXAMPLE" not in data and b"hunter2" not in data, file
    assert "AKIAIOSFODNN7EXAMPLE" in printed(own)


def test_a_notebook_without_a_kernel_in_its_metadata_is_taken_for_python(fresh_ledger, project):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('hi')")])
    nbformat.write(nb, project / "bare.ipynb")
    assert printed(run_notebook(project / "bare.ipynb", ledger=fresh_ledger, progress=False).output) == "hi\n"


def test_papermills_own_command_records_with_our_engine(project, write_notebook):
    path = write_notebook("%%track fit\nb = C + 1", parameters="C = 1")
    command = [sys.executable, "-m", "papermill", "--engine", "nbledger", path.name, "out.ipynb", "-p", "C", "5"]
    subprocess.run(command, cwd=project, capture_output=True, check=True)
    with closing(Ledger.open(project)) as ledger:
        [notebook] = ledger.runs(kind="notebook")
        assert (notebook.status, notebook.notebook, notebook.params) == ("finished", "train.ipynb", {"C": 5})
        assert [run.name for run in ledger.children(notebook.id) if run.tracked] == ["fit"]


def test_papermills_python_api_records_with_our_engine(project, write_notebook):
    path = write_notebook("%%track fit\nb = 1")
    papermill.execute_notebook(str(path), str(project / "out.ipynb"), engine_name="nbledger", progress_bar=False)
    with closing(Ledger.open(project)) as ledger:
        [notebook] = ledger.runs(kind="notebook")
        assert [run.name for run in ledger.children(notebook.id) if run.tracked] == ["fit"]


def test_a_ledger_that_cannot_be_written_does_not_stop_papermill(project, write_notebook, caplog):
    (project / ".nbledger").write_text("a file where the folder should be")
    path = write_notebook("print('ran')")
    papermill.execute_notebook(str(path), str(project / "out.ipynb"), engine_name="nbledger", progress_bar=False)
    assert "ran" in printed(project / "out.ipynb")
    assert "not recorded" in caplog.text


def test_the_command_runs_a_notebook_with_a_progress_bar_and_says_where_things_are(project, write_notebook):
    path = write_notebook("%%track fit\nimport nbledger\nnbledger.metric('f1', C / 10)", parameters="C = 1")
    command = [sys.executable, "-m", "nbledger.cli", "run", path.name, "-p", "C", "5", "-e", "exp"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Executing" in done.stderr
    assert "f1=0.5" in done.stdout
    assert ".nbledger/executed/train-" in done.stdout


def test_the_command_exits_with_1_when_a_cell_fails(project, write_notebook):
    path = write_notebook("raise ValueError('no such column')")
    command = [sys.executable, "-m", "nbledger.cli", "run", path.name, "--no-progress", "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cell 1" in done.stderr
    assert "ValueError: no such column" in done.stderr
    assert "Traceback" not in done.stderr
    data = json.loads(done.stdout)
    assert (data["status"], data["error"]["type"]) == ("failed", "ValueError")


def test_a_magic_that_is_refused_fails_the_notebook(fresh_ledger, write_notebook):
    path = write_notebook("%ledger promote churn --best metrics.nosuch --alias champion", "print('after')")
    with pytest.raises(NotebookFailed):
        run_notebook(path, ledger=fresh_ledger, progress=False)


def test_a_notebook_can_run_another_which_is_then_part_of_its_cell(fresh_ledger, write_notebook):
    write_notebook("%%track fit\nb = C + 1", parameters="C = 1", name="inner.ipynb")
    path = write_notebook("%ledger run inner.ipynb -p C 5", name="outer.ipynb")
    done = run_notebook(path, ledger=fresh_ledger, progress=False)
    [cell] = fresh_ledger.children(done.id)
    [inner] = fresh_ledger.children(cell.id)
    assert (inner.kind, inner.notebook, inner.params) == ("notebook", "inner.ipynb", {"C": 5})
    assert [run.name for run in fresh_ledger.children(inner.id) if run.tracked] == ["fit"]


def _heed_interrupts():
    """A job that a shell runs in the background ignores interrupts, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_cancels_the_run_and_leaves_the_ledger_in_order(project, write_notebook):
    path = write_notebook("open('started', 'w').close()\nimport time; time.sleep(60)")
    command = [sys.executable, "-m", "nbledger.cli", "run", path.name, "--no-progress"]
    process = subprocess.Popen(
        command, cwd=project, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_heed_interrupts
    )
    deadline = time.monotonic() + 60
    while not (project / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "nbledger: interrupted" in said
    with closing(Ledger.open(project)) as ledger:
        [notebook] = ledger.runs(kind="notebook")
        assert notebook.status == "cancelled"


@pytest.mark.parametrize("kernel", ["--pool", "--fresh"])
def test_a_cell_that_takes_too_long_is_told_in_one_line_and_not_by_its_kernels_traceback(
    project, write_notebook, kernel
):
    path = write_notebook("import time\nwhile True: time.sleep(0.05)")
    command = [sys.executable, "-m", "nbledger.cli", "run", path.name, "--no-progress", kernel, "--cell-timeout", "1"]
    done = subprocess.run(command, cwd=project, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"nbledger: {path.name}, cell 1 ('import time') timed out" in done.stderr
    assert "Traceback" not in done.stderr
    with closing(Ledger.open(project)) as ledger:
        assert [run.status for run in ledger.runs(kind="cell", tracked=None)] == ["cancelled"]
