"""What the extension tells the server's event log."""

from __future__ import annotations

import json
import logging

from nbledger_lab import events


async def test_what_is_written_becomes_an_event(ask, project, jp_serverapp, tmp_path):
    told = tmp_path / "events.log"
    handler = logging.FileHandler(told)
    jp_serverapp.event_logger.register_handler(handler)
    run = project.runs["first"]
    await ask(f"runs/{run}/tags", {"key": "k", "value": "v"}, path="copy")
    await ask("models/churn/promote", {"version": 1, "alias": "champion", "dry_run": True}, path="copy")
    await ask("models/churn/promote", {"version": 1, "alias": "champion", "dry_run": False}, path="copy")
    await ask("models/churn/promote", {"alias": "champion"}, path="copy")
    await ask("runs", path="copy")
    handler.close()
    found = [json.loads(line) for line in told.read_text().splitlines()]
    assert {one["__schema__"] for one in found} == {events.SCHEMA_ID}
    assert [(one["action"], one["subject"], one["done"]) for one in found] == [
        ("tag", run, True),
        ("promote", "churn", False),
        ("promote", "churn", True),
    ]
    assert all(one["ledger"] == "copy/.nbledger" and one["who"] for one in found)


def test_every_route_that_writes_is_an_event_and_the_schema_knows_it():
    import yaml

    from nbledger_lab.answers import all_routes

    schema = yaml.safe_load(events.SCHEMA.read_text())
    assert schema["$id"] == events.SCHEMA_ID
    assert {route.event for route in all_routes() if route.method == "POST"} == set(
        schema["properties"]["action"]["enum"]
    )
