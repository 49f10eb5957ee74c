"""What is observed of each library. An adapter is one small module, and wakes when the user imports its library.

Others add theirs by an entry point of the group `nbledger.adapters`, named as the library that it is for:

    [project.entry-points."nbledger.adapters"]
    catboost = "my_package.adapter:CatBoostAdapter"

Entry points are read once, when the first library wakes that has an adapter here or is numpy (which machine learning
libraries import); a session without any never reads them.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from nbledger.capture.hooks.imports import ImportWatch, without_collections

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from nbledger.capture.hooks.calls import Hooks

GROUP = "nbledger.adapters"
_BUILT_IN = {
    "sklearn": "nbledger.capture.adapters.sklearn:SklearnAdapter",
    "xgboost": "nbledger.capture.adapters.xgboost:XGBoostAdapter",
    "lightgbm": "nbledger.capture.adapters.lightgbm:LightGBMAdapter",
}
_SIGN_OF_LIFE = "numpy"


class Adapter(Protocol):
    """What a library's adapter is: `install` says through `hooks` what to observe; it may not import the library."""

    library: str

    def install(self, hooks: Hooks) -> None:
        """Register what to observe. Called once, when the library is about to be imported or has been."""
        ...


class Adapters:
    """The adapters by library, each installed when its library is first seen."""

    def __init__(self, hooks: Hooks, watch: ImportWatch, problem: Callable[[str], None]) -> None:
        self._hooks = hooks
        self._watch = watch
        self._problem = problem
        self._waiting: dict[str, Callable[[], type[Adapter]]] = {}
        self._started = False
        self._read = False

    def wake(self, modules: Mapping[str, types.ModuleType]) -> None:
        """Install the adapters of libraries that are there, and watch for the others."""
        if not self._started:
            self._started = True
            for library, where in _BUILT_IN.items():
                self._expect(library, lambda where=where: _load(where))  # type: ignore[misc]
            self._watch.when_found(_SIGN_OF_LIFE, self._read_entry_points)
        if not self._read and _SIGN_OF_LIFE in modules:
            self._read_entry_points()
        for library in [library for library in self._waiting if library in modules]:
            self._install(library)

    def _expect(self, library: str, load: Callable[[], type[Adapter]]) -> None:
        self._waiting[library] = load
        self._watch.when_found(library, lambda: self._install(library))

    def _install(self, library: str) -> None:
        self._read_entry_points()
        load = self._waiting.pop(library, None)
        if load is None:
            return
        try:
            load()().install(self._hooks)
            # Imported beside the library, which takes far longer, and not in the first call that matters.
            importlib.import_module("nbledger.capture.found.findings")
        except Exception as error:  # noqa: BLE001  (an adapter of someone else's may raise anything)
            self._problem(f"calls of {library} are not observed: {type(error).__name__}: {error}")

    def _read_entry_points(self) -> None:
        if self._read:
            return
        self._read = True
        try:
            with without_collections():
                for entry in _entries():
                    self._expect(entry.name, entry.load)
        except Exception as error:  # noqa: BLE001  (a broken distribution's metadata may raise anything)
            self._problem(f"adapters of other packages are not used: {type(error).__name__}: {error}")


_ahead: tuple[EntryPoint, ...] | None = None


def read_ahead() -> None:
    """Read the entry points now (50 ms), for the processes that are forked from this one."""
    global _ahead
    _ahead = _entries()


def _entries() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP)) if _ahead is None else _ahead


def _load(where: str) -> type[Adapter]:
    module, _, name = where.partition(":")
    adapter: type[Adapter] = getattr(importlib.import_module(module), name)
    return adapter
