"""Who waits for a ledger to change: one look a quarter of a second at each ledger that is waited for, for all who wait.

A waiting request holds no thread: it is a future of the server's loop. Who goes away is forgotten at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nbledger_lab.places import Place
from nbledger_lab.problems import Problem

if TYPE_CHECKING:
    from nbledger_lab.service import Service

#: Seconds between two looks.
PERIOD = 0.25
MOST_WAITING = 500
LONGEST = 30.0


@dataclass
class _Watch:
    """One ledger that is waited for: who waits, and the task that looks."""

    waiting: set[asyncio.Future[str]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Changes:
    """The long polls of one server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._watches: dict[Path, _Watch] = {}

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(len(watch.waiting) for watch in self._watches.values())

    async def after(self, place: Place, since: str, seconds: float) -> str:
        """Return the ledger's version as soon as it is another than `since`, or after some seconds.

        Raises a `Problem` when too many wait already.
        """
        now = await self._version(place)
        if now != since or seconds <= 0:
            return now
        if self.waiting >= MOST_WAITING:
            raise Problem(503, "busy", "Too many views wait for changes of ledgers.", "Close some of them.")
        watch = self._watches.setdefault(place.folder, _Watch())
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        watch.waiting.add(future)
        if watch.task is None or watch.task.done():
            watch.task = asyncio.create_task(self._look(place, watch, now))
        try:
            return await asyncio.wait_for(future, min(seconds, LONGEST))
        except TimeoutError:
            return since
        finally:
            watch.waiting.discard(future)
            if not watch.waiting:
                self._end(place, watch)

    async def _look(self, place: Place, watch: _Watch, seen: str) -> None:
        """Look until nobody waits any more."""
        try:
            while watch.waiting:
                now = await self._version(place)
                if now != seen:
                    for future in watch.waiting:
                        if not future.done():
                            future.set_result(now)
                    seen = now
                await asyncio.sleep(PERIOD)
        finally:
            self._end(place, watch)
            for future in watch.waiting:
                future.cancel()

    def _end(self, place: Place, watch: _Watch) -> None:
        """Forget a watch, so that whoever comes next begins a new one."""
        if self._watches.get(place.folder) is watch:
            del self._watches[place.folder]
            if watch.task is not None:
                watch.task.cancel()

    async def _version(self, place: Place) -> str:
        return await self._service.run(partial(self._service.shelf.version, place))
