"""A front end without a browser: it holds the widgets' state as the kernel sends it, and clicks and types in them."""

from __future__ import annotations

import queue
import time
from typing import Any

from tests.notebook.conftest import CellOutput, Kernel


class FrontEnd(Kernel):
    """A kernel whose widgets are known by their model ids: `models` has their state."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.updates: dict[str, dict[str, Any]] = {}
        self.writes = 0
        super().__init__(*args, **options)

    def run(self, code: str, *, timeout: float = 120, cell: str | None = None, **_: Any) -> CellOutput:
        """Execute a cell (with an id) and return all that it showed."""
        content = {"code": code, "allow_stdin": False, "store_history": True}
        return self._ask("execute_request", content, timeout, {} if cell is None else {"cellId": cell})

    def find(self, kind: str, **state: Any) -> str:
        """Return the model of the newest widget of a kind (`Button`) with this state."""
        found = [
            id
            for id, known in self.models.items()
            if known.get("_model_name") == f"{kind}Model" and state.items() <= known.items()
        ]
        assert found, f"no {kind} with {state}: {[m.get('description') for m in self.models.values()]}"
        return found[-1]

    def click(self, button: str) -> CellOutput:
        """Click a button."""
        return self._tell(button, {"method": "custom", "content": {"event": "click"}})

    def change(self, model: str, **state: Any) -> CellOutput:
        """Change a widget as somebody does who types or chooses."""
        return self._tell(model, {"method": "update", "state": state, "buffer_paths": []})

    def html(self, text: str) -> str:
        """Return the newest HTML widget in which a text stands."""
        found = [one["value"] for one in self.models.values() if text in str(one.get("value", ""))]
        assert found, f"nothing says {text!r}"
        return str(found[-1])

    def says(self, text: str) -> bool:
        """Tell whether some widget says a text now."""
        return any(text in str(one.get("value", "")) for one in self.models.values())

    def wait_until(self, holds: Any, seconds: float = 20.0) -> None:
        """Take in what the kernel sends until something holds."""
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, "it did not come to hold"
            try:
                self._take(self.client.get_iopub_msg(timeout=0.2), CellOutput())
            except queue.Empty:
                continue

    def _tell(self, model: str, data: dict[str, Any]) -> CellOutput:
        return self._ask("comm_msg", {"comm_id": model, "data": data}, 60)

    def _ask(
        self, kind: str, content: dict[str, Any], timeout: float, metadata: dict[str, Any] | None = None
    ) -> CellOutput:
        output = CellOutput()
        message = self.client.session.msg(kind, content, metadata=metadata)
        self.client.shell_channel.send(message)
        while True:
            reply = self.client.get_iopub_msg(timeout=timeout)
            self._take(reply, output)
            mine = reply["parent_header"].get("msg_id") == message["header"]["msg_id"]
            if mine and reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                return output

    def _take(self, message: dict[str, Any], output: CellOutput) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_open":
            self.models[content["comm_id"]] = dict(content["data"]["state"])
        elif kind == "comm_close":
            self.models.pop(content["comm_id"], None)
        elif kind == "comm_msg" and content["data"].get("method") in ("update", "echo_update"):
            self.models.setdefault(content["comm_id"], {}).update(content["data"]["state"])
        elif kind == "update_display_data":
            self.updates[content["transient"]["display_id"]] = content["data"]
            self.writes += 1
        elif kind == "execute_result":
            output.result = content["data"]
        elif kind == "display_data":
            output.displays.append(content["data"])
            output.metadata.append(content["metadata"])
        elif kind == "stream":
            setattr(output, content["name"], getattr(output, content["name"]) + content["text"])
        elif kind == "error":
            output.error = content
