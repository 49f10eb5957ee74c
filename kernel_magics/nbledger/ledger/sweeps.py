"""Sweeps in the ledger: trials planned, attempts made, and who is at work.

Only the process that leads a sweep calls what writes here. Which trial still has to be done is always read from these
rows, so that it does not matter who was killed when: a trial is done when one of its attempts ended otherwise than by
losing its worker, and only that attempt counts.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from nbledger.ledger.errors import LedgerError, NotFound
from nbledger.ledger.liveness import Process, boot_id, current_process, process_started
from nbledger.records import Basis, Facts, Metric, RunEnd, RunStart, new_id

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

Outcome = Literal["finished", "failed", "stopped", "lost"]
#: A lease of a process on another machine that was not renewed for this long has lapsed.
LEASE_SECONDS = 60.0


class SweepBusy(LedgerError):
    """Another process leads this sweep now. Fields: sweep, holder."""

    template = "sweep {sweep} is under way ({holder}): wait for it, or end that process and resume"


@dataclass(frozen=True, slots=True)
class Trial:
    """A planned trial: the id that its run has or will have, its number from 0, and what it tries."""

    id: str
    number: int
    params: Mapping[str, Any]
    done: bool = False


class Open(NamedTuple):
    """An attempt without an end, with the trial that it is of."""

    id: str
    trial: str
    worker: str


def plan(ledger: Ledger, start: RunStart, spec: Mapping[str, Any], points: Iterable[Mapping[str, Any]]) -> None:
    """Begin a sweep: its run, what it was asked to do and all trials that are known ahead, in one transaction."""
    with ledger.database.write() as connection:
        ledger.start_run(start)
        key = _run_key(connection, start.id)
        connection.execute("INSERT INTO sweep VALUES (?, ?)", (key, json.dumps(dict(spec))))
        for number, params in enumerate(points):
            _insert_trial(connection, key, new_id(), number, params)


def add_trial(ledger: Ledger, sweep: str, params: Mapping[str, Any], id: str) -> Trial:
    """Plan one more trial, the next in number."""
    with ledger.database.write() as connection:
        key = _run_key(connection, sweep)
        query = "SELECT coalesce(max(number) + 1, 0) FROM trial WHERE run = ?"
        (number,) = connection.execute(query, (key,)).fetchone()
        _insert_trial(connection, key, id, number, params)
    return Trial(id, number, params)


def _insert_trial(connection: sqlite3.Connection, run: int, id: str, number: int, params: Mapping[str, Any]) -> None:
    connection.execute(
        "INSERT INTO trial (id, run, number, params) VALUES (?, ?, ?, ?)", (id, run, number, json.dumps(dict(params)))
    )


def spec(ledger: Ledger, sweep: str) -> dict[str, Any]:
    """Return what a sweep was asked to do. Raises `NotFound` for a run that is no sweep."""
    query = "SELECT s.spec FROM sweep s JOIN run r ON r.key = s.run WHERE r.id = ?"
    rows = ledger.database.rows(query, (sweep,))
    if not rows:
        raise NotFound(what="sweep", ref=sweep[:8], remedy="`nbledger sweeps` lists them")
    found: dict[str, Any] = json.loads(rows[0][0])
    return found


def trials(ledger: Ledger, sweep: str) -> list[Trial]:
    """Return a sweep's trials in the order of their numbers."""
    rows = ledger.database.rows(
        """SELECT t.id, t.number, t.params, EXISTS (SELECT 1 FROM attempt a JOIN attempt_end e ON e.attempt = a.key
            WHERE a.trial = t.key AND e.outcome <> 'lost')
        FROM trial t JOIN run r ON r.key = t.run WHERE r.id = ? ORDER BY t.number""",
        (sweep,),
    )
    return [Trial(id, number, json.loads(params), bool(done)) for id, number, params, done in rows]


def begin_attempt(
    ledger: Ledger, start: RunStart, facts: Facts, attempt: str, worker: str, held_by: Process | None
) -> int:
    """Record that a worker was given a trial, and return which attempt this is, from 1.

    The first one also begins the trial's run (`start`) and records what is known of it (`facts`).
    """
    with ledger.database.write() as connection:
        if connection.execute("SELECT 1 FROM run WHERE id = ?", (start.id,)).fetchone() is None:
            ledger.start_run(start)
            ledger.record(start.id, facts)
        connection.execute(
            "INSERT INTO attempt (id, trial, worker, started_at) SELECT ?, key, ?, ? FROM trial WHERE id = ?",
            (attempt, worker, time.time(), start.id),
        )
        _hold(connection, attempt, worker, held_by or Process("", "", 0, 0.0))
        query = "SELECT count(*) FROM attempt WHERE trial = (SELECT key FROM trial WHERE id = ?)"
        return int(connection.execute(query, (start.id,)).fetchone()[0])


def end_attempt(
    ledger: Ledger,
    attempt: str,
    outcome: Outcome,
    *,
    run: str | None = None,
    detail: str = "",
    end: RunEnd | None = None,
    facts: Facts | None = None,
) -> None:
    """Record how an attempt ended and, in the same transaction, the end of the trial's run where that is it."""
    with ledger.database.write() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO attempt_end SELECT key, ?, ?, ?, ? FROM attempt WHERE id = ?",
            (time.time(), outcome, run, detail, attempt),
        )
        connection.execute("DELETE FROM lease WHERE name = ?", (attempt,))
        if end is not None:
            ledger.end_run(end, facts)


def open_attempts(ledger: Ledger, sweep: str) -> list[Open]:
    """Return the attempts of a sweep that have no end."""
    rows = ledger.database.rows(
        """SELECT a.id, t.id, a.worker FROM attempt a JOIN trial t ON t.key = a.trial JOIN run r ON r.key = t.run
        LEFT JOIN attempt_end e ON e.attempt = a.key WHERE r.id = ? AND e.attempt IS NULL ORDER BY a.key""",
        (sweep,),
    )
    return [Open(*row) for row in rows]


# -- what trials measured ------------------------------------------------------------------------------------------

_INSIDE = "WITH RECURSIVE part(id) AS (VALUES (?) UNION ALL SELECT r.id FROM run r JOIN part ON r.parent = part.id)"
_LAST = f"""{_INSIDE} SELECT r.key, m.name, l.text, m.value, m.step, m.time, m.count FROM part
    JOIN run r ON r.id = part.id JOIN metric m ON m.run = r.key JOIN label l ON l.key = m.name
    WHERE r.kind <> 'trial' ORDER BY m.time, r.key"""
_BASIS = """SELECT b.role, v.hash FROM metric_basis b JOIN version v ON v.key = b.version
    WHERE b.run = ? AND b.name = ? AND b.seq = ?"""
_STEPS = f"""{_INSIDE} SELECT s.step, s.value FROM part JOIN run r ON r.id = part.id
    JOIN metric_step s ON s.run = r.key JOIN label l ON l.key = s.name
    WHERE l.text = ? AND s.value IS NOT NULL ORDER BY r.key, s.seq"""


def measured(ledger: Ledger, run: str) -> dict[str, Metric]:
    """Return the metrics recorded in a run and in the runs inside it, of each name the last one, with its basis.

    Trials inside it (those of a search in a cell) are left out.
    """
    found: dict[str, Metric] = {}
    for key, label, name, value, step, at, count in ledger.database.rows(_LAST, (run,)):
        basis = tuple(Basis(*row) for row in ledger.database.rows(_BASIS, (key, label, count - 1)))
        found[name] = Metric(name, float("nan") if value is None else value, step, at, basis)
    return found


def steps(ledger: Ledger, run: str, metric: str) -> list[tuple[int, float]]:
    """Return the (step, value) that a run and the runs inside it recorded of a metric, in order."""
    return [(int(step), float(value)) for step, value in ledger.database.rows(_STEPS, (run, metric))]


def attempts(ledger: Ledger, sweep: str) -> dict[str, tuple[int, str, str]]:
    """Return, by trial, how many attempts there were, the last one's worker, and its id if it is still open."""
    rows = ledger.database.rows(
        """SELECT t.id, a.worker, a.id, e.attempt FROM attempt a JOIN trial t ON t.key = a.trial
        JOIN run r ON r.key = t.run LEFT JOIN attempt_end e ON e.attempt = a.key WHERE r.id = ? ORDER BY a.key""",
        (sweep,),
    )
    found: dict[str, tuple[int, str, str]] = {}
    for trial, worker, attempt, ended in rows:
        count = found[trial][0] if trial in found else 0
        found[trial] = (count + 1, worker, attempt if ended is None else "")
    return found


# -- leases -------------------------------------------------------------------------------------------------------


def lead(ledger: Ledger, sweep: str) -> None:
    """Take the lead of a sweep for this process. Raises `SweepBusy` while another process has it."""
    process = current_process()
    with ledger.database.write() as connection:
        row = connection.execute(
            "SELECT host, boot_id, pid, process_started, beat_at FROM lease WHERE name = ?", (sweep,)
        )
        held = row.fetchone()
        if held is not None and Process(*held[:4]) != process and is_held(Process(*held[:4]), held[4]):
            raise SweepBusy(sweep=sweep[:8], holder=f"process {held[2]} on {held[0]}")
        _hold(connection, sweep, "the sweep's lead", process)


def beat(ledger: Ledger, names: Iterable[str]) -> None:
    """Renew leases: their holders live."""
    now = time.time()
    with ledger.database.write() as connection:
        connection.executemany("UPDATE lease SET beat_at = ? WHERE name = ?", [(now, name) for name in names])


def release(ledger: Ledger, name: str) -> None:
    """Give a lease back."""
    with ledger.database.write() as connection:
        connection.execute("DELETE FROM lease WHERE name = ?", (name,))


def holder(ledger: Ledger, name: str) -> Process | None:
    """Return the process that holds a lease, if it lives."""
    rows = ledger.database.rows(
        "SELECT host, boot_id, pid, process_started, beat_at FROM lease WHERE name = ?", (name,)
    )
    if not rows:
        return None
    process = Process(*rows[0][:4])
    return process if is_held(process, rows[0][4]) else None


def is_held(process: Process, beat_at: float) -> bool:
    """Tell whether the holder of a lease lives: by its process on this machine, else by its last sign of life."""
    if process.pid and process.host == platform.node() and process.boot_id == boot_id():
        started = process_started(process.pid)
        return started is not None and abs(started - process.started) < 0.1
    return time.time() - beat_at < LEASE_SECONDS


def _hold(connection: sqlite3.Connection, name: str, who: str, process: Process) -> None:
    connection.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?, ?)", (name, who, *process, time.time()))


def _run_key(connection: sqlite3.Connection, id: str) -> int:
    return int(connection.execute("SELECT key FROM run WHERE id = ?", (id,)).fetchone()[0])
