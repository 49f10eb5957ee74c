"""The ledger's views: what one would want to type in plain SQL. `docs/schema.md` describes them."""

from __future__ import annotations

_ISO = "strftime('%Y-%m-%dT%H:%M:%fZ', {0}, 'unixepoch')"
_TYPE = "CASE p.type WHEN 0 THEN 'null' WHEN 1 THEN 'bool' WHEN 2 THEN 'int' WHEN 3 THEN 'float' ELSE 'str' END"
_EDGE = """SELECT r.id AS run_id, '{0}' AS direction, u.name, u.role, v.hash AS version, v.kind, v.exactness
    FROM {0} u JOIN run r ON r.key = u.run JOIN version v ON v.key = u.version"""

_DATED_EDGE = """SELECT r.id AS run_id, '{0}' AS direction, u.name, u.role, v.hash AS version, v.kind, v.exactness,
    {1} AS derived, {2} AS modified_at, s.id AS session, r.key AS run
    FROM {0} u JOIN run r ON r.key = u.run JOIN version v ON v.key = u.version JOIN session s ON s.key = r.session"""

VIEWS = (
    """CREATE VIEW deleted_run AS
    SELECT r.key AS run, d.run AS run_id, d.time, d.who
    FROM deletion d JOIN run r ON r.id = d.run
    WHERE d.event = 'delete' AND NOT EXISTS (
        SELECT 1 FROM deletion l WHERE l.run = d.run AND (l.seq, l.time, l.id) > (d.seq, d.time, d.id))""",
    f"""CREATE VIEW runs AS
    SELECT r.id AS run_id, r.name, r.kind,
        coalesce(e.status, CASE WHEN z.session IS NULL THEN 'running' ELSE 'interrupted' END) AS status,
        r.experiment, {_ISO.format("r.started_at")} AS started_at, {_ISO.format("e.ended_at")} AS ended_at,
        e.duration, r.tracked, r.parent, r.notebook, r.cell_id, r.position, s.id AS session,
        e.error_type, e.error_message, c.text AS source, r.key AS run
    FROM run r JOIN session s ON s.key = r.session
    LEFT JOIN run_end e ON e.run = r.key
    LEFT JOIN session_end z ON z.session = r.session
    LEFT JOIN source c ON c.key = r.source
    WHERE r.key NOT IN (SELECT run FROM deleted_run)""",
    f"""CREATE VIEW params AS
    SELECT r.id AS run_id, n.text AS name, p.value, {_TYPE} AS type, o.text AS origin, p.is_default
    FROM param p JOIN run r ON r.key = p.run JOIN label n ON n.key = p.name JOIN label o ON o.key = p.origin""",
    f"""CREATE VIEW metrics AS
    SELECT r.id AS run_id, n.text AS name, m.value, m.step, {_ISO.format("m.time")} AS time, m.count
    FROM metric m JOIN run r ON r.key = m.run JOIN label n ON n.key = m.name""",
    f"""CREATE VIEW metric_steps AS
    SELECT r.id AS run_id, n.text AS name, m.seq, m.step, m.value, {_ISO.format("m.time")} AS time
    FROM metric_step m JOIN run r ON r.key = m.run JOIN label n ON n.key = m.name""",
    """CREATE VIEW metric_bases AS
    SELECT r.id AS run_id, n.text AS name, b.seq, b.role, v.hash AS version, v.kind
    FROM metric_basis b JOIN run r ON r.key = b.run JOIN label n ON n.key = b.name
    JOIN version v ON v.key = b.version""",
    """CREATE VIEW tags AS
    SELECT r.id AS run_id, n.text AS name, t.value
    FROM tag t JOIN run r ON r.key = t.run JOIN label n ON n.key = t.name""",
    """CREATE VIEW artifacts AS
    SELECT r.id AS run_id, a.name, a.object, a.size, a.media_type, v.hash AS version
    FROM artifact a JOIN run r ON r.key = a.run LEFT JOIN version v ON v.key = a.version""",
    f"CREATE VIEW lineage AS {_EDGE.format('used')} UNION ALL {_EDGE.format('generated')}",
    f"""CREATE VIEW model_versions AS
    SELECT m.name AS model, v.number, r.id AS run_id, c.hash AS version,
        {_ISO.format("v.created_at")} AS created_at, v.created_by
    FROM model_version v JOIN model m ON m.key = v.model JOIN run r ON r.key = v.run
    JOIN version c ON c.key = v.version""",
    f"""CREATE VIEW alias_history AS
    SELECT m.name AS model, a.alias, v.number, {_ISO.format("a.time")} AS time, a.who, a.reason, a.run AS run_id, a.seq
    FROM alias_event a JOIN model m ON m.key = a.model LEFT JOIN model_version v ON v.key = a.model_version""",
    """CREATE VIEW current_alias AS
    SELECT m.name AS model, a.alias, v.number, a.time, a.who
    FROM alias_event a JOIN model m ON m.key = a.model JOIN model_version v ON v.key = a.model_version
    WHERE NOT EXISTS (SELECT 1 FROM alias_event l WHERE l.model = a.model AND l.alias = a.alias
        AND (l.seq, l.time, l.id) > (a.seq, a.time, a.id))""",
)

LINEAGE_VIEW = (
    "DROP VIEW lineage",
    f"""CREATE VIEW lineage AS {_DATED_EDGE.format("used", "0", _ISO.format("u.time"))}
    UNION ALL {_DATED_EDGE.format("generated", "u.derived", _ISO.format("u.time"))}""",
)
