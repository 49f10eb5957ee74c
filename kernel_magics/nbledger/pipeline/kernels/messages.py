"""The lines of JSON between a process and its fork server, over a pair of connected sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 65536


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    """Send one message. Raises `OSError` when the other side is gone."""
    channel.sendall(json.dumps(message).encode() + b"\n")


class Lines:
    """Takes bytes as they come and gives whole messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield the messages that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """Wait for one message on a channel that carries just one; `None` when the other side closed it."""
    lines = Lines()
    while data := channel.recv(MOST_BYTES):
        for message in lines.feed(data):
            return message
    return None
