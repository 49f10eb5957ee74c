"""What a gate is given: the candidate, and the version that holds the alias."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nbledger.ledger.errors import NotFound
from nbledger.records import ModelVersion, Run, StoredVersion

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

CACHED = "nbledger.cached_from"
_MOST = 1000
_JUDGES = 20


@dataclass(frozen=True)
class GateContext:
    """The candidate: `run` made the model whose content is `version`, stored as `artifact`; `champion` holds `alias`.

    `number` is the candidate's where it is registered already, `who` asks for the promotion.
    """

    ledger: Ledger
    model: str
    run: Run
    version: str
    artifact: StoredVersion
    alias: str
    champion: ModelVersion | None = None
    number: int | None = None
    who: str = ""

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The run and the runs inside it (a notebook's cells), the run first, then the latest first."""
        return (self.run, *inside(self.ledger, self.run))

    def run_with(self, metric: str) -> Run | None:
        """Return the run that tells a metric of the candidate: its own, or one inside it, or one that judged it."""
        own = next((one for one in self.runs if metric in one.metrics), None)
        return own or next(iter(judging(self.ledger, self.version, metric)), None)

    def judged_champion(self, metric: str) -> tuple[Run, ...]:
        """Return the runs that tell a metric of the alias's holder, the latest first."""
        if self.champion is None:
            return ()
        run = self.ledger.run(self.champion.run)
        own = [one for one in (run, *inside(self.ledger, run)) if metric in one.metrics]
        found = {one.id: one for one in (*own, *judging(self.ledger, self.champion.version, metric))}
        return tuple(sorted(found.values(), key=lambda one: one.started_at, reverse=True))

    @cached_property
    def maker(self) -> str:
        """The id of the run that made the model: of those that generated it one that fitted, and of these its own."""
        rows = self.ledger.database.rows(
            """SELECT r.id, EXISTS (SELECT 1 FROM call c WHERE c.run = r.key AND c.kind = 'fit')
            FROM generated g JOIN version v ON v.key = g.version JOIN run r ON r.key = g.run
            WHERE v.hash = ? ORDER BY r.key LIMIT ?""",
            (self.version, _MOST),
        )
        own = {one.id for one in self.runs}
        best = sorted(rows, key=lambda row: (not row[1], row[0] not in own))  # else the first in time
        return str(best[0][0]) if best else self.run.id

    @cached_property
    def concerned(self) -> frozenset[str]:
        """The ids of the runs that made or used the model, and of the candidate's own."""
        rows = self.ledger.database.rows(
            """SELECT r.id FROM generated g JOIN version v ON v.key = g.version JOIN run r ON r.key = g.run
            WHERE v.hash = :hash UNION SELECT r.id FROM used u JOIN version v ON v.key = u.version
            JOIN run r ON r.key = u.run WHERE v.hash = :hash LIMIT :most""",
            {"hash": self.version, "most": _MOST},
        )
        return frozenset([row[0] for row in rows] + [one.id for one in self.runs])


def inside(ledger: Ledger, run: Run) -> tuple[Run, ...]:
    """Return the runs inside a run at any depth, the latest first; of one whose results were cached, the real ones."""
    if run.kind in ("cell", "script"):
        return ()
    found: list[Run] = []
    for child in reversed(list(ledger.children(run.id, limit=_MOST))):
        found += [child, *inside(ledger, child)]
    source = run.tags.get(CACHED)
    if source and source != run.id:
        try:
            real = ledger.run(source)
        except NotFound:  # removed by gc since
            return tuple(found)
        found += [real, *inside(ledger, real)]
    return tuple(found)


def judging(ledger: Ledger, version: str, metric: str) -> list[Run]:
    """Return the runs that used a model and have a metric, the latest first."""
    rows = ledger.database.rows(
        """SELECT DISTINCT r.id, r.key FROM used u JOIN version v ON v.key = u.version JOIN run r ON r.key = u.run
        JOIN metric m ON m.run = r.key JOIN label l ON l.key = m.name
        WHERE v.hash = ? AND l.text = ? AND r.key NOT IN (SELECT run FROM deleted_run)
        ORDER BY r.key DESC LIMIT ?""",
        (version, metric, _JUDGES),
    )
    return [ledger.run(id) for id, _ in rows]
