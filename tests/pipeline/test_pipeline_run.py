"""Pipelines run in real kernels: side by side, branch by branch, killed and resumed, two at once, and told of."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline.parameters import BadParameter
from nbledger.pipeline.pipeline_state import pipeline_runs, pipeline_state
from nbledger.pipeline.planning import plan
from nbledger.pipeline.running import LATEST, NothingToResume, run_pipeline
from nbledger.pipeline.spec import load_pipeline

pytestmark = pytest.mark.kernel

WAIT_FOR_OTHER = """
import pathlib, time
pathlib.Path("{own}.started").touch()
deadline = time.monotonic() + 60
while not pathlib.Path("{other}.started").exists() and time.monotonic() < deadline:
    time.sleep(0.05)
assert pathlib.Path("{other}.started").exists()
"""
COUNT = "open('{0}.count', 'a').write('x')\n"


def statuses(done):
    return {step.name: step.status for step in done.steps}


def cli(*words, cwd, **options):
    command = [sys.executable, "-m", "nbledger.cli", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **options)


def told(*words):
    """Return what a verb prints, run in this process, in the current folder."""
    from click.testing import CliRunner

    from nbledger.cli import cli as verbs

    done = CliRunner().invoke(verbs, ["pipeline", *words])
    return done.stdout if done.exception is None else str(done.exception)


def waited_for(happened, seconds=60.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def chain(write_notebook, project):
    """Three notebooks that hand a file on: make, double, tell. Each counts how often it ran in a file of its own."""
    write_notebook("open('a.txt', 'w').write(str(number))", name="make.ipynb", parameters="number = 3")
    write_notebook("open('b.txt', 'w').write(open('a.txt').read() * 2)", name="double.ipynb")
    write_notebook("print(open('b.txt').read())", name="tell.ipynb")
    return project


def test_steps_run_in_their_order_and_are_the_children_of_a_pipeline_run(chain, fresh_ledger):
    events = []
    done = run_pipeline(chain, ledger=fresh_ledger, params={"make.number": 7}, on_event=events.append)
    assert (done.status, statuses(done)) == ("finished", dict.fromkeys(("make", "double", "tell"), "finished"))
    assert (chain / "b.txt").read_text() == "77"
    run = fresh_ledger.run(done.id)
    assert (run.kind, run.name, run.status) == ("pipeline", "project", "finished")
    children = fresh_ledger.children(done.id)
    assert [(one.kind, one.name, one.tags["nbledger.step"]) for one in children] == [
        ("notebook", name, name) for name in ("make", "double", "tell")
    ]
    assert children[0].params == {"number": 7}
    assert [(event.step, event.state) for event in events if not event.position] == [
        (name, state) for name in ("make", "double", "tell") for state in ("running", "finished")
    ]
    assert {(event.position, event.total) for event in events if event.step == "tell"} >= {(1, 1)}

    again = run_pipeline(chain, ledger=fresh_ledger, params={"make.number": 7})
    assert set(statuses(again).values()) == {"cached"}
    [same] = [run for run in fresh_ledger.children(again.id) if run.name == "make"]
    assert same.tags["nbledger.cached_from"] == done.step("make").run

    changed = plan(load_pipeline(chain), fresh_ledger, params={"make.number": 8})
    assert [(step.name, step.what) for step in changed.steps] == [
        ("make", "run"),
        ("double", "perhaps"),
        ("tell", "perhaps"),
    ]
    assert "number" in changed.steps[0].reasons[0]

    (chain / "a.txt").unlink()
    (chain / "b.txt").write_text("by hand")
    planned = plan(load_pipeline(chain), fresh_ledger, params={"make.number": 7})
    assert {step.what for step in planned.steps} == {"cached"}  # the steps before put both files back, as a run does
    assert set(statuses(run_pipeline(chain, ledger=fresh_ledger, params={"make.number": 7})).values()) == {"cached"}
    assert (chain / "b.txt").read_text() == "77"


def test_steps_without_a_path_between_them_run_side_by_side(project, write_notebook, fresh_ledger):
    for own, other in (("left", "right"), ("right", "left")):
        source = WAIT_FOR_OTHER.format(own=own, other=other) + f"open('{own}.txt', 'w').write('1')"
        write_notebook(source, name=f"{own}.ipynb")
    done = run_pipeline(project, ledger=fresh_ledger, jobs=2)
    assert statuses(done) == {"left": "finished", "right": "finished"}


def test_a_failed_step_stops_what_depends_on_it_and_nothing_else(project, write_notebook, fresh_ledger):
    write_notebook("open('raw.txt', 'w').write('1')", name="ingest.ipynb")
    write_notebook("open('raw.txt').read()\n1 / 0\nopen('bad.txt', 'w')", name="bad.ipynb")
    write_notebook("open('bad.txt').read()\nopen('worse.txt', 'w')", name="after_bad.ipynb")
    write_notebook("open('worse.txt').read()", name="last.ipynb")
    write_notebook("open('good.txt', 'w').write(open('raw.txt').read())", name="good.ipynb")
    write_notebook("open('good.txt').read()", name="after_good.ipynb")
    done = run_pipeline(project, ledger=fresh_ledger)
    assert done.status == "failed"
    assert statuses(done) == {
        "ingest": "finished",
        "bad": "failed",
        "after_bad": "skipped",
        "last": "skipped",
        "good": "finished",
        "after_good": "finished",
    }
    assert "ZeroDivisionError" in done.step("bad").reason
    assert done.step("after_bad").reason == "bad failed"
    assert fresh_ledger.run(done.id).error.type == "StepFailed"
    state = pipeline_state(fresh_ledger, fresh_ledger.run(done.id))
    assert {step.name: step.status for step in state.steps} == statuses(done)


def test_a_step_is_tried_again_as_often_as_it_may(project, write_notebook, fresh_ledger):
    source = "from pathlib import Path\np = Path('tries')\nn = int(p.read_text()) if p.exists() else 0\n"
    source += "p.write_text(str(n + 1))\nassert n >= {0}"
    write_notebook(source.format(2), name="flaky.ipynb")
    (project / "pipeline.yaml").write_text("steps:\n  flaky: {notebook: flaky.ipynb, retries: 2, retry_delay: 0.1}\n")
    events = []
    done = run_pipeline(project, ledger=fresh_ledger, on_event=events.append)
    assert (done.status, done.step("flaky").attempts) == ("finished", 3)
    assert [run.tags["nbledger.attempt"] for run in fresh_ledger.children(done.id)] == ["1", "2", "3"]
    assert [event.state for event in events].count("retrying") == 2
    write_notebook(source.format(99), name="flaky.ipynb")
    done = run_pipeline(project, ledger=fresh_ledger)
    assert (done.status, done.step("flaky").attempts) == ("failed", 3)


def test_a_step_that_takes_too_long_or_whose_kernel_dies_is_a_failed_step(project, write_notebook, fresh_ledger):
    write_notebook("open('slow.txt', 'w')\nimport time; time.sleep(60)", name="slow.ipynb")
    write_notebook("open('dead.txt', 'w')\nimport os; os.kill(os.getpid(), 9)", name="dead.ipynb")
    write_notebook("1", name="fine.ipynb")
    (project / "pipeline.yaml").write_text("""
steps:
  fine: {notebook: fine.ipynb, outputs: [never.txt]}
  slow: {notebook: slow.ipynb, timeout: 2}
  dead: {notebook: dead.ipynb}
""")
    done = run_pipeline(project, ledger=fresh_ledger)
    assert set(statuses(done).values()) == {"failed"}
    assert "timed out" in done.step("slow").reason
    assert "kernel died" in done.step("dead").reason
    assert done.step("fine").reason == "it did not write never.txt"


def test_data_that_breaks_its_checks_fails_the_step_with_the_rows(project, write_notebook, fresh_ledger):
    write_notebook(
        "import pathlib\npathlib.Path('data').mkdir(exist_ok=True)\n"
        "open('data/people.csv', 'w').write('age\\n31\\n-4\\n' + ('200\\n' if old else ''))",
        name="ingest.ipynb",
        parameters="old = True",
    )
    write_notebook("open('data/people.csv').read()", name="use.ipynb")
    (project / "people.yaml").write_text("data: data/people.csv\ncolumns:\n  age: {min: 0, max: 150}\n")
    (project / "pipeline.yaml").write_text("""
steps:
  ingest: {notebook: ingest.ipynb, checks: [people.yaml]}
  use: {notebook: use.ipynb}
""")
    done = run_pipeline(project, ledger=fresh_ledger)
    assert statuses(done) == {"ingest": "failed", "use": "skipped"}
    assert "row 1: age=-4" in done.step("ingest").reason
    assert "row 2: age=200" in done.step("ingest").reason
    run = fresh_ledger.run(done.step("ingest").run)
    assert (run.status, run.tags["nbledger.checks"]) == ("finished", "failed")
    [kept] = [one for one in fresh_ledger.artifacts(run.id) if one.name == "checks.json"]
    assert json.loads(fresh_ledger.objects.read(kept.object))["passed"] is False
    state = pipeline_state(fresh_ledger, fresh_ledger.run(done.id))
    assert [step.status for step in state.steps] == ["failed", "skipped"]

    (project / "people.yaml").write_text("data: data/people.csv\ncolumns:\n  age: {min: -10}\n")
    done = run_pipeline(project, ledger=fresh_ledger)
    assert done.status == "finished"
    assert fresh_ledger.run(done.step("ingest").run).tags["nbledger.checks"] == "passed"


def test_nothing_runs_when_a_param_or_a_name_is_wrong(chain, fresh_ledger):
    with pytest.raises(BadParameter):
        run_pipeline(chain, ledger=fresh_ledger, params={"number": "many"})
    with pytest.raises(Exception, match="did you mean 'make'"):
        run_pipeline(chain, ledger=fresh_ledger, only=["mke"])
    with pytest.raises(NothingToResume, match="never run"):
        run_pipeline(chain, ledger=fresh_ledger, resume=LATEST)
    assert fresh_ledger.count() == 0
    assert not (chain / "a.txt").exists()


def test_a_killed_pipeline_goes_on_where_it_was(project, write_notebook):
    write_notebook(COUNT.format("first") + "open('a.txt', 'w').write('1')", name="first.ipynb")
    hang = (
        "import os, time\nopen('kernel.pid', 'w').write(str(os.getpid()))\nfrom pathlib import Path\nopen('a.txt').read()\n"
        + COUNT.format("second")
    )
    hang += "while Path('hang').exists():\n    time.sleep(0.1)\n"
    write_notebook(hang + "open('b.txt', 'w').write('2')", name="second.ipynb")
    write_notebook("open('b.txt').read()\n" + COUNT.format("third"), name="third.ipynb")
    (project / "hang").touch()
    command = [sys.executable, "-m", "nbledger.cli", "pipeline", "run", "--no-cache"]
    process = subprocess.Popen(command, cwd=project, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        assert waited_for((project / "second.count").exists)
        with closing(Ledger.open(project, create=False)) as ledger:
            [run] = pipeline_runs(ledger)
            state = pipeline_state(ledger, run)
            assert (state.status, [step.status for step in state.steps]) == (
                "running",
                ["finished", "running", "waiting"],
            )
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kernel = (project / "kernel.pid").read_text()
    assert waited_for(lambda: not os.path.exists(f"/proc/{kernel}"), 20)
    with closing(Ledger.open(project, create=False)) as ledger:
        [killed] = pipeline_runs(ledger)
        state = pipeline_state(ledger, killed)
        assert (state.status, [step.status for step in state.steps]) == (
            "interrupted",
            ["finished", "interrupted", "not run"],
        )
        (project / "hang").unlink()
        done = run_pipeline(project, ledger=ledger, resume=LATEST, cache=False)
        assert statuses(done) == {"first": "cached", "second": "finished", "third": "finished"}
        assert (project / "first.count").read_text() == "x"
        assert ledger.run(done.id).tags["nbledger.resumed_from"] == killed.id
        assert ledger.run(done.step("first").run).tags["nbledger.cached_from"] == state.steps[0].run

        (project / "a.txt").write_text("another")
        done = run_pipeline(project, ledger=ledger, resume=LATEST, cache=False)
        assert set(statuses(done).values()) == {"finished"}


def test_an_interrupt_cancels_the_steps_and_leaves_no_kernel(project, write_notebook):
    source = "import os, time\nopen('{0}.pid', 'w').write(str(os.getpid()))\ntime.sleep(120)"
    for name in ("left", "right"):
        write_notebook(source.format(name), name=f"{name}.ipynb")
    command = [sys.executable, "-m", "nbledger.cli", "pipeline", "run", "-j", "2"]
    process = subprocess.Popen(
        command,
        cwd=project,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    pids = [project / "left.pid", project / "right.pid"]
    try:
        assert waited_for(lambda: all(path.exists() and path.read_text() for path in pids))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "nbledger: interrupted" in said
    assert waited_for(lambda: not any(os.path.exists(f"/proc/{path.read_text()}") for path in pids), 20)
    with closing(Ledger.open(project, create=False)) as ledger:
        [run] = pipeline_runs(ledger)
        assert run.status == "cancelled"
        assert {child.status for child in ledger.children(run.id)} == {"cancelled"}


def test_two_runs_of_one_pipeline_at_once_come_one_after_the_other(chain, fresh_ledger):
    found = {}

    def start(name):
        found[name] = run_pipeline(chain, ledger=fresh_ledger, params={"number": {"one": 1, "two": 2}[name]})

    threads = [threading.Thread(target=start, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert {done.status for done in found.values()} == {"finished"}
    runs = sorted((fresh_ledger.run(done.id) for done in found.values()), key=lambda run: run.started_at)
    assert runs[0].ended_at <= runs[1].started_at
    last = next(name for name, done in found.items() if done.id == runs[1].id)
    assert (chain / "b.txt").read_text() == {"one": "11", "two": "22"}[last]


@pytest.mark.fault
def test_two_pipelines_in_two_processes_share_one_ledger(project, write_notebook):
    for name in ("one", "two"):
        folder = project / name
        write_notebook("open('a.txt', 'w').write('1')", name="a.ipynb", folder=folder)
        write_notebook("open('a.txt').read()", name="b.ipynb", folder=folder)
    command = [sys.executable, "-m", "nbledger.cli", "--ledger", str(project), "pipeline", "run"]
    both = [
        subprocess.Popen([*command, name], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for name in ("one", "two")
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    with closing(Ledger.open(project, create=False)) as ledger:
        assert ledger.doctor() == []
        assert sorted(run.name for run in pipeline_runs(ledger)) == ["one", "two"]
        assert {len(ledger.children(run.id)) for run in pipeline_runs(ledger)} == {2}


def test_a_dependency_that_only_the_run_shows_is_told_afterwards(project, write_notebook, fresh_ledger):
    (project / "helper.py").write_text("def path():\n    return ''.join(['x', '.t', 'xt'])\n")
    (project / "x.txt").write_text("old")
    write_notebook("import helper\nopen('b.txt', 'w')\nopen(helper.path()).read()", name="a_reads.ipynb")
    write_notebook("import helper\nopen('c.txt', 'w')\nopen(helper.path(), 'w').write('new')", name="b_writes.ipynb")
    done = run_pipeline(project, ledger=fresh_ledger)
    assert done.status == "finished"
    assert done.notes == (
        "a_reads reads x.txt, which b_writes writes; that was not known before it ran: run the pipeline again.",
    )
    again = run_pipeline(project, ledger=fresh_ledger)
    assert ([step.name for step in again.steps], again.notes) == (["b_writes", "a_reads"], ())


def test_the_best_run_is_promoted_when_the_gates_let_it_and_told_when_they_do_not(project, write_notebook):
    write_notebook(
        "from sklearn.dummy import DummyClassifier\nfrom sklearn.metrics import accuracy_score\nX, y = [[0], [1]], [0, 1]",
        "%%track fit\nmodel = DummyClassifier(strategy='constant', constant=1).fit(X, y)\n"
        "accuracy = accuracy_score(y, model.predict(X))",
        name="train.ipynb",
    )
    text = (
        "steps:\n  train: {{notebook: train.ipynb}}\npromote: {{model: m, best: accuracy}}\ngates: [accuracy >= {0}]\n"
    )
    (project / "pipeline.yaml").write_text(text.format(0.9))
    refused = cli("pipeline", "run", cwd=project)
    assert refused.returncode == 3, refused.stderr
    assert "m@champion is not promoted: metric did not pass" in refused.stdout
    assert "refused" in told("status")
    (project / "pipeline.yaml").write_text(text.format(0.5))
    done = cli("pipeline", "run", "--json", cwd=project)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [step["status"] for step in answer["steps"]] == ["cached"]
    assert answer["promoted"]["text"] == "@champion is version 1 of m"
    with closing(Ledger.open(project, create=False)) as ledger:
        assert ledger.aliases("m") == {"champion": 1}
    (project / "pipeline.yaml").write_text(text.format(0.5).replace("best: accuracy", "best: nosuch"))
    assert "no run of this pipeline has nosuch" in told("run")


def test_the_verbs_tell_of_a_pipeline_in_words(chain):
    graph = told("graph")
    assert "double  double.ipynb\n  after make: reads a.txt, by its code\n  writes b.txt" in graph
    assert not (chain / ".nbledger").exists()
    assert 's0 -.->|"a.txt"| s1' in told("graph", "--mermaid")
    assert "project was never run in this ledger: nbledger pipeline run ." in told("status")
    assert "project: of 3 steps 3 would run" in told("plan")
    run = cli("pipeline", "run", cwd=chain)
    assert run.returncode == 0, run.stderr
    assert "make    running\n" in run.stderr
    assert "make    finished in " in run.stderr
    assert "pipeline project: finished in" in run.stdout
    assert "project: of 3 steps 3 would be taken from earlier runs" in told("plan")
    assert '"make" -> "double" [label="a.txt"];' in told("graph", "--dot")
    status = json.loads(told("status", "--json"))
    assert [(step["name"], step["status"]) for step in status["steps"]] == [
        (name, "finished") for name in ("make", "double", "tell")
    ]
    assert "3 of 3" in told("status", "--all")
    assert "no such file or folder" in told("run", "nowhere")
