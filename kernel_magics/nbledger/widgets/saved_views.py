"""Saved views: the state of a comparison under a name, a JSON file in the ledger's folder `views/`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

FOLDER = "views"
#: The least and the only version of the file's format so far.
FORMAT = 1
_NAME = re.compile(r"[\w][\w .+@()-]{0,79}")


class BadViewName(NBLedgerError):
    """A name that would be no file's on some system. Field: name."""

    template = (
        "{name!r} cannot name a view: begin with a letter or digit; letters, digits, spaces and _.+@()- may follow, "
        "80 in all"
    )


class ViewNotFound(NBLedgerError):
    """There is no saved view of this name, or it cannot be read. Fields: name, why."""

    template = "No saved view {name!r}: {why}."


def names(ledger: Ledger) -> list[str]:
    """Return the names of a ledger's saved views."""
    return sorted(path.stem for path in (ledger.folder / FOLDER).glob("*.json") if _NAME.fullmatch(path.stem))


def save(ledger: Ledger, name: str, state: Mapping[str, Any]) -> Path:
    """Save a state under a name, in place of one of that name, and return its file. Raises `BadViewName`."""
    path = _path(ledger, name)
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({"format": FORMAT, "state": state}, indent=2, ensure_ascii=False)
    write_whole(path, (text + "\n").encode())
    return path


def load(ledger: Ledger, name: str) -> dict[str, Any]:
    """Return the state saved under a name. Raises `BadViewName` and `ViewNotFound`."""
    path = _path(ledger, name)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(names(ledger)) or "none is saved yet"
        raise ViewNotFound(name=name, why=f"there are {known}" if known[:4] != "none" else known) from None
    except (OSError, ValueError) as error:
        raise ViewNotFound(name=name, why=f"{path.name} cannot be read ({error})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("state"), dict):
        raise ViewNotFound(name=name, why=f"{path.name} was written by another version, or by hand")
    return dict(data["state"])


def delete(ledger: Ledger, name: str) -> None:
    """Delete a saved view. Raises `BadViewName` and `ViewNotFound`."""
    try:
        _path(ledger, name).unlink()
    except FileNotFoundError:
        raise ViewNotFound(name=name, why="it is gone already") from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a whole file or none."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise


def _path(ledger: Ledger, name: str) -> Path:
    if not _NAME.fullmatch(name) or name != name.strip(" ."):
        raise BadViewName(name=name)
    return ledger.folder / FOLDER / f"{name}.json"
