"""Reading what was recorded about one run."""

from __future__ import annotations

import json
from typing import Any

from nbledger.ledger.runs import Reader
from nbledger.ledger.values import decode
from nbledger.records import (
    Artifact,
    Basis,
    Column,
    Edge,
    Environment,
    GitState,
    Metric,
    Param,
    Session,
    StoredVersion,
    Version,
)

_ENVIRONMENT = """SELECT n.hash, n.python, n.platform, n.packages, e.git_commit, e.git_branch, e.git_dirty, c.text,
    e.variables
    FROM run r JOIN session_environment e ON e.session = r.session
    JOIN environment n ON n.key = e.environment LEFT JOIN source c ON c.key = e.git_diff
    WHERE r.key = ?
    ORDER BY e.time > r.started_at, CASE WHEN e.time > r.started_at THEN e.seq ELSE -e.seq END LIMIT 1"""


def edges(reader: Reader, table: str, run: int) -> list[Edge]:
    """Return the versions that a run `used` or `generated`."""
    derived = "u.derived" if table == "generated" else "0"
    rows = reader.database.rows(
        f"""SELECT v.hash, u.name, u.role, {derived}, u.time FROM {table} u JOIN version v ON v.key = u.version
        WHERE u.run = ?""",
        (run,),
    )
    return [Edge(hash, name, role, bool(derived), time) for hash, name, role, derived, time in rows]


def params(reader: Reader, run: int) -> list[Param]:
    """Return a run's params, by name."""
    rows = reader.database.rows(
        """SELECT l.text, p.value, p.type, o.text, p.is_default FROM param p JOIN label l ON l.key = p.name
        JOIN label o ON o.key = p.origin WHERE p.run = ? ORDER BY l.text""",
        (run,),
    )
    return [Param(name, decode(value, type), origin, bool(default)) for name, value, type, origin, default in rows]


def metrics(reader: Reader, run: int) -> list[Metric]:
    """Return all values of a run's metrics, by name and then in the order they were recorded."""
    rows = reader.database.rows(
        """SELECT l.text, coalesce(s.seq, 0), s.step, CASE WHEN s.seq IS NULL THEN m.value ELSE s.value END,
            coalesce(s.time, m.time)
        FROM metric m JOIN label l ON l.key = m.name
        LEFT JOIN metric_step s ON s.run = m.run AND s.name = m.name
        WHERE m.run = ? ORDER BY l.text, s.seq""",
        (run,),
    )
    bases: dict[tuple[str, int], list[Basis]] = {}
    for name, seq, role, version in reader.database.rows(
        """SELECT l.text, b.seq, b.role, v.hash FROM metric_basis b JOIN label l ON l.key = b.name
        JOIN version v ON v.key = b.version WHERE b.run = ?""",
        (run,),
    ):
        bases.setdefault((name, seq), []).append(Basis(role, version))
    return [
        Metric(name, float("nan") if value is None else value, step, at, tuple(bases.get((name, seq), ())))
        for name, seq, step, value, at in rows
    ]


def artifacts(reader: Reader, run: int) -> list[Artifact]:
    """Return a run's artifacts in the order they were recorded."""
    rows = reader.database.rows(
        """SELECT a.name, a.object, a.size, a.media_type, v.hash FROM artifact a
        LEFT JOIN version v ON v.key = a.version WHERE a.run = ? ORDER BY a.key""",
        (run,),
    )
    return [Artifact(*row) for row in rows]


def tags(reader: Reader, run: int) -> dict[str, str]:
    """Return a run's tags."""
    rows = reader.database.rows(
        "SELECT l.text, t.value FROM tag t JOIN label l ON l.key = t.name WHERE t.run = ? ORDER BY l.text", (run,)
    )
    return dict(rows)


def notes(reader: Reader, run: int) -> list[str]:
    """Return a run's notes in the order they were written."""
    return [row[0] for row in reader.database.rows("SELECT text FROM note WHERE run = ? ORDER BY time, seq", (run,))]


def environment(reader: Reader, run: int) -> tuple[Environment, GitState | None] | None:
    """Return the environment and Git state that held when a run started, else the first of its session."""
    for hash, python, platform, packages, commit, branch, dirty, diff, variables in reader.database.rows(
        _ENVIRONMENT, (run,)
    ):
        git = GitState(commit, branch, bool(dirty), diff) if commit else None
        given = None if variables is None else json.loads(variables)
        return Environment(hash, python, platform, json.loads(packages), given), git
    return None


def version(reader: Reader, key: int) -> Version:
    """Return the version of this key with its columns."""
    ((hash, kind, exactness, type_name, shape, nbytes),) = reader.database.rows(
        "SELECT hash, kind, exactness, type_name, shape, nbytes FROM version WHERE key = ?", (key,)
    )
    columns = reader.database.rows(
        "SELECT name, dtype, hash, profile FROM version_column WHERE version = ? ORDER BY position", (key,)
    )
    return Version(
        hash=hash,
        kind=kind,
        exactness=exactness,
        type_name=type_name,
        shape=None if shape is None else tuple(json.loads(shape)),
        nbytes=nbytes,
        schema=tuple(Column(row[0], row[1], row[2], json.loads(row[3]) if row[3] else None) for row in columns),
    )


def stored(reader: Reader, hash: str) -> list[StoredVersion]:
    """Return where a version's content is kept, in each of its forms, a trusted one first."""
    rows: list[Any] = reader.database.rows(
        """SELECT v.hash, s.object, s.format, s.size, s.trusted
        FROM stored_version s JOIN version v ON v.key = s.version
        WHERE v.hash = ? ORDER BY s.trusted DESC, s.object""",
        (hash,),
    )
    return [StoredVersion(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


def session(reader: Reader, key: int) -> Session:
    """Return the session of this key."""
    (row,) = reader.database.rows(
        """SELECT id, frontend, host, boot_id, pid, process_started, user, python, platform, nbledger, started_at,
        notebook, folder FROM session WHERE key = ?""",
        (key,),
    )
    return Session(*row)
