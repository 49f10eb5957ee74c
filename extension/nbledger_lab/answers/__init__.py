"""The answers of the REST interface, a module a topic: plain functions of a checked request."""

from __future__ import annotations

from nbledger_lab.answers import (
    about,
    comparing,
    detail,
    figures,
    jobs,
    lineage,
    models,
    notebook,
    promotions,
    runs,
    sweeps,
    writing,
)
from nbledger_lab.routes import Route

_TOPICS = (about, runs, detail, notebook, comparing, lineage, figures, models, promotions, writing, jobs, sweeps)


def all_routes() -> list[Route]:
    """Return the routes of all topics."""
    return [route for topic in _TOPICS for route in topic.TABLE.routes]
