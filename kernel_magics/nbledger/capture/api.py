"""What user code calls: `nbledger.param`, `metric`, `artifact`, `tag`, `note`, and `start_run` in a script."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbledger.capture.active import ActiveRun, NoActiveRun
from nbledger.capture.writer import Writer
from nbledger.records import Facts, RunEnd, RunStart, new_id

_stack: list[ActiveRun] = []
_script_writer: Writer | None = None


def enter(active: ActiveRun) -> None:
    """Make a run the one that `param`, `metric` and the others add to."""
    _stack.append(active)


def leave(active: ActiveRun) -> None:
    """Take a run away again, and any that was left open inside it."""
    if active in _stack:
        del _stack[_stack.index(active) :]


def active_run(what: str = "it") -> ActiveRun:
    """Return the run that is under way. Raises `NoActiveRun`, naming `what` was to be recorded."""
    if not _stack:
        raise NoActiveRun(what=what)
    return _stack[-1]


def current_writer() -> Writer | None:
    """Return the writer of the run that is under way, `None` when none is."""
    return _stack[-1].writer if _stack else None


def param(name: str, value: Any) -> None:
    """Record a param on the run that is under way. Raises `NoActiveRun`."""
    active_run(f"param {name!r}").param(name, value)


def params(values: Mapping[str, Any]) -> None:
    """Record several params on the run that is under way. Raises `NoActiveRun`."""
    active_run("params").params(values)


def metric(name: str, value: float, step: int | None = None) -> None:
    """Record a number on the run that is under way, at a step if given. Raises `NoActiveRun`, `NotANumber`."""
    if not _stack:
        raise NoActiveRun(what=f"metric {name!r}")
    _stack[-1].metric(name, value, step)


def metrics(values: Mapping[str, float], step: int | None = None) -> None:
    """Record several numbers on the run that is under way. Raises `NoActiveRun`, `NotANumber`."""
    active_run("metrics").metrics(values, step)


def tag(key: str, value: object) -> None:
    """Set a tag on the run that is under way. Raises `NoActiveRun`."""
    active_run(f"tag {key!r}").tag(key, value)


def tags(values: Mapping[str, object]) -> None:
    """Set several tags on the run that is under way. Raises `NoActiveRun`."""
    active_run("tags").tags(values)


def note(text: str) -> None:
    """Add a note in free text to the run that is under way. Raises `NoActiveRun`."""
    active_run("note").note(text)


def artifact(content: str | os.PathLike[str] | bytes, name: str | None = None) -> None:
    """Store a file (by its path) or bytes (with a `name`) with the run that is under way. Raises `NoActiveRun`."""
    active_run("artifact").artifact(content, name)


@contextmanager
def start_run(
    name: str | None = None,
    *,
    experiment: str | None = None,
    tags: Mapping[str, object] | None = None,
    ledger: str | os.PathLike[str] | None = None,
) -> Iterator[ActiveRun]:
    """Record a run in a script: `with nbledger.start_run("baseline") as run: run.metric("accuracy", 0.93)`.

    Runs nest: one started inside another, or inside a tracked cell, is its child. `ledger` is the folder
    of another ledger than the one that is found from the working directory.
    """
    parent = _stack[-1] if _stack else None
    writer = parent.writer if parent is not None and ledger is None else _writer(ledger)
    start = RunStart(
        id=new_id(),
        session=writer.session.id,
        kind="script",
        started_at=time.time(),
        name=name,
        experiment=experiment or (parent.start.experiment if parent else None) or _script_name(),
        parent=parent.id if parent else os.environ.get("NBLEDGER_PARENT_RUN"),
        tracked=True,
    )
    active = ActiveRun(start, writer, started=writer.begin(start))
    if tags:
        active.tags(tags)
    enter(active)
    clock = time.perf_counter()
    error: BaseException | None = None
    try:
        yield active
    except BaseException as raised:
        error = raised
        raise
    finally:
        leave(active)
        _finish(active, writer, time.perf_counter() - clock, error)


def _finish(active: ActiveRun, writer: Writer, duration: float, error: BaseException | None) -> None:
    from nbledger.capture.outcome import run_error
    from nbledger.capture.recorder import status_of

    facts = Facts(
        params=tuple(active.params_logged),
        metrics=active.close(),
        artifacts=tuple(active.artifacts_logged),
        tags=tuple(active.tags_logged),
        notes=tuple(active.notes_logged),
    )
    end = RunEnd(active.id, time.time(), duration, status_of(error), run_error(error))
    writer.end(end, facts, None if active.started else active.start)


def _writer(ledger: str | os.PathLike[str] | None) -> Writer:
    global _script_writer
    if _script_writer is None or _script_writer.pid != os.getpid() or ledger is not None:
        from nbledger.capture.identity import current_session
        from nbledger.ledger.location import find_folder, find_root

        root = find_root() if ledger is None else find_folder(Path(ledger)).parent
        writer = Writer(current_session("python", None), root, _say)
        atexit.register(writer.close)
        if ledger is not None:
            return writer
        _script_writer = writer
    return _script_writer


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _script_name() -> str:
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(main).stem if main else "default"
