"""What goes on in a ledger now: runs that are under way in any process, those that ended last, and sweeps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.ledger.errors import NotFound
from nbledger.pipeline.sweep import read_sweep
from nbledger.pipeline.sweep.reading import SweepRun
from nbledger.tables import ago, clean, cut, number, span, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run, Session

MOST_RUNNING, MOST_SWEEPS = 50, 3
#: A sweep that ended is shown for so many seconds more.
_STILL_SHOWN = 600.0
#: A run whose process died is listed if it began at most so many seconds ago.
_RECENT = 86_400.0
#: Seconds between two readings while something runs, so that running times and dead processes are seen.
IDLE = 2.0
_WORDS = 48


@dataclass(frozen=True, slots=True)
class Going:
    """A run as it stands: `took` is in seconds up to now (`None`: its process died, at an unknown time).

    `where` is the process that it is in, in words.

    `inside` is how many runs it has inside it (a notebook's cells), `depth` how deep it is inside others.
    """

    run: Run
    took: float | None
    where: str
    inside: int = 0
    depth: int = 0

    @property
    def title(self) -> str:
        """What it is called: its name, its notebook, or its first line of code."""
        run = self.run
        lines = [line.strip() for line in (run.source or "").splitlines()]
        code = next((line for line in lines if line and not line.startswith(("#", "%%"))), "")
        text = run.name or (run.notebook if run.kind in ("notebook", "pipeline", "sweep") else code) or run.kind
        return text if len(text) <= _WORDS else text[: _WORDS - 1] + "…"

    @property
    def metrics(self) -> str:
        """Its first metrics as text."""
        return "  ".join(f"{name}={number(value)}" for name, value in list(self.run.metrics.items())[:3])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        run = self.run
        names = (
            "id",
            "kind",
            "status",
            "name",
            "experiment",
            "parent",
            "notebook",
            "position",
            "started_at",
            "session",
        )
        found = {name: getattr(run, name) for name in names}
        error = f"{run.error.type}: {run.error.message}" if run.error else None
        return found | {
            "took": self.took, "where": self.where, "inside": self.inside, "params": dict(run.params),
            "metrics": dict(run.metrics), "error": error,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watched:
    """What goes on at the time `at`: runs under way (those inside others below them), the last that ended, and sweeps.

    Trials and what is inside them are told by their sweep alone.
    """

    running: tuple[Going, ...]
    ended: tuple[Going, ...]
    sweeps: tuple[SweepRun, ...]
    at: float

    @property
    def is_live(self) -> bool:
        """Whether something is under way, so that times go on and a process may die unseen."""
        return bool(self.running) or any(one.status == "running" for one in self.sweeps)

    @property
    def head(self) -> str:
        """In one line, what goes on."""
        sweeps = [one for one in self.sweeps if one.status == "running"]
        words = [f"{len(self.running)} running" if self.running else "nothing is running"]
        for one in sweeps:
            over = sum(trial.is_over for trial in one.trials)
            words.append(f"sweep {one.id[:8]}: {over} of {one.total} trials are over")
        return ", ".join(words)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "at": self.at,
            "running": [one.to_dict() for one in self.running],
            "ended": [one.to_dict() for one in self.ended],
            "sweeps": [
                {"id": one.id, "status": one.status, "notebook": one.notebook, "strategy": one.strategy,
                 "metric": one.metric, "total": one.total, "counts": one.counts,
                 "best": None if one.best is None else {"number": one.best.number, "value": one.best.value}}
                for one in self.sweeps
            ],
        }  # fmt: skip

    def text(self, width: int | None = None) -> str:
        """Return it as text, cut to `width` columns."""
        blocks = [self.head]
        if self.running:
            rows = [
                [one.run.id[:8], "  " * one.depth + one.title, one.run.kind, span(one.took), one.metrics, one.where]
                for one in self.running
            ]
            blocks.append(table(["run", "running", "", "for", "metrics", "in"], rows, width=width))
        blocks += [sweep_lines(one, width) for one in self.sweeps]
        if self.ended:
            rows = [
                [one.run.id[:8], one.title, one.run.status, ago(one.run.ended_at, self.at), span(one.took), one.metrics]
                for one in self.ended
            ]
            blocks.append(table(["run", "ended", "", "when", "took", "metrics"], rows, width=width))
        return "\n\n".join(blocks)


def watched(
    ledger: Ledger,
    filter: str | None = None,
    *,
    experiment: str | None = None,
    limit: int = 10,
    but_session: str | None = None,
) -> Watched:
    """Return what goes on; `limit` is how many ended runs to show. Raises `FilterError`.

    Untracked cells of the session `but_session` (the one that looks) are left out.
    """
    now = time.time()
    only = f"({filter}) and " if filter else ""
    open_runs = ledger.runs(f"{only}status = 'running'", limit=MOST_RUNNING, experiment=experiment)
    started = [run for run in open_runs if run.tracked or run.kind != "cell" or run.session != but_session]
    sweeps = _sweeps(ledger, started, filter, experiment, now)
    shown = {one.id for one in sweeps}
    started = [run for run in started if not _is_inside(ledger, run, shown)]
    last = ledger.runs(filter, order_by="ended_at desc", limit=5 * limit, experiment=experiment, tracked=True)
    died = ledger.runs(f"{only}status = 'interrupted'", limit=limit, experiment=experiment, tracked=True)
    ended = [run for run in last if run.ended_at is not None] + [run for run in died if now - run.started_at < _RECENT]
    ended = [run for run in ended if run.kind not in ("trial", "sweep") and not _is_inside(ledger, run, shown)]
    ended = sorted(ended, key=lambda run: -(run.ended_at or run.started_at))[:limit]
    return Watched(_nested(ledger, started, now), _nested(ledger, ended, now, nest=False), sweeps, now)


def sweep_lines(found: SweepRun, width: int | None = None) -> str:
    """Return how a sweep stands in two or three lines."""
    counts = ", ".join(f"{count} {status}" for status, count in found.counts.items() if status != "planned")
    left = found.total - sum(one.is_over or one.status == "running" for one in found.trials)
    counts += f", {left} to do" if left > 0 and found.status == "running" else ""
    over = sum(one.is_over for one in found.trials)
    lines = [f"sweep {found.id[:8]}  {found.notebook}  {found.status}", f"  {_bar(over, found.total)}  {counts}"]
    best = found.best
    if best is not None:
        params = " ".join(f"{name}={number(value)}" for name, value in best.params.items())
        lines.append(f"  best {found.metric}={number(best.value)} (trial {best.number}: {params})")
    return "\n".join(cut(clean(line), width) for line in lines)


def _bar(done: int, total: int, size: int = 24) -> str:
    full = round(size * done / total) if total else 0
    return f"[{'#' * full}{'.' * (size - full)}] {done}/{total}"


def _sweeps(
    ledger: Ledger, started: Sequence[Run], filter: str | None, experiment: str | None, now: float
) -> tuple[SweepRun, ...]:
    ids = dict.fromkeys(run.id for run in started if run.kind == "sweep")
    if filter is None:
        for run in ledger.runs(kind="sweep", experiment=experiment, limit=MOST_SWEEPS):
            if run.status == "running" or now - (run.ended_at or run.started_at) < _STILL_SHOWN:
                ids.setdefault(run.id)
    return tuple(read_sweep(ledger, id) for id in list(ids)[:MOST_SWEEPS])


def _is_inside(ledger: Ledger, run: Run, sweeps: set[str]) -> bool:
    """Tell whether a run is one of these sweeps, or inside one (a trial, its notebook, a cell of that)."""
    while sweeps and run.id not in sweeps:
        if run.parent is None:
            return False
        try:
            run = ledger.run(run.parent)
        except NotFound:
            return False
    return bool(sweeps)


def _nested(ledger: Ledger, runs: Sequence[Run], now: float, *, nest: bool = True) -> tuple[Going, ...]:
    """Return runs with those inside them below them, the first that started first."""
    known = {run.id for run in runs}
    below: dict[str | None, list[Run]] = {}
    for run in sorted(runs, key=lambda one: one.started_at) if nest else runs:
        below.setdefault(run.parent if nest and run.parent in known else None, []).append(run)
    sessions: dict[str, str] = {}
    found: list[Going] = []

    def add(parent: str | None, depth: int) -> None:
        for run in below.get(parent, ()):
            if run.session not in sessions:
                sessions[run.session] = _where(ledger.session(run.session))
            took = max(now - run.started_at, 0.0) if run.status == "running" else run.duration
            inside = len(ledger.children(run.id)) if run.kind in ("notebook", "pipeline") else 0
            found.append(Going(run, took, sessions[run.session], inside, depth))
            add(run.id, depth + 1)

    add(None, 0)
    return tuple(found)


def _where(session: Session) -> str:
    return f"{session.notebook or session.frontend}, pid {session.pid}" + (
        f" on {session.host}" if session.host else ""
    )


__all__ = ["IDLE", "Going", "Watched", "sweep_lines", "watched"]
