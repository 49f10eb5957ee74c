"""Values followed through the sources of cells that ran: whose rows they hold, and which statistics went into them.

Each assignment makes a new value; its `lineage` are the values that its rows were taken from. A statistic over all
rows of a value (`mean`, `std`, a group's mean) that is worked into rows leaves a `Worked` mark with that value as its
`base`. Row by row operations leave none. Whatever is not understood, or may not have run (below an `if`), is dropped:
a mark then goes missing, and none is made up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nbledger.fingerprint.syntax import parse
from nbledger.lineage.leakage.flow_words import (
    CENTRES,
    CORRELATES,
    EXTREMES,
    FITS,
    FRAME_WORDS,
    IMPORTANCES,
    JOINS,
    JUDGES,
    KEEPS,
    NO_ROWS,
    SCALARS,
    SCALERS,
    SPREADS,
    STATISTICS,
    TRANSFORMS,
    WINDOWS,
    by_rows,
    plain_source,
    root,
    strings,
    takes_columns,
)

Way = Literal["scaled", "filled", "encoded", "chosen"]

_DEEPEST = 3
_MOST_STATEMENTS = 20_000
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Worked:
    """A statistic over all rows of `base` (called `name`), worked into features by a run; `column` is what it is of."""

    way: Way
    base: int
    name: str
    run: str
    column: str = ""
    #: The one column that it was worked into, if it is one.
    into: str = ""
    #: The run that computed the statistic.
    source: str = ""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic over the rows of a value, not yet worked into any; `grouped` if it is one of each group."""

    kind: str
    base: int
    name: str
    column: str = ""
    grouped: bool = False
    whole: bool = False
    run: str = ""

    def worked(self, way: Way, run: str) -> Worked:
        """Return the mark that it leaves where a run works it into rows."""
        of = self.column if way == "encoded" or (way == "chosen" and self.kind == "corr") else ""
        return Worked(way, self.base, self.name, run, of, source=self.run)


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a value."""

    own: int = -1
    lineage: frozenset[int] = _NONE
    worked: frozenset[Worked] = frozenset()
    statistics: frozenset[Statistic] = frozenset()
    column: str = ""
    fitted: frozenset[Statistic] = frozenset()
    #: The parts of a tuple, or what a split returns.
    parts: tuple[Value, ...] = ()
    #: The texts that a list holds: names of columns. `("*",)` if they come from a frame's columns.
    words: tuple[str, ...] = ()

    @property
    def has_rows(self) -> bool:
        """Whether it holds rows that are known."""
        return bool(self.lineage)


NOTHING = Value()


@dataclass(frozen=True, slots=True)
class Use:
    """Features (and a target's column) that a call of `function` was given; `text` is their source."""

    function: str
    text: str
    features: Value
    target: str = ""

    @staticmethod
    def of_all(uses: Sequence[Use]) -> Use | None:
        """Return what holds of all uses (the turns of a loop, several calls): the marks of each, the rows of all."""
        if not uses:
            return None
        first = uses[0].features
        worked = frozenset.intersection(*(use.features.worked for use in uses))
        lineage = frozenset.intersection(*(use.features.lineage for use in uses))
        return replace(uses[-1], features=replace(first, worked=worked, lineage=lineage))


@dataclass
class Flow:
    """The names of a session as far as they are known, after the cells that were `run`."""

    names: dict[str, Value] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    _uses: list[Use] = field(default_factory=list)
    _run: str = ""
    _next: int = 0
    _depth: int = 0
    _loops: int = 0
    _done: int = 0
    _frames: set[str] = field(default_factory=set)

    def run(self, run: str, source: str, *, failed: bool = False) -> list[Use]:
        """Follow a cell; returns the uses of data by calls that fit and judge. Of a cell that failed names are dropped."""
        self._run, self._uses, self._loops = run, [], 0
        try:
            tree = parse(plain_source(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []
        self._frames |= set(_frames(tree))
        self._body(tree.body)
        if failed:
            self._forget(tree.body)
        return self._uses

    # -- statements ---------------------------------------------------------------------------------------------

    def _body(self, body: Sequence[ast.stmt]) -> Value:
        """Follow statements; returns the value of the first `return`."""
        for node in body:
            self._done += 1
            if self._done > _MOST_STATEMENTS:
                return NOTHING
            match node:
                case ast.Return(value=value):
                    return NOTHING if value is None else self.value(value)
                case ast.FunctionDef(name=name):
                    self.functions[name] = node
                case ast.Assign(targets=targets, value=expression):
                    found = self.value(expression)
                    for target in targets:
                        self._bind(target, found, expression)
                case ast.AnnAssign(target=target, value=expression) if expression is not None:
                    self._bind(target, self.value(expression), expression)
                case ast.AugAssign(target=target, op=op, value=right):
                    left = ast.fix_missing_locations(_loaded(target))
                    expression = ast.copy_location(ast.BinOp(left, op, right), node)
                    self._bind(target, self.value(expression), expression)
                case ast.Expr(value=expression):
                    self._alone(expression)
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
                    if self._loops:  # over columns: some pass
                        self._body(inner)
                        self._body(other)
                    else:
                        self._maybe([*inner, *other])
                case ast.While(body=inner):
                    self._maybe(inner)
                case ast.Delete(targets=targets):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            self.names.pop(target.id, None)
                case _:
                    self._forget([node])
        return NOTHING

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
        elements: list[ast.expr] = []
        if isinstance(node.iter, ast.Tuple | ast.List) and isinstance(node.target, ast.Name):
            elements = [one for one in node.iter.elts if isinstance(one, ast.Name) and one.id in self.names]
        if elements and isinstance(node.target, ast.Name):
            for one in elements:  # `for part in (train, test):` changes both in place
                assert isinstance(one, ast.Name)
                self.names[node.target.id] = self.names[one.id]
                self._body(node.body)
                self.names[one.id] = self.names.get(node.target.id, NOTHING)
            return
        over = self.value(node.iter)
        self._bind(node.target, replace(NOTHING, statistics=over.statistics), node.iter)
        self._loops += 1
        self._body(node.body)
        self._loops -= 1

    def _alone(self, expression: ast.expr) -> None:
        """Follow an expression for what it does: a fit, or a change in place."""
        found = self.value(expression)
        match expression:
            case ast.Call(func=ast.Attribute(value=receiver, attr=attr), keywords=keywords):
                name = root(receiver)
                known = self.names.get(name or "")
                if name is None:
                    return
                if attr in FITS and found.fitted:
                    self.names[name] = replace(known or NOTHING, fitted=found.fitted)
                elif known is not None and any(
                    one.arg == "inplace" and isinstance(one.value, ast.Constant) and one.value.value is True
                    for one in keywords
                ):
                    self.names[name] = self._new(replace(known, worked=known.worked | found.worked), known.lineage)

    def _bind(self, target: ast.expr, found: Value, expression: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.names[name] = found if isinstance(expression, ast.Name) else self._held(found, expression)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for place, element in enumerate(elements):
                    if len(found.parts) == len(elements):
                        self._bind(element, found.parts[place], expression)
                    else:
                        self._bind(element, replace(found, own=-1, parts=(), column=""), expression)
            case ast.Subscript() | ast.Attribute():
                name = root(target)
                known = self.names.get(name or "")
                if name is None or known is None:
                    return
                column = _column_of(target)
                worked = (found.worked - known.worked) | self._filled(target, found)
                worked |= {
                    one.worked("encoded", self._run)
                    for one in found.statistics
                    if one.grouped and one.column and one.column != column
                }
                worked = frozenset(replace(one, into=one.into or column) for one in worked)
                self.names[name] = self._new(replace(known, worked=known.worked | worked), known.lineage)

    def _filled(self, target: ast.expr, found: Value) -> frozenset[Worked]:
        """Return the marks of `df.loc[df.age.isna(), "age"] = df.age.median()`."""
        if found.has_rows or not isinstance(target, ast.Subscript):
            return frozenset()
        inner = ast.dump(target.slice)
        if "isna" not in inner and "isnull" not in inner and "isnan" not in inner:
            return frozenset()
        return self._marks("filled", (one for one in found.statistics if one.kind in CENTRES))

    def _held(self, found: Value, expression: ast.expr) -> Value:
        """Return what a name holds: of data that comes from nowhere known, the first of its lineage."""
        if found.has_rows or isinstance(expression, ast.Call | ast.Attribute | ast.Subscript):
            if not (found.statistics or found.fitted or found.words or found.parts) or found.has_rows:
                return self._new(found, found.lineage)
        return found

    def _new(self, found: Value, lineage: frozenset[int]) -> Value:
        self._next += 1
        return replace(found, own=self._next, lineage=lineage | {self._next})

    def _marks(self, way: Way, statistics: Iterable[Statistic]) -> frozenset[Worked]:
        return frozenset(one.worked(way, self._run) for one in statistics)

    # -- expressions --------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        """Return what is known of an expression."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, NOTHING)
            case ast.Attribute(value=inner, attr=attr):
                return self._attribute(self.value(inner), attr)
            case ast.Subscript(value=inner, slice=at):
                return self._item(self.value(inner), at)
            case ast.Call():
                return self._call(node)
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(self.value(left), op, self.value(right))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                parts = tuple(self.value(one) for one in elements)
                words = tuple(filter(None, map(_constant, elements)))
                return replace(_merged(parts), parts=parts, words=words if len(words) == len(elements) else ())
            case ast.Lambda() | ast.Constant():
                return NOTHING
            case ast.UnaryOp(operand=inner) | ast.Starred(value=inner) | ast.NamedExpr(value=inner):
                return self.value(inner)
            case ast.Compare():
                return NOTHING
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node)
        parts = [self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return replace(_merged(parts), lineage=_NONE, own=-1)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Value:
        inner = node.value if isinstance(node, ast.DictComp) else node.elt
        for made in node.generators:
            self._bind(made.target, NOTHING, made.iter)
        self._loops += 1
        self.value(inner)
        self._loops -= 1
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        found = _merged([self.names.get(name, NOTHING) for name in names])
        return Value(statistics=found.statistics, words=self.value(node.generators[0].iter).words)

    def _attribute(self, inner: Value, attr: str) -> Value:
        if attr in IMPORTANCES:
            return replace(NOTHING, statistics=inner.fitted)
        if attr in NO_ROWS:
            return replace(NOTHING, statistics=inner.statistics, words=("*",) if attr == "columns" else inner.words)
        statistics = frozenset(replace(one, column=one.column or attr) for one in inner.statistics)
        return replace(inner, statistics=statistics, column=attr if inner.has_rows else inner.column, parts=())

    def _item(self, inner: Value, at: ast.expr) -> Value:
        picked = self.value(at)
        column = _constant(at)
        statistics = inner.statistics
        if column:
            statistics = frozenset(replace(one, column=one.column or column) for one in statistics)
        chosen = self._marks("chosen", filter(_tells, picked.statistics))
        place = at.value if isinstance(at, ast.Constant) and isinstance(at.value, int) else None
        if inner.parts and place is not None and -len(inner.parts) <= place < len(inner.parts):
            return inner.parts[place]
        if inner.words and not inner.has_rows:
            return replace(inner, statistics=statistics)
        worked = inner.worked
        if inner.has_rows:
            worked = _kept(worked, (column,) if column else picked.words, at) | chosen
        found = replace(inner, own=-1, statistics=statistics, worked=worked, column=column, parts=())
        return found if column or picked.words or takes_columns(at) or chosen else self._part(found)

    def _operation(self, left: Value, op: ast.operator, right: Value) -> Value:
        found = _merged([left, right])
        if not (left.has_rows or right.has_rows):
            return found
        spread = [one for one in right.statistics if one.kind in SPREADS]
        extremes = {one.kind for one in right.statistics} & EXTREMES
        span = [one for one in right.statistics if extremes == EXTREMES and one.kind in EXTREMES and not one.whole]
        if isinstance(op, ast.Div) and left.has_rows and not right.has_rows:
            found = replace(found, worked=found.worked | self._marks("scaled", [*spread, *span]))
        return replace(found, statistics=frozenset())

    def _call(self, node: ast.Call) -> Value:
        function = node.func
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        receiver = self.value(function.value) if isinstance(function, ast.Attribute) else NOTHING
        given = [self.value(one) for one in arguments]
        self._note(name, node, given)
        if name in SCALARS:
            return NOTHING
        if name in TRANSFORMS and given and given[0].has_rows:
            return replace(given[0], own=-1, parts=(), statistics=frozenset())
        if isinstance(function, ast.Name) and function.id in self.functions:
            return self._inlined(self.functions[function.id], node, given)
        source = function.value if isinstance(function, ast.Attribute) else None
        if receiver.words and not receiver.has_rows:
            return receiver
        own = receiver.has_rows or bool(receiver.statistics)
        first = receiver if own else (given[0] if given else NOTHING)
        base = source if own else (node.args[0] if node.args else None)
        if name in FITS:
            return self._fit(name, node, given, receiver)
        if name == "train_test_split":
            parts = tuple(
                self._new(replace(one, parts=()), one.lineage) for one in given[: len(node.args)] for _ in "ab"
            )
            return replace(NOTHING, parts=parts)
        if name in STATISTICS or name in CORRELATES:
            return self._statistic(name, node, first, base, given)
        if name in SCALERS and not own and given and not by_rows(node):
            return replace(first, own=-1, worked=first.worked | self._scaled(first, base))
        if not own and len([one for one in given if one.has_rows]) > 1 and name not in JOINS:
            return NOTHING  # a function that is not known: which rows it gives back is not either
        found = _merged([first, *given]) if not own or name in JOINS else receiver
        rest = [one for one in given if one is not first] if own else given
        worked = found.worked | frozenset(mark for one in rest for mark in one.worked)
        found = replace(found, worked=worked, own=-1, parts=())
        found = found if name in KEEPS else self._part(found)
        if name == "drop":
            chosen = self._marks("chosen", (one for value in rest for one in value.statistics if _tells(one)))
            gone = {word for value in rest for word in value.words} | set(map(_constant, arguments))
            return replace(found, worked=frozenset(one for one in worked if one.into not in gone) | chosen)
        if name == "fillna":
            return replace(found, worked=worked | self._marks("filled", _centres(rest)), statistics=frozenset())
        if name in ("map", "replace", "merge", "join"):
            encoded = (stat for one in rest for stat in one.statistics if stat.grouped and stat.column)
            return replace(found, worked=worked | self._marks("encoded", encoded), statistics=frozenset())
        if name == "where" and source is not None and root(source) in ("np", "numpy"):
            return replace(found, worked=worked | self._marks("filled", _centres(given)), statistics=frozenset())
        if not own:
            statistics = frozenset(stat for one in given for stat in one.statistics)
            found = replace(found, statistics=statistics, words=first.words)
        return found

    def _part(self, found: Value) -> Value:
        """Return a value that may hold only some of the rows: what is computed of it is not of all."""
        return self._new(found, found.lineage) if found.has_rows else found

    def _scaled(self, first: Value, base: ast.expr | None) -> frozenset[Worked]:
        if not first.has_rows or base is None or first.own < 0 and not first.lineage:
            return frozenset()
        return frozenset({Worked("scaled", _base(first), ast.unparse(base), self._run)})

    def _fit(self, name: str, node: ast.Call, given: list[Value], receiver: Value) -> Value:
        if not node.args:
            return receiver
        data = given[0]
        if name == "fit":
            if len(given) < 2 or not data.has_rows:
                return NOTHING
            return Value(
                fitted=frozenset({Statistic("importance", _base(data), ast.unparse(node.args[0]), run=self._run)})
            )
        return replace(data, own=-1, parts=(), statistics=frozenset())

    def _statistic(self, name: str, node: ast.Call, first: Value, base: ast.expr | None, given: list[Value]) -> Value:
        """Return a statistic of the first value: of all its rows, of each group's, or of nothing that matters."""
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        if first.statistics and not first.has_rows:
            return first
        if by_rows(node) or base is None or not first.has_rows:
            return replace(first, own=-1)
        calls = {
            one.func.attr for one in ast.walk(base) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
        }
        if calls & WINDOWS:
            return replace(first, own=-1)
        grouped = "groupby" in calls
        kind = name
        if name in ("transform", "agg", "aggregate", "apply"):
            asked = _constant(node.args[0]) if node.args else ""
            if not grouped or asked not in CENTRES | SPREADS | EXTREMES:
                return replace(first, own=-1)
            kind = asked
        if name in CORRELATES:
            kind = "corr" if name in ("corr", "corrwith") else "importance"
        of = first.column
        if kind == "corr":
            of = given[0].column if name == "corrwith" and given else ""
        axis = any(keyword.arg == "axis" for keyword in node.keywords) or len(node.args) > (receiver is None)
        whole = isinstance(base, ast.Name) and not axis and base.id not in self._frames
        found = Statistic(kind, _base(first), _called(base), of, grouped, whole, self._run)
        if name == "transform":
            return replace(first, own=-1, statistics=frozenset({found}), worked=first.worked)
        return replace(NOTHING, statistics=frozenset({found}), worked=first.worked)

    def _note(self, name: str, node: ast.Call, given: list[Value]) -> None:
        """Note what a call that fits or judges was given."""
        if name not in JUDGES:
            return
        place = 1 if name.startswith("cross_val") else 0
        keywords = {keyword.arg: value for keyword, value in zip(node.keywords, given[len(node.args) :], strict=True)}
        features = given[place] if len(node.args) > place else keywords.get("X")
        target = given[place + 1] if len(node.args) > place + 1 else keywords.get("y")
        if features is not None:
            text = ast.unparse(node.args[place]) if len(node.args) > place else ""
            self._uses.append(Use(name, text, features, target.column if target is not None else ""))

    def _inlined(self, function: ast.FunctionDef, node: ast.Call, given: list[Value]) -> Value:
        """Follow a function of the notebook with what it is given here."""
        if self._depth >= _DEEPEST:
            return NOTHING
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        bound: Mapping[str, Value] = dict(zip(names, given[: len(node.args)], strict=False)) | {
            keyword.arg: value
            for keyword, value in zip(node.keywords, given[len(node.args) :], strict=True)
            if keyword.arg is not None
        }
        outer, self.names = self.names, {**self.names, **bound}
        loops, self._loops = self._loops, 0
        self._depth += 1
        try:
            return self._body(function.body)
        finally:
            self._depth -= 1
            self.names, self._loops = outer, loops


def _base(value: Value) -> int:
    """Return the newest value that rows were taken from whole."""
    return max(value.lineage)


def _called(base: ast.expr) -> str:
    return root(base) or ast.unparse(base)


def _tells(one: Statistic) -> bool:
    return one.kind == "importance" or (one.kind == "corr" and bool(one.column))


def _centres(values: Iterable[Value]) -> Iterator[Statistic]:
    return (stat for value in values for stat in value.statistics if stat.kind in CENTRES)


def _merged(values: Sequence[Value]) -> Value:
    """Return what several values make together; the rows of all, as they stand side by side."""
    lineages = [value.lineage for value in values if value.lineage]
    return Value(
        lineage=frozenset().union(*lineages),
        worked=frozenset().union(*(value.worked for value in values)),
        statistics=frozenset().union(*(value.statistics for value in values)),
    )


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _column_of(target: ast.Subscript | ast.Attribute) -> str:
    """Return the one column that an assignment goes to, if it is known."""
    if isinstance(target, ast.Attribute):
        return target.attr
    at = target.slice
    return _constant(at.elts[-1] if isinstance(at, ast.Tuple) and at.elts else at)


def _kept(worked: frozenset[Worked], words: tuple[str, ...], at: ast.expr) -> frozenset[Worked]:
    """Return the marks that are left when columns are picked: those of single columns that are not among them go."""
    if words == ("*",) or isinstance(at, ast.Slice | ast.Compare | ast.UnaryOp | ast.BinOp):
        return worked
    return frozenset(one for one in worked if not one.into or one.into in words) if words else worked


def _loaded(target: ast.expr) -> ast.expr:
    """Return a target as an expression that reads it."""
    copy = ast.parse(ast.unparse(target), mode="eval").body
    return copy


def _bound(body: Sequence[ast.stmt]) -> set[str]:
    """Return the names that statements may change."""
    found: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                found.add(node.id)
            elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(root(node) or "")
    return found - {""}


def _frames(tree: ast.Module) -> Iterator[str]:
    """Yield the names that are used as frames: by what only frames have, or by columns with names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in FRAME_WORDS and isinstance(node.value, ast.Name):
            yield node.value.id
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and strings(node.slice):
            yield node.value.id
