"""How a notebook's run ends when it does not simply finish, what is found in one that does, and going on from one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import nbformat
import psutil
import pytest

from nbledger.pipeline.execute import KernelDied, NotebookFailed, NotebookTimedOut, run_notebook
from nbledger.pipeline.many import run_notebooks
from nbledger.pipeline.resumption import CannotResume

pytestmark = pytest.mark.kernel


def printed(path):
    nb = nbformat.read(path, as_version=4)
    return "".join(
        output.text for cell in nb.cells for output in cell.get("outputs", ()) if output.output_type == "stream"
    )


def run(path, ledger, **options):
    return run_notebook(path, ledger=ledger, progress=False, **options)


# How runs end


def test_a_cell_that_never_ends_is_stopped_by_its_time_out(fresh_ledger, write_notebook):
    path = write_notebook("import os; open('pid', 'w').write(str(os.getpid()))", "while True: pass", "print('after')")
    with pytest.raises(
        NotebookTimedOut, match=r"cell 2 \('while True: pass'\) timed out.* longer than its 1 s"
    ) as caught:
        run(path, fresh_ledger, cell_timeout=1)
    assert fresh_ledger.run(caught.value.run.id).status == "failed"
    assert "after" not in printed(caught.value.output)
    assert not psutil.pid_exists(int((path.parent / "pid").read_text()))


def test_a_cell_that_prints_without_end_is_stopped_too(fresh_ledger, write_notebook):
    path = write_notebook("while True: print('on', flush=True)")
    with pytest.raises(NotebookTimedOut, match=r"longer than its 0\.5 s"):
        run(path, fresh_ledger, cell_timeout=0.5)


def test_a_run_has_a_time_out_of_its_own(fresh_ledger, write_notebook):
    path = write_notebook(*["import time; time.sleep(0.6)"] * 9)
    with pytest.raises(NotebookTimedOut, match="the run took longer than its 2 s"):
        run(path, fresh_ledger, timeout=2, cell_timeout=60)


@pytest.mark.parametrize("fresh", [True, False])
def test_a_kernel_that_is_killed_is_named_with_its_cell_and_signal(fresh_ledger, write_notebook, fresh):
    path = write_notebook("print('before')", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(
        KernelDied, match=r"train.ipynb, cell 2 .*killed by SIGKILL, as .* when memory runs out"
    ) as caught:
        run(path, fresh_ledger, fresh=fresh)
    assert "before" in printed(caught.value.output)
    stored = fresh_ledger.run(caught.value.run.id)
    assert (stored.status, stored.error.type) == ("failed", "DeadKernelError")


def test_a_cell_that_eats_memory_fails_and_nothing_else_does(fresh_ledger, write_notebook):
    eats = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)); x = bytearray(8 << 30)"
    with pytest.raises(NotebookFailed, match="MemoryError"):
        run(write_notebook(eats), fresh_ledger)
    assert run(write_notebook("x = bytearray(1 << 20)"), fresh_ledger).status == "finished"


def test_a_run_is_cancelled_from_another_thread_and_its_kernel_is_gone(fresh_ledger, write_notebook):
    path = write_notebook("import os; open('pid', 'w').write(str(os.getpid()))", "import time; time.sleep(60)")
    cancel = threading.Event()

    def at_the_second_cell(event):
        if event.position == 2:
            cancel.set()

    with pytest.raises(KeyboardInterrupt):
        run(path, fresh_ledger, cancel=cancel, on_event=at_the_second_cell)
    [stored] = fresh_ledger.runs(kind="notebook")
    assert stored.status == "cancelled"
    assert not psutil.pid_exists(int((path.parent / "pid").read_text()))


def test_the_state_of_each_cell_is_told(fresh_ledger, write_notebook):
    events = []
    with pytest.raises(NotebookFailed):
        run(write_notebook("1", "1 / 0", "2"), fresh_ledger, on_event=events.append)
    assert [(event.position, event.state) for event in events] == [
        (1, "running"), (1, "finished"), (2, "running"), (2, "failed"),
    ]  # fmt: skip
    assert {event.total for event in events} == {3}


def test_the_file_is_saved_seldom_and_never_half(fresh_ledger, write_notebook):
    path = write_notebook(*["1"] * 40, "import time; time.sleep(2.2)", "print('x' * 2_000_000)", *["1"] * 20)
    target, seen, stop = path.parent / "out.ipynb", set(), threading.Event()

    def watch():
        while not stop.is_set():
            if target.exists():
                data = target.read_bytes()
                nbformat.reads(data.decode(), as_version=4)
                seen.add(target.stat().st_mtime_ns)
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run(path, fresh_ledger, output=target)
    stop.set()
    watcher.join()
    assert 1 <= len(seen) <= 8
    assert list(path.parent.glob(".*partial")) == []


# Several notebooks


def test_notebooks_run_side_by_side_and_one_that_fails_stops_none(fresh_ledger, write_notebook):
    paths = [write_notebook(f"print({n})" if n != 2 else "1 / 0", name=f"n{n}.ipynb") for n in range(5)]
    ends = run_notebooks(paths, jobs=3, ledger=fresh_ledger, progress=False)
    assert [end.run.status for end in ends] == ["finished", "finished", "failed", "finished", "finished"]
    assert [printed(ends[n].run.output) for n in (0, 1, 3, 4)] == ["0\n", "1\n", "3\n", "4\n"]
    assert "n2.ipynb, cell 1" in str(ends[2].failure)
    assert len({str(end.run.id) for end in ends}) == 5


def test_the_command_runs_several_and_says_which_failed(project, write_notebook):
    for name, source in (("a", "print(C)"), ("b", "1 / 0"), ("c", "print(C)")):
        write_notebook(source, name=f"{name}.ipynb", parameters="C = 1")
    command = [sys.executable, "-m", "nbledger.cli", "run", "a.ipynb", "b.ipynb", "c.ipynb", "-j", "2", "-p", "C", "5"]
    done = subprocess.run([*command, "--json"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "1 of 3 notebooks failed: b.ipynb" in done.stderr
    assert [one["status"] for one in json.loads(done.stdout)] == ["finished", "failed", "finished"]
    assert "3 of 3 notebooks, 1 failed" in done.stderr


# Nothing passes silently


def test_an_output_that_is_gone_or_of_another_kind_is_a_finding(fresh_ledger, write_notebook, project):
    flag = project / "flag"
    path = write_notebook(
        "import pathlib; on = not pathlib.Path('flag').exists()",
        "print('made') if on else None",
        "import pandas as pd; pd.DataFrame({'a': [1]}) if on else 'nothing'",
        "1 if on else None",
    )
    assert run(path, fresh_ledger).findings == ()
    flag.touch()
    done = run(path, fresh_ledger)
    assert [text.partition(" that")[0] for text in done.findings] == [
        "cell 2: printed text", "cell 3: a table or HTML", "cell 4: a text",
    ]  # fmt: skip
    assert done.findings[1].endswith("is a text now")
    assert fresh_ledger.run(done.id).tags["nbledger.findings"] == "3"
    assert any(note.startswith("finding: cell 2") for note in fresh_ledger.notes(done.id))


def test_an_ordinary_rerun_has_no_finding(fresh_ledger, write_notebook):
    path = write_notebook(
        "import time, random, sys",
        "print(time.time(), object(), random.random())",
        "%time sum(range(1000))",
        "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass",
        "print('warned', file=sys.stderr) if random.random() < 0.5 else None",
        "%%track\nvalue = 3",
    )
    assert [run(path, fresh_ledger).findings for _ in range(3)] == [(), (), ()]


def test_a_metric_that_is_missing_is_a_finding(fresh_ledger, write_notebook, project):
    path = write_notebook(
        "import pathlib, nbledger",
        "%%track\nif not pathlib.Path('flag').exists():\n    nbledger.metric('auc', 0.9)\nnbledger.metric('f1', 0.8)",
    )
    run(path, fresh_ledger)
    (project / "flag").touch()
    [finding] = run(path, fresh_ledger).findings
    assert finding.startswith("the metric auc that run")


def test_errors_that_are_printed_and_not_raised_are_findings(fresh_ledger, write_notebook):
    path = write_notebook(
        "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
        "%cd /nowhere/at/all",
        "!nosuchprogram --really",
        "print('no Error here')",
    )
    done = run(path, fresh_ledger)
    assert done.status == "finished"
    assert [text[:6] for text in done.findings] == ["cell 1", "cell 2", "cell 3"]
    assert "ZeroDivisionError: division by zero" in done.findings[0]


# Going on from a run that failed


def failing(write_notebook, **options):
    return write_notebook(
        "import os",
        "a = 2",
        "open('ran', 'a').write('slow'); slow = 40 + 2",
        "print('shown', slow)",
        "b = a * 3",
        "print(b) if os.path.exists('ready') else 1 / 0",
        **options,
    )


def test_a_failed_run_goes_on_without_the_cells_that_nothing_to_come_needs(fresh_ledger, write_notebook, project):
    path = failing(write_notebook)
    with pytest.raises(NotebookFailed) as caught:
        run(path, fresh_ledger)
    (project / "ready").touch()
    done = run(path, fresh_ledger, resume=caught.value.run.id[:8])
    assert done.status == "finished"
    assert done.resumed_from == caught.value.run.id
    assert (project / "ran").read_text() == "slow"
    assert printed(done.output) == "shown 42\n6\n"
    [note] = [note for note in fresh_ledger.notes(done.id) if note.startswith("Going on")]
    assert "Left out, since nothing to come needs them: cells 3, 4." in note
    assert "Cell 5 runs again: a cell to come uses b." in note


def test_what_came_before_must_still_hold(fresh_ledger, write_notebook, project):
    path = failing(write_notebook)
    with pytest.raises(NotebookFailed) as caught:
        run(path, fresh_ledger)
    failed = caught.value.run.id
    (project / "ran").write_text("altered")
    with pytest.raises(CannotResume, match="ran was changed"):
        run(path, fresh_ledger, resume=failed)
    (project / "ran").unlink()
    with pytest.raises(CannotResume, match="ran is gone"):
        run(path, fresh_ledger, resume=failed)
    (project / "ran").write_text("slow")
    nb = nbformat.read(path, as_version=4)
    nb.cells[1].source = "a = 3"
    nbformat.write(nb, path)
    with pytest.raises(CannotResume, match="cell 2 was changed"):
        run(path, fresh_ledger, resume=failed)
    assert len(fresh_ledger.runs(kind="notebook")) == 1


def test_a_run_that_finished_or_had_other_params_is_not_resumed(fresh_ledger, write_notebook):
    path = write_notebook("print(1 / C)", parameters="C = 1")
    done = run(path, fresh_ledger)
    with pytest.raises(CannotResume, match="it finished"):
        run(path, fresh_ledger, resume=done.id)
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(path, {"C": 0}, ledger=fresh_ledger, progress=False)
    with pytest.raises(CannotResume, match="its params were others"):
        run_notebook(path, {"C": 2}, ledger=fresh_ledger, progress=False, resume=caught.value.run.id)


def test_where_a_cell_may_read_anything_every_cell_runs_again(fresh_ledger, write_notebook, project):
    path = write_notebook("a = 1", "b = 2", "import os; x = eval('a'); os.path.exists('ready') or 1 / 0")
    with pytest.raises(NotebookFailed) as caught:
        run(path, fresh_ledger)
    (project / "ready").touch()
    done = run(path, fresh_ledger, resume=caught.value.run.id)
    [note] = [note for note in fresh_ledger.notes(done.id) if note.startswith("Going on")]
    assert "Left out" not in note


def test_a_run_goes_on_by_the_params_that_it_had(fresh_ledger, write_notebook, project):
    cells = ("print('C is', C, tags)", "assert __import__('os').path.exists('ready')", "print('end')")
    path = write_notebook(*cells, parameters="C: float = 1.0\ntags = []")
    given = {"C": 2.5, "tags": ["a", "b"]}
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(path, given, ledger=fresh_ledger, progress=False)
    (project / "ready").touch()
    done = run_notebook(path, ledger=fresh_ledger, progress=False, resume=caught.value.run.id)
    assert done.status == "finished"
    assert fresh_ledger.run(done.id).params == fresh_ledger.run(caught.value.run.id).params
    assert "C is 2.5 ['a', 'b']" in done.output.read_text()


def test_a_run_with_a_credential_goes_on_when_that_is_given_again(fresh_ledger, write_notebook):
    path = write_notebook("raise ValueError(api_key[:2])", parameters="api_key = ''")
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(path, {"api_key": "hunter2hunter2"}, ledger=fresh_ledger, progress=False)
    with pytest.raises(CannotResume, match=r"not kept \(api_key\)"):
        run_notebook(path, ledger=fresh_ledger, progress=False, resume=caught.value.run.id)


def test_a_run_that_was_resumed_is_resumed_again(fresh_ledger, write_notebook, project):
    path = failing(write_notebook)
    with pytest.raises(NotebookFailed) as first:
        run(path, fresh_ledger)
    with pytest.raises(NotebookFailed) as second:
        run(path, fresh_ledger, resume=first.value.run.id)
    (project / "ready").touch()
    done = run(path, fresh_ledger, resume=second.value.run.id)
    assert (project / "ran").read_text() == "slow"
    assert printed(done.output) == "shown 42\n6\n"
