"""The routes of `nbledger/api/`, each declared once beside the function that answers it.

A declaration says which parameters there are, as JSON Schema, and what the answer looks like. The handlers check each
request by it and the OpenAPI document is made of it, so the three cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import jsonschema

from nbledger_lab.problems import bad_request

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger_lab.places import Place
    from nbledger_lab.service import Service

Schema = Mapping[str, Any]
Action = Literal["read", "write", "promote"]
Answer = Callable[["Ask"], Any]
Waiting = Callable[["Ask"], Awaitable[Any]]

RUN_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{4,32}$"}
HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
PATH: Schema = {"type": "string", "maxLength": 4096, "default": ""}
OFFSET: Schema = {"type": "integer", "minimum": 0, "maximum": 10_000_000, "default": 0}


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """Check a text as ECMA 262 and JSON Schema mean it: Python's `$` would let a line break at the end pass."""
    strict = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(instance, str) and re.search(strict, instance) is None:
        yield jsonschema.ValidationError(f"{instance[:100]!r} does not match {pattern!r}")


Validator: Any = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


def limit(most: int, default: int) -> Schema:
    """Return the schema of a page's size."""
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


def text(most: int = 200) -> Schema:
    """Return the schema of a text that may be left out."""
    return {"type": "string", "maxLength": most, "default": ""}


@dataclass(frozen=True)
class Ask:
    """One request, checked: the ledger it is about, and what it says.

    `names` are the parts of the address, `query` and `body` have every declared parameter (by its default where it was
    left out). `who` is whom the server takes the user for; `may` says what that user may do, for a route that tells it.
    """

    ledger: Ledger
    place: Place
    names: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    who: str
    service: Service
    may: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One route: its place below `nbledger/api/` (`runs/{run}`), what it asks for, and the function that answers.

    `answer` is called in a worker thread with an open ledger. `answers` names a schema of the OpenAPI document. A route
    that is `versioned` depends on nothing but the ledger, so an unchanged one is not computed again (ETag).
    """

    method: Literal["GET", "POST"]
    path: str
    summary: str
    answer: Answer
    answers: str
    action: Action
    query: Mapping[str, Schema] = field(default_factory=dict)
    names: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    versioned: bool = False
    open_query: bool = False
    needs_ledger: bool = True
    tells_rights: bool = False
    waits: Waiting | None = None
    slow: bool = False
    also: Mapping[str, str] = field(default_factory=dict)
    event: str = ""

    @property
    def operation(self) -> str:
        """The name of the operation in the OpenAPI document."""
        return self.answer.__name__

    @cached_property
    def pattern(self) -> str:
        """The regular expression of the path, with a group for each name."""
        return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)

    @cached_property
    def _body_check(self) -> Any:
        return Validator(dict(self.body or {}))

    @cached_property
    def _checks(self) -> dict[str, Any]:
        return {name: Validator(dict(schema)) for name, schema in {**self.query, **self.names}.items()}

    def read_names(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return the parts of the address. Raises a `Problem` for one that is no such thing."""
        for name, value in found.items():
            self._check(name, value)
        return dict(found)

    def read_query(self, found: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return the query's parameters with their types, and defaults. Raises a `Problem`."""
        read: dict[str, Any] = {}
        for name, schema in self.query.items():
            values = found.get(name)
            if not values:
                if "default" not in schema:
                    raise bad_request(f"The parameter {name!r} is missing.")
                read[name] = schema["default"]
                continue
            value = values if schema["type"] == "array" else converted(values[-1], schema["type"])
            if value == "" and schema["type"] != "string" and "default" in schema:
                value = schema["default"]
            self._check(name, value)
            read[name] = value
        if self.open_query:
            read |= {name: values[-1] for name, values in found.items() if name not in self.query and len(name) <= 64}
        return read

    def read_body(self, body: Any) -> dict[str, Any]:
        """Return the body with defaults. Raises a `Problem` that names the wrong member."""
        if self.body is None:
            return {}
        error = next(iter(self._body_check.iter_errors(body)), None)
        if error is not None:
            where = ".".join(map(str, error.absolute_path)) or "the body"
            words = error.schema.get("description") if error.validator == "oneOf" else None
            raise bad_request(words or f"{where}: {error.message[:200]}")
        properties: Mapping[str, Schema] = self.body.get("properties", {})
        defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
        return {**defaults, **body}

    def _check(self, name: str, value: Any) -> None:
        error = next(iter(self._checks[name].iter_errors(value)), None) if name in self._checks else None
        if error is not None:
            raise bad_request(f"The parameter {name!r} is wrong: {error.message[:200]}")


def converted(value: str, type: str) -> Any:
    """Return a query's text as the type that its schema names; what does not fit stays text, and fails the check."""
    if type == "integer" and re.fullmatch(r"-?[0-9]{1,15}", value, re.ASCII):
        return int(value)
    if type == "number" and re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value, re.ASCII):
        return float(value)
    if type == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


class Table:
    """The routes of one topic, collected by decorators."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def get(self, path: str, summary: str, answers: str, **more: Any) -> Callable[[Answer], Answer]:
        """Declare what reads; the action is `read`."""
        return self._declare("GET", path, summary, answers, {"action": "read", **more})

    def wait(self, path: str, summary: str, answers: str, **more: Any) -> Callable[[Waiting], Waiting]:
        """Declare what reads and may wait, in the server's loop."""

        def declare(answer: Waiting) -> Waiting:
            self.routes.append(Route("GET", path, summary, answer, answers, "read", waits=answer, **more))
            return answer

        return declare

    def post(self, path: str, summary: str, answers: str, **more: Any) -> Callable[[Answer], Answer]:
        """Declare what writes; the action is `write` unless `action` says `promote`."""
        return self._declare("POST", path, summary, answers, {"action": "write", **more})

    def _declare(
        self, method: Literal["GET", "POST"], path: str, summary: str, answers: str, more: dict[str, Any]
    ) -> Callable[[Answer], Answer]:
        def declare(answer: Answer) -> Answer:
            self.routes.append(Route(method, path, summary, answer, answers, **more))
            return answer

        return declare
