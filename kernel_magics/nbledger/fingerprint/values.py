"""Encoders of the builtin and standard library values, by meaning.

Dicts and sets do not depend on order (as `==` does not); an `OrderedDict` does. `1`, `True` and `1.0` differ, as do
`0.0` and `-0.0`. A list of one plain type is packed, which is some 20 times faster than one encoding an element.
"""

from __future__ import annotations

import sys
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from itertools import chain
from operator import attrgetter
from struct import Struct, error
from types import MappingProxyType, SimpleNamespace
from typing import Any

from .text import text_content
from .walk import STANDARD, Encoder, Walk, register

_float = Struct("<d").pack
_int = Struct("<q").pack
_SMALL = 1 << 63
_MAPS = frozenset({"maps"})
#: Of these the encoders only ask the walk for its sink.
PLAIN = frozenset({int, float, bool, str, type(None)})
_INTEGERS = {int}
# From this many elements on it pays to look whether a list is of one type.
_PACK = 8


def _size(value: Any) -> tuple[tuple[int, ...], None]:
    return (len(value),), None


def _bytes_size(value: Any) -> tuple[None, int]:
    return None, len(value)


@register("value", type(None), type(Ellipsis), type(NotImplemented))
def _constant(_: Walk, value: Any) -> bytes:
    return b"N" if value is None else b"." if value is ... else b"!"


@register("value", bool)
def _bool(_: Walk, value: bool) -> bytes:
    return b"T" if value else b"F"


@register("value", int)
def _integer(walk: Walk, value: int) -> bytes:
    if -_SMALL <= value < _SMALL:
        return b"i" + _int(value)
    return walk.compact(b"I", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


@register("value", float)
def _floating(_: Walk, value: float) -> bytes:
    return b"f" + _float(value)


@register("value", complex)
def _complex(_: Walk, value: complex) -> bytes:
    return b"c" + _float(value.real) + _float(value.imag)


@register("value", str)
def _text(walk: Walk, value: str) -> bytes:
    return walk.compact(b"s", value.encode("utf-8", "surrogatepass"))


@register("value", bytes, measure=_bytes_size)
def _bytes(walk: Walk, value: bytes) -> bytes:
    return walk.compact(b"b", value)


@register("value", bytearray, measure=_bytes_size)
def _bytearray(walk: Walk, value: bytearray) -> bytes:
    # A bytearray cannot be resized while it is exported: a large one is not copied.
    return walk.compact(b"B", value) if len(value) > 64 else walk.compact(b"B", bytes(value))  # type: ignore[arg-type]


@register("value", memoryview)
def _memoryview(walk: Walk, value: memoryview) -> bytes:
    head = walk.encode((value.format, tuple(value.shape or ())))
    return walk.compact(b"mv", head + walk.sink.digest(value.tobytes()))


def pack(walk: Walk, items: Any, types: set[type] | None = None) -> bytes | None:
    """Return a packed content of a list or tuple of one plain type, `None` for any other. `types` are those inside."""
    types = types or set(map(type, items))
    if len(types) != 1:
        return None
    (cls,) = types
    if cls is float:
        packed = array("d", items)
    elif cls is int:
        try:
            packed = array("q", items)
        except OverflowError:
            return None
    elif cls is str:
        return b"*s" + walk.sink.digest(b"".join(text_content(walk.sink, items)))
    else:
        return None
    if sys.byteorder == "big":
        packed.byteswap()
    return (b"*d" if cls is float else b"*q") + walk.sink.digest(memoryview(packed).cast("B"))


def _items(walk: Walk, value: Any, types: set[type] | None = None) -> bytes:
    if len(value) >= _PACK:
        packed = pack(walk, value, types)
        if packed is not None:
            return b"%d%b" % (len(value), packed)
    elif types == _INTEGERS:
        try:
            return b"".join([b"i" + _int(item) for item in value])
        except error:
            pass  # a larger one
    return b"".join(map(walk.encode, value))


@register("value", list, measure=_size)
def _list(walk: Walk, value: list[Any]) -> bytes:
    return walk.nest(b"l", value, _items)


@register("value", tuple, measure=_size)
def _tuple(walk: Walk, value: tuple[Any, ...]) -> bytes:
    return walk.nest(b"t", value, _items)


def _pairs(walk: Walk, value: Any) -> bytes:
    encode = walk.encode
    return b"".join(sorted([encode(key) + encode(item) for key, item in dict.items(value)]))


def _ordered_pairs(walk: Walk, value: Any) -> bytes:
    return b"".join(map(walk.encode, chain.from_iterable(OrderedDict.items(value))))


@register("value", dict, measure=_size)
def _dict(walk: Walk, value: dict[Any, Any]) -> bytes:
    return walk.nest(b"d", value, _pairs)


@register("value", Counter, measure=_size)
def _counter(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"dc", value, lambda w, v: _pairs(w, v) + w.extras(v))


@register("value", OrderedDict, measure=_size)
def _ordered(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"do", value, lambda w, v: _ordered_pairs(w, v) + w.extras(v))


@register("value", defaultdict, measure=_size)
def _defaultdict(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"dd", value, lambda w, v: w.encode(v.default_factory) + _pairs(w, v))


@register("value", MappingProxyType)
def _proxy(walk: Walk, value: Any) -> bytes:
    # The proxied mapping may be of the user's own class: only a plain copy's meaning is read.
    return walk.nest(b"dp", value, lambda w, v: _pairs(w, dict(v)))


@register("value", ChainMap)
def _chain_map(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"dm", value, lambda w, v: w.encode(v.maps) + w.extras(v, _MAPS))


def _members(walk: Walk, value: Any) -> bytes:
    return b"".join(sorted(map(walk.encode, value)))


@register("value", type({}.keys()), type({}.items()), type(OrderedDict().keys()), type(OrderedDict().items()))
def _keys(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"dk", value, _members)


@register("value", type({}.values()), type(OrderedDict().values()))
def _values(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"dv", value, lambda w, v: _items(w, list(v)))


@register("value", set, measure=_size)
def _set(walk: Walk, value: set[Any]) -> bytes:
    return walk.nest(b"u", value, _members)


@register("value", frozenset, measure=_size)
def _frozenset(walk: Walk, value: frozenset[Any]) -> bytes:
    return walk.nest(b"uf", value, _members)


def flat_content(walk: Walk, value: Any) -> bytes | None:
    """Return the encoding of a builtin container of plain values, as its encoder does; `None` for anything else."""
    kind = type(value)
    if kind is list or kind is tuple:
        types = set(map(type, value))
        if types <= PLAIN:
            return walk.compact(b"l" if kind is list else b"t", _items(walk, value, types))
    elif kind is dict:
        if PLAIN.issuperset(map(type, value)) and PLAIN.issuperset(map(type, value.values())):
            return walk.compact(b"d", _pairs(walk, value))
    elif (kind is set or kind is frozenset) and PLAIN.issuperset(map(type, value)):
        return walk.compact(b"u" if kind is set else b"uf", _members(walk, value))
    return None


@register("value", deque, measure=_size)
def _deque(walk: Walk, value: deque[Any]) -> bytes:
    return walk.nest(b"q", value, lambda w, v: w.encode(v.maxlen) + _items(w, list(v)))


@register("value", SimpleNamespace)
def _namespace(walk: Walk, value: SimpleNamespace) -> bytes:
    return walk.nest(b"ns", value, lambda w, v: _pairs(w, v.__dict__))


def _parts(tag: bytes, parts: Callable[[Any], tuple[Any, ...]]) -> Encoder:
    """Return the encoder of an immutable standard value from a function that gives its parts as plain values."""

    def encode(walk: Walk, value: Any) -> bytes:
        return walk.compact(tag, b"".join(map(walk.encode, parts(value))))

    return encode


def _path(flavour: str) -> Encoder:
    return _parts(b"P", lambda v: (flavour, str(v)))


_DATE = ("year", "month", "day")
_TIME = ("hour", "minute", "second", "microsecond", "fold", "tzinfo")

register("value", range)(
    _parts(b"rg", lambda v: (v.start, v.step if len(v) > 1 else 1, len(v)) if len(v) else (0, 1, 0))
)
register("value", slice)(_parts(b"sl", lambda v: (v.start, v.stop, v.step)))
# By top-level module and name, so that none of these modules is imported for it.
STANDARD.update(
    {
        ("array", "array"): _parts(b"ar", lambda v: (v.typecode, v.tobytes())),
        ("decimal", "Decimal"): _parts(b"D", lambda v: tuple(v.as_tuple())),
        ("fractions", "Fraction"): _parts(b"Q", lambda v: (v.numerator, v.denominator)),
        ("datetime", "date"): _parts(b"dt", attrgetter(*_DATE)),
        ("datetime", "time"): _parts(b"tm", attrgetter(*_TIME)),
        ("datetime", "datetime"): _parts(b"ts", attrgetter(*_DATE, *_TIME)),
        ("datetime", "timedelta"): _parts(b"td", attrgetter("days", "seconds", "microseconds")),
        ("datetime", "timezone"): _parts(b"tz", lambda v: tuple(v.__getinitargs__())),
        ("zoneinfo", "ZoneInfo"): _parts(b"zi", lambda v: (v.key,)),
        ("uuid", "UUID"): _parts(b"uu", lambda v: (v.int,)),
        ("re", "Pattern"): _parts(b"re", lambda v: (v.pattern, v.flags)),
        ("pathlib", "PosixPath"): _path("posix"),
        ("pathlib", "WindowsPath"): _path("windows"),
        ("pathlib", "PurePosixPath"): _path("pure-posix"),
        ("pathlib", "PureWindowsPath"): _path("pure-windows"),
    }
)
