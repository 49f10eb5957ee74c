"""Whether the cells of a notebook, in another order than they ran in, would do the same.

Two cells may change places when neither makes what the other uses or makes: by what was recorded of them (variables,
files, hidden state, outputs), and also by the names in their code, which says more than what happened. A cell that was
not seen in full keeps its place among all others. Then a new order in which every pair that does not commute kept its
order is reached by exchanging neighbours that do (Mazurkiewicz traces).
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nbledger.ledger import Ledger
from nbledger.pipeline.caching.cells import Cell
from nbledger.pipeline.caching.hidden import mentioned
from nbledger.pipeline.caching.record import Ran

_EDGES = """SELECT r.id, e.role, e.name FROM {table} e JOIN run r ON r.key = e.run
    WHERE r.id IN (SELECT value FROM json_each(?))"""
_OPAQUE = """SELECT DISTINCT r.id FROM opaque o JOIN run r ON r.key = o.run
    WHERE r.id IN (SELECT value FROM json_each(?))"""

Token = tuple[str, str]


@dataclass(slots=True)
class _Touches:
    """What a cell uses and makes. `keeps_place` is of one that was not seen in full, or speaks of `Out`."""

    uses: set[Token] = field(default_factory=set)
    makes: set[Token] = field(default_factory=set)
    keeps_place: bool = False

    def commutes(self, other: _Touches) -> bool:
        if self.keeps_place or other.keeps_place:
            return False
        return not (self.makes & (other.uses | other.makes) or other.makes & self.uses)


def moved(ledger: Ledger, ran: Sequence[Ran], now: Sequence[Cell]) -> str:
    """Return in words which cell may not be where it is now, or nothing: the order does the same.

    The hashes of `ran` and `now` must be the same, in whatever order.
    """
    if [one.hash for one in ran] == [cell.hash for cell in now]:
        return ""
    places: dict[str, list[int]] = {}
    for at, one in enumerate(ran):
        places.setdefault(one.hash, []).append(at)
    order = [places[cell.hash].pop(0) for cell in now]
    touches = _touches(ledger, ran, dict(zip(order, now, strict=True)))
    for at, place in enumerate(order):
        for later in order[at + 1 :]:
            if later < place and not touches[later].commutes(touches[place]):
                return f"{now[at].label} now comes before {ran[later].line!r}, on which it may depend"
    return ""


def _touches(ledger: Ledger, ran: Sequence[Ran], cells: dict[int, Cell]) -> list[_Touches]:
    of_run = {run: at for at, one in enumerate(ran) for run in one.runs}
    found = [_by_name(cells[at]) for at in range(len(ran))]
    _reach_through_functions(found, [cells[at] for at in range(len(ran))])
    _use_libraries(found, [cells[at] for at in range(len(ran))])
    keys = json.dumps(list(of_run))
    for table in ("used", "generated"):
        for run, role, name in ledger.database.rows(_EDGES.format(table=table), (keys,)):
            touched = found[of_run[run]]
            touched.keeps_place |= role in ("output", "url")
            (touched.uses if table == "used" else touched.makes).update(_tokens(role, name, made=table != "used"))
    for (run,) in ledger.database.rows(_OPAQUE, (keys,)):
        found[of_run[run]].keeps_place = True
    return found


def _tokens(role: str, name: str, *, made: bool) -> Iterable[Token]:
    if role == "state":
        yield "state", name
    elif role == "file":
        yield "file", name
        while made and (name := posixpath.dirname(name)):  # a folder that is listed holds it
            yield "file", name
        if made:
            yield "file", "."
    else:
        yield "name", name


def _by_name(cell: Cell) -> _Touches:
    touched = _Touches(keeps_place=cell.tree is None or any(not line.startswith("%%track") for line in cell.magics))
    for node in ast.walk(cell.tree) if cell.tree is not None else ():
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                touched.uses.add(("name", name))
                touched.keeps_place |= _is_history(name)
            case ast.Name(id=name):
                touched.makes.add(("name", name))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                touched.makes.add(("name", name))
            case ast.Global(names=names):
                touched.makes.update(("name", name) for name in names)
            case ast.alias(name=name, asname=asname):
                touched.makes.add(("name", asname or name.partition(".")[0]))
                touched.keeps_place |= name == "*"
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                touched.makes.add(("name", name))
    return touched


def _is_history(name: str) -> bool:
    """Tell whether a name is one of IPython's own for what cells said and gave: `_`, `_3`, `Out`."""
    return name in ("In", "Out", "_ih", "_oh", "_dh") or re.fullmatch(r"_{1,3}|_i{1,3}|_i?\d+", name) is not None


def _reach_through_functions(found: list[_Touches], cells: list[Cell]) -> None:
    """Let a cell that mentions a function of the notebook use and make what the cell that defines it does."""
    defined: dict[str, int] = {}
    for at, cell in enumerate(cells):
        for node in ast.walk(cell.tree) if cell.tree is not None else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                defined[node.name] = at
            elif isinstance(node, ast.Assign) and any(isinstance(inner, ast.Lambda) for inner in ast.walk(node.value)):
                defined.update({t.id: at for t in node.targets if isinstance(t, ast.Name)})
    changed = True
    while changed:
        changed = False
        for touched in found:
            for name in [name for kind, name in touched.uses if kind == "name" and name in defined]:
                other = found[defined[name]]
                if not other.uses <= touched.uses:
                    touched.uses |= other.uses
                    changed = True


def _use_libraries(found: list[_Touches], cells: list[Cell]) -> None:
    """A call of a library for its own sake (`plt.plot(x)`, `torch.manual_seed(1)`) may change what it holds."""
    packages: dict[str, str] = {}
    for cell in cells:
        for node in ast.walk(cell.tree) if cell.tree is not None else ():
            if isinstance(node, ast.Import):
                packages.update({a.asname or a.name.partition(".")[0]: a.name.partition(".")[0] for a in node.names})
            elif isinstance(node, ast.ImportFrom):
                packages.update({a.asname or a.name: (node.module or "").partition(".")[0] for a in node.names})
    for touched, cell in zip(found, cells, strict=True):
        if cell.tree is None:
            continue
        touched.uses.update(("library", packages[name]) for name in mentioned(cell.tree) & packages.keys())
        for node in ast.walk(cell.tree):
            found_here = {packages[root] for root in _acted_on(node) if root in packages}
            touched.makes.update(("library", package) for package in found_here)


def _acted_on(node: ast.AST) -> list[str]:
    """Return the names whose objects a statement calls or stores into for their own sake."""
    match node:
        case ast.Expr(value=ast.Call(func=func)):
            return [_root(func)]
        case ast.Assign(targets=targets):
            return [_root(target) for target in targets if not isinstance(target, ast.Name | ast.Tuple | ast.List)]
        case ast.AugAssign(target=target) if not isinstance(target, ast.Name):
            return [_root(target)]
    return []


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


__all__ = ["moved"]
