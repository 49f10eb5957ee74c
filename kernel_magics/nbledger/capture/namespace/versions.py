"""From a value to its version, hashing no more than is needed.

The change token (xxh3, at memory speed) notices that a value is still the same; only when it is not is the recorded
identity (BLAKE3) computed. Objects are remembered by weak reference, never kept alive; arrays not even so, since numpy
refuses to resize one that a weak reference points to, but by their token, which tells type and content.
"""

from __future__ import annotations

import os
import weakref
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from nbledger.capture.namespace.kinds import Kind, is_bare, is_written_here, kind_of
from nbledger.capture.namespace.patches import attributes_of
from nbledger.fingerprint import change_token, fingerprint, flat_fingerprint
from nbledger.fingerprint.code import global_names
from nbledger.records import Version

Token = bytes | str | None
"""A change token; `None` for an opaque value."""

_SMALL = frozenset({int, float, bool, complex, type(None)})
_CONSTANT = _SMALL | {str, bytes}
_MOST_ARRAYS = 1024
_PLAIN = frozenset({int, float, bool, type(None), str})
_MOST_PLAIN = 2048
_LONGEST_PLAIN = 256


class _Remembered(NamedTuple):
    """A live object by weak reference, with its token and version when last seen."""

    ref: weakref.ref[Any]
    token: bytes | str
    version: Version


class Versions:
    """Fingerprints of live values, and every version met since the last `drain`.

    Of arrays and tables larger than `sample_over` bytes only a sample is looked at, both to notice a change and for the
    identity, whose exactness then is `sampled`; by default none is.
    """

    def __init__(self, sample_over: int | None = None) -> None:
        self.sample_over = sample_over
        self._by_ident: dict[int, _Remembered] = {}
        self._arrays: dict[bytes | str, Version] = {}
        self._plain: dict[tuple[type, Any], tuple[Token, Version]] = {}
        self._flat: Version | None = None
        self._codes: dict[CodeType, Version] = {}
        self._met: dict[str, Version] = {}

    def token(self, value: Any) -> Token:
        """Return the change token of a value; `None` when it is opaque."""
        return self.check(value)[0]

    def check(self, value: Any) -> tuple[Token, bool]:
        """Return the change token and whether it tells all of the content."""
        kind = type(value)
        if kind in _SMALL:
            return fingerprint(value).hash, True
        if kind is FunctionType and value.__closure__ is None and not value.__dict__ and _plain_defaults(value):
            # All that can change about it is which code and which defaults it has.
            return f"function:{id(value.__code__)}:{id(value.__defaults__)}:{id(value.__doc__)}", False
        flat = flat_fingerprint(value)
        if flat is not None:
            # As with small values; to be found anew by its token, for most of these cannot be referenced weakly.
            self._flat = flat
            return flat.hash, True
        if isinstance_of_library_class(value):
            return attributes_of(value), False
        if kind is weakref.ReferenceType:
            behind, _ = self.check(value())
            return None if behind is None else f"weakref:{id(value)}:{behind!r}", False
        return change_token(value, sample_over=self.sample_over)

    def of(self, value: Any) -> tuple[Token, Version]:
        """Return the change token and the version of a value as it is now."""
        kind = type(value)
        if kind in _PLAIN:
            return self._of_plain(kind, value)
        if kind in _SMALL:
            # Hashing these twice would cost more than it saves: their identity is their token.
            version = fingerprint(value)
            self._met[version.hash] = version
            return version.hash, version
        now, complete = self.check(value)
        return now, self.version(value, now, complete=complete)

    def of_flat(self, value: Any) -> Version | None:
        """Return the version of a builtin container of numbers and texts, with its token as hash; `None` for others."""
        version = flat_fingerprint(value)
        if version is not None:
            self._met[version.hash] = version
        return version

    def _of_plain(self, kind: type, value: Any) -> tuple[Token, Version]:
        """Return the token and version of a number or text, remembered by type and value."""
        # 0.0 equals -0.0, and NaN not even itself.
        told = bool(value) and value == value if kind is float else kind is not str or len(value) <= _LONGEST_PLAIN  # noqa: PLR0124
        known = self._plain.get((kind, value)) if told else None
        if known is None:
            version = fingerprint(value)
            known = (version.hash if kind in _SMALL else self.check(value)[0], version)
            if told:
                if len(self._plain) >= _MOST_PLAIN:
                    self._plain.clear()
                self._plain[kind, value] = known
        self._met[known[1].hash] = known[1]
        return known

    def version(self, value: Any, now: Token, *, complete: bool = False) -> Version:
        """Return the version of a value whose change token is `now`; only a complete one proves it known."""
        known = self._recall(value, now) if complete and now is not None else None
        if known is not None:
            self._met[known.hash] = known
            return known
        is_function = type(value) is FunctionType
        version = self._of_function(value) if is_function else fingerprint(value, sample_over=self.sample_over)
        self._met[version.hash] = version
        if now is not None and complete:
            self._remember(value, now, version)
        return version

    def _of_function(self, function: FunctionType) -> Version:
        """Return the version of a function, remembered by its code where nothing else is part of it."""
        code, namespace = function.__code__, function.__globals__
        if not is_bare(function, namespace) or not namespace.keys().isdisjoint(global_names(code)):
            return fingerprint(function, sample_over=self.sample_over)
        version = self._codes.get(code)
        if version is None:
            if len(self._codes) >= _MOST_PLAIN:
                self._codes.clear()
            version = self._codes[code] = fingerprint(function)
        return version

    def hash(self, value: Any) -> str:
        """Return the identity of a value as it is now."""
        return self.of(value)[1].hash

    def recall(self, token: bytes) -> str | None:
        """Return the identity of an array that had this change token when it was fingerprinted."""
        version = self._arrays.get(token)
        if version is not None:
            self._met[version.hash] = version
        return None if version is None else version.hash

    def add(self, version: Version) -> None:
        """Take in a version that was made elsewhere (a file, a code)."""
        self._met[version.hash] = version

    def drain(self) -> tuple[Version, ...]:
        """Return the versions met since the last call."""
        met = tuple(self._met.values())
        self._met.clear()
        return met

    def _recall(self, value: Any, now: bytes | str) -> Version | None:
        if self._flat is not None and self._flat.hash == now:
            return self._flat
        if kind_of(type(value)) is Kind.ARRAY:
            return self._arrays.get(now)
        known = self._by_ident.get(id(value))
        return known.version if known is not None and known.ref() is value and known.token == now else None

    def _remember(self, value: Any, now: bytes | str, version: Version) -> None:
        if kind_of(type(value)) is Kind.ARRAY:
            self._arrays[now] = version
            if len(self._arrays) > _MOST_ARRAYS:
                del self._arrays[next(iter(self._arrays))]
            return
        ident = id(value)
        try:
            ref = weakref.ref(value, lambda _: self._by_ident.pop(ident, None))
        except TypeError:
            return
        self._by_ident[ident] = _Remembered(ref, now, version)


def isinstance_of_library_class(value: Any) -> bool:
    """Tell whether a value is a class of a library."""
    return kind_of(type(value)) is Kind.CLASS and not is_written_here(value)


def configured_sample_over() -> int | None:
    """Return the size in bytes over which values are sampled, from `NBLEDGER_SAMPLE_OVER`; `None` if it is not set."""
    text = os.environ.get("NBLEDGER_SAMPLE_OVER", "")
    return int(text) if text.isdigit() else None


def _plain_defaults(function: FunctionType) -> bool:
    if function.__kwdefaults__:
        return False
    defaults = function.__defaults__
    return defaults is None or all(type(item) in _CONSTANT for item in defaults)
