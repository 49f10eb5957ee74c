"""Notebooks made at random: values that share, views, mutation, rebinding, deletion, branches, functions, iterators.

Every constant is new, so that two values are hardly ever equal by chance. A cell may raise: that is recorded too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

IMPORTS = """import random
import itertools
import numpy as np
import pandas as pd
random.seed(1)"""
BOX = """class Box:
    def __init__(self, v):
        self.v = v
        self.items = [v]
    def add(self, x):
        self.items.append(x + self.v)
        return len(self.items)"""
MAKE = """def make(k):
    def inner(x):
        nonlocal k
        k += 1
        return x * k
    return inner"""
PRELUDE = (IMPORTS, BOX, MAKE)
NAMES = "abcdefgh"
SPECIAL = ["del", "swap", "if", "for", "try", "show", "print", "seed", "draw"]

NEW = {
    "int": ("{v} = {int}", "{v} = {int} - {int}"),
    "list": ("{v} = [{c}, {c}]", "{v} = list({list})", "{v} = {list}[1:]", "{v} = [q + {c} for q in {list}]",
             "{v} = {nest}[0]", "{v} = {box}['l']", "{v} = {obj}.items", "{v} = list({iter})", "{v} = sorted({list})"),
    "nest": ("{v} = [{list}, {list}]", "{v} = [[{c}], {list}]", "{v} = {nest}[:]"),
    "dict": ("{v} = {{'k0': {c}, 'k1': {int}}}", "{v} = dict({dict})", "{v} = {{**{dict}, 'k2': {c}}}"),
    "box": ("{v} = {{'l': {list}, 'a': {array}}}",),
    "array": ("{v} = np.arange({c}, {c0} + 6)", "{v} = {array}[1:5]", "{v} = {array} + {c}", "{v} = {array}.copy()",
              "{v} = {array}.reshape(-1)", "{v} = {box}['a']", "{v} = {frame}['x'].to_numpy().copy()",
              "{v} = {array}[::-1]", "{v} = np.concatenate([{array}, {array}])[:8]"),
    "frame": ("{v} = pd.DataFrame({{'x': range({c}, {c0} + 4), 'y': [3, 1, 2, {c}]}})", "{v} = {frame}.copy()",
              "{v} = {frame}[['x']]", "{v} = {frame}.assign(w={c})", "{v} = {frame}[{frame0}['x'] != {c}]"),
    "obj": ("{v} = Box({c})", "{v} = Box({int})"),
    "func": ("def {v}(x):\n    return x + {name}", "def {v}(x):\n    {list}.append(x)\n    return len({list0})",
             "{v} = make({c})", "{v} = lambda x, y={int}: x + y", "{v} = {obj}.add",
             "def {v}(x):\n    return {func}(x) + {c}"),
    "iter": ("{v} = iter({list})", "{v} = (q * {c} for q in {list})", "{v} = iter([{c}, {c}, {c}])",
             "{v} = itertools.islice({iter}, 2)"),
    "rng": ("{v} = np.random.default_rng({c})", "{v} = random.Random({c})"),
}  # fmt: skip
CHANGE = {
    "int": ("{int0} += {int}",),
    "list": ("{list0}.append({int})", "{list0}[0] = {int}", "{list0}.pop()", "{list0} += [{c}]", "{list0}.reverse()",
             "{list0}.extend({list}[:2])", "del {list0}[0]", "{list0}.sort()", "{list0}.insert(0, {c})"),
    "nest": ("{nest0}[0].append({c})", "{nest0}.append({list})", "{nest0}[-1] = [{int}]", "{nest0}[0] = {list}"),
    "dict": ("{dict0}['k0'] = {int}", "{dict0}.update(k1={c})", "{dict0}.pop('k0', None)",
             "{dict0}['k3'] = {dict0}.get('k0', 0) + {c}", "{dict0} |= {{'k4': {c}}}"),
    "box": ("{box0}['l'].append({c})", "{box0}['a'][0] = {c}", "{box0}['l'] = {list}"),
    "array": ("{array0}[0] = {int}", "{array0} += {c}", "{array0}[:] = {array0} * 2", "{array0}.sort()",
              "np.add({array0}, {c}, out={array0})", "{array0}[1:3] = {c}", "{array0}.fill({c})",
              "np.random.default_rng({c}).shuffle({array0})", "np.add.at({array0}, [0], {c})"),
    "frame": ("{frame0}['z'] = {frame0}['x'] * {c}", "{frame0}.loc[0, 'x'] = {c}", "{frame0}.iloc[1, 0] = {c}",
              "{frame0}.drop(columns='y', inplace=True, errors='ignore')", "{frame0}['n'] = {int}",
              "{frame0}.sort_values('x', ascending=False, inplace=True)", "{frame0}.rename(columns={{'z': 'zz'}}, inplace=True)"),
    "obj": ("{obj0}.v = {int}", "{obj0}.items.append({c})", "{obj0}.add({c})", "{obj0}.items = {list}"),
    "func": ("{func0}({c})",),
    "iter": ("next({iter0}, None)", "for q in {iter0}:\n    break"),
    "rng": ("{rng0}.random()",),
}  # fmt: skip
READ = {
    "int": "{x}",
    "list": "len({x})",
    "nest": "len({x}[0])",
    "dict": "{x}.get('k0', -1)",
    "box": "len({x}['l'])",
    "array": "int({x}.sum())",
    "frame": "int({x}['x'].sum())",
    "obj": "{x}.v",
    "func": "{x}(2)",
    "iter": "next({x}, -2)",
    "rng": "{x}.random()",
}
PROBES = {"iter": "list({x})", "obj": "vars({x})", "rng": "{x}.random()"}


@dataclass
class Made:
    """A cell and what it binds and deletes, by what is known without running it."""

    source: str
    binds: list[tuple[str, str | None]] = field(default_factory=list)


@dataclass
class Notebook:
    """Cells in the order of execution, a target and the expression that is compared."""

    cells: list[str]
    target: str
    probe: str


class Author:
    """Writes one notebook."""

    def __init__(self, draw) -> None:
        self.draw = draw
        self.kinds: dict[str, str] = {}
        self.number = 100
        self.made: list[Made] = []

    def pick(self, options):
        return self.draw(st.sampled_from(list(options)))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) < percent

    def constant(self) -> str:
        self.number += 7
        return str(self.number)

    def integer(self) -> str:
        if self.kinds and self.chance(60):
            name = self.pick(sorted(self.kinds))
            return READ[self.kinds[name]].format(x=name)
        return self.constant()

    def fill(self, template: str, **given: str) -> str | None:
        """Put names of the right kinds into a template; `None` when there is none of a kind."""
        filled = dict(given)
        out, rest = "", template.replace("{{", "\0").replace("}}", "\1")
        while "{" in rest:
            before, rest = rest.split("{", 1)
            key, rest = rest.split("}", 1)
            value = self._slot(key, filled)
            if value is None:
                return None
            out += before + value
        return (out + rest).replace("\0", "{").replace("\1", "}")

    def _slot(self, key: str, filled: dict[str, str]) -> str | None:
        if key in filled:
            return filled[key]
        if key == "c":
            filled["c0"] = self.constant()
            return filled["c0"]
        if key == "int":
            return self.integer()
        if key == "name":
            return self.pick(sorted(self.kinds)) if self.kinds else None
        kind = key.removesuffix("0")
        names = sorted(name for name, is_kind in self.kinds.items() if is_kind == kind)
        if not names:
            return None
        filled[kind + "0"] = self.pick(names)
        return filled[kind + "0"]

    def binding(self) -> tuple[str, list] | None:
        name = self.pick(NAMES)
        if self.kinds and self.chance(20):
            other = self.pick(sorted(self.kinds))
            return f"{name} = {other}", [(name, self.kinds[other])]
        kind = self.pick(sorted(NEW))
        source = self.fill(self.pick(NEW[kind]), v=name)
        return None if source is None else (source, [(name, kind)])

    def change(self) -> str | None:
        if not self.kinds:
            return None
        name = self.pick(sorted(self.kinds))
        kind = self.kinds[name]
        return self.fill(self.pick(CHANGE[kind]), **{kind + "0": name})

    def special(self) -> tuple[str, list] | None:
        what = self.pick(SPECIAL)
        if what == "seed":
            return f"random.seed({self.constant()})", []
        if what == "draw":
            name = self.pick(NAMES)
            return f"{name} = random.randrange(10**9)", [(name, "int")]
        if not self.kinds:
            return None
        return self.compound(what) if what in {"if", "for", "try"} else self.simple(what)

    def simple(self, what: str) -> tuple[str, list]:
        x, y = self.pick(sorted(self.kinds)), self.pick(sorted(self.kinds))
        if what == "del":
            return f"del {x}", [(x, None)]
        if what == "swap":
            return f"{x}, {y} = {y}, {x}", [(x, self.kinds[y]), (y, self.kinds[x])]
        return (x if what == "show" else f"print({self.integer()})"), []

    def compound(self, what: str) -> tuple[str, list] | None:
        first, second = self.change(), self.change()
        if first is None or second is None:
            return None
        first, second = (part.replace("\n", "\n    ") for part in (first, second))
        if what == "if":
            return f"if {self.integer()} % 2:\n    {first}\nelse:\n    {second}", []
        if what == "for":
            return f"for i in range(3):\n    {first}", []
        return f"try:\n    {first}\n    raise ValueError\nexcept Exception:\n    {second}", []

    def statement(self) -> tuple[str, list]:
        for _ in range(4):
            way = self.draw(st.integers(0, 99))
            if way < 40 or not self.kinds:
                found = self.binding()
            elif way < 80:
                changed = self.change()
                found = None if changed is None else (changed, [])
            else:
                found = self.special()
            if found is not None:
                return found
        return f"a = [{self.constant()}]", [("a", "list")]

    def cell(self) -> Made:
        if self.made and self.chance(10):
            again = self.pick(self.made)
            self.apply(again.binds)
            return again
        sources, binds = [], []
        for _ in range(self.draw(st.sampled_from([1, 1, 2, 3]))):
            source, bound = self.statement()
            self.apply(bound)
            sources.append(source)
            binds += bound
        return Made("\n".join(sources), binds)

    def apply(self, binds) -> None:
        for name, kind in binds:
            if kind is None:
                self.kinds.pop(name, None)
            else:
                self.kinds[name] = kind


@st.composite
def notebooks(draw, smallest: int = 5, largest: int = 25) -> Notebook:
    """Notebooks of `smallest` to `largest` cells after those of imports and definitions."""
    author = Author(draw)
    for _ in range(draw(st.integers(smallest, largest))):
        author.made.append(author.cell())
    if not author.kinds:
        author.made.append(Made("a = [1]", [("a", "list")]))
        author.apply([("a", "list")])
    target = draw(st.sampled_from(sorted(author.kinds)))
    kind = author.kinds[target]
    cells = [*PRELUDE, *(made.source for made in author.made)]
    if kind == "func":
        # What a function gives depends on what the globals are when it is called: so the call is part of the notebook.
        cells, target, kind = [*cells, f"called = {target}(3)"], "called", "int"
    return Notebook(cells, target, PROBES.get(kind, "{x}").format(x=target))
