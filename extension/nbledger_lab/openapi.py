"""The OpenAPI 3.1 document of the REST interface, made of the routes' own declarations.

`python -m nbledger_lab.openapi` writes it to `openapi.json` beside this file; a test holds that it is up to date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbledger import __version__
from nbledger_lab.routes import HASH, PATH, Route, Schema
from nbledger_lab.schemas import SCHEMAS, ref

FILE = Path(__file__).with_name("openapi.json")
_JSON = "application/json"
_PROBLEM = {"application/problem+json": {"schema": ref("Problem")}}
_BAD = {"description": "The request cannot be understood", "content": _PROBLEM}
_FORBIDDEN = {"description": "Not signed in, or the user's role does not cover it", "content": _PROBLEM}
_ABSENT = {"description": "There is no such thing, or no ledger", "content": _PROBLEM}
_REFUSED = {"description": "Refused, or the ledger is not in a state for it", "content": _PROBLEM}
_BUSY = {"description": "The ledger is locked, or the server is busy", "content": _PROBLEM}
_ERRORS = {"400": _BAD, "403": _FORBIDDEN, "404": _ABSENT, "409": _REFUSED, "503": _BUSY}


def document(routes: list[Route]) -> dict[str, Any]:
    """Return the document of these routes, and of those that answer with something else than JSON."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(f"/nbledger/api/{route.path}", {})[route.method.lower()] = _operation(route)
    paths["/nbledger/api/objects/{hash}"] = {"get": _object()}
    paths["/nbledger/api/openapi.json"] = {"get": _itself()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nbledger",
            "version": __version__,
            "description": "A project's ledger of notebook runs over REST, beside Jupyter Server's own interface. "
            "`path` names a notebook, a folder or a `ledger.db` below the server's root; what is asked is asked of "
            "the ledger that belongs to it. Every error is problem JSON (RFC 9457).",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": "/", "description": "The Jupyter Server's base address"}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token` and the server's token; a browser's cookie with its XSRF header as well",
                }
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    parameters = [_parameter(name, schema, "path") for name, schema in route.names.items()]
    parameters += [_parameter(name, schema, "query") for name, schema in route.query.items()]
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "description": f"Takes the action `{route.action}` of the resource `nbledger`.",
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer", "content": {_JSON: {"schema": ref(route.answers)}}},
            **({"304": {"description": "Nothing is new since the version named"}} if route.versioned else {}),
            **_ERRORS,
        },
    }
    if route.body is not None:
        required = bool(route.body.get("required"))
        operation["requestBody"] = {"required": required, "content": {_JSON: {"schema": dict(route.body)}}}
        operation["responses"]["413"] = {"description": "The body is too large", "content": _PROBLEM}
        operation["responses"]["507"] = {"description": "The disk is full", "content": _PROBLEM}
    return operation


def _parameter(name: str, schema: Schema, place: str) -> dict[str, Any]:
    required = place == "path" or "default" not in schema
    return {"name": name, "in": place, "required": required, "schema": dict(schema)}


def _object() -> dict[str, Any]:
    bytes_of: Mapping[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": "object",
        "summary": "The bytes of a stored object",
        "description": "Takes the action `read` of the resource `nbledger`.",
        "parameters": [_parameter("hash", HASH, "path"), _parameter("path", PATH, "query")],
        "responses": {
            "200": {
                "description": "The bytes, as a download",
                "content": {"application/octet-stream": bytes_of, "image/*": bytes_of},
            },
            "304": {"description": "The bytes are known already"},
            **_ERRORS,
        },
    }


def _itself() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": "This document",
        "responses": {
            "200": {"description": "The document", "content": {_JSON: {"schema": {"type": "object"}}}},
            "403": _FORBIDDEN,
        },
    }


def text(routes: list[Route]) -> str:
    """Return the document as the text of a file."""
    return json.dumps(document(routes), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    from nbledger_lab.answers import all_routes

    FILE.write_text(text(all_routes()), encoding="utf-8")
