"""Code objects as lists of instructions, on Python 3.11 to 3.13.

`co_code` is what the compiler wrote, whatever the interpreter specialised or a tool instrumented. The instructions are
picked out of it by functions written in C, since this runs before and after every cell.
"""

from __future__ import annotations

import dis
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import compress
from types import CodeType

Instruction = tuple[int, int, int]
"""Where an instruction begins in the code, its opcode, and its argument."""


def opcodes(*names: str) -> frozenset[int]:
    """Return the numbers of those of these instructions that this Python has."""
    return frozenset(dis.opmap[name] for name in names if dis.opmap.get(name, 256) < 256)


LOAD_NAME = opcodes("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
LOAD_GLOBAL = dis.opmap["LOAD_GLOBAL"]
LOADS = LOAD_NAME | {LOAD_GLOBAL}
STORES = opcodes("STORE_NAME", "STORE_GLOBAL")
DELETES = opcodes("DELETE_NAME", "DELETE_GLOBAL")
OF_GLOBALS = opcodes("STORE_GLOBAL", "DELETE_GLOBAL")
LOAD_CONST = dis.opmap["LOAD_CONST"]
LOAD_ATTR = opcodes("LOAD_ATTR", "LOAD_METHOD")
STORE_ATTR = opcodes("STORE_ATTR", "DELETE_ATTR")
CALLS = opcodes("CALL", "CALL_FUNCTION_EX", "CALL_KW")
PADDING = opcodes("PUSH_NULL", "PRECALL", "KW_NAMES", "TO_BOOL", "CACHE")
JUMPS = frozenset(op for op in dis.hasjrel if op < 256)
ENDS = opcodes("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")
RETURNS = opcodes("RETURN_VALUE", "RETURN_CONST")
CO_OPTIMIZED = 0x1
_EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]
METHOD_BIT = dis.opmap["LOAD_ATTR"] if sys.version_info >= (3, 12) else -1
"""Since 3.12 the lowest bit of this instruction's argument tells that a method is loaded to be called."""

EVERYTHING = bytes(min(op, 1) for op in range(256))


def selection(*groups: Iterable[int]) -> bytes:
    """Return the table by which `instructions` picks out these opcodes."""
    wanted = {op for group in groups for op in group}
    return bytes(int(op in wanted) for op in range(256))


def instructions(code: CodeType, wanted: bytes = EVERYTHING) -> Iterable[Instruction]:
    """Return the instructions that a `selection` picks out; inline caches (opcode 0) are passed over."""
    raw = code.co_code
    ops = raw[::2]
    if _EXTENDED_ARG in ops:
        return _extended(raw, wanted)
    return compress(zip(range(0, len(raw), 2), ops, raw[1::2], strict=False), ops.translate(wanted))


def _extended(raw: bytes, wanted: bytes) -> list[Instruction]:
    found: list[Instruction] = []
    extended = 0
    for offset in range(0, len(raw), 2):
        op = raw[offset]
        if op == 0:
            continue
        arg = raw[offset + 1] | extended
        if op == _EXTENDED_ARG:
            extended = arg << 8
            continue
        extended = 0
        if wanted[op]:
            found.append((offset, op, arg))
    return found


def loaded(code: CodeType, op: int, arg: int) -> str:
    """Return the name that one of `LOADS` loads."""
    name: str = code.co_names[arg >> 1 if op == LOAD_GLOBAL else arg]
    return name


def attribute(code: CodeType, op: int, arg: int) -> str:
    """Return the attribute that one of `LOAD_ATTR` or `STORE_ATTR` means."""
    name: str = code.co_names[arg >> 1 if op == METHOD_BIT else arg]
    return name


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all that it holds."""
    yield code
    for const in code.co_consts:
        if type(const) is CodeType:
            yield from nested(const)


def next_offset(code: CodeType, offset: int) -> int:
    """Return where the instruction after that at `offset` begins: past its inline caches, from where jumps count."""
    raw = code.co_code
    offset += 2
    while offset < len(raw) and raw[offset] == 0:
        offset += 2
    return offset


def handlers(code: CodeType) -> list[tuple[int, int, int]]:
    """Return (start, end, target) offsets of the exception handlers; `dis` holds the parser of their table."""
    if not code.co_exceptiontable:
        return []
    parse = getattr(dis, "_parse_exception_table", None)
    if parse is None:
        return [(0, len(code.co_code), 0)]
    return [(entry.start, entry.end, entry.target) for entry in parse(code)]


class LineTable:
    """The source line of each instruction; `None` where the compiler gave none."""

    def __init__(self, code: CodeType) -> None:
        self.spans = [(start, end, line or None) for start, end, line in code.co_lines()]
        self._starts = [start for start, _, _ in self.spans]
        self._lines = [line for _, _, line in self.spans]

    def __getitem__(self, offset: int) -> int | None:
        return self._lines[bisect_right(self._starts, offset) - 1]

    def ran(self, offset: int, lines: frozenset[int]) -> bool:
        """Tell whether the instruction may have run when these lines did; one without a line may always have."""
        line = self[offset]
        return line is None or line in lines
