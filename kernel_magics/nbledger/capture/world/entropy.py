"""Entropy: the numbers that generators without a seed start from, noted as a cell draws them, and served again.

`numpy.random.default_rng()`, `RandomState()`, `random.Random()` and the like ask the system for random bits. Nothing
else of them is random: whoever is given the same bits in the same order makes the same generators. What a cell drew is
hidden state that no cell makes, so that a replay of the cell alone can be given it.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbledger.fingerprint.sink import DIGEST_SIZE
from nbledger.records import Version

NUMPY, PYTHON = "numpy.random entropy", "random entropy"
NAMES = (NUMPY, PYTHON)
MOST_BITS = 1 << 26
"""Bits kept of one cell: 3,300 generators of Python, half a million of numpy."""

_served: dict[str, deque[int]] = {}

Place = tuple[int, int]
"""A place in running code: a frame's identity, and its instruction."""


class Drawn(NamedTuple):
    """What a cell drew of the source `name`, in order: a version, and its content as bytes (JSON)."""

    name: str
    version: Version
    data: bytes


class Tape:
    """The numbers drawn since `begin`, by source. A child process that was forked off draws for itself.

    `void` says of a number that nothing came of it: a cell all of whose numbers are such drew none. Where there are
    others they are kept with them, so that each is served at its place.
    """

    def __init__(self) -> None:
        self._drawn: dict[str, list[int]] = {name: [] for name in NAMES}
        self._of_use: dict[str, int] = {}
        self._latest: dict[int, tuple[str, Place]] = {}
        self._bits = 0
        self._process = os.getpid()
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether more was drawn, that something came of, than is kept."""
        return self._bits > MOST_BITS and any(self._of_use.values())

    def begin(self) -> None:
        """Forget what an earlier cell drew."""
        self._bits = 0
        self._of_use.clear()
        self._latest.clear()
        for numbers in self._drawn.values():
            numbers.clear()

    def draw(self, name: str, bits: int, fresh: Callable[[int], int], place: Place) -> int:
        """Return the number that is served next, or else a fresh one of so many bits; either is noted."""
        if os.getpid() != self._process:
            return fresh(bits)
        with self._lock:
            number = _next(name, bits)
            if number is None:
                number = fresh(bits)
            self._bits += bits
            if self._bits <= MOST_BITS:
                self._drawn[name].append(number)
            self._of_use[name] = self._of_use.get(name, 0) + 1
            self._latest[threading.get_ident()] = name, place
        return number

    def void(self, place: Place) -> None:
        """If this thread drew its last number at this place, nothing came of that."""
        name, drawn_at = self._latest.get(threading.get_ident(), ("", None))
        if drawn_at == place and os.getpid() == self._process:
            with self._lock:
                del self._latest[threading.get_ident()]
                self._of_use[name] -= 1

    def end(self) -> Iterator[Drawn]:
        """Yield what was drawn since `begin`, nothing if that was too much; what is left to serve is dropped."""
        _served.clear()
        if self.is_full:
            return
        for name, numbers in self._drawn.items():
            if self._of_use.get(name):
                yield _drawn(name, numbers)


def serve(name: str, data: bytes) -> None:
    """Have the next draws of a source give what a cell drew; `data` is the content of such a version."""
    _served[name] = deque(int(number, 16) for number in json.loads(data))


def _next(name: str, bits: int) -> int | None:
    """Return the number that is served next, if any; one too large is another call's, and so is all that follows it."""
    try:
        number = _served[name].popleft()
    except LookupError:
        return None
    if number.bit_length() <= bits:
        return number
    _served.pop(name, None)
    return None


def _drawn(name: str, numbers: list[int]) -> Drawn:
    from blake3 import blake3

    # Hexadecimal: Python refuses to write integers of 2,496 bytes in decimal.
    data = json.dumps([f"{number:x}" for number in numbers]).encode()
    digest = blake3(data).hexdigest(length=DIGEST_SIZE)
    return Drawn(name, Version(digest, "state", type_name=name, nbytes=len(data)), data)
