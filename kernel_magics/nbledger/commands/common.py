"""What the verbs share: which ledger, how a result becomes text or JSON, and how help and ids read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from nbledger.errors import NBLedgerError

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run
    from nbledger.widgets.view import View

SHORT = 8
Function = TypeVar("Function", bound=Callable[..., Any])


class CommandRefused(NBLedgerError):
    """A verb could not do what was asked. Field: detail."""


class PathMissing(NBLedgerError):
    """An argument names what is not there, or not a file or folder as it should be. Fields: found, kind, folder."""

    template = "{found}: name a {kind} that is there, seen from {folder}"
    exit_code = 2


class OldPath(click.Path):
    """A path that must be there already; where it is not, one line says so instead of click's three."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=True, file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def fail(self, message: str, *_of: click.Parameter | click.Context | None) -> NoReturn:
        """Raise `PathMissing`; click passes param and context by place."""
        kind = " or ".join(name for name, fits in (("file", self.file_okay), ("folder", self.dir_okay)) if fits)
        raise PathMissing(found=message.rstrip("."), kind=kind, folder=Path.cwd())


OLD_FILE = OldPath(dir_okay=False)
OLD_FOLDER = OldPath(file_okay=False)
OLD_PATH = OldPath()


@dataclass
class State:
    """One invocation: the ledger that was given (a path, or an open one inside a notebook) and the width to fill.

    `session` is the id of the notebook's own session, where names are looked for first. `views` is where `emit` puts
    what a notebook is to show in place of a text; `None` where only text can be shown.
    """

    path: Path | None = None
    given: Ledger | None = None
    notebook: bool = False
    session: str | None = None
    views: list[View] | None = None
    _opened: Ledger | None = field(default=None, repr=False)

    def ledger(self, *, create: bool = False) -> Ledger:
        """Return the ledger of this invocation, opened once; one is only made where the verb says `create`."""
        if self.given is not None and self.path is None:
            return self.given
        if self._opened is None:
            from nbledger.ledger import Ledger

            self._opened = Ledger.open(self.path, create=create)
        return self._opened

    def ledger_beside(self, file: Path) -> Ledger:
        """Return the ledger that a file's runs belong to, made where there is none yet: a run always has a place."""
        if self.given is None and self.path is None:
            from nbledger.ledger import find_root

            self.path = find_root(file.resolve().parent)
        return self.ledger(create=True)

    def close(self) -> None:
        """Close the ledger if this invocation opened it."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def width(self) -> int | None:
        """The columns to cut tables to: the terminal's, or `None` (never cut) in a pipe or a notebook."""
        import shutil

        if self.notebook or not sys.stdout.isatty():
            return None
        return shutil.get_terminal_size().columns


pass_state = click.make_pass_decorator(State, ensure=True)


def as_json(function: Function) -> Function:
    """Add `--json` to a verb."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(function)


def emit(
    data: Any, text: str | Callable[[], str], *, as_json: bool, view: Callable[[], View | None] | None = None
) -> None:
    """Give a result: its data as JSON; or its view, where there is one and a notebook can show it; or its text.

    `data` and `text` may be functions, called only when they are needed.
    """
    if as_json:
        found = data() if callable(data) else data
        click.echo(json.dumps(plain(found), indent=2, ensure_ascii=False, allow_nan=False))
        return
    context = click.get_current_context(silent=True)
    views = None if context is None else _state(context).views
    shown = view() if view is not None and views is not None else None
    if views is None or shown is None:
        click.echo(text() if callable(text) else text)
    else:
        views.append(shown)


def plain(value: Any) -> Any:
    """Return a value as what JSON knows; floats that JSON has no word for become their names as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def nearby(path: Path) -> str:
    """Return a path as one would type it here: relative to the current folder when it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def short(identity: str | None) -> str:
    """Return the first digits of an id, which are accepted wherever an id is."""
    return (identity or "")[:SHORT]


def run_data(run: Run) -> dict[str, Any]:
    """Return a run for `--json`: its fields, without the code."""
    data: dict[str, Any] = plain(run)
    data.pop("source", None)
    return data


def examples(text: str) -> str:
    """Return an epilog of examples that click prints line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line.strip()}" for line in text.strip().splitlines())


def complete_runs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a run's id from the ledger's newest runs; never fails, a completion must not."""
    with suppress(Exception):
        runs = _state(context).ledger().runs(limit=200, tracked=True)
        return [short(run.id) for run in runs if run.id.startswith(incomplete)]
    return []


def complete_experiments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete an experiment's name."""
    with suppress(Exception):
        return [name for name in _state(context).ledger().experiments() if name.startswith(incomplete)]
    return []


def complete_models(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a registered model's name."""
    with suppress(Exception):
        return [name for name in _state(context).ledger().models() if name.startswith(incomplete)]
    return []


def _state(context: click.Context) -> State:
    return context.find_object(State) or State()
