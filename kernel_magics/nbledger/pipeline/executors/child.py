"""A worker process: `python -m nbledger.pipeline.executors.child`, which runs one notebook after another.

It reads JSON lines from stdin (`{"run": task}`, `{"stop": attempt}`) and answers with JSON lines on stdout: a beat each
second, the steps of the watched metric, and how each attempt ended. When stdin closes, the process that leads it is
gone: the notebook is interrupted and the worker ends, so that nothing is left behind. The kernel is a process of its
own, so that one that runs out of memory takes neither this worker nor its leader.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

BEAT_SECONDS = 1.0
WATCH_SECONDS = 0.2
#: How long a notebook may take to end once its leader is gone.
GRACE_SECONDS = 8.0


class Worker:
    """One worker: what it is at, and its line to the leader."""

    def __init__(self, lines: IO[str], answers: IO[str]) -> None:
        self._lines = lines
        self._answers = answers
        self._writing = threading.Lock()
        self._tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._current: str | None = None
        self._stopped: set[str] = set()
        self._interruptible = False

    def work(self) -> None:
        """Run tasks until the leader is gone."""
        signal.signal(signal.SIGINT, self._on_interrupt)
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()
        self.say({"ready": os.getpid()})
        while (task := self._tasks.get()) is not None:
            self._current = task["attempt"]
            try:
                self.say({"attempt": task["attempt"], "kind": "ended", **self._perform(task)})
            finally:
                self._current = None

    def say(self, what: Mapping[str, Any]) -> None:
        """Write one line to the leader; if nobody reads any more there is nobody to tell."""
        with self._writing, contextlib.suppress(OSError, ValueError):
            self._answers.write(json.dumps(what) + "\n")
            self._answers.flush()

    def _perform(self, task: dict[str, Any]) -> dict[str, Any]:
        from nbledger.errors import NBLedgerError
        from nbledger.ledger import Ledger, find_root

        if task["attempt"] in self._stopped:
            return {"status": "cancelled"}
        folder = task["ledger"]
        try:
            with contextlib.closing(Ledger.open(folder or find_root(task["notebook"]))) as ledger:
                earlier = {child.id for child in ledger.children(task["trial"])}
                with _watching(self, ledger, task, earlier):
                    done = self._run(task, ledger, earlier)
                if folder is None:
                    done["bundle"] = _bundle(ledger, task["attempt"])
                return done
        except (NBLedgerError, OSError) as error:
            return {"status": "failed", "detail": f"{type(error).__name__}: {error}"}

    def _run(self, task: dict[str, Any], ledger: Ledger, earlier: set[str]) -> dict[str, Any]:
        from nbledger.pipeline.execute import NotebookFailed, run_notebook

        try:
            self._interruptible = True
            done = run_notebook(
                task["notebook"],
                task["params"],
                ledger=ledger,
                experiment=task["experiment"],
                parent=task["trial"],
                kernel=task["kernel"],
                progress=False,
                timeout=task["timeout"],
                cell_timeout=task["cell_timeout"],
                fresh=None if task["ledger"] else True,  # a worker for one notebook only starts no kernel ahead
                tags={"nbledger.attempt": str(task["number"])},
            )
            return {"status": done.status, "run": done.id}
        except NotebookFailed as failure:
            status = "cancelled" if task["attempt"] in self._stopped else failure.run.status
            return {"status": status, "run": failure.run.id}
        except KeyboardInterrupt:
            return {"status": "cancelled", "run": _notebook_run(ledger, task["trial"], earlier)}
        finally:
            self._interruptible = False

    # -- the leader's side ----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for line in self._lines:
            message = json.loads(line)
            if "run" in message:
                self._tasks.put(message["run"])
            elif "stop" in message:
                self._interrupt(message["stop"])
        self._tasks.put(None)
        if self._current is not None:
            self._interrupt(self._current)
            time.sleep(GRACE_SECONDS)
            os._exit(1)  # the kernel notices by itself that its parent is gone

    def _interrupt(self, attempt: str) -> None:
        self._stopped.add(attempt)
        if self._current == attempt:
            main = threading.main_thread().ident
            if main is not None and hasattr(signal, "pthread_kill"):
                signal.pthread_kill(main, signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)

    def _on_interrupt(self, _number: int, _frame: object) -> None:
        if self._interruptible:
            self._interruptible = False
            raise KeyboardInterrupt

    def _beat(self) -> None:
        while True:
            if self._current is not None:
                self.say({"attempt": self._current, "kind": "beat"})
            time.sleep(BEAT_SECONDS)


def _notebook_run(ledger: Ledger, trial: str, earlier: set[str]) -> str | None:
    """Return the notebook run of this attempt: the trial's one that was not there before."""
    return next((child.id for child in ledger.children(trial) if child.id not in earlier), None)


@contextlib.contextmanager
def _watching(worker: Worker, ledger: Ledger, task: Mapping[str, Any], earlier: set[str]) -> Iterator[None]:
    """Report the steps of the watched metric as they reach the ledger (within 0.2 s of being logged)."""
    if not task["watch"]:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        from nbledger.ledger import LedgerError
        from nbledger.ledger.sweeps import steps

        told = 0
        run = None
        while not over.wait(WATCH_SECONDS):
            with contextlib.suppress(LedgerError):  # a locked ledger is asked again
                run = run or _notebook_run(ledger, task["trial"], earlier)
                found = steps(ledger, run, task["watch"]) if run else []
                if len(found) > told:
                    worker.say({"attempt": task["attempt"], "kind": "points", "points": found[told:]})
                    told = len(found)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _bundle(ledger: Ledger, attempt: str) -> str:
    """Write all that the attempt's own ledger holds into a bundle, and return its path."""
    path = Path(tempfile.gettempdir()) / f"nbledger-{attempt}.zip"
    return str(ledger.export_bundle(path))


def main() -> None:
    """Be a worker. What notebooks and libraries print goes to stderr: stdout is the line to the leader."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as in `nbledger.cli`
    Worker(sys.stdin, answers).work()


if __name__ == "__main__":
    main()
