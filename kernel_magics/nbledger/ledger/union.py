"""The union of two ledgers as SQL: `main` takes in what `other` has.

Keys differ between ledgers, so each table that others refer to has a map of (old, new) keys by id or hash. Statements
that mention `:first` and `:last` work on a chunk of the other's runs.
"""

from __future__ import annotations

_SESSION = (
    "id, frontend, host, boot_id, pid, process_started, user, python, platform, nbledger, started_at, notebook, folder"
)
_VERSION = "hash, kind, exactness, type_name, shape, nbytes"
_ROW_SET = "hash, count, distinct_rows, repeated, rich, sampled, hashes"


def _map(name: str, table: str, by: str) -> tuple[str, ...]:
    return (
        f"CREATE TEMP TABLE IF NOT EXISTS map_{name} (old INTEGER PRIMARY KEY, new INTEGER)",
        f"""INSERT OR REPLACE INTO temp.map_{name} SELECT o.key, m.key FROM other.{table} o
        JOIN main.{table} m ON m.{by} = o.{by}""",
    )


#: What runs refer to.
BASE = (
    "INSERT OR IGNORE INTO main.label (text) SELECT text FROM other.label ORDER BY key",
    """INSERT OR IGNORE INTO main.source (hash, text) SELECT hash, text FROM other.source
    WHERE same_text(text, hash) ORDER BY key""",
    f"INSERT OR IGNORE INTO main.session ({_SESSION}) SELECT {_SESSION} FROM other.session ORDER BY key",
    """INSERT OR IGNORE INTO main.environment (hash, python, platform, packages)
    SELECT hash, python, platform, packages FROM other.environment ORDER BY key""",
    f"INSERT OR IGNORE INTO main.version ({_VERSION}) SELECT {_VERSION} FROM other.version ORDER BY key",
    "INSERT OR IGNORE INTO main.object SELECT hash, size, created_at FROM other.object",
    """INSERT OR IGNORE INTO main.deletion (id, run, event, seq, time, who)
    SELECT id, run, event, seq, time, who FROM other.deletion ORDER BY key""",
    f"INSERT OR IGNORE INTO main.row_set ({_ROW_SET}) SELECT {_ROW_SET} FROM other.row_set ORDER BY key",
    *_map("label", "label", "text"),
    *_map("source", "source", "hash"),
    *_map("session", "session", "id"),
    *_map("environment", "environment", "hash"),
    *_map("version", "version", "hash"),
    *_map("row_set", "row_set", "hash"),
    """INSERT OR IGNORE INTO main.row_column SELECT s.new, c.name, c.ranks FROM other.row_column c
    JOIN temp.map_row_set s ON s.old = c.row_set""",
    """INSERT OR IGNORE INTO main.session_end SELECT s.new, e.ended_at FROM other.session_end e
    JOIN temp.map_session s ON s.old = e.session""",
    """INSERT OR IGNORE INTO main.session_environment
    SELECT s.new, e.seq, n.new, e.time, e.git_commit, e.git_branch, e.git_dirty, d.new, e.variables
    FROM other.session_environment e JOIN temp.map_session s ON s.old = e.session
    JOIN temp.map_environment n ON n.old = e.environment LEFT JOIN temp.map_source d ON d.old = e.git_diff""",
    """INSERT OR IGNORE INTO main.version_column SELECT v.new, c.position, c.name, c.dtype, c.hash, c.profile
    FROM other.version_column c JOIN temp.map_version v ON v.old = c.version""",
    """INSERT OR IGNORE INTO main.stored_version SELECT v.new, s.object, s.format, s.size, s.trusted
    FROM other.stored_version s JOIN temp.map_version v ON v.old = s.version""",
)

#: Maps that are filled as runs and model versions are added.
MAPS = (
    "CREATE TEMP TABLE map_run (old INTEGER PRIMARY KEY, new INTEGER)",
    "CREATE TEMP TABLE map_run_now (old INTEGER PRIMARY KEY, new INTEGER)",
    "CREATE TEMP TABLE map_model_version (old INTEGER PRIMARY KEY, new INTEGER)",
    "CREATE TEMP TABLE changed_run (run INTEGER PRIMARY KEY)",
)

_DELETED = """EXISTS (SELECT 1 FROM {0}.deletion d WHERE d.run = o.id AND d.event = 'delete' AND NOT EXISTS (
    SELECT 1 FROM {0}.deletion l WHERE l.run = d.run AND (l.seq, l.time, l.id) > (d.seq, d.time, d.id)))"""
#: A deleted run does not come; but one that was deleted there, and stays there as a registered version, does.
_COMES = f"""(NOT {_DELETED.format("main")} OR (
    EXISTS (SELECT 1 FROM other.model_version v WHERE v.run = o.key) AND {_DELETED.format("other")}))"""
_NOW = "JOIN temp.map_run_now r ON r.old = o.run"
_NAMED = f"{_NOW} JOIN temp.map_label n ON n.old = o.name"


def _latest(table: str, columns: str, wins: str) -> tuple[str, ...]:
    """Return the union of a table of latest values and of the earlier values beside it."""
    rows = f"FROM other.{table} o {_NAMED}"
    if table == "param":
        rows += " JOIN temp.map_label g ON g.old = o.origin"
    both = f"{rows} JOIN main.{table} p ON p.run = r.new AND p.name = n.new"
    earlier = rows.replace(f"other.{table} o", f"other.{table}_earlier o")
    ours = columns.replace("g.new", "p.origin").replace("r.new", "p.run").replace("n.new", "p.name").replace("o.", "p.")
    loses = wins.replace("o.", "x.").replace("p.", "o.").replace("x.", "p.")
    return (
        f"INSERT OR IGNORE INTO main.{table}_earlier SELECT {columns} {earlier}",
        f"INSERT OR IGNORE INTO temp.changed_run SELECT p.run {both} WHERE {wins}",
        f"INSERT OR IGNORE INTO main.{table}_earlier SELECT {ours} {both} WHERE {wins}",
        f"INSERT OR IGNORE INTO main.{table}_earlier SELECT {columns} {both} WHERE {loses}",
        f"""INSERT OR REPLACE INTO main.{table} SELECT {columns} {rows}
        LEFT JOIN main.{table} p ON p.run = r.new AND p.name = n.new WHERE p.run IS NULL OR {wins}""",
    )


#: One chunk of runs and all that hangs on them.
RUNS = (
    "DELETE FROM temp.changed_run",
    f"""INSERT OR IGNORE INTO main.run (id, session, kind, started_at, name, experiment, parent, notebook, cell_id,
        position, source, tracked)
    SELECT o.id, s.new, o.kind, o.started_at, o.name, o.experiment, o.parent, o.notebook, o.cell_id, o.position, c.new,
        o.tracked
    FROM other.run o JOIN temp.chosen h ON h.id = o.id JOIN temp.map_session s ON s.old = o.session
    LEFT JOIN temp.map_source c ON c.old = o.source
    WHERE o.key BETWEEN :first AND :last AND {_COMES} ORDER BY o.key""",
    """INSERT INTO temp.map_run_now SELECT o.key, m.key FROM other.run o JOIN temp.chosen h ON h.id = o.id
    JOIN main.run m ON m.id = o.id WHERE o.key BETWEEN :first AND :last""",
    "INSERT INTO temp.map_run SELECT old, new FROM temp.map_run_now",
    f"""INSERT OR IGNORE INTO main.run_end SELECT r.new, o.ended_at, o.duration, o.status, o.error_type,
        o.error_message, o.error_traceback FROM other.run_end o {_NOW}""",
    """DELETE FROM main.open_run WHERE run IN (SELECT new FROM temp.map_run_now)
    AND run IN (SELECT run FROM main.run_end)""",
    """INSERT OR IGNORE INTO main.open_run SELECT new FROM temp.map_run_now
    WHERE NOT EXISTS (SELECT 1 FROM main.run_end e WHERE e.run = new)""",
    f"""INSERT OR IGNORE INTO main.used SELECT r.new, o.name, o.role, v.new, o.time FROM other.used o {_NOW}
    JOIN temp.map_version v ON v.old = o.version""",
    f"""INSERT OR IGNORE INTO main.generated
    SELECT r.new, o.name, o.role, v.new, o.derived, o.time FROM other.generated o {_NOW}
    JOIN temp.map_version v ON v.old = o.version""",
    f"INSERT OR IGNORE INTO main.opaque SELECT r.new, o.reason FROM other.opaque o {_NOW}",
    f"""INSERT OR IGNORE INTO main.metric_step SELECT r.new, n.new, o.seq, o.step, o.value, o.time
    FROM other.metric_step o {_NAMED}""",
    f"""INSERT OR IGNORE INTO temp.changed_run SELECT p.run FROM other.metric o {_NAMED}
    JOIN main.metric p ON p.run = r.new AND p.name = n.new WHERE o.count > p.count""",
    f"""INSERT OR REPLACE INTO main.metric SELECT r.new, n.new, o.value, o.step, o.time, o.count
    FROM other.metric o {_NAMED} LEFT JOIN main.metric p ON p.run = r.new AND p.name = n.new
    WHERE p.run IS NULL OR o.count > p.count""",
    f"""INSERT OR IGNORE INTO main.metric_basis SELECT r.new, n.new, o.seq, o.role, v.new
    FROM other.metric_basis o {_NAMED} JOIN temp.map_version v ON v.old = o.version""",
    *_latest("param", "r.new, n.new, o.value, o.type, g.new, o.is_default, o.seq", "o.seq > p.seq"),
    *_latest("tag", "r.new, n.new, o.value, o.time, o.seq", "(o.seq, o.time, o.value) > (p.seq, p.time, p.value)"),
    f"INSERT OR IGNORE INTO main.note SELECT r.new, o.time, o.seq, o.text FROM other.note o {_NOW}",
    f"""INSERT OR IGNORE INTO main.artifact (run, name, object, size, media_type, version)
    SELECT r.new, o.name, o.object, o.size, o.media_type, v.new FROM other.artifact o {_NOW}
    LEFT JOIN temp.map_version v ON v.old = o.version ORDER BY o.key""",
    f"""INSERT OR IGNORE INTO main.call SELECT r.new, o.number, o.kind, o.function, o.type_name, o.fit, o.name, o.value,
        o.facts FROM other.call o {_NOW}""",
    f"""INSERT OR IGNORE INTO main.call_value SELECT r.new, o.number, o.seq, o.role, o.name, s.new, c.new, o.through,
        o.made_by, v.new, o.object, o.size FROM other.call_value o {_NOW}
    LEFT JOIN temp.map_row_set s ON s.old = o.row_set LEFT JOIN temp.map_row_set c ON c.old = o.content
    LEFT JOIN temp.map_version v ON v.old = o.version""",
    f"INSERT OR IGNORE INTO main.sweep SELECT r.new, o.spec FROM other.sweep o {_NOW}",
    f"""INSERT OR IGNORE INTO main.trial (id, run, number, params) SELECT o.id, r.new, o.number, o.params
    FROM other.trial o {_NOW} ORDER BY o.key""",
    """INSERT OR IGNORE INTO main.attempt (id, trial, worker, started_at) SELECT o.id, m.key, o.worker, o.started_at
    FROM other.attempt o JOIN other.trial t ON t.key = o.trial JOIN temp.map_run_now r ON r.old = t.run
    JOIN main.trial m ON m.id = t.id ORDER BY o.key""",
    """INSERT OR IGNORE INTO main.attempt_end SELECT m.key, e.ended_at, e.outcome, e.run, e.detail
    FROM other.attempt_end e JOIN other.attempt o ON o.key = e.attempt JOIN other.trial t ON t.key = o.trial
    JOIN temp.map_run_now r ON r.old = t.run JOIN main.attempt m ON m.id = o.id""",
)

#: Ended runs of the chunk whose packed row is missing or out of date.
TO_REPACK = """SELECT r.new FROM temp.map_run_now r JOIN main.run_end e ON e.run = r.new
    LEFT JOIN main.pack k ON k.run = r.new
    LEFT JOIN (SELECT p.old AS run, json_array_length(s.names, '$[0]') AS params,
        json_array_length(s.names, '$[1]') AS metrics, json_array_length(s.names, '$[2]') AS tags
        FROM temp.map_run_now p JOIN main.pack q ON q.run = p.new JOIN main.shape s ON s.key = q.shape) c
    ON c.run = r.old
    WHERE r.new IN (SELECT run FROM temp.changed_run)
    OR coalesce(c.params, 0) <> (SELECT count(*) FROM main.param WHERE run = r.new)
    OR coalesce(c.metrics, 0) <> (SELECT count(*) FROM main.metric WHERE run = r.new)
    OR coalesce(c.tags, 0) <> (SELECT count(*) FROM main.tag WHERE run = r.new)"""

REGISTRY = (
    """INSERT OR IGNORE INTO main.alias_event (id, model, alias, model_version, seq, time, who, reason, run)
    SELECT o.id, n.key, o.alias, v.new, o.seq, o.time, o.who, o.reason, o.run
    FROM other.alias_event o JOIN other.model m ON m.key = o.model JOIN main.model n ON n.name = m.name
    LEFT JOIN temp.map_model_version v ON v.old = o.model_version
    WHERE o.model_version IS NULL OR v.new IS NOT NULL ORDER BY o.key""",
    """INSERT OR IGNORE INTO main.promotion (id, model, model_version, alias, outcome, predecessor, run, version,
        artifact, slice, time, who, reason, alias_event)
    SELECT o.id, o.model, v.new, o.alias, o.outcome, o.predecessor, o.run, o.version, o.artifact, o.slice, o.time,
        o.who, o.reason, o.alias_event
    FROM other.promotion o LEFT JOIN temp.map_model_version v ON v.old = o.model_version
    WHERE o.model_version IS NULL OR v.new IS NOT NULL ORDER BY o.key""",
    """INSERT OR IGNORE INTO main.gate_result
    SELECT n.key, g.seq, g.gate, g.status, g.detail, g.value, g.threshold, g.options
    FROM other.gate_result g JOIN other.promotion o ON o.key = g.promotion JOIN main.promotion n ON n.id = o.id""",
    """INSERT OR IGNORE INTO main.approval (id, model, version, event, seq, time, who, note)
    SELECT id, model, version, event, seq, time, who, note FROM other.approval ORDER BY key""",
    """INSERT OR IGNORE INTO main.model_tag (id, model, model_version, name, value, time, who, seq)
    SELECT o.id, n.key, v.new, o.name, o.value, o.time, o.who, o.seq
    FROM other.model_tag o JOIN other.model m ON m.key = o.model JOIN main.model n ON n.name = m.name
    LEFT JOIN temp.map_model_version v ON v.old = o.model_version
    WHERE o.model_version IS NULL OR v.new IS NOT NULL ORDER BY o.key""",
    """INSERT OR IGNORE INTO main.model_artifact SELECT v.new, o.name, o.object, o.size, o.media_type, o.time
    FROM other.model_artifact o JOIN temp.map_model_version v ON v.old = o.model_version""",
)
