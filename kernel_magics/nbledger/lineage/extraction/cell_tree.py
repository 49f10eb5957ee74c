"""A cell as Python's syntax tree, its lines numbered as in the cell: for taking statements out of it.

Lines that are no Python (`%%track`, `%matplotlib inline`, `!ls`) become calls or blank lines in the tree, so that no
line changes its number. A cell in another language has no tree.
"""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from collections.abc import Iterator

from nbledger.fingerprint.syntax import parse

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"(?P<indent>\s*)(?P<assigned>[A-Za-z_][\w, ]*=\s*)?[!%](?P<text>.*)$")
_HELP = re.compile(r"\s*\??[\w.]+\?{1,2}\s*$")
MAGIC = "__magic__"


def parse_cell(source: str, *, cell_magics: frozenset[str] = frozenset({"track"})) -> ast.Module | None:
    """Return the tree of a cell, `None` when it is no Python or begins with a cell magic that is not named."""
    lines = source.splitlines()
    for number, line in enumerate(lines):
        match = _CELL_MAGIC.match(line)
        if match is None:
            if line.strip():
                break
            continue
        if match[1] not in cell_magics:
            return None
        lines[number] = ""
    for _ in range(len(lines) + 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an invalid escape in the user's text is not ours to report
                return parse("\n".join(lines))
        except SyntaxError as error:
            if not _mask(lines, (error.lineno or 0) - 1):
                return None
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _mask(lines: list[str], wrong: int) -> bool:
    """Put a call in the place of the magic at the line that is wrong, or of the last one above it."""
    for number in range(min(wrong, len(lines) - 1), -1, -1):
        match = _LINE_MAGIC.match(lines[number])
        if match is not None and MAGIC not in lines[number]:
            text = match["text"].strip()
            lines[number] = f"{match['indent']}{match['assigned'] or ''}{MAGIC}({text!r})"
            return True
        if number == wrong and _HELP.match(lines[number]):
            lines[number] = f"{MAGIC}({lines[number].strip()!r})"
            return True
    return False


def stored_names(tree: ast.AST) -> list[str]:
    """Return each global name that code binds or deletes, as often as it does; no function's own names."""
    return [name for node in ast.iter_child_nodes(tree) for name in _stored(node, None)]


def _stored(node: ast.AST, within: frozenset[str] | None) -> Iterator[str]:
    """Yield the global names bound at or below a node; `within` are those that a function around it calls global."""
    own = [name for name in _bound_at(node) if within is None or name in within]
    yield from own
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        inner = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
        within = frozenset(inner)
    for child in ast.iter_child_nodes(node):
        yield from _stored(child, within)


def _bound_at(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return [node.name]
    return []


def global_names(tree: ast.AST) -> set[str]:
    """Return every global name that code reads or binds, in functions as well."""
    return {symbol.get_name() for symbol in _globals(tree)}


def loaded_names(tree: ast.AST) -> set[str]:
    """Return every global name that code reads, in functions as well."""
    return {symbol.get_name() for symbol in _globals(tree) if symbol.is_referenced()}


def _globals(tree: ast.AST) -> Iterator[symtable.Symbol]:
    tables = [symtable.symtable(ast.unparse(tree), "cell", "exec")]
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        yield from (symbol for symbol in table.get_symbols() if top or symbol.is_global())
        tables += table.get_children()


def text_literals(tree: ast.AST) -> list[str]:
    """Return the texts that code has written out."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


__all__ = ["MAGIC", "global_names", "loaded_names", "parse_cell", "stored_names", "text_literals"]
