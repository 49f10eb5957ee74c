"""How a cell is executed: its request is sent, and what comes of it is read from both channels until all is there.

The same as nbclient's `async_execute_cell` in its outputs, errors, time-outs and hooks; nbclient makes three tasks for
each cell, and half of the time of a small cell went into them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import zmq
from jupyter_core.utils import run_sync
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbclient.util import run_hook
from nbformat import NotebookNode, from_dict
from papermill.clientwrap import PapermillNotebookClient

from nbledger.pipeline.kernels.direct import dated, direct_client

SECONDS_BETWEEN_LOOKS = 0.1
MOST_AT_ONCE = 100  # messages, between two looks at the clock: a cell may print without end
_EVENTS = frozenset({"status", "execute_input"})
_TIMED = frozenset({"status.busy", "status.idle", "execute_input"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z").fullmatch
_ERASED = re.compile("[^\n]\b")
_OVERWRITTEN = re.compile(r".*\r(?=[^\n])")


class DirectClient(PapermillNotebookClient):
    """Papermill's client, which executes cells without an event loop."""

    meanwhile: Callable[[], None] | None = None  # called when the kernel has begun to work on a cell

    def stops(self) -> bool:
        """Tell whether the wait for a cell is to end although its kernel works on it."""
        return False

    def start_new_kernel_client(self) -> Any:
        """Connect to the kernel, and wait until it answers. Raises what `wait_for_ready` raises."""
        self.kc = direct_client(self.km)
        try:
            self.kc.start_channels()
            self.kc.wait_for_ready(timeout=self.startup_timeout)
        except Exception as error:
            kernel = getattr(self.km, "kernel_id", None)
            self.log.error("The kernel %s does not answer: %s", kernel, error)  # noqa: TRY400 - one line is enough
            self._cleanup_kernel()
            raise
        self.kc.allow_stdin = False
        self._hook("on_notebook_start", notebook=self.nb)
        return self.kc

    def execute_cell(
        self, cell: Any, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> Any:
        """Execute one cell and return it. Raises nbclient's errors."""
        place = {"cell": cell, "cell_index": cell_index}
        self._hook("on_cell_start", **place)
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in tags:
            return cell
        if self.record_timing:
            cell.metadata["execution"] = {}
        allows_errors = not self.force_raise_errors and (self.allow_errors or "raises-exception" in tags)
        self._hook("on_cell_execute", **place)
        request = self.kc.execute(cell.source, store_history=store_history, stop_on_error=not allows_errors)
        self._hook("on_cell_complete", **place)
        self.code_cells_executed += 1
        cell.outputs = []
        self.clear_before_next_output = False
        timeout = self._get_timeout(cell)
        if self.meanwhile is not None:
            self.meanwhile()
        reply = self._answer(request, cell, cell_index, timeout)
        if execution_count:
            cell["execution_count"] = execution_count
        self._hook("on_cell_executed", **place, execute_reply=reply)
        if self.coalesce_streams:
            cell.outputs = coalesced(cell.outputs)
        if reply["content"]["status"] == "error":
            run_sync(self._check_raise_for_error)(cell, cell_index, reply)
        self.nb["cells"][cell_index] = cell
        return cell

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take one message of a cell. What most cells send is taken without nbclient's validation of each output."""
        kind, content = msg["msg_type"], msg["content"]
        if kind in _EVENTS:
            self._take_event(kind, content, msg, cell)
            return None
        output = _plain_output(kind, content)
        hooked = self.output_hook_stack.get(msg["parent_header"].get("msg_id"))
        if output is None or self.clear_before_next_output or hooked:
            return super().process_message(dated(msg), cell, cell_index)
        if "execution_count" in content:
            cell["execution_count"] = content["execution_count"]
        cell.outputs.append(output)
        self.nb_man.autosave_cell()
        if self.log_output or self.stderr_file or self.stdout_file:
            self.log_output_message(output)
        return output

    def _take_event(self, kind: str, content: Any, msg: Any, cell: Any) -> None:
        """Take note that the kernel begins or ends a cell. Raises `CellExecutionComplete` when it has ended."""
        name = kind
        if kind == "status":
            name = f"status.{content['execution_state']}"
        elif "execution_count" in content:
            cell["execution_count"] = content["execution_count"]
        if self.record_timing and name in _TIMED:
            cell["metadata"]["execution"][f"iopub.{name}"] = _timestamp(msg)
        if name == "status.idle":
            raise CellExecutionComplete

    def _answer(self, request: str, cell: Any, index: int, timeout: float | None) -> Any:
        """Return the reply to a request when all that the cell shows is there too."""
        kc = self.kc
        began = time.monotonic()
        deadline = None if timeout is None else began + timeout
        look = began + SECONDS_BETWEEN_LOOKS
        reply, idle = None, False
        while reply is None or not idle:
            now = time.monotonic()
            if now >= look:
                self._look(request, cell, index)
                look = now + SECONDS_BETWEEN_LOOKS
            if deadline is not None and now >= deadline:
                if reply is not None:
                    self._without_outputs(cell)
                    break
                reply = self._late(timeout, request, cell)
                deadline = now + (timeout or 0.0) if reply is None else now + self.iopub_timeout
            on_shell, on_iopub = kc.ready_channels(look - now if deadline is None else min(look, deadline) - now)
            if on_iopub:
                idle = self._take_outputs(request, cell, index) or idle
            if on_shell and reply is None:
                message = kc.shell_channel.get_msg(timeout=0)
                if message["parent_header"].get("msg_id") == request:
                    reply = message
                    deadline = time.monotonic() + self.iopub_timeout
                    if self.record_timing:
                        cell.metadata["execution"]["shell.execute_reply"] = _timestamp(reply)
        return reply

    def _take_outputs(self, request: str, cell: Any, index: int) -> bool:
        """Take the messages that are there, and tell whether they say that the cell has ended."""
        channel = self.kc.iopub_channel
        for _ in range(MOST_AT_ONCE):
            try:
                message = channel._recv(flags=zmq.NOBLOCK)
            except zmq.Again:
                return False
            if message["parent_header"].get("msg_id") == request:
                try:
                    self.process_message(message, cell, index)
                except CellExecutionComplete:
                    return True
        return False

    def _look(self, request: str, cell: Any, index: int) -> None:
        """End the wait when there is nothing to wait for: a kernel that died, a run that was cancelled."""
        if self.stops() or not self.kc.is_alive():
            self._take_outputs(request, cell, index)
            raise DeadKernelError("Kernel died")

    def _late(self, timeout: float | None, request: str, cell: Any) -> Any:
        """Do what is set for a cell that takes too long; return the reply that it is to have, if any."""
        run_sync(self._async_check_alive)()
        reply = run_sync(self._async_handle_timeout)(timeout, cell)
        return None if reply is None else {**reply, "parent_header": {"msg_id": request}}

    def _without_outputs(self, cell: Any) -> None:
        what = "Timeout waiting for IOPub output"
        if self.raise_on_iopub_timeout:
            raise CellTimeoutError.error_from_timeout_and_cell(what, self.iopub_timeout, cell)
        self.log.warning(what)

    def _hook(self, name: str, **about: Any) -> None:
        hook = getattr(self, name)
        if hook is not None:
            run_sync(run_hook)(hook, **about)


def coalesced(outputs: list[Any]) -> list[Any]:
    """Return outputs with the text of each stream as one, as a terminal would show it; stdout before stderr."""
    kept: list[Any] = []
    streams: dict[str, Any] = {}
    for output in outputs:
        if output["output_type"] != "stream" or output["name"] not in streams:
            kept.append(output)
            if output["output_type"] == "stream":
                streams[output["name"]] = output
        else:
            streams[output["name"]]["text"] += output["text"]
    for output in streams.values():
        text, before = output["text"], ""
        while len(text) != len(before):
            before, text = text, _ERASED.sub("", text)
        output["text"] = _OVERWRITTEN.sub("", text)
    for at in range(len(kept) - 1):
        if (kept[at].get("name"), kept[at + 1].get("name")) == ("stderr", "stdout"):
            kept[at], kept[at + 1] = kept[at + 1], kept[at]
    return kept


def _plain_output(kind: str, content: Any) -> NotebookNode | None:
    """Return an output that is surely valid as it is; `None` for all that nbclient has to look at."""
    if kind == "stream":
        return NotebookNode(output_type=kind, name=str(content["name"]), text=str(content["text"]))
    if kind not in ("execute_result", "display_data") or content.get("transient"):
        return None
    data, metadata, count = content.get("data"), content.get("metadata"), content.get("execution_count")
    if type(data) is not dict or type(metadata) is not dict or not {str}.issuperset(map(type, data.values())):
        return None
    output = NotebookNode(output_type=kind, data=from_dict(data), metadata=from_dict(metadata))
    if kind == "execute_result":
        if type(count) is not int or count < 0:
            return None
        output["execution_count"] = count
    return output


def _timestamp(message: Any) -> str:
    """Return when a message was sent, as nbclient writes it."""
    text = str(message["header"].get("date"))
    return text if _TIME(text) else str(timestamp(dated(message)))
