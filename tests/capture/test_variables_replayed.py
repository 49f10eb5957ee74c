"""Notebooks made at random: the cells that a variable needs, run alone in order, give it again.

The proof of what `test_sharing.py` shows case by case. A cell is needed when it generated the variable last; so is what
it used, and, where it changed in place, whatever made the variable before.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from tests.capture.test_sharing import Notebook

NAMES = "abcde"
SETUP = """
import numpy as np, pandas as pd
from collections import deque, ChainMap
from functools import partial, lru_cache, cache
rng = np.random.default_rng(0)
n = 0
class A:
    k = 1
    reg = []
    def __init__(self, v): self.v = v
    def get(self): return self.v, self.k
def f(v, seen=[]):
    seen.append(v)
    return seen
def g(): return a
def inc():
    global n
    n += 1
def make(v):
    c = 0
    def h(x=0):
        nonlocal c
        c += 1
        return c, v
    return h
@cache
def cached(x): return [x]
@lru_cache
def impure(x): return n
"""
FIRST = [
    "{x} = [{n}]", "{x} = A([{n}])", "{x} = np.ones(4)", "{x} = {{'k': [1], 'j': 2}}",
    "{x} = pd.DataFrame({{'u': [1.0, 2, 3], 'v': [4.0, 5, 6]}})",
]  # fmt: skip
STEPS = [
    *FIRST, "{x} = {y}", "{x} = [{y}, {n}]", "{x} = {{'k': {y}}}", "{x} = A({y})", "{x} = {y}[1:]", "{x} = {y}.v", "{y}.v = {x}",
    "{y}.v.append({n})", "{y}.append({n})", "{y}.append({x})", "{y}[0] = {n}", "{y}[0] = {x}", "{y}['k'] = {x}",
    "{y}['k'].append({n})", "{x} = {y}['k']", "{y} += {n}", "{y} += [{n}]", "{y}[0].append({n})", "{x} = {y}[0]", "{x} = {y}['u']",
    "{y}['w'] = {n}", "{y}.loc[0, 'u'] = {n}", "{y}.drop(columns='v', inplace=True)", "{x} = {y}.to_numpy()",
    "{y}.sort(); {y}.reverse()", "A.k = {n}", "A.reg.append({y})", "{x} = A.reg", "{x} = {y}.k", "{x} = {y}.get()", "del {y}",
    "if type({y}) is list:\n    {x} = {n}", "for {x} in [{n}, {y}]:\n    pass", "for {x} in []:\n    pass", "{x} = f({y})",
    "{x} = g()", "def g():\n    return {y}", "def f(v, seen=[]):\n    seen.append(v)\n    return seen", "{x} = make({y})",
    "{x} = {y}()", "{x} = partial(f, {y})", "{x} = lambda v={y}: v", "{x} = iter({y})", "{x} = (q for q in {y})",
    "{x} = next({y})", "{x} = list({y})", "{x} = zip({y}, {y})", "{x} = tuple({y})", "{x} = {y}.append", "{y}({n})",
    "{x} = cached({n})", "{x} = impure({n})", "{x} = rng.random()", "{x} = {y}.copy()", "{x}, {z} = {y}, {x}",
    "{x} = [{y}, {z}]", "{x} = {y}.T", "{x} = {y}.reshape(2, 2)", "{y}.fill({n})", "{x} = pd.Series({y}, copy=False)",
    "{x} = {y}.pop()", "{y}.k = {n}", "exec('{y}.append({n})')", "globals()['{x}'] = {y}", "{x} = {y}.groupby('u')",
    "{x} = deque({y}, 3)", "{y}.update(k={n})", "{x} = {y}.keys()", "{x} = ChainMap({y})", "{y}['z'] = {y}.pop('k')",
    "n = {n}", "{x} = n", "inc()", "{y}.index.name = 'q{n}'", "{x} = {y}.index", "{y}.attrs['k'] = {n}",
]  # fmt: skip


def made_at_random(seed: int, cells: int) -> list[str]:
    choose = random.Random(seed)

    def one(texts: list[str], x: str) -> str:
        return choose.choice(texts).format(x=x, y=choose.choice(NAMES), z=choose.choice(NAMES), n=choose.randint(1, 9))

    steps = ["\n".join(one(STEPS, choose.choice(NAMES)) for _ in range(choose.choice([1, 1, 2]))) for _ in range(cells)]
    return [SETUP, *(one(FIRST, name) for name in NAMES), *steps]


def needed(record: list[tuple[set[str], dict[str, bool]]], name: str) -> list[int]:
    """Return which cells a variable needs: `record` holds what each used, and generated (and whether in place)."""
    found: set[int] = set()
    todo, seen = [(name, len(record))], set()
    while todo:
        wanted, end = todo.pop()
        if (wanted, end) in seen:
            continue
        seen.add((wanted, end))
        cell = next((cell for cell in range(end - 1, -1, -1) if wanted in record[cell][1]), None)
        if cell is None:
            continue
        found.add(cell)
        todo += [(used, cell) for used in record[cell][0]]
        if record[cell][1][wanted]:
            todo.append((wanted, cell))
    return sorted(found)


def run(sources: list[str]) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in sources:
        try_to(source, namespace)
    return namespace


def try_to(source: str, namespace: dict[str, Any]) -> bool:
    """Run a cell; many of those made at random fail, some half way, and what they did till then is real."""
    try:
        exec(compile(source, "<replayed>", "exec"), namespace)
    except Exception:
        return False
    return True


def shown(value: Any, depth: int = 0) -> Any:
    """Return a value as lists and texts, with what it holds; iterators are consumed."""
    kind = type(value)
    if depth > 6:
        return kind.__name__
    parts = PARTS.get(kind.__name__, repr if kind in PLAIN else lambda _: "")
    if hasattr(kind, "__next__"):
        parts = list
    try:
        found = parts(value)
    except (TypeError, RuntimeError, RecursionError) as error:
        found = type(error).__name__
    return [kind.__name__, [shown(part, depth + 1) for part in found[:20]] if isinstance(found, list) else found]


PLAIN = {int, float, str, bool, type(None), np.float64, np.int64}
PARTS: dict[str, Any] = {
    **dict.fromkeys(("list", "tuple", "deque", "ChainMap", "dict_keys"), list),
    "dict": lambda v: [list(v), *v.values()],
    "A": lambda v: [vars(v), type(v).k, type(v).reg],
    "ndarray": lambda v: [v.shape, v.ravel().tolist()],
    **dict.fromkeys(("DataFrame", "Series"), lambda v: [v.to_dict(), str(v.index.name), v.attrs]),
    "DataFrameGroupBy": lambda v: [v.obj],
    "function": lambda v: [
        v.__code__.co_code.hex(),
        v.__defaults__,
        [cell.cell_contents for cell in v.__closure__ or ()],
    ],
    "partial": lambda v: [v.args],
    "method": lambda v: [v.__self__],
    "builtin_function_or_method": lambda v: [v.__self__] if type(v.__self__) is not type(np) else v.__name__,
}


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.filterwarnings("ignore")
def test_the_cells_that_a_variable_needs_give_it_again(seed: int) -> None:
    cells = made_at_random(seed, 30)
    notebook = Notebook()
    record = []
    for cell in cells:
        used, generated = notebook.run(cell, tolerant=True).edges()
        record.append(({edge.name for edge in used}, {edge.name: edge.derived for edge in generated}))
    for name in (*NAMES, "n"):
        whole, alone = run(cells), run([cells[cell] for cell in needed(record, name)])
        assert (name in whole) == (name in alone), name
        if name in whole:
            assert shown(whole[name]) == shown(alone[name]), (name, needed(record, name))
