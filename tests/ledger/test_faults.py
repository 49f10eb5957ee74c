"""What happens when processes are killed, disks are full and files vanish: each with the real thing."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nbledger.ledger import (
    Ledger,
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerReadOnly,
    NotFound,
    connection,
)
from nbledger.records import RunEnd, RunStart, new_id

from .conftest import add_run, make_facts, make_session

pytestmark = pytest.mark.fault

KILLS = int(os.environ.get("NBLEDGER_KILLS", "25"))
TESTS = str(Path(__file__).parent)

HEAD = """
import json, os, sys, time
from nbledger.ledger import Ledger, current_process
from nbledger.records import *
p = current_process()
def session():
    return Session(new_id(), "x", p.host, p.boot_id, p.pid, p.started, "", "", "", "", time.time())
def facts(i):
    return Facts(params=tuple(Param(f"p{j}", i + j) for j in range(5)), metrics=(Metric("m", i / 7),))
def one(ledger, s, i):
    run = new_id()
    ledger.start_run(RunStart(run, s.id, "cell", time.time(), source=f"x = {i}"))
    ledger.end_run(RunEnd(run, time.time(), 0.1, "finished"), facts(i))
    return run
"""


def start(code, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, **options
    )


def finish(processes):
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return outputs


def healthy(ledger):
    assert ledger.database.rows("PRAGMA integrity_check") == [("ok",)]
    assert ledger.database.rows("PRAGMA foreign_key_check") == []


def test_eight_processes_write_200_runs_each_and_none_is_lost(tmp_path):
    code = """
ledger = Ledger.open(sys.argv[1]); s = session(); ledger.start_session(s)
print(json.dumps([one(ledger, s, i) for i in range(200)]))
"""
    outputs = finish([start(code, tmp_path) for _ in range(8)])
    written = {run for output in outputs for run in json.loads(output)}
    ledger = Ledger.open(tmp_path)
    assert len(written) == 1600
    assert {run.id for run in ledger.runs()} == written
    assert {run.status for run in ledger.runs()} == {"finished"}
    assert all(len(run.params) == 5 for run in ledger.runs())
    assert ledger.doctor(fix=True) is not None
    healthy(ledger)


def test_sixteen_cold_starts_at_once_make_one_ledger(tmp_path):
    code = """
while not os.path.exists(sys.argv[2]): time.sleep(0.001)
ledger = Ledger.open(sys.argv[1]); s = session(); ledger.start_session(s)
print(one(ledger, s, 1))
"""
    for turn in range(2):
        root, flag = tmp_path / f"p{turn}", tmp_path / f"go{turn}"
        processes = [start(code, root, flag) for _ in range(16)]
        time.sleep(1.5)
        flag.touch()
        written = {output.strip() for output in finish(processes)}
        ledger = Ledger.open(root)
        assert {run.id for run in ledger.runs()} == written
        assert len(written) == 16
        assert ledger.database.rows("PRAGMA journal_mode") == [("wal",)]
        healthy(ledger)


def test_a_writer_killed_at_any_moment_damages_and_loses_nothing(tmp_path):
    code = """
ledger = Ledger.open(sys.argv[1]); s = session(); ledger.start_session(s)
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
print("ready", flush=True)
i = 0
while True:
    run = new_id()
    ledger.start_run(RunStart(run, s.id, "cell", time.time(), source=f"x = {i}"))
    os.write(log, f"{run} started\\n".encode())
    ledger.objects.put_bytes(os.urandom(2000))
    ledger.end_run(RunEnd(run, time.time(), 0.1, "finished"), facts(i))
    os.write(log, f"{run} finished\\n".encode())
    i += 1
"""
    chance = random.Random(1)
    log = tmp_path / "log"
    for _ in range(KILLS):
        child = start(code, tmp_path / "p", log)
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 0.05))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    said = {}
    for line in log.read_text().splitlines():
        whole = re.fullmatch(r"([0-9a-f]{32}) (started|finished)", line)  # a kill may tear the log's last line
        if whole is not None:
            said[whole[1]] = whole[2]
    ledger = Ledger.open(tmp_path / "p")
    healthy(ledger)
    found = {run.id: run for run in ledger.runs()}
    assert said
    assert set(said) <= set(found)
    for id, run in found.items():
        if said.get(id) == "finished":
            assert run.status == "finished"
            assert len(run.params) == 5
        assert run.status in ("finished", "interrupted")
    assert len(found) - len(said) <= KILLS
    interrupted = ledger.runs("status = 'interrupted'")
    assert all(run.params == {} for run in interrupted)
    assert len(interrupted) <= KILLS
    assert not [finding for finding in ledger.doctor(fix=True) if finding.level == "error"]


def test_a_lock_held_too_long_is_a_typed_error_and_nothing_is_written(ledger, session, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.3)
    slow = Ledger.open(ledger.root)
    holder = sqlite3.connect(ledger.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerLocked, match="another process"):
        add_run(slow, session)
    assert len(slow.runs()) == 0
    holder.execute("ROLLBACK")
    holder.close()
    add_run(slow, session)
    assert len(slow.runs()) == 1


def test_a_lock_held_for_a_moment_is_waited_for(ledger, session):
    holder = sqlite3.connect(ledger.path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, lambda: holder.execute("COMMIT"))
    timer.start()
    add_run(ledger, session)
    timer.join()
    holder.close()
    assert len(ledger.runs()) == 1


@contextlib.contextmanager
def mounted(folder, *options):
    """A file system of its own at `folder`; skips where mounting is not allowed."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(["mount", *options, folder], capture_output=True).returncode != 0:
        pytest.skip("mounting needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_a_typed_error_and_all_before_it_is_kept(tmp_path):
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=1500k", "tmpfs") as folder:
        ledger = Ledger.open(folder / "p")
        session = make_session()
        ledger.start_session(session)
        written = []
        with pytest.raises(LedgerFull, match="free disk space"):
            for index in range(10_000):
                written.append(add_run(ledger, session.id, {"text": str(index) * 500}))
        with pytest.raises(LedgerFull):
            ledger.objects.put_bytes(os.urandom(2_000_000))
        with ledger.objects.many() as put, pytest.raises(LedgerFull):
            put(os.urandom(2_000_000))
        assert list(ledger.objects.hashes()) == []
        assert list(ledger.objects.stray_files()) == []
        healthy(ledger)
        finished = {run.id for run in ledger.runs("status = 'finished'")}
        assert finished == set(written)
        ledger.close()


def test_a_limit_on_file_size_is_a_typed_error_too(tmp_path):
    code = """
import resource, signal
from nbledger.ledger import LedgerFull
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = Ledger.open(sys.argv[1]); s = session(); ledger.start_session(s)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
count = 0
try:
    while True:
        one(ledger, s, count); count += 1
except LedgerFull as error:
    print(count)
"""
    assert resource is not None
    (output,) = finish([start(code, tmp_path)])
    ledger = Ledger.open(tmp_path)
    assert ledger.count("status = 'finished'") == int(output)
    healthy(ledger)


def test_a_read_only_file_system_can_be_read_and_says_so_when_written(tmp_path):
    made = Ledger.open(tmp_path / "source")
    session = make_session()
    made.start_session(session)
    run = add_run(made, session.id, {"a": 1})
    open_one = add_run(made, session.id, status=None)
    made.close()
    with mounted(tmp_path / "ro", "--bind", str(tmp_path / "source")) as folder:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        ledger = Ledger.open(folder)
        assert ledger.run(run).params == {"a": 1}
        assert ledger.run(open_one).status == "running"
        assert len(ledger.runs("params.a = 1", order_by="params.a").to_frame()) == 1
        for write in (
            lambda: add_run(ledger, session.id),
            lambda: ledger.start_session(make_session()),
            lambda: ledger.objects.put_bytes(b"x"),
            lambda: ledger.merge(made),
            lambda: ledger.heartbeat(session.id),
        ):
            with pytest.raises(LedgerReadOnly, match="NBLEDGER_DIR"):
                write()
        assert ledger.doctor() == []
        ledger.close()
        with pytest.raises(LedgerError, match="NBLEDGER_DIR"):
            Ledger.open(folder / "new" / "place")


def test_a_file_where_the_folder_should_be_is_a_typed_error(tmp_path):
    (tmp_path / ".nbledger").write_text("I am in the way")
    with pytest.raises(LedgerError, match=str(tmp_path)):
        Ledger.open(tmp_path)


def test_a_corrupt_database_is_reported_and_never_overwritten(tmp_path):
    folder = tmp_path / ".nbledger"
    folder.mkdir()
    junk = os.urandom(50_000)
    (folder / "ledger.db").write_bytes(junk)
    for _ in range(2):
        with pytest.raises(LedgerCorrupt, match="nbledger doctor"):
            Ledger.open(tmp_path)
    assert (folder / "ledger.db").read_bytes() == junk


def test_damage_in_the_middle_is_a_typed_error_and_the_doctor_sees_it(ledger, session):
    for index in range(200):
        add_run(ledger, session, {"p": "x" * 300 + str(index)})
    ledger.close()
    data = bytearray(ledger.path.read_bytes())
    for page in range(len(data) // 8192, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = os.urandom(200)
    ledger.path.write_bytes(data)
    with pytest.raises(LedgerError, match="doctor"):
        damaged = Ledger.open(ledger.root)
        [damaged.run(run.id) for run in damaged.runs()]
        add_run(damaged, session)
    from nbledger.ledger.doctor import diagnose

    assert any(finding.level == "error" for finding in diagnose(ledger.root))


@pytest.mark.parametrize("remove", ["file", "folder"])
def test_a_ledger_deleted_under_a_running_process_is_made_again_with_what_goes_on(ledger, session, remove):
    before = add_run(ledger, session, {"a": 1})
    going = add_run(ledger, session, status=None, source="y = 2")
    if remove == "folder":
        shutil.rmtree(ledger.folder)
    else:
        for file in ledger.folder.glob("ledger.db*"):
            file.unlink()
    after = add_run(ledger, session, {"a": 2})
    ledger.end_run(RunEnd(going, time.time(), 1.0, "finished"), make_facts({"b": 3}))
    fresh = Ledger.open(ledger.root)
    assert {run.id for run in fresh.runs()} == {after, going}
    assert (fresh.run(going).params, fresh.run(going).source) == ({"b": 3}, "y = 2")
    with pytest.raises(NotFound):
        ledger.run(before)
    healthy(fresh)


def test_a_ledger_replaced_by_a_copy_is_used_from_then_on(ledger, session, tmp_path):
    add_run(ledger, session)
    copy = tmp_path / "copy.db"
    with contextlib.closing(sqlite3.connect(copy)) as target:
        ledger.database.connection().backup(target)
    add_run(ledger, session)
    for suffix in ("-wal", "-shm"):
        Path(f"{ledger.path}{suffix}").unlink(missing_ok=True)
    os.replace(copy, ledger.path)
    add_run(ledger, session)
    assert len(ledger.runs()) == len(Ledger.open(ledger.root).runs()) == 2


def test_threads_share_a_ledger(ledger, session):
    failures = []

    def work():
        try:
            for _ in range(50):
                run = add_run(ledger, session, {"a": 1})
                assert ledger.run(run).status == "finished"
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert ledger.count() == 400


def _in_child(ledger, session, queue):
    try:
        queue.put([add_run(ledger, session) for _ in range(20)])
    except BaseException as error:
        queue.put(repr(error))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_writes_through_connections_of_its_own(ledger, session):
    context = multiprocessing.get_context("fork")
    stop = threading.Event()
    mine = []

    def write():
        while not stop.is_set():
            mine.append(add_run(ledger, session))

    thread = threading.Thread(target=write)
    thread.start()
    queue = context.Queue()
    children = []
    for _ in range(4):
        child = context.Process(target=_in_child, args=(ledger, session, queue))
        child.start()
        children.append(child)
    theirs = [queue.get(timeout=60) for _ in children]
    stop.set()
    thread.join()
    for child in children:
        child.join()
    assert all(isinstance(found, list) for found in theirs), theirs
    assert {run.id for run in ledger.runs()} == {*mine, *(run for found in theirs for run in found)}
    healthy(ledger)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_outlives_its_parent_s_connection_loses_nothing(ledger, session, tmp_path):
    """The parent's last connection closes, which would remove the WAL were the child not holding a lock of its own."""
    add_run(ledger, session)
    ready, go, done = tmp_path / "ready", tmp_path / "go", tmp_path / "done"
    child = os.fork()
    if child == 0:
        try:
            add_run(ledger, session, id="c" * 32)
            ready.touch()
            while not go.exists():
                time.sleep(0.01)
            add_run(ledger, session, id="d" * 32)
            done.touch()
        finally:
            os._exit(0)
    while not ready.exists():
        time.sleep(0.01)
    ledger.close()
    with contextlib.closing(sqlite3.connect(ledger.path)) as stranger:
        stranger.execute("SELECT count(*) FROM run").fetchone()
    go.touch()
    os.waitpid(child, 0)
    assert done.exists()
    assert {"c" * 32, "d" * 32} <= {run.id for run in ledger.runs()}
    healthy(ledger)


def test_a_clock_set_back_breaks_nothing(ledger, session):
    now = time.time()
    first = new_id()
    ledger.start_run(RunStart(first, session, "cell", now))
    ledger.end_run(RunEnd(first, now - 7200, 12.5, "finished"))
    second = add_run(ledger, session, started_at=now - 3600)
    run = ledger.run(first)
    assert (run.duration, run.status) == (12.5, "finished")
    assert run.ended_at < run.started_at
    assert [found.id for found in ledger.runs()] == [first, second]
    assert ledger.doctor() == []


def test_a_file_system_without_wal_is_used_with_one_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "_NETWORK", frozenset({connection.file_system(tmp_path)}))
    with pytest.warns(connection.LedgerWarning, match="slower journal"):
        ledger = Ledger.open(tmp_path / "p")
    session = make_session()
    ledger.start_session(session)
    add_run(ledger, session.id, {"a": 1})
    assert ledger.database.rows("PRAGMA journal_mode") == [("delete",)]
    assert Ledger.open(tmp_path / "p").runs("params.a = 1")[0].status == "finished"
    assert any("journal mode" in finding.what for finding in ledger.doctor())
