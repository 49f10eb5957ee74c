"""A view: one thing shown three ways, as a live widget, as static HTML and as text.

In a notebook two outputs are written. The first is the widget and is never touched again: a front end builds a widget
anew whenever its output is updated, which would take the keyboard's focus away. The second holds the static forms
under a display id; it follows the view's state, is hidden by the widget for as long as that one lives, and is what is
left in a saved notebook, in nbconvert and on GitHub. A terminal gets the text alone.
"""

from __future__ import annotations

import asyncio
import functools
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from nbledger.errors import NBLedgerError

_EMPTY_LINE = re.compile(r"\n(?=[ \t]*\n)")
WIDGET = "application/vnd.jupyter.widget-view+json"
#: Seconds between two writes of the static forms.
EVERY = 1.0


@contextmanager
def unobserved() -> Iterator[None]:
    """What is read and computed inside, to show something, is not the doing of the user's cell."""
    from nbledger.capture.hooks import calls
    from nbledger.capture.world import audit

    with audit.paused(), calls.paused():
        yield


class View:
    """Something to look at. A subclass gives `widget`, `html` and `text`, and calls `changed` when its state changes.

    `title` names it to screen readers.
    """

    title = "nbledger"

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex[:12]
        self._live: Any = None
        self._notice: Any = None
        self._shown = False
        self._written = 0.0
        self._waiting: Callable[[], object] | None = None

    def widget(self) -> Any:
        """Return the `ipywidgets.Widget` that is shown; asked for once."""
        raise NotImplementedError

    def html(self) -> str:
        """Return the present state as HTML without scripts that needs nothing else; all from outside is escaped."""
        raise NotImplementedError

    def text(self) -> str:
        """Return the present state as plain text."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> str:
        # What is looked at is in the ledger; a variable that holds a view is known by its name, like a global.
        return f"{type(self).__qualname__}({self.id})"

    def show(self) -> None:
        """Display it here."""
        with unobserved():
            if not _in_kernel():
                print(self.text())  # noqa: T201 - a terminal's display is its output
                return
            from IPython.display import display

            if not _nobody_clicks():
                live = {"version_major": 2, "version_minor": 0, "model_id": self.live().model_id}
                display({WIDGET: live, "text/html": "", "text/plain": ""}, raw=True)
            display(self._static(), raw=True, display_id=self.id, metadata=self._marked())
            self._shown, self._written = True, time.monotonic()

    _ipython_display_ = show

    def live(self) -> Any:
        """Return the widget with what every view has around it: a place for refusals, the rule that hides its twin."""
        if self._live is None:
            import ipywidgets

            self._notice = ipywidgets.HTML(layout={"display": "none", "margin": "0"})
            hide = ipywidgets.HTML(f"<style>{_hides(self.id)}</style>", layout={"display": "none"})
            self._live = ipywidgets.VBox([hide, self._notice, self.widget()], layout={"overflow": "visible"})
            self._live.add_class("nbl-view")
        return self._live

    def changed(self) -> None:
        """Say that the state changed: the static forms follow within a second, and with the end of a running cell."""
        if not self._shown or self._waiting is not None:
            return
        self._waiting = later(max(0.05, self._written + EVERY - time.monotonic()), self._write)
        if _in_kernel():
            _shell().events.register("post_run_cell", self._write)

    def handler(self, function: Callable[..., Any], *, clears: bool = True) -> Callable[..., None]:
        """Return a widget's callback: unobserved, and what it raises is shown above the widget, in one calm line.

        One that succeeds takes the line away, if it `clears`.
        """

        @functools.wraps(function)
        def called(*args: Any, **options: Any) -> None:
            try:
                with unobserved():
                    function(*args, **options)
            except NBLedgerError as error:
                self.notice(str(error))
            except Exception as error:  # noqa: BLE001 - a callback's traceback would be seen by nobody
                self.notice(f"unexpected: {type(error).__name__}: {error}")
            else:
                if clears:
                    self.notice("")

        return called

    def notice(self, text: str) -> None:
        """Show a line above the widget, with its line breaks (a caret points into the line above it); "" hides it."""
        if self._notice is None or (not text and not self._notice.value):
            return
        self._notice.value = notice_html(text) if text else ""
        self._notice.layout.display = "block" if text else "none"

    def _static(self) -> dict[str, str]:
        # In Markdown (`nbconvert --to markdown`) what begins with `<style>` ends with it; from a `<div>` on all is HTML
        # until there is an empty line.
        begin = f'<div class="nbl-static nbl-static-{self.id}"><style>{_error_hides(self.id)}</style>'
        page = _EMPTY_LINE.sub("&#10;", self.html())
        return {"text/html": f"{begin}{page}</div>", "text/plain": self.text()}

    def _marked(self) -> dict[str, Any]:
        """Return the metadata by which JupyterLab finds the static forms again in a page that was reloaded."""
        return {"nbledger": {"display_id": self.id}}

    def _write(self, *_: object) -> None:
        """Write the static forms now; what waited is done with."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        waiting()
        if _in_kernel():
            _shell().events.unregister("post_run_cell", self._write)
        from IPython.display import update_display

        self._written = time.monotonic()
        with unobserved():
            update_display(self._static(), raw=True, display_id=self.id, metadata=self._marked())


def notice_html(text: str) -> str:
    """Return a refusal as HTML."""
    return (
        '<div role="status" style="white-space:pre-wrap;font-family:var(--jp-code-font-family,monospace);'
        "font-size:12px;line-height:1.4;padding:6px 10px;margin:4px 0;border-left:4px solid "
        'var(--jp-warn-color1,#b07a00);background:var(--jp-layout-color2,rgba(128,128,128,.1))">'
        f"{escape(text)}</div>"
    )


def _hides(id: str) -> str:
    return f".nbl-static-{id},.jp-OutputArea-child:has(.nbl-static-{id}){{display:none!important}}"


def _error_hides(id: str) -> str:
    """The rule by which the static form hides the output before it while that has no widget to show (Lab's error)."""
    child = ".jp-OutputArea-child"
    return f"{child}:has(+ {child} .nbl-static-{id}):not(:has(.jupyter-widgets > *)){{display:none}}"


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()


def _in_kernel() -> bool:
    """Tell whether this process is a kernel, so that a front end with widgets may be there."""
    return getattr(_shell(), "kernel", None) is not None


@functools.cache
def _nobody_clicks() -> bool:
    """Tell whether this kernel executes a notebook from its start to its end, and whoever reads it has no kernel then.

    What runs it would keep the state of each widget in the file: ten times what the static form takes.
    """
    from nbledger.capture.identity import frontend_name

    return frontend_name(os.environ, _shell().user_ns.get) in ("papermill", "nbconvert")


def running_cell() -> str | None:
    """Return the id of the notebook's cell that runs; `None` where a front end gave none."""
    parent: dict[str, Any] = getattr(_shell(), "get_parent", dict)() or {}
    found = parent.get("metadata", {}).get("cellId")
    return str(found) if found else None


def before_each_cell(call: Callable[[Any], object], *, on: bool) -> None:
    """Have `call` called with IPython's `ExecutionInfo` before each cell from now on, or not any more."""
    shell = _shell()
    if shell is not None:
        registered = call in shell.events.callbacks["pre_run_cell"]
        if on != registered:
            (shell.events.register if on else shell.events.unregister)("pre_run_cell", call)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return this thread's event loop, which a kernel has."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    """Call something later, in this thread where it has an event loop (a kernel's has); return what calls that off."""
    loop = running_loop()
    if loop is not None:
        return loop.call_later(seconds, call).cancel
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
    return timer.cancel
