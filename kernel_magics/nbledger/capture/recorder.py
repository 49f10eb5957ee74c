"""One cell from start to end: what is recorded before its code executes, and what after.

`begin` writes that the run exists, so that a crash leaves a trace; `end` works out what the cell read, wrote, fitted
and scored, and writes it in one transaction. Neither raises: the user's cell comes first, and what could not be
recorded is said once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from nbledger.capture import api
from nbledger.capture.active import ActiveRun
from nbledger.capture.code.names import CellCode, Names, compile_cell
from nbledger.capture.found.experiment import Experiment, Predictions
from nbledger.capture.hooks import calls, sites
from nbledger.capture.namespace.variables import Changes, Variables
from nbledger.capture.namespace.versions import Versions, configured_sample_over
from nbledger.capture.outcome import Outcome, cell_facts, run_error
from nbledger.capture.redaction.secrets import redact
from nbledger.capture.world.surroundings import Surroundings, Use
from nbledger.capture.writer import Writer
from nbledger.records import Facts, Param, RunEnd, RunStart, new_id

_LOGGING = frozenset({"artifact", "metric", "metrics", "note", "param", "params", "tag", "tags"})


class TrackOptions(NamedTuple):
    """What `%%track` was told; everything left out is found."""

    name: str | None = None
    experiment: str | None = None
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    snapshot: tuple[str, ...] = ()
    store_model: bool = True
    quiet: bool = False


class Cell(NamedTuple):
    """A cell about to run: as typed, and as the Python sources that will execute (its body, and those of magics).

    `alone` says that between `begin` and `end` nothing of anybody's runs but these sources, nor shows what they bind.
    """

    raw: str
    sources: tuple[str, ...]
    cell_id: str | None = None
    position: int | None = None
    alone: bool = False


@dataclass(slots=True)
class _Current:
    """The cell that is running."""

    start: RunStart
    active: ActiveRun
    experiment: Experiment
    options: TrackOptions | None
    codes: list[CellCode]
    sources: list[str]
    clock: float = 0.0
    still: bool = False
    problems: list[str] = field(default_factory=list)


class Context(NamedTuple):
    """Where cells run: their notebook (relative to the project), default experiment, and the run above them."""

    notebook: str | None = None
    experiment: str | None = None
    parent: str | None = None
    parameters: tuple[Param, ...] = ()


class Recorder:
    """Records the cells that run in one namespace. `hidden` maps names that are not the user's to values."""

    def __init__(
        self,
        namespace: MutableMapping[str, Any],
        writer: Writer,
        context: Context,
        hidden: Mapping[str, Any] | None = None,
    ) -> None:
        self.writer = writer
        self.context = context
        self.always: TrackOptions | None = None
        self._namespace = namespace
        self._versions = Versions(configured_sample_over())
        self._variables = Variables(namespace, self._versions, hidden)
        self._surroundings = Surroundings(namespace, self._versions, writer.root, self._variables)
        self._predictions = Predictions(self._versions.recall)
        self._current: _Current | None = None
        self._depth = 0

    @property
    def running(self) -> bool:
        """Whether a cell is under way."""
        return self._current is not None

    def begin(self, cell: Cell, options: TrackOptions | None) -> None:
        """Record that a cell starts. A cell that runs inside another (`%%capture`) counts as part of that one."""
        self._depth += 1
        codes = [code for code in map(_code_of, cell.sources) if code is not None]
        if self._current is not None:
            self._join(self._current, cell, codes, options)
            return
        options = options or self.always or _logs_by_hand(codes)
        start = self._start(cell, options)
        started = self.writer.begin(start)
        active = ActiveRun(start, self.writer, started=started)
        experiment = Experiment(self._versions.hash, tracked=options is not None, predictions=self._predictions)
        current = _Current(start, active, experiment, options, codes, list(cell.sources))
        self._current = current
        single = options is None and len(codes) == len(cell.sources) == 1
        alone = cell.alone and single and self._surroundings.are_quiet
        before = partial(self._variables.before, alone=alone)
        names = self._attempt(current, "what the cell reads", before, codes) or []
        current.still = self._variables.still
        if current.still:
            self._attempt(current, "lines", self._surroundings.begin_still, codes)
        else:
            self._watch(current, names)
        api.enter(active)
        current.clock = time.perf_counter()

    def end(self, error: BaseException | None) -> Outcome | None:
        """Record how the cell ended; returns what was recorded, or `None` for an inner cell."""
        clock = time.perf_counter()
        ended_at = time.time()
        self._depth = max(0, self._depth - 1)
        current = self._current
        if current is None or self._depth:
            return None
        self._current = None
        api.leave(current.active)
        changes, use = self._still(current, error) if current.still else self._observed(current, error)
        facts, models = cell_facts(
            namespace=self._namespace,
            changes=changes,
            use=use,
            versions=self._versions,
            active=current.active,
            experiment=current.experiment,
            options=current.options,
            sources=current.sources,
            parameters=self.context.parameters,
            problems=current.problems,
            writer=self.writer,
        )
        end = RunEnd(current.start.id, ended_at, clock - current.clock, status_of(error), run_error(error))
        recorded = self.writer.end(end, facts, None if current.active.started else current.start)
        if recorded and current.options is not None:
            self._attempt(current, "the candidates of a search", self._write_children, current, end)
        shown = current.options is not None and not current.options.quiet
        return Outcome(current.start, end, facts, tuple(models), tuple(current.problems), recorded, shown)

    def close(self) -> None:
        """End the session."""
        self._surroundings.close()
        self.writer.close()

    def _watch(self, current: _Current, names: list[Names]) -> None:
        """Watch what the cell does beside its variables."""
        self._attempt(current, "calls", self._watch_calls, current)
        self._attempt(current, "files and lines", self._surroundings.begin, current.codes, names)

    def _still(self, current: _Current, error: BaseException | None) -> tuple[Changes, Use]:
        """Return what a cell did that can have done nothing beside its variables."""
        code = current.codes[0]

        def compare() -> Changes:
            ran, functions = self._surroundings.stop_still(code, error)
            return self._variables.after([code], [ran], functions, failed=error is not None)

        changes = self._attempt(current, "what the cell changed", compare) or Changes()
        self._surroundings.outputs.take(current.start.position)
        return changes, Use()

    def _observed(self, current: _Current, error: BaseException | None) -> tuple[Changes, Use]:
        """Return what the cell did to the variables, and beside them."""
        self._attempt(current, "calls", self._unwatch_calls)
        changes = self._compared(current, error)
        use = self._attempt(current, "files", self._surroundings.end, changes.names, changes.figures) or Use()
        self._surroundings.outputs.take(current.start.position)
        return changes, use

    def _compared(self, current: _Current, error: BaseException | None) -> Changes:
        """Return what the cell did to the variables; when this is done nothing of ours holds the codes that ran."""
        executed, ran = self._attempt(current, "files and lines", self._surroundings.stop) or ([], None)
        codes = [*current.codes, *executed]
        count = len(current.codes)
        lines = [ran.of(at, count) if ran is not None and at < count else None for at in range(len(codes))]
        functions = ran.functions if ran is not None else None

        def compare() -> Changes:
            return self._variables.after(codes, lines, functions, failed=error is not None)

        return self._attempt(current, "what the cell changed", compare) or Changes()

    def abandon(self) -> None:
        """End a cell whose end was never told (its front end was cut off), as cancelled."""
        self._depth = 1
        self.end(KeyboardInterrupt())

    def promote_to_tracked(self, options: TrackOptions) -> None:
        """Track the cell that is running, from now on."""
        if self._current is not None:
            self._current.options = options
            self._current.experiment.tracked = True

    def _start(self, cell: Cell, options: TrackOptions | None) -> RunStart:
        context = self.context
        experiment = (options.experiment if options else None) or context.experiment
        return RunStart(
            id=new_id(),
            session=self.writer.session.id,
            kind="cell",
            started_at=time.time(),
            name=options.name if options else None,
            experiment=_experiment_of(context.notebook) if experiment is None else experiment,
            parent=context.parent,
            notebook=context.notebook,
            cell_id=cell.cell_id,
            position=cell.position,
            source=_redacted(cell.raw),
            tracked=options is not None,
        )

    def _join(self, current: _Current, cell: Cell, codes: list[CellCode], options: TrackOptions | None) -> None:
        current.codes.extend(codes)
        current.sources.extend(cell.sources)
        names = self._attempt(current, "what the cell reads", self._variables.learn_reads, codes) or []
        if current.still:
            current.still = False
            self._attempt(current, "what the cell reads", self._variables.watch, current.codes)
            self._watch(current, names)
        else:
            self._attempt(current, "files", self._surroundings.join, codes, names)
        if options is not None:
            self.promote_to_tracked(options)

    def _write_children(self, current: _Current, end: RunEnd) -> None:
        """Write each candidate of the cell's searches as a run of its own, below the cell's."""
        for child in current.experiment.children(self._namespace):
            start = replace(
                current.start, id=new_id(), kind="trial", name=child.name, parent=current.start.id, source=None
            )
            self.writer.end(
                replace(end, run=start.id, status="finished", error=None),
                Facts(params=child.params, metrics=child.metrics),
                start,
            )

    def _watch_calls(self, current: _Current) -> None:
        calls.wake(sys.modules)
        calls.resume_main()
        calls.activate(current.experiment)
        sites.offer_sources(current.sources if current.options is not None and len(current.sources) > 1 else ())

    def _unwatch_calls(self) -> None:
        calls.deactivate()
        calls.suspend_main()

    def _attempt(self, current: _Current, what: str, action: Callable[..., Any], *args: Any) -> Any:
        """Run one of our own steps; a failure in it is a problem to show, never an exception in the user's cell."""
        try:
            return action(*args)
        except KeyboardInterrupt:
            current.problems.append(f"{what}: interrupted while recording")
        except Exception as error:
            if os.environ.get("NBLEDGER_DEBUG"):
                raise
            current.problems.append(f"{what}: {type(error).__name__}: {error}")
        return None


def _logs_by_hand(codes: list[CellCode]) -> TrackOptions | None:
    """Return options for a cell that calls `nbledger.metric` and the like: what is logged by hand is to be seen."""
    if any("nbledger" in code.loads and code.mentions & _LOGGING for code in codes):
        return TrackOptions()
    return None


def status_of(error: BaseException | None) -> Literal["finished", "failed", "cancelled"]:
    """Return the status of a run that ended with `error`: an interrupt cancels, `sys.exit(0)` finishes."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "finished"
    return "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"


@lru_cache(maxsize=1)
def _experiment_of(notebook: str | None) -> str:
    """Return the experiment of a notebook's cells when none is named."""
    return Path(notebook).stem if notebook else "default"


@lru_cache(maxsize=64)
def _redacted(source: str) -> str:
    return redact(source)


@lru_cache(maxsize=256)
def _code_of(source: str) -> CellCode | None:
    """Return the scanned code of a source; cells are run again and again."""
    try:
        return CellCode(compile_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The cell itself will show the user this error; it then reads and writes nothing.
        return None
