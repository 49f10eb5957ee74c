"""Which libraries a notebook's kernel may have imported ahead, found from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbledger.fingerprint.syntax import parse

PRELOADABLE = frozenset({"joblib", "lightgbm", "numpy", "pandas", "plotly", "pyarrow", "scipy", "sklearn", "xgboost"})
"""Libraries whose import does nothing but import: no thread that a fork would lose, no backend chosen.

The threads of OpenBLAS and jemalloc are made anew after a fork by these libraries' own handlers; OpenMP's do not exist
before the first parallel loop, and the server computes nothing.
"""

_SETTINGS = frozenset({"environ", "putenv", "unsetenv"})
_FILTERS = frozenset({"filterwarnings", "simplefilter", "resetwarnings"})
_SAYS_SOMETHING = re.compile("|".join(["import", *sorted(_SETTINGS | _FILTERS)])).search
_MAGIC_OF_SETTINGS = re.compile(r"^\s*%(?:env|set_env)\b", re.MULTILINE)
_MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)


def modules_ahead(nb: Any, folder: Path) -> tuple[str, ...]:
    """Return the modules to import ahead for a notebook that runs in `folder`, in the order of its imports.

    None where the notebook's own code comes before its imports in a way that changes them: it sets environment
    variables first, sets warning filters between two of them, or has a module of a library's name beside it.
    """
    found: dict[str, None] = {}
    settings = filters = False
    for kind in _events(nb):
        if kind == "settings":
            settings = True
        elif kind == "filters":
            filters = bool(found)
        elif kind.partition(".")[0] in PRELOADABLE and kind not in found:
            if settings or filters or _is_shadowed(kind.partition(".")[0], folder):
                return ()
            found[kind] = None
    return tuple(found)


def _events(nb: Any) -> Iterator[str]:
    """Yield `settings`, `filters` and the names of imported modules, as they come in the notebook."""
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        if _MAGIC_OF_SETTINGS.search(cell.source):
            yield "settings"
        if cell.source.isascii() and not _SAYS_SOMETHING(cell.source):
            continue
        try:
            tree = parse(_MAGIC.sub("", cell.source))
        except (SyntaxError, ValueError, RecursionError):
            continue
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            yield from _events_of(node)


def _events_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
    elif isinstance(node, ast.Attribute | ast.Name):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        if name in _SETTINGS:
            yield "settings"
        elif name in _FILTERS:
            yield "filters"


def _is_shadowed(root: str, folder: Path) -> bool:
    return (folder / f"{root}.py").exists() or (folder / root).is_dir()
