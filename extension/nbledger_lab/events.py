"""What the server extension did, told to Jupyter Server's event log (jupyter-events).

The ledger's own audit says who promoted what, and stays with the ledger. These events are for whoever runs the server:
`docs/lab/server.md` shows how to write them to a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbledger_lab.places import Place
from nbledger_lab.routes import Route

SCHEMA = Path(__file__).parent / "event_schemas" / "v1.yaml"
SCHEMA_ID = "urn:nbledger:events:lab:v1"
ACTIONS = ("promote", "rollback", "approve", "describe", "tag", "delete", "restore", "reproduce", "extract")


def register(logger: Any) -> None:
    """Tell a server's event logger what the events look like."""
    if SCHEMA_ID not in logger.schemas:
        logger.register_event_schema(SCHEMA)


def emit(logger: Any, route: Route, place: Place, who: str, names: Mapping[str, str], answer: Any) -> None:
    """Tell that a request was answered."""
    data = {
        "action": route.event,
        "who": who,
        "ledger": place.shown,
        "subject": names.get("run") or names.get("model") or "",
        "done": bool(answer.get("done", True)),
        "message": str(answer.get("message", "")),
    }
    logger.emit(schema_id=SCHEMA_ID, data=data)
