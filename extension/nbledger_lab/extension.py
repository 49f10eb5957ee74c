"""The server extension: its handlers and its events, made when Jupyter Server loads it."""

from __future__ import annotations

import atexit
import re
from typing import Any

from jupyter_server.utils import url_path_join

from nbledger_lab import events, objects
from nbledger_lab.answers import all_routes
from nbledger_lab.handlers import BASE, handlers, unknown
from nbledger_lab.service import Service


def load(server: Any) -> Service:
    """Add the handlers to a Jupyter Server, and return what they share."""
    service = Service(all_routes())
    app = server.web_app
    base_url = app.settings["base_url"]
    events.register(server.event_logger)
    base = re.escape(url_path_join(base_url, BASE))
    app.add_handlers(".*$", [*handlers(service, base_url), objects.handler(base, service), unknown(service, base_url)])
    app.settings["nbledger_service"] = service
    atexit.register(service.close)
    server.log.info("nbledger_lab is loaded: %s", url_path_join(base_url, BASE))
    return service
