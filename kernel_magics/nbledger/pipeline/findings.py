"""What went wrong in a notebook that finished: nothing raised, and still it is not what it was or should be.

A traceback or an error that a cell printed, an output that was there when the same notebook last finished with the
same params and is gone or of another kind now, and a metric that is missing. Only that there is an output and its
kind are compared, never its content: numbers, times, addresses and pictures differ between good runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from nbledger.ledger import Ledger
from nbledger.ledger.errors import LedgerError
from nbledger.records import Param, Run

PREFIX = "finding: "
TAG = "nbledger.findings"
CACHED_TAG = "nbledger.cached_from"
MOST_RUNS_LOOKED_AT = 50
_TRACEBACK = re.compile(r"^\s*\S*Traceback \(most recent call last\)", re.MULTILINE)
_COMMAND = re.compile(r"^\s*(?:%%?|!)\s*([\w.]+)|=\s*(?:%|!)\s*([\w.]+)", re.MULTILINE)
_PRINTED_ERROR = re.compile(
    r"^\s*(?:\w*Error\b|ERROR\b|\[Errno \d+\]|\S*(?:not found|No such file or directory)\s*$|[\w./-]+: .*"
    r"(?:not found|No such file or directory|Permission denied)\s*$)",
    re.MULTILINE,
)
_KINDS = (
    ("image/", "a picture"),
    ("application/vnd.plotly", "a figure"),
    ("application/vnd.vega", "a figure"),
    ("text/html", "a table or HTML"),
    ("text/latex", "a formula"),
    ("text/markdown", "a text"),
    ("text/plain", "a text"),
)


def findings(ledger: Ledger, run: str, nb: Any, params: Iterable[Param]) -> tuple[str, ...]:
    """Return the findings about a notebook node that was executed as `run`, one line each."""
    found = list(_printed(nb))
    before = last_finished(ledger, run, params)
    if before is not None:
        executed = executed_notebook(ledger, before)
        if executed is not None and _sources(executed) == _sources(nb):
            found += _outputs_gone(executed, nb, before.id)
        found += _metrics_gone(ledger, before.id, run)
    return tuple(found)


def findings_of(ledger: Ledger, run: str) -> tuple[str, ...]:
    """Return the findings that were recorded about a run."""
    return tuple(note.removeprefix(PREFIX) for note in ledger.notes(run) if note.startswith(PREFIX))


def last_finished(ledger: Ledger, run: str, params: Iterable[Param]) -> Run | None:
    """Return the last finished run of the same notebook with the same params before this one, cached ones excepted."""
    this = ledger.run(run)
    if this.notebook is None:
        return None
    quoted = this.notebook.replace("'", "''")
    if "'" in this.notebook or '"' in this.notebook:
        candidates = list(ledger.runs(kind="notebook", limit=MOST_RUNS_LOOKED_AT))
    else:
        asked = f"notebook = '{quoted}' and status = 'finished'"
        candidates = list(ledger.runs(asked, kind="notebook", limit=MOST_RUNS_LOOKED_AT))
    given = _values(params)
    for one in candidates:
        if one.id == run or one.notebook != this.notebook or one.status != "finished":
            continue
        if CACHED_TAG not in one.tags and _values(ledger.params(one.id)) == given:
            return one
    return None


def executed_notebook(ledger: Ledger, run: Run) -> Any:
    """Return the executed notebook that is kept of a run, `None` where it is not there."""
    import nbformat

    for artifact in ledger.artifacts(run.id):
        if artifact.media_type == "application/x-ipynb+json":
            try:
                return nbformat.v4.reads(ledger.objects.read(artifact.object).decode())  # as it was written: no checks
            except (LedgerError, ValueError):
                return None
    return None


def own_code_cells(nb: Any) -> list[tuple[int, Any]]:
    """Return the code cells that the notebook's author wrote, each with its place among all such cells (from 1)."""
    added = {"papermill-error-cell-tag", "injected-parameters"}
    own = [cell for cell in nb.cells if not added.intersection(cell.metadata.get("tags", ()))]
    return [(place, cell) for place, cell in enumerate(own, 1) if cell.cell_type == "code"]


def _values(params: Iterable[Param]) -> dict[str, Any]:
    return {param.name: param.value for param in params}


def _sources(nb: Any) -> list[str]:
    return [cell.source for _, cell in own_code_cells(nb)]


def _printed(nb: Any) -> Iterator[str]:
    for place, cell in own_code_cells(nb):
        if "raises-exception" in cell.metadata.get("tags", ()):
            continue
        streams: dict[str, str] = {}
        for output in cell.outputs:
            if output.output_type == "stream":
                streams[output.name] = streams.get(output.name, "") + output.text
        if _TRACEBACK.search(streams.get("stderr", "")):
            yield f"cell {place} printed a traceback: {_last_line(streams['stderr'])}"
            continue
        command = _COMMAND.search(cell.source)
        printed = command and _PRINTED_ERROR.search("\n".join(streams.values()))
        if command and printed:
            line = "\n".join(streams.values())[printed.start() :].strip().splitlines()[0]
            yield f"cell {place}: {command[0].strip()} printed an error and did not raise it: {line[:200]}"


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.strip().splitlines()) if line.strip()), "")[:200]


def _outputs_gone(before: Any, now: Any, run: str) -> Iterator[str]:
    for (place, old), (_, new) in zip(own_code_cells(before), own_code_cells(now), strict=True):
        had, has = kinds(old), kinds(new)
        for kind in sorted(had - has):
            instead = " and ".join(sorted(has - had))
            told = f"is {instead} now" if instead else "is gone"
            yield f"cell {place}: {kind} that was there in run {run[:8]} {told}"


def kinds(cell: Any) -> set[str]:
    """Return which kinds of output a cell has; what is shown only while it works (stderr, widgets) does not count."""
    found: set[str] = set()
    for output in cell.outputs:
        if output.output_type == "stream":
            if output.name == "stdout" and output.text.strip():
                found.add("printed text")
        elif output.output_type in ("display_data", "execute_result"):
            data = output.get("data", {})
            if any(name.startswith("application/vnd.jupyter.widget-view") for name in data):
                continue
            kind = next((kind for start, kind in _KINDS if any(name.startswith(start) for name in data)), None)
            if kind is not None:
                found.add(kind)
    return found


def _metrics_gone(ledger: Ledger, before: str, now: str) -> Iterator[str]:
    had, has = _metrics(ledger, before), _metrics(ledger, now)
    for name in sorted(had - has):
        yield f"the metric {name} that run {before[:8]} recorded is missing"


def _metrics(ledger: Ledger, run: str) -> set[str]:
    return {name for one in (ledger.run(run), *ledger.children(run)) for name in one.metrics}
