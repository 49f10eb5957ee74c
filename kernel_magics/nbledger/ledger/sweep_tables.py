"""The tables of sweeps: what was planned, who tried it, how that ended, and who is at it now; as SQL.

`docs/schema.md` says what each column means. All rows are facts that never change, but for `lease`: it says who is at
work at present, is renewed as a heartbeat is, and is not merged.
"""

from __future__ import annotations

SWEEPS = (
    """CREATE TABLE sweep (
        run INTEGER PRIMARY KEY REFERENCES run(key),
        spec TEXT NOT NULL
    )""",
    """CREATE TABLE trial (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        run INTEGER NOT NULL REFERENCES run(key),
        number INTEGER NOT NULL,
        params TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX trial_number ON trial(run, number)",
    """CREATE TABLE attempt (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        trial INTEGER NOT NULL REFERENCES trial(key),
        worker TEXT NOT NULL,
        started_at REAL NOT NULL
    )""",
    "CREATE INDEX attempt_trial ON attempt(trial)",
    """CREATE TABLE attempt_end (
        attempt INTEGER PRIMARY KEY REFERENCES attempt(key),
        ended_at REAL NOT NULL,
        outcome TEXT NOT NULL,
        run TEXT,
        detail TEXT NOT NULL
    )""",
    """CREATE TABLE lease (
        name TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        host TEXT NOT NULL,
        boot_id TEXT NOT NULL,
        pid INTEGER NOT NULL,
        process_started REAL NOT NULL,
        beat_at REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE VIEW trials AS
    SELECT t.id AS trial_id, s.id AS sweep_id, t.number, t.params,
        coalesce(e.status, CASE WHEN r.key IS NULL THEN 'planned' ELSE 'running' END) AS status,
        (SELECT count(*) FROM attempt a WHERE a.trial = t.key) AS attempts, e.duration
    FROM trial t JOIN run s ON s.key = t.run LEFT JOIN run r ON r.id = t.id LEFT JOIN run_end e ON e.run = r.key""",
)
