"""Which names a code has surely stored when control comes to a point: definite assignment, over bytecode.

The classical forward data-flow analysis (Aho, Lam, Sethi, Ullman: Compilers, 9.2): a name is surely stored at the
start of a block when it is so at the end of every block that control can come from. An exception may come from
anywhere in the range that a handler guards, so the handler starts with what was sure before that range's blocks.

When it is known which lines ran, the graph is that of the ways which are possible given these lines (`prune`): a block
whose first line did not run was not entered, and a way that would make a line which ran unreachable was not taken.
"""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from types import CodeType

from nbledger.capture.code.bytecode import (
    ENDS,
    JUMPS,
    RETURNS,
    LineTable,
    handlers,
    instructions,
    next_offset,
    opcodes,
    selection,
)

_BACKWARD = frozenset(op for op in JUMPS if "BACKWARD" in dis.opname[op])
_ALWAYS = opcodes("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
_BRANCHING = selection(JUMPS, ENDS)
_UNMARKED = {0} | opcodes("RESUME", "RETURN_GENERATOR", "END_FOR", "END_SEND", "END_ASYNC_FOR", "POP_TOP")
"""Instructions that a loop jumps over or that begin no line, so that no line event tells of them."""
_HANDLERS_OF_WITH = selection(opcodes("WITH_EXCEPT_START"))

Event = tuple[int, str, bool]
"""Offset, name, and whether the name is stored there (else it is deleted)."""


class Straight:
    """The flow of a code without branches and handlers: what comes first has been done."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._first: dict[str, int] | None = None
        if all(stored for _, _, stored in events):
            self._first = {}
            for offset, name, _ in events:
                self._first.setdefault(name, offset)

    def surely_stored(self, name: str, offset: int) -> bool:
        """Tell whether `name` is stored before `offset` and not deleted afterwards."""
        if self._first is not None:
            return self._first.get(name, offset) < offset
        known = False
        for at, changed, stored in self._events:
            if at >= offset:
                break
            if changed == name:
                known = stored
        return known

    def reaches(self, offset: int) -> bool:
        """Tell whether control may come to `offset`: always."""
        return offset >= 0

    def at_exit(self) -> frozenset[str]:
        """Return the names that are stored at the end."""
        if self._first is not None:
            return frozenset(self._first)
        last = {name: stored for _, name, stored in self._events}
        return frozenset(name for name, stored in last.items() if stored)


class Graph:
    """The blocks of one code object and the ways between them; computed once, pruned and solved as often as needed."""

    def __init__(self, code: CodeType) -> None:
        jumps: list[tuple[int, int]] = []
        cuts = {0}
        stops: set[int] = set()
        returns: list[int] = []
        for offset, op, arg in instructions(code, _BRANCHING):
            after = next_offset(code, offset)
            cuts.add(after)
            if op in JUMPS:
                target = after + (-2 * arg if op in _BACKWARD else 2 * arg)
                jumps.append((offset, target))
                cuts.add(target)
                if op in _ALWAYS:
                    stops.add(offset)
            else:
                stops.add(offset)
                if op in RETURNS:
                    returns.append(offset)
        guards = handlers(code)
        for guard in guards:
            cuts.update(guard)
        self.code = code
        self.starts = sorted(cuts)
        self.ends = {self.block(offset) for offset in returns}
        self.normal: list[set[int]] = [set() for _ in self.starts]
        self.raising: list[set[int]] = [set() for _ in self.starts]
        self._connect(jumps, stops, guards)

    def _connect(self, jumps: list[tuple[int, int]], stops: set[int], guards: list[tuple[int, int, int]]) -> None:
        ended = {self.block(offset) for offset in stops}
        for block in range(len(self.starts) - 1):
            if block not in ended:
                self.normal[block].add(block + 1)
        for source, target in jumps:
            self.normal[self.block(source)].add(self.block(target))
        for start, end, target in guards:
            for block in range(self.block(start), self.block(end - 1) + 1):
                self.raising[block].add(self.block(target))

    def block(self, offset: int) -> int:
        """Return the number of the block that holds the instruction at `offset`."""
        return bisect_right(self.starts, offset) - 1

    def pruned(self, lines: LineTable, ran: frozenset[int]) -> Ways:
        """Return the ways that are possible when exactly these lines ran."""
        possible = {None, *ran}
        dead = {at for at in range(1, len(self.starts)) if self._first_line(at, lines) not in possible}
        if 0 in ran:
            for offset, _, _ in instructions(self.code, _HANDLERS_OF_WITH):
                if lines[offset] is not None and -(lines[offset] or 0) not in ran:
                    dead.add(self.block(offset))
        holding: dict[int, int] = {}
        for start, end, line in lines.spans:
            if line in ran:
                for block in range(self.block(start), self.block(end - 1) + 1):
                    holding[line] = holding.get(line, 0) | 1 << block
        ways = Ways(self, dead)
        ways.keep_possible(holding.values())
        return ways

    def _first_line(self, block: int, lines: LineTable) -> int | None:
        """Return the line that is told when control comes to a block, or `None` when that may be none."""
        raw = self.code.co_code
        offset = self.starts[block]
        end = self.starts[block + 1] if block + 1 < len(self.starts) else len(raw)
        while offset < end:
            if raw[offset] not in _UNMARKED:
                line = lines[offset]
                if line is not None:
                    return line
            offset += 2
        return None


class Ways:
    """The ways through a graph without its dead blocks."""

    def __init__(self, graph: Graph, dead: Iterable[int] = ()) -> None:
        self.graph = graph
        gone = set(dead)
        self.normal = [set() if at in gone else ways - gone for at, ways in enumerate(graph.normal)]
        self.raising = [set() if at in gone else ways - gone for at, ways in enumerate(graph.raising)]
        self.must: list[int] = []
        self._find_live()

    def keep_possible(self, must: Iterable[int]) -> None:
        """Drop the ways after which some line that ran (a mask of its blocks) can neither have run nor come to run."""
        for _ in range(4):
            masks = {blocks & self.live for blocks in must}
            # Lines in the first block, or with no block left (theirs is nested code), say nothing about ways.
            self.must = [blocks for blocks in masks if blocks and not blocks & 1]
            if not self.must or not self._drop_impossible():
                return

    def _drop_impossible(self) -> bool:
        ways = [normal | raising for normal, raising in zip(self.normal, self.raising, strict=True)]
        back: list[set[int]] = [set() for _ in ways]
        for at, targets in enumerate(ways):
            for target in targets:
                back[target].add(at)
        below = self.below = self._closure(ways, reversed(range(len(ways))))
        above = self._closure(back, range(len(ways)))
        dropped = False
        edges = [(targets, at) for ways in (self.normal, self.raising) for at, targets in enumerate(ways)]
        for targets, at in edges:
            for target in list(targets):
                seen = above[at] | below[target]
                if any(not blocks & seen for blocks in self.must):
                    targets.discard(target)
                    dropped = True
        if dropped:
            self._find_live()
        return dropped

    @staticmethod
    def _closure(ways: list[set[int]], order: Iterable[int]) -> list[int]:
        """Return for each block the mask of those that these ways lead to from it, itself included."""
        below = [1 << at for at in range(len(ways))]
        order = list(order)
        changed = True
        while changed:
            changed = False
            for at in order:
                mask = below[at]
                for target in ways[at]:
                    mask |= below[target]
                if mask != below[at]:
                    below[at] = mask
                    changed = True
        return below

    def _find_live(self) -> None:
        self.live = 0
        waiting = [0]
        while waiting:
            at = waiting.pop()
            if self.live >> at & 1:
                continue
            self.live |= 1 << at
            waiting.extend(self.normal[at] | self.raising[at])


class Flow:
    """What is surely stored where, on the given ways. `events` are the stores and deletions by their offsets."""

    def __init__(self, ways: Ways, events: Sequence[Event]) -> None:
        self._ways = ways
        self._graph = ways.graph
        self._events: list[list[Event]] = [[] for _ in ways.normal]
        for event in events:
            self._events[self._graph.block(event[0])].append(event)
        self._bits = {name: 1 << at for at, name in enumerate({name for _, name, _ in events})}
        self._everything = (1 << len(self._bits)) - 1
        self._stored: list[int] = []
        self._deleted: list[int] = []
        self._solve()

    def surely_stored(self, name: str, offset: int) -> bool:
        """Tell whether every way to `offset` stores `name` and does not delete it afterwards."""
        block = self._graph.block(offset)
        bit = self._bits.get(name, 0)
        known = bool(self._in[block] & bit)
        for at, changed, stored in self._events[block]:
            if at >= offset:
                break
            if changed == name:
                known = stored
        return known or (bool(self._ways.must) and self._passed(bit, block))

    def reaches(self, offset: int) -> bool:
        """Tell whether control may come to `offset`."""
        return bool(self._ways.live >> self._graph.block(offset) & 1)

    def at_exit(self) -> frozenset[str]:
        """Return the names that are surely stored at every normal end of the code."""
        ends = [block for block in self._graph.ends if self._ways.live >> block & 1]
        if not ends:
            return frozenset()
        known = self._everything
        for block in ends:
            known &= self._after(block)
        found = {name for name, bit in self._bits.items() if known & bit}
        for name in self._bits.keys() - found if self._ways.must else ():
            if all(self._after(end) & self._bits[name] or self._passed(self._bits[name], end) for end in ends):
                found.add(name)
        return frozenset(found)

    def _solve(self) -> None:
        count = len(self._events)
        before: list[list[int]] = [[] for _ in range(count)]
        guarded: list[list[int]] = [[] for _ in range(count)]
        for at in _bits(self._ways.live):
            for target in self._ways.normal[at]:
                before[target].append(at)
            for target in self._ways.raising[at]:
                guarded[target].append(at)
        for events in self._events:
            last = {name: stored for _, name, stored in events}
            self._stored.append(sum(self._bits[name] for name, stored in last.items() if stored))
            self._deleted.append(sum({self._bits[name] for _, name, stored in events if not stored}))
        self._in = [0] + [self._everything] * (count - 1)
        order = [block for block in range(1, count) if self._ways.live >> block & 1]
        changed = True
        while changed:
            changed = False
            for block in order:
                known = self._everything
                for source in before[block]:
                    known &= self._after(source)
                for source in guarded[block]:
                    known &= self._in[source] & ~self._deleted[source]
                if known != self._in[block]:
                    self._in[block] = known
                    changed = True

    def _after(self, block: int) -> int:
        return (self._in[block] & ~self._deleted[block]) | self._stored[block]

    def _passed(self, bit: int, block: int) -> bool:
        """Tell whether control came to `block` past a line that ran and from which every way there stores the name.

        What a loop's body stored has been stored once the loop is over and a line of the body ran, though there is a
        way around the body.
        """
        if not bit or any(deleted & bit for deleted in self._deleted):
            return False
        later = self._ways.below[block]
        starts = {
            at
            for blocks in self._ways.must
            if not blocks & (blocks - 1) and not blocks & later
            for at in (blocks.bit_length() - 1,)
            if self._stored[at] & bit
        }
        return any(not self._reachable_without(bit, start) >> block & 1 for start in starts)

    def _reachable_without(self, bit: int, start: int) -> int:
        """Return the blocks that control can come to from `start` before the name is stored."""
        seen = 0
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if seen >> at & 1:
                continue
            seen |= 1 << at
            waiting.extend(self._ways.raising[at])
            if not self._stored[at] & bit:
                waiting.extend(self._ways.normal[at])
        return seen


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
