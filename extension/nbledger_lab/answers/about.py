"""How it stands with the ledger of a path, and what this user may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbledger import __version__
from nbledger_lab.changes import LONGEST
from nbledger_lab.plain import clean
from nbledger_lab.problems import Problem
from nbledger_lab.routes import PATH, Ask, Table, text

TABLE = Table()
MOST_EXPERIMENTS = 500


@TABLE.get(
    "about",
    "How it stands with the ledger of a path, and what this user may do",
    "About",
    query={"path": PATH},
    needs_ledger=False,
    tells_rights=True,
)
def about(ask: Ask) -> Any:
    """Return the state of the ledger (`IAbout`); it is an answer, not a problem, that there is none."""
    condition = ask.service.shelf.condition(ask.place)
    data: dict[str, Any] = {
        "version": __version__,
        "state": condition.state,
        "message": condition.message,
        "remedy": condition.remedy,
        "ledger": None if condition.state == "none" else ask.place.shown,
        "id": None,
        "runs": 0,
        "experiments": [],
        "may": dict(ask.may),
        "read_only": False,
        "role": role_of(ask.may),
        "user": ask.who,
    }
    if condition.state != "ok":
        return data
    try:
        return data | _inside(ask)
    except Problem as problem:  # it changed since it was looked at
        state = problem.more.get("state", "unreadable")
        return data | {"state": state, "message": problem.detail, "remedy": problem.remedy}


def role_of(may: Mapping[str, bool]) -> str:
    """Return the role that what a user may do amounts to; an empty text for nobody."""
    for action, role in (("promote", "approver"), ("write", "contributor"), ("read", "viewer")):
        if may.get(action):
            return role
    return ""


def _inside(ask: Ask) -> dict[str, Any]:
    with ask.service.shelf.open(ask.place) as ledger:

        def read() -> dict[str, Any]:
            names = [clean(name) for name in ledger.experiments()[:MOST_EXPERIMENTS]]
            return {"runs": ledger.count(tracked=True), "experiments": names, "id": identity}

        rows = ledger.database.rows("SELECT value FROM meta WHERE name = 'created_at'")
        identity = str(rows[0][0]) if rows else None
        found = ask.service.remembered(ask.place, "about", read)
        if ledger.database.read_only:
            may = dict(ask.may) | {"write": False, "promote": False}
            return found | {"may": may, "read_only": True}
        return found


@TABLE.wait(
    "changes",
    "Wait until the ledger holds something newer than `since`",
    "Changes",
    query={
        "path": PATH,
        "since": text(100),
        "wait": {"type": "number", "minimum": 0, "maximum": LONGEST, "default": 25},
    },
)
async def changes(ask: Ask) -> Any:
    """Return the ledger's version (`now`) as soon as it is another than `since`, or after `wait` seconds."""
    since = ask.query["since"]
    return {"now": await ask.service.changes.after(ask.place, since, ask.query["wait"])}
