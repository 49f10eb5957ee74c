"""What goes on in a ledger: runs of other processes as they begin and end, and sweeps."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from nbledger.ledger import FilterError, sweeps
from nbledger.ledger.following import Following
from nbledger.ledger.liveness import current_process
from nbledger.pipeline.watching import watched
from nbledger.records import Facts, Metric, Param, RunEnd, RunStart, Session, new_id

OTHER = """
import sys
import nbledger
with nbledger.start_run("outer", experiment="next door"):
    with nbledger.start_run("inner"):
        nbledger.metric("loss", 0.5)
        print("started", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def other(fresh_ledger):
    """Another process with two runs under way; a line on its input ends it."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER], cwd=fresh_ledger.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "started\n"
        yield process
        if process.poll() is None:
            process.communicate("\n", timeout=30)


def until(holds, seconds=20.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)


def test_runs_of_another_process_stand_below_those_they_are_inside_of(fresh_ledger, other):
    found = watched(fresh_ledger)
    assert [(one.title, one.depth, one.run.status) for one in found.running] == [
        ("outer", 0, "running"), ("inner", 1, "running"),
    ]  # fmt: skip
    until(lambda: watched(fresh_ledger).running[1].metrics == "loss=0.5")  # written about a second later
    assert f"pid {other.pid}" in found.running[0].where
    assert "2 running" in found.text()
    json.dumps(found.to_dict())


def test_runs_of_a_killed_process_are_running_no_longer(fresh_ledger, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    found = watched(fresh_ledger)
    assert found.running == ()
    assert [(one.title, one.run.status, one.took) for one in found.ended] == [
        ("inner", "interrupted", None), ("outer", "interrupted", None),
    ]  # fmt: skip


def test_ended_runs_are_listed_the_last_first_and_a_filter_chooses(fresh_ledger, add_run):
    for name, value in (("a", 0.1), ("b", 0.9), ("c", 0.8)):
        add_run(name, metrics={"f1": value})
    add_run("untracked", tracked=False)
    assert [one.title for one in watched(fresh_ledger, limit=2).ended] == ["c", "b"]
    assert [one.title for one in watched(fresh_ledger, "metrics.f1 > 0.5").ended] == ["c", "b"]
    assert watched(fresh_ledger, experiment="elsewhere").ended == ()
    with pytest.raises(FilterError):
        watched(fresh_ledger, "metrics.f1 >")


def test_an_untracked_cell_of_the_one_who_looks_is_left_out(fresh_ledger):
    session = session_here()
    fresh_ledger.start_session(session)
    start = RunStart(new_id(), session.id, "cell", time.time(), source="%ledger watch")
    fresh_ledger.start_run(start)
    assert [one.title for one in watched(fresh_ledger).running] == ["%ledger watch"]
    assert watched(fresh_ledger, but_session=session.id).running == ()


def test_a_sweep_tells_of_its_trials_and_they_are_not_listed_again(fresh_ledger):
    sweep = sweep_under_way(fresh_ledger)
    found = watched(fresh_ledger)
    assert (found.running, found.ended) == ((), ())
    [one] = found.sweeps
    assert (one.id, one.status) == (sweep, "running")
    text = found.text()
    assert "[########................] 1/3" in text
    assert "best f1=0.5 (trial 0: C=1)" in text
    assert "1 of 3 trials are over" in found.head


def session_here():
    process = current_process()
    return Session(
        id=new_id(), frontend="test", host=process.host, boot_id=process.boot_id, pid=process.pid,
        process_started=process.started, user="ada", python="3.11", platform="linux", nbledger="0",
        started_at=time.time(),
    )  # fmt: skip


def sweep_under_way(ledger):
    """Record a sweep of three trials: one finished, one running, one to do."""
    session = session_here()
    ledger.start_session(session)
    start = RunStart(new_id(), session.id, "sweep", time.time(), name="n", experiment="e", tracked=True)
    spec = {"notebook": "a.ipynb", "metric": "f1", "minimize": False, "trials": 3, "space": {"strategy": "grid"}}
    sweeps.plan(ledger, start, spec, [{"C": 1}, {"C": 2}, {"C": 3}])
    sweeps.lead(ledger, start.id)
    for number, trial in enumerate(sweeps.trials(ledger, start.id)[:2]):
        begun = RunStart(trial.id, session.id, "trial", time.time(), parent=start.id, experiment="e", tracked=True)
        attempt = new_id()
        sweeps.begin_attempt(ledger, begun, Facts(params=(Param("C", 1),)), attempt, "worker", current_process())
        if number == 0:
            end = RunEnd(trial.id, time.time(), 1.0, "finished")
            sweeps.end_attempt(ledger, attempt, "finished", end=end, facts=Facts(metrics=(Metric("f1", 0.5),)))
    return start.id


# -- following ------------------------------------------------------------------------------------------------------


def test_following_calls_when_another_process_has_written_and_not_otherwise(fresh_ledger, other):
    calls = []
    following = Following(fresh_ledger, lambda: calls.append(threading.current_thread().name))
    following.start()
    try:
        until(lambda: is_quiet(calls))
        before = len(calls)
        other.communicate("\n", timeout=30)
        until(lambda: len(calls) > before)
        assert set(calls) == {"nbledger"}
    finally:
        following.stop()
    following.join(10)
    assert not following.is_alive


def is_quiet(calls):
    """Whether no call comes for as long as three looks take."""
    before = len(calls)
    time.sleep(1.5)
    return before and len(calls) == before


def test_following_calls_again_after_a_while_where_that_is_asked_for_and_ends_when_told(fresh_ledger):
    calls = []
    following = Following(fresh_ledger, lambda: calls.append(1) or len(calls) < 3, idle=lambda: 0.0)
    following.start()
    following.join(10)
    assert len(calls) == 3


def test_following_goes_on_when_the_ledger_was_replaced(fresh_ledger, tmp_path):
    from nbledger.ledger import Ledger

    calls = []
    following = Following(fresh_ledger, lambda: calls.append(len(fresh_ledger.runs())))
    following.start()
    try:
        until(lambda: calls)
        with_run = Ledger.open(tmp_path / "other")
        session = session_here()
        with_run.start_session(session)
        with_run.start_run(RunStart(new_id(), session.id, "cell", time.time()))
        with_run.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        with_run.close()
        with_run.path.replace(fresh_ledger.path)
        until(lambda: calls[-1] == 1)
    finally:
        following.stop()
        following.join(10)
