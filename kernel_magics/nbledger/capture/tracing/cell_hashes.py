"""Hashes of cells and rows, 64 bits each: equal values have equal ones, in whatever type they are held.

Whole numbers count exactly, other numbers as rounded to single precision, texts by xxh3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Positions = NDArray[np.int64]

_NAN_BITS = 0x7FF8000000000000
_FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9


def evenly(count: int, most: int) -> list[int]:
    """Return at most so many of the numbers below `count`, evenly spaced."""
    if count <= most:
        return list(range(count))
    return [index * count // most for index in range(most)]


def mixed(values: Hashes) -> Hashes:
    """Return the values with their bits mixed well."""
    import numpy as np

    found = values * np.uint64(_FIRST)
    found ^= found >> np.uint64(32)
    found *= np.uint64(_SECOND)
    found ^= found >> np.uint64(29)
    return found


def row_hashes(table: Hashes) -> Hashes:
    """Return one hash for each row from the hashes of its cells; the order of columns counts."""
    import numpy as np

    if len(table) == 1:
        return mixed(table[0])
    total = np.zeros(table.shape[1], np.uint64)
    for index, column in enumerate(table):
        total += column * np.uint64((2 * index + 1) * _SECOND & (2**64 - 1))
    return mixed(total)


def number_hashes(values: Any) -> Hashes:
    """Return a hash for each number; equal numbers have equal ones, in whatever type they are held."""
    import numpy as np

    with np.errstate(all="ignore"):
        values = np.asarray(values)
        exact = np.ascontiguousarray(values, dtype=np.float64)
        if values.dtype.kind not in "iu":
            exact = np.where(np.rint(exact) == exact, exact, exact.astype(np.float32)) + 0.0
    bits = exact.view(np.uint64)
    missing = np.isnan(exact)
    if missing.any():
        bits = np.where(missing, np.uint64(_NAN_BITS), bits)
    return mixed(bits)


def object_hashes(values: Any) -> Hashes:
    """Return a hash for each object: of texts their content, of numbers their value, of all else their `repr`."""
    import numpy as np
    import xxhash

    known: dict[Any, int] = {}
    found = np.empty(len(values), np.uint64)
    for position, value in enumerate(values):
        if isinstance(value, str):
            code = known.get(value)
            if code is None:
                code = known[value] = xxhash.xxh3_64_intdigest(value.encode("utf-8", "surrogatepass"))
            found[position] = code
        elif isinstance(value, int | float):
            found[position] = number_hashes(np.array([value], np.float64))[0]
        elif value is None or value != value:  # noqa: PLR0124  (NaN)
            found[position] = mixed(np.array([_NAN_BITS], np.uint64))[0]
        else:
            found[position] = xxhash.xxh3_64_intdigest(repr(value).encode("utf-8", "replace"))
    return found


def missing_hash() -> Hashes:
    """Return the hash of a missing value, as an array of one."""
    import numpy as np

    return mixed(np.array([_NAN_BITS], np.uint64))
