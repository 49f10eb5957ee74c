"""The text of a notebook's file, as nbformat writes it, in a quarter of the time.

nbformat copies the whole notebook, splits its lines, and indents by Python's generators; a run that saves as it goes
spent more time in that than in the rest of the client. What is written is the same to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

_NOT_WRITTEN = frozenset({"orig_nbformat", "orig_nbformat_minor", "signature"})
_TEXT_TYPES = frozenset({"application/javascript", "image/svg+xml"})
_PLAIN: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    float: json.dumps,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}
"""What writes values of these very types, which most are."""


def notebook_text(nb: Any) -> str:
    """Return what `nbformat.v4.writes` returns."""
    split = {**nb, "metadata": {name: value for name, value in nb["metadata"].items() if name not in _NOT_WRITTEN}}
    split["cells"] = [_split_cell(cell) for cell in nb["cells"]]
    return _text(split, "\n")


def _split_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell with its texts as lines."""
    found = {**cell, "metadata": {name: value for name, value in cell["metadata"].items() if name != "trusted"}}
    if isinstance(cell.get("source"), str):
        found["source"] = cell["source"].splitlines(keepends=True)
    if "attachments" in cell:
        found["attachments"] = {name: _split_bundle(bundle) for name, bundle in cell["attachments"].items()}
    if cell["cell_type"] == "code":
        found["outputs"] = [_split_output(output) for output in cell["outputs"]]
    return found


def _split_output(output: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = output["output_type"]
    if kind == "stream" and isinstance(output["text"], str):
        return {**output, "text": output["text"].splitlines(keepends=True)}
    if kind in ("execute_result", "display_data") and "data" in output:
        return {**output, "data": _split_bundle(output["data"])}
    return output


def _split_bundle(bundle: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: value.splitlines(keepends=True)
        if isinstance(value, str) and (kind.startswith("text/") or kind in _TEXT_TYPES)
        else value
        for kind, value in bundle.items()
    }


def _text(value: Any, line: str) -> str:
    """Return a value's JSON, sorted and indented by one; `line` is a new line with the indent so far."""
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    if isinstance(value, dict):
        if not value:
            return "{}"
        inner = line + " "
        items = [f"{_key(name)}: {_text(value[name], inner)}" for name in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(items)}{line}}}"
    if isinstance(value, (list, tuple)):
        if not value:
            return "[]"
        inner = line + " "
        return f"[{inner}{f',{inner}'.join([_text(item, inner) for item in value])}{line}]"
    if isinstance(value, bytes):
        return str(encode_basestring(value.decode("ascii")))
    if isinstance(value, str):
        return str(encode_basestring(value))
    return json.dumps(value)


@lru_cache(maxsize=1024, typed=True)
def _key(name: Any) -> str:
    """Return a dict's key as JSON has it: always text."""
    text = name if isinstance(name, str) else json.dumps(name)
    return str(encode_basestring(text))
