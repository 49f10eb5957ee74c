"""Sweeps with real notebooks, worker processes and kernels: recorded once each, whoever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from nbledger.ledger import Ledger, sweeps
from nbledger.ledger.sweeps import SweepBusy
from nbledger.lineage.graph import Graph
from nbledger.lineage.targets import find
from nbledger.pipeline.executors.processes import ProcessExecutor
from nbledger.pipeline.parameters import BadParameter, UnknownParameter
from nbledger.pipeline.sweep import read_sweep, resume_sweep, run_sweep
from nbledger.pipeline.sweep.running import BadSweep, SweepChanged
from nbledger.registry import best_run, promote

pytestmark = pytest.mark.kernel

SCORE = "import nbledger\nnbledger.metric('accuracy', C / 10)"
SLOW = (
    "import os, time, nbledger\nopen(f'began-{C}', 'w').close()\ntime.sleep(wait)\nnbledger.metric('accuracy', C / 10)"
)
COURSE = """import time, nbledger
for step in range(60 if C < 0 else 3):
    nbledger.metric('accuracy', C + step / 100, step=step)
    if C < 0:
        time.sleep(0.25)"""


def tracked(source):
    return f"%%track fit\n{source}"


def trial_runs(ledger):
    """Trials by number, each with its notebook runs."""
    runs = sorted(ledger.runs(kind="trial"), key=lambda run: int(run.name.removeprefix("trial ")))
    return [(run, list(ledger.children(run.id))) for run in runs]


def started(*arguments, cwd):
    """The command in a session of its own, so that it can be interrupted and killed as a terminal's job is."""

    def heed():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", "nbledger.cli", *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, preexec_fn=heed,
    )  # fmt: skip


def wait_for(condition, seconds=60.0, process=None):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def is_alive(pid):
    from nbledger.ledger.liveness import process_started

    return process_started(pid) is not None


def test_each_trial_is_a_run_with_params_and_metrics_under_one_sweep_run(fresh_ledger, write_notebook):
    path = write_notebook(tracked(SCORE), parameters="C = 1.0\nkernel = 'rbf'\nshared = 0")
    ended = []
    done = run_sweep(
        path, {"C": [1.0, 5.0], "kernel": ["rbf", "linear"]}, params={"shared": 3}, metric="metrics.accuracy", jobs=2,
        ledger=fresh_ledger, on_change=lambda sweep, trial, over: ended.append(trial) if over else None,
    )  # fmt: skip
    assert (done.status, done.counts, done.metric) == ("finished", {"finished": 4}, "accuracy")
    assert (done.best.number, done.best.value) == (2, 0.5)
    assert sorted(ended) == sorted(trial.id for trial in done.trials)
    sweep = fresh_ledger.run(done.id)
    assert (sweep.kind, sweep.status, sweep.name) == ("sweep", "finished", "train")
    assert sweep.tags["nbledger.best_trial"] == done.best.id
    assert sweep.params == {"strategy": "grid", "trials": 4, "metric": "accuracy"}
    assert [child.id for child in fresh_ledger.children(done.id)] == [trial.id for trial in done.trials]
    for trial, [notebook] in trial_runs(fresh_ledger):
        assert (trial.kind, trial.status, trial.experiment, trial.notebook) == (
            "trial",
            "finished",
            "train",
            "train.ipynb",
        )
        assert (notebook.kind, notebook.parent, notebook.params) == ("notebook", trial.id, trial.params)
        assert trial.metrics == {"accuracy": trial.params["C"] / 10}
        assert notebook.tags["nbledger.attempt"] == "1"
    found = fresh_ledger.runs("params.C > 2 and params.kernel = 'linear' and metrics.accuracy = 0.5", kind="trial")
    assert [run.id for run in found] == [done.trials[3].id]
    assert best_run(fresh_ledger, "accuracy", "kind = 'trial'").id == done.best.id
    assert fresh_ledger.database.rows("SELECT * FROM lease") == []
    assert resume_sweep(done.id[:8], ledger=fresh_ledger) == read_sweep(fresh_ledger, done.id)


def test_what_cannot_be_swept_is_refused_before_anything_is_written(fresh_ledger, write_notebook):
    path = write_notebook("open('ran', 'w')", parameters="C = 1.0\ntoken = ''")
    for space, options, error, text in [
        ({"D": [1]}, {}, UnknownParameter, "no parameter 'D'"),
        ({"C": ["x"]}, {}, BadParameter, "C is 'x'"),
        ({"C": "uniform(0, 1)"}, {"strategy": "random"}, BadSweep, "say how many trials"),
        ({"C": [1.0]}, {"trials": 3}, BadSweep, "a grid runs every combination once"),
        ({"C": [1.0]}, {"stop_early": "median"}, BadSweep, "say which metric"),
        ({"C": [1.0]}, {"stop_early": "luck", "metric": "a"}, BadSweep, "there is median"),
        ({"C": [1.0]}, {"params": {"C": 2.0}}, BadSweep, "it is swept and given a value"),
        ({"C": [1.0]}, {"params": {"token": "hunter2-hunter2-x"}}, BadSweep, "it looks like a credential"),
        ({}, {}, BadSweep, "it names no param"),
    ]:
        with pytest.raises(error, match=text):
            run_sweep(path, space, ledger=fresh_ledger, **options)
    assert list(fresh_ledger.runs()) == []
    assert not (path.parent / "ran").exists()
    assert not (fresh_ledger.folder / "studies").exists()


def test_a_failed_trial_a_dead_kernel_and_a_missing_metric_say_so_and_the_others_go_on(project, write_notebook):
    source = "import os, nbledger\nif C == 1: 1 / 0\nif C == 2: os._exit(9)\nif C == 3: nbledger.metric('f1', 0.5)\n"
    write_notebook(tracked(source + "if C == 4: nbledger.metric('accuracy', 0.5)"), parameters="C = 0")
    command = ["sweep", "train.ipynb", "--grid", "C=1,2,3,4", "-m", "accuracy", "-j", "2", "--json"]
    process = started(*command, cwd=project)
    out, said = process.communicate(timeout=120)
    assert process.returncode == 3, said
    data = json.loads(out)
    assert data["counts"] == {"failed": 3, "finished": 1}
    reasons = [trial["reason"] for trial in data["trials"]]
    assert reasons[0] == "ZeroDivisionError: division by zero"
    assert "DeadKernelError" in reasons[1] or "died" in reasons[1]
    assert reasons[2] == "MetricMissing: no cell recorded the metric 'accuracy': there are f1"
    assert data["best"]["number"] == 3
    with closing(Ledger.open(project)) as ledger:
        assert [(run.status, len(notebooks)) for run, notebooks in trial_runs(ledger)] == [("failed", 1)] * 3 + [
            ("finished", 1)
        ]


@pytest.mark.fault
def test_a_sweep_whose_process_was_killed_goes_on_and_every_trial_counts_once(project, write_notebook):
    write_notebook(tracked(SLOW), parameters="C = 0\nwait = 0.5")
    process = started("sweep", "train.ipynb", "--grid", "C=1,2,3,4,5", "-m", "accuracy", "-j", "2", cwd=project)
    wait_for((project / "began-3").exists, process=process)
    process.kill()
    process.communicate()
    with closing(Ledger.open(project)) as ledger:
        [run] = ledger.runs(kind="sweep")
        before = read_sweep(ledger, run.id)
        workers = {int(name.split()[-1]) for (name,) in ledger.database.rows("SELECT worker FROM attempt")}
        ended = {trial.id for trial in before.trials if trial.is_over}
        assert 1 <= len(ended) <= 4
        wait_for(lambda: not any(is_alive(pid) for pid in workers), 20)  # nothing is left behind
        assert read_sweep(ledger, run.id).status == "interrupted"
    resumed = started("sweep", "--resume", run.id[:8], "-j", "2", "--json", cwd=project)
    out, said = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, said
    data = json.loads(out)
    assert data["id"] == run.id
    assert [(trial["status"], trial["value"]) for trial in data["trials"]] == [
        ("finished", C / 10) for C in range(1, 6)
    ]
    with closing(Ledger.open(project)) as ledger:
        assert len(ledger.runs(kind="trial")) == 5
        for trial, notebooks in trial_runs(ledger):
            assert [run.status for run in notebooks].count("finished") == 1
            assert trial.status == "finished"
        counted = ledger.database.rows(
            "SELECT a.trial, count(*) FROM attempt a JOIN attempt_end e ON e.attempt = a.key "
            "WHERE e.outcome <> 'lost' GROUP BY a.trial"
        )
        assert [count for _, count in counted] == [1] * 5
        assert {trial["id"] for trial in data["trials"] if trial["attempts"] == 1} >= ended
        assert ledger.database.rows("SELECT * FROM lease") == []
        assert [finding.level for finding in ledger.doctor() if finding.level != "note"] == []


@pytest.mark.fault
def test_a_worker_that_is_killed_loses_its_attempt_and_the_trial_is_tried_again(fresh_ledger, write_notebook):
    path = write_notebook(tracked(SLOW), parameters="C = 0\nwait = 1.0")
    executor = ProcessExecutor(1)
    killed = []

    def kill_the_first():
        if not killed and (path.parent / "began-1").exists() and executor._busy:
            [worker] = executor._busy.values()
            killed.append(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)

    original = executor.poll

    def poll(timeout):
        kill_the_first()
        return original(timeout)

    executor.poll = poll
    done = run_sweep(path, {"C": [1]}, metric="accuracy", ledger=fresh_ledger, executor=executor)
    assert len(killed) == 1
    [trial] = done.trials
    assert (trial.status, trial.attempts, trial.value) == ("finished", 2, 0.1)
    outcomes = fresh_ledger.database.rows("SELECT outcome, detail FROM attempt_end ORDER BY attempt")
    assert [outcome for outcome, _ in outcomes] == ["lost", "finished"]
    assert "signal 9" in outcomes[0][1]
    [(_, notebooks)] = trial_runs(fresh_ledger)
    assert sorted(run.status for run in notebooks) == ["finished", "interrupted"]


def test_a_trial_that_falls_behind_is_stopped_by_the_median_rule(fresh_ledger, write_notebook):
    path = write_notebook(tracked(COURSE), parameters="C = 0.0")
    done = run_sweep(path, {"C": [0.5, 0.6, 0.7, -1.0]}, metric="accuracy", stop_early="median", ledger=fresh_ledger)
    assert [trial.status for trial in done.trials] == ["finished"] * 3 + ["cancelled"]
    stopped = fresh_ledger.run(done.trials[3].id)
    assert (stopped.status, stopped.error) == ("cancelled", None)
    assert stopped.tags["nbledger.stopped_early"].startswith("at step ")
    assert stopped.duration < 14
    assert len([one for one in fresh_ledger.metrics(stopped.id) if one.name == "accuracy"]) == 1
    [notebook] = fresh_ledger.children(stopped.id)
    assert notebook.status == "cancelled"
    assert done.status == "finished"
    assert done.best.number == 2


def test_optuna_is_asked_and_told_and_its_study_goes_on_after_an_interrupt(fresh_ledger, write_notebook):
    optuna = pytest.importorskip("optuna")
    path = write_notebook(tracked(SCORE), parameters="C = 1.0\nkernel = 'a'")
    space = {"C": "float(0.1, 10, log)", "kernel": ["a", "b"]}
    ended = []

    def interrupt(sweep, trial, *, over):
        ended.append(over)
        if sum(ended) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(
            path,
            space,
            strategy="optuna",
            trials=4,
            seed=1,
            metric="accuracy",
            ledger=fresh_ledger,
            on_change=interrupt,
        )
    [run] = fresh_ledger.runs(kind="sweep")
    assert read_sweep(fresh_ledger, run.id).status in ("interrupted", "running")
    done = resume_sweep(run.id, ledger=fresh_ledger)
    assert (done.status, done.counts) == ("finished", {"finished": 4})
    assert [trial.number for trial in done.trials] == [0, 1, 2, 3]
    assert len({trial.params["C"] for trial in done.trials}) == 4
    file = fresh_ledger.folder / "studies" / f"{run.id}.db"
    study = optuna.load_study(study_name=run.id, storage=f"sqlite:///{file}")
    told = {trial.user_attrs["nbledger.trial"]: trial.value for trial in study.trials if trial.value is not None}
    assert told == {trial.id: trial.value for trial in done.trials}


def test_a_study_is_made_anew_from_the_ledger_and_does_not_propose_the_same_again(tmp_path):
    optuna = pytest.importorskip("optuna")
    from nbledger.pipeline.sweep.space import from_mapping
    from nbledger.pipeline.sweep.strategy import Known
    from nbledger.pipeline.sweep.study import Study

    space = from_mapping("optuna", {"C": "float(0, 1)"})
    study = Study(tmp_path / "a.db", space, seed=1, minimize=False, pruner="median")
    asked = {id: study.ask(id) for id in ("a", "b", "c", "d")}
    known = {
        "a": Known(asked["a"], done=True, value=0.5, points=((0, 0.1), (1, 0.5))),
        "b": Known(asked["b"], done=True, value=0.2, stopped=True, points=((0, 0.2),)),
        "c": Known(asked["c"], done=True),
        "d": Known(asked["d"], done=False),
    }
    for path in (tmp_path / "a.db", tmp_path / "new.db"):
        again = Study(path, space, seed=1, minimize=False, pruner="median")
        again.adopt(known)
        assert again.ask("e") not in asked.values()
        again.tell("d", 0.9)
        stored = optuna.load_study(study_name=path.stem, storage=f"sqlite:///{path}")
        told = {trial.user_attrs["nbledger.trial"]: (trial.state.name, trial.value) for trial in stored.trials}
        assert (told["a"], told["b"][0], told["e"][0]) == (("COMPLETE", 0.5), "PRUNED", "RUNNING")
        assert told.get("c", ("FAIL", None)) == ("FAIL", None)
        assert told["d"] == ("COMPLETE", 0.9)
    assert stored.trials[0].intermediate_values == {0: 0.1, 1: 0.5}


def test_an_interrupt_leaves_a_sweep_that_can_be_resumed(project, write_notebook):
    write_notebook(tracked(SLOW), parameters="C = 0\nwait = 30")
    process = started("sweep", "train.ipynb", "--grid", "C=1,2", "-m", "accuracy", cwd=project)
    wait_for((project / "began-1").exists, process=process)
    with closing(Ledger.open(project)) as ledger:
        [run] = ledger.runs(kind="sweep")
        status = subprocess.run(
            [sys.executable, "-m", "nbledger.cli", "sweeps", run.id[:8]], cwd=project, capture_output=True, text=True
        )
        assert "grid  running  2: 1 running, 1 to do" in status.stdout
        with pytest.raises(SweepBusy, match="is under way"):
            resume_sweep(run.id, ledger=ledger)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert f"go on with: nbledger sweep --resume {run.id[:8]}" in said
        found = read_sweep(ledger, run.id)
        assert (found.status, [trial.status for trial in found.trials]) == ("interrupted", ["interrupted", "planned"])
        path = project / "train.ipynb"
        path.write_text(path.read_text().replace("accuracy", "precision"))
        with pytest.raises(SweepChanged, match="was changed since sweep"):
            resume_sweep(run.id, ledger=ledger)


def test_a_result_that_nobody_took_is_not_computed_again(fresh_ledger, write_notebook):
    """A leader that is killed after the notebook ended, and before it said so, finds the notebook's run."""
    path = write_notebook(tracked(SCORE), parameters="C = 1.0")
    executor = ProcessExecutor(1)
    original = sweeps.end_attempt
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, sweeps, "end_attempt", original)

        def dies(*arguments, **options):
            raise KeyboardInterrupt

        sweeps.end_attempt = dies
        with pytest.raises(KeyboardInterrupt):
            run_sweep(path, {"C": [2.0]}, metric="accuracy", ledger=fresh_ledger, executor=executor)
    [run] = fresh_ledger.runs(kind="sweep")
    fresh_ledger.database.connection().execute("UPDATE lease SET pid = 999999999")
    done = resume_sweep(run.id, ledger=fresh_ledger)
    assert [(trial.status, trial.value, trial.attempts) for trial in done.trials] == [("finished", 0.2, 1)]
    [(_, notebooks)] = trial_runs(fresh_ledger)
    assert len(notebooks) == 1


def test_the_command_tells_each_trial_and_lists_the_best(project, write_notebook):
    write_notebook(tracked(SCORE), parameters="C = 1.0")
    (project / "space.yaml").write_text("metric: accuracy\nparams: {C: [3, 1, 2]}\n")
    process = started("sweep", "train.ipynb", "--space", "space.yaml", cwd=project)
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "1/3  trial 0  finished  accuracy=0.3  C=3" in said
    lines = out.splitlines()
    assert "grid  finished  3: 3 finished" in lines[0]
    assert lines[2].split() == ["trial", "run", "status", "accuracy", "C", "took"]
    assert [line.split()[0] for line in lines[3:6]] == ["0", "2", "1"]
    listed = subprocess.run(
        [sys.executable, "-m", "nbledger.cli", "sweeps"], cwd=project, capture_output=True, text=True
    )
    assert "accuracy=0.3 (trial 0)" in listed.stdout
    wrong = started("sweep", "train.ipynb", "--grid", "C=1", "--random", "C=uniform(0,1)", cwd=project)
    assert "Give the space in one way" in wrong.communicate()[1]
    assert wrong.returncode == 2


def test_a_trials_model_can_be_promoted_and_asked_why(fresh_ledger, write_notebook):
    path = write_notebook(
        "from sklearn.linear_model import LogisticRegression\nfrom sklearn.datasets import load_iris\n"
        "X, y = load_iris(return_X_y=True)",
        "%%track fit\nclf = LogisticRegression(C=C, max_iter=500).fit(X, y)",
        "%%track score\naccuracy = clf.score(X, y)",
        parameters="C = 1.0",
    )
    done = run_sweep(path, {"C": [1e-4, 1.0]}, metric="accuracy", ledger=fresh_ledger)
    assert done.best.number == 1
    promoted = promote(fresh_ledger, "iris", fresh_ledger.run(done.best.id), alias="champion")
    assert promoted.version.run == done.best.id
    model = fresh_ledger.load("models:/iris@champion")
    assert model.C == 1.0
    [notebook] = fresh_ledger.children(done.best.id)
    cells = {run.name: run.id for run in fresh_ledger.children(notebook.id) if run.tracked}
    assert find(Graph(fresh_ledger), "models:/iris/1").run_id == cells["fit"]
    assert find(Graph(fresh_ledger), done.best.id[:12]).run_id == cells["score"]
