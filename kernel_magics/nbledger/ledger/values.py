"""How Python values lie in SQLite columns without affinity, so that each comes back with its type.

A param's `type` is 0 null, 1 bool, 2 int, 3 float, 4 str. SQLite turns NaN to NULL and has no integers beyond 64 bits:
a NaN param is the text `nan` with type 3, a large int its hexadecimal text with type 2. A metric is always a float
(REAL), NULL being NaN, which is what comparing with NaN means.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

NULL, BOOL, INT, FLOAT, STR = range(5)
TYPE_NAMES = ("null", "bool", "int", "float", "str")
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1

Stored = int | float | str | None


def encode(value: Any) -> tuple[Stored, int]:
    """Return the column value and type of a param's value; what is no scalar is kept as its text."""
    if value is None:
        return None, NULL
    if isinstance(value, bool):
        return int(value), BOOL
    if isinstance(value, int):
        number = int(value)
        return (number if _LEAST <= number <= _MOST else hex(number)), INT
    if isinstance(value, float):
        number_f = float(value)
        return (number_f if not math.isnan(number_f) else "nan"), FLOAT
    if isinstance(value, str):
        return str(value), STR
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        plain = item()
        if isinstance(plain, (bool, int, float, str)):
            return encode(plain)
    return str(value), STR


def decode(value: Any, type: int) -> Any:
    """Return the Python value of what `encode` made."""
    if type == BOOL:
        return bool(value)
    if type == INT and isinstance(value, str):
        return int(value, 16)
    if type == FLOAT and isinstance(value, str):
        return float(value)
    return value


def number(value: Any) -> float | None:
    """Return a metric's value as a float for its column, `None` for NaN and for what is no number."""
    try:
        found = float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except (TypeError, ValueError):
        return None
    return None if math.isnan(found) else found


def pack_items(values: Sequence[Any]) -> str:
    """Return params' and tags' values as one JSON array (with `NaN` and `Infinity`, as Python's json reads them)."""
    return json.dumps(values, separators=(",", ":"))


def pack_metrics(values: Sequence[float | None]) -> bytes:
    """Return metrics as little-endian doubles."""
    nan = float("nan")
    return struct.pack(f"<{len(values)}d", *[nan if value is None else value for value in values])


def cleaned(record: Any) -> Any:
    r"""Return a record whose texts can all be stored: lone surrogates become escapes such as `\udcff`."""
    if isinstance(record, str):
        return record.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(record, Mapping):
        return {cleaned(key): cleaned(value) for key, value in record.items()}
    if isinstance(record, (tuple, list)):
        return type(record)(cleaned(item) for item in record)
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        names = [field.name for field in dataclasses.fields(record)]
        return dataclasses.replace(record, **{name: cleaned(getattr(record, name)) for name in names})
    return record
