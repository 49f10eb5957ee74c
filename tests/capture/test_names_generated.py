"""Notebooks made by chance: what a cell really read of earlier values is always among its reads."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any

from nbledger.capture.code.lines import Lines
from nbledger.capture.code.names import CellCode, compile_cell

VARIABLES = "abcd"
NOTEBOOKS = 250


class Namespace(dict[str, Any]):
    """A namespace that notices which values from before the cell are read."""

    def begin(self) -> None:
        """Remember the values as they are."""
        self.old = {name: id(value) for name, value in self.items()}
        self.keep = list(self.values())
        self.read: set[str] = set()
        self.bound: set[str] = set()

    def __setitem__(self, name: str, value: Any) -> None:
        self.bound.add(name)
        dict.__setitem__(self, name, value)

    def __getitem__(self, name: str) -> Any:
        value = dict.__getitem__(self, name)
        if id(value) == self.old.get(name) and name not in self.bound:
            self.read.add(name)
        return value


class Value:
    """A value that is another object after every operation."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __add__(self, other: object) -> Value:
        return Value(self.number + 1)

    def __bool__(self) -> bool:
        return self.number % 3 > 0

    def __iter__(self) -> Iterator[Value]:
        return (Value(number) for number in range(self.number % 3))

    def __enter__(self) -> object:
        return Value(self.number + 2)

    def __exit__(self, *error: object) -> bool:
        return self.number % 2 > 0


class Writer:
    """Writes a notebook by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.functions: list[str] = []

    def cell(self) -> str:
        return "\n".join(line for _ in range(self.chance.randint(1, 5)) for line in self.statement(0))

    def variable(self) -> str:
        return self.chance.choice(VARIABLES)

    def value(self) -> str:
        v, w = self.variable(), self.variable()
        kinds = [v, v, f"{v} + {w}", "V(1)", "V(2)", f"({v} if {w} else V(3))", f"({v} and {w} or V(4))"]
        kinds += [f"V(len([{w} for k in {v}]))", f"(lambda k={w}: {v})()", f"next(({w} for k in {v}), V(6))"]
        kinds += [f"V(len([({w} := k) for k in V(5)]))", "(lambda: V(7))()"] if self.chance.random() < 0.3 else []
        kinds += [f"{name}()" for name in self.functions[-3:]]
        return self.chance.choice(kinds)

    def block(self, depth: int) -> list[str]:
        return [f"    {line}" for _ in range(self.chance.randint(1, 2)) for line in self.statement(depth + 1)]

    def statement(self, depth: int) -> list[str]:
        choice = self.chance.random()
        v = self.variable()
        if choice < 0.4 or depth > 2:
            return [
                self.chance.choice([f"{v} = {self.value()}", f"{v} = {self.value()}", self.value(), f"{v} += V(1)"])
            ]
        if choice < 0.44:
            return [f"del {v}"]
        if choice < 0.48:
            return [f"if {self.value()}: {v} = {self.value()}"]
        kinds = {
            "if": lambda: [f"if {self.value()}:", *self.block(depth)],
            "else": lambda: [f"if {self.value()}:", *self.block(depth), "else:", *self.block(depth)],
            "for": lambda: [f"for {v} in {self.value()}:", *self.block(depth)],
            "break": lambda: ["for k in V(5):", *self.block(depth), f"    if {self.value()}: break", "else:", *self.block(depth)],
            "while": lambda: [f"while {v} and clock():", *self.block(depth)],
            "try": lambda: ["try:", *self.block(depth), "    fail()", *self.block(depth), "except Exception:", *self.block(depth)],
            "finally": lambda: ["try:", *self.block(depth), "finally:", *self.block(depth)],
            "with": lambda: [f"with V(1) as {v}:", *self.block(depth), "    fail()", *self.block(depth)],
            "match": lambda: [f"match {self.value()}:", "    case V(number=2):", *(f"    {line}" for line in self.block(depth)), f"    case {v}:", *(f"    {line}" for line in self.block(depth))],
            "def": lambda: self.function(depth),
            "class": lambda: self.klass(depth),
        }  # fmt: skip
        return kinds[self.chance.choice(list(kinds))]()

    def function(self, depth: int) -> list[str]:
        name = f"f{len(self.functions)}"
        body = self.block(max(depth, 1))
        head = [f"    global {self.variable()}"] if self.chance.random() < 0.3 else []
        made = [f"def {name}(k=None):", *head, *body, f"    return {self.value()}"]
        if any(line.split()[0] == "del" or line.startswith("    global") for line in map(str.strip, made)):
            made = [line for line in made if not line.strip().startswith("del ")]
        self.functions.append(name)
        return ["@same", *made] if self.chance.random() < 0.2 else made

    def klass(self, depth: int) -> list[str]:
        name = f"C{len(self.functions)}"
        self.functions.append(name)
        return [
            f"class {name}:",
            *self.block(max(depth, 1)),
            "    def __add__(self, other):",
            f"        return {self.value()}",
        ]


def globals_of(seed: int) -> Namespace:
    chance = random.Random(seed)
    left = [40]

    def fail() -> None:
        if chance.random() < 0.3:
            raise ValueError

    def clock() -> bool:
        left[0] -= 1
        return left[0] > 0

    names = Namespace(V=Value, fail=fail, clock=clock, same=lambda f: f, __name__="__main__", __builtins__=__builtins__)
    names.update({name: Value(number) for number, name in enumerate(VARIABLES, seed)})
    return names


def misses(seed: int, lines: Lines) -> tuple[list[str], int, int]:
    """Run a notebook; return the reads that were missed, and how many reads were said and were real."""
    writer = Writer(seed)
    names = globals_of(seed)
    wrong: list[str] = []
    said = real = 0
    for _ in range(4):
        source = writer.cell()
        try:
            code = compile_cell(source)
        except SyntaxError:
            continue
        cell = CellCode(code)
        names.begin()
        earlier = cell.resolve(names)
        codes = cell.reached_codes(names)
        lines.begin(names, codes)
        ended = False
        try:
            exec(code, names)
            ended = True
        except RecursionError:
            lines.end()
            return wrong, said, real
        except Exception:
            pass
        read = names.read & set(VARIABLES)
        ran = lines.end()
        unseen = cell.resolve(names)
        found = cell.resolve(names, ran.of(0, 1), ran.functions) if ran else unseen
        missed = read - (unseen.reads | earlier.reads), read - found.reads
        kept = {name for name, ident in names.old.items() if id(dict.get(names, name)) == ident} - names.bound
        stale = found.sure & kept if ended and "global" not in source and ":=" not in source else set()
        if missed[0] or missed[1] or stale:
            wrong.append(f"seed {seed}: {missed} {stale}\n{source}")
        said += len(found.reads & set(VARIABLES))
        real += len(read)
    return wrong, said, real


def test_no_read_is_missed_in_notebooks_made_by_chance() -> None:
    lines = Lines()
    wrong: list[str] = []
    said = real = 0
    for seed in range(NOTEBOOKS):
        more, some, true = misses(seed, lines)
        wrong += more
        said += some
        real += true
    lines.close()
    assert wrong == []
    assert real > NOTEBOOKS
    assert said <= real * (1.4 if sys.version_info >= (3, 12) else 1.9), f"{said} reads said, {real} real"
