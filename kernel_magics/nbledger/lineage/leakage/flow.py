"""Values followed through the sources of cells that ran: whose rows they hold, and which statistics went into them.

Each assignment makes a new value; its `lineage` are the values that its rows were taken from. A statistic over all
rows of a value (`mean`, `std`, a group's mean) that is worked into rows leaves a `Worked` mark with that value as its
`base`. Row by row operations leave none. Whatever is not understood, or may not have run (below an `if`), is dropped:
a mark then goes missing, and none is made up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nbledger.fingerprint.syntax import parse
from nbledger.lineage.leakage import flow_words as words
from nbledger.lineage.leakage.flow_expressions import Expressions
from nbledger.lineage.leakage.flow_values import NOTHING, Use, Value, Worked, centres

_DEEPEST = 3
_MOST_STATEMENTS = 20_000


class Flow(Expressions):
    """The names of a session as far as they are known, after the cells that were followed."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._done = 0

    def follow(self, run: str, source: str, *, failed: bool = False) -> list[Use]:
        """Follow a run's cell; returns the uses of data by calls that fit and judge.

        Of a cell that failed the names are dropped that it may have changed.
        """
        self.run, self.uses, self.loops = run, [], 0
        try:
            tree = parse(words.plain_source(source))
            self.frames |= set(_frames(tree))
            self._body(tree.body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.names.clear()
            return []
        if failed:
            self._forget(tree.body)
        return self.uses

    # -- statements ---------------------------------------------------------------------------------------------

    def _body(self, body: Sequence[ast.stmt]) -> Value:
        """Follow statements; returns the value of the first `return`."""
        for node in body:
            self._done += 1
            if self._done > _MOST_STATEMENTS:
                return NOTHING
            if isinstance(node, ast.Return):
                return NOTHING if node.value is None else self.value(node.value)
            if not self._simple(node):
                self._compound(node)
        return NOTHING

    def _simple(self, node: ast.stmt) -> bool:
        """Follow a statement of one line; returns whether it was one."""
        match node:
            case ast.Assign(targets=targets, value=expression):
                found = self.value(expression)
                for target in targets:
                    self.bind(target, found, expression)
            case ast.AnnAssign(target=target, value=expression) if expression is not None:
                self.bind(target, self.value(expression), expression)
            case ast.AugAssign(target=target, op=op, value=right):
                expression = ast.BinOp(ast.parse(ast.unparse(target), mode="eval").body, op, right)
                self.bind(target, self.value(expression), expression)
            case ast.Expr(value=expression):
                self._alone(expression)
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.names.pop(target.id, None)
            case _:
                return False
        return True

    def _compound(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef(name=name):
                self.functions[name] = node
            case ast.For():
                self._loop(node)
            case ast.With(items=items, body=inner):
                for item in items:
                    self.value(item.context_expr)
                self._body(inner)
            case ast.Try(body=inner, finalbody=final):
                self._maybe([*inner, *(one for handler in node.handlers for one in handler.body)])
                self._body(final)
            case ast.If(body=inner, orelse=other):
                self.value(node.test)
                if self.loops:  # over columns: some pass
                    self._body([*inner, *other])
                else:
                    self._maybe([*inner, *other])
            case ast.While(body=inner):
                self._maybe(inner)
            case _:
                self._forget([node])

    def _maybe(self, body: Sequence[ast.stmt]) -> None:
        """Follow statements that may not have run: of the names that they bind no mark is kept that is only theirs."""
        before = dict(self.names)
        self._body(body)
        for name in _bound(body):
            if name in self.names:
                known = before.get(name, NOTHING)
                self.names[name] = replace(self.names[name], worked=known.worked, statistics=frozenset(), parts=())

    def _forget(self, body: Sequence[ast.stmt]) -> None:
        for name in _bound(body):
            self.names.pop(name, None)

    def _loop(self, node: ast.For) -> None:
        target = node.target
        if isinstance(node.iter, ast.Tuple | ast.List) and isinstance(target, ast.Name):
            elements = [one.id for one in node.iter.elts if isinstance(one, ast.Name) and one.id in self.names]
            for name in elements:  # `for part in (train, test):` changes both in place
                self.names[target.id] = self.names[name]
                self._body(node.body)
                self.names[name] = self.names.get(target.id, NOTHING)
            if elements:
                return
        over = self.value(node.iter)
        self.bind(target, Value(statistics=over.statistics, words=over.words), node.iter)
        self.loops += 1
        self._body(node.body)
        self.loops -= 1

    def _alone(self, expression: ast.expr) -> None:
        """Follow an expression for what it does: a fit, or a change in place."""
        found = self.value(expression)
        if not isinstance(expression, ast.Call) or not isinstance(expression.func, ast.Attribute):
            return
        name = words.root(expression.func.value)
        if name is None:
            return
        known = self.names.get(name)
        if expression.func.attr in words.FITS and found.fitted:
            self.names[name] = replace(known or NOTHING, fitted=found.fitted)
        elif known is not None and words.in_place(expression):
            self.names[name] = self.new(replace(known, worked=known.worked | found.worked))

    # -- names --------------------------------------------------------------------------------------------------

    def bind(self, target: ast.expr, found: Value, expression: ast.expr) -> None:
        """Let a name hold a value, each of several its part, or a value some of its columns."""
        match target:
            case ast.Name(id=name):
                self.names[name] = found if isinstance(expression, ast.Name) else self._held(found, expression)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                whole = replace(found, own=-1, parts=(), column="")
                parts = found.parts if len(found.parts) == len(elements) else (whole,) * len(elements)
                for element, part in zip(elements, parts, strict=True):
                    self.bind(element, part, expression)
            case ast.Subscript() | ast.Attribute():
                self._bind_within(target, found)

    def _bind_within(self, target: ast.Subscript | ast.Attribute, found: Value) -> None:
        name = words.root(target)
        known = self.names.get(name or "")
        if name is None or known is None:
            return
        column = _column_of(target)
        encoded = (one for one in found.statistics if one.grouped and one.column and one.column != column)
        worked = (found.worked - known.worked) | self._filled(target, found) | self.marks("encoded", encoded)
        into = frozenset(replace(one, into=one.into or column) for one in worked)
        self.names[name] = self.new(replace(known, worked=known.worked | into))

    def _filled(self, target: ast.Subscript | ast.Attribute, found: Value) -> frozenset[Worked]:
        """Return the marks of `df.loc[df.age.isna(), "age"] = df.age.median()`."""
        if found.has_rows or not isinstance(target, ast.Subscript):
            return frozenset()
        if not words.calls_in(target.slice) & {"isna", "isnull", "isnan"}:
            return frozenset()
        return self.marks("filled", centres([found]))

    def _held(self, found: Value, expression: ast.expr) -> Value:
        """Return what a name holds: of data that comes from nowhere known, the first of its lineage."""
        if found.has_rows:
            return self.new(found)
        known = found.statistics or found.fitted or found.words or found.parts
        return (
            self.new(found) if isinstance(expression, ast.Call | ast.Attribute | ast.Subscript) and not known else found
        )

    def inlined(self, function: ast.FunctionDef, bound: Mapping[str, Value]) -> Value:
        """Follow a function of the notebook with what it is given here."""
        if self._depth >= _DEEPEST:
            return NOTHING
        outer, self.names = self.names, {**self.names, **bound}
        loops, self.loops = self.loops, 0
        self._depth += 1
        try:
            return self._body(function.body)
        finally:
            self._depth -= 1
            self.names, self.loops = outer, loops


def _column_of(target: ast.Subscript | ast.Attribute) -> str:
    """Return the one column that an assignment goes to, if it is known."""
    if isinstance(target, ast.Attribute):
        return target.attr
    at = target.slice
    return words.constant(at.elts[-1] if isinstance(at, ast.Tuple) and at.elts else at)


def _bound(body: Sequence[ast.stmt]) -> set[str]:
    """Return the names that statements may change."""
    found: set[str] = set()
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(words.root(node) or "")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found - {""}


def _frames(tree: ast.Module) -> Iterator[str]:
    """Yield the names that are used as frames: by what only frames have, or by columns with names."""
    for node in ast.walk(tree):
        inner = node.value if isinstance(node, ast.Attribute | ast.Subscript) else None
        if not isinstance(inner, ast.Name):
            continue
        named = isinstance(node, ast.Subscript) and words.strings(node.slice)
        if named or (isinstance(node, ast.Attribute) and node.attr in words.FRAME_WORDS):
            yield inner.id
