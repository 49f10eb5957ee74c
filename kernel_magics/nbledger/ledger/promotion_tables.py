"""The tables of promotions, their gates and approvals, of what is said about models, and of the audit, as SQL.

`docs/schema.md` says what each column means. Every row is an event: none is ever updated or removed. Where a row
names a run or a version by its text id or hash, it can be kept and merged without what it names.
"""

from __future__ import annotations

_ISO = "strftime('%Y-%m-%dT%H:%M:%fZ', {0}, 'unixepoch')"

PROMOTION = (
    """CREATE TABLE audit (
        hash TEXT PRIMARY KEY,
        previous TEXT,
        merged TEXT,
        time REAL NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE promotion (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        model TEXT NOT NULL,
        model_version INTEGER REFERENCES model_version(key),
        alias TEXT,
        outcome TEXT NOT NULL,
        predecessor TEXT,
        run TEXT NOT NULL,
        version TEXT NOT NULL,
        artifact TEXT NOT NULL,
        slice TEXT,
        time REAL NOT NULL,
        who TEXT NOT NULL,
        reason TEXT NOT NULL,
        alias_event TEXT
    )""",
    "CREATE INDEX promotion_model ON promotion(model, time)",
    "CREATE INDEX promotion_model_version ON promotion(model_version) WHERE model_version IS NOT NULL",
    """CREATE TABLE gate_result (
        promotion INTEGER NOT NULL REFERENCES promotion(key),
        seq INTEGER NOT NULL,
        gate TEXT NOT NULL,
        status TEXT NOT NULL,
        detail TEXT NOT NULL,
        value,
        threshold,
        options TEXT NOT NULL,
        PRIMARY KEY (promotion, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE approval (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        model TEXT NOT NULL,
        version TEXT NOT NULL,
        event TEXT NOT NULL,
        seq INTEGER NOT NULL,
        time REAL NOT NULL,
        who TEXT NOT NULL,
        note TEXT NOT NULL
    )""",
    "CREATE INDEX approval_version ON approval(model, version, seq)",
    """CREATE TABLE model_tag (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        model INTEGER NOT NULL REFERENCES model(key),
        model_version INTEGER REFERENCES model_version(key),
        name TEXT NOT NULL,
        value TEXT,
        time REAL NOT NULL,
        who TEXT NOT NULL,
        seq INTEGER NOT NULL
    )""",
    "CREATE INDEX model_tag_model ON model_tag(model, model_version, name, seq)",
    """CREATE TABLE model_artifact (
        model_version INTEGER NOT NULL REFERENCES model_version(key),
        name TEXT NOT NULL,
        object TEXT NOT NULL REFERENCES object(hash),
        size INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        time REAL NOT NULL,
        PRIMARY KEY (model_version, name, object)
    ) WITHOUT ROWID""",
    "CREATE INDEX model_artifact_object ON model_artifact(object)",
    f"""CREATE VIEW promotions AS
    SELECT p.id AS promotion_id, p.model, v.number, p.alias, p.outcome, b.number AS predecessor, p.run AS run_id,
        p.version, p.artifact, p.slice, {_ISO.format("p.time")} AS time, p.who, p.reason
    FROM promotion p LEFT JOIN model_version v ON v.key = p.model_version
    LEFT JOIN model_version b ON b.id = p.predecessor""",
    """CREATE VIEW gate_results AS
    SELECT p.id AS promotion_id, p.model, p.alias, g.seq, g.gate, g.status, g.detail, g.value, g.threshold, g.options
    FROM gate_result g JOIN promotion p ON p.key = g.promotion""",
)
