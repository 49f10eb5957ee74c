"""Whatever goes wrong with the ledger, the user's cell is unharmed, and one clear line says what was not recorded."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nbledger.ledger import Ledger

if TYPE_CHECKING:
    from tests.notebook.conftest import CellOutput, Kernel

KILLS = int(os.environ.get("NBLEDGER_TEST_KILLS", "12"))


def lines_of_ours(output: CellOutput) -> list[str]:
    return [line for line in output.stderr.splitlines() if line.startswith("nbledger:")]


def assert_unharmed(kernel: Kernel) -> list[str]:
    """Run two tracked cells; both must work, and nbledger may say one line in all."""
    first = kernel.run("%%track\nanswer = 6 * 7\nanswer")
    second = kernel.run("%%track\nanswer + 1")
    assert first.error is None and second.error is None
    assert first.result == {"text/plain": "42"}
    assert second.result == {"text/plain": "43"}
    said = lines_of_ours(first) + lines_of_ours(second)
    assert len(said) <= 1, said
    return said


def test_a_file_where_the_ledger_folder_should_be(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("not a folder")
    kernel.run(f"%ledger use {str(tmp_path / 'blocked' / 'inside')!r}")
    (said,) = assert_unharmed(kernel)
    assert "not recorded" in said


def test_a_corrupt_database_is_left_alone_and_said_once(own_kernel: Kernel) -> None:
    own_kernel.run("x = 1")
    database = own_kernel.folder / ".nbledger" / "ledger.db"
    for path in database.parent.glob("ledger.db*"):
        path.unlink()
    database.write_bytes(b"this is no database" * 1000)
    (said,) = assert_unharmed(own_kernel)
    assert "nbledger doctor" in said
    assert database.read_bytes().startswith(b"this is no database")


def test_a_deleted_ledger_is_made_anew_and_recording_goes_on(own_kernel: Kernel) -> None:
    own_kernel.run("x = 1")
    shutil.rmtree(own_kernel.folder / ".nbledger")
    assert_unharmed(own_kernel)
    own_kernel.run("%%track after\ny = 2")
    assert "after" in [run.name for run in Ledger.open(own_kernel.folder).runs(tracked=True)]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk(own_kernel: Kernel, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small file system")
    try:
        own_kernel.run(f"%ledger use {str(small)!r}")
        own_kernel.run("x = 1")
        filler = small / "filler"
        file = os.open(filler, os.O_CREAT | os.O_WRONLY)
        with pytest.raises(OSError, match="No space"):
            while True:
                os.write(file, os.urandom(4096))
        os.close(file)
        (said,) = assert_unharmed(own_kernel)
        assert "not recorded" in said
        filler.unlink()
        output = own_kernel.run("%%track roomy\nz = 1")
        assert any("recording again" in line for line in lines_of_ours(output))
        assert "roomy" in [run.name for run in Ledger.open(small).runs(tracked=True)]
    finally:
        own_kernel.run("%unload_ext nbledger")
        subprocess.run(["umount", "-l", str(small)], check=False)


def test_a_locked_ledger_does_not_stop_the_cell(own_kernel: Kernel) -> None:
    own_kernel.run("x = 1")
    blocker = sqlite3.connect(own_kernel.folder / ".nbledger" / "ledger.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        output = own_kernel.run("%%track\nanswer = 6 * 7\nanswer", timeout=120)
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert output.result == {"text/plain": "42"}
    assert len(lines_of_ours(output)) == 1


@pytest.mark.parametrize(
    "value",
    [
        "(i for i in range(3))",
        "open('file.txt', 'w')",
        "__import__('threading').Lock()",
        "lambda: undefined",
        "type('Evil', (), {'__eq__': lambda s, o: 1 / 0, '__hash__': None, '__repr__': lambda s: 1 / 0})()",
        "type('Unpicklable', (), {'__reduce_ex__': lambda s, p: 1 / 0})()",
        "type('Endless', (), {'__getattr__': lambda s, n: s})()",
        "__import__('sqlite3').connect(':memory:')",
        "[float('nan'), None, object(), ..., NotImplemented]",
    ],
)
def test_values_that_resist_are_recorded_as_opaque_and_left_alone(kernel: Kernel, value: str) -> None:
    output = kernel.run(f"%%track\nvalue = {value}")
    assert output.error is None, output.traceback
    assert lines_of_ours(output) == []
    output = kernel.run("%%track\nsame = value")
    assert output.error is None, output.traceback
    run = Ledger.open(kernel.folder).runs(tracked=True)[0]
    assert {edge.name for edge in Ledger.open(kernel.folder).generated(run.id)} >= {"same"}


def test_recursive_values_are_recorded(kernel: Kernel) -> None:
    output = kernel.run(
        "%%track\nloop = []\nloop.append(loop)\nring = {'self': loop}\nring['ring'] = ring\n"
        "deep = []\nfor _ in range(100_000):\n    deep = [deep]"
    )
    assert output.error is None, output.traceback
    assert kernel.run("len(loop)").result == {"text/plain": "1"}


@pytest.mark.skipif(
    os.environ.get("NBLEDGER_TEST_LARGE") != "1", reason="set NBLEDGER_TEST_LARGE=1: takes 5 GB of memory"
)
def test_a_value_of_two_gigabytes_is_recorded(kernel: Kernel) -> None:
    output = kernel.run("%%track\nimport numpy as np\nbig = np.ones(250_000_000)", timeout=300)
    assert output.error is None, output.traceback
    assert lines_of_ours(output) == []


def test_an_artifact_that_is_missing_is_an_error_that_says_what_to_do(kernel: Kernel) -> None:
    output = kernel.run("import nbledger\nnbledger.artifact('nowhere.csv')")
    assert output.error is not None
    assert "nowhere.csv" in output.error["evalue"]


def test_logging_outside_a_run_says_where_to_call_it() -> None:
    import nbledger

    with pytest.raises(nbledger.NBLedgerError, match="load_ext nbledger"):
        nbledger.metric("loss", 1.0)


CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.display_pub.publish = lambda *a, **k: None
shell.run_line_magic('load_ext', 'nbledger')
n = 0
while True:
    shell.run_cell(f"%%track cell-{n}\\nimport nbledger\\nx = [{n}]\\nnbledger.metric('n', {n})\\nnbledger.param('p', {n})",
                   store_history=True)
    print(n, flush=True)
    n += 1
"""


def test_a_killed_process_loses_no_committed_run_and_its_open_run_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / ".nbledger").mkdir()
    committed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", CELLS], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        with process:
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
            committed += 1 + len(process.stdout.read().splitlines())
    ledger = Ledger.open(tmp_path)
    with closing(sqlite3.connect(tmp_path / ".nbledger" / "ledger.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    runs = list(ledger.runs(tracked=True, limit=100_000))
    finished = [run for run in runs if run.status == "finished"]
    assert len(finished) >= committed
    assert {run.status for run in runs} <= {"finished", "interrupted"}
    assert len(runs) - len(finished) <= KILLS
    assert all(run.metrics["n"] == run.params["p"] for run in finished)
