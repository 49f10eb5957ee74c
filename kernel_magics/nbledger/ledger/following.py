"""Following a ledger: being told when another connection, of this process or another, has written to it.

A thread sleeps, and wakes twice a second to compare `PRAGMA data_version`, a counter in memory that the writers share:
no row is read while nothing was written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import LedgerError

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

#: Seconds between two looks, and so the least between two calls.
EVERY = 0.5
#: After a call it rests so many times as long as that took, so that it never takes more than a fifth of a processor.
_REST = 4


class Following:
    """Calls `call()` in a thread of its own: once at the start, then when something was written.

    `idle()` gives the seconds after which it is called although nothing was written, as running times go on; `None` for
    never. It ends with `stop`, with the process, or when `call` returns False. While the ledger cannot be read `call`
    is not called; it goes on as soon as it can.
    """

    def __init__(
        self, ledger: Ledger, call: Callable[[], object], *, idle: Callable[[], float | None] = lambda: None
    ) -> None:
        self._ledger = ledger
        self._call = call
        self._idle = idle
        self._end = threading.Event()
        # The name tells the recorder of a notebook that what happens here is not the doing of a cell.
        self._thread = threading.Thread(target=self._follow, name="nbledger", daemon=True)

    def start(self) -> None:
        """Begin; the first call comes at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for a call that is under way."""
        self._end.set()

    @property
    def is_alive(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive() and not self._end.is_set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended."""
        self._thread.join(timeout)

    def _follow(self) -> None:
        seen: Any = None
        called = rest = 0.0
        while True:
            try:
                now = self._written()
                idle = self._idle()
                if now != seen or (idle is not None and time.monotonic() - called >= idle):
                    seen, called = now, time.monotonic()
                    if self._call() is False:
                        return
                    rest = _REST * (time.monotonic() - called)
            except LedgerError:
                seen = None  # locked, or gone for now: look again
            if self._end.wait(max(EVERY, rest)):
                return

    def _written(self) -> Any:
        """Return what differs once another connection has written; another file below counts as written."""
        connection = self._ledger.database.connection()
        return id(connection), connection.execute("PRAGMA data_version").fetchone()[0]


__all__ = ["EVERY", "Following"]
