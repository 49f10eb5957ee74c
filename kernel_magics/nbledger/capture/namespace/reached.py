"""What the functions read that values hold: a bound method in a dict, an instance whose method reads a global."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nbledger.capture.code.reach import Reach
from nbledger.capture.namespace.known import Known


def reached_through(
    reads: Iterable[str],
    namespace: Mapping[str, Any],
    known: Mapping[str, Known],
    learn: Callable[[Iterable[str]], object],
) -> set[str]:
    """Return the names that notebook functions read which are held by values, where the code does not tell.

    `learn` is given those that are met, to be looked at before they are followed themselves.
    """
    found: set[str] = set()
    seen = set(reads)
    todo = list(seen)
    while todo:
        name = todo.pop()
        one = known.get(name)
        if one is None or not one.reach.calls:
            continue
        told = Reach(namespace, {}).of(name)
        more = one.reach.calls - (told.reads if told is not None else frozenset()) - seen
        more = frozenset(inner for inner in more if inner in namespace)
        learn(more)
        found |= more
        seen |= more
        todo.extend(more)
    return found
