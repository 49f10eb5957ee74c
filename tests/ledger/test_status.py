"""A run's status is derived from its end and from whether its process lives."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from nbledger.ledger import Ledger, current_process
from nbledger.ledger import liveness as lives

from .conftest import add_run, make_session


def status(ledger, **session):
    found = make_session(**session)
    ledger.start_session(found)
    return ledger.run(add_run(ledger, found.id, status=None)).status


def test_a_run_of_this_process_is_running(ledger):
    assert status(ledger) == "running"


def test_a_session_whose_start_was_written_since_the_epoch_is_this_process_too(ledger):
    import psutil

    assert status(ledger, process_started=psutil.Process().create_time()) == "running"


@pytest.mark.parametrize(
    "session",
    [
        {"pid": 2**22 + 1},
        {"boot_id": "another boot"},
        {"process_started": 12345.0},
        {"pid": 1, "process_started": -1.0},
    ],
    ids=["pid gone", "rebooted", "pid taken by another", "pid of init"],
)
def test_a_run_of_a_dead_process_is_interrupted(ledger, session):
    assert status(ledger, **session) == "interrupted"


def test_a_run_without_an_end_of_an_ended_session_is_interrupted(ledger):
    session = make_session()
    ledger.start_session(session)
    run = add_run(ledger, session.id, status=None)
    ledger.end_session(session.id)
    assert ledger.run(run).status == "interrupted"
    assert [found.id for found in ledger.runs("status = 'interrupted'")] == [run]
    assert len(ledger.runs("status = 'running'")) == 0
    assert ledger.database.rows("SELECT status FROM runs") == [("interrupted",)]


def test_a_session_on_another_host_is_judged_by_its_heartbeat(ledger):
    session = make_session(host="elsewhere")
    ledger.start_session(session)
    run = add_run(ledger, session.id, status=None)
    assert ledger.run(run).status == "running"
    beat = ledger.folder / "sessions" / session.id
    old = time.time() - lives.HEARTBEAT_SECONDS - 1
    os.utime(beat, (old, old))
    assert Ledger.open(ledger.root).run(run).status == "interrupted"
    ledger.heartbeat(session.id)
    assert Ledger.open(ledger.root).run(run).status == "running"
    beat.unlink()
    assert Ledger.open(ledger.root).run(run).status == "interrupted"
    ledger.heartbeat(session.id)
    assert beat.exists()


def test_a_process_is_known_while_it_lives_and_not_after():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = lives.process_started(child.pid)
        mine = current_process()
        process = lives.Process(mine.host, mine.boot_id, child.pid, started)
        assert lives.is_alive(process, None)
        assert not lives.is_alive(process._replace(started=started - 1), None)
    finally:
        child.communicate(b"\n")
    assert not lives.is_alive(process, None)


def test_a_zombie_is_dead():
    child = subprocess.Popen([sys.executable, "-c", ""])
    for _ in range(500):
        if lives.process_started(child.pid) is None:
            break
        time.sleep(0.01)
    assert lives.process_started(child.pid) is None
    child.wait()


def test_a_run_that_ended_keeps_its_status_when_its_process_dies(ledger):
    session = make_session(pid=2**22 + 1)
    ledger.start_session(session)
    assert ledger.run(add_run(ledger, session.id)).status == "finished"
