"""Params that nobody declared: of fitted estimators, of literals that a cell assigns, of literal keyword arguments."""

from __future__ import annotations

import ast
import inspect
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nbledger.capture.found.values import param_value, same
from nbledger.records import Param

_NOT_PARAMS = frozenset({"axis", "copy", "end", "file", "flush", "inplace", "return_X_y", "verbose"})
_STYLING_ROOTS = frozenset({"alt", "ax", "axes", "axs", "fig", "go", "matplotlib", "plt", "px", "sns", "warnings"})
_STYLING = frozenset(
    {
        "bar",
        "barh",
        "boxplot",
        "display",
        "figure",
        "head",
        "heatmap",
        "hist",
        "imshow",
        "legend",
        "print",
        "plot",
        "savefig",
        "scatter",
        "sorted",
        "subplots",
        "suptitle",
        "title",
        "to_csv",
        "to_frame",
        "to_markdown",
        "to_string",
        "tqdm",
        "zip",
    }
)
"""Functions whose keyword arguments show, print or write, and change no result."""


def estimator_params(model: Any, values: Mapping[str, Any]) -> tuple[Param, ...]:
    """Return an estimator's params, nested ones as `step__name`; those at their default are marked.

    `values` are what its `get_params(deep=True)` gave.
    """
    params = []
    for name, value in values.items():
        owner_name, _, short = name.rpartition("__")
        owner = values.get(owner_name, model) if owner_name else model
        params.append(Param(name, param_value(value), "estimator", _is_default(owner, short, value)))
    return tuple(params)


def class_names(model: Any, values: Mapping[str, Any]) -> frozenset[str]:
    """Return the class names of an estimator and of those inside it."""
    names = {type(model).__name__}
    for value in values.values():
        if hasattr(value, "get_params"):
            names.add(type(value).__name__)
    return frozenset(names)


def literal_params(tree: ast.Module) -> Iterator[Param]:
    """Yield what a cell assigns as literals at its top level (`lr = 0.1`, `sizes = [10, 20]`).

    An empty container is no setting but a place to gather results in.
    """
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                pairs = [pair for target in targets for pair in _pairs(target, value)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pairs = [(name, value)]
            case _:
                continue
        for name, node in pairs:
            known, constant = _literal(node)
            empty = isinstance(constant, list | tuple | dict | set) and not constant
            if known and not empty and not name.startswith("_"):
                yield Param(name, param_value(constant), "literal")


def keyword_params(tree: ast.Module, estimators: Iterable[str]) -> Iterator[tuple[str, Param]]:
    """Yield the literal keyword arguments of a cell's calls, each with its function's name.

    Left out are calls that only show or print, and constructors of `estimators`, whose params are known in full.
    """
    known_classes = frozenset(estimators)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = _function_name(node.func)
        if function is None or function in known_classes or _is_styling(node.func):
            continue
        for keyword in node.keywords:
            known, constant = _literal(keyword.value)
            if known and keyword.arg is not None and keyword.arg not in _NOT_PARAMS:
                yield function, Param(keyword.arg, param_value(constant), "keyword")


def combined(
    estimators: Iterable[Param], literals: Iterable[Param], keywords: Iterable[tuple[str, Param]]
) -> tuple[Param, ...]:
    """Put the params of a cell together, each name once.

    A literal or keyword that only repeats a known value is dropped. One that differs keeps both: a literal goes by
    `cell.NAME`, a keyword by `FUNCTION.NAME` (and `FUNCTION.NAME.2`, ... for further values of the same).
    """
    found = {param.name: param for param in estimators}
    last = {param.name: param for param in literals}
    for param in last.values():
        _add(found, param, f"cell.{param.name}")
    for function, param in keywords:
        _add(found, param, f"{function}.{param.name}")
    return tuple(found.values())


def _add(found: dict[str, Param], param: Param, fuller_name: str) -> None:
    number = 1
    name = param.name
    while name in found:
        known = found[name]
        if same(known.value, param.value):
            return
        name = fuller_name if number == 1 else f"{fuller_name}.{number}"
        number += 1
    found[name] = Param(name, param.value, param.origin, param.is_default)


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            return [(name, value)]
        case (ast.Tuple(elts=names), ast.Tuple(elts=values)) if len(names) == len(values):
            return [pair for name, item in zip(names, values, strict=True) for pair in _pairs(name, item)]
    return []


def _literal(node: ast.expr) -> tuple[bool, Any]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None
    return not isinstance(value, bytes) and value is not Ellipsis, value


def _function_name(function: ast.expr) -> str | None:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def _is_styling(function: ast.expr) -> bool:
    if _function_name(function) in _STYLING or (_function_name(function) or "").startswith("set_"):
        return not (isinstance(function, ast.Attribute) and function.attr == "set_params")
    root = function
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    return isinstance(root, ast.Name) and root.id in _STYLING_ROOTS


def _is_default(owner: Any, name: str, value: Any) -> bool:
    defaults = _defaults(type(owner))
    # A param taken in by `**kwargs` (XGBoost has most of its own so) is at its default when it is None.
    if name not in defaults:
        return value is None
    default = defaults[name]
    if hasattr(value, "get_params") or getattr(value, "shape", None):
        return value is default
    return same(default, value)


_known_defaults: weakref.WeakKeyDictionary[type, Mapping[str, Any]] = weakref.WeakKeyDictionary()


def _defaults(cls: type) -> Mapping[str, Any]:
    """Return the defaults of a class's constructor; a parameter without one has the class `Parameter.empty`.

    Where the constructor takes `**kwargs`, those of its base classes count as well.
    """
    known = _known_defaults.get(cls)
    if known is not None:
        return known
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        init = vars(base).get("__init__")
        if init is None or init is object.__init__:
            continue
        try:
            parameters = inspect.signature(init).parameters.values()
        except (TypeError, ValueError):
            continue
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            found.clear()
        found.update({parameter.name: parameter.default for parameter in parameters})
    _known_defaults[cls] = found
    return found
