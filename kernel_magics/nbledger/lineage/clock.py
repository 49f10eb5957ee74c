"""Which variables hold what a clock said, told from the code: such a value is another one in every run.

`start = time.time()`, `elapsed = round(time.time() - start, 2)` and `row = {"when": start}` do; `seed = make(start)`
may hold anything and does not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from nbledger.lineage.extraction.cell_tree import parse_cell

_CLOCKS = frozenset(
    """time time_ns perf_counter perf_counter_ns monotonic monotonic_ns process_time process_time_ns thread_time now
    utcnow today default_timer ctime asctime localtime gmtime uuid1 uuid4 getpid""".split()
)
_HARMLESS = frozenset(
    """int float str round abs max min divmod timedelta strftime isoformat total_seconds timestamp datetime Timedelta
    Timestamp to_datetime format date""".split()
)
_ADDS = frozenset({"append", "add", "update", "setdefault", "insert", "extend"})


def clock_names(sources: Iterable[str]) -> frozenset[str]:
    """Return the variables that hold a time, or hold one among other items, in cells that run in this order."""
    found: set[str] = set()
    for source in sources:
        tree = parse_cell(source, cell_magics=frozenset({"track", "time", "capture"}))
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if _holds_clock(node.value, found):
                    found.update(name for target in targets for name in _names(target))
            elif isinstance(node, ast.Call) and _called(node.func) in _ADDS:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                if isinstance(node.func, ast.Attribute) and any(_holds_clock(value, found) for value in given):
                    found.update(_names(node.func.value))
    return frozenset(found)


def _names(target: ast.expr) -> list[str]:
    """Return the variable that an assignment binds, or that it puts an item into."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return [target.id] if isinstance(target, ast.Name) else []


def _holds_clock(value: ast.expr, known: set[str]) -> bool:
    """Tell whether an expression is a time, or a text, a dict or a list that is written out with one in it."""
    if isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.JoinedStr):
        parts = [part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr)]
        return any(_holds_clock(part, known) for part in parts)
    if isinstance(value, ast.FormattedValue):
        return _holds_clock(value.value, known)
    return _is_clock(value, known)


def _is_clock(value: ast.expr, known: set[str]) -> bool:
    """Tell whether an expression is made of times and literals, with a clock or a known time among them."""
    called: set[int] = set()
    reads = False
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            name = _called(node.func)
            if name not in _CLOCKS and name not in _HARMLESS:
                return False
            reads = reads or name in _CLOCKS
            called |= {id(part) for part in ast.walk(node.func) if not isinstance(part, ast.Call)}
    for node in ast.walk(value):
        if isinstance(node, ast.Name):
            if node.id in known:
                reads = True
            elif id(node) not in called:
                return False
    return reads


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


__all__ = ["clock_names"]
