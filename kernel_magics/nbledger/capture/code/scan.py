"""One pass over a code object: what its instructions load, store, delete, mention and hold.

A name's position is the offset of the instruction that touches it, so that the flow of control can tell whether an
earlier store hides what was there before. What a nested code touches is positioned where that code is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType
from typing import NamedTuple

from nbledger.capture.code.bytecode import (
    CALLS,
    CO_OPTIMIZED,
    DELETES,
    JUMPS,
    LOAD_ATTR,
    LOAD_CONST,
    LOAD_GLOBAL,
    LOAD_NAME,
    METHOD_BIT,
    STORE_ATTR,
    STORES,
    Instruction,
    instructions,
    opcodes,
    selection,
)
from nbledger.capture.code.dynamic import TRIGGERS, Found, find
from nbledger.capture.code.flow import Event

_LOAD, _LOAD_GLOBAL, _STORE, _DELETE, _ATTR, _SET_ATTR, _COPY, _SWAP = range(1, 9)
_KINDS = bytearray(256)
for _group, _kind in (
    (LOAD_NAME, _LOAD),
    ({LOAD_GLOBAL}, _LOAD_GLOBAL),
    (STORES, _STORE),
    (DELETES, _DELETE),
    (LOAD_ATTR, _ATTR),
    (STORE_ATTR, _SET_ATTR),
    (opcodes("COPY"), _COPY),
    (opcodes("SWAP"), _SWAP),
):
    for _op in _group:
        _KINDS[_op] = _kind
_MADE = opcodes("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE", "PRECALL")
_BRANCHES = selection(JUMPS)
_GLOBALS = selection([LOAD_GLOBAL])
is_output = re.compile(r"_{1,3}|_\d+|Out|_oh").fullmatch


class Chain(NamedTuple):
    """An attribute of an attribute of a name: `root.a.b`. `stored` when it is assigned or deleted."""

    root: str
    path: tuple[str, ...]
    stored: bool = False


class Inner(NamedTuple):
    """A code that another one holds. `name` is what it is bound to, when that is all that is done with it."""

    code: CodeType
    name: str | None
    decorated: bool = False


@dataclass(slots=True)
class Scan:
    """What one code object touches itself, each with the offset where it does so."""

    loads: list[tuple[int, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    inner: list[tuple[int, Inner]] = field(default_factory=list)
    chains: list[tuple[int, Chain]] = field(default_factory=list)
    found: Found | None = None


def scan(code: CodeType) -> Scan:
    """Scan a code object: a module's, an expression's, a class body's or a function's."""
    made = Scan()
    if code.co_names:
        _scan_names(code, made)
        if not TRIGGERS.isdisjoint(code.co_names):
            made.found = find(code)
    if any(type(const) is CodeType for const in code.co_consts):
        steps = list(instructions(code))
        for at, (offset, op, arg) in enumerate(steps):
            if op == LOAD_CONST and type(code.co_consts[arg]) is CodeType:
                made.inner.append((offset, _inner(code, code.co_consts[arg], islice(steps, at + 1, None))))
    return made


def _scan_names(code: CodeType, made: Scan) -> None:
    """Find the names, and `root.a.b`, read or assigned; `root.a += 1` copies the root and stores through the copy."""
    names, loads, events, chains = code.co_names, made.loads, made.events, made.chains
    root: str | None = None
    path: tuple[str, ...] = ()
    copied: list[tuple[str, tuple[str, ...]]] = []
    start = before = 0
    for offset, op, arg in instructions(code):
        kind = _KINDS[op]
        if kind == _ATTR and root is not None:
            path += (names[arg >> 1 if op == METHOD_BIT else arg],)
            continue
        if kind == _COPY and root is not None:
            copied.append((root, path))
            continue
        if kind == _SET_ATTR and (root is not None or (before == _SWAP and copied)):
            base, below = (root, path) if root is not None else copied.pop()
            chains.append((offset, Chain(base, (*below, names[arg]), stored=True)))
        if path and root is not None:
            chains.append((start, Chain(root, path)))
            path = ()
        root = None
        before = kind
        if kind == _LOAD:
            root, start = names[arg], offset
            loads.append((offset, root))
        elif kind == _LOAD_GLOBAL:
            root, start = names[arg >> 1], offset
            loads.append((offset, root))
        elif kind == _STORE:
            events.append((offset, names[arg], True))
        elif kind == _DELETE:
            loads.append((offset, names[arg]))
            events.append((offset, names[arg], False))


def _inner(code: CodeType, inner: CodeType, after: Iterable[Instruction]) -> Inner:
    """Tell what a nested code is bound to by what comes after it: `def f` and `f = lambda`, but no lambda in a call."""
    if inner.co_name.startswith("<") and inner.co_name != "<lambda>":
        return Inner(inner, None)
    is_class = not inner.co_flags & CO_OPTIMIZED
    calls = 0
    for _, op, arg in after:
        if op in STORES:
            return Inner(inner, code.co_names[arg], decorated=calls > is_class)
        if op in CALLS:
            calls += 1
        elif not (op in _MADE or is_class):
            break
    return Inner(inner, None)


def class_loads(code: CodeType, made: Scan) -> Iterator[tuple[int, str]]:
    """Yield what a class body loads from outside itself: not what it has surely stored before."""
    straight = not code.co_exceptiontable and not any(True for _ in instructions(code, _BRANCHES))
    own = {name for _, name, _ in made.events}
    stores = {name: offset for offset, name, stored in reversed(made.events) if stored}
    globals_ = {offset for offset, op, _ in instructions(code, _GLOBALS)}
    for offset, name in made.loads:
        hidden = straight and name in own and stores.get(name, offset) < offset and offset not in globals_
        if not hidden and name[:2] != "__":
            yield offset, name
