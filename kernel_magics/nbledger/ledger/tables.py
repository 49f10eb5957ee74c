"""The ledger's tables, as SQL. `docs/schema.md` says what each column means; a test keeps the two equal.

Rows have integer keys inside one ledger and text ids everywhere else, so that ledgers can be merged. Recorded facts
are never updated: a run's end is a row of its own, an alias moves by an event. The few tables that do change hold
nothing but what can be computed again from the others: `open_run`, `pack`, and the "latest value" rows of `param`,
`metric` and `tag`, whose earlier values are kept beside them.
"""

from __future__ import annotations

TRACKING = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE label (key INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    "CREATE TABLE source (key INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL)",
    """CREATE TABLE session (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        frontend TEXT NOT NULL,
        host TEXT NOT NULL,
        boot_id TEXT NOT NULL,
        pid INTEGER NOT NULL,
        process_started REAL NOT NULL,
        user TEXT NOT NULL,
        python TEXT NOT NULL,
        platform TEXT NOT NULL,
        nbledger TEXT NOT NULL,
        started_at REAL NOT NULL,
        notebook TEXT
    )""",
    "CREATE TABLE session_end (session INTEGER PRIMARY KEY REFERENCES session(key), ended_at REAL NOT NULL)",
    """CREATE TABLE environment (
        key INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        python TEXT NOT NULL,
        platform TEXT NOT NULL,
        packages TEXT NOT NULL
    )""",
    """CREATE TABLE session_environment (
        session INTEGER NOT NULL REFERENCES session(key),
        seq INTEGER NOT NULL,
        environment INTEGER NOT NULL REFERENCES environment(key),
        time REAL NOT NULL,
        git_commit TEXT,
        git_branch TEXT,
        git_dirty INTEGER,
        git_diff INTEGER REFERENCES source(key),
        PRIMARY KEY (session, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE run (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session INTEGER NOT NULL REFERENCES session(key),
        kind TEXT NOT NULL,
        started_at REAL NOT NULL,
        name TEXT,
        experiment TEXT,
        parent TEXT,
        notebook TEXT,
        cell_id TEXT,
        position INTEGER,
        source INTEGER REFERENCES source(key),
        tracked INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX run_started_at ON run(started_at)",
    "CREATE INDEX run_tracked ON run(started_at) WHERE tracked = 1",
    "CREATE INDEX run_kind ON run(kind, started_at)",
    "CREATE INDEX run_name ON run(name) WHERE name IS NOT NULL",
    "CREATE INDEX run_experiment ON run(experiment, started_at) WHERE experiment IS NOT NULL",
    "CREATE INDEX run_parent ON run(parent, started_at) WHERE parent IS NOT NULL",
    "CREATE INDEX run_notebook ON run(notebook, cell_id) WHERE notebook IS NOT NULL",
    "CREATE INDEX run_session ON run(session)",
    """CREATE TABLE run_end (
        run INTEGER PRIMARY KEY REFERENCES run(key),
        ended_at REAL NOT NULL,
        duration REAL NOT NULL,
        status TEXT NOT NULL,
        error_type TEXT,
        error_message TEXT,
        error_traceback TEXT
    )""",
    "CREATE INDEX run_end_ended_at ON run_end(ended_at)",
    "CREATE INDEX run_end_duration ON run_end(duration)",
    "CREATE INDEX run_end_status ON run_end(status)",
    "CREATE TABLE open_run (run INTEGER PRIMARY KEY REFERENCES run(key))",
    """CREATE TABLE version (
        key INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        exactness TEXT NOT NULL,
        type_name TEXT NOT NULL,
        shape TEXT,
        nbytes INTEGER
    )""",
    """CREATE TABLE version_column (
        version INTEGER NOT NULL REFERENCES version(key),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        dtype TEXT NOT NULL,
        hash TEXT NOT NULL,
        profile TEXT,
        PRIMARY KEY (version, position)
    ) WITHOUT ROWID""",
    """CREATE TABLE used (
        run INTEGER NOT NULL REFERENCES run(key),
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        version INTEGER NOT NULL REFERENCES version(key),
        PRIMARY KEY (run, name, role, version)
    ) WITHOUT ROWID""",
    "CREATE INDEX used_version ON used(version, run)",
    """CREATE TABLE generated (
        run INTEGER NOT NULL REFERENCES run(key),
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        version INTEGER NOT NULL REFERENCES version(key),
        PRIMARY KEY (run, name, role, version)
    ) WITHOUT ROWID""",
    "CREATE INDEX generated_version ON generated(version, run)",
    """CREATE TABLE param (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        value,
        type INTEGER NOT NULL,
        origin INTEGER NOT NULL REFERENCES label(key),
        is_default INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (run, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX param_value ON param(name, value, run)",
    """CREATE TABLE param_earlier (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        value,
        type INTEGER NOT NULL,
        origin INTEGER NOT NULL REFERENCES label(key),
        is_default INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (run, name, seq)
    )""",
    """CREATE TABLE metric (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        value REAL,
        step INTEGER,
        time REAL NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (run, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX metric_value ON metric(name, value, run)",
    """CREATE TABLE metric_step (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        seq INTEGER NOT NULL,
        step INTEGER NOT NULL,
        value REAL,
        time REAL NOT NULL,
        PRIMARY KEY (run, name, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE metric_basis (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        seq INTEGER NOT NULL,
        role TEXT NOT NULL,
        version INTEGER NOT NULL REFERENCES version(key),
        PRIMARY KEY (run, name, seq, role, version)
    ) WITHOUT ROWID""",
    "CREATE INDEX metric_basis_version ON metric_basis(version, role, run)",
    """CREATE TABLE tag (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        value TEXT NOT NULL,
        time REAL NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (run, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX tag_value ON tag(name, value, run)",
    """CREATE TABLE tag_earlier (
        run INTEGER NOT NULL REFERENCES run(key),
        name INTEGER NOT NULL REFERENCES label(key),
        value TEXT NOT NULL,
        time REAL NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (run, name, seq, time, value)
    )""",
    """CREATE TABLE note (
        run INTEGER NOT NULL REFERENCES run(key),
        time REAL NOT NULL,
        seq INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (run, time, seq, text)
    ) WITHOUT ROWID""",
    "CREATE TABLE object (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, created_at REAL NOT NULL) WITHOUT ROWID",
    """CREATE TABLE artifact (
        key INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run(key),
        name TEXT NOT NULL,
        object TEXT NOT NULL REFERENCES object(hash),
        size INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        version INTEGER REFERENCES version(key),
        UNIQUE (run, name, object)
    )""",
    "CREATE INDEX artifact_object ON artifact(object)",
    "CREATE INDEX artifact_version ON artifact(version) WHERE version IS NOT NULL",
    """CREATE TABLE stored_version (
        version INTEGER NOT NULL REFERENCES version(key),
        object TEXT NOT NULL REFERENCES object(hash),
        format TEXT NOT NULL,
        size INTEGER NOT NULL,
        trusted INTEGER NOT NULL,
        PRIMARY KEY (version, object)
    ) WITHOUT ROWID""",
    "CREATE INDEX stored_version_object ON stored_version(object)",
    """CREATE TABLE deletion (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        run TEXT NOT NULL,
        event TEXT NOT NULL,
        seq INTEGER NOT NULL,
        time REAL NOT NULL,
        who TEXT NOT NULL
    )""",
    "CREATE INDEX deletion_run ON deletion(run, seq, time, id)",
    "CREATE TABLE shape (key INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE)",
    """CREATE TABLE pack (
        run INTEGER PRIMARY KEY REFERENCES run(key),
        shape INTEGER NOT NULL REFERENCES shape(key),
        items TEXT NOT NULL,
        metrics BLOB NOT NULL
    )""",
)

LINEAGE = (
    "ALTER TABLE used ADD COLUMN time REAL",
    "ALTER TABLE generated ADD COLUMN derived INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE generated ADD COLUMN time REAL",
    "CREATE INDEX used_file ON used(name, run) WHERE role = 'file'",
    "CREATE INDEX generated_name ON generated(name, run)",
    """CREATE TABLE opaque (
        run INTEGER NOT NULL REFERENCES run(key),
        reason TEXT NOT NULL,
        PRIMARY KEY (run, reason)
    ) WITHOUT ROWID""",
)

REGISTRY = (
    "CREATE TABLE model (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at REAL NOT NULL)",
    """CREATE TABLE model_version (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        model INTEGER NOT NULL REFERENCES model(key),
        number INTEGER NOT NULL,
        run INTEGER NOT NULL REFERENCES run(key),
        version INTEGER NOT NULL REFERENCES version(key),
        created_at REAL NOT NULL,
        created_by TEXT NOT NULL,
        UNIQUE (model, number)
    )""",
    "CREATE INDEX model_version_run ON model_version(run)",
    "CREATE INDEX model_version_version ON model_version(version)",
    """CREATE TABLE alias_event (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        model INTEGER NOT NULL REFERENCES model(key),
        alias TEXT NOT NULL,
        model_version INTEGER REFERENCES model_version(key),
        seq INTEGER NOT NULL,
        time REAL NOT NULL,
        who TEXT NOT NULL,
        reason TEXT NOT NULL,
        run TEXT
    )""",
    "CREATE INDEX alias_event_model ON alias_event(model, alias, seq, time, id)",
    "CREATE INDEX alias_event_model_version ON alias_event(model_version)",
)

#: The environment variables that change results, as each session had them.
VARIABLES = ("ALTER TABLE session_environment ADD COLUMN variables TEXT",)
#: The folder in which each session's kernel was started, which relative paths in its cells start from.
SESSION_FOLDER = ("ALTER TABLE session ADD COLUMN folder TEXT",)
