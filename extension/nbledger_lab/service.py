"""What all requests of one server share: the open ledgers, a few worker threads, and what was computed already."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from nbledger_lab.changes import Changes
from nbledger_lab.jobs import Jobs
from nbledger_lab.places import Place
from nbledger_lab.problems import Problem
from nbledger_lab.routes import Route
from nbledger_lab.shelf import Shelf

T = TypeVar("T")
#: Lists and details are quick and do not wait for figures and comparisons.
WORKERS, SLOW_WORKERS = 3, 2
#: Requests that may wait for a worker; more are told to come again.
MOST_WAITING = 200
MOST_REMEMBERED = 64


class Service:
    """The shared part of one server."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes = routes
        self.shelf = Shelf()
        self.changes = Changes(self)
        self.jobs = Jobs()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="nbledger")
        self._slow_workers = ThreadPoolExecutor(SLOW_WORKERS, thread_name_prefix="nbledger-slow")
        self._waiting = 0
        self._remembered: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    async def run(self, work: Callable[[], T], *, slow: bool = False) -> T:
        """Do something in a worker thread, so that the server goes on. Raises a `Problem` when too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Problem(503, "busy", "The server has too many questions about ledgers to answer.", "Try again.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow_workers if slow else self._workers, work)
        finally:
            self._waiting -= 1

    def remembered(self, place: Place, what: Any, compute: Callable[[], T]) -> T:
        """Return what depends on nothing but the ledger, computed once for each tag of it."""
        key = (place.folder, self.shelf.tag(place), what)
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                found: T = self._remembered[key]
                return found
        found = compute()
        with self._lock:
            self._remembered[key] = found
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def close(self) -> None:
        """End the workers and the jobs, and close the ledgers."""
        self.jobs.close()
        for workers in (self._workers, self._slow_workers):
            workers.shutdown(wait=False, cancel_futures=True)
        self.shelf.close()
