"""The light profile of a table's columns: missing, min, max, mean.

One pass of vectorised reductions over each block. A table of more than `FULL_ROWS` rows is profiled from a sample
of that many rows, evenly spread, and each profile then says so under `sampled_rows`: a full pass would cost as much as
the identity itself.
"""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np

FULL_ROWS = 10_000


def frame_profiles(blocks: list[tuple[Any, Any]], columns: int, rows: int) -> list[dict[str, Any] | None]:
    """Return one profile for each column, by position."""
    profiles: list[dict[str, Any] | None] = [None] * columns
    for places, values in blocks:
        try:
            found = _block_profiles(_sample(values, rows), len(places))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001, S112 - a third-party array may lack methods: the hash stands without profile
            continue
        for place, profile in zip(places.tolist(), found, strict=True):
            if rows > FULL_ROWS:
                profile["sampled_rows"] = FULL_ROWS
            profiles[place] = profile
    return profiles


def _sample(values: Any, rows: int) -> Any:
    if rows <= FULL_ROWS:
        return values
    places = (np.arange(FULL_ROWS) * (rows / FULL_ROWS)).astype(np.int64)
    return values[:, places] if values.ndim == 2 else values.take(places)


def _block_profiles(values: Any, count: int) -> list[dict[str, Any]]:
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return _numeric(np.atleast_2d(values))
    if values.ndim == 2 and getattr(values, "_ndarray", values).dtype.kind in "mM":
        return [_times(values[row]) for row in range(count)]
    if values.ndim == 2:
        return [_other(values[row]) for row in range(count)]
    if isinstance(getattr(values, "_ndarray", None), np.ndarray) and values._ndarray.dtype.kind in "mM":
        return [_times(values)]
    return [_other(values)]


def _numeric(block: Any) -> list[dict[str, Any]]:
    rows = block.shape[1]
    missing = [0] * len(block)
    if not rows:
        return [{"missing": 0} for _ in missing]
    if block.dtype.kind == "f":
        gone = np.isnan(block)
        missing = gone.sum(axis=1).tolist()
        if any(missing):
            return [_one_numeric(row[~lost], int(lost.sum())) for row, lost in zip(block, gone, strict=True)]
    low, high = block.min(axis=1).tolist(), block.max(axis=1).tolist()
    with np.errstate(all="ignore"):
        mean = block.mean(axis=1, dtype=np.float64).tolist()
    return [{"missing": m, "min": a, "max": b, "mean": c} for m, a, b, c in zip(missing, low, high, mean, strict=True)]


def _one_numeric(present: Any, missing: int) -> dict[str, Any]:
    if not len(present):
        return {"missing": missing}
    with np.errstate(all="ignore"):
        mean = float(present.mean(dtype=np.float64))
    return {"missing": missing, "min": present.min().item(), "max": present.max().item(), "mean": mean}


def _times(values: Any) -> dict[str, Any]:
    raw = values._ndarray if hasattr(values, "_ndarray") else values
    gone = np.isnat(raw)
    present = raw[~gone]
    profile: dict[str, Any] = {"missing": int(gone.sum())}
    if len(present):
        profile["min"], profile["max"] = str(present.min()), str(present.max())
    return profile


def _other(values: Any) -> dict[str, Any]:
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "O":
            return {"missing": 0}
        return {"missing": sum(item is None or isnan(item) for item in values.tolist() if _is_plain(item))}
    profile: dict[str, Any] = {"missing": int(values.isna().sum())}
    data = getattr(values, "_data", None)
    if isinstance(data, np.ndarray) and data.dtype.kind in "fiub":
        profile |= _one_numeric(data[~values._mask], profile["missing"])
    elif hasattr(values, "categories"):
        profile["categories"] = len(values.categories)
    return profile


def _is_plain(item: Any) -> bool:
    """Comparing other objects would run their own code."""
    return item is None or type(item) is float
