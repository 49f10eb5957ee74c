"""Which lines of a cell, and of the notebook's functions that it may call, ran: `sys.monitoring` (Python 3.12+).

A line is told once and then runs at full speed: its event is switched off where it fired. LINE events are set on the
watched code objects alone (as global events they slow a scikit-learn cell 1.6 times). The code of a cell is compiled
by the front end, so it is caught when it starts, by the one global event, PY_START: at any code but a module's its
callback switches it off at that place, for good.

The notebook's functions stay watched between cells, which costs nothing until they run: so it is also told when one
runs that nothing in the cell leads to, because a library was given it earlier (a handler, a callback, a trigger).
"""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from itertools import takewhile
from types import CodeType, MappingProxyType
from typing import Any

from nbledger.capture.code.bytecode import CO_OPTIMIZED, instructions, nested, opcodes, selection

_monitoring: Any = getattr(sys, "monitoring", None)
_EVENTS: Any = getattr(_monitoring, "events", None)
_NAME = "nbledger"
_IDS = (4, 3, 2, 1, 5, 0)
"""Tool ids in the order of trying: 0, 1, 2 and 5 are those of debuggers, coverage, profilers and the optimizer."""
_HANDLERS_OF_WITH = selection(opcodes("WITH_EXCEPT_START"))
_LOADS_OF_GLOBALS = selection(opcodes("LOAD_GLOBAL", "LOAD_NAME"))
_LOOPS = selection(opcodes("FOR_ITER"))
_BODIES = ("<timed exec>", "ipython-input", "ipykernel")
_CO_RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_MAX_CODES = 400
_LOSES_FIRST_LINE = sys.version_info >= (3, 13)
"""The line of the instruction that a function starts with is told once only, however often its event is set anew."""
_BYTES_OF_START = (2, 6)
"""RESUME alone, and what makes a generator before it."""
_NONE: frozenset[int] = frozenset()
_Watched = tuple[CodeType, set[int]]


@dataclass(frozen=True, slots=True)
class Ran:
    """The lines that ran during a cell.

    `files` are those of the code at module level, by file name in the order of their start: the cell's own first, then
    what it ran in the same namespace (the body of `%%time`, `exec`). `module` is the union of these. Where a code has
    `with` statements a 0 is among its lines, and -n when an exception came to the `with` in line n. `functions` are
    the lines of each code that was watched, none for one that was never entered.
    """

    module: frozenset[int] = frozenset()
    functions: Mapping[CodeType, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, source: int, sources: int) -> frozenset[int] | None:
        """Return the lines that ran of one of a cell's sources, or `None` when they cannot be told apart.

        Source 0 is the cell's own, the others are bodies of `%%time` and cells that it ran, in order.
        """
        names = list(self.files)
        if source == 0 and names:
            return self.files[names[0]]
        known = source < len(names) == sources and any(mark in names[source] for mark in _BODIES)
        return self.files[names[source]] if known else None


class Lines:
    """Watches the lines of one cell at a time. On Python 3.11, or when no tool id is free, it watches nothing."""

    def __init__(self) -> None:
        self._tool: int | None = None
        self._namespace: MutableMapping[str, Any] | None = None
        self._modules: dict[int, _Watched] = {}
        self._functions: dict[int, _Watched] = {}
        self._armed: dict[int, weakref.ref[CodeType]] = {}
        self._lambdas: list[weakref.ref[CodeType]] = []
        self._fired: dict[int, CodeType] = {}

    @property
    def are_known(self) -> bool:
        """Whether it can be told which lines run."""
        return _monitoring is not None

    def begin(self, namespace: MutableMapping[str, Any], codes: Iterable[CodeType] = ()) -> None:
        """Watch the cell that is about to run in `namespace`, and these functions' codes."""
        self._release()
        self._lambdas.clear()
        if _monitoring is None or not self._acquire():
            return
        self._namespace = namespace
        for top in codes:
            for code in nested(top):
                if len(self._functions) >= _MAX_CODES:
                    return
                self._watch(code)

    def end(self) -> Ran | None:
        """Return what ran since `begin`, or `None` when nothing was watched."""
        if self._namespace is None:
            return None
        self._namespace = None
        files: dict[str, frozenset[int]] = {}
        for code, lines in self._modules.values():
            files[code.co_filename] = files.get(code.co_filename, _NONE) | lines
        functions: dict[CodeType, frozenset[int]] = {}
        for code, lines in self._functions.values():
            functions[code] = functions.get(code, _NONE) | lines
        self._release()
        return Ran(_NONE.union(*files.values()), functions, files)

    def survivors(self) -> list[CodeType]:
        """Return the lambdas of the cell that somebody holds, once it has ended and its own code is gone."""
        return [code for code in (ref() for ref in self._lambdas) if code is not None]

    def close(self) -> None:
        """Switch everything off and give the tool id back."""
        self._namespace = None
        self._release()
        self._disarm()
        if self._owned():
            _monitoring.set_events(self._tool, 0)
            for event in (_EVENTS.PY_START, _EVENTS.PY_RESUME, _EVENTS.LINE, _EVENTS.INSTRUCTION):
                _monitoring.register_callback(self._tool, event, None)
            _monitoring.free_tool_id(self._tool)
        self._tool = None

    def _disarm(self) -> None:
        """Stop watching all functions."""
        for code in [ref() for ref in list(self._armed.values())]:
            if code is not None and self._owned():
                _monitoring.set_local_events(self._tool, code, 0)
        self._armed.clear()

    def _owned(self) -> bool:
        return self._tool is not None and _monitoring.get_tool(self._tool) == _NAME

    def _acquire(self) -> bool:
        """Take a tool id, once; and take another when somebody has freed ours."""
        if self._owned():
            return True
        self._armed.clear()
        tool = self._tool = next((tool for tool in _IDS if _monitoring.get_tool(tool) is None), None)
        if tool is None:
            return False
        _monitoring.use_tool_id(tool, _NAME)
        _monitoring.register_callback(tool, _EVENTS.PY_START, self._started)
        _monitoring.register_callback(tool, _EVENTS.PY_RESUME, self._resumed)
        _monitoring.register_callback(tool, _EVENTS.LINE, self._line)
        _monitoring.register_callback(tool, _EVENTS.INSTRUCTION, self._instruction)
        _monitoring.set_events(tool, _EVENTS.PY_START)
        return True

    def _release(self) -> None:
        """Stop watching the last cell's own codes, and let the events of functions come back that were switched off."""
        fired, self._fired = self._fired, {}
        if self._owned():
            for code, _ in self._modules.values():
                _monitoring.set_local_events(self._tool, code, 0)
            for code in fired.values():
                _monitoring.set_local_events(self._tool, code, 0)
                _monitoring.set_local_events(self._tool, code, _events_of(code))
        self._modules = {}
        self._functions = {}

    def _watch(self, code: CodeType) -> None:
        ident = id(code)
        if ident in self._functions:
            return
        self._functions[ident] = (code, set())
        if ident not in self._armed:
            armed = self._armed
            armed[ident] = weakref.ref(code, lambda _: armed.pop(ident, None))
            _monitoring.set_local_events(self._tool, code, _events_of(code))

    def _watch_module(self, code: CodeType) -> None:
        watched = any(True for _ in instructions(code, _HANDLERS_OF_WITH))
        self._modules[id(code)] = (code, {0} if watched else set())
        _monitoring.set_local_events(self._tool, code, _EVENTS.LINE | (_EVENTS.INSTRUCTION if watched else 0))
        for inner in nested(code):
            if inner is not code:
                self._watch(inner)
                if inner.co_qualname == "<lambda>":
                    self._lambdas.append(weakref.ref(inner))

    def _started(self, code: CodeType, _: int) -> object:
        if _monitoring is None:
            return None  # the interpreter is shutting down and has cleared this module
        if code.co_flags & CO_OPTIMIZED or code.co_name[:1] != "<":
            return _monitoring.DISABLE
        is_new = self._namespace is not None and id(code) not in self._modules
        if is_new and sys._getframe(1).f_globals is self._namespace:
            self._watch_module(code)
        return None

    def _line(self, code: CodeType, line: int) -> object:
        found = self._modules.get(id(code)) or self._entered(code)
        if found is not None:
            found[1].add(line)
        return _monitoring.DISABLE

    def _resumed(self, code: CodeType, offset: int) -> object:
        # A generator goes on in the middle of a line: no event tells of what is left of it.
        found = self._entered(code)
        line = _line_of(code, offset)
        if found is not None and _goes_on(code, offset, line):
            found[1].add(line)
        return _monitoring.DISABLE

    def _entered(self, code: CodeType) -> _Watched | None:
        """Return what is kept of a function that runs; between two cells nothing is."""
        ident = id(code)
        self._fired[ident] = code
        if self._namespace is None:
            return None
        return self._functions.setdefault(ident, (code, set()))

    def _instruction(self, code: CodeType, offset: int) -> object:
        found = self._modules.get(id(code))
        if found is None:
            return self._line(code, _line_of(code, offset))
        if _HANDLERS_OF_WITH[code.co_code[offset]]:
            found[1].add(-_line_of(code, offset))
        return _monitoring.DISABLE


def _events_of(code: CodeType) -> int:
    events: int = _EVENTS.LINE | (_EVENTS.PY_RESUME if code.co_flags & _CO_RESUMED else 0)
    return events | _EVENTS.INSTRUCTION if _LOSES_FIRST_LINE and _is_begun_in_first_line(code) else events


def _is_begun_in_first_line(code: CodeType) -> bool:
    """Tell whether more than the instruction that a function starts with is in its first line: a lambda's all are."""
    own = takewhile(lambda part: part[2] in (None, code.co_firstlineno), code.co_lines())
    return sum(end - start for start, end, line in own if line) > _BYTES_OF_START[bool(code.co_flags & _CO_RESUMED)]


def _goes_on(code: CodeType, offset: int, line: int) -> bool:
    """Tell whether what is left of a line loads a name, or the line is a loop of its own."""
    found = [at for at, *_ in instructions(code, _LOADS_OF_GLOBALS) if at > offset]
    found += [at for at, *_ in instructions(code, _LOOPS)]
    return any(_line_of(code, at) == line for at in found)


def _line_of(code: CodeType, offset: int) -> int:
    """Return the line of an instruction, 0 for one that has none."""
    return next((line or 0 for start, end, line in code.co_lines() if start <= offset < end), 0)
