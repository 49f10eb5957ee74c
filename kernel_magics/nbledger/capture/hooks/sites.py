"""Where a call was made, and the name that its value goes by there.

The caller's code object tells the exact position of the instruction (PEP 657), the position tells the node in the
source's tree, and the node's parents tell what becomes of the value: `accuracy = accuracy_score(...)`,
`scores["acc"] = ...`, `p, r, f1, _ = precision_recall_fscore_support(...)`. No source, no name: every answer has a
fallback, and none of it runs anything of the user's.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import types
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from nbledger.capture.hooks import targets
from nbledger.capture.hooks.libraries import is_library
from nbledger.capture.hooks.targets import Part
from nbledger.fingerprint.syntax import parse

_MAX_CODES = 512
_MAX_SOURCES = 64
_MAX_RETURNS = 5


@dataclass(frozen=True, slots=True)
class Site:
    """A place of a call.

    `name` is the name that the value was given, `elements` those of its parts when it was unpacked (`None` for a
    part without one). `derived_name` is a variable that holds something computed from the value, by the functions
    in `through` (`sqrt`, `mean`). `receiver` is the name of what the method was called on, `arguments` maps the
    position or keyword of an argument to its name. `top_level` tells a notebook cell (or a script) from a function.
    `library` tells a call from within an installed package or the standard library.
    """

    name: str | None = None
    elements: tuple[str | None, ...] = ()
    derived_name: str | None = None
    through: tuple[str, ...] = ()
    receiver: str | None = None
    arguments: Mapping[int | str, str] = field(default_factory=dict)
    function: str = ""
    filename: str = ""
    line: int = 0
    top_level: bool = False
    library: bool = False


UNKNOWN = Site()
_NONE: Mapping[int | str, str] = {}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the source says of one call, before the values of variables in it are known."""

    use: targets.Use
    receiver: Part | None
    arguments: Mapping[int | str, str]


@dataclass(slots=True)
class _Source:
    """One parsed source, and the lines that it was parsed from."""

    tree: ast.Module
    lines: list[str] = field(default_factory=list)

    def has_names(self, wanted: set[str]) -> bool:
        """Tell whether all of these names stand somewhere in it."""
        for node in ast.walk(self.tree):
            for attribute in ("id", "attr", "name", "module"):
                wanted.discard(getattr(node, attribute, ""))
        return not wanted

    def calls(self, line: int | None = None) -> tuple[dict[tuple[int, int], ast.Call], dict[ast.AST, ast.AST]]:
        """Return the calls by where they end (unique to a call), and each node's parent.

        With `line` only statements that have it are looked into.
        """
        calls: dict[tuple[int, int], ast.Call] = {}
        parents: dict[ast.AST, ast.AST] = {}
        todo: list[ast.AST] = [self.tree]
        for node in todo:
            if isinstance(node, ast.Call) and node.end_lineno is not None and node.end_col_offset is not None:
                calls[node.end_lineno, node.end_col_offset] = node
            for child in ast.iter_child_nodes(node):
                if line is None or not isinstance(child, ast.stmt) or _has_line(child, line):
                    parents[child] = node
                    todo.append(child)
        return calls, parents


_plans: OrderedDict[tuple[int, int], tuple[types.CodeType, _Plan | None]] = OrderedDict()
_sources: OrderedDict[str, _Source] = OrderedDict()
_offered: list[_Source] = []


def site_of(frame: types.FrameType | None) -> Site:
    """Return the site of the call that a frame is making at this moment."""
    if frame is None:
        return UNKNOWN
    code = frame.f_code
    library = is_library(code.co_filename)
    plan = None if library else _plan_of(frame)
    top_level = _is_top_level(code)
    name = derived_name = None
    elements: tuple[str | None, ...] = ()
    through: tuple[str, ...] = ()
    if plan is not None:
        use, giver = _final_use(plan.use, frame)
        if giver is not None:
            top_level = _is_top_level(giver.f_code)
            through = use.through
            whole = None if use.name is None else _resolve(use.name, giver)
            name, derived_name = (None, whole) if use.derived else (whole, None)
            elements = tuple(None if part is None else _resolve(part, giver) for part in use.elements)
    return Site(
        name=name,
        elements=elements,
        derived_name=derived_name,
        through=through,
        receiver=None if plan is None or plan.receiver is None else _resolve(plan.receiver, frame),
        arguments=_NONE if plan is None else plan.arguments,
        function=code.co_name,
        filename=code.co_filename,
        line=frame.f_lineno or 0,
        top_level=top_level,
        library=library,
    )


def offer_sources(sources: Iterable[str]) -> None:
    """Say what is about to run, for code whose own file has no source: a cell that runs inside `%%time`."""
    _offered[:] = [source for source in map(_parsed, sources) if source is not None]


def _is_top_level(code: types.CodeType) -> bool:
    return not code.co_flags & inspect.CO_NEWLOCALS


def _final_use(use: targets.Use, frame: types.FrameType) -> tuple[targets.Use, types.FrameType | None]:
    """Follow `return f(...)` to the caller that does something with the value: its use, and its frame."""
    caller: types.FrameType | None = frame
    for _ in range(_MAX_RETURNS):
        if not use.returned or caller is None:
            return use, caller
        caller = caller.f_back
        plan = None if caller is None or is_library(caller.f_code.co_filename) else _plan_of(caller)
        if plan is None:
            break
        use = replace(plan.use, through=use.through + plan.use.through, derived=use.derived or plan.use.derived)
    return use, None


def _resolve(part: Part, frame: types.FrameType) -> str | None:
    """Turn a name as the source has it into text: constants as they are, variables by their value if it is plain."""
    texts = []
    for piece in part:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        value = frame.f_locals.get(piece.variable, frame.f_globals.get(piece.variable))
        if not isinstance(value, str) and not (piece.any_plain and isinstance(value, int | float)):
            return None
        texts.append(str(value))
    return "".join(texts) or None


def _plan_of(frame: types.FrameType) -> _Plan | None:
    code = frame.f_code
    key = (id(code), frame.f_lasti)
    known = _plans.get(key)
    if known is not None and known[0] is code:
        return known[1]
    plan = None
    for source in _sources_of(frame):
        call, parents = _call_at(frame, source)
        if call is not None and not _is_handed_on(call, frame):
            plan = _Plan(targets.use_of(call, parents), targets.receiver_of(call), targets.arguments_of(call))
            break
    _plans[key] = (code, plan)
    if len(_plans) > _MAX_CODES:
        _plans.popitem(last=False)
    return plan


def _is_handed_on(call: ast.Call, frame: types.FrameType) -> bool:
    """Tell whether a builtin calls our function, which it was handed: `best = max(models, key=model.score)`."""
    if not isinstance(call.func, ast.Name) or call.func.id in ("list", "tuple"):
        return False
    name = call.func.id
    function = frame.f_locals.get(name, frame.f_globals.get(name, getattr(builtins, name, None)))
    return isinstance(function, types.BuiltinFunctionType | type)


def _call_at(frame: types.FrameType, source: _Source) -> tuple[ast.Call | None, Mapping[ast.AST, ast.AST]]:
    """Return the node of the call that a frame is making, and the parents of it."""
    position = _position(frame.f_code, frame.f_lasti)
    if position is not None:
        calls, parents = source.calls(position[0])
        if position not in calls:  # before Python 3.12 what stands in an f-string may be told to be elsewhere
            calls, parents = source.calls()
        return calls.get(position), parents
    # Without column positions (python -X no_debug_ranges): the only call that ends on the line, if it is the only.
    calls, parents = source.calls()
    on_line = [call for (line, _), call in calls.items() if line == frame.f_lineno]
    return on_line[0] if len(on_line) == 1 else None, parents


def _has_line(statement: ast.stmt, line: int) -> bool:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(one.lineno for one in decorators)])
    return first <= line <= (statement.end_lineno or line)


def _position(code: types.CodeType, instruction: int) -> tuple[int, int] | None:
    """Return the line and byte column where the expression of an instruction ends (3.11 moves some starts)."""
    position = next(islice(code.co_positions(), instruction // 2, None), None)
    if position is None or position[1] is None or position[3] is None:
        return None
    return position[1], position[3]


def _sources_of(frame: types.FrameType) -> Sequence[_Source]:
    """Return the source of a frame's file; without one, those offered that have all names of the code."""
    filename = frame.f_code.co_filename
    lines = linecache.getlines(filename, frame.f_globals)
    known = _sources.get(filename)
    if known is not None and known.lines is lines:
        return [known]
    if not lines:
        return [source for source in _offered if source.has_names(set(frame.f_code.co_names))]
    source = _parsed("".join(lines))
    if source is None:
        return []
    source.lines = lines
    _sources[filename] = source
    if len(_sources) > _MAX_SOURCES:
        _sources.popitem(last=False)
    return [source]


def _parsed(text: str) -> _Source | None:
    try:
        return _Source(parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
