"""A YAML file with the line of each of its keys, judged by a JSON schema: problems as one line each.

pipeline.yaml:5: steps.train.retires: unknown key, did you mean 'retries'?
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.pipeline.checks.located_yaml import NotYaml, load, near
from nbledger.tables import clean

Place = tuple[str | int, ...]
_MOST_PROBLEMS = 20
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "names with values",
    "array": "a list",
    "null": "nothing",
}


class BadDocument(NBLedgerError):
    """A YAML file is not what it should be. Fields: path, problems (one line each)."""

    template = "{detail}"

    @classmethod
    def of(cls, path: Path, problems: Sequence[str]) -> BadDocument:
        """Return the error that lists problems, the first 20 of them."""
        more = len(problems) - _MOST_PROBLEMS
        lines = [*problems[:_MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
        return cls(path=str(path), problems=tuple(problems), detail="\n".join(lines))


@dataclass(frozen=True)
class Document:
    """What a YAML file holds, and where."""

    path: Path
    data: Any
    lines: Mapping[Place, int] = field(repr=False)

    def problem(self, place: Place, what: str) -> str:
        """Return one line that says where and what is wrong; a place that is not there is that of what it is in."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        where = f"{shown(place)}: " if place else ""
        return clean(f"{self.path.name}:{self.lines.get(known, 1)}: {where}{what}")

    def violations(self, schema: Mapping[str, Any]) -> list[str]:
        """Return what breaks a JSON schema, in the order of the file."""
        from jsonschema import Draft202012Validator

        found = [item for error in Draft202012Validator(schema).iter_errors(self.data) for item in _told(error)]
        found.sort(key=lambda item: (self.lines.get(item[0], 0), str(item[0])))
        return [self.problem(place, what) for place, what in found]


def read_document(path: Path) -> Document:
    """Return a YAML file (JSON is YAML) with its lines. Raises `BadDocument`: unreadable, no YAML, a key twice."""
    try:
        found = load(path)
    except OSError as error:
        raise BadDocument.of(path, [f"{path.name}: {error.strerror or error}"]) from None
    except NotYaml as error:
        raise BadDocument.of(path, [clean(f"{path.name}:{error.line}: {error}")]) from None
    return Document(path, found.value, found.lines)


def load_schema(file: Path) -> dict[str, Any]:
    """Return a JSON schema from its file."""
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def shown(place: Place) -> str:
    """Return a place as one reads it: `steps.train.needs[0]`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _told(error: Any) -> Iterator[tuple[Place, str]]:
    """Yield each problem of a schema's error in words, with its place."""
    place: Place = tuple(error.absolute_path)
    value, rule = error.instance, error.validator_value
    if error.validator == "additionalProperties" and isinstance(rule, bool):
        known = error.schema.get("properties", {})
        for name in value:
            if name not in known:
                yield (*place, str(name)), f"unknown key{near(name, known)}"
    elif error.validator == "required":
        yield from (((*place,), f"the key {name!r} is missing") for name in rule if name not in value)
    elif error.validator == "dependentRequired":
        for name, needed in rule.items():
            missing = [other for other in needed if other not in value]
            if name in value and missing:
                yield (*place, name), f"needs the key {missing[0]!r} as well"
    else:
        yield _simple(error, place, value, rule)


def _simple(error: Any, place: Place, value: Any, rule: Any) -> tuple[Place, str]:
    got = clean(repr(value))[:60]
    if "propertyNames" in error.schema_path and not isinstance(value, str):
        return place, f"the name {got} must be text: write it in quotes"
    if error.validator == "type":
        wanted = " or ".join(
            _TYPES[one] for one in ([rule] if isinstance(rule, str) else rule if len(rule) < 4 else ())
        )
        if not wanted:
            return place, f"{got} is a date or a time to YAML: write it in quotes to have it as text"
        return place, f"must be {wanted}, not {'empty' if value is None else got}"
    words = {
        "maximum": f"must be at most {rule}, not {got}",
        "minimum": f"must be at least {rule}, not {got}",
        "exclusiveMinimum": f"must be more than {rule}, not {got}",
        "minProperties": "must not be empty",
        "maxProperties": "must be one name with its options, not several names",
        "minLength": "must not be empty",
    }
    if error.validator == "pattern" and isinstance(value, str):
        return (*place, value), "letters, digits and '_' (in a step's name also '-') only, a letter first"
    return place, words.get(error.validator, clean(error.message)[:200])


__all__ = ["BadDocument", "Document", "Place", "load_schema", "read_document", "shown"]
