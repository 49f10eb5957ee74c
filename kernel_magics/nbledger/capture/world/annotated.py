"""The annotations of the notebook itself, as hidden state: `x: int = 3` adds to `__annotations__`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import pairwise
from types import CodeType
from typing import Any

from nbledger.capture.code.bytecode import LOAD_CONST, LOADS, PADDING, instructions, loaded, opcodes
from nbledger.capture.world.figures import Edges
from nbledger.records import Version

_NAME = "__annotations__"
_LOOKS = "<annotations>"
_STORE = opcodes("STORE_SUBSCR")


class Annotated:
    """The annotations around each cell. `version` gives the version of a value."""

    def __init__(self, version: Callable[[Any], Version]) -> None:
        self._version = version
        self._made: Version | None = None

    def end(self, found: Edges, said: Collection[str], namespace: Mapping[str, Any]) -> None:
        """Collect what a cell that says these names did: looked at the annotations, or added to them."""
        if _NAME not in said:
            return
        made = self._made
        if made is not None and _LOOKS in said:
            found.use(_NAME, made)
        now = self._version([(name, str(what)) for name, what in dict(namespace.get(_NAME, {})).items()])
        if made is None or now.hash != made.hash:
            self._made = now
            found.generate(_NAME, now, derived=True)


def looks_at_annotations(said: Collection[str], codes: Iterable[CodeType]) -> set[str]:
    """Return what stands among the names that cells say for looking at the annotations, if one of these codes does."""
    return {_LOOKS} if _NAME in said and any(map(_looks, codes)) else set()


def _looks(code: CodeType) -> bool:
    """Tell whether `__annotations__` is loaded for anything but adding one."""
    steps = [step for step in instructions(code) if step[1] not in PADDING]
    loads = [at for at, (_, op, arg) in enumerate(steps) if op in LOADS and loaded(code, op, arg) == _NAME]
    after = [(key[1], what[1]) for key, what in pairwise(steps)]
    return any(after[at + 1][0] != LOAD_CONST or after[at + 1][1] not in _STORE for at in loads)
