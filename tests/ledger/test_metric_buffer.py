"""Metrics logged one call at a time are written soon, in order, and completely."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from nbledger.ledger import Ledger, LedgerError
from nbledger.ledger.metric_buffer import FLUSH_POINTS, FLUSH_SECONDS, MetricBuffer

from .conftest import add_run


def test_values_arrive_without_a_flush(ledger, run):
    id = run(status=None)
    buffer = ledger.metric_buffer(id)
    for step in range(100):
        buffer.log("loss", 1.0 / (step + 1), step)
    deadline = time.monotonic() + 10
    while len(ledger.metrics(id)) < 100 and time.monotonic() < deadline:
        time.sleep(0.02)
    found = ledger.metrics(id)
    assert [metric.step for metric in found] == list(range(100))
    assert ledger.run(id).metrics == {"loss": 0.01}
    buffer.close()


def test_closing_writes_the_rest_and_steps_count_up(ledger, run):
    id = run(status=None)
    with ledger.metric_buffer(id) as buffer:
        for value in range(5):
            buffer.log("a", value)
        buffer.log("b", 1.0, time=123.0)
    found = [(metric.name, metric.step, metric.value) for metric in ledger.metrics(id)]
    assert found == [*(("a", step, float(step)) for step in range(5)), ("b", None, 1.0)]
    assert next(metric.time for metric in ledger.metrics(id) if metric.name == "b") == 123.0


def test_many_threads_lose_nothing(ledger, run):
    id = run(status=None)
    with ledger.metric_buffer(id) as buffer:
        threads = [
            threading.Thread(target=lambda name=name: [buffer.log(name, step, step) for step in range(2000)])
            for name in "abcd"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(ledger.metrics(id)) == 8000


def test_a_full_buffer_is_written_at_once():
    written = []
    done = threading.Event()

    def write(points):
        written.extend(points)
        done.set()

    buffer = MetricBuffer(write)
    begin = time.monotonic()
    for step in range(FLUSH_POINTS + 1):
        buffer.log("loss", 0.0, step)
    assert done.wait(10)
    assert time.monotonic() - begin < 5
    buffer.close()
    assert len(written) == FLUSH_POINTS + 1


def test_values_that_cannot_be_written_are_kept_and_closing_says_so():
    def write(points):
        raise LedgerError(detail="no room")

    buffer = MetricBuffer(write)
    buffer.log("loss", 0.0)
    time.sleep(FLUSH_SECONDS * 2)
    with pytest.raises(LedgerError, match="no room"):
        buffer.close()


def test_a_thousand_calls_cost_the_caller_little(ledger, run):
    buffer = ledger.metric_buffer(run(status=None))
    best = 1.0
    for _ in range(5):
        begin = time.perf_counter()
        for step in range(1000):
            buffer.log("loss", 0.5, step)
        best = min(best, time.perf_counter() - begin)
    buffer.close()
    assert best < 0.005


WRITER = """
import sys, time
from nbledger.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
buffer = ledger.metric_buffer(sys.argv[2])
step = 0
while True:
    buffer.log("at", time.time(), step)
    step += 1
    if step == 50:
        print("going", flush=True)
    time.sleep(0.001)
"""


@pytest.mark.fault
def test_a_killed_process_loses_only_its_last_moments(ledger, session, tmp_path):
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(WRITER))
    for wait in (0.35, 0.5, 0.63):
        run = add_run(ledger, session, status=None)
        child = subprocess.Popen([sys.executable, script, str(ledger.root), run], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(wait)
        os.kill(child.pid, signal.SIGKILL)
        killed = time.time()
        child.wait()
        child.stdout.close()
        found = ledger.metrics(run)
        assert [metric.step for metric in found] == list(range(len(found)))
        # 0.2 s of waiting, and on a busy machine some more for the thread to get its turn
        assert killed - found[-1].value < FLUSH_SECONDS + 0.5
        assert ledger.database.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.fault
def test_what_was_logged_is_written_when_the_interpreter_exits(ledger, session, tmp_path):
    run = add_run(ledger, session, status=None)
    code = "import sys; from nbledger.ledger import Ledger; b = Ledger.open(sys.argv[1]).metric_buffer(sys.argv[2])\n"
    code += "for i in range(10): b.log('a', i)"
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(ledger.root), run], check=True)
    assert len(ledger.metrics(run)) == 10
    assert Ledger.open(ledger.root).run(run).metrics == {"a": 9.0}
