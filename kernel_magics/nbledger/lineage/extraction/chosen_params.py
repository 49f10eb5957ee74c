"""The params of an extracted notebook: literals that become the names of its cell tagged `parameters`."""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.lineage.extraction.cell_tree import global_names, loaded_names, stored_names
from nbledger.lineage.extraction.kept_cells import KeptCell


class NoSuchParam(NBLedgerError):
    """A name that no literal in the kept cells has. Fields: name, hint."""

    template = "No literal in the kept cells is called {name!r}: {hint}"


class AmbiguousParam(NBLedgerError):
    """A name that several literals have. Fields: name, candidates, text."""

    template = "{name!r} may mean several literals: choose one of {text}"


@dataclass(frozen=True, slots=True)
class ChosenParam:
    """A param: its name, its default's value, and the line of the parameters cell."""

    name: str
    value: Any
    line: str


@dataclass(frozen=True, slots=True)
class _Assigned:
    cell: KeptCell
    node: ast.Assign | ast.AnnAssign
    name: str
    value: ast.expr


@dataclass(frozen=True, slots=True)
class _Keyword:
    cell: KeptCell
    function: str
    name: str
    value: ast.expr

    @property
    def text(self) -> str:
        return ast.unparse(self.value)

    def __str__(self) -> str:
        return f"{self.function}.{self.name} (= {self.text} in [{self.cell.run.position}])"


def choose(cells: Iterable[KeptCell], names: Sequence[str] | None) -> list[ChosenParam]:
    """Take the chosen literals out of the cells and return them; `None` takes those that are proposed.

    Proposed are plain numbers, texts and truth values that are assigned once, at the top level, and read later. By
    name also lists and dicts of such, and keyword arguments (`test_size`, or `train_test_split.test_size`). Raises
    `NoSuchParam` and `AmbiguousParam`.
    """
    kept = list(cells)
    assigned = _assignments(kept)
    if names is None:
        return [_take(one) for one in assigned.values() if _is_scalar(one.value) and one.name[0] != "_"]
    return [_choose(kept, assigned, name) for name in dict.fromkeys(names)]


def _choose(cells: list[KeptCell], assigned: dict[str, _Assigned], name: str) -> ChosenParam:
    if name in assigned:
        return _take(assigned[name])
    function, _, keyword = name.rpartition(".")
    sites = [site for site in _keywords(cells) if site.name == keyword and function in ("", site.function)]
    if not sites:
        raise NoSuchParam(name=name, hint=_hint(cells, assigned, name))
    if len({(site.function, site.text) for site in sites}) > 1:
        candidates = tuple(dict.fromkeys(map(str, sites)))
        raise AmbiguousParam(name=name, candidates=candidates, text=", ".join(candidates))
    taken = any(keyword in global_names(cell.whole) for cell in cells if cell.whole)
    if taken:
        hint = f"{sites[0]} is one, but {keyword} is a variable as well, assigned otherwise than once by a literal"
        raise NoSuchParam(name=name, hint=hint)
    for site in sites:
        site.cell.replace(site.value, keyword)
    return ChosenParam(keyword, ast.literal_eval(sites[0].value), f"{keyword} = {sites[0].text}")


def _take(one: _Assigned) -> ChosenParam:
    line = one.cell.text(one.node)
    one.cell.remove(one.node)
    return ChosenParam(one.name, ast.literal_eval(one.value), line)


def _assignments(cells: list[KeptCell]) -> dict[str, _Assigned]:
    """Return the literals that are assigned once, on lines of their own, and read afterwards only."""
    counts: Counter[str] = Counter()
    for cell in cells:
        if cell.whole is not None:
            counts.update(stored_names(cell.whole))
    found: dict[str, _Assigned] = {}
    read: set[str] = set()
    for cell in cells:
        for node in cell.tree.body if cell.tree is not None else ():
            one = _assigned(cell, node)
            if one is not None and counts[one.name] == 1 and one.name not in read and cell.run.status != "failed":
                found[one.name] = one
            read |= loaded_names(node)
        if cell.tree is None and cell.whole is not None:
            read |= loaded_names(cell.whole)
    return {name: one for name, one in found.items() if name in read}


def _assigned(cell: KeptCell, node: ast.stmt) -> _Assigned | None:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target = node.target
    else:
        return None
    if not isinstance(target, ast.Name) or node.value is None or not _is_literal(node.value):
        return None
    return _Assigned(cell, node, target.id, node.value) if cell.stands_alone(node) else None


def _keywords(cells: list[KeptCell]) -> list[_Keyword]:
    found = []
    for cell in cells:
        for node in ast.walk(cell.tree) if cell.tree is not None else ():
            if isinstance(node, ast.Call):
                function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                found += [
                    _Keyword(cell, function, keyword.arg, keyword.value)
                    for keyword in node.keywords
                    if keyword.arg is not None and _is_literal(keyword.value)
                ]
    return found


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_scalar(node: ast.expr) -> bool:
    value = ast.literal_eval(node)
    return value is None or isinstance(value, bool | int | float | str)


def _hint(cells: list[KeptCell], assigned: dict[str, _Assigned], name: str) -> str:
    if name in {stored for cell in cells if cell.whole for stored in stored_names(cell.whole)}:
        return "it is not assigned exactly once, by a literal, on a line of its own"
    known = sorted({*assigned, *(site.name for site in _keywords(cells))})
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(known[:20])}" if known else "there is none"


__all__ = ["AmbiguousParam", "ChosenParam", "NoSuchParam", "choose"]
