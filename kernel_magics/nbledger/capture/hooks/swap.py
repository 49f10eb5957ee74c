"""Put a hook in front of a Python function by exchanging its code, so that the function object itself stays.

A name that was bound long ago (`from sklearn.metrics import accuracy_score as acc`), a default argument, a pickle by
reference and `is` all keep working, because nothing is rebound: only `function.__code__` is another one. The new code
is a trampoline, `def f(*args, **kwargs): return HOOK(*args, **kwargs)`, with the hook embedded as a constant and as
many free variables as the old code had (the closure of a function cannot change). The hook calls `original`, a second
function object with the old code and the same closure.

It shall look as if it were not there:
- The trampoline and the hook cut their own frame out of a passing exception's traceback. A bare `raise` adds no new
  entry, so that even `traceback.print_exc()` in the user's code sees none of ours.
- `warnings.warn(..., stacklevel=n)` counts frames. CPython leaves out frames whose file name contains both "importlib"
  and "_bootstrap" (`is_internal_frame` in Python/_warnings.c), hence `FILENAME`.
- `__wrapped__` leads `inspect.signature`, `inspect.getsource` and IPython's `?` to the original.
- A function that is pickled by value (cloudpickle, in a notebook) carries its hook as a plain `functools.partial` of
  the original: the process that loads it needs no nbledger.
"""

from __future__ import annotations

import functools
import inspect
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

FILENAME = "<nbledger: importlib._bootstrap>"
"""The file name of every frame of ours between the user's code and the original function."""

_TRAMPOLINE = """
def outer({free}):
    def trampoline(*args, **kwargs):
        hook = "the hook"
        try:
            return hook(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next
            raise
        {free}
    return trampoline
"""
_NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

_F = TypeVar("_F", bound=Callable[..., Any])
_swapped: dict[types.FunctionType, Hook] = {}
_pausable: set[types.FunctionType] = set()
_NOTHING_TO_PAUSE = nullcontext()
_pause = threading.Lock()
_paused: list[tuple[types.FunctionType, types.CodeType]] = []
_pauses = 0
_given_wrapped: set[types.FunctionType] = set()


class Hook:
    """What a swapped function calls in the place of its own code. This base only passes the call on."""

    __slots__ = ("original",)

    def __init__(self, original: types.FunctionType) -> None:
        self.original = original

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original."""
        return self.original(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # In two steps (make, then set the state), because the original may lead back here through its closure.
        return functools.partial, (int,), (self.original, (), {}, None)


def unseen(function: _F) -> _F:
    """Mark a hook's `__call__` as a frame that warnings and tracebacks leave out."""
    if isinstance(function, types.FunctionType):
        function.__code__ = function.__code__.replace(co_filename=FILENAME)
    return function


def swap(
    function: types.FunctionType, make_hook: Callable[[types.FunctionType], Hook], *, pausable: bool = False
) -> bool:
    """Put the hook that `make_hook(original)` gives in front of a function; `paused` takes away a `pausable` one.

    Returns whether it did: a function that is swapped already, or a generator or coroutine function, is left alone.
    """
    code = function.__code__
    if code.co_filename == FILENAME or code.co_flags & _NOT_PLAIN:
        return False
    original = _copy(function)
    hook = make_hook(original)
    template = _template(len(code.co_freevars))
    function.__code__ = template.replace(
        co_consts=tuple(hook if constant == "the hook" else constant for constant in template.co_consts),
        co_freevars=code.co_freevars,
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_firstlineno=code.co_firstlineno,
    )
    if "__wrapped__" not in function.__dict__:
        function.__dict__["__wrapped__"] = original
        _given_wrapped.add(function)
    _swapped[function] = hook
    if pausable:
        _pausable.add(function)
    return True


def restore(function: types.FunctionType) -> None:
    """Give a function its own code back. One that is not swapped is left alone."""
    hook = _swapped.pop(function, None)
    _pausable.discard(function)
    # The hook is taken from the code where it can be: autoreload copies a new function's code into the old function.
    hook = next((c for c in function.__code__.co_consts if isinstance(c, Hook)), hook)
    if hook is not None and function.__code__.co_filename == FILENAME:
        function.__code__ = hook.original.__code__
    if function in _given_wrapped:
        _given_wrapped.discard(function)
        function.__dict__.pop("__wrapped__", None)


def restore_all() -> None:
    """Give every function its own code back."""
    for function in list(_swapped):
        restore(function)


def paused() -> AbstractContextManager[None]:
    """Give the pausable functions their own code back for a moment, so that a fingerprint of them is of their code."""
    return _paused_now() if _pausable else _NOTHING_TO_PAUSE


@contextmanager
def _paused_now() -> Iterator[None]:
    global _pauses
    with _pause:
        _pauses += 1
        if _pauses == 1:
            for function in _pausable:
                _paused.append((function, function.__code__))
                function.__code__ = original_code(function)
    try:
        yield
    finally:
        with _pause:
            _pauses -= 1
            if not _pauses:
                _unpause()


def _unpause() -> None:
    for function, code in _paused:
        # Left alone if somebody gave it another code meanwhile.
        if function in _pausable and function.__code__ is _swapped[function].original.__code__:
            function.__code__ = code
    _paused.clear()


def is_swapped(function: object) -> bool:
    """Tell whether a function's code is a trampoline of ours."""
    return isinstance(function, types.FunctionType) and function.__code__.co_filename == FILENAME


def original_code(function: types.FunctionType) -> types.CodeType:
    """Return a function's own code, whether it is swapped or not."""
    hook = next((c for c in function.__code__.co_consts if isinstance(c, Hook)), None)
    return function.__code__ if hook is None else hook.original.__code__


def strip_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Unlink the frames of ours from a traceback and return its first entry.

    Hooks cut themselves out as an exception passes; this is for what remains when they could not (an interrupt
    between two of our own instructions).
    """
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    entry = trace
    while entry is not None:
        following = entry.tb_next
        while following is not None and _is_ours(following):
            following = following.tb_next
        if following is not entry.tb_next:
            entry.tb_next = following
        entry = following
    return trace


def _is_ours(entry: types.TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename == FILENAME


def _copy(function: types.FunctionType) -> types.FunctionType:
    original = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    original.__qualname__ = function.__qualname__
    original.__module__ = function.__module__
    original.__doc__ = function.__doc__
    if function.__annotations__:
        original.__annotations__ = function.__annotations__
    original.__dict__.update(function.__dict__)
    return original


@functools.cache
def _template(free: int) -> types.CodeType:
    """Return the trampoline's code for a function with this many free variables."""
    namespace: dict[str, Any] = {}
    source = _TRAMPOLINE.format(free=", ".join(f"free{index}" for index in range(free)) or "")
    exec(compile(source, FILENAME, "exec"), namespace)  # noqa: S102 - our own text, no input
    trampoline: types.FunctionType = namespace["outer"](*[None] * free)
    return trampoline.__code__
