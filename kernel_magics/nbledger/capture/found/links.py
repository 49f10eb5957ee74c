"""Whether one array was made of another by what people do to predictions before they judge them.

`proba > 0.5`, `argmax(axis=1)`, `round`, `astype`, `tolist`, `np.exp`, `pd.Series`, `np.where`, labels for codes: all
give a function of each row's prediction: one that never falls when the prediction rises, or one that only renames.
"""

from __future__ import annotations

import sys
from typing import Any

MAX_ROWS = 200_000
"""Longer arrays are compared for equality only."""

_MAX_CLASSES = 100


def plain(value: Any) -> Any:
    """Return predictions as an array of one or two dimensions; `None` for what is none."""
    np = sys.modules.get("numpy")
    if np is None or value is None or isinstance(value, str | bytes | dict):
        return None
    try:
        if hasattr(value, "to_numpy"):
            value = value.to_numpy()
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    if array.dtype.kind not in "biufUOST" or array.ndim == 0 or array.ndim > 2 or not len(array):
        return None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    return array


def is_made_of(value: Any, prediction: Any) -> bool:
    """Tell whether `value` (as `plain` gives it) is `prediction` or a simple function of it, row by row."""
    if len(value) != len(prediction):
        return False
    if value.ndim == 2:
        return value.shape == prediction.shape and _equal(value, prediction)
    columns = [prediction] if prediction.ndim == 1 else [prediction[:, i] for i in range(min(prediction.shape[1], 50))]
    if any(_equal(value, column) for column in columns):
        return True
    if len(value) > MAX_ROWS:
        return False
    codes = _codes(value)
    if codes is None or codes.max() < 1:
        return False
    if prediction.ndim == 2 and prediction.dtype.kind in "iuf" and _renames(codes, prediction.argmax(axis=1)):
        return True
    return any(_follows(codes, column, value.dtype.kind in "biuf") for column in columns)


def _equal(first: Any, second: Any) -> bool:
    import numpy as np

    try:
        return bool(np.array_equal(first, second)) or bool(
            first.dtype.kind in "iuf" and second.dtype.kind in "iuf" and np.allclose(first, second, rtol=1e-6, atol=0)
        )
    except TypeError:
        return False


def _codes(value: Any) -> Any:
    """Return the rank of each value among the distinct ones; texts that mix with others are taken as texts."""
    import numpy as np

    try:
        return np.unique(value, return_inverse=True)[1].reshape(-1)
    except TypeError:
        return np.unique(np.array([str(one) for one in value]), return_inverse=True)[1].reshape(-1)


def _follows(codes: Any, prediction: Any, numeric: bool) -> bool:
    own = _codes(prediction)
    if _renames(codes, own):
        return True
    if prediction.dtype.kind not in "biuf" or not (numeric or codes.max() == 1):
        return False
    # The values in the order of the predictions: all equal within one prediction, and never falling (or never rising).
    import numpy as np

    order = np.lexsort((codes, own))
    steps, same = np.diff(codes[order]), np.diff(own[order]) == 0
    return not steps[same].any() and bool((steps >= 0).all() or (steps <= 0).all())


def _renames(codes: Any, own: Any) -> bool:
    """Tell whether each of a few predictions always has the same value."""
    import numpy as np

    if own.max() >= min(_MAX_CLASSES, max(2, len(own) // 2)) or own.max() < codes.max():
        return False
    first = np.full(int(own.max()) + 1, -1, np.int64)
    first[own[::-1]] = codes[::-1]
    return bool((first[own] == codes).all())
