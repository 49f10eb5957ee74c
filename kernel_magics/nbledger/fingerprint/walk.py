"""The walk: any value becomes a short, typed, canonical encoding.

An encoding of at most `INLINE` bytes stands for itself; a longer one is replaced by its digest. That rule looks at
content only, so it is canonical, and it bounds every intermediate result. Shared parts are encoded once and count as
equal copies (by meaning); only a cycle is visible, as the number of levels up to the container it returns to. A
structure so entangled that this would take for ever is walked a second time with references by order of visit.

What cannot be read without running or consuming it is opaque: it gets a random encoding, equal to nothing. In a token
walk the first opaque part ends the walk.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from .sink import TOKEN, Sink

Encoder = Callable[["Walk", Any], bytes]
Measure = Callable[[Any], tuple[tuple[int, ...] | None, int | None]]

INLINE = 64
# Three Python frames a level stay well within the interpreter's default limit of 1,000, wherever the cell stands.
MAX_DEPTH = 150
MAX_REVISITS = 2_000

ENCODERS: dict[type, Encoder] = {}
KINDS: dict[type, tuple[str, Measure | None]] = {}
# Handlers that also serve subclasses, most special first: (base, encoder, kind, measure).
BASES: list[tuple[type, Encoder, str, Measure | None]] = []
# Top-level package of a type, or of one of its bases, to the module of ours that knows it.
PLUGINS = {
    "numpy": "arrays",
    "pandas": "frames",
    "scipy": "sparse",
    "pyarrow": "arrow",
    "polars": "polar",
    "torch": "tensors",
}
# Encoders of standard library types by top-level module and name.
STANDARD: dict[tuple[str, str], Encoder] = {}
_loaded: set[str] = set()
_resolved: WeakKeyDictionary[type, tuple[Encoder, str, Measure | None]] = WeakKeyDictionary()


class OpaqueError(Exception):
    """Ends a token walk: the value has a part that cannot be compared."""


class TangledError(Exception):
    """Ends a walk by meaning: too many paths lead through the value's cycles."""


def register(kind: str, *types: type, measure: Measure | None = None) -> Callable[[Encoder], Encoder]:
    """Make a function the encoder of exactly these types."""

    def add(encoder: Encoder) -> Encoder:
        for cls in types:
            ENCODERS[cls] = encoder
            KINDS[cls] = (kind, measure)
        return encoder

    return add


def register_base(base: type, encoder: Encoder, kind: str, measure: Measure | None = None) -> None:
    """Make a function the encoder of a type's subclasses."""
    BASES.append((base, encoder, kind, measure))


def module_of(cls: type) -> str:
    """Return the module that a class says it is from, without asking its metaclass; empty when that is no text."""
    module = type.__getattribute__(cls, "__module__")
    return module if isinstance(module, str) else ""


def qualname_of(cls: type) -> str:
    """Return the qualified name of a class, without asking its metaclass."""
    name: str = type.__getattribute__(cls, "__qualname__")
    return name


def root_of(cls: type) -> str:
    """Return the top-level package that a class says it is from."""
    return module_of(cls).partition(".")[0]


def load_plugins(cls: type) -> None:
    """Import our encoders for the libraries that a type comes from; the library is imported by then."""
    for base in cls.__mro__:
        root = root_of(base)
        name = PLUGINS.get(root)
        if name is not None and name not in _loaded and (root in sys.modules):
            _loaded.add(name)
            importlib.import_module(f"{__package__}.{name}")
    if module_of(cls) in ("builtins", "functools", "types"):
        importlib.import_module(f"{__package__}.code")


def resolve(cls: type) -> tuple[Encoder, str, Measure | None]:
    """Return encoder, kind and measure for a type that has no exact encoder (yet)."""
    found = _resolved.get(cls)
    if found is None:
        load_plugins(cls)
        standard = STANDARD.get((root_of(cls), qualname_of(cls)))
        if cls in ENCODERS:
            found = (ENCODERS[cls], *KINDS[cls])
        elif standard is not None and "<" not in qualname_of(cls):
            found = (standard, "value", None)
        else:
            found = next(((e, k, m) for base, e, k, m in BASES if base in cls.__mro__), None)
        if found is None:
            from . import objects

            found = (objects.encode_object, objects.kind_of(cls), None)
        _resolved[cls] = found
    return found


#: Tells objects apart as `id` does, but is no audit event: with a listener that costs 0.2 microseconds a call.
_address = object.__hash__


class Walk:
    """One pass over one value with one sink."""

    __slots__ = (
        "built",
        "change",
        "columns",
        "complete",
        "depth",
        "keep",
        "lowest",
        "memo",
        "mixed",
        "opaque",
        "order",
        "profile",
        "revisits",
        "sample_over",
        "sampled",
        "sink",
        "stack",
        "tangled",
    )

    def __init__(self, sink: Sink, *, sample_over: int | None = None, by_order: bool = False) -> None:
        self.sink = sink
        self.sample_over = sample_over
        self.opaque = False
        self.built = 0
        self.sampled = False
        #: Whether there were objects among strings that may change while references to them stay.
        self.mixed = False
        self.depth = 0
        self.lowest = MAX_DEPTH
        self.revisits = 0
        self.stack: dict[int, int] = {}
        self.memo: dict[int, tuple[Any, bytes]] = {}
        self.tangled: dict[int, Any] = {}
        self.order: dict[int, Any] | None = {} if by_order else None
        self.keep: list[Any] = []
        self.profile = False
        # A change check leaves out what functions read from globals, and is not complete then.
        self.change = False
        self.complete = True
        self.columns: tuple[Any, ...] = ()

    def encode(self, value: Any) -> bytes:
        """Return the canonical encoding of any value."""
        encoder = ENCODERS.get(type(value))
        if encoder is None:
            encoder = resolve(type(value))[0]
        return encoder(self, value)

    def compact(self, tag: bytes, body: bytes) -> bytes:
        """Return `body` under a tag: itself when short, else its digest; never ambiguous."""
        if len(body) <= INLINE:
            return b"%b(%d:%b" % (tag, len(body), body)
        return b"%b#%b" % (tag, self.sink.digest(body))

    def extras(self, value: Any, known: frozenset[str] = frozenset()) -> bytes:
        """Encode attributes that were set on a value of a builtin type: no content, but in a change check a change."""
        if not self.change:
            return b""
        given = {name: item for name, item in vars(value).items() if name not in known}
        return b"+" + self.encode(given) if given else b""

    def nest(self, tag: bytes, value: Any, build: Encoder) -> bytes:
        """Encode a container by `build`, minding depth, cycles and parts that are met again."""
        key = _address(value)
        if self.order is not None:
            return self._nest_by_order(tag, value, build)
        done = self.memo.get(key)
        if done is not None:
            return done[1]
        level = self.stack.get(key)
        if level is not None:
            self.lowest = min(self.lowest, level)
            return b"^%d;" % (self.depth - level)
        if self.depth >= MAX_DEPTH:
            return self.opaque_part()
        level = self.stack[key] = self.depth
        outer, self.lowest = self.lowest, MAX_DEPTH
        self.depth += 1
        try:
            body = build(self, value)
        finally:
            self.depth -= 1
            del self.stack[key]
        result = self.compact(tag, body)
        if self.lowest < level:
            self.lowest = min(outer, self.lowest)
            self._count_revisit(key, value)
        else:
            self.lowest = outer
            if len(body) > INLINE:
                self.memo[key] = (value, result)
        return result

    def _nest_by_order(self, tag: bytes, value: Any, build: Encoder) -> bytes:
        assert self.order is not None
        key = _address(value)
        if key in self.order:
            return b"@%d;" % self.order[key][0]
        if self.depth >= MAX_DEPTH:
            return self.opaque_part()
        self.order[key] = (len(self.order), value)
        self.depth += 1
        try:
            return self.compact(tag, build(self, value))
        finally:
            self.depth -= 1

    def _count_revisit(self, key: int, value: Any) -> None:
        if key in self.tangled:
            self.revisits += 1
            if self.revisits > MAX_REVISITS:
                raise TangledError
        self.tangled[key] = value

    def opaque_part(self) -> bytes:
        """Return an encoding that equals no other, and remember that the value is opaque."""
        if self.sink is TOKEN:
            raise OpaqueError
        self.opaque = True
        return b"?" + os.urandom(16)
