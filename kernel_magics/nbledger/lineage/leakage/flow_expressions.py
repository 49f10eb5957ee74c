"""Expressions followed for the rows that they hold: what is kept of them, and which statistics are worked in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace

from nbledger.lineage.leakage import flow_words as words
from nbledger.lineage.leakage.flow_values import (
    NO_LINEAGE,
    NOTHING,
    Statistic,
    Use,
    Value,
    Way,
    Worked,
    base_of,
    centres,
    kept,
    merged,
    tells,
)

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_NO_ROWS_AT_ALL = (ast.Lambda, ast.Constant, ast.Compare)


class Expressions:
    """Follows expressions. `names` is what names hold, `run` the run whose cell is followed."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self.run = ""
        self.uses: list[Use] = []
        self.frames: set[str] = set()
        self.loops = 0
        self._next = 0

    def value(self, node: ast.expr) -> Value:
        """Return what is known of an expression."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, NOTHING)
            case ast.Attribute(value=inner, attr=attr):
                return _attribute(self.value(inner), attr)
            case ast.Subscript(value=inner, slice=at):
                return self._item(self.value(inner), at)
            case ast.Call():
                spelled = words.spelled(node)
                return Value(words=spelled) if spelled else self._call(_Call(self, node))
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(self.value(left), op, self.value(right))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return self._listed(elements)
        return self._other(node)

    def _other(self, node: ast.expr) -> Value:
        match node:
            case ast.UnaryOp(operand=inner) | ast.Starred(value=inner) | ast.NamedExpr(value=inner):
                return self.value(inner)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node)
        if isinstance(node, _NO_ROWS_AT_ALL):
            return NOTHING
        parts = [self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return replace(merged(parts), lineage=NO_LINEAGE)

    def bind(self, target: ast.expr, found: Value, expression: ast.expr) -> None:
        """Let a target hold a value; what holds other names as well is the part of `flow`."""
        raise NotImplementedError

    def inlined(self, function: ast.FunctionDef, bound: Mapping[str, Value]) -> Value:
        """Return what a function of the notebook gives back for these arguments."""
        raise NotImplementedError

    def new(self, found: Value) -> Value:
        """Return a value as a new one, whose rows were taken from those before."""
        self._next += 1
        return replace(found, own=self._next, lineage=found.lineage | {self._next})

    def marks(self, way: Way, statistics: Iterable[Statistic]) -> frozenset[Worked]:
        """Return the marks that statistics leave where they are worked in."""
        return frozenset(one.worked(way, self.run) for one in statistics)

    # -- kinds of expressions -----------------------------------------------------------------------------------

    def _listed(self, elements: list[ast.expr]) -> Value:
        parts = tuple(self.value(one) for one in elements)
        texts = tuple(filter(None, map(words.constant, elements)))
        return replace(merged(parts, aligned=False), parts=parts, words=texts if len(texts) == len(elements) else ())

    def _comprehension(self, node: _Comprehension) -> Value:
        for made in node.generators:
            self.bind(made.target, Value(words=self.value(made.iter).words), made.iter)
        self.loops += 1
        self.value(node.value if isinstance(node, ast.DictComp) else node.elt)
        self.loops -= 1
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        found = merged([self.names.get(name, NOTHING) for name in names])
        made_up = isinstance(node, ast.ListComp) and isinstance(node.elt, ast.JoinedStr)  # [f"V{i}" for i in range(28)]
        texts = ("*",) if made_up else self.value(node.generators[0].iter).words
        return Value(statistics=found.statistics, words=texts)

    def _item(self, inner: Value, at: ast.expr) -> Value:
        picked, column = self.value(at), words.constant(at)
        place = at.value if isinstance(at, ast.Constant) and isinstance(at.value, int) else None
        if inner.parts and place is not None and -len(inner.parts) <= place < len(inner.parts):
            return inner.parts[place]
        statistics = _of_column(inner.statistics, column) if column else inner.statistics
        if not inner.has_rows:
            # What is taken out of one number for each group is one group's.
            statistics = frozenset(
                one for one in statistics if not (one.grouped and one in inner.statistics and one.column)
            )
            return replace(inner, own=-1, statistics=statistics, column=column, parts=())
        chosen = self.marks("chosen", filter(tells, picked.statistics))
        worked = kept(inner.worked, (column,) if column else picked.words, at) | chosen
        found = replace(inner, own=-1, statistics=statistics, worked=worked, column=column, parts=())
        return found if column or picked.words or words.takes_columns(at) or chosen else self._part(found)

    def _operation(self, left: Value, op: ast.operator, right: Value) -> Value:
        found = merged([left, right])
        if not found.has_rows:
            return found
        if isinstance(op, ast.Div) and left.has_rows and not right.has_rows:
            spread = [one for one in right.statistics if one.kind in words.SPREADS]
            if {one.kind for one in right.statistics} >= words.EXTREMES:
                spread += [one for one in right.statistics if one.kind in words.EXTREMES and not one.whole]
            found = replace(found, worked=found.worked | self.marks("scaled", spread))
        return replace(found, statistics=frozenset())

    def _part(self, found: Value) -> Value:
        """Return a value that may hold only some of the rows: what is computed of it is not of all."""
        return self.new(found) if found.has_rows else found

    # -- calls --------------------------------------------------------------------------------------------------

    def _call(self, call: _Call) -> Value:
        self._note(call)
        name = call.name
        if name in words.SCALARS:
            return NOTHING
        if name in words.TRANSFORMS and call.given and call.given[0].has_rows:
            return replace(call.given[0], own=-1, parts=(), statistics=frozenset())
        if call.source is None and name in self.functions:
            return self.inlined(self.functions[name], call.bound(self.functions[name]))
        if call.receiver.words and not call.receiver.has_rows:
            return call.receiver
        if name in words.FITS:
            return self._fit(call)
        if name == "train_test_split":
            whole = call.given[: len(call.node.args)]
            return Value(parts=tuple(self.new(replace(one, parts=())) for one in whole for _ in "ab"))
        if name in words.STATISTICS or name in words.CORRELATES:
            return self._statistic(call)
        return self._rows(call)

    def _rows(self, call: _Call) -> Value:
        """Return what a call makes of rows that is neither a statistic nor a model."""
        name, first = call.name, call.first
        if name in words.SCALERS and not call.own and first.has_rows and not words.by_rows(call.node):
            mark = Worked("scaled", base_of(first), ast.unparse(call.node.args[0]), self.run)
            return replace(first, own=-1, worked=first.worked | {mark})
        if not call.own and len([one for one in call.given if one.has_rows]) > 1 and name not in words.JOINS:
            return NOTHING  # a function that is not known: which rows it gives back is not either
        whole = call.receiver if call.own and name not in words.JOINS else self._joined(call)
        worked = whole.worked | frozenset(mark for one in call.given for mark in one.worked)
        found = replace(whole, worked=worked, own=-1, parts=())
        found = found if name in words.KEEPS else self._part(found)
        return self._worked_in(call, found)

    def _joined(self, call: _Call) -> Value:
        values = [one for value in (call.first, *call.given) for one in (value.parts or (value,))]
        below = call.name in words.JOINS and call.name not in ("where", "column_stack") and not words.by_rows(call.node)
        return merged(values, aligned=not below)

    def _worked_in(self, call: _Call, found: Value) -> Value:
        """Add the marks of what a call works into rows."""
        given = call.given
        match call.name:
            case "drop":
                chosen = self.marks("chosen", (one for value in given for one in value.statistics if tells(one)))
                gone = {word for value in given for word in value.words} | set(map(words.constant, call.arguments))
                left = frozenset(one for one in found.worked if one.into not in gone)
                return replace(found, worked=left | chosen)
            case "fillna":
                marks = self.marks("filled", centres(given))
            case "where" if call.source is not None and words.root(call.source) in ("np", "numpy"):
                marks = self.marks("filled", centres(given))
            case "map" | "replace" | "merge" | "join":
                encoded = (one for value in given for one in value.statistics if one.grouped and one.column)
                marks = self.marks("encoded", encoded)
            case _ if call.own:
                return found
            case _:
                statistics = frozenset(one for value in call.given for one in value.statistics)
                return replace(found, statistics=statistics, words=call.first.words)
        return replace(found, worked=found.worked | marks, statistics=frozenset())

    def _fit(self, call: _Call) -> Value:
        if not call.node.args:
            return call.receiver
        data = call.given[0]
        if call.name != "fit":
            return replace(data, own=-1, parts=(), statistics=frozenset())
        if len(call.given) < 2 or not data.has_rows:
            return NOTHING
        learned = Statistic("importance", base_of(data), ast.unparse(call.node.args[0]), run=self.run)
        return Value(fitted=frozenset({learned}))

    def _statistic(self, call: _Call) -> Value:
        """Return a statistic of the first value: of all its rows, of each group's, or of nothing that matters."""
        first, base, name = call.first, call.base, call.name
        if first.statistics and not first.has_rows:
            return first
        calls = words.calls_in(base) if base is not None else frozenset()
        if base is None or not first.has_rows or calls & words.WINDOWS or words.by_rows(call.node):
            return replace(first, own=-1)
        grouped = "groupby" in calls
        kind, of = _kind_of(call, grouped=grouped), first.column
        if kind is None:
            return replace(first, own=-1)
        if kind == "corr":
            of = call.given[0].column if name == "corrwith" and call.given else ""
        axis = any(one.arg == "axis" for one in call.node.keywords) or len(call.node.args) > (call.source is None)
        whole = isinstance(base, ast.Name) and not axis and base.id not in self.frames
        called = words.root(base) or ast.unparse(base)
        found = Statistic(kind, base_of(first), called, of, grouped, whole, self.run)
        if name == "transform":
            return replace(first, own=-1, statistics=frozenset({found}))
        return Value(statistics=frozenset({found}), worked=first.worked)

    def _note(self, call: _Call) -> None:
        """Note what a call that fits or judges was given."""
        if call.name not in words.JUDGES:
            return
        node, given = call.node, call.given
        place = 1 if call.name.startswith("cross_val") else 0
        by_name = call.keywords
        features = given[place] if len(node.args) > place else by_name.get("X")
        target = given[place + 1] if len(node.args) > place + 1 else by_name.get("y")
        if features is not None:
            text = ast.unparse(node.args[place]) if len(node.args) > place else ""
            self.uses.append(Use(call.name, text, features, "" if target is None else target.column))


class _Call:
    """A call with the values that it is given. `own` says that it is a method of rows or of a statistic."""

    def __init__(self, flow: Expressions, node: ast.Call) -> None:
        function = node.func
        self.node = node
        self.arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        self.name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        self.source = function.value if isinstance(function, ast.Attribute) else None
        self.receiver = NOTHING if self.source is None else flow.value(self.source)
        self.given = [flow.value(one) for one in self.arguments]
        self.own = self.receiver.has_rows or bool(self.receiver.statistics)
        self.first = self.receiver if self.own else (self.given[0] if self.given else NOTHING)
        self.base = self.source if self.own else (node.args[0] if node.args else None)

    @property
    def keywords(self) -> dict[str | None, Value]:
        """The values by keyword."""
        names = [keyword.arg for keyword in self.node.keywords]
        return dict(zip(names, self.given[len(self.node.args) :], strict=True))

    def bound(self, function: ast.FunctionDef) -> dict[str, Value]:
        """Return the values by the names of a function's parameters."""
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        found = dict(zip(names, self.given[: len(self.node.args)], strict=False))
        return found | {name: value for name, value in self.keywords.items() if name is not None}


def _attribute(inner: Value, attr: str) -> Value:
    if attr in words.IMPORTANCES:
        return Value(statistics=inner.fitted)
    if attr in words.NO_ROWS:
        return Value(statistics=inner.statistics, words=("*",) if attr == "columns" else inner.words)
    column = attr if inner.has_rows else inner.column
    return replace(inner, statistics=_of_column(inner.statistics, attr), column=column, parts=())


def _of_column(statistics: Iterable[Statistic], column: str) -> frozenset[Statistic]:
    return frozenset(replace(one, column=one.column or column) for one in statistics)


def _kind_of(call: _Call, *, grouped: bool) -> str | None:
    """Return what statistic a call computes; `None` for a function that may be anything."""
    if call.name in ("transform", "agg", "aggregate", "apply"):
        asked = words.constant(call.node.args[0]) if call.node.args else ""
        return asked if grouped and asked in words.CENTRES | words.SPREADS | words.EXTREMES else None
    if call.name in words.CORRELATES:
        return "corr" if call.name in ("corr", "corrwith") else "importance"
    return call.name
