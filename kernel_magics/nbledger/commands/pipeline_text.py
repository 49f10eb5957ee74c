"""Pipelines as text: live lines while one runs, and what the verbs answer."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from nbledger.commands.common import plain, run_data, short
from nbledger.tables import ago, clean, cut, display_width, many, pad, span, table

if TYPE_CHECKING:
    from nbledger.pipeline.graph import Dag
    from nbledger.pipeline.pipeline_state import PipelineState
    from nbledger.pipeline.planning import Plan
    from nbledger.pipeline.running import PipelineRun
    from nbledger.pipeline.spec import Pipeline
    from nbledger.pipeline.step_running import StepEvent


class Live:
    """Shows a pipeline's steps while they run, on stderr: in a terminal a line each that is kept current."""

    def __init__(self, steps: Sequence[str], *, quiet: bool = False) -> None:
        self.quiet = quiet
        fits = len(steps) < shutil.get_terminal_size().lines  # the cursor cannot go up beyond the screen
        self.in_place = sys.stderr.isatty() and fits and not quiet
        self.lines = dict.fromkeys(steps, "waiting")
        self.began: dict[str, float] = {}
        self.size = max((display_width(step) for step in steps), default=0)
        self.drawn = 0

    def __enter__(self) -> Self:
        if self.in_place:
            self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the lines as they are."""

    def __call__(self, event: StepEvent) -> None:
        """Show one change."""
        if self.quiet:
            return
        text = self._told(event)
        if not self.in_place:
            if not event.position:
                self._write(f"{pad(event.step, self.size)}  {text}" if event.step else text)
            return
        if event.step:
            self.lines[event.step] = text
        else:
            self._write(text)
            self.drawn = 0
        self._draw()

    def _told(self, event: StepEvent) -> str:
        if event.state == "running":
            self.began.setdefault(event.step, time.monotonic())
            return f"running, cell {event.position} of {event.total}" if event.position else "running"
        began = self.began.get(event.step)
        took = f" in {span(time.monotonic() - began)}" if began and event.state in ("finished", "failed") else ""
        first = clean(event.text.partition("\n")[0])
        return f"{event.state}{took}" + (f": {first}" if first else "")

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns
        up = f"\x1b[{self.drawn}A" if self.drawn else ""
        rows = [cut(f"{pad(step, self.size)}  {text}", width - 1) for step, text in self.lines.items()]
        sys.stderr.write(up + "".join(f"\r\x1b[2K{row}\n" for row in rows))
        sys.stderr.flush()
        self.drawn = len(rows)

    @staticmethod
    def _write(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def run_text(done: PipelineRun) -> str:
    """Return how a pipeline went: a row a step, then what failed, what became of the winner, and what to know."""
    rows = [[step.name, step.status, span(step.duration), short(step.run), _first(step.reason)] for step in done.steps]
    lines = [table(["step", "status", "took", "run", ""], rows)]
    for step in done.steps:
        lines += ["", f"{step.name}: {step.reason}"] if "\n" in step.reason else []
        lines += [f"{step.name}: {finding}" for finding in step.findings]
    if done.promoted is not None:
        lines += ["", done.promoted.text]
    lines += ["", *done.notes] if done.notes else []
    return "\n".join(
        [*lines, "", f"pipeline {done.name}: {done.status} in {span(done.duration)}, run {short(done.id)}"]
    )


def plan_text(found: Pipeline, answer: Plan, width: int | None) -> str:
    """Return what would run, a row a step."""
    rows = [[step.name, step.what, "; ".join(step.reasons)] for step in answer.steps]
    text = table(["step", "what", "why"], rows, width=width)
    counts = {what: sum(step.what == what for step in answer.steps) for what in ("run", "perhaps", "cached")}
    told = {
        "run": "would run",
        "perhaps": "would run if its input changes",
        "cached": "would be taken from earlier runs",
    }
    said = ", ".join(f"{count} {told[what]}" for what, count in counts.items() if count)
    return "\n".join([text, "", f"{found.name}: of {many(len(answer.steps), 'step')} {said}", *answer.notes])


def dag_text(found: Pipeline, order: Dag) -> str:
    """Return the steps as a tree by depth: below each what it waits for, and why."""
    lines = [f"{found.name}  {many(len(order.steps), 'step')}"]
    for step in order.steps:
        lines += ["", f"{step}  {found.step(step).notebook.name}"]
        for before in order.before(step):
            reasons = ", ".join(dict.fromkeys(str(edge) for edge in order.why(before, step)))
            lines.append(f"  after {before}: {reasons}")
        made = sorted(order.files[step].written)
        lines += [f"  writes {', '.join(made)}"] if made else []
    return "\n".join([*lines, *([""] if order.notes else []), *order.notes])


def mermaid(order: Dag) -> str:
    """Return the steps as a Mermaid flowchart; what is guessed or only in order is dashed."""
    number = {step: f"s{place}" for place, step in enumerate(order.steps)}
    lines = ["flowchart LR", *(f'    {number[step]}["{_quoted(step)}"]' for step in order.steps)]
    for before, after, what, is_sure in _arrows(order):
        arrow = "-->" if is_sure else "-.->"
        label = f'|"{_quoted(what)}"|' if what else ""
        lines.append(f"    {number[before]} {arrow}{label} {number[after]}")
    return "\n".join(lines)


def dot(name: str, order: Dag) -> str:
    """Return the steps in Graphviz' language."""
    lines = [f"digraph {_in_dot(name)} {{", "    rankdir=LR;", "    node [shape=box];"]
    lines += [f"    {_in_dot(step)};" for step in order.steps]
    for before, after, what, is_sure in _arrows(order):
        style = f"label={_in_dot(what)}" + ("" if is_sure else ", style=dashed")
        lines.append(f"    {_in_dot(before)} -> {_in_dot(after)} [{style}];")
    return "\n".join([*lines, "}"])


def state_text(state: PipelineState, width: int | None) -> str:
    """Return how a pipeline run stands, a row a step."""
    rows = [[step.name, step.status, span(step.duration), short(step.run), step.detail] for step in state.steps]
    run = state.run
    took = f" for {span(time.time() - run.started_at)}" if run.status == "running" else ""
    took = f" in {span(run.duration)}" if run.duration is not None else took
    head = f"pipeline {run.name}  run {short(run.id)}  {state.status}{took}, started {ago(run.started_at)}"
    problem = ["", run.error.message] if run.error is not None and state.status in ("refused", "failed") else []
    hint = (
        ["Go on where it stopped: nbledger pipeline run --resume"] if run.status in ("interrupted", "cancelled") else []
    )
    return "\n".join([head, "", table(["step", "status", "took", "run", ""], rows, width=width), *problem, *hint])


def states_text(states: Sequence[PipelineState], width: int | None) -> str:
    """Return many pipeline runs, a row each."""
    if not states:
        return "No pipeline was run in this ledger: nbledger pipeline run [PATH]"
    rows = []
    for state in states:
        done = sum(step.status in ("finished", "cached") for step in state.steps)
        of_all = f"{done} of {len(state.steps)}"
        run = state.run
        row = [short(run.id), run.name or "", state.status, of_all, span(run.duration), ago(run.started_at)]
        rows.append(row)
    return table(["run", "pipeline", "status", "steps done", "took", "started"], rows, width=width)


def state_data(state: PipelineState) -> dict[str, Any]:
    """Return how a pipeline run stands, for `--json`."""
    return {"run": run_data(state.run), "status": state.status, "steps": plain(state.steps)}


def _first(reason: str) -> str:
    return clean(reason.partition("\n")[0])


def _arrows(order: Dag) -> list[tuple[str, str, str, bool]]:
    """Return each pair of steps with its files and whether any reason is more than a guess."""
    found = []
    for after in order.steps:
        for before in order.before(after):
            edges = order.why(before, after)
            what = ", ".join(dict.fromkeys(edge.what for edge in edges if edge.what))
            found.append((before, after, what, any(edge.reason in ("file", "declared") for edge in edges)))
    return found


def _quoted(text: str) -> str:
    return clean(text).replace('"', "#quot;")


def _in_dot(text: str) -> str:
    escaped = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


__all__ = [
    "Live",
    "dag_text",
    "dot",
    "mermaid",
    "plan_text",
    "run_text",
    "state_data",
    "state_text",
    "states_text",
]
