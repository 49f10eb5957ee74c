"""The edge to tornado: who asks, may he, what does he ask; the answers themselves are made in worker threads.

Authentication, XSRF and the check of the origin are Jupyter Server's own and stay on. Each action is asked of the
server's authorizer: `read`, `write` or `promote` of the resource `nbledger`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from functools import partial
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import tornado.web
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join

from nbledger_lab import events
from nbledger_lab.identity import who_is
from nbledger_lab.openapi import document
from nbledger_lab.places import Place, find_place
from nbledger_lab.problems import Problem, bad_request, not_found, problem_of
from nbledger_lab.routes import Ask, Route

if TYPE_CHECKING:
    from nbledger_lab.service import Service

RESOURCE = "nbledger"
ACTIONS = ("read", "write", "promote")
BASE = "nbledger/api"
MOST_BODY = 64 << 10


class NBLedgerHandler(APIHandler):
    """What all handlers have: problem JSON for every error, and headers under which an answer stays data."""

    auth_resource = RESOURCE

    def initialize(self, service: Service) -> None:
        """Keep the service that all handlers of a server share."""
        self.service = service
        self.place: Place | None = None

    def set_default_headers(self) -> None:
        """Add what keeps a browser from taking an answer for anything but data."""
        super().set_default_headers()
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, no-cache")

    async def may(self, action: str, resource: str = RESOURCE) -> bool:
        """Tell whether the authorizer lets this user do something with a resource, by default the ledger."""
        user = cast("Any", self.current_user)
        return bool(await ensure_async(self.authorizer.is_authorized(self, user, action, resource)))

    async def _demand(self, action: str, resource: str) -> None:
        """Raise 403 unless the user may do it."""
        if action and not await self.may(action, resource):
            raise tornado.web.HTTPError(403, f"User is not authorized to {action} on resource: {resource}.")

    async def find_place(self, path: str) -> Place:
        """Return what a path names below the server's root. Raises a `Problem`."""
        contents = self.contents_manager
        root = Path(getattr(contents, "root_dir", "") or self.settings["server_root_dir"])
        hidden = bool(getattr(contents, "allow_hidden", False))
        self.place = await self.service.run(partial(find_place, root, path, allow_hidden=hidden))
        return self.place

    def one(self, name: str) -> str:
        """Return a parameter of the query, an empty text when it is missing."""
        values = self.get_query_arguments(name, strip=False)
        return values[-1] if values else ""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every error as problem JSON; what nobody raised on purpose is only told to the log."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, tornado.web.HTTPError):
            problem = _of_tornado(error, status_code)
        else:
            problem = problem_of(error or Exception(), self.place.names if self.place else None)
        if problem.status >= 500 and problem.kind == "internal":
            self.log.error("nbledger: %s %s failed", self.request.method, self.request.path, exc_info=error)
        self.clear()
        self.set_status(problem.status)
        if problem.status == 405:
            self.set_header("Allow", ", ".join(self.allowed))
        if problem.status == 503:
            self.set_header("Retry-After", "2")
        self.finish(json.dumps(problem.to_dict()), set_content_type="application/problem+json")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Leave what is answered as a problem out of the log's tracebacks."""
        if value is None or problem_of(value).kind == "internal":
            super().log_exception(typ, value, tb)

    @property
    def allowed(self) -> list[str]:
        """The methods that this address knows."""
        return ["OPTIONS"]


class RouteHandler(NBLedgerHandler):
    """Answers the routes of one address."""

    def initialize(self, service: Service, routes: Mapping[str, Route]) -> None:  # type: ignore[override]
        """Keep the address's routes by method."""
        super().initialize(service)
        self.routes = routes
        self._waits: asyncio.Future[Any] | None = None

    @property
    def allowed(self) -> list[str]:
        """The methods that this address knows."""
        return [*self.routes, "OPTIONS"]

    @tornado.web.authenticated
    @authorized
    async def get(self, **names: str) -> None:
        """Answer what reads."""
        await self._answer("GET", names)

    @tornado.web.authenticated
    @authorized
    async def post(self, **names: str) -> None:
        """Answer what writes."""
        await self._answer("POST", names)

    async def _answer(self, method: str, names: Mapping[str, str]) -> None:
        route = self.routes.get(method)
        if route is None:
            raise tornado.web.HTTPError(405)
        await self._demand("promote" if route.action == "promote" else "", RESOURCE)
        for resource, action in route.also.items():
            await self._demand(action, resource)
        found = route.read_names(names)
        place = await self.find_place(self.one("path"))
        query = route.read_query({name: self.get_query_arguments(name) for name in self.request.query_arguments})
        body = route.read_body(self.read_body()) if route.body is not None else {}
        may = {action: await self.may(action) for action in ACTIONS} if route.tells_rights else {}
        if body.get("dry_run") is False:  # whoever may write tries it out; it takes more to do it
            await self._demand("promote", RESOURCE)
        who = who_is(self.current_user)
        if route.versioned and await self._unchanged(place):
            return
        ask = Ask(cast("Any", None), place, found, query, body, who, self.service, may)
        if route.waits is not None:
            answer = await self._waited(route.waits(ask))
        else:
            answer = await self.service.run(partial(_answered, route, ask), slow=route.slow)
        if route.event:
            events.emit(self.event_logger, route, place, who, found, answer)
        self.finish(json.dumps(answer, allow_nan=False, ensure_ascii=False, separators=(",", ":")))

    async def _waited(self, answer: Awaitable[Any]) -> Any:
        """Wait for an answer; whoever goes away meanwhile is not waited for."""
        self._waits = asyncio.ensure_future(answer)
        try:
            return await self._waits
        except asyncio.CancelledError:
            raise tornado.web.Finish from None

    def on_connection_close(self) -> None:
        """Forget a request whose asker has gone."""
        if self._waits is not None:
            self._waits.cancel()
        super().on_connection_close()

    async def _unchanged(self, place: Place) -> bool:
        """Set the ledger's version as ETag, and answer 304 when the asker has that one."""
        version = await self.service.run(partial(self.service.shelf.tag, place))
        self.set_header("ETag", f'W/"{version}"')
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return True
        return False

    def read_body(self) -> Any:
        """Return the body as JSON. Raises a `Problem`."""
        if len(self.request.body) > MOST_BODY:
            raise Problem(413, "too-large", f"The body is larger than {MOST_BODY >> 10} kB.")
        try:
            return json.loads(self.request.body.decode("utf-8") or "{}")
        except (ValueError, RecursionError):
            raise bad_request("The body is no JSON.") from None


class UnknownHandler(NBLedgerHandler):
    """Answers what is below `nbledger/api/` and no route."""

    @tornado.web.authenticated
    @authorized
    async def get(self, _rest: str = "") -> None:
        """Say that there is no such route."""
        raise not_found("There is no such route.", f"{BASE}/openapi.json lists what there is.")

    post = put = patch = delete = head = get


def _answered(route: Route, ask: Ask) -> Any:
    """Answer in a worker thread."""
    if not route.needs_ledger:
        return route.answer(ask)
    with ask.service.shelf.open(ask.place) as ledger:
        return route.answer(replace(ask, ledger=ledger))


def _of_tornado(error: tornado.web.HTTPError, status: int) -> Problem:
    message = error.log_message or ""
    try:
        detail = message % error.args if error.args and message else message
    except TypeError:
        detail = message
    kinds = {400: "bad-request", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"}
    remedy = "Ask whoever runs this server for the role that it takes." if "authorized" in detail else ""
    return Problem(status, kinds.get(status, "http"), re.sub(r"\s+", " ", detail) or responses.get(status, ""), remedy)


class DocumentHandler(NBLedgerHandler):
    """Answers with the OpenAPI document."""

    @property
    def allowed(self) -> list[str]:
        """The methods that this address knows."""
        return ["GET", "OPTIONS"]

    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        """Return the document, with this server's own base address."""
        found = document(self.service.routes)
        found["servers"] = [{"url": self.base_url}]
        self.finish(json.dumps(found))


def handlers(service: Service, base_url: str) -> list[tuple[Any, ...]]:
    """Return the handlers of all routes for a server whose addresses begin with `base_url`."""
    addresses: dict[str, dict[str, Route]] = {}
    for route in service.routes:
        addresses.setdefault(route.pattern, {})[route.method] = route
    base = re.escape(url_path_join(base_url, BASE))
    found: list[tuple[Any, ...]] = [
        (f"{base}/{pattern}", RouteHandler, {"service": service, "routes": routes})
        for pattern, routes in addresses.items()
    ]
    found.append((f"{base}/openapi\\.json", DocumentHandler, {"service": service}))
    return found


def unknown(service: Service, base_url: str) -> tuple[Any, ...]:
    """Return the handler of all addresses that no other one knows; it comes last."""
    base = re.escape(url_path_join(base_url, BASE))
    return (f"{base}(?:/(.*))?", UnknownHandler, {"service": service})


__all__ = ["ACTIONS", "BASE", "RESOURCE", "NBLedgerHandler", "RouteHandler", "handlers", "unknown"]
