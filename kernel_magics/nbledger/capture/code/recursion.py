"""Tells whether the functions that a cell can run may call themselves, directly or through each other.

Only such a cell depends on how deep Python lets calls go (`sys.setrecursionlimit`). Functions are told apart by name
alone, so that methods count too; a name that only happens to be the same makes the answer yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType

from nbledger.capture.code.bytecode import nested


def recurses(codes: Iterable[CodeType]) -> bool:
    """Tell whether one of these codes, or of those that they hold, can be reached again from itself."""
    every = {inner for code in codes for inner in nested(code)}
    names = {code.co_name for code in every}
    calls: dict[str, set[str]] = {}
    for code in every:
        calls.setdefault(code.co_name, set()).update(names.intersection(code.co_names + code.co_freevars))
    return any(_reaches(calls, name, name) for name in calls)


def _reaches(calls: dict[str, set[str]], start: str, wanted: str) -> bool:
    seen: set[str] = set()
    todo = [start]
    while todo:
        found = calls.get(todo.pop(), set()) - seen
        if wanted in found:
            return True
        seen |= found
        todo.extend(found)
    return False


__all__ = ["recurses"]
