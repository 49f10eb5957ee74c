"""Plain Python values as JSON, exactly: what comes back has the same types and values.

JSON's own words are used where they mean the same (`null`, booleans, numbers, text, lists, dicts with text keys);
everything else is an object of one key, `!`, with a type's name and its parts. A value of any other type, or one that
holds itself, raises `NotPlain`.
"""

from __future__ import annotations

import base64
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from nbledger.errors import NBLedgerError

_TAG = "!"
_MOST_DEPTH = 100


class NotPlain(NBLedgerError):
    """A value that exact JSON has no word for. Field: type."""

    template = "A {type} is no plain value: keep it as a pickle."


def dumps(value: Any) -> bytes:
    """Return a plain value as JSON. Raises `NotPlain`."""
    return json.dumps(_encode(value, 0), separators=(",", ":"), allow_nan=False).encode()


def loads(data: bytes | str) -> Any:
    """Return the value in `data`. Raises `ValueError` when it is not what `dumps` writes."""
    return _decode(json.loads(data))


def _encode(value: Any, depth: int) -> Any:
    cls = type(value)
    if value is None or cls in (bool, str):
        return value
    if depth > _MOST_DEPTH:
        raise NotPlain(type="deeply nested or cyclic value")
    if cls is int:
        return value if abs(value) < 1 << 63 else _tagged("int", hex(value))
    if cls is float:
        return value if math.isfinite(value) else _tagged("float", repr(value))
    if cls is list:
        return [_encode(item, depth + 1) for item in value]
    if cls is dict and all(type(key) is str for key in value) and _TAG not in value:
        return {key: _encode(item, depth + 1) for key, item in value.items()}
    if cls in (dict, OrderedDict):
        pairs = [[_encode(key, depth + 1), _encode(item, depth + 1)] for key, item in value.items()]
        return _tagged("ordered" if cls is OrderedDict else "dict", pairs)
    if cls in (tuple, set, frozenset):
        return _tagged(cls.__name__, [_encode(item, depth + 1) for item in value])
    return _leaf(value)


def _leaf(value: Any) -> Any:
    found = _LEAVES.get(type(value))
    if found is None:
        raise NotPlain(type=type(value).__qualname__)
    name, parts, _ = found
    return _tagged(name, parts(value))


def _decode(item: Any) -> Any:
    if isinstance(item, list):
        return [_decode(part) for part in item]
    if not isinstance(item, dict):
        return item
    if set(item) != {_TAG}:
        return {key: _decode(part) for key, part in item.items()}
    name, parts = item[_TAG]
    if name in _CONTAINERS:
        return _CONTAINERS[name](_decode(parts))
    make = _MAKERS.get(name)
    if make is None:
        raise ValueError(f"{name!r} is no type of exact JSON")
    return make(parts)


def _tagged(name: str, parts: Any) -> dict[str, list[Any]]:
    return {_TAG: [name, parts]}


def _aware(value: datetime | time) -> list[Any]:
    zone = value.tzinfo
    if zone is not None and zone is not UTC:
        raise NotPlain(type=f"{type(value).__name__} of zone {zone}")
    return [value.replace(tzinfo=None).isoformat(), value.fold, zone is not None]


def _make_aware(cls: Any) -> Callable[[Any], Any]:
    def make(parts: Any) -> Any:
        text, fold, utc = parts
        return cls.fromisoformat(text).replace(fold=fold, tzinfo=UTC if utc else None)

    return make


def _text(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


_CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": lambda pairs: dict(map(tuple, pairs)),
    "ordered": lambda pairs: OrderedDict(map(tuple, pairs)),
}
_LEAVES: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    complex: ("complex", lambda v: [_encode(v.real, 0), _encode(v.imag, 0)], lambda p: complex(*map(_decode, p))),
    bytes: ("bytes", _text, base64.b64decode),
    bytearray: ("bytearray", _text, lambda text: bytearray(base64.b64decode(text))),
    range: ("range", lambda v: [v.start, v.stop, v.step], lambda p: range(*p)),
    Decimal: ("Decimal", str, Decimal),
    Fraction: ("Fraction", str, Fraction),
    UUID: ("UUID", str, UUID),
    datetime: ("datetime", _aware, _make_aware(datetime)),
    date: ("date", date.isoformat, date.fromisoformat),
    time: ("time", _aware, _make_aware(time)),
    timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds], lambda p: timedelta(*p)),
}
_MAKERS: dict[str, Callable[[Any], Any]] = {name: make for name, _, make in _LEAVES.values()}
_MAKERS["int"] = lambda text: int(text, 16)
_MAKERS["float"] = float

__all__ = ["NotPlain", "dumps", "loads"]
