"""How a sweep is shown: its best trials as a table, one trial as a line, and both while it goes on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import State, plain, short
from nbledger.tables import cut, many, number, span, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.sweep import SweepRun, TrialRun

BEST = 10
WIDEST = 30


class Watch:
    """Tells how a sweep goes: a table of the best that is refreshed in place in a terminal, else a line per trial."""

    def __init__(self, ledger: Ledger, state: State, *, quiet: bool) -> None:
        self._ledger = ledger
        self._state = state
        self._quiet = quiet
        self._live = sys.stderr.isatty() and not state.notebook
        self._sweep: str | None = None
        self._drawn = 0
        self._drawn_at = 0.0

    def on_change(self, sweep: str, trial: str, *, over: bool) -> None:
        """Show what changed."""
        first = self._sweep is None
        self._sweep = sweep
        if self._quiet or not (first or (self._is_time() if self._live else over)):
            return
        from nbledger.pipeline.sweep import read_sweep

        found = read_sweep(self._ledger, sweep)
        if self._live:
            self._draw(found)
            return
        done = sum(one.is_over for one in found.trials)
        if first:
            click.echo(f"sweep {short(sweep)}  {many(found.total, 'trial')}, {done} done", err=True)
        one = next((one for one in found.trials if one.id == trial), None)
        if one is not None and over:
            click.echo(_line(one, found, done), err=True)

    def close(self) -> None:
        """Take the live table away: the final one follows."""
        self._clear()

    def interrupted(self) -> None:
        """Say how to go on, once there is something to go on with."""
        if self._sweep is not None and not self._quiet:
            self._drawn = 0
            click.echo(f"go on with: nbledger sweep --resume {short(self._sweep)}", err=True)

    def _is_time(self) -> bool:
        import time

        now = time.monotonic()
        if now - self._drawn_at < 0.5:
            return False
        self._drawn_at = now
        return True

    def _draw(self, found: SweepRun) -> None:
        width = _terminal_width()
        lines = sweep_text(found, width, BEST, running=True).splitlines()
        self._clear()
        click.echo("\n".join(cut(line, width) for line in lines), err=True)
        self._drawn = len(lines)

    def _clear(self) -> None:
        if self._drawn:
            click.echo(f"\x1b[{self._drawn}A\x1b[J", nl=False, err=True)
            self._drawn = 0


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def sweep_data(found: SweepRun) -> dict[str, Any]:
    """Return a sweep for `--json`, with how many trials have each status and the best one."""
    data: dict[str, Any] = plain(found)
    data["counts"] = found.counts
    data["best"] = plain(found.best) if found.best else None
    return data


def sweep_text(found: SweepRun, width: int | None, most: int = BEST, *, running: bool = False) -> str:
    """Return a sweep's head, its best trials, and those that failed."""
    head = f"sweep {short(found.id)}  {found.notebook}  {found.strategy}  {found.status}  {counts_text(found)}"
    parts = [head]
    ranked = found.ranked[:most]
    shown = [one for one in found.trials if one.status == "running"] if running else []
    if ranked or shown:
        parts += ["", trials_table((*ranked, *shown), found, width)]
    left = len(found.ranked) - len(ranked)
    if left > 0:
        parts.append(f"and {left} more (nbledger sweeps {short(found.id)} --all)")
    failed = [one for one in found.trials if one.status == "failed"]
    parts += [cut(f"trial {one.number} failed: {one.reason}", width) for one in failed[:3]]
    if len(failed) > 3:
        parts.append(f"and {len(failed) - 3} more failed")
    if found.status == "interrupted":
        parts.append(f"go on with: nbledger sweep --resume {short(found.id)}")
    return "\n".join(parts)


def trials_table(trials: tuple[TrialRun, ...], found: SweepRun, width: int | None) -> str:
    """Return trials as a table, with their params and the metric that judges them."""
    names = list(dict.fromkeys(name for one in trials for name in one.params))
    shown = [found.metric] if found.metric else sorted({name for one in trials for name in one.metrics})[:3]
    headers = ["trial", "run", "status", *shown, *names, "took"]
    rows = [
        [
            *(one.number, short(one.id), _status(one)),
            *(number(one.metrics.get(name)) for name in shown),
            *(cut(number(one.params.get(name)), WIDEST) for name in names),
            span(one.duration),
        ]
        for one in trials
    ]
    return table(headers, rows, width=width)


def _line(one: TrialRun, found: SweepRun, done: int) -> str:
    params = " ".join(f"{name}={number(value)}" for name, value in one.params.items())
    value = f"{found.metric}={number(one.value)}" if found.metric and one.value is not None else ""
    parts = (
        f"{done}/{found.total}",
        f"trial {one.number}",
        _status(one),
        value,
        params,
        span(one.duration),
        one.reason,
    )
    return "  ".join(part for part in parts if part)


def _status(one: TrialRun) -> str:
    return "stopped early" if one.status == "cancelled" and one.reason.startswith("at step") else one.status


def counts_text(found: SweepRun) -> str:
    """Return how many trials there are, and how many have each status."""
    counts = found.counts
    stopped = counts.pop("cancelled", 0)
    planned = counts.pop("planned", 0) + found.total - len(found.trials)
    parts = [f"{count} {status}" for status, count in counts.items()]
    parts += [f"{stopped} stopped"] if stopped else []
    parts += [f"{planned} to do"] if planned else []
    return f"{found.total}: {', '.join(parts)}" if parts else str(found.total)


def best_text(found: SweepRun) -> str:
    """Return the best value and whose it is, an empty text when there is none."""
    best = found.best
    return f"{found.metric}={number(best.value)} (trial {best.number})" if best else ""
