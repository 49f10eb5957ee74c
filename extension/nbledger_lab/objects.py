"""The bytes of a stored object, by their hash: checked before the first one is sent, and always sent as a download.

What is stored came out of notebooks and is not trusted. No page is ever made of it: no type that a browser runs, no
guessing, a sandbox. Four kinds of pictures keep their type, so that a view can show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tornado.web
from jupyter_server.auth.decorator import authorized
from tornado.iostream import StreamClosedError

from nbledger.ledger.errors import ObjectMissing
from nbledger_lab.handlers import NBLedgerHandler
from nbledger_lab.places import Place
from nbledger_lab.routes import HASH, Route

if TYPE_CHECKING:
    from nbledger_lab.service import Service

_CHUNK = 1 << 20
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_BYTES = "application/octet-stream"
CHECK = Route("GET", "objects/{hash}", "", lambda _ask: None, "", "read", names={"hash": HASH})


class ObjectHandler(NBLedgerHandler):
    """Sends one object."""

    @property
    def allowed(self) -> list[str]:
        """The methods that this address knows."""
        return ["GET", "OPTIONS"]

    @tornado.web.authenticated
    @authorized
    async def get(self, hash: str) -> None:
        """Check an object's bytes against its hash, then send them."""
        CHECK.read_names({"hash": hash})
        place = await self.find_place(self.one("path"))
        path, size, kind = await self.service.run(partial(_found, self.service, place, hash), slow=True)
        self.set_header("ETag", f'"{hash}"')
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Type", kind)
        self.set_header("Content-Length", str(size))
        self.set_header("Content-Disposition", f'attachment; filename="{hash[:16]}"')
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        parts = _chunks(path)
        try:
            while (part := await self.service.run(partial(next, parts, b""), slow=True)) != b"":
                self.write(part)
                await self.flush()
        except StreamClosedError:
            return  # whoever asked has gone
        self.finish(set_content_type=kind)


def _found(service: Service, place: Place, hash: str) -> tuple[Path, int, str]:
    """Return where an object lies, its size and its type. Raises `ObjectMissing` and `ObjectAltered`."""
    with service.shelf.open(place) as ledger:
        if not ledger.database.rows("SELECT 1 FROM object WHERE hash = ?", (hash,)):
            raise ObjectMissing(hash=hash, path=str(ledger.folder))
        size = ledger.objects.check(hash)
        path = ledger.objects.fetch(hash)
    with path.open("rb") as file:
        return path, size, picture_type(file.read(16))


def picture_type(head: bytes) -> str:
    """Return the type of a picture by its first bytes; of all else that of mere bytes."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _PICTURES.items() if head.startswith(mark)), _BYTES)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            yield part


def handler(base: str, service: Any) -> tuple[Any, ...]:
    """Return the handler of objects for addresses that begin with `base`."""
    return (rf"{base}/objects/(?P<hash>[^/]+)", ObjectHandler, {"service": service})
