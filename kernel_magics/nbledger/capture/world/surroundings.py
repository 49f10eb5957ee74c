"""What a cell does beside its variables: the lines that ran, files, hidden state, code that it made and executed.

One object for each session; `begin` and `end` frame a cell.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path, PurePath
from types import CodeType
from typing import Any, NamedTuple

from nbledger.capture.code.lines import Lines, Ran
from nbledger.capture.code.names import CellCode, Names
from nbledger.capture.code.reach import ATOMS
from nbledger.capture.code.recursion import recurses
from nbledger.capture.hooks import pyplot
from nbledger.capture.namespace.variables import Variables
from nbledger.capture.namespace.versions import Versions
from nbledger.capture.world import audit, file_calls, seeding
from nbledger.capture.world.annotated import looks_at_annotations
from nbledger.capture.world.callbacks import Callbacks
from nbledger.capture.world.files import Files, asks
from nbledger.capture.world.outputs import Outputs
from nbledger.capture.world.settings import RECURSES
from nbledger.capture.world.state import State
from nbledger.records import Edge, Version

_MOST_EXECUTED = 100
_TRACES = frozenset({"setprofile", "settrace", "register_callback"})
"""What a cell mentions that has functions called while no event tells of their lines."""


class Use(NamedTuple):
    """What a cell used and generated beside its variables, and why that may not be all. `stored` is to be kept."""

    used: tuple[Edge, ...] = ()
    generated: tuple[Edge, ...] = ()
    versions: tuple[Version, ...] = ()
    opaque: tuple[str, ...] = ()
    stored: tuple[tuple[Version, bytes], ...] = ()


class _Executed(audit.Listener):
    """Keeps the code that the cell gave to `exec` and `eval`, and has what it reads looked at before it runs."""

    def __init__(self, learn: Callable[[Iterable[CellCode]], object]) -> None:
        self.codes: list[CellCode] = []
        self._learn = learn

    def executed(self, code: CodeType) -> None:
        """`exec` or `eval` was called."""
        if len(self.codes) < _MOST_EXECUTED:
            found = CellCode(code)
            found.may_run_elsewhere = True
            self.codes.append(found)
            self._learn([found])


class Surroundings:
    """Watches what the cells of one namespace do beside their variables. `root` is the project's folder."""

    def __init__(
        self,
        namespace: MutableMapping[str, Any],
        versions: Versions,
        root: Path,
        variables: Variables,
    ) -> None:
        self.outputs = Outputs(namespace, versions)
        self._namespace = namespace
        self._files = Files(root, [root / ".nbledger"])
        self._lines = Lines()
        self._watches_lines = False
        self._is_traced = False
        self._executed = _Executed(variables.learn_reads)
        self._callbacks = Callbacks(namespace, lambda value: versions.of(value)[1], variables.reaching)
        self._state = State(versions.token, lambda value: versions.of(value)[1])

    def begin(self, codes: Sequence[CellCode], names: Sequence[Names]) -> None:
        """Watch from now on. `names` are what the codes touch, as far as is known before they run."""
        namespace = self._namespace
        self._executed.codes.clear()
        self._files.begin()
        reached = [inner for code in codes for inner in code.reached_codes(namespace)]
        said = frozenset().union(*(code.said for code in codes), *(inner.co_names for inner in reached))
        if self._state.has_depth and recurses([*(code.code for code in codes), *reached]):
            said |= {RECURSES}
        said |= looks_at_annotations(said, [code.code for code in codes])
        self._is_traced = not _TRACES.isdisjoint(said)
        self._look_at(codes, names)
        self._files.note_asked(said, self._texts(codes, names, reached, said))
        self._state.begin(
            said,
            frozenset().union(*(found.attributes | found.stored_attributes for found in names)),
            namespace,
            frozenset().union(*(code.imports for code in codes)),
        )
        self._lines.begin(namespace, reached)
        self._callbacks.begin(codes, frozenset().union(*(found.reads for found in names)), reached)
        file_calls.activate(self._files)
        seeding.activate(self._state)
        audit.activate(self._files, self._executed, self._state, namespace=namespace)

    @property
    def are_quiet(self) -> bool:
        """Whether nothing goes on that an earlier cell began: a thread, an open file, a limit of calls or numbers."""
        state = self._state
        return audit.is_alone() and self._files.are_closed and not (state.has_depth or state.limits_digits)

    def begin_still(self, codes: Sequence[CellCode]) -> None:
        """Watch a cell that can do nothing beside its variables: only which lines run, where that says something."""
        if self._lines.are_known:
            reached = [inner for code in codes for inner in code.reached_codes(self._namespace)]
            self._watches_lines = bool(reached) or not all(code.in_order for code in codes)
            if self._watches_lines:
                self._lines.begin(self._namespace, reached)

    def stop_still(
        self, code: CellCode, error: BaseException | None
    ) -> tuple[frozenset[int] | None, Mapping[CodeType, frozenset[int]] | None]:
        """Return the lines that ran of such a cell, and of its comprehensions; `None` when that is not known."""
        if not self._lines.are_known:
            return None, None
        if self._watches_lines:
            ran = self._lines.end()
            return (None, None) if ran is None else (ran.of(0, 1), ran.functions)
        last = None if error is None else self._last_line(error)
        return None if last is None else code.up_to(last), None

    def _last_line(self, error: BaseException) -> int | None:
        """Return the line of the cell that raised an error."""
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals is self._namespace:
                return trace.tb_lineno
            trace = trace.tb_next
        return None

    def join(self, codes: Sequence[CellCode], names: Sequence[Names]) -> None:
        """Take in the code of a cell that runs inside the one that is watched."""
        with audit.paused():
            self._look_at(codes, names)

    def stop(self) -> tuple[list[CellCode], Ran | None]:
        """Stop watching; returns the code that `exec` and `eval` were given, and the lines that ran."""
        audit.deactivate()
        seeding.deactivate()
        pyplot.stop()
        file_calls.deactivate()
        ran = self._lines.end() if self._lines.are_known else Ran(functions=self._callbacks.at_large())
        if ran is not None and self._is_traced:
            ran = Ran(ran.module, {}, ran.files)
        return list(self._executed.codes), ran

    def end(self, names: Names, figures: Collection[int] = ()) -> Use:
        """Return what the cell, which touched these names and open figures, used and generated since `begin`."""
        namespace = self._namespace
        self._note_values(names.reads | names.writes)
        files = self._files.end()
        state = self._state.end(names.attributes, names.stored_attributes, namespace, figures)
        outputs = self.outputs.use(names.outputs)
        callbacks = self._callbacks.end(names.strangers, self._lines.survivors())
        return Use(
            (*files.used, *state.used, *outputs.used, *callbacks.used),
            (*files.generated, *state.generated, *callbacks.generated),
            (*files.versions, *state.versions, *outputs.versions, *callbacks.versions),
            (*files.opaque, *state.opaque),
            state.stored,
        )

    def close(self) -> None:
        """Let go of what is held in this process."""
        audit.deactivate()
        seeding.uninstall()
        self._lines.close()

    def _texts(
        self, codes: Sequence[CellCode], names: Sequence[Names], reached: Sequence[CodeType], said: Collection[str]
    ) -> set[str]:
        """Return the texts and paths that a cell which asks for files has at hand."""
        if not asks(said):
            return set()
        found = {text for code in codes for text in code.texts}
        found |= {text for code in reached for text in code.co_consts if isinstance(text, str)}
        values = (self._namespace.get(name) for touched in names for name in touched.reads)
        return found | {os.fspath(value) for value in values if isinstance(value, (str, PurePath))}

    def _note_values(self, names: Iterable[str]) -> None:
        """Have the values of these variables looked at, but for those that no file can be behind."""
        get = self._namespace.get
        values = [value for value in map(get, names) if type(value) not in ATOMS]
        if values:
            self._files.note_values(values)

    def _look_at(self, codes: Sequence[CellCode], names: Sequence[Names]) -> None:
        for code, found in zip(codes, names, strict=False):
            self._files.note_commands(found.commands, self._namespace)
            self._note_values(found.reads)
            self._files.note_names(code.texts, code.mentions)
