"""Whether a cell chooses the best of several scores: `max(scores, key=...)`, `if score > best:`, `argmax`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from nbledger.fingerprint.syntax import parse

_SCORES = re.compile(r"score|acc|result|err|rmse|mse|mae|f1|auc|r2|loss|perf|metric", re.IGNORECASE)
_VALIDATION = re.compile(r"cv|(?<!e)val(?!ue)|fold|oob", re.IGNORECASE)
_BEST = re.compile(r"best|top|champion|winner", re.IGNORECASE)
_PICKS = frozenset({"argmax", "argmin", "idxmax", "idxmin", "nlargest", "nsmallest"})
_CHOOSES = frozenset({"max", "min", "sorted"})


def chosen_from(source: str, ranked: AbstractSet[str] = frozenset()) -> set[str] | None:
    """Return the names that a choice of the best is made from; `None` when the source makes no such choice.

    `ranked` are tables of scores that were sorted before: what takes the first row of one makes a choice.
    """
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: set[str] = set()
    for node in ast.walk(tree):
        names = set(_choice(node)) | set(_first_of(node, ranked))
        if names and not any(_VALIDATION.search(name) for name in names):
            found |= names
    return found or None


def sorted_names(source: str) -> set[str]:
    """Return the names of tables that a source sorts by a score."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and "sort_values" in _attributes(node.value):
            names = list(_names(node.value))
            if any(_SCORES.search(name) for name in names) and not any(_VALIDATION.search(name) for name in names):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _first_of(node: ast.AST, ranked: AbstractSet[str]) -> Iterator[str]:
    """Yield the name of a sorted table whose first row is taken: `table.iloc[0]`."""
    match node:
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id=name), attr="iloc"),
            slice=ast.Constant(value=0) | ast.Tuple(elts=[ast.Constant(value=0), *_]),
        ) if name in ranked:
            yield name


def names_in(source: str) -> set[str]:
    """Return all names in a source."""
    try:
        return set(_names(parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _choice(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.If(
            test=ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE()], comparators=[right])
        ):
            names = [*_names(left), *_names(right)]
            if any(_BEST.search(name) for name in names):
                yield from names
        case ast.Call(func=ast.Name(id=name), args=[first, *_], keywords=keywords) if name in _CHOOSES:
            names = list(_names(first))
            keyed = any(keyword.arg == "key" for keyword in keywords)
            if (keyed and name != "sorted") or (name != "sorted" and any(map(_SCORES.search, names))):
                yield from names
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args, keywords=keywords) if name in _PICKS:
            if not any(keyword.arg == "axis" for keyword in keywords):
                plain = isinstance(owner, ast.Name) and owner.id in ("np", "numpy")
                if plain and len(args) == 1:
                    yield from _scores(_names(args[0]))
                elif not plain and not (args and name.startswith("arg")):
                    yield from _scores(_names(owner))
        case ast.Subscript(value=inner) if "sort_values" in _attributes(inner):
            yield from _scores(_names(inner))


def _scores(names: Iterator[str]) -> Iterator[str]:
    found = list(names)
    if any(_SCORES.search(name) or _BEST.search(name) for name in found):
        yield from found


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value.isidentifier():
            yield inner.value


def _attributes(node: ast.AST) -> set[str]:
    return {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
