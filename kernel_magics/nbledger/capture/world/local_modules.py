"""The source files behind the modules that a cell works with, where these are the project's and not a library's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from nbledger.capture.world.file_places import Places, source_of


class LocalModules:
    """Finds the source files of modules, and of the modules that these import."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._found: dict[str, tuple[ModuleType, frozenset[str]]] = {}

    def files_of(self, value: Any) -> frozenset[str]:
        """Return the project's files that a module, function or class comes from; empty for a library's."""
        module = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
        if module is None or self._file(module) is None:
            return frozenset()
        known = self._found.get(module.__name__)
        if known is not None and known[0] is module:
            return known[1]
        files = frozenset(self._reached(module))
        self._found[module.__name__] = module, files
        return files

    def forget(self) -> None:
        """Forget what was found: a module's file was read again."""
        self._found.clear()

    def _file(self, module: ModuleType) -> str | None:
        path = module.__dict__.get("__file__")
        if not isinstance(path, str) or module.__dict__.get("__name__") == "__main__":
            return None
        path = source_of(path)
        return path if self._places.counts(path) else None

    def _reached(self, module: ModuleType) -> Iterator[str]:
        waiting, seen = [module], {module.__name__}
        while waiting:
            here = waiting.pop()
            path = self._file(here)
            if path is None:
                continue
            yield path
            parents = here.__name__.split(".")[:-1]
            names = {".".join(parents[: index + 1]) for index in range(len(parents))}
            for value in list(vars(here).values()):
                if isinstance(value, ModuleType):
                    names.add(value.__name__)
                elif isinstance(value, (FunctionType, type)):
                    names.add(getattr(value, "__module__", None) or "")
            for name in names - seen:
                seen.add(name)
                found = sys.modules.get(name)
                if found is not None:
                    waiting.append(found)
