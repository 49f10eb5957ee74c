"""The report as Markdown: for a job's summary, or as a comment on a pull request."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import Any

from nbledger.pipeline.ci.base import BaseDiff, Change
from nbledger.pipeline.ci.report import CiReport, Gain
from nbledger.registry.gates import titles
from nbledger.tables import many, number, span

_SPECIAL = re.compile(r"([\\`*_\[\]|#~$])")
_LONGEST = 300
_MOST_CHANGES = 40
_WORDS = {"passed": "passed", "refused": "did not pass", "failed": "failed"}


def markdown(report: CiReport) -> str:
    """Return the report. Everything that was recorded stands in it as text, whatever it holds."""
    parts = [f"## {plain(report.pipeline)}: {_WORDS[report.status]}", *_head(report), _steps(report)]
    if report.candidate is not None:
        parts += _candidate(report)
    if report.base is not None:
        parts += _base(report.base)
    notes = [f"- {plain(note)}" for note in report.run.notes]
    notes += [f"- {plain(step.name)}: {plain(finding)}" for step in report.run.steps for finding in step.findings]
    if notes:
        parts.append("### Notes\n\n" + "\n".join(notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(value: Any) -> str:
    """Return a value as text in which Markdown and HTML mean nothing, on one line."""
    text = " ".join(str(value).split())
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", text).replace("@", "@\u200b").replace("://", ":\u200b//")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _head(report: CiReport) -> list[str]:
    found = []
    if report.problem:
        found.append(f"**{plain(report.problem)}**")
    found.append(f"Run `{report.run.id[:8]}`, {span(report.run.duration)}.")
    return found


def _steps(report: CiReport) -> str:
    rows = [
        [
            plain(step.name),
            step.status,
            span(step.duration) if step.duration is not None else "",
            f"`{step.run[:8]}`" if step.run else "",
            plain(step.reason),
        ]
        for step in report.run.steps
    ]
    return "### Steps\n\n" + table(["step", "status", "took", "run", ""], rows)


def _candidate(report: CiReport) -> list[str]:
    assert report.candidate is not None
    champion = "nothing" if report.champion is None else f"version {report.champion.number}"
    told = f"Run `{report.candidate.id[:8]}` as candidate for {plain(report.model)} {plain(report.alias)}"
    told += f", held by {champion}."
    if report.version is not None:
        told += f" **Promoted: version {report.version}.**"
    found = [f"### Candidate\n\n{told}"]
    if report.gains:
        rows = [_gain(gain) for gain in report.gains]
        found.append(table(["metric", "candidate", "champion", "gain, 95 % interval", ""], rows))
    if report.gates:
        rows = [
            [plain(title), f"**{gate.status}**" if not gate.ok else gate.status, plain(gate.detail)]
            for title, gate in zip(titles(report.gates), report.gates, strict=True)
        ]
        found.append("### Gates\n\n" + table(["gate", "status", "found"], rows))
    return found


def _gain(gain: Gain) -> list[str]:
    delta = "" if gain.delta is None or (gain.better is None and gain.reason) else f"{gain.delta:+.4g}"
    if gain.low is not None and gain.high is not None:
        delta += f" [{gain.low:+.3g}, {gain.high:+.3g}]"
    told = "" if gain.better is None else ("better" if gain.better else "worse")
    if told and gain.low is not None and not gain.sure:
        told = f"{told}, may be chance"
    before = "" if gain.champion is None else number(gain.champion)
    return [plain(gain.metric), number(gain.candidate), before, delta, told or plain(gain.reason)]


def _base(base: BaseDiff) -> list[str]:
    if base.run is None or base.time is None:
        return [f"### Against the base\n\n{plain(base.note)}."]
    when = datetime.datetime.fromtimestamp(base.time, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    head = f"### Against the base\n\nRun `{base.run[:8]}` of {when}."
    if not base.changes:
        return [f"{head} Nothing differs: params, data, code and metrics are the same."]
    rows = [_change(change) for change in base.changes[:_MOST_CHANGES]]
    found = [head, table(["step", "what", "base", "here"], rows)]
    if len(base.changes) > _MOST_CHANGES:
        found.append(f"... and {len(base.changes) - _MOST_CHANGES} more.")
    return found


def _change(change: Change) -> list[str]:
    if change.kind == "code":
        before, after = (_lines(value) for value in (change.before, change.after))
        gone, new = len(before - after), len(after - before)
        return [plain(change.step), "code", "", f"{many(new, 'line')} added, {gone} removed"]
    values = [_value(change.kind, value) for value in (change.before, change.after)]
    if change.kind == "metric" and all(isinstance(one, int | float) for one in (change.before, change.after)):
        values[1] += f" ({change.after - change.before:+.4g})"
    return [plain(change.step), f"{change.kind} {plain(change.name)}", *values]


def _lines(text: Any) -> set[str]:
    return {line.strip() for line in str(text or "").splitlines() if line.strip()}


def _value(kind: str, value: Any) -> str:
    if value is None:
        return "*none*"
    if kind == "data":
        return f"`{str(value)[:8]}`"
    return number(value) if isinstance(value, float) else plain(value)
