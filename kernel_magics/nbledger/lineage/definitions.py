"""Which globals a function or class of a notebook reads: those that are made of them count in what it is."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator

from nbledger.lineage.graph import Graph, Point

_DEFINED = frozenset({"function", "class"})
_COUNTED = frozenset({"module", "function", "class", "value"})


def reads_of(graph: Graph, session: int, name: str, before: int) -> Iterator[Point]:
    """Yield what was made of the globals that a function or class reads, as they were when it was defined.

    A function that is only defined is read by no cell, so no cell's reads tell what it takes to call it. Data that it
    reads is not followed: it is no part of the function.
    """
    met: set[Point] = set()
    todo = [graph.writer(session, "variable", name, before)]
    while todo:
        point = todo.pop()
        if point is None or point in met or point.kind not in _COUNTED:
            continue
        met.add(point)
        if len(met) > 1:
            yield point
        if point.kind in _DEFINED:
            todo += [graph.writer(session, "variable", one, point.run) for one in _before_its_cell(graph, point)]


def _before_its_cell(graph: Graph, point: Point) -> list[str]:
    """Return the globals that a definition reads and that its cell did not bind, also through others of its cell."""
    source = graph.run(point.run).source or ""
    own = {other.name for other in graph.generated(point.run)}
    reads: set[str] = set()
    todo = {point.name}
    while todo:
        found = globals_read(source, todo.pop()) - reads
        reads |= found
        todo |= found & own
    return sorted(reads - own)


def globals_read(source: str, name: str) -> set[str]:
    """Return the global names that the code of the statements reads which bind `name`; none if it is not Python."""
    python = "\n".join("" if line.lstrip()[:1] in ("%", "!") else line for line in source.splitlines())
    try:
        statements = [one for one in ast.parse(python).body if name in _bound(one)]
        table = symtable.symtable("\n".join(map(ast.unparse, statements)), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return {symbol for one in _inside(table) for symbol in _globals(one)}


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    return {one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inside(child)


def _globals(table: symtable.SymbolTable) -> set[str]:
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
