"""The questions that lineage answers, as Python: `nbledger.why("accuracy")`, `nbledger.slice("model")` and the rest.

In a notebook they are asked of its own ledger, and a name means what it is called in this kernel; elsewhere of the
ledger that `nbledger.open()` finds, and a name means what the latest session knows by it. `x` is a variable's name, a
run, a metric, a model or a file; `var:`, `file:`, `metric:`, `run:` in front say which is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbledger.ledger import Ledger
    from nbledger.lineage.diff import Diff
    from nbledger.lineage.extract import Extracted
    from nbledger.lineage.history import History
    from nbledger.lineage.impact import Impact
    from nbledger.lineage.leaks import Leaks
    from nbledger.lineage.slicing import Slice
    from nbledger.lineage.stale import Stale
    from nbledger.lineage.why import Why
    from nbledger.pipeline.reproduce import Reproduction


@contextmanager
def asked(ledger: Ledger | None, session: str | None) -> Iterator[tuple[Ledger, str | None]]:
    """Hold the ledger that is asked, and the id of the session that names are looked for in first."""
    from nbledger.capture import api
    from nbledger.capture.hooks import calls
    from nbledger.capture.world import audit
    from nbledger.ledger import open as open_ledger

    # What answering reads and computes is not the doing of the cell that asks.
    with audit.paused(), calls.paused():
        here = api.current_writer() if ledger is None else None
        if ledger is not None:
            yield ledger, session
        elif here is not None:
            yield here.ledger, session or here.session.id
        else:
            opened = open_ledger(create=False)
            try:
                yield opened, session
            finally:
                opened.close()


def why(x: Any, *, ledger: Ledger | None = None, session: str | None = None) -> Why:
    """Return what made `x`: the chain of cell runs, nearest first. Raises `TargetNotFound`."""
    from nbledger.lineage.why import why as answer

    with asked(ledger, session) as (found, within):
        return answer(found, x, session=within)


def slice(x: Any, *, ledger: Ledger | None = None, session: str | None = None) -> Slice:
    """Return the fewest recorded cell runs that give `x`, in order, as executed. Raises `TargetNotFound`."""
    from nbledger.lineage.slicing import slice_of

    with asked(ledger, session) as (found, within):
        return slice_of(found, x, session=within)


def impact(x: Any, *, ledger: Ledger | None = None, session: str | None = None) -> Impact:
    """Return what used `x`, down to model versions and aliases. Raises `TargetNotFound`."""
    from nbledger.lineage.impact import impact as answer

    with asked(ledger, session) as (found, within):
        return answer(found, x, session=within)


def history(x: str, *, ledger: Ledger | None = None, session: str | None = None, limit: int = 50) -> History:
    """Return the past versions of a variable, a file or a cell, newest first. Raises `TargetNotFound`."""
    from nbledger.lineage.history import history as answer

    with asked(ledger, None) as (found, _):
        return answer(found, x, session=session, limit=limit)


def stale(notebook: str | None = None, *, ledger: Ledger | None = None, session: str | None = None) -> Stale:
    """Return which results no longer match today's code, data files or environment, and what to run again, in order.

    In a notebook it looks at this kernel's session; elsewhere at the latest one, or the latest of `notebook`.
    """
    from nbledger.capture.environment import current_environment
    from nbledger.lineage.stale import stale as answer

    with asked(ledger, session) as (found, within):
        packages = dict(current_environment().packages)
        return answer(found, notebook, session=None if notebook else within, environment=packages)


def diff(a: Any, b: Any, *, ledger: Ledger | None = None) -> Diff:
    """Return what differs between two runs: code, params, data, environment, metrics. Raises `NotFound`."""
    from nbledger.lineage.diff import diff as answer

    with asked(ledger, None) as (found, _):
        return answer(found, a, b)


def leaks(
    *,
    ledger: Ledger | None = None,
    session: str | None = None,
    groups: str | Sequence[str] | None = None,
    time: str | None = None,
) -> Leaks:
    """Return the leakage found in a session's runs, each finding with its cells and a remedy.

    `groups` names a column whose values must not be in both train and test, `time` one whose order must hold.
    """
    from nbledger.lineage.leaks import leaks as answer

    with asked(ledger, session) as (found, within):
        return answer(found, session=within, groups=groups, time=time)


def checkout(run: Any, name: str, *, trust: bool = False, ledger: Ledger | None = None) -> Any:
    """Return the value that a variable had after a run, where its content is stored. Raises `NotStored`."""
    from nbledger.lineage.snapshots import checkout as answer

    with asked(ledger, None) as (found, _):
        return answer(found, getattr(run, "id", run), name, trust=trust)


def extract(
    x: Any,
    path: str | Path | None = None,
    *,
    params: Sequence[str] | None = None,
    ledger: Ledger | None = None,
    session: str | None = None,
) -> Extracted:
    """Return the slice of `x` as a clean notebook with a papermill parameters cell, and write it to `path` if given."""
    from nbledger.lineage.extract import extract as answer

    with asked(ledger, session) as (found, within):
        return answer(found, x, path, params=params, session=within)


def reproduce(
    x: Any,
    *,
    tolerance: float = 1e-9,
    in_env: bool = False,
    ledger: Ledger | None = None,
    session: str | None = None,
) -> Reproduction:
    """Run the slice of `x` in a fresh kernel and compare what comes out: `.verdict`, `.differences`."""
    from nbledger.pipeline.reproduce import reproduce as answer

    with asked(ledger, session) as (found, within):
        return answer(found, x, tolerance=tolerance, in_env=in_env, session=within)
