"""The tables of calls that matter (fits, predictions, scores, splits) and of the rows that they worked on, as SQL.

`docs/schema.md` says what each column means. Findings such as leakage are computed from these, never stored.
"""

from __future__ import annotations

CALLS = (
    """CREATE TABLE row_set (
        key INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        count INTEGER NOT NULL,
        distinct_rows INTEGER NOT NULL,
        repeated INTEGER NOT NULL,
        rich INTEGER NOT NULL,
        sampled INTEGER NOT NULL,
        hashes BLOB NOT NULL
    )""",
    """CREATE TABLE row_column (
        row_set INTEGER NOT NULL REFERENCES row_set(key),
        name TEXT NOT NULL,
        ranks BLOB NOT NULL,
        PRIMARY KEY (row_set, name)
    ) WITHOUT ROWID""",
    """CREATE TABLE call (
        run INTEGER NOT NULL REFERENCES run(key),
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        function TEXT NOT NULL,
        type_name TEXT NOT NULL,
        fit INTEGER,
        name TEXT NOT NULL,
        value REAL,
        facts TEXT NOT NULL,
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE call_value (
        run INTEGER NOT NULL REFERENCES run(key),
        number INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        role TEXT NOT NULL,
        name TEXT NOT NULL,
        row_set INTEGER REFERENCES row_set(key),
        content INTEGER REFERENCES row_set(key),
        through TEXT NOT NULL,
        made_by INTEGER,
        version INTEGER REFERENCES version(key),
        object TEXT REFERENCES object(hash),
        size INTEGER NOT NULL,
        PRIMARY KEY (run, number, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX call_value_row_set ON call_value(row_set) WHERE row_set IS NOT NULL",
    "CREATE INDEX call_value_content ON call_value(content) WHERE content IS NOT NULL",
    "CREATE INDEX call_value_version ON call_value(version, role, run) WHERE version IS NOT NULL",
    "CREATE INDEX call_value_object ON call_value(object) WHERE object IS NOT NULL",
)
