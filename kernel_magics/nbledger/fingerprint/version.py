"""The two public functions over the walk: the recorded identity and the change check."""

from __future__ import annotations

import os
from typing import Any

from nbledger.records import Exactness, Version

from .sink import IDENTITY, TOKEN, Sink
from .values import PLAIN, flat_content
from .walk import ENCODERS, KINDS, OpaqueError, TangledError, Walk, module_of, qualname_of, resolve

__all__ = ["change_token", "fingerprint", "flat_fingerprint", "token"]

# Serves plain values: most variables of most cells, at a third of the price.
_PLAIN_WALK = Walk(IDENTITY)


def fingerprint(value: Any, *, profile: bool = True, sample_over: int | None = None) -> Version:
    """Return the identity of a value's full typed content: BLAKE3, first 128 bits, 32 hexadecimal digits.

    `exactness` is `exact`; `sampled` when an array or table inside is larger than `sample_over` bytes (never by
    default); `opaque` when a part cannot be read without running or consuming it: then the hash equals no other.
    For tables `schema` names every column with its dtype, its own hash and, with `profile`, a light profile.
    Never raises but `MemoryError`, never changes the value. docs/fingerprints.md tells what counts for each type.
    """
    cls = type(value)
    if cls in PLAIN:
        return Version(IDENTITY.digest(ENCODERS[cls](_PLAIN_WALK, value)).hex(), "value", type_name=cls.__name__)
    walk, encoded = _walk(value, IDENTITY, profile=profile, sample_over=sample_over)
    shape: tuple[int, ...] | None = None
    nbytes: int | None = None
    kind, measure = _kind(cls)
    if measure is not None:
        try:
            shape, nbytes = measure(value)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001, S110 - a broken value has no shape; its hash says that it is opaque
            pass
    exactness: Exactness = "opaque" if walk.opaque else "sampled" if walk.sampled else "exact"
    module, name = module_of(cls), qualname_of(cls)
    return Version(
        hash=IDENTITY.digest(encoded).hex(),
        kind=kind,
        exactness=exactness,
        type_name=name if module == "builtins" else f"{module}.{name}",
        shape=shape,
        nbytes=nbytes,
        schema=walk.columns,
    )


def flat_fingerprint(value: Any) -> Version | None:
    """Return the same for a builtin container of numbers, texts and `None`, at half the price; `None` for all else."""
    encoded = flat_content(_PLAIN_WALK, value)
    if encoded is None:
        return None
    return Version(IDENTITY.digest(encoded).hex(), "value", type_name=type(value).__name__, shape=(len(value),))


def token(value: Any) -> bytes | None:
    """Return a quick change check of a value: xxh3_128, 16 bytes; `None` when a part of it is opaque.

    Compare tokens of one process only. Equal tokens mean equal content; another token may also mean the same content
    in another memory layout, which `fingerprint` then finds to be the same version.
    """
    try:
        _, encoded = _walk(value, TOKEN)
    except OpaqueError:
        return None
    return TOKEN.digest(encoded)


def change_token(value: Any, *, sample_over: int | None = None) -> tuple[bytes | None, bool]:
    """Return the check that tells whether a variable was changed in place, and whether it tells all of its content.

    Unlike `token` it leaves out what functions inside read from globals, for to bind a global is not to change them
    (then it does not tell all), and takes in what is no content but can be seen: what a cached function has cached,
    and attributes that a class of one's own keeps out of its pickles.
    """
    try:
        walk, encoded = _walk(value, TOKEN, sample_over=sample_over, change=True)
    except OpaqueError:
        return None, False
    return TOKEN.digest(encoded), walk.complete


def _kind(cls: type) -> tuple[str, Any]:
    known = KINDS.get(cls)
    if known is not None:
        return known
    try:
        return resolve(cls)[1:]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a class may be as broken as it likes
        return "object", None


def _walk(
    value: Any, sink: Sink, *, profile: bool = False, sample_over: int | None = None, change: bool = False
) -> tuple[Walk, bytes]:
    walk = Walk(sink, sample_over=sample_over)
    walk.profile = profile
    walk.change = change
    try:
        encoder = ENCODERS.get(type(value))
        return walk, walk.encode(value) if encoder is None else encoder(walk, value)
    except TangledError:
        walk = Walk(sink, sample_over=sample_over, by_order=True)
        walk.change = change
    except (MemoryError, OpaqueError):
        raise
    except Exception:  # noqa: BLE001 - recording never breaks the cell
        return _give_up(walk)
    try:
        return walk, walk.encode(value)
    except (MemoryError, OpaqueError):
        raise
    except Exception:  # noqa: BLE001 - recording never breaks the cell
        return _give_up(walk)


def _give_up(walk: Walk) -> tuple[Walk, bytes]:
    """A value that raised while it was read is opaque as a whole."""
    if walk.sink is TOKEN:
        raise OpaqueError
    walk.opaque = True
    return walk, b"?" + os.urandom(16)
