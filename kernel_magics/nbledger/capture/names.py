"""Which names of a namespace a piece of code reads, writes and deletes.

Found from the bytecode that Python's own compiler made, so scoping is the compiler's and not a guess: `LOAD_NAME` and
`LOAD_GLOBAL` read, `STORE_NAME` and `STORE_GLOBAL` write, `DELETE_*` delete. Scanning the code of a cell takes
microseconds, and the namespace stays a plain dict, so the cell itself runs at full speed.

A name counts as read where a load may see the value from before the code ran. A store that every path to the load
passes hides that value. What cannot be known from the code (a branch not taken, a loop of no turns) counts as read:
the set may be too large, never too small.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from nbledger.capture.flow import Event, Flow

_LOADS = {dis.opmap[name] for name in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") if name in dis.opmap}
_LOAD_GLOBAL = dis.opmap["LOAD_GLOBAL"]
_STORES = {dis.opmap["STORE_NAME"], dis.opmap["STORE_GLOBAL"]}
_DELETES = {dis.opmap["DELETE_NAME"], dis.opmap["DELETE_GLOBAL"]}
_STORE_GLOBALS = {dis.opmap["STORE_GLOBAL"], dis.opmap["DELETE_GLOBAL"]}
_EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]
_LOAD_CONST = dis.opmap["LOAD_CONST"]
_CO_OPTIMIZED = 0x1
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None), ModuleType})
_MAX_REACHED = 2000
_MAX_DEPTH = 3
_MAX_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a code reads (before writing them itself), writes and deletes.

    `opaque` says why these sets cannot be complete (`exec`, `eval`), or is empty.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    opaque: tuple[str, ...] = ()


@dataclass(slots=True)
class _Scan:
    """One pass over a code object: where names are loaded, and where they are stored or deleted."""

    loads: list[tuple[int, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def compile_cell(source: str, filename: str = "<cell>") -> CodeType:
    """Compile a cell as IPython does, with top-level `await`. Raises `SyntaxError` and `ValueError` as `compile`."""
    code: CodeType = compile(source, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return code


class CellCode:
    """The compiled code of a cell, scanned once; `resolve` then says what it touches in given namespaces."""

    def __init__(self, code: CodeType) -> None:
        instructions = list(_instructions(code))
        self._scan = _Scan()
        _scan_module(code, instructions, self._scan)
        self._flow = Flow(code, instructions, self._scan.events)
        self.loads = frozenset(name for _, name in self._scan.loads)
        self.mentions = frozenset(code.co_names)
        self.writes = frozenset(name for _, name, stored in self._scan.events if stored)
        self.deletes = frozenset(name for _, name, stored in self._scan.events if not stored)
        opaque = tuple(sorted({"exec", "eval"} & self.loads))
        self._own = Names(self._earlier_reads(self._scan.loads), self.writes, self.deletes, opaque)

    def resolve(self, namespace: Mapping[str, Any]) -> Names:
        """Return the names that the cell touches, itself and through the notebook's functions that it mentions.

        What a function reads counts as read where the function's name is loaded: a cell that binds `df` and then
        calls a function that uses the global `df` does not read the earlier `df`.
        """
        reached = {
            name: names
            for name in self.loads
            if name in namespace and type(namespace[name]) not in _PLAIN
            for names in [reached_names(name, namespace)]
            if names is not None
        }
        if not reached:
            return self._own
        loads = list(self._scan.loads)
        for at, name in self._scan.loads:
            if name in reached:
                loads.extend((at, inner) for inner in reached[name].reads)
        return Names(
            reads=self._earlier_reads(loads),
            writes=self.writes.union(*(names.writes for names in reached.values())),
            deletes=self.deletes.union(*(names.deletes for names in reached.values())),
            opaque=tuple(sorted({"exec", "eval"} & {name for _, name in loads})),
        )

    def _earlier_reads(self, loads: list[tuple[int, str]]) -> frozenset[str]:
        """Return the names of which some load can see the value from before the code ran."""
        stored = self._flow.surely_stored
        return frozenset({name for at, name in loads if name not in self.writes or not stored(name, at)})


def reached_names(name: str, namespace: Mapping[str, Any]) -> Names | None:
    """Return what the notebook's own function or class behind `name` reaches in `namespace`, transitively.

    `None` when it is neither. A function is the notebook's when its globals are `namespace`, a class when its
    methods' are. Instances of such classes, bound methods, partials, and short lists, tuples and dicts of functions
    are looked through.
    """
    if name not in namespace:
        return None
    codes = list(_codes_of(namespace[name], namespace))
    if not codes:
        return None
    reads: set[str] = set()
    writes: set[str] = set()
    deletes: set[str] = set()
    seen: set[int] = set()
    while codes and len(seen) < _MAX_REACHED:
        code = codes.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        touched = function_globals(code)
        for inner in touched.reads - reads:
            if inner in namespace:
                codes.extend(_codes_of(namespace[inner], namespace))
        reads |= touched.reads
        writes |= touched.writes
        deletes |= touched.deletes
    return Names(frozenset(reads), frozenset(writes), frozenset(deletes))


@lru_cache(maxsize=4096)
def function_globals(code: CodeType) -> Names:
    """Return the globals that a function's code, and every code nested in it, loads, stores and deletes."""
    reads: set[str] = set()
    writes: set[str] = set()
    deletes: set[str] = set()
    for inner in _nested(code):
        optimized = inner.co_flags & _CO_OPTIMIZED
        for _, op, arg in _instructions(inner):
            if op == _LOAD_GLOBAL:
                reads.add(inner.co_names[arg >> 1])
            elif op in _LOADS and not optimized:
                reads.add(inner.co_names[arg])
            elif op in _STORE_GLOBALS:
                (deletes if op in _DELETES else writes).add(inner.co_names[arg])
    return Names(frozenset(reads), frozenset(writes), frozenset(deletes))


def _instructions(code: CodeType) -> Iterator[tuple[int, int, int]]:
    """Yield (offset, opcode, argument) of the instructions; inline caches (opcode 0) are passed over."""
    raw = code.co_code
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
        yield offset, op, arg


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _nested(const)


def _scan_module(code: CodeType, instructions: list[tuple[int, int, int]], scan: _Scan) -> None:
    for offset, op, arg in instructions:
        if op in _LOADS:
            scan.loads.append((offset, code.co_names[arg]))
        elif op == _LOAD_GLOBAL:
            scan.loads.append((offset, code.co_names[arg >> 1]))
        elif op in _STORES:
            scan.events.append((offset, code.co_names[arg], True))
        elif op in _DELETES:
            scan.loads.append((offset, code.co_names[arg]))
            scan.events.append((offset, code.co_names[arg], False))
        elif op == _LOAD_CONST and isinstance(code.co_consts[arg], CodeType):
            _scan_inner(code.co_consts[arg], offset, scan)


def _scan_inner(code: CodeType, offset: int, scan: _Scan) -> None:
    """Look at code that the cell holds as a constant: what runs at once is read here, a `def` when it is reached."""
    if not code.co_flags & _CO_OPTIMIZED:
        _scan_class_body(code, offset, scan)
    elif code.co_name.startswith("<"):
        touched = function_globals(code)
        scan.loads.extend((offset, name) for name in touched.reads)
        scan.events.extend((offset, name, True) for name in touched.writes)


def _scan_class_body(code: CodeType, offset: int, scan: _Scan) -> None:
    stored: set[str] = set()
    for _, op, arg in _instructions(code):
        if op in _STORES and op not in _STORE_GLOBALS:
            stored.add(code.co_names[arg])
        elif op in _LOADS and code.co_names[arg] not in stored and not code.co_names[arg].startswith("__"):
            scan.loads.append((offset, code.co_names[arg]))
        elif op == _LOAD_GLOBAL:
            scan.loads.append((offset, code.co_names[arg >> 1]))


def _codes_of(value: Any, namespace: Mapping[str, Any], depth: int = 0) -> Iterator[CodeType]:
    """Yield the code of the notebook's own functions that a value stands for or holds."""
    kind = type(value)
    if kind is FunctionType:
        yield from _function_codes(value, namespace, depth)
    elif isinstance(value, type):
        yield from _class_codes(value, namespace)
    elif kind.__module__ == "__main__":
        yield from _class_codes(kind, namespace)
    elif depth < _MAX_DEPTH:
        for part in _held(value, kind):
            yield from _codes_of(part, namespace, depth + 1)


def _held(value: Any, kind: type) -> list[Any]:
    """Return what a value may call: a method's function and object, a partial's parts, a short container's items."""
    if kind is MethodType:
        return [value.__func__, value.__self__]
    if kind is partial:
        return [value.func, *value.args, *value.keywords.values()]
    if kind in (list, tuple, dict) and len(value) <= _MAX_ITEMS:
        return list(value.values() if kind is dict else value)
    return []


def _function_codes(value: FunctionType, namespace: Mapping[str, Any], depth: int) -> Iterator[CodeType]:
    if value.__globals__ is namespace:
        yield value.__code__
        for cell in value.__closure__ or ():
            yield from _closure_codes(cell, namespace, depth)
    wrapped = value.__dict__.get("__wrapped__")
    if wrapped is not None and depth < _MAX_DEPTH:
        yield from _codes_of(wrapped, namespace, depth + 1)


def _closure_codes(cell: Any, namespace: Mapping[str, Any], depth: int) -> Iterator[CodeType]:
    try:
        content = cell.cell_contents
    except ValueError:
        return
    if depth < _MAX_DEPTH and type(content) is FunctionType:
        yield from _codes_of(content, namespace, depth + 1)


def _class_codes(cls: type, namespace: Mapping[str, Any]) -> Iterator[CodeType]:
    for base in cls.__mro__:
        if base.__module__ != "__main__":
            continue
        for member in list(base.__dict__.values()):
            if isinstance(member, (staticmethod, classmethod)):
                function: Any = member.__func__
            elif isinstance(member, property):
                function = member.fget
            else:
                function = member
            if type(function) is FunctionType and function.__globals__ is namespace:
                yield function.__code__
