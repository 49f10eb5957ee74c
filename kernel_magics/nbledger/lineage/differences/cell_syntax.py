"""A cell's code as Python's own grammar sees it, its magics and shell lines kept as text.

A line that begins with `%` or `!` (or ends with `?`) is no Python. Where the parser stumbles over such a line, a call
that holds the line's text takes its place, so that the lines keep their numbers and a changed magic is a changed
statement. Comments, blank lines and formatting are not part of what is compared.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from nbledger.fingerprint.syntax import parse

#: Cell magics whose body is Python.
PYTHON_MAGICS = frozenset({"track", "time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "debug"})

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE = re.compile(r"(?P<indent>\s*)(?P<target>[\w.,\[\] ]+=\s*)?(?P<text>[!%].*|\?+\s*[\w.]+|[%\w.]+\?{1,2}\s*)$")


@dataclass(frozen=True, slots=True)
class Statement:
    """A top-level statement: what it means (a text that formatting does not change), its first line and its lines."""

    meaning: str
    line: int
    lines: tuple[str, ...]

    @property
    def head(self) -> str:
        """Its first line, without a decorator before a definition."""
        found = (line for line in self.lines if not line.startswith("@"))
        return next(found, self.lines[0] if self.lines else "").strip()


def statements(source: str) -> list[Statement] | None:
    """Return the top-level statements of a cell; `None` when it is no Python (another language, a syntax error)."""
    lines = source.splitlines()
    start = 0
    magics = []
    while start < len(lines):
        match = _CELL_MAGIC.match(lines[start])
        if match is None and lines[start].strip():
            break
        if match is not None:
            if match[1] not in PYTHON_MAGICS:
                return None
            magics.append(Statement("magic " + lines[start].strip(), start + 1, (lines[start],)))
        start += 1
    tree = _parsed(["" for _ in lines[:start]] + lines[start:])
    if tree is None:
        return None
    return magics + [_statement(node, lines) for node in tree.body]


def _statement(node: ast.stmt, lines: list[str]) -> Statement:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return Statement(ast.dump(node), first, tuple(lines[first - 1 : node.end_lineno]))


def _parsed(lines: list[str]) -> ast.Module | None:
    """Parse lines, putting a call in the place of each magic that the parser stumbles over."""
    lines = list(lines)
    for _ in range(len(lines) + 1):
        tree, wrong = _try(lines)
        if tree is not None:
            return tree
        if not _replace(lines, wrong):
            break
    for number in range(1, len(lines) + 1):
        _replace(lines, number)
    return _try(lines)[0]


def _try(lines: list[str]) -> tuple[ast.Module | None, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the user's text is not ours to report
            return parse("\n".join(lines)), 0
    except SyntaxError as error:
        return None, error.lineno or 0
    except (ValueError, RecursionError, MemoryError):
        return None, 0


def _replace(lines: list[str], number: int) -> bool:
    if not 0 < number <= len(lines):
        return False
    match = _LINE.match(lines[number - 1])
    if match is None:
        return False
    lines[number - 1] = f"{match['indent']}{match['target'] or ''}__magic__({match['text'].strip()!r})"
    return True


__all__ = ["PYTHON_MAGICS", "Statement", "statements"]
