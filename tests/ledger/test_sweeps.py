"""What the ledger knows of sweeps: plans, attempts and leases, merged and removed with their runs."""

from __future__ import annotations

import json
import time

import pytest

from nbledger.ledger import Ledger, NotFound, sweeps
from nbledger.ledger.liveness import Process, current_process
from nbledger.ledger.sweeps import SweepBusy
from nbledger.records import Facts, Metric, Param, RunEnd, RunStart, new_id

from .conftest import make_session


def begun(session, kind="trial", id=None, parent=None):
    return RunStart(id or new_id(), session, kind, time.time(), name="n", experiment="e", parent=parent, tracked=True)


@pytest.fixture
def sweep(ledger):
    """A sweep of three trials: the first finished at its second attempt, the second is under way."""
    session = make_session()
    ledger.start_session(session)
    start = begun(session.id, "sweep")
    sweeps.plan(ledger, start, {"notebook": "a.ipynb"}, [{"C": 1}, {"C": 2.5}, {"C": "x"}])
    first, second, _ = sweeps.trials(ledger, start.id)
    run = begun(session.id, id=first.id, parent=start.id)
    params = Facts(params=(Param("C", 1),))
    assert sweeps.begin_attempt(ledger, run, params, "a" * 32, "worker 1", current_process()) == 1
    sweeps.end_attempt(ledger, "a" * 32, "lost", detail="it was killed")
    assert sweeps.begin_attempt(ledger, run, params, "b" * 32, "worker 2", None) == 2
    end = RunEnd(first.id, time.time(), 1.0, "finished")
    sweeps.end_attempt(ledger, "b" * 32, "finished", run="c" * 32, end=end, facts=Facts(metrics=(Metric("m", 0.5),)))
    run = begun(session.id, id=second.id, parent=start.id)
    sweeps.begin_attempt(ledger, run, Facts(), "d" * 32, "worker 1", current_process())
    return start.id


def rows(ledger, *tables):
    return {table: ledger.database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}


def test_a_trial_is_done_when_an_attempt_ended_otherwise_than_lost(ledger, sweep):
    assert [(one.number, one.params, one.done) for one in sweeps.trials(ledger, sweep)] == [
        (0, {"C": 1}, True), (1, {"C": 2.5}, False), (2, {"C": "x"}, False),
    ]  # fmt: skip
    assert [one.id for one in sweeps.open_attempts(ledger, sweep)] == ["d" * 32]
    first = ledger.run(sweeps.trials(ledger, sweep)[0].id)
    assert (first.kind, first.status, first.params, first.metrics) == ("trial", "finished", {"C": 1}, {"m": 0.5})
    statuses = ledger.database.rows("SELECT number, status, attempts, params FROM trials ORDER BY number")
    assert [(number, status, attempts) for number, status, attempts, _ in statuses] == [
        (0, "finished", 2), (1, "running", 1), (2, "planned", 0),
    ]  # fmt: skip
    assert json.loads(statuses[2][3]) == {"C": "x"}


def test_an_attempt_ends_once(ledger, sweep):
    sweeps.end_attempt(ledger, "b" * 32, "lost", detail="late")
    assert sweeps.trials(ledger, sweep)[0].done


def test_a_sweep_has_one_leader_at_a_time(ledger, sweep):
    sweeps.lead(ledger, sweep)
    sweeps.lead(ledger, sweep)
    me = current_process()

    def held_by(process, beat_at):
        with ledger.database.write() as connection:
            connection.execute("DELETE FROM lease WHERE name = ?", (sweep,))
            row = (sweep, "x", *process, beat_at)
            connection.execute("INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    held_by(Process("elsewhere", "boot", 7, 1.0), time.time())
    with pytest.raises(SweepBusy, match="process 7 on elsewhere"):
        sweeps.lead(ledger, sweep)
    held_by(Process("elsewhere", "boot", 7, 1.0), time.time() - 120)
    sweeps.lead(ledger, sweep)
    held_by(me._replace(started=me.started - 50), time.time())  # another process that had our pid before
    sweeps.lead(ledger, sweep)
    assert sweeps.holder(ledger, sweep) == me
    sweeps.release(ledger, sweep)
    assert sweeps.holder(ledger, sweep) is None


def test_a_run_that_is_no_sweep_is_named(ledger, sweep):
    with pytest.raises(NotFound, match="No sweep"):
        sweeps.spec(ledger, sweeps.trials(ledger, sweep)[0].id)
    assert sweeps.spec(ledger, sweep) == {"notebook": "a.ipynb"}


def test_a_sweep_is_merged_once_however_often_and_leases_stay_behind(ledger, sweep, tmp_path):
    bundle = ledger.export_bundle(tmp_path / "s.zip", [sweep])
    with_it = Ledger.open(tmp_path / "other")
    for _ in range(2):
        with_it.import_bundle(bundle)
        with_it.merge(ledger)
        assert sweeps.trials(with_it, sweep) == sweeps.trials(ledger, sweep)
        assert rows(with_it, "sweep", "trial", "attempt", "attempt_end", "lease") == {
            "sweep": 1, "trial": 3, "attempt": 3, "attempt_end": 2, "lease": 0,
        }  # fmt: skip
    sweeps.end_attempt(ledger, "d" * 32, "stopped")
    with_it.merge(ledger)
    assert [one.done for one in sweeps.trials(with_it, sweep)] == [True, True, False]
    with_it.close()


def test_gc_removes_a_deleted_sweep_with_its_plan(ledger, sweep):
    trials = sweeps.trials(ledger, sweep)
    ledger.delete(trials[0].id)
    ledger.gc(dry_run=False)
    assert sweeps.trials(ledger, sweep)[0].done
    ledger.delete(sweep)
    ledger.gc(dry_run=False)
    assert rows(ledger, "sweep", "trial", "attempt", "attempt_end") == {
        "sweep": 0, "trial": 0, "attempt": 0, "attempt_end": 0,
    }  # fmt: skip
    assert ledger.database.rows("PRAGMA foreign_key_check") == []
