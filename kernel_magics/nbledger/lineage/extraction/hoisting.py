"""Imports to the front of an extracted notebook, where that changes nothing.

An import stays where it is when its name is bound by anything else, when a statement before it may decide what is
imported (`sys.path`, `matplotlib.use`, a shell command), when its cell failed, or when the slice writes the module.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable

from nbledger.lineage.extraction.cell_tree import MAGIC, stored_names
from nbledger.lineage.extraction.kept_cells import KeptCell

_DECIDES = frozenset(
    """sys.path sys.modules os.chdir os.environ os.putenv matplotlib.use mpl.use plt.switch_backend site importlib
    warnings.simplefilter builtins runpy pkgutil multiprocessing.set_start_method""".split()
)
_IMPORTS = (ast.Import, ast.ImportFrom)
_HARMLESS_MAGICS = (
    "matplotlib",
    "config",
    "load_ext",
    "reload_ext",
    "autoreload",
    "precision",
    "time",
    "timeit",
    "who",
)


def hoist(cells: Iterable[KeptCell], written: Iterable[str] = ()) -> list[str]:
    """Take the imports that may go to the front out of the cells and return them, each once, in their order.

    `written` are the files that the slice writes.
    """
    kept = list(cells)
    bound = _bindings(kept)
    made = {name.rpartition("/")[2].removesuffix(".py") for name in written}
    found: dict[str, str] = {}
    for cell in kept:
        if cell.tree is None:
            if cell.whole is None:
                break
            continue
        for node in cell.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                if cell.run.status != "failed" and cell.stands_alone(node) and _is_free(node, bound, made):
                    found.setdefault(ast.unparse(node), cell.text(node))
                    cell.remove(node)
            elif _decides(node):
                return list(found.values())
    return list(found.values())


def _bindings(cells: list[KeptCell]) -> dict[str, set[str]]:
    """Return all that binds each name: the module or attribute for an import, `other` for anything else."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        if cell.whole is None:
            continue
        imports = [(node, pair) for node in cell.whole.body if isinstance(node, _IMPORTS) for pair in _bound(node)]
        by_import = Counter(name for _, (name, _) in imports)
        for _, (name, what) in imports:
            found.setdefault(name, set()).add(what)
        for name in (Counter(stored_names(cell.whole)) - by_import).elements():
            found.setdefault(name, set()).add("other")
    return found


def _bound(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    if isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")
        return [(alias.asname or alias.name, f"{origin}:{alias.name}") for alias in node.names]
    return [
        (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0], alias.name.partition(".")[0])
        for alias in node.names
    ]


def _is_free(node: ast.Import | ast.ImportFrom, bound: dict[str, set[str]], made: set[str]) -> bool:
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    if "__future__" in modules or any(alias.name == "*" for alias in node.names):
        return False
    if any(module.partition(".")[0] in made for module in modules):
        return False
    return all(len(bound.get(name, ())) == 1 for name, _ in _bound(node))


def _decides(node: ast.stmt) -> bool:
    """Tell whether a statement may decide what a later import gives."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            if f"{part.value.id}.{part.attr}" in _DECIDES:
                return True
        elif isinstance(part, ast.Name):
            if part.id in _DECIDES:
                return True
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == MAGIC:
            text = part.args[0].value if part.args and isinstance(part.args[0], ast.Constant) else ""
            if not str(text).startswith(_HARMLESS_MAGICS):
                return True
    return False


__all__ = ["hoist"]
