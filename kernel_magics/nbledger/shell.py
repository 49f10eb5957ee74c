"""The hooks on an IPython shell: every cell is observed, and `%%track` vanishes before the code is compiled.

`%%track` is not run as a cell magic. A cleanup transformer turns its line into a comment, so the cell is compiled and
run by IPython itself: same line numbers, same traceback, same display of the last expression, `await` and other magics
included. `pre_run_cell` reads the options from the cell as typed.
"""

from __future__ import annotations

import atexit
import os
import sys
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from nbledger.capture.recorder import Cell, Context, Recorder
from nbledger.capture.writer import Writer

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from nbledger.capture.outcome import Outcome
    from nbledger.capture.recorder import TrackOptions
    from nbledger.pipeline.kernels.ending import ColdEnding
    from nbledger.pipeline.kernels.pause import Pause

_KEY = "_nbledger"
# Packages whose callbacks do nothing when a cell shows nothing and no figure is open.
_FRONT_ENDS = frozenset({"IPython", "ipykernel", "matplotlib_inline"})
# Cell magics whose body is Python that runs in the user's namespace.
_PYTHON_MAGICS = frozenset({"time", "timeit", "prun", "capture", "track"})


class Extension:
    """nbledger in one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.recorder: Recorder | None = None
        self.last: Outcome | None = None
        self.pause: Pause | None = None
        self.ending: ColdEnding | None = None

    def install(self) -> None:
        """Hook into the shell."""
        from nbledger.magics import NBLedgerMagics, install_completers
        from nbledger.pipeline.kernels.pause import pause_of

        shell = self.shell
        shell.register_magics(NBLedgerMagics(shell, self))
        shell.events.register("pre_run_cell", self._pre_run_cell)
        shell.events.register("post_run_cell", self._post_run_cell)
        shell.input_transformers_cleanup.append(hide_track_line)
        install_completers(shell, self)
        self.pause = pause_of(shell)
        if self.pause is not None:
            from nbledger.pipeline.kernels.ending import ending_of

            self.ending = ending_of(shell)
        atexit.register(self.close)

    def uninstall(self) -> None:
        """Undo `install`."""
        from nbledger.capture.hooks import calls
        from nbledger.magics import remove_completers

        shell = self.shell
        shell.events.unregister("pre_run_cell", self._pre_run_cell)
        shell.events.unregister("post_run_cell", self._post_run_cell)
        shell.input_transformers_cleanup.remove(hide_track_line)
        for kind in ("line", "cell"):
            for name in ("track", "ledger"):
                shell.magics_manager.magics[kind].pop(name, None)
        shell.magics_manager.registry.pop("NBLedgerMagics", None)
        remove_completers(shell)
        if self.pause is not None:
            self.pause.restore()
        if self.ending is not None:
            self.ending.restore()
        calls.uninstall()
        atexit.unregister(self.close)
        self.close()

    def close(self) -> None:
        """End the session."""
        if self.recorder is not None:
            self.recorder.close()

    def use(self, ledger: Path) -> None:
        """Write to another ledger from the next cell on."""
        self.close()
        self.recorder = self._make_recorder(ledger)

    def ready(self) -> Recorder:
        """Return the recorder, made at the first cell, when the notebook's name is known."""
        if self.recorder is None:
            self.recorder = self._make_recorder(None)
        return self.recorder

    def _make_recorder(self, ledger: Path | None) -> Recorder:
        from nbledger.capture.identity import current_session, find_notebook, frontend_name, working_folder
        from nbledger.ledger.location import find_folder, find_root, relative

        shell = self.shell
        notebook = find_notebook(os.environ, shell.user_ns.get)
        root = find_root(notebook or Path.cwd()) if ledger is None else find_folder(ledger).parent
        name = relative(str(notebook), root) if notebook is not None else None
        session = current_session(frontend_name(os.environ, shell.user_ns.get), name, working_folder())
        writer = Writer(session, root, say)
        return Recorder(shell.user_ns, writer, _context(name), shell.user_ns_hidden)

    def _pre_run_cell(self, info: ExecutionInfo) -> None:
        try:
            recorder = self.ready()
            if recorder.running and info.store_history:
                recorder.abandon()
            raw = info.raw_cell or ""
            cell = Cell(
                raw,
                python_sources(self.shell, info.transformed_cell or raw),
                info.cell_id,
                self.shell.execution_count - 1 if info.store_history else None,
                self._is_alone(),
            )
            recorder.begin(cell, self._options(raw) if "%%track" in raw else None)
        except Exception as error:  # noqa: BLE001  # recording never breaks the user's cell
            self._trouble(error)

    def _post_run_cell(self, result: ExecutionResult) -> None:
        info = result.info
        if self.recorder is None or info is None or not (info.raw_cell or "").strip():
            return
        try:
            outcome = self.recorder.end(result.error_before_exec or result.error_in_exec)
            if outcome is not None:
                self.last = outcome
                if outcome.shown:
                    from nbledger.widgets.card import show

                    show(outcome, self.recorder.writer)
            if self.pause is not None:
                self.pause.decide()
        except Exception as error:  # noqa: BLE001  # recording never breaks the user's cell
            self._trouble(error)

    def _options(self, raw: str) -> TrackOptions | None:
        from nbledger.magics import track_options

        return track_options(self.shell, raw)

    def _is_alone(self) -> bool:
        """Tell whether nobody has asked the shell to run or show anything with each cell."""
        shell = self.shell
        callbacks = shell.events.callbacks
        before_end = takewhile(lambda call: call != self._post_run_cell, callbacks["post_run_cell"])
        between = (*callbacks["post_execute"], *before_end)
        return (
            callbacks["pre_run_cell"][-1] == self._pre_run_cell
            and not (shell.ast_transformers or shell.custom_exceptions)
            and shell.ast_node_interactivity == "last_expr"
            and all(map(_is_front_ends, between))
        )

    def _trouble(self, error: Exception) -> None:
        if os.environ.get("NBLEDGER_DEBUG"):
            raise error
        text = f"this cell was not recorded in full: {type(error).__name__}: {error}; NBLEDGER_DEBUG=1 shows where"
        if self.recorder is not None:
            self.recorder.writer.warn(text)
        else:
            say(f"nbledger: {text}")


def load(shell: InteractiveShell) -> None:
    """Start observing a shell. Loading twice is harmless."""
    if _KEY not in shell.__dict__:
        extension = Extension(shell)
        extension.install()
        shell.__dict__[_KEY] = extension


def unload(shell: InteractiveShell) -> None:
    """Stop observing a shell and leave nothing behind."""
    extension = shell.__dict__.pop(_KEY, None)
    if extension is not None:
        extension.uninstall()


def _is_front_ends(call: object) -> bool:
    """Tell whether a callback is one that the front end has in every shell."""
    return str(getattr(call, "__module__", "")).partition(".")[0] in _FRONT_ENDS


def say(text: str) -> None:
    """Show a line under the cell, on the error stream."""
    sys.stderr.write(text + "\n")


def hide_track_line(lines: list[str]) -> list[str]:
    """Turn a leading `%%track ...` line into a comment; before another cell magic, take it away.

    A line whose options are wrong is left, so that the magic itself runs and says what is wrong.
    """
    if not lines or not lines[0].startswith("%%track"):
        return lines
    from nbledger.magics import TRACK_LINE, is_valid_track_line

    if not TRACK_LINE.match(lines[0]) or not is_valid_track_line(lines[0]):
        return lines
    rest = lines[1:]
    following = next((line for line in rest if line.strip()), "")
    if following.startswith("%%"):
        return rest[next(at for at, line in enumerate(rest) if line.strip()) :]
    return ["# " + lines[0], *rest]


# IPython calls such a transformer when a cell runs, not when it asks whether the input is complete.
hide_track_line.has_side_effects = True  # type: ignore[attr-defined]


def python_sources(shell: InteractiveShell, source: str) -> tuple[str, ...]:
    """Return a transformed cell's Python, and that of the bodies of `%%time` and its like inside it."""
    sources = [source]
    if "run_cell_magic(" not in source:
        return (source,)
    import ast

    from nbledger.fingerprint.syntax import parse

    try:
        tree = parse(source)
    except SyntaxError:
        return (source,)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "run_cell_magic" and len(node.args) == 3:
            values = [arg.value if isinstance(arg, ast.Constant) else "" for arg in node.args]
            if values[0] in _PYTHON_MAGICS and values[0] != "capture":
                sources.extend(python_sources(shell, shell.transform_cell(str(values[2]))))
    return tuple(sources)


def _context(notebook: str | None) -> Context:
    import json

    from nbledger.records import Param

    environ = os.environ
    given = json.loads(environ.get("NBLEDGER_PARAMETERS") or "{}")
    return Context(
        notebook,
        environ.get("NBLEDGER_EXPERIMENT"),
        environ.get("NBLEDGER_PARENT_RUN"),
        tuple(Param(name, value, "papermill") for name, value in given.items()),
    )
