"""A ledger to show, and runs in it."""

from __future__ import annotations

import time

import pytest

from nbledger.ledger import Ledger
from nbledger.records import Basis, Facts, Metric, Param, RunEnd, RunStart, Session, Tag, Version, new_id

NOW = time.time()


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger.open(tmp_path)
    opened.start_session(
        Session("0" * 32, "python", "host", "boot", 1, 0.0, "ada", "3.13", "linux", "0.1", started_at=0.0)
    )
    yield opened
    opened.close()


@pytest.fixture
def record(ledger):
    """A function that records a run, each a minute after the one before."""
    made = []

    def recorded(
        name=None, *, experiment="e", kind="cell", judged_on=None, metrics=None, steps=(), tags=None, **params
    ):
        run = RunStart(new_id(), "0" * 32, kind, NOW - 1e5 + 60 * len(made), name, experiment, tracked=True)
        basis = () if judged_on is None else (Basis("y_true", judged_on * 32),)
        facts = Facts(
            params=tuple(Param(key, value) for key, value in params.items()),
            metrics=(
                *(Metric(key, value, basis=basis) for key, value in (metrics or {}).items()),
                *(Metric("loss", value, step=step) for step, value in enumerate(steps)),
            ),
            tags=tuple(Tag(key, value) for key, value in (tags or {}).items()),
            versions=() if judged_on is None else (Version(judged_on * 32, "column"),),
        )
        ledger.start_run(run)
        ledger.end_run(RunEnd(run.id, run.started_at + 1, 1.0, "finished"), facts)
        made.append(run.id)
        return run.id

    return recorded
