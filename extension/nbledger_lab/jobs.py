"""Jobs: reproductions that run in processes of their own, one at a time, while the server goes on.

A reproduction executes recorded code. It runs as `nbledger reproduce` does, in the environment of the server's Python,
so what it says of differing distributions is said by it too. Jobs live as long as the server; what came out is recorded
in the ledger as a run and stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbledger.ledger.location import VARIABLE
from nbledger.records import new_id
from nbledger_lab.places import Place
from nbledger_lab.plain import clean
from nbledger_lab.problems import Problem, not_found

MOST_WAITING, MOST_KEPT, MOST_DIFFERENCES = 20, 200, 100
LONGEST_SECONDS = 3_600.0
_VERDICTS = {0: ("identical", "equivalent"), 3: ("different",), 4: ("failed",)}


@dataclass
class Job:
    """One reproduction: `status` is `running` (also while it waits), `done` or `failed` (it gave no verdict)."""

    id: str
    folder: Path
    run: str
    names: dict[str, str] = field(repr=False)
    status: str = "running"
    message: str = "waiting"
    verdict: str | None = None
    differences: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the job as the contract has it (`IJob`)."""
        return {
            "id": self.id,
            "kind": "reproduce",
            "run": self.run,
            "status": self.status,
            "message": self.message,
            "verdict": self.verdict,
            "differences": self.differences,
        }

    def fail(self, message: str) -> None:
        """End without a verdict."""
        for path in sorted(self.names, key=len, reverse=True):
            message = message.replace(path, self.names[path])
        self.message, self.status = clean(message)[:2_000], "failed"


class Jobs:
    """The jobs of one server."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="nbledger-job")
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    def begin(self, place: Place, run: str) -> Job:
        """Begin to reproduce a run; the same run twice at once is one job. Raises a `Problem` when too many wait."""
        with self._lock:
            open_jobs = [one for one in self._jobs.values() if one.status == "running"]
            same = next((one for one in open_jobs if (one.folder, one.run) == (place.folder, run)), None)
            if same is not None:
                return same
            if len(open_jobs) >= MOST_WAITING:
                raise Problem(503, "busy", "Too many reproductions wait already.", "Try again when some are done.")
            job = self._jobs[new_id()] = Job("", place.folder, run, place.names)
            job.id = next(reversed(self._jobs))
            for old in [one.id for one in self._jobs.values() if one.status != "running"][
                : len(self._jobs) - MOST_KEPT
            ]:
                del self._jobs[old]
        self._worker.submit(self._work, job)
        return job

    def find(self, place: Place, id: str) -> Job:
        """Return a job of a ledger. Raises a `Problem`."""
        with self._lock:
            job = self._jobs.get(id)
        if job is None or job.folder != place.folder:
            raise not_found("There is no such job.", "Jobs are forgotten when the server starts again.")
        return job

    def close(self) -> None:
        """End what runs."""
        self._closed = True
        self._worker.shutdown(wait=False, cancel_futures=True)
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.terminate()

    def _work(self, job: Job) -> None:
        try:
            self._reproduce(job)
        except subprocess.TimeoutExpired:
            job.fail(f"It was ended after {LONGEST_SECONDS / 60:.0f} minutes.")
        except (OSError, ValueError, KeyError, TypeError) as error:
            job.fail(f"It could not be run: {error}")
        finally:
            if job.status == "running":
                job.fail("It was ended.")

    def _reproduce(self, job: Job) -> None:
        job.message = "running"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NBLEDGER_")}
        environment[VARIABLE] = str(job.folder)
        command = [sys.executable, "-m", "nbledger.cli", "reproduce", job.run, "--json", "--no-progress"]
        with subprocess.Popen(
            command,
            cwd=job.folder.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            self._process = process
            if self._closed:
                process.terminate()
            try:
                out, err = process.communicate(timeout=LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.communicate(timeout=30)
                raise
            finally:
                self._process = None
        if process.returncode not in _VERDICTS:
            job.fail((err.strip() or "It ended without a verdict.").removeprefix("Error: "))
            return
        found = json.loads(out)
        job.verdict = str(found["verdict"])
        job.differences = [clean(_told(one)) for one in found["differences"][:MOST_DIFFERENCES]]
        if found.get("failure"):
            failure = found["failure"]
            job.differences.append(clean(f"[{failure['position']}] {failure['type']}: {failure['message']}")[:2_000])
        differing = len(found.get("environment", []))
        cells, compared = found["cells"], found["compared"]
        job.message = f"{job.verdict}: {cells} cells ran, {compared} versions and metrics were compared" + (
            f"; {differing} distributions are not the recorded ones" if differing else ""
        )
        job.status = "done"


def _told(one: dict[str, Any]) -> str:
    where = f"[{one['position']}] " if one.get("position") is not None else ""
    why = f": {one['why']}" if one.get("why") else f": recorded {one['recorded']}, now {one['now']}"
    return f"{where}{one['what']} ({one['verdict']}){why}"[:500]
