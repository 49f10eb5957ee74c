"""A process that is killed, and processes that do the same at once, leave nothing half done in the cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import nbformat
import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline import caching

pytestmark = pytest.mark.kernel

RUN = """
import sys
from nbledger.pipeline.execute import run_notebook
print("begin", flush=True)
done = run_notebook("a.ipynb", cache=True, progress=False)
print("taken" if done.cached_from else "ran", flush=True)
"""
SIZE = 20 << 20


@pytest.fixture
def step(project):
    """A notebook that writes two files of 20 MB, and how to run it in a process of its own."""
    source = f"for name in ('one.bin', 'two.bin'):\n    with open(name, 'wb') as f:\n        f.write(name.encode() * {SIZE // 7})"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)], metadata={"kernelspec": kernel})
    nbformat.write(nb, project / "a.ipynb")

    def start():
        command = [sys.executable, "-c", RUN]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project, start_new_session=True)

    return start


def finish(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return out.split()


def found(project):
    with closing(Ledger.open(project)) as ledger:
        path = project / "a.ipynb"
        return caching.lookup(ledger, nbformat.read(path, as_version=4), path)


def whole(project):
    """Tell that each file is there in full or not at all."""
    files = [project / name for name in ("one.bin", "two.bin")]
    return all(file.stat().st_size == SIZE // 7 * 7 for file in files if file.exists())


def test_a_process_killed_while_results_are_kept_leaves_none_or_all(step, project):
    process = step()
    assert process.stdout.readline() == "begin\n"
    objects = project / ".nbledger" / "objects"
    until = time.monotonic() + 60
    while time.monotonic() < until:  # until the first large object is being written
        if any(path.stat().st_size > 1 << 20 for path in objects.rglob("*") if path.is_file()):
            break
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    answer = found(project)
    if isinstance(answer, caching.Hit):
        with closing(Ledger.open(project)) as ledger:
            assert ledger.run(answer.run).status == "finished"
    assert finish(step())[-1] in ("ran", "taken")
    assert finish(step())[-1] == "taken"
    assert whole(project)


def test_a_process_killed_while_files_are_put_back_leaves_them_whole_or_absent(step, project):
    assert finish(step()) == ["begin", "ran"]
    for wait in (0.0, 0.02, 0.05, 0.1):
        for name in ("one.bin", "two.bin"):
            (project / name).unlink(missing_ok=True)
        process = step()
        assert process.stdout.readline() == "begin\n"
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            if any(path.name.startswith(".one.bin") for path in project.iterdir()):
                break
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert whole(project)
    assert finish(step()) == ["begin", "taken"]
    assert whole(project)
    assert (project / "one.bin").exists()
    assert (project / "two.bin").exists()


def test_two_processes_may_run_and_take_the_same_step_at_once(step, project):
    both = [step(), step()]
    assert all(finish(process)[-1] in ("ran", "taken") for process in both)
    for name in ("one.bin", "two.bin"):
        (project / name).unlink()
    both = [step(), step()]
    assert [finish(process) for process in both] == [["begin", "taken"]] * 2
    assert whole(project)
    with closing(Ledger.open(project)) as ledger:
        runs = ledger.runs(kind="notebook")
        assert [run.status for run in runs] == ["finished"] * 4
