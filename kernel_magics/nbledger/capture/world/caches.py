"""What functions with `functools.lru_cache` count, as hidden state: `f.cache_info()` tells how often cells called `f`.

What is cached of a function that only computes is no content of it, so calling it changes nothing that a later call
depends on. A cell that asks for the counts depends on every cell that changed them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from nbledger.capture.world.figures import Edges
from nbledger.capture.world.module_data import CACHED
from nbledger.records import Version

_NEVER_CALLED = (0, 0, 0)
ASKS = "cache_info"


class Caches:
    """The counts of the cached functions that a cell may call. `version` gives the version of a value."""

    def __init__(self, version: Callable[[Any], Version]) -> None:
        self._version = version
        self._made: dict[str, Version] = {}
        self._before: list[tuple[Any, tuple[int, ...]]] = []

    def begin(self, said: Collection[str], namespace: Mapping[str, Any], values: Iterable[Any] = ()) -> None:
        """Take note of the counts before a cell that says these names; `values` are data of modules that it calls."""
        found = [value for value in map(namespace.get, said) if type(value) is CACHED]
        found += [value for value in values if type(value) is CACHED]
        self._before = [(function, _counts(function)) for function in found]

    def end(self, found: Edges, said: Collection[str]) -> None:
        """Collect what the cell did: used the counts, or made others."""
        for function, before in self._before:
            name = f"{function.__module__}.{function.__qualname__}.cache_info()"
            if ASKS in said and name in self._made:
                found.use(name, self._made[name])
            now = _counts(function)
            if now != before:
                self._made[name] = self._version(now)
                found.generate(name, self._made[name], derived=now != _NEVER_CALLED)
        self._before = []


def _counts(function: Any) -> tuple[int, ...]:
    info = function.cache_info()
    return info.hits, info.misses, info.currsize
