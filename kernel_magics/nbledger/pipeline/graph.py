"""The order of a pipeline's steps: which step must come before which, and why.

A step comes after another when it reads a file that the other writes. What a notebook reads and writes is known from
its last run in the ledger; of one that never ran (or whose code was changed since) it is guessed from the code. Beside
that the `pipeline.yaml` declares needs and outputs. Where nothing at all is known of a step, it keeps its place in the
order of the names (of a folder) or of the file, one after another.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from nbledger.errors import NBLedgerError
from nbledger.pipeline.execute import read_notebook
from nbledger.pipeline.guesses import Guess, guess, looks_like_path
from nbledger.pipeline.spec import Pipeline, Step, find_circle

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.notebook_files import NotebookFiles

Reason = Literal["file", "guess", "declared", "rewrite", "order"]


class Circular(NBLedgerError):
    """Steps that read what they write for each other. Fields: steps, files."""

    template = (
        "{steps} cannot be put in order: {files}\n"
        "Say which comes first by `needs` in pipeline.yaml, or write to a file of another name."
    )


@dataclass(frozen=True, slots=True)
class Dependency:
    """`after` runs after `before`, and why.

    `reason` is `file` (it was seen to read `what`, which the other writes), `guess` (the code looks like it),
    `declared` (by `needs`), `rewrite` (both write `what`) or `order` (nothing is known of one of them).
    """

    before: str
    after: str
    reason: Reason
    what: str = ""

    def __str__(self) -> str:
        told = {
            "file": f"reads {self.what}",
            "guess": f"reads {self.what}, by its code",
            "declared": "needs it",
            "rewrite": f"writes {self.what} too",
            "order": "nothing is known of it yet: it keeps its place",
        }
        return told[self.reason]


@dataclass(frozen=True, slots=True)
class StepFiles:
    """The files that a step reads and writes, by their name in the ledger. `source` says how that is known."""

    read: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    source: Literal["run", "code", "nothing"] = "nothing"


@dataclass(frozen=True, slots=True)
class Dag:
    """The steps in an order in which they can run, with what each waits for; `notes` are what a reader should know."""

    steps: tuple[str, ...]
    edges: tuple[Dependency, ...]
    files: Mapping[str, StepFiles] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def before(self, step: str) -> tuple[str, ...]:
        """Return the steps that a step waits for, those right before it only."""
        return tuple(dict.fromkeys(edge.before for edge in self.edges if edge.after == step))

    def after(self, step: str) -> tuple[str, ...]:
        """Return the steps that wait for a step."""
        return tuple(dict.fromkeys(edge.after for edge in self.edges if edge.before == step))

    def why(self, before: str, after: str) -> tuple[Dependency, ...]:
        """Return all the reasons for which one step waits for another."""
        return tuple(edge for edge in self.edges if (edge.before, edge.after) == (before, after))

    def all_before(self, steps: Iterable[str]) -> set[str]:
        """Return these steps and all that must run before them."""
        found: set[str] = set()
        left = list(steps)
        while left:
            step = left.pop()
            if step not in found:
                found.add(step)
                left += self.before(step)
        return found


def dag(pipeline: Pipeline, ledger: Ledger | None = None, params: Mapping[str, Mapping[str, Any]] | None = None) -> Dag:
    """Return the order of a pipeline's steps. `params` are each step's by its name, by default the pipeline's own.

    Without a ledger only the code and the pipeline's file are looked at. Raises `Circular`.
    """
    from nbledger.ledger import find_root

    given = params or {step.name: {**pipeline.params, **step.params} for step in pipeline.steps}
    root = ledger.root if ledger is not None else find_root(pipeline.folder)
    files = {step.name: _files(step, pipeline, ledger, root, given[step.name]) for step in pipeline.steps}
    order = [step.name for step in pipeline.steps]
    builder = _Builder(order, files)
    builder.declared(pipeline)
    builder.handed_over()
    notes = builder.unknown()
    circle = find_circle({step: builder.before[step] for step in order})
    if circle:
        raise _circular(circle, builder.edges)
    builder.rewrites()
    return Dag(_sorted(order, builder.before), tuple(builder.edges), files, notes)


class _Builder:
    """Collects dependencies. `before` is who comes right before a step, `above` who comes before it at all."""

    def __init__(self, order: Sequence[str], files: Mapping[str, StepFiles]) -> None:
        self.order = order
        self.known = files
        self.edges: list[Dependency] = []
        self.before: dict[str, list[str]] = {step: [] for step in order}
        self.above: dict[str, set[str]] = {step: set() for step in order}

    def add(self, edge: Dependency) -> None:
        self.edges.append(edge)
        if edge.before in self.before[edge.after]:
            return
        self.before[edge.after].append(edge.before)
        higher = {edge.before} | self.above[edge.before]
        for step in self.order:
            if step == edge.after or edge.after in self.above[step]:
                self.above[step] |= higher

    def declared(self, pipeline: Pipeline) -> None:
        for step in pipeline.steps:
            for need in step.needs:
                self.add(Dependency(need, step.name, "declared"))

    def handed_over(self) -> None:
        """A reader comes after the writers of what it reads, but for one that is declared to come after it."""
        declared = {step: set(above) for step, above in self.above.items()}
        for before in self.order:
            for after in self.order:
                if before != after and after not in declared[before]:
                    for edge in _handed_over(before, after, self.known):
                        self.add(edge)

    def unknown(self) -> tuple[str, ...]:
        """A step of which nothing is known comes after the one before it and before the one after it."""
        touched = {name for edge in self.edges for name in (edge.before, edge.after)}
        blank = [step for step in self.order if self.known[step].source == "nothing" and step not in touched]
        for one, other in itertools.pairwise(self.order):
            if {one, other} & set(blank) and other not in self.above[one]:
                self.add(Dependency(one, other, "order"))
        if not blank or len(self.order) == 1:
            return ()
        names = ", ".join(blank)
        return (
            f"Nothing is known yet of the files of {names}: until it has run once, it keeps its place in the list.",
        )

    def rewrites(self) -> None:
        """Two steps that write the same file do so one after the other."""
        for place, one in enumerate(self.order):
            for other in self.order[place + 1 :]:
                both = sorted(self.known[one].written & self.known[other].written)
                if both and one not in self.above[other] and other not in self.above[one]:
                    self.add(Dependency(one, other, "rewrite", both[0]))


def _handed_over(before: str, after: str, files: Mapping[str, StepFiles]) -> list[Dependency]:
    one, other = files[before], files[after]
    guessed = "code" in (one.source, other.source)
    found = sorted(one.written & (other.read | (other.named - other.written)))
    listed = [folder for folder in other.read if any(_within(name, folder) for name in one.written)]
    found += sorted(folder for folder in listed if not any(_within(name, folder) for name in other.written))
    return [Dependency(before, after, "guess" if guessed else "file", name) for name in found]


def _within(name: str, folder: str) -> bool:
    return name.startswith(folder.rstrip("/") + "/")


def _files(step: Step, pipeline: Pipeline, ledger: Ledger | None, root: Path, given: Mapping[str, Any]) -> StepFiles:
    """Return the files of a step: as last seen, and by its code where that is newer; declared outputs as well."""
    seen = _last(step, ledger)
    code = _current_code(step)
    outputs = {_name(pipeline.folder, one, root) for one in step.outputs}
    if seen is not None and seen.code is not None and seen.code == code:
        moved = _moved(seen, given, step, root)
        read = frozenset(moved.get(name, name) for name in seen.read)
        written = frozenset(moved.get(name, name) for name in seen.written if not (root / name).is_dir())
        return StepFiles(read, written | outputs, source="run")
    found = _guessed(step, given)
    here = step.notebook.parent
    read, written, named = (
        frozenset(_name(here, path, root) for path in paths) for paths in (found.read, found.written, found.named)
    )
    if seen is not None:  # its code was changed since, or a person ran it: what the code still names counts
        words = step.notebook.read_text(encoding="utf-8", errors="replace")
        still = {name for name in (*seen.read, *seen.written) if PurePosixPath(name).name in words}
        read, written = read | (still & seen.read.keys()), written | (still & seen.written.keys())
    known = bool(read or written or named or outputs) or seen is not None
    return StepFiles(read, written | outputs, named, "code" if known else "nothing")


def _last(step: Step, ledger: Ledger | None) -> NotebookFiles | None:
    from nbledger.lineage.notebook_files import last_files

    return None if ledger is None else last_files(ledger, ledger.relative(step.notebook), step.name)


def _current_code(step: Step) -> str | None:
    from nbledger.fingerprint import file_fingerprint

    return file_fingerprint(step.notebook).hash if step.notebook.is_file() else None


def _guessed(step: Step, given: Mapping[str, Any]) -> Guess:
    return guess(read_notebook(step.notebook), given)


def _moved(seen: NotebookFiles, given: Mapping[str, Any], step: Step, root: Path) -> dict[str, str]:
    """Return where files are now that params named in the last run, where a param has another value today."""
    from nbledger.pipeline.declarations import declared

    defaults = {one.name: one.default for one in declared(read_notebook(step.notebook), step.notebook.name) or ()}
    here, found = step.notebook.parent, {}
    for name, default in defaults.items():
        before, now = seen.params.get(name, default), given.get(name, default)
        if now != before and looks_like_path(before) and looks_like_path(now):
            found[_name(here, str(before), root)] = _name(here, now, root)
    return found


def _name(folder: Path, path: str, root: Path) -> str:
    """Return a path as the ledger names it."""
    from nbledger.ledger.location import relative

    return relative(os.path.normpath(folder / path), root)


def _circular(circle: list[str], edges: Sequence[Dependency]) -> Circular:
    told = []
    for after, before in itertools.pairwise(circle):
        edge = next(edge for edge in edges if (edge.before, edge.after) == (before, after))
        told.append(f"{after} reads {edge.what}, which {before} writes" if edge.what else f"{after} needs {before}")
    names = list(dict.fromkeys(circle))
    return Circular(steps=" and ".join(names), files="; ".join(told), circle=tuple(names))


def _sorted(order: Sequence[str], needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the steps so that each comes after those it needs, else in the order they are listed."""
    found: list[str] = []
    while len(found) < len(order):
        ready = (step for step in order if step not in found and all(need in found for need in needs[step]))
        found.append(next(ready))
    return tuple(found)


__all__ = ["Circular", "Dag", "Dependency", "StepFiles", "dag"]
