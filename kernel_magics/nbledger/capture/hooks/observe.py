"""The hook in front of a call that matters.

Only the outermost call of a thread is observed, and only while a sink is active: all else passes straight through.
Whatever goes wrong here becomes a problem for the sink, never an exception in the user's call.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import types
from typing import TYPE_CHECKING, Any

from nbledger.capture.hooks.swap import FILENAME, Hook, paused, unseen

if TYPE_CHECKING:
    from nbledger.capture.hooks.events import Call, CallKind, Sink


class _PerThread(threading.local):
    depth = 0
    scores = False
    predicted: Any = None
    making = 0


class _Shared:
    """What all threads share: the sink and the process that it is in, and the threads that are in an observed call."""

    def __init__(self) -> None:
        self.sink: Sink | None = None
        self.process = 0
        self.busy: dict[int, None] = {}


_SCORES: frozenset[CallKind] = frozenset({"score", "scorer"})
"""Calls whose own prediction inside is kept until they end."""

LOCAL = _PerThread()
SHARED = _Shared()


class CallHook(Hook):
    """Observes the outermost call of a function or method; `kind` and `name` say what it is."""

    __slots__ = ("_names", "kind", "method", "name")

    def __init__(self, original: types.FunctionType, kind: CallKind, name: str, *, method: bool) -> None:
        super().__init__(original)
        self.kind = kind
        self.name = name
        self.method = method
        self._names: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The function's parameter names; a method's first one is called `self` whatever it is in the source."""
        if self._names is None:
            from nbledger.capture.hooks.build import parameter_names

            names = parameter_names(self.original)
            self._names = ("self", *names[1:]) if self.method else names
        return self._names

    @unseen
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original, and tell the sink of it if this is the outermost call."""
        local = LOCAL
        try:
            if local.depth or SHARED.sink is None:
                result = self.original(*args, **kwargs)
                if local.scores and self.kind == "predict":
                    local.predicted = result
                return result
            local.depth = 1
            local.scores = self.kind in _SCORES
            try:
                watch = _begin(self, args, kwargs, sys._getframe(1).f_back)
                result = self.original(*args, **kwargs)
                if watch is not None:
                    watch.finish(result)
                return result
            finally:
                local.depth = 0
                local.scores = False
                local.predicted = None
                SHARED.busy.pop(threading.get_ident(), None)
        except BaseException as error:
            # Cut this frame out: a bare `raise` adds no new entry.
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise


class _Watch:
    """One observed call, from just before it to just after."""

    __slots__ = ("call", "frame", "hook", "sink", "started", "versions")

    def __init__(self, hook: CallHook, call: Call, sink: Sink, frame: types.FrameType | None) -> None:
        self.hook = hook
        self.call = call
        self.sink = sink
        self.frame = frame
        with paused():
            self.versions = dict(sink.before(call))
        self.started = time.perf_counter()

    def finish(self, result: Any) -> None:
        """Build the events of the call and hand them to the sink."""
        seconds = time.perf_counter() - self.started
        from nbledger.capture.hooks.build import Built, build
        from nbledger.capture.hooks.sites import site_of

        try:
            site = site_of(self.frame)
            with paused():
                for event in build(Built(self.call, result, site, seconds, self.versions, LOCAL.predicted)):
                    self.sink.event(event)
        except Exception as error:  # noqa: BLE001  (the user's call goes on)
            _tell(self.sink, self.hook, error)


def _begin(
    hook: CallHook, args: tuple[Any, ...], kwargs: dict[str, Any], frame: types.FrameType | None
) -> _Watch | None:
    sink = SHARED.sink
    if sink is None:
        return None
    if SHARED.process != os.getpid():
        # A forked worker: what it does is reported by the process that it works for.
        SHARED.sink = None
        return None
    try:
        if SHARED.busy and _works_for_another_thread():
            return None
        from nbledger.capture.hooks.build import arguments_of
        from nbledger.capture.hooks.events import Call

        SHARED.busy[threading.get_ident()] = None
        arguments = arguments_of(hook.names, args, kwargs)
        if hook.kind in ("train", "boosted"):
            from nbledger.capture.hooks.containers import opened

            with paused():
                arguments = opened(arguments)
        return _Watch(hook, Call(hook.kind, hook.name, arguments), sink, frame)
    except Exception as error:  # noqa: BLE001  (the user's call goes on)
        _tell(sink, hook, error)
        return None


def _tell(sink: Sink, hook: CallHook, error: Exception) -> None:
    try:
        sink.problem(f"{hook.name}: {type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001, S110  (the last line of defence: the user's call goes on)
        pass


def _works_for_another_thread() -> bool:
    """Tell whether this thread is a joblib worker of an observed call in another one.

    A forest with `n_jobs=2` predicts in threads: those calls are inside the outer one, though their thread's depth is
    zero. They have joblib on their stack, and so has a busy thread, above our hook.
    """
    if not _has_joblib(sys._getframe(1), stop_at_hook=False):
        return False
    here = threading.get_ident()
    frames = sys._current_frames()
    return any(_has_joblib(frames.get(ident), stop_at_hook=True) for ident in list(SHARED.busy) if ident != here)


def _has_joblib(frame: types.FrameType | None, *, stop_at_hook: bool) -> bool:
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename.endswith(("joblib/parallel.py", "joblib\\parallel.py")):
            return True
        if stop_at_hook and filename == FILENAME and frame.f_code.co_name == "__call__":
            return False
        frame = frame.f_back
    return False
