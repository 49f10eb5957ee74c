"""The magics: `%%track`, `%track on|off|status` and `%ledger VERB`."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from nbledger.capture.recorder import TrackOptions
from nbledger.errors import NBLedgerError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbledger.shell import Extension
    from nbledger.widgets.view import View

TRACK_LINE = re.compile(r"%%track(?![\w?])(.*)", re.DOTALL)
_CELL_MAGIC = re.compile(r"\s*%%(\w+)(.*)")


class Refused(NBLedgerError):
    """A verb of `%ledger` was refused. Shown without a traceback, and still an error to papermill and nbconvert."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail=detail)

    def _render_traceback_(self) -> list[str]:
        return [f"nbledger: {self}"]


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError` instead of ending the process."""

    def error(self, message: str) -> Any:
        raise UsageError(f"%%track: {message}; %%track? shows the options")


def _track_parser() -> _Parser:
    parser = _Parser(prog="%%track", add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("name", nargs="?", help="a name for this run")
    add("-e", "--experiment", help="the experiment it belongs to (default: the notebook's name)")
    add("--params", type=_names, default=(), help="variables to record as params, besides those found: a,b")
    add("--metrics", type=_names, default=(), help="variables to record as metrics, besides those found")
    add("--model", type=_names, default=(), help="the variables that hold the models, instead of those found")
    add("--data", type=_names, default=(), help="variables to record as the run's data, besides those found")
    add("--snapshot", type=_names, default=(), help="variables whose content to keep, for %ledger checkout")
    add("-t", "--tag", action="append", type=_tag, default=[], help="key=value, may be given several times")
    add("--no-model", action="store_true", help="do not store the model's content")
    add("--quiet", action="store_true", help="no card under the cell")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"tag {text!r} is not key=value")
    return key, value


_PARSER = _track_parser()
TRACK_OPTIONS = tuple(sorted(option for action in _PARSER._actions for option in action.option_strings))


def parse_track(line: str) -> TrackOptions:
    """Return the options of a `%%track` line (what follows the magic's name). Raises IPython's `UsageError`."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%%track: {error}: {line.strip()}") from None
    found = _PARSER.parse_args(words)
    return TrackOptions(
        name=found.name,
        experiment=found.experiment,
        params=found.params,
        metrics=found.metrics,
        models=found.model,
        data=found.data,
        tags=tuple(found.tag),
        snapshot=found.snapshot,
        store_model=not found.no_model,
        quiet=found.quiet,
    )


def is_valid_track_line(line: str) -> bool:
    """Tell whether a whole `%%track ...` line has options that parse."""
    match = TRACK_LINE.match(line)
    if match is None:
        return False
    try:
        parse_track(match[1])
    except UsageError:
        return False
    return True


def track_options(shell: InteractiveShell, raw_cell: str) -> TrackOptions | None:
    """Return the options of a cell as typed when `%%track` is among its leading cell magics, else `None`."""
    for line in raw_cell.splitlines():
        if not line.strip():
            continue
        match = _CELL_MAGIC.match(line)
        if match is None:
            return None
        if match[1] == "track":
            try:
                return parse_track(shell.var_expand(match[2]) if re.search(r"[{$]", match[2]) else match[2])
            except UsageError:
                return None
    return None


@magics_class
class NBLedgerMagics(Magics):
    """`%%track` marks a cell as an experiment; `%ledger` asks the ledger."""

    def __init__(self, shell: InteractiveShell, extension: Extension) -> None:
        super().__init__(shell)
        self._extension = extension

    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> None:
        """Record a cell as an experiment, with its data, params, metrics and models.

        %%track [NAME] [-e EXPERIMENT] [--params a,b] [--metrics m] [--model VAR] [--data VAR]
                [--snapshot VAR] [-t key=value] [--no-model] [--quiet]
            As a cell's first line. Everything is found without options: params from the fitted estimators and from
            literals, metrics from the calls of sklearn.metrics, .score and cross-validation, data and models from what
            the cell reads and fits. Options add to what is found, and win over it.

        %track on [OPTIONS] | off | status
            Treat every cell as if it began with %%track; stop that; say what is recorded where.

        Examples:
            %%track
            %%track baseline -e churn -t team=growth
            %%track --metrics auc,brier --model clf
            %track on --quiet
        """
        if cell is None:
            self._track_line(line)
            return
        # Reached only when the line's options are wrong, or when another tool calls the magic by name.
        try:
            options = parse_track(line)
        except UsageError as error:
            raise Refused(str(error)) from None
        recorder = self._extension.ready()
        recorder.promote_to_tracked(options)
        result = self._extension.shell.run_cell(cell, store_history=False)
        result.raise_error()

    def _track_line(self, line: str) -> None:
        verb, _, rest = line.strip().partition(" ")
        recorder = self._extension.ready()
        if verb == "on":
            recorder.always = parse_track(rest)
            print("nbledger: every cell is tracked from the next one on; %track off ends it.")
        elif verb == "off":
            recorder.always = None
            print("nbledger: only cells that begin with %%track are tracked; all cells are observed.")
        elif verb in ("", "status"):
            print(self._status())
        else:
            raise UsageError(f"%track takes on, off or status, not {verb!r}; to track one cell begin it with %%track")

    def _status(self) -> str:
        recorder = self._extension.ready()
        notebook = recorder.context.notebook or "not known (harmless)"
        tracked = "every cell" if recorder.always else "cells that begin with %%track"
        return f"tracked:  {tracked}\nledger:   {recorder.writer.location}\nnotebook: {notebook}"

    @line_magic
    def ledger(self, line: str) -> None:
        """Ask the ledger, with the same verbs as the shell's `nbledger`.

        %ledger VERB [ARGUMENTS]     %ledger --help lists the verbs, %ledger VERB --help explains one
        %ledger use PATH             record into another ledger from the next cell on

        Examples:
            %ledger runs "metrics.accuracy > 0.9" --order-by "metrics.accuracy desc"
            %ledger show 3f2a
            %ledger compare 3f2a 91bc
            %ledger promote churn --best metrics.f1 --alias champion
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"%ledger: {error}: {line}") from None
        if words[:1] == ["use"]:
            if len(words) != 2:
                raise UsageError("%ledger use takes one path: %ledger use ../shared-ledger")
            self._extension.use(Path(words[1]))
            print(f"nbledger: recording into {self._extension.ready().writer.location} from the next cell on.")
            return
        from nbledger.capture.hooks import calls
        from nbledger.capture.world import audit
        from nbledger.cli import run_in_notebook

        # A terminal has no widgets; there every verb answers in text.
        views: list[View] | None = None if getattr(self.shell, "kernel", None) is None else []
        try:
            writer = self._extension.ready().writer
            with audit.paused(), calls.paused():
                text = run_in_notebook(words, writer.ledger, writer.session.id, views)
        except NBLedgerError as error:
            raise Refused(str(error)) from None
        if text:
            print(text)
        for view in views or ():
            view.show()


_COMPLETED = ("%%track", "%track", "%ledger")


def install_completers(shell: InteractiveShell, extension: Extension) -> None:
    """Complete options, experiment names, verbs and run ids."""

    def complete(_: Any, event: Any) -> list[str]:
        try:
            return _completions(extension, event.line, event.symbol)
        except Exception:  # noqa: BLE001
            # A completer that fails must not disturb typing; the magic itself says what is wrong.
            return []

    for key in _COMPLETED:
        shell.set_hook("complete_command", complete, str_key=key)


def remove_completers(shell: InteractiveShell) -> None:
    """Undo `install_completers`."""
    for key in _COMPLETED:
        shell.strdispatchers["complete_command"].strs.pop(key, None)


def _completions(extension: Extension, line: str, symbol: str) -> list[str]:
    words = line.split()
    before = words[:-1] if symbol and words else words
    ledger = extension.ready().writer.ledger
    if words[0] == "%ledger":
        from nbledger.cli import complete_words

        return complete_words(before[1:], symbol, ledger)
    if before[-1:] and before[-1] in ("-e", "--experiment"):
        return [name for name in ledger.experiments() if name.startswith(symbol)]
    if words[0] == "%track" and len(before) == 1:
        return [verb for verb in ("on", "off", "status") if verb.startswith(symbol)]
    if before[-1:] and before[-1] in ("--params", "--metrics", "--model", "--data", "--snapshot"):
        names = (name for name in extension.shell.user_ns if not name.startswith("_"))
        return sorted(name for name in names if name.startswith(symbol))
    return [option for option in TRACK_OPTIONS if option.startswith(symbol)]
