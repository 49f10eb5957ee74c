"""Notice that a global random generator is put into a state of the user's choice, at the moment it happens.

`random.seed` and `setstate` are Python methods and get a hook by code swap. Those of numpy are in C: a function that
looks like the original stands in their place in `numpy.random`. A name that was bound to numpy's own before that
passes unseen; the cell then counts as one that drew.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbledger.capture.hooks import calls, swap
from nbledger.capture.hooks.swap import Hook, unseen

if TYPE_CHECKING:
    from nbledger.capture.hooks.imports import ImportWatch

_NUMPY = ("seed", "set_state")


class SeedListener:
    """Told when a generator appears, and when it has been seeded."""

    def appeared(self, name: str) -> None:
        """The generator's library was just imported; nothing was drawn from it yet."""

    def before_seed(self, name: str) -> None:
        """The generator is about to be put into another state."""

    def seeded(self, name: str, *, from_entropy: bool) -> None:
        """The generator was put into another state; from entropy if no seed was given."""

    def entropy(self) -> None:
        """A generator of its own was made without a seed."""


class _Shared:
    listener: SeedListener | None = None
    watch: ImportWatch | None = None
    originals: list[tuple[types.ModuleType, str, Any, Any]] = []  # noqa: RUF012 - shared on purpose


class SeedHook(Hook):
    """Stands before a seeding function of a generator. `method` says that its first argument is the generator."""

    __slots__ = ("method", "name")

    def __init__(self, original: types.FunctionType, name: str, *, method: bool) -> None:
        super().__init__(original)
        self.name = name
        self.method = method

    @unseen
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original, and tell of it if it is the global generator's."""
        try:
            if _Shared.listener is None or (self.method and not _is_global(args)):
                return self.original(*args, **kwargs)
            _tell_before(self.name)
            result = self.original(*args, **kwargs)
            _tell(self.name, args[1:] if self.method else args, kwargs)
            return result
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise


def activate(listener: SeedListener) -> None:
    """Tell `listener` from now on."""
    wake()
    _Shared.listener = listener


def deactivate() -> None:
    """Tell nobody any more."""
    _Shared.listener = None


def wake() -> None:
    """Hook the generators that are there, and those to come. Cheap when done before."""
    watch = calls.watch()
    if _Shared.watch is not watch:
        _Shared.watch = watch
        watch.when_imported("random", _hook_python)
        watch.when_imported("numpy.random", _hook_numpy)
        watch.when_imported("torch", _hook_torch)


def uninstall() -> None:
    """Put numpy's own functions back (`calls.uninstall` does so for all others)."""
    deactivate()
    for module, name, original, ours in _Shared.originals:
        if getattr(module, name, None) is ours:
            setattr(module, name, original)
    _Shared.originals.clear()
    _Shared.watch = None


def _hook_python(module: types.ModuleType) -> None:
    for name in ("seed", "setstate"):
        swap.swap(vars(module.Random)[name], functools.partial(SeedHook, name="random", method=True))
    _appeared("random")


def _hook_torch(module: types.ModuleType) -> None:
    for name in ("manual_seed", "set_rng_state"):
        function = getattr(module.random, name, None)
        if isinstance(function, types.FunctionType):
            swap.swap(function, functools.partial(SeedHook, name="torch", method=False))
    _appeared("torch")


def _hook_numpy(module: types.ModuleType) -> None:
    for name in _NUMPY:
        original = getattr(module, name)
        if swap.is_swapped(original):
            continue
        ours = _in_place_of(original, name)
        for owner in (module, sys.modules.get("numpy.random.mtrand")):
            if owner is not None and getattr(owner, name, None) is not None:
                _Shared.originals.append((owner, name, getattr(owner, name), ours))
                setattr(owner, name, ours)
    original = module.default_rng
    if not any(ours is original for *_, ours in _Shared.originals):
        ours = _in_place_of_default_rng(original)
        _Shared.originals.append((module, "default_rng", original, ours))
        module.default_rng = ours  # type: ignore[attr-defined]
    _appeared("numpy.random")


def _in_place_of_default_rng(original: Callable[..., Any]) -> Callable[..., Any]:
    @unseen
    def default_rng(*args: Any, **kwargs: Any) -> Any:
        try:
            unseeded = next(iter((*args, *kwargs.values())), None) is None
            if _Shared.listener is not None and unseeded and not _is_import(sys._getframe(1)):
                _Shared.listener.entropy()
            return original(*args, **kwargs)
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise

    functools.update_wrapper(default_rng, original)
    default_rng.__module__ = "numpy.random"
    return default_rng


def _is_import(frame: types.FrameType | None) -> bool:
    """Tell whether a module is being imported below this frame: libraries make generators that nobody may ever use."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _in_place_of(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    @unseen
    def seeding(*args: Any, **kwargs: Any) -> Any:
        try:
            if _Shared.listener is None:
                return original(*args, **kwargs)
            _tell_before("numpy.random")
            result = original(*args, **kwargs)
            _tell("numpy.random", args, kwargs)
            return result
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise

    functools.update_wrapper(seeding, original)
    seeding.__module__, seeding.__name__, seeding.__qualname__ = "numpy.random", name, name
    return seeding


def _is_global(args: tuple[Any, ...]) -> bool:
    return bool(args) and args[0] is getattr(sys.modules.get("random"), "_inst", None)


def _appeared(name: str) -> None:
    if _Shared.listener is not None:
        _Shared.listener.appeared(name)


def _tell_before(name: str) -> None:
    listener = _Shared.listener
    try:
        if listener is not None:
            listener.before_seed(name)
    except Exception:  # noqa: BLE001, S110 - the user's call goes on
        pass


def _tell(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    listener = _Shared.listener
    try:
        if listener is not None:
            given = next(iter((*args, *kwargs.values())), None)
            listener.seeded(name, from_entropy=given is None)
    except Exception:  # noqa: BLE001, S110 - the user's call goes on
        pass
