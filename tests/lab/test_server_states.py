"""No ledger, an older or newer one, a locked, damaged or forbidden one: told calmly, and left as it is."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess

import pytest
from click.testing import CliRunner

from nbledger.cli import cli
from nbledger.ledger import Ledger, schema
from nbledger.ledger.errors import LedgerTooOld
from nbledger_lab.shelf import LOCKED_SECONDS
from tests.conftest import as_an_older_nbledger_left_it


@pytest.fixture
def database(project):
    return project.folder / ".nbledger" / "ledger.db"


@pytest.fixture
def look(ask, database):
    """What `about` says and what other routes answer, with the database's bytes before and after."""

    async def looked():
        before = hashlib.sha256(database.read_bytes()).digest() if database.is_file() else None
        about = await ask("about", path="copy")
        other = await ask("runs", path="copy")
        await ask("notebook", path="copy/train.ipynb")
        waited = await ask("changes", path="copy", wait=0)
        after = hashlib.sha256(database.read_bytes()).digest() if database.is_file() else None
        assert before == after
        assert about.status == waited.status == 200
        return about.data, other

    return looked


async def test_where_no_ledger_is_the_way_to_make_one_is_told_and_none_is_made(look, database):
    database.unlink()
    about, other = await look()
    assert (about["state"], about["ledger"]) == ("none", None)
    assert "%%track" in about["remedy"]
    assert (other.status, other.data["type"], other.data["state"]) == (404, "urn:nbledger:problem:no-ledger", "none")
    assert not database.exists()


async def test_an_older_ledger_is_not_brought_up_to_date_by_looking(look, database):
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version = {schema.VERSION - 1}")
    connection.close()
    about, other = await look()
    assert about["state"] == "older"
    assert other.status == 409 and other.data["state"] == "older"
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION - 1,)
    connection.close()


async def test_a_newer_ledger_asks_for_an_upgrade(look, database):
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    about, other = await look()
    assert about["state"] == "newer"
    assert "Upgrade nbledger" in about["remedy"]
    assert other.status == 409


@pytest.mark.parametrize("content", [b"this is no database at all" * 50, b"SQLite format 3\x00" + bytes(4000)])
async def test_a_damaged_ledger_is_left_alone(look, database, content):
    database.write_bytes(content)
    about, other = await look()
    assert about["state"] == "corrupt"
    assert "doctor" in about["remedy"]
    assert other.status == 409


async def test_an_empty_file_is_no_ledger_yet(look, database):
    database.write_bytes(b"")
    assert (await look())[0]["state"] == "none"
    assert database.read_bytes() == b""


async def test_another_programs_database_is_no_ledger(look, database):
    database.unlink()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    assert (await look())[0]["state"] == "corrupt"


async def test_a_folder_in_the_place_of_the_database_is_told(ask, database):
    database.unlink()
    database.mkdir()
    assert (await ask("about", path="copy")).data["state"] in ("corrupt", "unreadable")


@pytest.mark.fault
async def test_a_locked_ledger_is_told_soon_and_seen_again_when_it_is_free(ask, database):
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    about = (await ask("about", path="copy")).data
    assert about["state"] == "locked"
    busy = await ask("runs", path="copy")
    assert busy.status == 503
    assert busy.headers["Retry-After"]
    holder.execute("COMMIT")
    holder.close()
    await asyncio.sleep(LOCKED_SECONDS + 0.1)
    assert (await ask("about", path="copy")).data["state"] == "ok"
    assert (await ask("runs", path="copy")).status == 200


@contextlib.contextmanager
def unwritable(folder):
    """Take away the right to write to a folder: by its mode, and from root by mounting it on itself for reading."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode != 0:
        pytest.skip("root may write everywhere, and may not mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.fault
async def test_a_ledger_that_cannot_be_written_can_be_looked_at_until_it_can(ask, database):
    rights = {"read": True, "write": True, "promote": True}
    about = (await ask("about", path="copy")).data
    assert (about["state"], about["read_only"], about["may"]) == ("ok", False, rights)
    with unwritable(database.parent):
        about = (await ask("about", path="copy")).data
        assert (about["state"], about["read_only"]) == ("ok", True)
        assert about["may"] == {"read": True, "write": False, "promote": False}
        run = (await ask("runs", path="copy")).data["items"][0]["id"]
        refused = await ask(f"runs/{run}/delete", {}, path="copy")
        assert (refused.status, refused.data["type"]) == (403, "urn:nbledger:problem:read-only")
    about = (await ask("about", path="copy")).data
    assert (about["state"], about["read_only"], about["may"]) == ("ok", False, rights)
    assert (await ask(f"runs/{run}/delete", {}, path="copy")).status == 200


@pytest.mark.fault
async def test_an_older_ledger_that_cannot_be_written_is_told_with_a_remedy_that_works(ask, database, tmp_path):
    as_an_older_nbledger_left_it(database)
    assert "Run a cell" in (await ask("about", path="copy")).data["remedy"]
    with unwritable(database.parent):
        about = (await ask("about", path="copy")).data
        assert about["state"] == "older"
        assert "make the folder .nbledger writable, or copy it" in about["remedy"]
        assert "Run a cell" not in about["remedy"]
        assert (await ask("runs", path="copy")).data["remedy"] == about["remedy"]
        with pytest.raises(LedgerTooOld, match="make it writable, or copy its folder"):
            Ledger(database.parent)
        shutil.copytree(database.parent, tmp_path / "there" / ".nbledger")
    done = CliRunner().invoke(cli, ["--ledger", str(tmp_path / "there" / ".nbledger"), "doctor"])
    assert done.exit_code == 0, done.output
    with contextlib.closing(sqlite3.connect(tmp_path / "there" / ".nbledger" / "ledger.db")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    assert (await ask("about", path="copy")).data["state"] == "older"


async def test_a_ledger_that_is_replaced_under_the_server_is_read_anew(ask, project, database, add_run_to):
    assert (await ask("runs", path="copy")).data["total"] == 3
    for file in database.parent.glob("ledger.db*"):
        file.unlink()
    assert (await ask("about", path="copy")).data["state"] == "none"
    add_run_to(project)("new one")
    page = (await ask("runs", path="copy")).data
    assert [run["name"] for run in page["items"]] == ["new one"]


async def test_a_ledger_that_becomes_an_older_one_under_the_server_is_not_upgraded(ask, database):
    assert (await ask("runs", path="copy")).status == 200
    copy = database.read_bytes()
    for file in database.parent.glob("ledger.db*"):
        file.unlink()
    database.write_bytes(copy)
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version = {schema.VERSION - 1}")
    connection.close()
    assert (await ask("runs", path="copy")).status == 409
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION - 1,)
    connection.close()
