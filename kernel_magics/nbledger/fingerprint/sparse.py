"""scipy sparse matrices and arrays by meaning: shape, dtype, and (row, column, value) without duplicates, sorted.

Format counts through the class; unsorted indices and duplicates do not, and the value is never put in order in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from .arrays import array_content, dtype_name
from .walk import Walk, register_base


def encode_sparse(walk: Walk, value: Any) -> bytes:
    """Encode a sparse matrix or array."""
    name = f"{type(value).__name__}{value.shape}".encode()
    return walk.compact(b"Sp", name + dtype_name(value.dtype) + _content(walk, value))


def _content(walk: Walk, value: Any) -> bytes:
    if value.format in ("csr", "csc"):
        value = _canonical(value)
        parts = (value.indptr.astype(np.int64, copy=False), value.indices, value.data)
        return b"".join(_indexed(walk, part) for part in parts)
    coo = value.tocoo(copy=False)
    axes = list(coo.coords) if hasattr(coo, "coords") else [coo.row, coo.col]
    order = np.lexsort(axes[::-1])
    data = coo.data[order]
    axes = [np.asarray(axis)[order].astype(np.int64, copy=False) for axis in axes]
    if len(data):
        starts = np.flatnonzero(np.concatenate(([True], np.logical_or.reduce([a[1:] != a[:-1] for a in axes]))))
        if len(starts) < len(data):
            data = np.add.reduceat(data, starts).astype(data.dtype, copy=False)
            axes = [axis[starts] for axis in axes]
    return b"".join(array_content(walk, part) for part in (*axes, data))


def _indexed(walk: Walk, part: Any) -> bytes:
    """Index arrays are 32 or 64 bits wide as scipy saw fit: hashed as 64."""
    if part.dtype.kind == "i" and part.dtype == np.int32:
        part = part.astype(np.int64)
    return array_content(walk, part)


def _canonical(value: Any) -> Any:
    """Return the matrix with sorted indices and no duplicates: itself, or a copy."""
    shell = type(value)((value.data, value.indices, value.indptr), shape=value.shape, copy=False)
    if shell.has_canonical_format:
        return value
    copy = type(value)((value.data, value.indices, value.indptr), shape=value.shape, copy=True)
    copy.sum_duplicates()
    return copy


def measure(value: Any) -> tuple[tuple[int, ...], int]:
    """Return a sparse matrix's shape and the bytes of its stored arrays."""
    names = ("data", "indices", "indptr", "row", "col", "offsets")
    parts = (getattr(value, name, None) for name in names)
    return value.shape, sum(part.nbytes for part in parts if isinstance(part, np.ndarray))


_BASES = {sp.spmatrix, sp.sparray} if hasattr(sp, "sparray") else {sp.spmatrix}
for _base in _BASES:
    register_base(_base, encode_sparse, "sparse", measure)
