"""Which names a code has surely stored when control comes to a point: definite assignment, over bytecode.

The classical forward data-flow analysis (Aho, Lam, Sethi, Ullman: Compilers, 9.2): a name is surely stored at the
start of a block when it is so at the end of every block that control can come from. An exception may come from
anywhere in the range that a handler guards, so the handler starts with what was sure before that range's blocks.
"""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Iterable
from types import CodeType

_JUMPS = frozenset(dis.hasjrel)
_BACKWARD = frozenset(op for op in dis.hasjrel if "BACKWARD" in dis.opname[op])
_ALWAYS = frozenset(
    dis.opmap[name] for name in ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT") if name in dis.opmap
)
_ENDS = frozenset(
    dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE") if name in dis.opmap
)

Event = tuple[int, str, bool]
"""Offset, name, and whether the name is stored there (else it is deleted)."""


class Flow:
    """The control flow of one code object. `events` are its stores and deletions, in the order of their offsets."""

    def __init__(self, code: CodeType, instructions: Iterable[tuple[int, int, int]], events: list[Event]) -> None:
        edges: list[tuple[int, int]] = []
        cuts = {0}
        stops: set[int] = set()
        for offset, op, arg in instructions:
            if op in _JUMPS:
                after = next_offset(code, offset)
                target = after + (-2 * arg if op in _BACKWARD else 2 * arg)
                edges.append((offset, target))
                cuts.update((after, target))
                if op in _ALWAYS:
                    stops.add(offset)
            elif op in _ENDS:
                stops.add(offset)
                cuts.add(next_offset(code, offset))
        handlers = _handlers(code)
        for start, end, target in handlers:
            cuts.update((start, end, target))
        self._starts = sorted(cuts)
        self._events: list[list[Event]] = [[] for _ in self._starts]
        for event in events:
            self._events[self._block(event[0])].append(event)
        self._bits = {name: 1 << at for at, name in enumerate({name for _, name, _ in events})}
        self._solve(edges, stops, handlers)

    def surely_stored(self, name: str, offset: int) -> bool:
        """Tell whether every way to `offset` stores `name` and does not delete it afterwards."""
        block = self._block(offset)
        known = bool(self._in[block] & self._bits.get(name, 0))
        for at, changed, stored in self._events[block]:
            if at >= offset:
                break
            if changed == name:
                known = stored
        return known

    def _block(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _solve(self, edges: list[tuple[int, int]], stops: set[int], handlers: list[tuple[int, int, int]]) -> None:
        count = len(self._starts)
        everything = (1 << len(self._bits)) - 1
        before: list[set[int]] = [set() for _ in range(count)]
        raising: list[set[int]] = [set() for _ in range(count)]
        ended = {self._block(offset) for offset in stops}
        for block in range(1, count):
            if block - 1 not in ended:
                before[block].add(block - 1)
        for source, target in edges:
            before[self._block(target)].add(self._block(source))
        for start, end, target in handlers:
            raising[self._block(target)].update(range(self._block(start), self._block(end - 1) + 1))
        self._in = [0] + [everything] * (count - 1)
        changed = True
        while changed:
            changed = False
            for block in range(1, count):
                known = everything
                for source in before[block]:
                    known &= self._after(source)
                for source in raising[block]:
                    known &= self._in[source] & ~self._deleted(source)
                if known != self._in[block]:
                    self._in[block] = known
                    changed = True

    def _after(self, block: int) -> int:
        known = self._in[block]
        for _, name, stored in self._events[block]:
            bit = self._bits[name]
            known = known | bit if stored else known & ~bit
        return known

    def _deleted(self, block: int) -> int:
        return sum({self._bits[name] for _, name, stored in self._events[block] if not stored})


def next_offset(code: CodeType, offset: int) -> int:
    """Return where the instruction after that at `offset` begins: past its inline caches, from where jumps count."""
    raw = code.co_code
    offset += 2
    while offset < len(raw) and raw[offset] == 0:
        offset += 2
    return offset


def _handlers(code: CodeType) -> list[tuple[int, int, int]]:
    """Return (start, end, target) offsets of the exception handlers; `dis` holds the parser of their table."""
    if not code.co_exceptiontable:
        return []
    parse = getattr(dis, "_parse_exception_table", None)
    if parse is None:
        return [(0, len(code.co_code), 0)]
    return [(entry.start, entry.end, entry.target) for entry in parse(code)]
