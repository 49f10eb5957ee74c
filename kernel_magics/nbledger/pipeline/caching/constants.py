"""What text or path an expression of a notebook gives, where its code and params say so before it runs."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping
from typing import Any

_JOINS = frozenset({"join", "joinpath"})
_PATHS = frozenset({"Path", "PurePath", "PosixPath", "abspath", "resolve", "absolute", "expanduser", "normpath", "str",
                    "fspath", "realpath"})  # fmt: skip
_DEEPEST = 20


class Constants:
    """The names that the cells assign once, at their top, and the params."""

    def __init__(self, trees: Iterable[ast.Module] = (), params: Mapping[str, Any] | None = None) -> None:
        self._given = dict(params or {})
        self._values: dict[str, ast.expr | None] = {}
        for tree in trees:
            for node in ast.walk(tree):
                self._learn(node, top=tree.body)

    def _learn(self, node: ast.AST, top: list[ast.stmt]) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node in top:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if len(targets) == 1 and isinstance(targets[0], ast.Name):
                name = targets[0].id
                self._values[name] = None if name in self._values else node.value
                return
        names = [inner.id for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.Name) and _is_stored(inner)]
        for name in names:
            if not (isinstance(node, ast.Assign | ast.AnnAssign) and node in top and len(names) == 1):
                self._values[name] = None
        if isinstance(node, ast.arg):
            self._values[node.arg] = None

    def text(  # noqa: PLR0911 - one answer for each kind of expression
        self, node: ast.expr | None, depth: int = 0
    ) -> str | None:
        """Return the text that an expression gives; `None` where only the run tells."""
        if node is None or depth > _DEEPEST:
            return None
        match node:
            case ast.Constant(value=value):
                return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
            case ast.Name(id=name):
                if name in self._given and self._values.get(name) is not None:
                    value = self._given[name]
                    return str(value) if isinstance(value, str | int) else None
                return self.text(self._values.get(name), depth + 1)
            case ast.JoinedStr(values=parts):
                return self._joined([self.text(_inner(part), depth + 1) for part in parts], "")
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([self.text(left, depth + 1), self.text(right, depth + 1)], "")
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([self.text(left, depth + 1), self.text(right, depth + 1)], os.sep)
            case ast.Call(func=func, args=args):
                return self._call(func, args, depth)
        return None

    def path(self, node: ast.expr | None) -> str | None:
        """Return the path that an expression gives, as `text`."""
        found = self.text(node)
        return os.path.expanduser(found) if found else None  # noqa: PTH111 - as text

    def _call(self, func: ast.expr, args: list[ast.expr], depth: int) -> str | None:
        name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
        if name in _PATHS and args:
            return self._joined([self.text(arg, depth + 1) for arg in args], os.sep)
        if name in _JOINS and isinstance(func, ast.Attribute):
            parts = [self.text(arg, depth + 1) for arg in args]
            if name == "joinpath":
                parts.insert(0, self.text(func.value, depth + 1))
            elif isinstance(func.value, ast.Constant):
                return None
            return self._joined(parts, os.sep)
        if name in _PATHS and isinstance(func, ast.Attribute):
            return self.text(func.value, depth + 1)
        return None

    @staticmethod
    def _joined(parts: list[str | None], by: str) -> str | None:
        known = [part for part in parts if part is not None]
        if len(known) != len(parts):
            return None
        return os.path.join(*known) if by and known else "".join(known)  # noqa: PTH118 - as text


def _inner(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.FormattedValue):
        return node.value if node.conversion == -1 and node.format_spec is None else None
    return node


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)


__all__ = ["Constants"]
