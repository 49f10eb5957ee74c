"""The notebook's own functions that a value stands for or holds, and what their code touches.

A function is the notebook's when its globals are the namespace, a class when it was made there. Decorated functions,
closures, defaults, methods, partials, instances and small containers are looked through.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from nbledger.capture.code import planted
from nbledger.capture.code.bytecode import CO_OPTIMIZED, OF_GLOBALS, LineTable, instructions, nested, opcodes, selection
from nbledger.capture.code.scan import Chain, Scan, class_loads, scan
from nbledger.capture.code.touched import Touched

PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None), ModuleType, BuiltinFunctionType, range, slice})
ATOMS = PLAIN - {ModuleType, BuiltinFunctionType}
_CONTAINERS = frozenset({list, tuple, set, frozenset, dict})
_MAX_DEPTH = 4
_MAX_ITEMS = 50
_MAX_VALUES = 2000
ADDRESS = object.__hash__
"""Tells objects apart as `id` does, but is no audit event: that would cost 0.2 microseconds a call."""
_OF_GLOBALS = selection(OF_GLOBALS)
_DELETE_GLOBAL = opcodes("DELETE_GLOBAL")
_RUNNING = {GeneratorType: "gi_code", CoroutineType: "cr_code", AsyncGeneratorType: "ag_code"}
_MISSING = object()
_BUILTINS = dict(vars(builtins))
_OF_DATA = frozenset({"DataFrame", "Series", "ndarray"})
_OPAQUE_PACKAGES = frozenset({"pandas", "numpy", "polars", "pyarrow", "torch", "matplotlib", "plotly", "scipy"})

Ran = Mapping[CodeType, frozenset[int]]


@lru_cache(maxsize=4096)
def scanned(code: CodeType) -> Scan:
    """Return the scan of a code, made once."""
    return scan(code)


@lru_cache(maxsize=4096)
def function_globals(code: CodeType) -> Touched:
    """Return what a function's code, and every code nested in it, touches of its globals."""
    return touched_by(code, None)


def touched_by(code: CodeType, ran_in: Ran | None) -> Touched:
    """Return what a code and all codes nested in it touch; of those in `ran_in`, what the lines that ran touch."""
    made = Touched()
    if not code.co_names and not any(type(const) is CodeType for const in code.co_consts):
        return made  # as most comprehensions: it works on what it is given
    for inner in nested(code):
        lines = ran_in.get(inner) if ran_in is not None else None
        if lines is None:
            _add(made, inner, _always)
        elif lines:
            table = LineTable(inner)
            _add(made, inner, partial(table.ran, lines=lines))
    return made


def _always(_: int) -> bool:
    return True


def _add(made: Touched, code: CodeType, ran: Callable[[int], bool]) -> None:
    found = scanned(code)
    loads: Iterable[tuple[int, str]] = found.loads
    if not code.co_flags & CO_OPTIMIZED:
        loads = class_loads(code, found)
    made.reads.update([name for at, name in loads if ran(at)])
    if code.co_names:
        for at, op, arg in instructions(code, _OF_GLOBALS):
            if ran(at):
                (made.deletes if op in _DELETE_GLOBAL else made.writes).add(code.co_names[arg])
    made.chains.update([chain for at, chain in found.chains if ran(at)])
    extra = found.found
    if extra is None:
        return
    made.weak.update(name for at, name in extra.weak if ran(at))
    made.everything |= any(ran(at) for at in extra.everything)
    made.queries |= any(ran(at) for at in extra.queries)
    made.opaque.update(reason for at, reason in extra.opaque if ran(at))
    made.commands.update(text for at, text in extra.commands if ran(at))
    made.chains.update(Chain(root, path, stored) for at, root, path, stored in extra.chains if ran(at))
    made.outputs.update((output, name) for at, output, name in extra.outputs if ran(at))
    for at, name, stored in (*extra.events, *extra.maybe):
        if ran(at):
            (made.writes if stored else made.deletes).add(name)
    for at, inner, _ in extra.codes:
        if ran(at):
            made.add(function_globals(inner))


def value_of(name: str, namespace: Mapping[str, Any]) -> Any:
    """Return what a global name stands for: of the builtins only what somebody put there counts, else `None`."""
    value = namespace.get(name, _MISSING)
    if value is _MISSING:
        value = vars(builtins).get(name)
        return None if value is _BUILTINS.get(name) else value
    return value


def label_of(code: CodeType) -> str:
    """Return what to call a function whose object is not at hand: its outermost name, or where a lambda stands."""
    top = code.co_qualname.partition(".")[0]
    return top if top[:1] != "<" else f"{top} in line {code.co_firstlineno}"


def codes_behind(value: Any, namespace: Mapping[str, Any]) -> list[CodeType]:
    """Return the codes of the notebook's functions that a value stands for or holds."""
    return list(_Walk(namespace, namespace.get("__name__", "__main__"), set()).codes(value))


class Reach:
    """What the names of one namespace reach. `defs` are codes that a cell binds to names itself."""

    def __init__(
        self, namespace: Mapping[str, Any], defs: Mapping[str, list[CodeType]], ran_in: Ran | None = None
    ) -> None:
        self._namespace = namespace
        self._defs = defs
        self._ran_in = ran_in
        self._module = namespace.get("__name__", "__main__")
        self._known: dict[str, Touched | None] = {}
        self._direct: dict[str, tuple[list[CodeType], set[str]]] = {}
        self.codes: set[CodeType] = set()

    def of(self, name: str) -> Touched | None:
        """Return what the value of `name` reaches, transitively, or `None` when it has no code of the notebook."""
        if name in self._known:
            return self._known[name]
        codes, names = self._of_name(name)
        self._known[name] = self.through(codes, names) if codes or names else None
        return self._known[name]

    def through(self, codes: Iterable[CodeType], names: Iterable[str] = ()) -> Touched:
        """Return what these codes, and the functions that they load, touch."""
        made = Touched(reads=set(names))
        waiting = list(codes)
        looked: set[str] = set()
        seen: set[int] = set()
        while waiting:
            code = waiting.pop()
            if ADDRESS(code) in seen:
                continue
            seen.add(ADDRESS(code))
            self.codes.add(code)
            made.add(function_globals(code) if self._ran_in is None else touched_by(code, self._ran_in))
            for inner in (made.reads | made.weak) - looked:
                looked.add(inner)
                further, more = self._of_name(inner)
                waiting.extend(further)
                made.reads |= more
        return made

    def behind_shell(self) -> set[CodeType]:
        """Return the codes that were found through IPython's shell: a magic, whose function needs no name."""
        return {code for top in self._direct.get("get_ipython", ([], ()))[0] for code in nested(top)}

    def holders(self, codes: Collection[CodeType]) -> list[str]:
        """Return the names whose values lead to one of these codes."""
        return [name for name in list(self._namespace) if not self._holds_none(name, codes)]

    def _holds_none(self, name: str, codes: Collection[CodeType]) -> bool:
        if type(self._namespace.get(name)) in PLAIN:
            return True
        found = {inner for top in self._of_name(name)[0] for inner in nested(top)}
        return found.isdisjoint(codes)

    def _of_name(self, name: str) -> tuple[list[CodeType], set[str]]:
        known = self._direct.get(name)
        if known is None:
            codes = list(self._defs.get(name, ()))
            names: set[str] = set()
            value = value_of(name, self._namespace)
            if not holds_nothing(value):
                walk = _Walk(self._namespace, self._module, names)
                codes.extend(walk.codes(value))
            if not planted.is_empty():
                walk = _Walk(self._namespace, self._module, names)
                codes.extend(code for part in planted.behind(value) for code in walk.codes(part))
            names.discard(name)
            known = self._direct[name] = (codes, names)
        return known


class _Walk:
    """One walk through a value and what it holds. Names of the notebook's classes that are met go to `names`."""

    def __init__(self, namespace: Mapping[str, Any], module: str, names: set[str]) -> None:
        self._namespace = namespace
        self._module = module
        self._names = names
        self._seen: set[int] = set()

    def codes(self, value: Any, depth: int = 0) -> Iterator[CodeType]:
        kind = type(value)
        if kind in PLAIN or len(self._seen) > _MAX_VALUES or (address := ADDRESS(value)) in self._seen:
            return
        self._seen.add(address)
        if isinstance(value, type):
            yield from self._class(value, depth)
            return
        if kind.__module__ == self._module:
            yield from self._class(kind, depth)
        own = self._own_code(value, kind)
        if own is not None:
            yield own
        if depth < _MAX_DEPTH:
            for part in _held(value, kind):
                if type(part) not in PLAIN:
                    yield from self.codes(part, depth + 1)

    def _own_code(self, value: Any, kind: type) -> CodeType | None:
        """Return the code of a function or generator when it is the notebook's."""
        code: CodeType | None = None
        if kind is FunctionType and value.__globals__ is self._namespace:
            code = value.__code__
        elif kind in _RUNNING:
            frame = getattr(value, _RUNNING[kind].replace("code", "frame"))
            if frame is not None and frame.f_globals is self._namespace:
                code = getattr(value, _RUNNING[kind])
        return code

    def _class(self, cls: type, depth: int) -> Iterator[CodeType]:
        for base in type.mro(cls) if type(cls) is type else cls.__mro__:
            if base.__module__ != self._module:
                continue
            self._seen.add(ADDRESS(base))
            if self._namespace.get(base.__name__) is base:
                self._names.add(base.__name__)
            for member in list(base.__dict__.values()):
                for part in _member(member):
                    yield from self.codes(part, depth + 1)
        if type(cls) is not type and type(cls).__module__ == self._module:
            yield from self.codes(type(cls), depth + 1)


def holds_nothing(value: Any) -> bool:
    """Tell at once, in C, that a value and its items are plain: so it leads to no function."""
    kind = type(value)
    if kind in PLAIN:
        return True
    if kind not in _CONTAINERS:
        return kind.__name__ in _OF_DATA and kind.__module__.partition(".")[0] in _OPAQUE_PACKAGES
    return len(value) > _MAX_ITEMS or PLAIN.issuperset(map(type, list(value.values() if kind is dict else value)))


def _member(member: Any) -> tuple[Any, ...]:
    kind = type(member)
    if kind is property:
        return (member.fget, member.fset, member.fdel)
    if kind in (staticmethod, classmethod):
        return (member.__func__,)
    return (member,)


def _held(value: Any, kind: type) -> Iterator[Any]:
    """Yield what a value may call: a function's closure, a method's object, an instance's attributes, some items."""
    if kind is FunctionType:
        yield from _of_function(value)
    elif kind is MethodType:
        yield value.__func__
        yield value.__self__
    elif kind is partial:
        yield value.func
        yield from value.args
        yield from value.keywords.values()
    elif kind in (map, filter) and sys.version_info < (3, 14):
        yield from value.__reduce__()[1]
    elif kind in _CONTAINERS:
        if len(value) <= _MAX_ITEMS:
            yield from list(value.values() if kind is dict else value)
    elif kind.__dictoffset__ or hasattr(kind, "__slots__"):
        yield from _of_instance(value, kind)
    elif isinstance(value, dict):
        yield getattr(value, "default_factory", None)
        if len(value) <= _MAX_ITEMS:
            yield from list(dict.values(value))


def _of_function(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue
    yield from function.__defaults__ or ()
    if function.__kwdefaults__:
        yield from function.__kwdefaults__.values()
    if function.__dict__:
        yield from list(function.__dict__.values())


def _of_instance(value: Any, kind: type) -> Iterator[Any]:
    if kind.__module__.partition(".")[0] in _OPAQUE_PACKAGES:
        return
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        attributes = {}
    if type(attributes) is dict:
        yield from list(attributes.values())[:_MAX_ITEMS]
    if isinstance(value, dict) and len(value) <= _MAX_ITEMS:
        yield from list(dict.values(value))
    elif isinstance(value, (list, tuple)) and len(value) <= _MAX_ITEMS:
        yield from list(value)
    for base in kind.__mro__:
        for name, member in list(base.__dict__.items()) if "__slots__" in base.__dict__ else ():
            if type(member).__name__ == "member_descriptor" and not name.startswith("__"):
                try:
                    yield member.__get__(value, kind)
                except AttributeError:
                    continue
