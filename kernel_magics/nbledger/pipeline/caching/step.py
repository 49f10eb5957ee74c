"""A notebook about to run, as what its results depend on before it has read anything: its key."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbledger.ledger import Ledger
from nbledger.ledger.location import relative
from nbledger.pipeline.caching.cells import Cell, cells_of, digest
from nbledger.pipeline.caching.constants import Constants
from nbledger.pipeline.caching.hidden import Hidden, look
from nbledger.pipeline.caching.record import Read
from nbledger.pipeline.caching.surroundings import kernel_identity, surroundings, typed
from nbledger.pipeline.caching.today import Today
from nbledger.pipeline.declarations import UNKNOWN, declared
from nbledger.records import Environment


@dataclass(frozen=True)
class Step:
    """A notebook with its params, where it runs, and the `key` that they and the environment give.

    `parts` are what the key was made of, in the order in which a difference is told. `asked` are the files whose
    presence the cells ask for, as they are now, before the run.
    """

    notebook: Path
    name: str
    root: Path
    cwd: Path
    cells: tuple[Cell, ...]
    params: Mapping[str, Any]
    parts: Mapping[str, str]
    environment: Environment
    prevents: tuple[str, ...]
    asked: tuple[Read, ...]

    @cached_property
    def key(self) -> str:
        """The hash over all parts."""
        return digest("step 1", *(f"{name}={value}" for name, value in sorted(self.parts.items())))

    @property
    def trees(self) -> list[tuple[str, ast.Module]]:
        """The label and tree of each cell."""
        return [(cell.label, cell.tree) for cell in self.cells if cell.tree is not None]

    @property
    def constants(self) -> Constants:
        """What the cells and params say in plain text."""
        return Constants([tree for _, tree in self.trees], self.params)


def step_of(
    ledger: Ledger,
    nb: Any,
    notebook: Path | str,
    params: Mapping[str, Any] | None = None,
    kernel: str | None = None,
    cwd: Path | str | None = None,
    experiment: str | None = None,
) -> Step:
    """Return the step that a notebook node is, with typed params (as `parameters.check` gives them)."""
    from nbledger.pipeline.engine import NBLedgerEngine

    path = Path(notebook).absolute()
    folder = Path(cwd).absolute() if cwd is not None else path.parent
    cells = cells_of(nb)
    given = dict(params or {})
    environment, machine = surroundings()
    identity, foreign = kernel_identity(NBLedgerEngine.nb_kernel_name(nb, kernel))
    parts = {
        "notebook": relative(str(path), ledger.root),
        "code": digest("cells", *sorted(cell.hash for cell in cells)),
        "params": _params(nb, given, path.name),
        "environment": environment.hash,
        "settings": machine,
        "kernel": identity,
        "folder": relative(str(folder), ledger.root),
        "experiment": experiment or os.environ.get("NBLEDGER_EXPERIMENT") or path.stem,
    }
    trees = [(cell.label, cell.tree) for cell in cells if cell.tree is not None]
    hidden = look(trees, [], Constants([tree for _, tree in trees], given))
    prevents = tuple(filter(None, (foreign, *_not_python(cells), *hidden.prevents)))
    asked = asked_now(hidden, Today(ledger.root, folder))
    return Step(path, parts["notebook"], ledger.root, folder, cells, given, parts, environment, prevents, asked)


def asked_now(hidden: Hidden, today: Today) -> tuple[Read, ...]:
    """Return the files that code asks for, as they are now."""
    found = []
    for path, content in sorted(hidden.asked.items()):
        name = relative(str(today.cwd / path), today.root)
        how = "file" if content else "present"
        found.append(Read(how, name, today.version(how, name, "")))  # type: ignore[arg-type]
    return tuple(found)


def _params(nb: Any, given: Mapping[str, Any], notebook: str) -> str:
    """Return the hash of params; one that is given as what it is by default counts as not given."""
    known = declared(nb, notebook) or ()
    by_default = {one.name: typed(one.default) for one in known if one.default is not UNKNOWN}
    return digest("params", *(f"{n}={typed(v)}" for n, v in sorted(given.items()) if by_default.get(n) != typed(v)))


def _not_python(cells: tuple[Cell, ...]) -> list[str]:
    return [f"{cell.label} is not Python that can be read" for cell in cells if cell.tree is None]


__all__ = ["Step", "asked_now", "step_of"]
