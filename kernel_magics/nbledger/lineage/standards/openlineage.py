"""OpenLineage run events (2-0-2), one a line: a START for each run, and a COMPLETE, FAIL or ABORT for each that ended.

An end is held back until the runs inside it were written, so a file reads in the order in which things happened.
Nothing else is kept: a hundred thousand runs take the memory of one page.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from nbledger.lineage.standards.entries import Entry, Reading, Use, chosen, is_data
from nbledger.lineage.standards.openlineage_facets import Facets, facet
from nbledger.lineage.standards.portable import ended, moment, url_parts, uuid
from nbledger.lineage.standards.spool import text_of
from nbledger.records import ABSENT, Run

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_ENDS = {"finished": "COMPLETE", "failed": "FAIL", "cancelled": "ABORT", "interrupted": "ABORT"}


def write(ledger: Ledger, out: IO[str], targets: Iterable[str]) -> int:
    """Write the events of runs, one JSON object a line, and return how many runs they tell of."""
    keys = chosen(ledger, targets)
    for event in events(ledger, keys):
        out.write(text_of(event) + "\n")
    return len(keys)


def events(ledger: Ledger, keys: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the events of the runs with these keys."""
    reading = Reading(ledger)
    made = _Events(ledger, reading)
    ends: list[tuple[float, int, dict[str, Any]]] = []
    for number, entry in enumerate(reading.entries(keys)):
        while ends and ends[0][0] <= entry.run.started_at:
            yield heapq.heappop(ends)[2]
        yield made.start(entry)
        if entry.run.status in _ENDS:
            until = ended(entry.run)
            at = entry.run.started_at if until is None else until
            heapq.heappush(ends, (at, -number, made.end(entry, at)))
    while ends:
        yield heapq.heappop(ends)[2]


class _Events:
    """Makes the events of one ledger. Jobs and variables live in a namespace by the name of the project's folder."""

    def __init__(self, ledger: Ledger, reading: Reading) -> None:
        self.reading = reading
        self.namespace = f"nbledger://{ledger.root.name or 'project'}"
        self.facets = Facets()

    def start(self, entry: Entry) -> dict[str, Any]:
        """Return the event of a run's start, with what is known before its code executes."""
        return self._event("START", entry, entry.run.started_at, self._run_facets(entry))

    def end(self, entry: Entry, at: float) -> dict[str, Any]:
        """Return the event of a run's end, with all that it did."""
        found = self._event(_ENDS[entry.run.status], entry, at, self._run_facets(entry) | self.facets.results(entry))
        found["inputs"] = [self._input(uses) for uses in _by_dataset(entry.used)]
        found["outputs"] = [self._output(uses) for uses in _by_dataset(entry.generated)]
        return found

    def _event(self, type: str, entry: Entry, at: float, facets: dict[str, Any]) -> dict[str, Any]:
        job = {"namespace": self.namespace, "name": job_name(entry.run), "facets": self.facets.job(entry)}
        return {
            "eventType": type,
            "eventTime": moment(at),
            "run": {"runId": uuid(entry.run.id), "facets": facets},
            "job": job,
            "producer": self.facets.producer,
            "schemaURL": _SCHEMA,
        }

    def _run_facets(self, entry: Entry) -> dict[str, Any]:
        found = self.facets.run(entry)
        parent = self.reading.parent(entry.run)
        if parent is not None:
            job = {"namespace": self.namespace, "name": job_name(parent)}
            found["parent"] = facet("ParentRunFacet", run={"runId": uuid(parent.id)}, job=job)
        return found

    # -- data sets ------------------------------------------------------------------------------------------------

    def _input(self, uses: list[Use]) -> dict[str, Any]:
        found = self._dataset(uses)
        quality = self.facets.quality(uses[0], self.reading.columns(uses[0]))
        return found | ({"inputFacets": {"dataQualityMetrics": quality}} if quality else {})

    def _output(self, uses: list[Use]) -> dict[str, Any]:
        found = self._dataset(uses)
        statistics = self.facets.statistics(uses[0])
        return found | ({"outputFacets": {"outputStatistics": statistics}} if statistics else {})

    def _dataset(self, uses: list[Use]) -> dict[str, Any]:
        namespace, name = self._dataset_name(uses[0])
        return {
            "namespace": namespace,
            "name": name,
            "facets": self.facets.dataset(uses, self.reading.columns(uses[0])),
        }

    def _dataset_name(self, use: Use) -> tuple[str, str]:
        if use.role == "file":
            return "file", use.name
        if use.role == "url":
            return url_parts(use.name)
        return self.namespace, use.name


def job_name(run: Run) -> str:
    """Return the name of what ran, the same at each execution: a notebook and its cell, or a run's own name."""
    if run.kind in ("cell", "trial") or run.name is None:
        place = "" if run.position is None else f"[{run.position}]"
        cell = run.cell_id or run.name or f"{run.kind}{place}"
        return f"{run.notebook}#{cell}" if run.notebook else cell
    return run.name if run.notebook is None else run.notebook


def _by_dataset(uses: Iterable[Use]) -> list[list[Use]]:
    """Return data by name and version, each with all the roles that it had. A file that was removed is told of."""
    found: dict[tuple[bool, str, str], list[Use]] = {}
    for use in uses:
        removed_file = use.version.hash == ABSENT.hash and use.role == "file"
        if removed_file or is_data(use):
            found.setdefault((use.role in ("file", "url"), use.name, use.version.hash), []).append(use)
    return list(found.values())


__all__ = ["events", "job_name", "write"]
