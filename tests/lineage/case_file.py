"""The cases of `cases/*.txt`: cells, a target, and the executions that are needed to have it.

    ==== A list grows through another name
    ---- file numbers.csv
    a,b
    1,2
    ----
    a = [1]
    ----
    b = a
    ----
    b.append(2)
    ----
    print(a)
    ==> a: 1 2 3
    ==> total = sum(a): 1 2 3 | extra 4 (why it may be there) | since 3.12

A line of four equals signs starts a case; text after it is the title. `order: 1 2 1` and `flags: unseeded kernel` may
follow it. Four dashes start a cell, or a file that is there before the first cell. Needed are executions, numbered
from 1: without an order, cell n is execution n. After the target's name an expression may say what of it is compared
(for values that cannot be fingerprinted, such as generators). `since 3.12`: only there can the executed lines be
known; before, more is allowed. A target that starts with `./` is a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

CASES = Path(__file__).parent / "cases"

_TARGET = re.compile(r"==> (?P<name>[^\s=:]+)(?: = (?P<probe>.*?))?: (?P<needed>[\d ]+)(?P<rest>(?:\|.*)?)$")
_EXTRA = re.compile(r"extra (?P<positions>[\d ]+)\((?P<why>.+)\)$")


@dataclass
class Target:
    """What is asked for, what of it is compared, and the executions (from 1) that are needed."""

    name: str
    probe: str
    needed: tuple[int, ...]
    allowed: dict[int, str] = field(default_factory=dict)
    since: tuple[int, ...] = (3, 0)

    @property
    def is_file(self) -> bool:
        return self.name.startswith("./")


@dataclass
class Case:
    """Some cells in the order of the notebook, and the order in which they were executed."""

    topic: str
    title: str
    line: int
    cells: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    targets: list[Target] = field(default_factory=list)

    @property
    def executed(self) -> list[str]:
        """The sources in the order of execution."""
        return [self.cells[number - 1] for number in self.order] if self.order else self.cells

    @property
    def id(self) -> str:
        return f"{self.topic}: {self.title}"


def read_cases(folder: Path = CASES) -> list[Case]:
    """Return all cases. Raises `ValueError` with file and line for what cannot be understood."""
    cases = [case for path in sorted(folder.glob("*.txt")) for case in _read(path)]
    assert len({case.id for case in cases}) == len(cases), "two cases have the same title"
    return cases


def _read(path: Path) -> list[Case]:
    reader = _Reader(path)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        reader.take(number, line)
    reader.close()
    for case in reader.cases:
        if not case.cells or not case.targets:
            raise ValueError(f"{path.name}:{case.line}: a case needs cells and a target")
        for target in case.targets:
            if max(target.needed) > len(case.executed) or list(target.needed) != sorted(set(target.needed)):
                raise ValueError(f"{path.name}:{case.line}: needed must be executions, in order")
    return reader.cases


class _Reader:
    """Takes a file line by line; `part` has the lines of the cell or file that is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cases: list[Case] = []
        self.part: list[str] = []

    def take(self, number: int, line: str) -> None:
        if line.startswith("==== "):
            self.close()
            self.cases.append(Case(self.path.stem, line[5:].strip(), number))
        elif line.startswith("----"):
            self.close()
            self.part.append(line)
        elif line.startswith("==> "):
            self.close()
            self.cases[-1].targets.append(_target(line, f"{self.path.name}:{number}"))
        elif self.part:
            self.part.append(line)
        elif line.startswith("order: "):
            self.cases[-1].order = [int(word) for word in line.split()[1:]]
        elif line.startswith("flags: "):
            self.cases[-1].flags = set(line.split()[1:])
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"{self.path.name}:{number}: {line!r} belongs to no cell")

    def close(self) -> None:
        """End the cell or file that is open."""
        if not self.part:
            return
        head, *body = self.part
        text = "\n".join(body).strip("\n")
        name = head.removeprefix("----").strip()
        if name.startswith("file "):
            self.cases[-1].files[name.removeprefix("file ")] = text + "\n"
        else:
            self.cases[-1].cells.append(text)
        self.part.clear()


def _target(line: str, where: str) -> Target:
    match = _TARGET.match(line)
    if match is None:
        raise ValueError(f"{where}: {line!r} is no target")
    needed = tuple(int(word) for word in match["needed"].split())
    target = Target(match["name"], match["probe"] or match["name"], needed)
    for part in filter(None, (part.strip() for part in match["rest"].split("|"))):
        extra = _EXTRA.match(part)
        if extra:
            target.allowed.update((int(word), extra["why"]) for word in extra["positions"].split())
        elif part.startswith("since "):
            target.since = tuple(int(word) for word in part.split()[1].split("."))
        else:
            raise ValueError(f"{where}: what is {part!r}?")
    return target
