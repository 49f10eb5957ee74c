"""Notice that a random generator is seeded, at the moment it happens: by the user's choice, or from entropy.

`random.seed` and `setstate` are Python methods and get a hook by code swap. Those of numpy are in C: a function that
looks like the original stands in their place in `numpy.random`. A name that was bound to numpy's own before that
passes unseen; the cell then counts as one that drew.

Without a seed all generators of numpy start from bits that `SeedSequence` takes from the function `randbits` of its
module; one stands in its place that notes them. `RandomState(1)` takes such bits too before it seeds itself anew, for
nothing: this shows by its calling `operator.index` for the seed from the same place in the code.
Those of Python take theirs in C, if they are given no number; the hook gives one of as many bits. `secrets`,
`os.urandom` and `uuid` are left alone: nobody shall have those again.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbledger.capture.hooks import calls, swap
from nbledger.capture.hooks.swap import Hook, unseen
from nbledger.capture.world import entropy
from nbledger.capture.world.entropy import Place

if TYPE_CHECKING:
    from nbledger.capture.hooks.imports import ImportWatch

_NUMPY = ("seed", "set_state")
_NOT_NOTED = frozenset({"tempfile", "numpy.random._pickle"})
_BITS = 8 * 2496
"""What CPython seeds a generator with, that was given no seed: as many bits as its state has."""


class SeedListener:
    """Told when a generator appears, and when it has been seeded."""

    def appeared(self, name: str) -> None:
        """The generator's library was just imported; nothing was drawn from it yet."""

    def before_seed(self, name: str) -> None:
        """The generator is about to be put into another state."""

    def seeded(self, name: str, *, from_entropy: bool) -> None:
        """The generator was put into another state; from entropy if no seed was given and none was noted."""

    def entropy(self, name: str, bits: int, fresh: Callable[[int], int], place: Place) -> int:  # noqa: ARG002
        """Return the number of so many bits that a generator without a seed starts from; `fresh` draws one."""
        return fresh(bits)

    def unused(self, place: Place) -> None:
        """If this thread's last number was drawn at this place, nothing came of it."""


class _Shared:
    listener: SeedListener | None = None
    watch: ImportWatch | None = None
    originals: list[tuple[types.ModuleType, str, Any, Any]] = []  # noqa: RUF012 - shared on purpose


class SeedHook(Hook):
    """Stands before a seeding function of a generator. `method` says that its first argument is the generator.

    With `fills`, a seed that was not given is drawn here.
    """

    __slots__ = ("fills", "method", "name")

    def __init__(self, original: types.FunctionType, name: str, *, method: bool, fills: bool = False) -> None:
        super().__init__(original)
        self.name = name
        self.method = method
        self.fills = fills

    @unseen
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original, and tell of it if it is the global generator's."""
        try:
            if _Shared.listener is not None and self.fills:
                args, kwargs = _filled(args, kwargs)
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
        hook = functools.partial(SeedHook, name="random", method=True, fills=name == "seed")
        swap.swap(vars(module.Random)[name], hook)
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
    _put_in_place("numpy.random.bit_generator", "randbits", _in_place_of_randbits)
    _put_in_place("numpy.random._mt19937", "operator", _in_place_of_operator)
    _appeared("numpy.random")


def _put_in_place(module: str, name: str, make: Callable[[Any], Any]) -> None:
    """Put what `make(original)` gives in the place of a module's global, if it has one, once."""
    owner = sys.modules.get(module)
    original = getattr(owner, name, None)
    if owner is not None and original is not None and not any(ours is original for *_, ours in _Shared.originals):
        ours = make(original)
        _Shared.originals.append((owner, name, original, ours))
        setattr(owner, name, ours)


def _in_place_of_randbits(original: Callable[[int], int]) -> Callable[[int], int]:
    @unseen
    def randbits(bits: int) -> int:
        try:
            return _entropy(entropy.NUMPY, bits, original, sys._getframe(1))
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise

    return randbits


def _in_place_of_operator(original: types.ModuleType) -> types.ModuleType:
    @unseen
    def index(seed: Any) -> int:
        try:
            caller = sys._getframe(1)
            if _Shared.listener is not None and caller.f_code.co_filename != swap.FILENAME:
                _Shared.listener.unused(_place(caller))
            return original.index(seed)  # type: ignore[no-any-return]
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise

    ours = types.ModuleType(original.__name__)
    vars(ours).update(vars(original), index=index)
    return ours


def _filled(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of `Random.seed` with a number where there is no seed."""
    given, caller = args[1] if len(args) > 1 else kwargs.get("a"), sys._getframe(2)
    if given is not None or not args or not _is_noted(caller):
        return args, kwargs
    number = _entropy(entropy.PYTHON, _BITS, _from_system, caller)
    return (args[0], number, *args[2:]), {name: value for name, value in kwargs.items() if name != "a"}


def _from_system(bits: int) -> int:
    return int.from_bytes(os.urandom(bits // 8), "little")


def _entropy(name: str, bits: int, fresh: Callable[[int], int], caller: types.FrameType) -> int:
    listener = _Shared.listener
    try:
        if listener is not None and _is_noted(caller):
            return listener.entropy(name, bits, fresh, _place(caller))
    except Exception:  # noqa: BLE001, S110 - the user's call goes on
        pass
    return fresh(bits)


def _place(frame: types.FrameType) -> Place:
    return id(frame), frame.f_lasti


def _is_noted(frame: types.FrameType | None) -> bool:
    """Tell whether what is drawn below this frame is the cell's own.

    It is not while a module is imported: libraries make generators that nobody may ever use. Nor are the names of
    temporary files, which shall be new ones each time, and what a copy starts from before it gets its state.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_globals.get("__name__") in _NOT_NOTED:
            return False
        frame = frame.f_back
    return True


def _in_place_of(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    @unseen
    def seeding(*args: Any, **kwargs: Any) -> Any:
        try:
            if _Shared.listener is None:
                return original(*args, **kwargs)
            _tell_before("numpy.random")
            result = original(*args, **kwargs)
            # Without a seed numpy makes new words but keeps the position in them, which is of the state before.
            if _given(args, kwargs) is not None or not _is_noted(sys._getframe(1)):
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


def _given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return next(iter((*args, *kwargs.values())), None)


def _tell(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    listener = _Shared.listener
    try:
        if listener is not None:
            listener.seeded(name, from_entropy=_given(args, kwargs) is None)
    except Exception:  # noqa: BLE001, S110 - the user's call goes on
        pass
