"""numpy arrays, scalars and dtypes.

An array is its dtype, its shape and its elements in C order, whatever its strides. Bytes that are no content do not
count: padding of structured dtypes and of `longdouble`, and values hidden by a mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .buffers import content
from .mixed import batch_content, no_pages
from .repeats import WINDOW, window_digests
from .sampling import sample_array
from .text import BATCH
from .walk import Walk, register, register_base

Array = np.ndarray[Any, np.dtype[Any]]


def dtype_name(dtype: np.dtype[Any]) -> bytes:
    """Return a dtype as text that does not depend on padding or on the numpy version."""
    if dtype.fields is not None:
        fields = (b"%b:%b" % (repr(name).encode(), dtype_name(dtype.fields[name][0])) for name in dtype.names or ())
        return b"{%b}" % b",".join(fields)
    if dtype.subdtype is not None:
        return b"%b%b" % (dtype_name(dtype.subdtype[0]), str(dtype.subdtype[1]).encode())
    if dtype.kind == "T":
        return f"T({getattr(dtype, 'na_object', '')!r})".encode()
    return dtype.str.encode()


def array_content(walk: Walk, value: Array, mask: Array | None = None) -> bytes:
    """Return the digest of an array's elements; where `mask` is true only the mask counts."""
    dtype = value.dtype
    if mask is not None:
        if not mask.any():
            return walk.sink.digest(b"unmasked" + array_content(walk, value))
        if dtype.hasobject or dtype.fields is not None:
            value = value.copy()
            value[mask] = None if dtype.kind == "O" else np.zeros((), dtype)[()]
            mask_digest, mask = content(walk.sink, mask), None
            return walk.sink.digest(b"masked" + mask_digest + array_content(walk, value))
        return walk.sink.digest(b"masked" + content(walk.sink, mask) + content(walk.sink, value, mask))
    if dtype.kind in "OT":
        return object_content(walk, value)
    if dtype.fields is not None:
        return walk.sink.digest(b"".join(array_content(walk, value[name]) for name in dtype.names or ()))
    if dtype.char in "gG" and dtype.itemsize in (16, 32):
        return _long_double_content(walk, value)
    return content(walk.sink, value)


def object_content(walk: Walk, value: Array) -> bytes:
    """Return the digest of an object array: batches of elements in C order."""
    flat = value.reshape(-1) if value.ndim <= 1 or value.flags.c_contiguous else value.flat
    whole = value.size // BATCH * BATCH
    known = window_digests(walk, flat, whole) if whole else []
    digests = []
    pages = no_pages() if whole else None
    for number, start in enumerate(range(0, whole, WINDOW)):
        found = known[number] if known else None
        if found is None:
            stop = min(start + WINDOW, whole)
            found = []
            for i in range(start, stop, BATCH):
                gaps = bool(found) and found[-1].startswith(b"m")
                found.append(batch_content(walk, flat[i : i + BATCH], pages, gaps=gaps))
        digests += found
    if whole < value.size:
        digests.append(batch_content(walk, flat[whole : value.size], pages))
    return walk.sink.digest(b"".join(digests))


def _long_double_content(walk: Walk, value: Array) -> bytes:
    """x87 numbers hold 10 bytes of 16; the rest is whatever was in memory."""
    flat = value.reshape(-1) if value.flags.c_contiguous else value.flat
    digests = []
    for start in range(0, value.size, BATCH):
        part = np.ascontiguousarray(flat[start : start + BATCH]).view(np.uint8).reshape(-1, 16)
        digests.append(walk.sink.digest(part[:, :10].tobytes()))
    return walk.sink.digest(b"".join(digests))


def _head(value: Array) -> bytes:
    return b"%b%b" % (dtype_name(value.dtype), str(value.shape).encode())


def _build_array(walk: Walk, value: Array) -> bytes:
    head = _head(value)
    if walk.sample_over is not None and value.nbytes > walk.sample_over:
        walk.sampled = True
        value = sample_array(value)
        head = b"sampled" + head
    return b"%b;%b" % (head, array_content(walk, value))


def encode_array(walk: Walk, value: Array) -> bytes:
    """Encode an `ndarray`."""
    if value.dtype.hasobject:
        return walk.nest(b"A", value, _build_array)
    return walk.compact(b"A", _build_array(walk, value))


def encode_masked(walk: Walk, value: Any) -> bytes:
    """Encode a masked array by its visible values and its mask; fill value and hard mask are not content."""
    data = np.ndarray.view(value, np.ndarray)
    mask = np.ndarray.view(np.ma.getmaskarray(value), np.ndarray)
    if mask.dtype.fields is not None:
        names = value.dtype.names
        parts = b"".join(array_content(walk, data[n], _plain_mask(mask[n])) for n in names)
        return walk.compact(b"Am", _head(data) + parts)
    return walk.compact(b"Am", b"%b;%b" % (_head(data), array_content(walk, data, mask)))


def _plain_mask(mask: Array) -> Array:
    return mask if mask.dtype.fields is None else np.ascontiguousarray(mask).view(np.bool_).reshape(*mask.shape, -1)


def encode_subclass(walk: Walk, value: Any) -> bytes:
    """Encode a subclass of `ndarray`: its class, its elements and its own attributes."""
    plain = np.ndarray.view(value, np.ndarray)
    if type(value) is np.memmap:
        return encode_array(walk, plain)

    def build(w: Walk, v: Any) -> bytes:
        state = getattr(v, "__dict__", None)
        return w.encode(type(v)) + encode_array(w, plain) + (w.encode(dict(state)) if state else b"")

    return walk.nest(b"As", value, build)


def encode_scalar(walk: Walk, value: Any) -> bytes:
    """Encode a numpy scalar: a 0-d array by another name."""
    return b"n" + encode_array(walk, np.asarray(value))


def measure(value: Any) -> tuple[tuple[int, ...], int]:
    """Return an array's shape and bytes."""
    return value.shape, value.nbytes


register("array", np.ndarray, measure=measure)(encode_array)
register("array", np.memmap, measure=measure)(encode_subclass)
register("array", np.ma.MaskedArray, measure=measure)(encode_masked)
register_base(np.ma.MaskedArray, encode_masked, "array", measure)
register_base(np.ndarray, encode_subclass, "array", measure)
register_base(np.generic, encode_scalar, "value")
for _scalar in set(np.sctypeDict.values()):
    register("value", _scalar)(encode_scalar)


def _encode_dtype(walk: Walk, value: np.dtype[Any]) -> bytes:
    return walk.compact(b"Ad", dtype_name(value))


register_base(np.dtype, _encode_dtype, "value")
