"""Tells which cells of a slice make sets: what is in a set comes in another order in each process.

Python hashes text with a secret that each process draws as it starts, and that nothing can put back: only
`PYTHONHASHSEED`, set before Python starts, makes two processes agree. Objects without a hash of their own are hashed by
their place in memory.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from nbledger.capture.process_variables import RANDOM
from nbledger.lineage.slicing import SliceRun

_CALLED = re.compile(r"\b(frozen)?set\s*\(")


def note_on_sets(runs: Iterable[SliceRun], seed: str | None = None) -> str | None:
    """Return a note that names the cells that make sets, `None` if there are none.

    `seed` is the recorded `PYTHONHASHSEED`, which the reproduction was given too; `random` where there was none.
    """
    cells = [run for run in runs if _makes_set(run.source)]
    if not cells:
        return None
    where = ", ".join(f"[{run.position}]" for run in cells)
    if seed == RANDOM:
        why = "text (its hashes were random: PYTHONHASHSEED was not set) and objects in it get another order each time"
    elif seed is None:
        why = "text (unless PYTHONHASHSEED is set) and objects in it get another order each time"
    else:
        why = f"text in it has the order that it had (PYTHONHASHSEED={seed}), objects get another one each time"
    return f"a set is made in {where}: {why}"


def _makes_set(source: str) -> bool:
    if _CALLED.search(source):
        return True
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # IPython's own syntax
        return False
    return any(isinstance(node, (ast.Set, ast.SetComp)) for node in ast.walk(tree))


__all__ = ["note_on_sets"]
