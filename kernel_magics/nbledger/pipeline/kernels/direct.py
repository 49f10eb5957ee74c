"""A client of a kernel that waits for its reply and its outputs at once, without an event loop.

Jupyter's asynchronous client makes a task of each wait and asks a socket twice for each message; a cell of one line
cost more there than in the kernel. It also waits 0.2 s for silence before the first cell, which none of ours needs: a
message that belongs to no request of ours is not taken.
"""

from __future__ import annotations

import time
from hmac import compare_digest
from queue import Empty
from typing import TYPE_CHECKING, Any

import zmq
from jupyter_client.adapter import adapt
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.channels import ZMQSocketChannel
from jupyter_client.jsonutil import extract_dates
from jupyter_client.manager import KernelManager
from traitlets import Type

if TYPE_CHECKING:
    from jupyter_client.session import Session


class _Channel(ZMQSocketChannel):
    """Jupyter's channel, whose messages have the times in their headers as text: `dated` makes dates of them."""

    def _recv(self, **how: Any) -> dict[str, Any]:
        assert self.socket is not None
        _, parts = self.session.feed_identities(self.socket.recv_multipart(**how))
        return _message(self.session, parts)


class DirectKernelClient(BlockingKernelClient):
    """Jupyter's blocking client, which knows from the kernel's manager, not from a heartbeat, whether it lives."""

    shell_channel_class = Type(_Channel)
    iopub_channel_class = Type(_Channel)
    _poller: zmq.Poller | None = None

    def start_channels(self, *_: Any, **__: Any) -> None:
        """Connect to what is needed to run cells: nobody is there to type an input."""
        super().start_channels(hb=False, stdin=False)

    def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on both channels. Raises `RuntimeError`."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            self.kernel_info()
            if self._answers():
                return
            self._check(until)

    def ready_channels(self, seconds: float) -> tuple[bool, bool]:
        """Wait for messages, so many seconds at most, and return whether one is on the shell and one on IOPub."""
        if self._poller is None:
            self._poller = zmq.Poller()
            self._poller.register(self.shell_channel.socket, zmq.POLLIN)
            self._poller.register(self.iopub_channel.socket, zmq.POLLIN)
        found = dict(self._poller.poll(max(0, int(seconds * 1000))))
        return self.shell_channel.socket in found, self.iopub_channel.socket in found

    def settled(self, seconds: float) -> bool:
        """Wait until the kernel has done all that it was asked, so many seconds at most, and tell whether it has."""
        asked = self.kernel_info()
        until = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < until:
            try:
                message = self.shell_channel.get_msg(timeout=0.1)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") == asked:
                return True
        return False

    def _answers(self) -> bool:
        try:
            reply = self.shell_channel.get_msg(timeout=1)
            if reply["msg_type"] != "kernel_info_reply":
                return False
            self.iopub_channel.get_msg(timeout=0.2)
        except Empty:
            return False
        self._handle_kernel_info_reply(reply)
        return True

    def _check(self, until: float | None) -> None:
        """Raise unless there is a reason to wait on."""
        if not self.is_alive():
            raise RuntimeError("Kernel died before replying to kernel_info")
        if until is not None and time.monotonic() > until:
            raise RuntimeError("Kernel didn't respond in time")


def direct_client(manager: Any) -> DirectKernelClient:
    """Return a client of a manager's kernel: its own where that is one of ours, else one made as it makes its own."""
    if not isinstance(manager, KernelManager):
        client: DirectKernelClient = manager.client()
        return client
    about = manager.get_connection_info(session=True)
    keys = {
        name: about[name].encode() for name in ("curve_publickey", "curve_secretkey") if type(about.get(name)) is str
    }
    return DirectKernelClient(**{**about, **keys}, connection_file=manager.connection_file, parent=manager)


def dated(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as Jupyter's own client gives it: with dates in its headers."""
    return {**message, **{name: extract_dates(message[name]) for name in ("header", "parent_header")}}


def _message(session: Session, parts: list[Any]) -> dict[str, Any]:
    """Return what `Session.deserialize` returns, but for dates, which took more than half of its time.

    Raises its `ValueError` for a message that is not signed as the session's, or that came before.
    """
    if session.auth is None or len(parts) < 5:
        return session.deserialize(parts)
    signature = parts[0]
    if not signature or signature in session.digest_history:
        raise ValueError(f"a message without a signature, or with one that was used before: {signature!r}")
    session._add_digest(signature)
    if not compare_digest(signature, session.sign(parts[1:5])):
        raise ValueError(f"a message with a wrong signature: {signature!r}")
    header, parent, metadata, content = map(session.unpack, parts[1:5])
    message = {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": parent,
        "metadata": metadata,
        "content": content,
        "buffers": [memoryview(part) for part in parts[5:]],
    }
    return adapt(message)
