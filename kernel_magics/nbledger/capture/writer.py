"""The one way from a running process into its ledger, which never raises into the user's code.

Opens the ledger and starts the session when the first run is written, keeps the heartbeat, records the environment
from a background thread, and says once what could not be recorded and what to do about it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbledger.capture.process_variables import result_variables
from nbledger.errors import NBLedgerError
from nbledger.records import Facts, RunEnd, RunStart, Session

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

_HEARTBEAT_SECONDS = 30.0
_PATIENCE_BEFORE = 1.0
_PATIENCE_AFTER = 10.0


class Writer:
    """Writes the runs of one session. `say` shows a line to the user; `root` is the folder whose `.nbledger` it is."""

    def __init__(self, session: Session, root: Path, say: Callable[[str], None]) -> None:
        self.session = session
        self.pid = os.getpid()
        self._root = root
        self._say = say
        self._ledger: Ledger | None = None
        self._said: set[str] = set()
        self._missed = 0
        self._variables = result_variables()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ledger(self) -> Ledger:
        """The open ledger, with this session started. Raises `LedgerError` when it cannot be had."""
        if self._ledger is None:
            from nbledger.ledger import Ledger

            ledger = Ledger.open(self._root)
            ledger.start_session(self.session)
            self._ledger = ledger
            self._thread = threading.Thread(target=self._background, args=(ledger,), name="nbledger", daemon=True)
            self._thread.start()
        return self._ledger

    @property
    def root(self) -> Path:
        """The project's folder, beside the ledger's."""
        return self._root

    @property
    def location(self) -> str:
        """The folder of the ledger, as text; where it would be made if there is none yet."""
        return str(self._root / ".nbledger")

    def begin(self, start: RunStart) -> bool:
        """Write that a run begins; on failure say so and return False, so that `end` writes both."""
        try:
            self._be_patient(_PATIENCE_BEFORE)
            self.ledger.start_run(start)
        except (NBLedgerError, OSError):
            # Not yet a loss: `end` tries again with everything, and says what is missing if it fails too.
            return False
        return True

    def end(self, end: RunEnd, facts: Facts, unwritten: RunStart | None) -> bool:
        """Write the end of a run and its facts in one transaction; `unwritten` is its start if that failed before."""
        try:
            self._be_patient(_PATIENCE_BEFORE if self._missed else _PATIENCE_AFTER)
            if unwritten is not None:
                self.ledger.start_run(unwritten)
            self.ledger.end_run(end, facts)
        except (NBLedgerError, OSError) as error:
            self._missed += 1
            self.warn(f"this run was not recorded: {error}")
            return False
        if self._missed:
            self._say(f"nbledger: recording again; {self._missed} run(s) before this one were not recorded.")
            self._missed = 0
            self._said.clear()
        return True

    def _be_patient(self, seconds: float) -> None:
        """Say how long a locked ledger is waited for: briefly before a cell, and while it is known to be locked."""
        self.ledger.database.patience = seconds

    def warn(self, text: str) -> None:
        """Show a warning, once for each text until recording works again."""
        if text not in self._said:
            self._said.add(text)
            self._say(f"nbledger: {text}")

    def close(self) -> None:
        """End the session. Safe to call twice, and when nothing was ever written."""
        self._stop.set()
        if self._ledger is not None:
            if self._thread is not None and os.getpid() == self.pid:
                self._thread.join(_PATIENCE_AFTER)  # a session of less than half a second has its environment too
            try:
                self._ledger.end_session(self.session.id, time.time())
                self._ledger.close()
            except (NBLedgerError, OSError) as error:
                self.warn(f"the session's end was not recorded: {error}")
            self._ledger = None

    def _background(self, ledger: Ledger) -> None:
        """Record the environment (its scan takes a while), then beat until the session ends."""
        # The first cells of a notebook import heavily; the scan waits so as not to compete with them.
        self._stop.wait(0.5)
        known = self._record_environment(ledger)
        while not self._stop.wait(_HEARTBEAT_SECONDS):
            known = known or self._record_environment(ledger)
            with suppress(NBLedgerError, OSError):
                # The next write of a run meets the same trouble and says it where the user looks.
                ledger.heartbeat(self.session.id)
        if not known and not self._record_environment(ledger):
            self.warn("the environment of this session could not be recorded: the ledger was not writable")

    def _record_environment(self, ledger: Ledger) -> bool:
        from nbledger.capture.environment import current_environment, git_state
        from nbledger.capture.redaction.secrets import redact

        try:
            environment = replace(current_environment(), variables=self._variables)
            ledger.set_environment(self.session.id, environment, git_state(ledger.root, redact))
        except (NBLedgerError, OSError):
            return False
        return True
