"""Which calls are observed, and by whom: the functions and methods that hooks are put in front of.

`wake` looks whether a library that an adapter knows was imported; `activate` says who is told of calls. Nothing of a
library is imported here, and `uninstall` puts everything back as it was.
"""

from __future__ import annotations

import os
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nbledger.capture.adapters import Adapters
from nbledger.capture.hooks import swap
from nbledger.capture.hooks.imports import ImportWatch
from nbledger.capture.hooks.libraries import is_library
from nbledger.capture.hooks.observe import LOCAL, SHARED, CallHook
from nbledger.capture.hooks.swap import Hook, paused, strip_frames, unseen

if TYPE_CHECKING:
    from nbledger.capture.found.describe import Description
    from nbledger.capture.hooks.containers import Reader
    from nbledger.capture.hooks.events import CallKind, Sink

__all__ = [
    "Hooks",
    "activate",
    "deactivate",
    "paused",
    "problems",
    "resume_main",
    "strip_frames",
    "suspend_main",
    "uninstall",
    "wake",
    "watch",
]

METHODS: Mapping[str, CallKind] = {
    "fit": "fit",
    "partial_fit": "fit",
    "fit_predict": "fit",
    "fit_transform": "fit",
    "fit_resample": "fit",
    "predict": "predict",
    "predict_proba": "predict",
    "predict_log_proba": "predict",
    "decision_function": "predict",
    "score_samples": "predict",
    "transform": "predict",
    "inverse_transform": "predict",
    "score": "score",
}
"""The methods of an estimator that matter. Any other `predict...` counts as well."""


class Hooks:
    """What an adapter works with: it says what to observe, and what is special about its models."""

    def __init__(self, watch: ImportWatch) -> None:
        self._watch = watch
        self._own: weakref.WeakKeyDictionary[types.FunctionType, partial[CallHook]] = weakref.WeakKeyDictionary()
        self._seen: weakref.WeakSet[type] = weakref.WeakSet()
        self._suspended = False

    def when_imported(self, module: str, action: Callable[[types.ModuleType], None]) -> None:
        """Call `action(module)` once the module has been imported; at once if it has been already."""
        self._watch.when_imported(module, action)

    def function(self, function: object, kind: CallKind) -> bool:
        """Observe a Python function; returns whether there is a new hook in front of it."""
        if not isinstance(function, types.FunctionType):
            return False
        return self._swap(function, kind, function.__name__, method=False)

    def method(self, function: object, kind: CallKind, name: str) -> bool:
        """Observe a function that is a method of some class, under the name that it has there."""
        if not isinstance(function, types.FunctionType):
            return False
        return self._swap(function, kind, name, method=True)

    def estimator(self, cls: type) -> None:
        """Observe the methods that matter of one class and of its bases (some are mixins and no estimators)."""
        for base in cls.__mro__:
            if base is not object and base not in self._seen:
                self._seen.add(base)
                self._methods_of(base)

    def _methods_of(self, cls: type) -> None:
        for name, value in list(vars(cls).items()):
            kind = METHODS.get(name) or ("predict" if name.startswith("predict") else None)
            if kind is not None:
                # `available_if` keeps the function behind a descriptor, as `fn`.
                self.method(value if isinstance(value, types.FunctionType) else vars_of(value).get("fn"), kind, name)

    def estimators(self, base: type) -> None:
        """Observe a class and all that inherit from it now. See `subclasses_made_by` for those that come later."""
        for cls in _family(base):
            self.estimator(cls)

    def subclasses_made_by(self, cls: type) -> None:
        """Observe the classes for which this class's `__init_subclass__` is called from now on."""
        made = vars(cls).get("__init_subclass__")
        if isinstance(made, classmethod) and isinstance(made.__func__, types.FunctionType):
            swap.swap(made.__func__, partial(_SubclassHook, hooks=self))

    def describe(self, cls: type, describer: Callable[[Any], Description]) -> None:
        """Let a fitted model of this class say more: extra params and metric series (see `describe.Description`)."""
        from nbledger.capture.found import describe

        describe.register(cls, describer)

    def container(self, cls: type, reader: Reader) -> None:
        """Let calls of kinds `train` and `boosted` look into containers of this class (see `containers`)."""
        from nbledger.capture.hooks import containers

        containers.register(cls, reader)

    def suspend_main(self) -> None:
        """Give the user's own functions their code back until `resume_main`."""
        self._suspended = True
        for function in list(self._own):
            swap.restore(function)

    def resume_main(self) -> None:
        """Observe the user's own functions again."""
        self._suspended = False
        for function, make_hook in list(self._own.items()):
            swap.swap(function, make_hook, pausable=True)

    def _swap(self, function: types.FunctionType, kind: CallKind, name: str, *, method: bool) -> bool:
        make_hook = partial(CallHook, kind=kind, name=name, method=method)
        own = function.__module__ == "__main__" or not is_library(function.__code__.co_filename)
        if swap.is_swapped(function) or not own:
            return swap.swap(function, make_hook)
        self._own.setdefault(function, make_hook)
        return not self._suspended and swap.swap(function, make_hook, pausable=True)


class _SubclassHook(Hook):
    """Stands before an `__init_subclass__` and observes the new class once it is made."""

    __slots__ = ("hooks",)

    def __init__(self, original: types.FunctionType, hooks: Hooks) -> None:
        super().__init__(original)
        self.hooks = hooks

    @unseen
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original, then observe the class once it is complete: when the outermost of its makers returns."""
        try:
            LOCAL.making += 1
            try:
                result = self.original(*args, **kwargs)
            finally:
                LOCAL.making -= 1
            if not LOCAL.making:
                _see(self.hooks, args)
            return result
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise


def _see(hooks: Hooks, args: tuple[Any, ...]) -> None:
    try:
        if args and isinstance(args[0], type):
            hooks.estimator(args[0])
    except Exception as error:  # noqa: BLE001  (the user's class statement goes on)
        problem(f"{args[0]!r} is not observed: {type(error).__name__}: {error}")


def vars_of(value: object) -> Mapping[str, Any]:
    """Return an object's own attributes without running any descriptor of it."""
    found = getattr(value, "__dict__", None)
    return found if isinstance(found, Mapping) else {}


def _family(base: type) -> Iterator[type]:
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            waiting.extend(type.__subclasses__(cls))
            yield cls


_problems: list[str] = []


def problem(text: str) -> None:
    """Tell the active sink of a problem; without one it waits for the next."""
    if SHARED.sink is None:
        _problems.append(text)
        return
    SHARED.sink.problem(text)


def problems() -> Iterable[str]:
    """Return the problems that came up while no sink was active, and forget them."""
    found = tuple(_problems)
    _problems.clear()
    return found


_watch = ImportWatch(problem)
_hooks = Hooks(_watch)
_adapters = Adapters(_hooks, _watch, problem)


def watch() -> ImportWatch:
    """Return what notices imports; another one after `uninstall`."""
    return _watch


def wake(modules: Mapping[str, types.ModuleType] = sys.modules) -> None:
    """Put hooks in front of what has been imported since the last call, and watch for what will be.

    Cheap when nothing changed (a few microseconds): call it before and after each cell.
    """
    _adapters.wake(modules)
    _watch.wake(modules)


def activate(sink: Sink) -> None:
    """Tell `sink` of every outermost call from now on."""
    SHARED.process = os.getpid()
    SHARED.sink = sink
    for text in problems():
        sink.problem(text)


def deactivate() -> None:
    """Tell nobody any more: hooked calls pass straight through."""
    SHARED.sink = None


def suspend_main() -> None:
    """Give the functions of the notebook and of helper modules their own code back until `resume_main`.

    Unlike a library's, they are fingerprinted by their code, read for the names that they use, and pickled by value.
    """
    _hooks.suspend_main()


def resume_main() -> None:
    """Observe the functions of the notebook and of helper modules again."""
    _hooks.resume_main()


def uninstall() -> None:
    """Put everything back as it was: codes, `__wrapped__`, `sys.meta_path`."""
    global _watch, _hooks, _adapters
    deactivate()
    _watch.stop()
    swap.restore_all()
    describe = sys.modules.get("nbledger.capture.found.describe")
    if describe is not None:
        describe.clear()
    containers = sys.modules.get("nbledger.capture.hooks.containers")
    if containers is not None:
        containers.clear()
    _problems.clear()
    _watch = ImportWatch(problem)
    _hooks = Hooks(_watch)
    _adapters = Adapters(_hooks, _watch, problem)
