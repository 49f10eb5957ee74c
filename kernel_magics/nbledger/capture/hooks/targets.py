"""What becomes of a call's value in the source: which name it is given, as a whole, in parts, or after a computation.

Only the tree is looked at. What depends on the value of a variable (`results[name] = f(...)`) is left as a
`Variable` for the caller to fill in.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace

_SAME_VALUE = {"round", "float", "print", "display", "float64", "item", "tolist"}
"""Functions and methods whose result is still the value that they were given."""


_HOLDERS = ast.FormattedValue | ast.JoinedStr | ast.List | ast.Tuple | ast.Set | ast.GeneratorExp
"""Expressions that hold a value among others: what they are assigned to is not its name."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name whose value becomes part of the name; `any_plain` lets numbers through as well as text."""

    variable: str
    any_plain: bool = False


Part = tuple[str | Variable, ...]
"""A name in pieces: text as it is, and variables to be filled in."""


@dataclass(frozen=True, slots=True)
class Use:
    """What becomes of a value.

    `name` is the name of the whole (or of what was computed from it, when `derived`), `elements` the names of its
    parts, `through` the functions between the value and the name. `returned`: it is what the function returns.
    """

    name: Part | None = None
    elements: tuple[Part | None, ...] = ()
    derived: bool = False
    returned: bool = False
    through: tuple[str, ...] = ()


def use_of(call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> Use:
    """Return what becomes of the value of a call."""
    node: ast.AST = call
    use = Use()
    while True:
        parent = parents.get(node)
        if parent is None:
            return Use()
        found = _named_by(parent, node, use) or _named_by_place(parent, node, use, parents)
        if found is not None:
            return found
        step = _step(parent, node, use, parents)
        if step is None:
            return Use()
        node, use = step


def receiver_of(call: ast.Call) -> Part | None:
    """Return the name of what a method was called on: `clf` of `clf.fit(...)`, `rf` of `models["rf"].fit(...)`."""
    if not isinstance(call.func, ast.Attribute):
        return None
    return _name(call.func.value)


def arguments_of(call: ast.Call) -> dict[int | str, str]:
    """Return the names of the arguments that are plain variables, by position or keyword."""
    names: dict[int | str, str] = {}
    for position, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            break
        text = _text(argument)
        if text is not None:
            names[position] = text
    for keyword in call.keywords:
        text = _text(keyword.value)
        if keyword.arg is not None and text is not None:
            names[keyword.arg] = text
    return names


def _text(node: ast.expr) -> str | None:
    """Return a variable, an attribute of one or one of its items as text; `None` for any other expression."""
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    text = ast.unparse(node) if isinstance(inner, ast.Name) else None
    return text if text is not None and len(text) <= 80 else None


def _named_by(parent: ast.AST, node: ast.AST, use: Use) -> Use | None:
    """Return the finished use when the parent gives the value its name (or shows that it has none)."""
    match parent:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
            return _bound_to(target, use)
        case ast.AugAssign() | ast.Expr():
            return Use(through=use.through)
        case ast.Return() | ast.Lambda():
            return replace(use, returned=True)
        case ast.keyword(arg=str(name)):
            return replace(use, name=(name,))
        case ast.Dict(keys=keys, values=values):
            key = next((key for key, value in zip(keys, values, strict=True) if value is node), None)
            return replace(use, name=None if key is None else _key(key))
        case ast.DictComp(key=key, value=value):
            return replace(use, name=_key(key)) if value is node else Use()
        case ast.stmt():
            return Use()
    return None


def _named_by_place(parent: ast.AST, node: ast.AST, use: Use, parents: Mapping[ast.AST, ast.AST]) -> Use | None:
    """Return the finished use for one side of `acc, f1 = accuracy_score(...), f1_score(...)`."""
    outer = parents.get(parent)
    match parent, outer:
        case ast.Tuple(elts=values), ast.Assign(targets=[ast.Tuple(elts=targets)]) if len(values) == len(targets):
            target = next((target for target, value in zip(targets, values, strict=True) if value is node), None)
            return None if target is None else _bound_to(target, use)
    return None


def _step(parent: ast.AST, node: ast.AST, use: Use, parents: Mapping[ast.AST, ast.AST]) -> tuple[ast.AST, Use] | None:
    """Return the next node upwards when the value lives on in the parent, with what that makes of it."""
    if (isinstance(parent, ast.ListComp) and parent.elt is node) or (
        isinstance(parent, ast.IfExp) and parent.test is not node
    ):
        return parent, use
    match parent:
        case ast.Subscript(slice=ast.Constant(value=int(index))) if index >= 0 and not use.derived:
            return parent, replace(use, through=(*use.through, f"[{index}]"))
        case ast.Attribute(attr=attr):
            outer = parents.get(parent)
            if isinstance(outer, ast.Call) and outer.func is parent:
                return outer, _through(use, attr)
            return parent, replace(use, derived=True, through=(*use.through, attr))
        case ast.Call(func=func) if not _is_store(func):
            name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
            return parent, _through(use, name)
        case ast.expr() if not isinstance(parent, _HOLDERS | ast.Call):
            return parent, replace(use, derived=True)
    return None


def _through(use: Use, function: str) -> Use:
    return use if function in _SAME_VALUE else replace(use, derived=True, through=(*use.through, function))


def _is_store(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in {"append", "add", "extend", "insert"}


def _bound_to(target: ast.expr, use: Use) -> Use:
    if isinstance(target, ast.Tuple | ast.List):
        if use.derived or any(isinstance(element, ast.Starred) for element in target.elts):
            return Use()
        return replace(use, elements=tuple(_unless_ignored(element) for element in target.elts))
    name = _unless_ignored(target)
    picked = [piece for piece in use.through if piece.startswith("[")]
    if picked and not use.derived:
        elements: tuple[Part | None, ...] = (*[None] * int(picked[-1][1:-1]), name)
        return replace(use, elements=elements)
    return replace(use, name=name)


def _unless_ignored(target: ast.expr) -> Part | None:
    name = _name(target)
    return None if name == ("_",) else name


def _name(node: ast.expr) -> Part | None:
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(attr=name):
            return (name,)
        case ast.Subscript(slice=key):
            return _key(key)
    return None


def _key(node: ast.expr) -> Part | None:
    """Return a dict's key as a name: a text, a variable that holds one, or an f-string of such."""
    match node:
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.Name(id=name):
            return (Variable(name),)
        case ast.JoinedStr(values=values):
            pieces: list[str | Variable] = []
            for value in values:
                match value:
                    case ast.Constant(value=str(text)):
                        pieces.append(text)
                    case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None):
                        pieces.append(Variable(name, any_plain=True))
                    case _:
                        return None
            return tuple(pieces)
    return None
