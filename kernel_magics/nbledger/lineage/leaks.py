"""Leakage: whether a number was judged on rows that had already told the model something.

In the field's terms (Yang et al., ASE 2022): *preprocessing* (a transformer was fitted on rows that are judged on),
*overlap* (train and test share rows), *multi-test* (the test set that chose the model reports on it); and *target* (the
target stands among the features). Everything is computed from the calls that the ledger recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbledger.lineage.leakage import by_hand, multi_test, named, overlap, preprocessing, target
from nbledger.lineage.leakage.finding import Finding, Leaks
from nbledger.lineage.leakage.story import Story, stories

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

__all__ = ["Finding", "Leaks", "leaks"]

_MAX_SESSIONS = 50


def leaks(
    ledger: Ledger,
    session: str | None = None,
    *,
    run: str | None = None,
    notebook: str | None = None,
    groups: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Leaks:
    """Return the leaks of a session; of the session of a run; of a notebook's last session; or of every notebook's.

    With `groups` columns are named whose values must not be on both sides of a split (a patient), with `time` one by
    which no training row may be later than a test row. Raises `NotFound` for a run or session that is not there.
    """
    findings: list[Finding] = []
    named_groups = (groups,) if isinstance(groups, str) else tuple(groups or ())
    uses: list[tuple[str, int]] = []
    for story in stories(ledger, _sessions(ledger, session, run, notebook)):
        found = _in_story(ledger, story, named_groups, time)
        if run is not None:
            full = ledger.run_id(run)
            found = [one for one in found if full in one.runs]
        findings += found
        judged = [one for one in multi_test.test_sets(story) if any(use.judged for use in one.uses)]
        uses += [(one.name or "a test set", len(one.fits)) for one in judged]
    return Leaks(findings, uses)


def _in_story(ledger: Ledger, story: Story, groups: Sequence[str], time: str | None) -> list[Finding]:
    return [
        *preprocessing.find(story),
        *by_hand.find(story),
        *overlap.find(story),
        *named.find(ledger, story, groups, time),
        *target.find(story),
        *multi_test.find(story),
    ]


def _sessions(ledger: Ledger, session: str | None, run: str | None, notebook: str | None) -> list[str]:
    if session is not None:
        return [ledger.session(session).id]
    if run is not None:
        return [ledger.run(run).session]
    rows = ledger.database.rows(
        """SELECT s.id, coalesce(r.notebook, s.notebook), max(r.key) AS last FROM call c JOIN run r ON r.key = c.run
        JOIN session s ON s.key = r.session GROUP BY s.key, coalesce(r.notebook, s.notebook) ORDER BY last DESC"""
    )
    found: dict[str, None] = {}
    seen: set[str] = set()
    for id, path, _ in rows:
        if path is not None and path in seen:
            continue
        if notebook is not None and path != ledger.relative(notebook):
            continue
        seen.add(path)
        found[id] = None
    return list(found)[:_MAX_SESSIONS]
