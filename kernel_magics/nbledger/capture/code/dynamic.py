"""Names that a code touches by their spelling: in `exec`, `globals()["x"]`, queries, `!` commands and magics.

What a constant string says is taken from it. Where only the run would tell, the answer is a reason in words
(`opaque`), and for views of the whole namespace that every variable may be read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import CodeType

from nbledger.capture.code import ipython_calls
from nbledger.capture.code.bytecode import (
    CALLS,
    CO_OPTIMIZED,
    LOAD_ATTR,
    LOAD_CONST,
    LOADS,
    PADDING,
    attribute,
    instructions,
    loaded,
    opcodes,
)
from nbledger.fingerprint.syntax import compile_quietly

_RUN = {"exec", "eval"}
_VIEWS = {"globals", "locals", "vars"}
_ATTRIBUTES = {"getattr": False, "hasattr": False, "setattr": True, "delattr": True}
_SPACES = {"user_ns": "get_ipython().user_ns", "user_global_ns": "get_ipython().user_ns"} | {
    name: name for name in ("f_globals", "f_locals", "__globals__", "user_module", "__main__")
}
_QUERIES = {"query", "eval", "sql", "sqldf", "execute", "evaluate"}
_FORMULAS = set("ols glm logit probit mixedlm gls wls rlm gee quantreg poisson dmatrix dmatrices from_formula".split())
TRIGGERS = frozenset(
    _RUN | _VIEWS | _ATTRIBUTES.keys() | _SPACES.keys() | _QUERIES | _FORMULAS | {"get_ipython", "Out", "_oh"}
) | frozenset(ipython_calls.METHODS)
_IMPORTS = opcodes("IMPORT_NAME", "IMPORT_FROM")
_SUBSCR = opcodes("BINARY_SUBSCR")
_STORE_SUBSCR = opcodes("STORE_SUBSCR")
_DELETE_SUBSCR = opcodes("DELETE_SUBSCR")
_PLAIN = LOADS | {LOAD_CONST} | opcodes("BUILD_MAP", "BUILD_CONST_KEY_MAP")
_CONTAINS = opcodes("CONTAINS_OP")
_mentioned = re.compile(r"@([A-Za-z_]\w*)").findall
_tables = re.compile(r"(?i)\b(?:from|join)\s+([a-z_]\w*)").findall
_words = re.compile(r"(?<![\w.])[A-Za-z_]\w*").findall


@dataclass(slots=True)
class Found:
    """What was found in a code, each with its offset.

    `weak` are names that count when there is such a variable, `everything` says where every variable may be read,
    `codes` are constants that run as code (and whether they bind in the namespace), `queries` that strings in
    variables may be queries too.
    """

    weak: list[tuple[int, str]] = field(default_factory=list)
    everything: list[int] = field(default_factory=list)
    events: list[tuple[int, str, bool]] = field(default_factory=list)
    maybe: list[tuple[int, str, bool]] = field(default_factory=list)
    codes: list[tuple[int, CodeType, bool]] = field(default_factory=list)
    chains: list[tuple[int, str, tuple[str, ...], bool]] = field(default_factory=list)
    outputs: list[tuple[int, str, str]] = field(default_factory=list)
    opaque: list[tuple[int, str]] = field(default_factory=list)
    commands: list[tuple[int, str]] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)

    def only(self, kept: Callable[[int], bool]) -> Found:
        """Return what of it is at offsets that are kept."""
        return Found(
            weak=[found for found in self.weak if kept(found[0])],
            everything=[at for at in self.everything if kept(at)],
            events=[found for found in self.events if kept(found[0])],
            maybe=[found for found in self.maybe if kept(found[0])],
            codes=[found for found in self.codes if kept(found[0])],
            chains=[found for found in self.chains if kept(found[0])],
            outputs=[found for found in self.outputs if kept(found[0])],
            opaque=[found for found in self.opaque if kept(found[0])],
            commands=[found for found in self.commands if kept(found[0])],
            queries=[at for at in self.queries if kept(at)],
        )


def find(code: CodeType) -> Found:
    """Return what a code touches by spelling."""
    return _Finder(code).find()


def names_in_query(text: str) -> list[str]:
    """Return the variables that a query mentions: `@x` of pandas, the tables of an SQL statement."""
    return [*_mentioned(text), *_tables(text)]


class _Finder:
    """Walks over the instructions of one code."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._found = Found()
        self._steps = [step for step in instructions(code) if step[1] not in PADDING]
        self._in_function = bool(code.co_flags & CO_OPTIMIZED)

    def find(self) -> Found:
        for at, (offset, op, arg) in enumerate(self._steps):
            if op in LOADS:
                self._load(at, offset, loaded(self._code, op, arg))
            elif op in LOAD_ATTR or op in _IMPORTS:
                name = attribute(self._code, op, arg)
                if name in _SPACES:
                    self._found.opaque.append((offset, _SPACES[name]))
                    self._view(offset, at + 1, at - 1)
                elif name in ipython_calls.METHODS and op in LOAD_ATTR:
                    self._ipython(at, offset, name)
        if not (_QUERIES | _FORMULAS).isdisjoint(self._code.co_names):
            self._query()
        return self._found

    def _load(self, at: int, offset: int, name: str) -> None:
        if name in _RUN:
            self._run(at, offset, name)
        elif name in _VIEWS:
            self._namespace(at, offset, name)
        elif name in _ATTRIBUTES:
            self._attribute(at, offset, stored=_ATTRIBUTES[name])
        elif name in {"Out", "_oh"}:
            number = self._constant(at + 1)
            known = isinstance(number, int) and self._is(at + 2, _SUBSCR)
            self._found.outputs.append((offset, f"Out[{number}]" if known else "Out", name))

    def _run(self, at: int, offset: int, name: str) -> None:
        """`exec("...")`: the constant is code of its own. With namespaces given, what it binds is not known."""
        text = self._constant(at + 1)
        alone = self._is(at + 2, CALLS) and self._steps[at + 2][2] == 1
        code = compiled(text) if isinstance(text, str) else None
        if code is not None and alone:  # with namespaces given, it counts when it runs, if these are the notebook's
            self._found.codes.append((offset, code, name == "exec" and not self._in_function))
        if code is None or not alone:
            self._found.opaque.append((offset, name))

    def _namespace(self, at: int, offset: int, name: str) -> None:
        called = self._is(at + 1, CALLS) and self._steps[at + 1][2] == 0
        if (name != "globals" and (self._in_function or not called)) or (called and self._is_for_run(at)):
            return
        if not (called and self._is_plain_look(at + 2, at - 1)):
            self._found.opaque.append((offset, f"{name}()"))
        if called:
            self._view(offset, at + 2, at - 1)
        else:
            self._found.everything.append(offset)

    def _is_for_run(self, at: int) -> bool:
        """Tell whether the view at `at` is only given to `exec` or `eval`: what that reads shows when it runs."""
        run = self._steps[at - 2] if at > 1 else None
        if run is None or run[1] not in LOADS or loaded(self._code, *run[1:]) not in _RUN:
            return False
        call = at + 2
        while self._is(call, _PLAIN):
            call += 1
        return self._is(call, CALLS) and self._steps[call][2] == (2 if call == at + 2 else 3)

    def _is_plain_look(self, at: int, before: int) -> bool:
        """Tell whether a view is only asked for one name: `"df" in globals()`, `globals()["df"]`."""
        if self._is(at, _CONTAINS):
            return isinstance(self._constant(before), str)
        return isinstance(self._constant(at), str) and self._is(at + 1, _SUBSCR)

    def _view(self, offset: int, at: int, before: int) -> None:
        """Look at what is done with a view of the namespace: a constant key touches that variable alone."""
        found = self._found
        method = None
        if self._is(at, LOAD_ATTR):
            method = attribute(self._code, *self._steps[at][1:])
            at += 1
        key = self._constant(before if self._is(at, _CONTAINS) else at)
        if method in {"update", "__setitem__"}:
            return
        if not isinstance(key, str):
            found.everything.append(offset)
        elif (
            method in {"get", "pop", "setdefault", "__getitem__"}
            or self._is(at, _CONTAINS)
            or (method is None and self._is(at + 1, _SUBSCR))
        ):
            found.weak.append((offset, key))
        elif method is None and self._is(at + 1, _STORE_SUBSCR):
            found.events.append((offset, key, True))
        elif method is None and self._is(at + 1, _DELETE_SUBSCR):
            found.weak.append((offset, key))
            found.events.append((offset, key, False))
        else:
            found.everything.append(offset)
        if method == "pop" and isinstance(key, str):
            found.maybe.append((offset, key, False))
        if method == "setdefault" and isinstance(key, str):
            found.maybe.append((offset, key, True))

    def _attribute(self, at: int, offset: int, *, stored: bool) -> None:
        """`getattr(module, "name")` is `module.name`."""
        at += 1
        if not self._is(at, LOADS):
            return
        root = loaded(self._code, *self._steps[at][1:])
        path: list[str] = []
        while self._is(at + 1, LOAD_ATTR):
            at += 1
            path.append(attribute(self._code, *self._steps[at][1:]))
        name = self._constant(at + 1)
        if isinstance(name, str):
            self._found.chains.append((offset, root, (*path, name), stored))

    def _ipython(self, at: int, offset: int, method: str) -> None:
        """`get_ipython().run_line_magic("time", "f(x)")`, which is what `%time f(x)` has become."""
        before = self._steps[max(at - 2, 0) : at]
        direct = [loaded(self._code, op, arg) for _, op, arg in before if op in LOADS]
        if "get_ipython" not in direct and "get_ipython" not in self._code.co_names:
            return
        texts: list[object] = []
        while self._is(at + 1, {LOAD_CONST}):
            at += 1
            texts.append(self._constant(at))
        complete = self._is(at + 1, CALLS) and self._steps[at + 1][2] == len(texts)
        call = ipython_calls.understand(method, [text for text in texts if isinstance(text, str)], complete=complete)
        found = self._found
        found.weak.extend((offset, name) for name in call.names)
        found.opaque.extend((offset, reason) for reason in call.opaque)
        found.commands.extend((offset, text) for text in call.commands)
        for text, binds in call.python:
            code = compiled(text)
            if code is None:
                found.weak.extend((offset, name) for name in _words(text))
            else:
                found.codes.append((offset, code, binds and not self._in_function))

    def _query(self) -> None:
        """Look for variables in the strings of a code that calls `query`, `eval`, `sql` or a formula's function."""
        found = self._found
        formula = not _FORMULAS.isdisjoint(self._code.co_names)
        plain = any(op in LOAD_ATTR and attribute(self._code, op, arg) == "eval" for _, op, arg in self._steps)
        plain = plain or "evaluate" in self._code.co_names
        last = 0
        for offset, op, arg in self._steps:
            if op in LOAD_ATTR and attribute(self._code, op, arg) in _QUERIES:
                found.queries.append(offset)
            text = self._code.co_consts[arg] if op == LOAD_CONST else None
            if not isinstance(text, str):
                continue
            last = offset
            words = _words(text) if (formula and "~" in text) or plain else ()
            found.weak.extend((offset, name) for name in (*names_in_query(text), *words))
            if text.endswith("@"):
                found.everything.append(last)

    def _constant(self, at: int) -> object:
        if self._is(at, {LOAD_CONST}):
            return self._code.co_consts[self._steps[at][2]]
        return None

    def _is(self, at: int, ops: Iterable[int]) -> bool:
        return 0 <= at < len(self._steps) and self._steps[at][1] in ops


def compiled(text: str) -> CodeType | None:
    """Compile Python that a code holds as a string, or return `None` when it is none."""
    if len(text) > 100_000:
        return None
    try:
        return compile_quietly(text.strip(" \t"), "<string>", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
