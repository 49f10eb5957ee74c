"""The server extension: its handlers and its events, made when Jupyter Server loads it."""

from __future__ import annotations

import atexit
import re
from typing import Any

from jupyter_server.utils import url_path_join

from nbledger_lab import events, objects
from nbledger_lab.answers import all_routes
from nbledger_lab.handlers import BASE, handlers, unknown
from nbledger_lab.roles import NBLedgerAuthorizer
from nbledger_lab.service import Service

#: What tells the page that its user may start no kernel; JupyterLab would try with each notebook that is opened.
RUNS_NOTHING = "nbledgerRunsNothing"


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


def start(server: Any) -> None:
    """Let each page know whether its user may run anything; done last, for JupyterHub's extension sets its hook too."""
    settings, authorizer = server.web_app.settings, server.authorizer
    if not isinstance(authorizer, NBLedgerAuthorizer):
        return
    inner = settings.get("page_config_hook")

    def page_config(handler: Any, config: dict[str, Any]) -> dict[str, Any]:
        if inner is not None:
            config = inner(handler, config)
        return {**config, RUNS_NOTHING: str(authorizer.runs_nothing(handler.current_user)).lower()}

    settings["page_config_hook"] = page_config
