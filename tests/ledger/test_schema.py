"""The schema: made in two ways alike, upgraded, versioned, and documented to the last column."""

from __future__ import annotations

import itertools
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nbledger.ledger import Ledger, LedgerCorrupt, LedgerTooNew, schema
from nbledger.records import Facts, Param, RunEnd, Tag

from .conftest import add_run, make_session

DOCS = Path(__file__).parents[2] / "docs" / "schema.md"


def sql(connection):
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return [(kind, name, " ".join((text or "").split())) for kind, name, text in rows]


_open = []


def opened(path):
    """A plain connection that is closed after the test."""
    _open.append(sqlite3.connect(path, isolation_level=None))
    return _open[-1]


@pytest.fixture(autouse=True)
def _closed():
    yield
    while _open:
        _open.pop().close()


def made(steps):
    """A database as an nbledger that knew only these steps would have made it."""
    sqlite_utils = pytest.importorskip("sqlite_utils")
    connection = opened(":memory:")
    schema.migrations(steps).apply(sqlite_utils.Database(connection))
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    return connection


def saved(connection, path):
    path.parent.mkdir(parents=True)
    connection.backup(opened(path))
    _open.pop().close()


@pytest.mark.parametrize("moment", range(4))
def test_a_ledger_that_another_process_makes_while_we_look_is_not_called_damaged(tmp_path, moment):
    path = tmp_path / "ledger.db"
    looks = itertools.count()

    class Looking(sqlite3.Connection):
        def execute(self, *arguments):
            if next(looks) == moment:
                other = opened(path)
                other.execute("BEGIN IMMEDIATE")
                schema.create(other)
                other.execute("COMMIT")
            return super().execute(*arguments)

    connection = sqlite3.connect(path, isolation_level=None, factory=Looking)
    _open.append(connection)
    assert schema.state(connection, path) in (0, schema.VERSION)


def test_plain_sql_and_sqlite_utils_make_the_same_schema(ledger):
    assert sql(ledger.database.connection()) == sql(made(schema.STEPS))


def test_sqlite_utils_sees_a_new_ledger_s_migrations_as_applied(ledger):
    sqlite_utils = pytest.importorskip("sqlite_utils")
    db = sqlite_utils.Database(opened(ledger.path))
    assert [step.name for step in schema.migrations().applied(db)] == [step.name for step in schema.STEPS]
    assert schema.migrations().pending(db) == []


@pytest.mark.parametrize("known", range(1, schema.VERSION))
def test_an_older_ledger_is_upgraded_when_it_is_opened(tmp_path, ledger, known):
    path = tmp_path / "old" / ".nbledger" / "ledger.db"
    saved(made(schema.STEPS[:known]), path)
    old = Ledger.open(tmp_path / "old")
    assert sql(old.database.connection()) == sql(ledger.database.connection())
    session = make_session()
    old.start_session(session)
    add_run(old, session.id, {"a": 1})
    assert old.database.rows("PRAGMA user_version") == [(schema.VERSION,)]
    assert old.database.rows("PRAGMA journal_mode") == [("wal",)]


def test_threads_that_upgrade_at_once_do_not_meet(tmp_path):
    saved(made(schema.STEPS[:1]), tmp_path / "old" / ".nbledger" / "ledger.db")
    failures = []

    def upgraded():
        try:
            Ledger.open(tmp_path / "old").runs()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=upgraded) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_merging_an_older_ledger_upgrades_a_copy_and_leaves_it_alone(tmp_path, ledger):
    path = tmp_path / "old" / ".nbledger" / "ledger.db"
    saved(made(schema.STEPS[:1]), path)
    before = path.read_bytes()
    assert ledger.merge(tmp_path / "old").runs == 0
    assert path.read_bytes() == before


def test_a_newer_ledger_asks_for_an_upgrade_of_nbledger(tmp_path):
    path = tmp_path / "new" / ".nbledger" / "ledger.db"
    connection = made(schema.STEPS)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    saved(connection, path)
    before = path.read_bytes()
    with pytest.raises(LedgerTooNew, match="upgrade nbledger"):
        Ledger.open(tmp_path / "new")
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "x" / ".nbledger" / "ledger.db"
    connection = opened(":memory:")
    connection.execute("CREATE TABLE mine (a)")
    saved(connection, path)
    before = path.read_bytes()
    with pytest.raises(LedgerCorrupt, match="something else"):
        Ledger.open(tmp_path / "x")
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_ledger(tmp_path):
    path = tmp_path / "x" / ".nbledger" / "ledger.db"
    path.parent.mkdir(parents=True)
    path.touch()
    assert len(Ledger.open(tmp_path / "x").runs()) == 0


def test_the_header_says_what_the_file_is(ledger):
    assert ledger.database.rows("PRAGMA application_id") == [(schema.APPLICATION_ID,)]
    assert ledger.database.rows("PRAGMA journal_mode") == [("wal",)]
    assert ledger.database.rows("PRAGMA foreign_keys") == [(1,)]
    assert ledger.database.rows("PRAGMA synchronous") == [(1,)]


def documented():
    """Table or view name to column names, as `docs/schema.md` has them: `### name`, then a table of columns."""
    found = {}
    name = None
    for line in DOCS.read_text().splitlines():
        if heading := re.fullmatch(r"### `(\w+)`.*", line):
            name = heading[1]
            found[name] = []
        elif line.startswith("#"):
            name = None
        elif name and (row := re.match(r"\| `(\w+)` \|", line)):
            found[name].append(row[1])
    return found


def test_every_table_view_and_column_is_documented_and_nothing_else(ledger):
    real = {}
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    for (name,) in ledger.database.rows(query):
        real[name] = [row[1] for row in ledger.database.rows(f"PRAGMA table_info({name})")]
    assert documented() == real


def test_the_example_queries_of_the_docs_run(ledger):
    examples = re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        ledger.database.rows(example)


def test_no_list_or_sort_scans_a_large_table(ledger):
    """Each query that a list needs has an index to begin from."""
    queries = [
        "SELECT key FROM run ORDER BY started_at DESC LIMIT 20",
        "SELECT key FROM run WHERE tracked = 1 ORDER BY started_at DESC LIMIT 20",
        "SELECT key FROM run WHERE experiment = 'e' ORDER BY started_at DESC LIMIT 20",
        "SELECT key FROM run WHERE kind = 'cell' ORDER BY started_at DESC LIMIT 20",
        "SELECT key FROM run WHERE parent = 'p' ORDER BY started_at LIMIT 20",
        "SELECT key FROM run WHERE name IS NOT NULL ORDER BY name LIMIT 20",
        "SELECT run FROM run_end ORDER BY duration DESC LIMIT 20",
        "SELECT run FROM run_end ORDER BY ended_at DESC LIMIT 20",
        "SELECT run FROM metric WHERE name = 1 ORDER BY value DESC LIMIT 20",
        "SELECT run FROM used WHERE version = 1",
        "SELECT run FROM generated WHERE version = 1",
        "SELECT run FROM metric_basis WHERE version = 1 AND role = 'y_true'",
    ]
    for query in queries:
        plan = " / ".join(row[3] for row in ledger.database.rows("EXPLAIN QUERY PLAN " + query))
        assert "INDEX" in plan, (query, plan)
        assert "TEMP B-TREE" not in plan, (query, plan)


def test_recording_and_listing_never_import_heavy_libraries(tmp_path):
    code = """
import sys
from nbledger.ledger import Ledger, current_process
from nbledger.records import *
p = current_process()
ledger = Ledger.open(sys.argv[1])
ledger.start_session(Session("s" * 32, "x", p.host, p.boot_id, p.pid, p.started, "", "", "", "", 0.0))
ledger.start_run(RunStart("r" * 32, "s" * 32, "cell", 0.0, source="x"))
ledger.end_run(RunEnd("r" * 32, 1.0, 1.0, "finished"), Facts(params=(Param("a", 1),)))
assert ledger.runs("params.a = 1", order_by="params.a")[0].status == "finished"
heavy = {"sqlite_utils", "pandas", "numpy", "sklearn", "psutil", "IPython", "tempfile", "difflib", "zipfile"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_integrity_is_sound_with_a_row_in_every_corner(ledger, run):
    """SQLite 3.40 takes a WITHOUT ROWID table whose key is not its first columns for damaged."""
    id = run(status=None)
    ledger.record(id, Facts(params=(Param("p", 1), Param("q", None)), tags=(Tag("t", "a"),)))
    ledger.record(id, Facts(params=(Param("p", 2), Param("p", "x")), tags=(Tag("t", "b"),)))
    ledger.end_run(RunEnd(id, 2.0, 1.0, "finished"))
    assert ledger.database.rows("SELECT count(*) FROM param_earlier") != [(0,)]
    assert ledger.database.rows("SELECT count(*) FROM tag_earlier") != [(0,)]
    assert ledger.database.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_table_without_rowid_has_its_key_first(ledger):
    for name, _ in ledger.database.rows("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'"):
        columns = ledger.database.rows(f"PRAGMA table_info({name})")
        key = [column[1] for column in sorted(columns, key=lambda column: column[5]) if column[5]]
        assert [column[1] for column in columns][: len(key)] == key, name
