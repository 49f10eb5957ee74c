"""Reproducing a run: a job of its own process, which a view asks after."""

from __future__ import annotations

from typing import Any

from nbledger.ledger import audit
from nbledger_lab.routes import PATH, RUN_ID, Ask, Schema, Table

TABLE = Table()
_NOTHING: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
_JOB: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


@TABLE.post(
    "runs/{run}/reproduce",
    "Begin to run a run's slice again in a fresh kernel",
    "Job",
    names={"run": RUN_ID},
    query={"path": PATH},
    body=_NOTHING,
    also={"kernels": "execute"},
    event="reproduce",
)
def reproduce(ask: Ask) -> Any:
    """Begin a reproduction and return its job (`IJob`). Raises `NotFound`, and a `Problem` when too many are begun."""
    run = ask.ledger.run(ask.names["run"]).id
    ask.ledger.write(audit.append, "reproduce", f"run {run}", {}, ask.who)
    return ask.service.jobs.begin(ask.place, run).to_dict()


@TABLE.get("jobs/{job}", "How a job stands", "Job", names={"job": _JOB}, query={"path": PATH}, needs_ledger=False)
def job(ask: Ask) -> Any:
    """Return how a job stands (`IJob`). Raises a `Problem` for one that is not known."""
    return ask.service.jobs.find(ask.place, ask.names["job"]).to_dict()
