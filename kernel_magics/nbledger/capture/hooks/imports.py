"""Notice that a module was imported, also in the middle of the cell that goes on to use it.

A finder at the front of `sys.meta_path` lets the other finders find a watched module as ever, and has its loader tell
when the module has been executed. For any other module it costs one lookup in a dict.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from typing import Any

_Action = Callable[[types.ModuleType], None]


class ImportWatch:
    """Calls actions when modules have been imported. `problem` is told when an action fails."""

    def __init__(self, problem: Callable[[str], None]) -> None:
        self._problem = problem
        self._actions: dict[str, list[_Action]] = {}
        self._found: dict[str, Callable[[], None]] = {}

    def when_found(self, name: str, action: Callable[[], None]) -> None:
        """Call `action()` once when a module is about to be imported, before it runs."""
        self._found[name] = action
        self._start()

    def when_imported(self, name: str, action: _Action) -> None:
        """Call `action(module)` once a module has been imported; at once if it has been already."""
        module = sys.modules.get(name)
        if module is not None and not _is_being_imported(module):
            self._run(action, module)
            return
        self._actions.setdefault(name, []).append(action)
        self._start()

    def wake(self, modules: Mapping[str, types.ModuleType]) -> None:
        """Run the actions of modules that are there now (imported in a way that passed the finder by)."""
        for name in [name for name in self._found if name in modules]:
            self._found.pop(name)()
        for name in [name for name in self._actions if name in modules]:
            if not _is_being_imported(modules[name]):
                self._imported(name, modules[name])

    def stop(self) -> None:
        """Leave `sys.meta_path` and forget everything."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        self._actions.clear()
        self._found.clear()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a watched module by the other finders; any other module is none of ours (`None`)."""
        if name not in self._actions and name not in self._found:
            return None
        spec = None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    break
        if spec is not None:
            found = self._found.pop(name, None)
            if found is not None:
                found()
            self._listen(spec.loader, name)
        return spec

    def _listen(self, loader: Any, name: str) -> None:
        """Have this one loader tell when it has executed the module. One that is shared or fixed is left alone."""
        execute = getattr(loader, "exec_module", None)
        if execute is None or getattr(loader, "name", None) != name:
            return

        def exec_module(module: types.ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self._imported(name, module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            return

    def _start(self) -> None:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def _imported(self, name: str, module: types.ModuleType) -> None:
        for action in self._actions.pop(name, ()):
            self._run(action, module)

    def _run(self, action: _Action, module: types.ModuleType) -> None:
        try:
            with without_collections():
                action(module)
        except Exception as error:  # noqa: BLE001  (the user's import goes on)
            self._problem(f"calls of {module.__name__} are not observed: {type(error).__name__}: {error}")


@contextmanager
def without_collections() -> Iterator[None]:
    """Keep the garbage collector still: with scikit-learn loaded a full collection takes longer than all our hooks."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _is_being_imported(module: types.ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
