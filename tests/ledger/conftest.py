from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbledger.ledger import Ledger, current_process
from nbledger.records import Edge, Facts, Metric, Param, RunEnd, RunError, RunStart, Session, Tag, Version, new_id


def make_session(**changes: Any) -> Session:
    process = current_process()
    values = {
        "id": new_id(),
        "frontend": "test",
        "host": process.host,
        "boot_id": process.boot_id,
        "pid": process.pid,
        "process_started": process.started,
        "user": "me",
        "python": "3.11",
        "platform": "Linux",
        "nbledger": "0.1.0",
        "started_at": time.time(),
    }
    return Session(**{**values, **changes})


def make_facts(
    params: dict[str, Any] | None = None,
    metrics: dict[str, float] | None = None,
    tags: dict[str, str] | None = None,
    **more: Any,
) -> Facts:
    return Facts(
        params=tuple(Param(name, value) for name, value in (params or {}).items()),
        metrics=tuple(Metric(name, value) for name, value in (metrics or {}).items()),
        tags=tuple(Tag(key, value) for key, value in (tags or {}).items()),
        **more,
    )


def add_run(
    ledger: Ledger,
    session: str,
    params: dict[str, Any] | None = None,
    metrics: dict[str, float] | None = None,
    tags: dict[str, str] | None = None,
    *,
    id: str | None = None,
    status: str | None = "finished",
    duration: float = 0.1,
    error: RunError | None = None,
    kind: Any = "cell",
    started_at: float | None = None,
    facts: Facts | None = None,
    **start: Any,
) -> str:
    """Record one whole run (without an end when `status` is None) and return its id."""
    run = id or new_id()
    begin = time.time() if started_at is None else started_at
    ledger.start_run(RunStart(run, session, kind, begin, **start))
    if status is not None:
        end = RunEnd(run, begin + duration, duration, status, error)  # type: ignore[arg-type]
        ledger.end_run(end, facts or make_facts(params, metrics, tags))
    return run


def table(hash: str, kind: str = "table") -> Version:
    return Version(hash, kind, "exact", "pandas.DataFrame", (3, 2), 48)


def edge(hash: str, name: str = "df", role: str = "variable") -> Edge:
    return Edge(hash, name, role)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger.open(tmp_path / "project")
    yield found
    found.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger.open(tmp_path / "other")
    yield found
    found.close()


@pytest.fixture
def session(ledger: Ledger) -> str:
    found = make_session()
    ledger.start_session(found)
    return found.id


@pytest.fixture
def run(ledger: Ledger, session: str) -> Callable[..., str]:
    return lambda *facts, **more: add_run(ledger, session, *facts, **more)
