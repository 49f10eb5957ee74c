"""Executors: worker processes here, and a real Dask cluster whose workers share no disk with the ledger."""

from __future__ import annotations

import os
import signal
import sys
import time
import zipfile

import pytest

from nbledger.ledger.liveness import process_started
from nbledger.pipeline.execute import run_notebook
from nbledger.pipeline.executors import ExecutorGone, Task
from nbledger.pipeline.executors.parcel import CannotSend, pack, unpack
from nbledger.pipeline.executors.processes import ProcessExecutor
from nbledger.pipeline.sweep import run_sweep
from nbledger.records import new_id

pytestmark = pytest.mark.kernel

USES = """%%track fit
import os, nbledger, helper
if C == 9: os.kill(os.getpid(), 9)  # as the system does when memory runs out
limit = float(open('data/limit.txt').read())
for step in range(60 if C < 0 else 2):
    nbledger.metric('accuracy', helper.scaled(C, limit), step=step)
    if C < 0:
        import time; time.sleep(0.25)
"""


def events_of(executor, attempt, seconds=60.0):
    """All events of an attempt up to its end."""
    found = []
    deadline = time.monotonic() + seconds
    while not any(event.kind in ("ended", "lost") for event in found):
        assert time.monotonic() < deadline, found
        found += [event for event in executor.poll(0.2) if event.attempt == attempt]
    return found


@pytest.fixture
def notebook(project, write_notebook):
    """A notebook that reads a file and imports a module of its project."""
    (project / "data").mkdir()
    (project / "data" / "limit.txt").write_text("10")
    (project / "helper.py").write_text("def scaled(value, limit):\n    return value / limit\n")
    return write_notebook(USES, parameters="C = 1.0")


@pytest.fixture
def executor():
    """One worker process."""
    made = ProcessExecutor(1)
    yield made
    made.close()


def test_a_worker_runs_one_notebook_after_another_and_tells_steps_and_ends(executor, fresh_ledger, notebook):
    workers = []
    for C in (2.0, 4.0):
        place = executor.take()
        workers.append(place.name)
        task = Task(new_id(), new_id(), str(notebook), {"C": C}, ledger=str(fresh_ledger.folder), watch="accuracy")
        executor.start(place, task)
        assert executor.take() is None
        events = events_of(executor, task.attempt)
        assert (events[-1].kind, events[-1].status) == ("ended", "finished")
        run = fresh_ledger.run(events[-1].run)
        assert (run.kind, run.status, run.parent, run.params) == ("notebook", "finished", task.trial, {"C": C})
    assert workers[0] == workers[1]


def test_a_task_that_is_stopped_ends_cancelled_after_telling_its_steps(executor, fresh_ledger, notebook):
    task = Task(new_id(), new_id(), str(notebook), {"C": -1.0}, ledger=str(fresh_ledger.folder), watch="accuracy")
    executor.start(executor.take(), task)
    seen = []
    deadline = time.monotonic() + 60
    while not any(event.kind == "points" for event in seen) and time.monotonic() < deadline:
        seen += executor.poll(0.2)
    assert next(event.points[0] for event in seen if event.points) == (0, -0.1)
    executor.stop(task.attempt)
    end = events_of(executor, task.attempt)[-1]
    assert (end.kind, end.status) == ("ended", "cancelled")
    assert fresh_ledger.run(end.run).status == "cancelled"
    assert executor.take() is not None  # the same worker is free again


def test_a_task_that_cannot_begin_fails_with_its_reason(executor, fresh_ledger, project):
    task = Task(new_id(), new_id(), str(project / "missing.ipynb"), ledger=str(fresh_ledger.folder))
    executor.start(executor.take(), task)
    end = events_of(executor, task.attempt)[-1]
    assert (end.status, end.run) == ("failed", None)
    assert "missing.ipynb cannot be run as a notebook" in end.detail


@pytest.mark.fault
def test_a_worker_whose_leader_is_killed_ends_with_its_kernel(project, notebook, fresh_ledger):
    import subprocess

    code = (
        "import sys, time\nfrom nbledger.pipeline.executors.processes import ProcessExecutor, Task\n"
        "e = ProcessExecutor(1); p = e.take()\n"
        f"e.start(p, Task('a' * 32, 'b' * 32, {str(notebook)!r}, {{'C': -1.0}}, ledger={str(fresh_ledger.folder)!r},"
        " watch='accuracy'))\n"
        "while not any(one.kind == 'points' for one in e.poll(0.2)): pass\n"
        "print(p.process.pid, flush=True); time.sleep(60)\n"
    )
    leader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=project)
    worker = int(leader.stdout.readline())
    leader.kill()
    leader.communicate()
    deadline = time.monotonic() + 20
    while process_started(worker) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    [cell] = [run for run in fresh_ledger.runs(kind="cell") if run.tracked]
    while fresh_ledger.run(cell.id).status == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert fresh_ledger.run(cell.id).status in ("cancelled", "interrupted", "failed")


def test_a_parcel_holds_the_notebook_its_modules_and_what_its_last_run_read(fresh_ledger, notebook, project, tmp_path):
    (project / "extra").mkdir()
    (project / "extra" / "more.csv").write_text("a\n1\n")
    assert "data/limit.txt" not in pack(fresh_ledger, notebook).names
    run_notebook(notebook, ledger=fresh_ledger, progress=False)
    parcel = pack(fresh_ledger, notebook, [project / "extra"])
    assert parcel.names == ("data/limit.txt", "extra/more.csv", "helper.py", "train.ipynb")
    assert parcel == pack(fresh_ledger, notebook, [project / "extra"])
    unpack(parcel.data, tmp_path / "there")
    assert (tmp_path / "there" / "data" / "limit.txt").read_text() == "10"
    outside = tmp_path / "outside.csv"
    outside.touch()
    with pytest.raises(CannotSend, match=r"outside\.csv cannot be sent to workers: it is outside of the project"):
        pack(fresh_ledger, notebook, [outside])
    with pytest.raises(CannotSend, match="there is no such file"):
        pack(fresh_ledger, notebook, [project / "nosuch"])


@pytest.fixture
def cluster():
    """Two Dask workers, each a process with a nurse that starts it again."""
    distributed = pytest.importorskip("distributed")
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs=50
    )
    yield made
    made.close()


def dask_executor(*arguments, **options):
    from nbledger.pipeline.executors.dask import DaskExecutor

    return DaskExecutor(*arguments, **options)


@pytest.mark.fault
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_on_a_dask_cluster_every_trial_counts_once_though_a_worker_is_killed(cluster, fresh_ledger, notebook, project):
    """One worker is killed, one kernel, and one trial is stopped early; the merged ledger is as if run here."""
    killed = []

    def kill_one(sweep, trial, *, over):
        if over and not killed:
            busy = fresh_ledger.database.rows(
                "SELECT a.worker FROM attempt a LEFT JOIN attempt_end e ON e.attempt = a.key WHERE e.attempt IS NULL"
            )
            pids = {worker.worker_address: worker.pid for worker in cluster.workers.values()}
            killed.append(busy[0][0])
            os.kill(pids[busy[0][0]], signal.SIGKILL)

    executor = dask_executor(cluster.scheduler_address, fresh_ledger, notebook, upload=[project / "data"])
    values = [1.0, 9.0, 2.0, 3.0, 4.0, -5.0]
    done = run_sweep(
        notebook, {"C": values}, metric="accuracy", stop_early="median", ledger=fresh_ledger, executor=executor,
        on_change=kill_one,
    )  # fmt: skip
    assert len(killed) == 1
    assert [trial.status for trial in done.trials] == ["finished", "failed", *["finished"] * 3, "cancelled"]
    assert [trial.value for trial in done.trials] == [0.1, None, 0.2, 0.3, 0.4, -0.5]
    assert "DeadKernel" in done.trials[1].reason or "died" in done.trials[1].reason
    rows = fresh_ledger.database.rows(
        "SELECT a.worker, e.outcome FROM attempt a JOIN attempt_end e ON e.attempt = a.key ORDER BY a.key"
    )
    outcomes = [outcome for _, outcome in rows]
    assert [outcomes.count(one) for one in ("finished", "stopped", "failed")] == [4, 1, 1]
    assert (killed[0], "lost") in rows
    assert len(fresh_ledger.runs(kind="trial")) == 6
    for trial in done.trials:
        [one] = fresh_ledger.children(trial.id)
        assert (one.kind, one.notebook, one.params) == ("notebook", "train.ipynb", {"C": trial.params["C"]})
        [cell] = [run for run in fresh_ledger.children(one.id) if run.tracked]
        assert cell.metrics.get("accuracy") == trial.value
        if trial.status == "finished":
            names = {edge.name for edge in fresh_ledger.used(cell.id) if edge.role == "file"}
            assert "data/limit.txt" in names
            [artifact] = fresh_ledger.artifacts(one.id)
            assert b"accuracy" in fresh_ledger.objects.read(artifact.object)
    assert list((fresh_ledger.folder / "incoming").iterdir()) == []
    assert [finding for finding in fresh_ledger.doctor() if finding.level == "error"] == []


def test_a_scheduler_that_is_not_there_is_refused_in_one_line(fresh_ledger, notebook, monkeypatch):
    pytest.importorskip("distributed")
    from nbledger.pipeline.executors import dask

    monkeypatch.setattr(dask, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ExecutorGone) as caught:
        dask_executor("tcp://127.0.0.1:1", fresh_ledger, notebook)
    assert "Dask's scheduler tcp://127.0.0.1:1 cannot be reached" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bundle_that_was_left_behind_is_merged_when_the_sweep_goes_on(fresh_ledger, notebook, project, tmp_path):
    """The leader was killed after a worker's bundle had arrived: the trial is not run again."""
    from nbledger.ledger import Ledger
    from nbledger.pipeline.sweep import resume_sweep

    class Away:
        """An executor whose worker's bundle arrives just as the leader is killed."""

        shares_disk = False

        def take(self):
            from nbledger.pipeline.executors import Place

            return Place("far away", None)

        def start(self, place, task):
            unpack(pack(fresh_ledger, notebook, [project / "data"]).data, tmp_path / "there")
            with_own = Ledger.open(tmp_path / "there")
            run_notebook(
                tmp_path / "there" / "train.ipynb",
                dict(task.params),
                ledger=with_own,
                parent=task.trial,
                progress=False,
            )
            (fresh_ledger.folder / "incoming").mkdir()
            with_own.export_bundle(fresh_ledger.folder / "incoming" / f"{task.attempt}.zip")
            with_own.close()
            raise KeyboardInterrupt

        def stop(self, attempt):
            pass

        kill = stop

        def close(self):
            pass

    import nbledger.ledger.sweeps as stored

    original = stored.end_attempt
    stored.end_attempt = lambda *arguments, **options: None
    try:
        with pytest.raises(KeyboardInterrupt):
            run_sweep(notebook, {"C": [7.0]}, metric="accuracy", ledger=fresh_ledger, executor=Away())
    finally:
        stored.end_attempt = original
    [sweep] = fresh_ledger.runs(kind="sweep")
    [bundle] = (fresh_ledger.folder / "incoming").iterdir()
    assert zipfile.is_zipfile(bundle)
    done = resume_sweep(sweep.id, ledger=fresh_ledger)
    assert [(trial.status, trial.value, trial.attempts) for trial in done.trials] == [("finished", 0.7, 1)]
    assert not bundle.exists()
