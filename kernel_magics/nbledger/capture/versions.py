"""From a value to its version, hashing no more than is needed.

The change token (xxh3, at memory speed) notices that a value is still the same; only when it is not is the recorded
identity (BLAKE3) computed. Objects are remembered by weak reference, never kept alive.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

from nbledger.fingerprint import fingerprint, token
from nbledger.records import Version

_SMALL = frozenset({int, float, bool, complex, type(None)})


class _Remembered(NamedTuple):
    """A live object by weak reference, with its token and version when last seen."""

    ref: weakref.ref[Any]
    token: bytes | str
    version: Version


class Versions:
    """Fingerprints of live values, and every version met since the last `drain`."""

    def __init__(self) -> None:
        self._by_ident: dict[int, _Remembered] = {}
        self._met: dict[str, Version] = {}

    def token(self, value: Any) -> bytes | str | None:
        """Return the change token of a value; `None` when it is opaque."""
        return fingerprint(value).hash if type(value) in _SMALL else token(value)

    def of(self, value: Any) -> tuple[bytes | str | None, Version]:
        """Return the change token and the version of a value as it is now."""
        if type(value) in _SMALL:
            # Hashing these twice would cost more than it saves: their identity is their token.
            version = fingerprint(value)
            self._met[version.hash] = version
            return version.hash, version
        now = token(value)
        known = self._by_ident.get(id(value))
        if known is not None and known.ref() is value and known.token == now:
            self._met[known.version.hash] = known.version
            return now, known.version
        version = fingerprint(value)
        self._met[version.hash] = version
        if now is not None:
            self._remember(value, now, version)
        return now, version

    def hash(self, value: Any) -> str:
        """Return the identity of a value as it is now."""
        return self.of(value)[1].hash

    def add(self, version: Version) -> None:
        """Take in a version that was made elsewhere (a file, a code)."""
        self._met[version.hash] = version

    def drain(self) -> tuple[Version, ...]:
        """Return the versions met since the last call."""
        met = tuple(self._met.values())
        self._met.clear()
        return met

    def _remember(self, value: Any, now: bytes | str, version: Version) -> None:
        ident = id(value)
        try:
            ref = weakref.ref(value, lambda _: self._by_ident.pop(ident, None))
        except TypeError:
            return
        self._by_ident[ident] = _Remembered(ref, now, version)
