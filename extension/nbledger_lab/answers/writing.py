"""What is written about runs, and a run's slice as a new notebook."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Any

from nbledger_lab.answers.detail import detail
from nbledger_lab.plain import clean
from nbledger_lab.problems import Problem
from nbledger_lab.routes import PATH, RUN_ID, Ask, Schema, Table

if TYPE_CHECKING:
    from pathlib import Path

TABLE = Table()
_RUN = {"run": RUN_ID}
_NOTHING: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
#: No control characters, no line breaks: a tag is one line.
_LINE = "^[^\\u0000-\\u001f\\u007f]*$"

#: The name of a notebook's file, and no path: not hidden, no separators.
_FILE: Schema = {
    "type": "string",
    "pattern": "^[^/\\\\.\\u0000-\\u001f\\u007f][^/\\\\\\u0000-\\u001f\\u007f]*\\.ipynb$",
    "maxLength": 200,
    "description": "A file name such as slice.ipynb; it is written beside the notebook that the path names.",
}


@TABLE.post(
    "runs/{run}/tags",
    "Set a tag of a run",
    "RunDetail",
    names=_RUN,
    query={"path": PATH},
    body={
        "type": "object",
        "properties": {
            "key": {"type": "string", "pattern": "^[A-Za-z0-9_.:/ -]{1,200}$"},
            "value": {"type": "string", "pattern": _LINE, "maxLength": 2_000},
        },
        "required": ["key", "value"],
        "additionalProperties": False,
    },
    event="tag",
)
def tag(ask: Ask) -> Any:
    """Set a tag, and return the run with it. Raises `NotFound`."""
    run = ask.ledger.run(ask.names["run"])
    ask.ledger.tag(run.id, ask.body["key"], ask.body["value"], who=ask.who)
    return detail(ask.ledger, ask.ledger.run(run.id))


@TABLE.post(
    "runs/{run}/delete",
    "Hide a run; it can be restored until `nbledger gc`",
    "Said",
    names=_RUN,
    query={"path": PATH},
    body=_NOTHING,
    event="delete",
)
def delete(ask: Ask) -> Any:
    """Hide a run. Raises `NotFound`."""
    run = ask.ledger.delete(ask.ledger.run(ask.names["run"]).id, who=ask.who)
    registered = [f"{one.model} version {one.number}" for one in ask.ledger.model_versions_from(run)]
    kept = f" {', '.join(registered)} stays registered." if registered else ""
    return {"message": clean(f"Run {run[:8]} is hidden; it can be restored until the next gc.{kept}")}


@TABLE.post(
    "runs/{run}/restore",
    "Bring a hidden run back",
    "Said",
    names=_RUN,
    query={"path": PATH},
    body=_NOTHING,
    event="restore",
)
def restore(ask: Ask) -> Any:
    """Bring a hidden run back. Raises `NotFound`."""
    run = ask.ledger.restore(ask.ledger.run(ask.names["run"]).id, who=ask.who)
    return {"message": f"Run {run[:8]} is back."}


@TABLE.post(
    "runs/{run}/extract",
    "Write the slice of a run as a new notebook beside the one that the path names",
    "Extracted",
    names=_RUN,
    query={"path": PATH},
    body={
        "type": "object",
        "properties": {"to": _FILE},
        "required": ["to"],
        "additionalProperties": False,
    },
    also={"contents": "write"},
    slow=True,
    event="extract",
)
def extract(ask: Ask) -> Any:
    """Write the notebook and return its path; a file that is there is never replaced."""
    from nbledger.lineage.extract import extract as cut_out

    name = ask.body["to"]
    made = cut_out(ask.ledger, ask.ledger.run(ask.names["run"]).id)
    folder = ask.place.file if ask.place.file.is_dir() else ask.place.file.parent
    if folder.name == ".nbledger":
        folder = folder.parent
    _write_new(folder / name, json.dumps(made.notebook, indent=1, ensure_ascii=False) + "\n")
    return {"path": (folder / name).relative_to(ask.place.root).as_posix(), "notes": [clean(one) for one in made.notes]}


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, not even as a symbolic link. Raises a `Problem`."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        raise Problem(409, "exists", f"There is a file {path.name!r} already.", "Give another name.") from None
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(file, "w", encoding="utf-8", errors="replace") as out:
            out.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> Problem:
    why = error.strerror or "the system refused it"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(507, "full", f"{path.name!r} was not written: {why}.", "Free disk space, and try again.")
    return Problem(403, "read-only", f"{path.name!r} was not written: {why}.", "Choose a folder that may be written.")
