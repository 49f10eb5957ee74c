"""The global random generators: what state each is in, and how to put it back.

Comparing states has to cost next to nothing, because it is done around every cell: `random.getstate()` builds 625
integers (8 us), `numpy.random.get_state()` takes 30 us. Both keep a Mersenne Twister in memory as 624 words and a
position, which is read as it lies (under 1 us), after checking once that it is what the generator's own method says.
"""

from __future__ import annotations

import array
import ctypes
import json
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from nbledger.capture.world import entropy
from nbledger.errors import NBLedgerError
from nbledger.fingerprint.sink import DIGEST_SIZE
from nbledger.records import Version

_WORDS = 624
_MT = "MT19937"


class UnknownGenerator(NBLedgerError):
    """A stored random state is of a generator that this version does not know. Field: `name`."""

    template = "the random state of {name!r} cannot be restored; known are random, numpy.random and torch"


class RandomState(NamedTuple):
    """A generator's state: the algorithm, its key as bytes, the position in it, and a number drawn in advance."""

    algorithm: str
    key: bytes
    position: int = 0
    ahead: float | None = None

    def encode(self) -> bytes:
        """Return the state as canonical bytes (JSON): equal states give equal bytes, on any machine."""
        return json.dumps(
            {"ahead": self.ahead, "algorithm": self.algorithm, "key": self.key.hex(), "position": self.position},
            sort_keys=True,
        ).encode()

    @classmethod
    def decode(cls, data: bytes) -> RandomState:
        """Return the state that `encode` wrote."""
        found = json.loads(data)
        return cls(found["algorithm"], bytes.fromhex(found["key"]), found["position"], found["ahead"])

    def version(self, name: str) -> Version:
        """Return the version of this state of the generator `name`."""
        from blake3 import blake3

        data = self.encode()
        return Version(blake3(data).hexdigest(length=DIGEST_SIZE), "state", type_name=name, nbytes=len(data))


class Generator:
    """One global generator; `library` is the module that must be loaded for it to exist."""

    name = ""
    library = ""

    def state(self, *, trust: bool = False) -> RandomState:
        """Return the state now. With `trust`, what cannot be read cheaply is taken as it was when last seen."""
        raise NotImplementedError

    def restore(self, state: RandomState) -> None:
        """Put the generator into a state."""
        raise NotImplementedError


class PythonRandom(Generator):
    """The generator behind the functions of the module `random`."""

    name = library = "random"

    def __init__(self) -> None:
        self._inst: Any = None
        self._address: int | None = None

    def state(self, *, trust: bool = False) -> RandomState:  # noqa: ARG002 - all of it is cheap
        """Return the state now."""
        inst = sys.modules["random"]._inst
        if inst is not self._inst:
            self._inst, self._address = inst, _checked_address(inst)
        if self._address is None:
            return _by_method(inst)
        memory = ctypes.string_at(self._address, 4 * (_WORDS + 1))
        return RandomState(_MT, _portable(memory[4:]), _int(memory[:4]), inst.gauss_next)

    def restore(self, state: RandomState) -> None:
        """Put the generator into a state."""
        import random

        random.setstate((3, (*_words(state.key), state.position), state.ahead))


def _by_method(inst: Any) -> RandomState:
    _, words, ahead = inst.getstate()
    return RandomState(_MT, _bytes(words[:-1]), words[-1], ahead)


def _checked_address(inst: Any) -> int | None:
    """Return where the position and the words lie, if they lie where CPython has them."""
    address = id(inst) + object.__basicsize__
    memory = ctypes.string_at(address, 4 * (_WORDS + 1))
    found = RandomState(_MT, _portable(memory[4:]), _int(memory[:4]), inst.gauss_next)
    return address if found == _by_method(inst) else None


class NumpyRandom(Generator):
    """The generator behind the functions of `numpy.random`."""

    name = library = "numpy.random"

    def __init__(self) -> None:
        self._bits: Any = None
        self._address: int | None = None
        self._last = RandomState("", b"")

    def state(self, *, trust: bool = False) -> RandomState:
        """Return the state now."""
        rand = sys.modules["numpy.random"].mtrand._rand
        bits = rand._bit_generator
        if bits is not self._bits:
            self._bits, self._address = bits, None
            if type(bits).__name__ == _MT:
                self._address = bits.ctypes.state_address
                memory = self._memory()
                full = self._full(rand)
                if memory != full[1:3]:
                    self._address = None
        if self._address is None:
            return self._full(rand)
        key, position = self._memory()
        last = self._last
        if (trust or last.ahead is None) and last.position == position and last.key == key:
            # A number drawn in advance is made by advancing: none can have appeared.
            return last
        return self._full(rand)

    def restore(self, state: RandomState) -> None:
        """Put the generator into a state."""
        import numpy as np

        if state.algorithm != _MT:
            np.random.set_state(json.loads(state.key))  # noqa: NPY002 - the legacy generator is the matter
            return
        key = np.frombuffer(state.key, dtype="<u4").astype("u4")
        np.random.set_state((_MT, key, state.position, int(state.ahead is not None), state.ahead or 0.0))  # noqa: NPY002
        self._last = RandomState("", b"")

    def _memory(self) -> tuple[bytes, int]:
        assert self._address is not None
        memory = ctypes.string_at(self._address, 4 * (_WORDS + 1))
        return _portable(memory[: 4 * _WORDS]), _int(memory[4 * _WORDS :])

    def _full(self, rand: Any) -> RandomState:
        found = rand.get_state(legacy=False)
        if found["bit_generator"] == _MT:
            key, position = found["state"]["key"].astype("<u4").tobytes(), int(found["state"]["pos"])
            self._last = RandomState(_MT, key, position, float(found["gauss"]) if found["has_gauss"] else None)
        else:
            text = json.dumps(found, sort_keys=True, default=lambda value: value.tolist())
            self._last = RandomState(found["bit_generator"], text.encode())
        return self._last


class TorchRandom(Generator):
    """The generator of torch on the processor."""

    name = library = "torch"

    def state(self, *, trust: bool = False) -> RandomState:  # noqa: ARG002 - one copy of 5 kB
        """Return the state now."""
        return RandomState("torch", sys.modules["torch"].random.get_rng_state().numpy().tobytes())

    def restore(self, state: RandomState) -> None:
        """Put the generator into a state."""
        import torch

        torch.random.set_rng_state(torch.frombuffer(bytearray(state.key), dtype=torch.uint8))


GENERATORS: tuple[Callable[[], Generator], ...] = (PythonRandom, NumpyRandom, TorchRandom)


_ASKS = {"random": "getstate", "numpy.random": "get_state", "torch": "get_rng_state"}


def asks_state(name: str, mentions: Collection[str], namespace: Mapping[str, Any]) -> bool:
    """Tell whether a cell that mentions these names may ask for the state of the global generator `name`."""
    method = _ASKS[name]
    if method not in mentions:
        return False
    places = {name, name.partition(".")[0]}
    return method in namespace or any(getattr(namespace.get(said), "__name__", None) in places for said in mentions)


def restore(name: str, data: bytes) -> None:
    """Put the global generator `name` (`random`, `numpy.random`, `torch`) into a stored state, or serve entropy again.

    `data` are the bytes that a run stored for the version of that state. Raises `UnknownGenerator`.
    """
    if name in entropy.NAMES:
        entropy.serve(name, data)
        return
    for make in GENERATORS:
        generator = make()
        if generator.name == name:
            generator.restore(RandomState.decode(data))
            return
    raise UnknownGenerator(name=name)


def _words(key: bytes) -> array.array[int]:
    words = array.array("I", key)
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _bytes(words: tuple[int, ...]) -> bytes:
    return _portable(array.array("I", words).tobytes())


def _portable(memory: bytes) -> bytes:
    """Return words in this machine's order as little-endian bytes."""
    if sys.byteorder == "little":
        return memory
    words = array.array("I", memory)
    words.byteswap()
    return words.tobytes()


def _int(memory: bytes) -> int:
    return int.from_bytes(memory, sys.byteorder)
