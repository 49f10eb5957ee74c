"""How it stands with the ledger of a path, and what this user may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbledger import __version__
from nbledger_lab.changes import LONGEST
from nbledger_lab.plain import clean, page
from nbledger_lab.problems import Problem
from nbledger_lab.routes import OFFSET, PATH, Ask, Table, limit, text

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

TABLE = Table()
#: Names that `about` tells at most, the notebook's own among them; `experiments` has the others.
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
        "experiment_count": 0,
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


@TABLE.get(
    "experiments",
    "The names of experiments, in order",
    "ExperimentPage",
    query={"path": PATH, "find": text(500), "offset": OFFSET, "limit": limit(MOST_EXPERIMENTS, 100)},
    versioned=True,
)
def experiments(ask: Ask) -> Any:
    """Return one page of the names that hold the text `find`, in upper or lower case alike."""
    wanted = ask.query["find"].casefold()
    found = [name for name in _experiments(ask, ask.ledger) if wanted in name.casefold()]
    offset = ask.query["offset"]
    return page(found[offset : offset + ask.query["limit"]], len(found), offset)


def _experiments(ask: Ask, ledger: Ledger) -> list[str]:
    return ask.service.remembered(ask.place, "experiments", lambda: [clean(name) for name in ledger.experiments()])


def _inside(ask: Ask) -> dict[str, Any]:
    with ask.service.shelf.open(ask.place) as ledger:

        def read() -> dict[str, Any]:
            return {"runs": ledger.count(tracked=True), "id": identity}

        rows = ledger.database.rows("SELECT value FROM meta WHERE name = 'created_at'")
        identity = str(rows[0][0]) if rows else None
        found = ask.service.remembered(ask.place, "about", read)
        names = _experiments(ask, ledger)
        told = names[:MOST_EXPERIMENTS]
        own = ask.place.file.stem
        if ask.place.is_notebook and own in names[MOST_EXPERIMENTS:]:
            told[-1] = own
        found = found | {"experiments": told, "experiment_count": len(names)}
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
