"""Columns among the features that are the target in disguise: equal to it, a monotone function of it, or a renaming."""

from __future__ import annotations

import math
import sys
from typing import Any

from nbledger.capture.tracing.transformers import components

MAX_ROWS = 20_000
MAX_COLUMNS = 200

_LEAST_ROWS = 20
_START = 100
_LEAST_DISTINCT = 12
_MANY_IDS = 100
_CHANCES = 10_000


def target_copies(model: Any, data: Any, y: Any) -> list[list[str]]:
    """Return `[column, relation]` for each feature that gives the target away.

    `relation` is `equal`, `monotone` (of a target of many values), `one-to-one` (of classes), `indicator` (true exactly
    for one of several classes), `determines` (a category with one class each), `nonzero` (zero or missing exactly
    where a class is), `steps` (a target of many values, cut into steps) or `sorted` (a number that each row has of its
    own, such as an id, in the order of the classes).
    """
    import numpy as np

    target = _vector(y)
    if target is None or len(target) < _LEAST_ROWS or getattr(data, "shape", (0,))[:1] != (len(target),):
        return []
    if hasattr(data, "tocsr"):
        return []
    rows = np.unique(np.linspace(0, len(target) - 1, MAX_ROWS).astype(np.int64)) if len(target) > MAX_ROWS else None
    target = target if rows is None else target[rows]
    codes = _codes(target)
    if codes is None or codes.max() < 1:
        return []
    numeric = target.dtype.kind in "biuf"
    many = codes.max() + 1 >= _LEAST_DISTINCT and codes.max() + 1 > len(codes) // 20
    columns = _columns(data, _used_columns(model, data))
    if not _tells(codes, len(columns)):
        return []
    found = []
    for name, column in columns:
        values = _vector(column)
        if values is None:
            continue
        values = values if rows is None else values[rows]
        relation = _relation(values, target, codes, numeric, many, alone=len(columns) == 1)
        if relation == "steps" and _in_order(data, values, rows):
            continue  # years beside what only ever grows
        if relation is not None:
            found.append([name, relation])
    indicators = [one for one in found if one[1] == "indicator"]
    return [one for one in found if one[1] != "indicator"] + (indicators if len(indicators) > 1 else [])


def _tells(codes: Any, columns: int) -> bool:
    """Tell whether a column in the order of the target is more than chance: one in 10,000, for all columns together.

    So many columns are tried, and each would be it by chance in one of n! / (a! b! ...) ways to arrange the classes.
    """
    import numpy as np

    ways = math.lgamma(len(codes) + 1) - sum(math.lgamma(count + 1) for count in np.bincount(codes).tolist())
    return ways >= math.log(_CHANCES * max(1, columns))


def _relation(values: Any, target: Any, codes: Any, numeric: bool, many: bool, *, alone: bool) -> str | None:
    if numeric and values.dtype.kind in "biuf" and bool((values == target).all()):
        return "equal"
    if values.dtype.kind == "f" and not _worth_sorting(values, codes, many):
        return None
    own = _codes(values)
    if own is None or own.max() < 1:
        return None
    top, count = int(codes.max()), int(own.max())
    if many:
        if count == top and not alone and _is_monotone(own, codes):
            return "monotone"
        return "steps" if not alone and _is_stepped(own, codes) else None
    return _of_classes(values, own, codes)


def _of_classes(values: Any, own: Any, codes: Any) -> str | None:
    """Return what a column is to the classes of a target."""
    top, count = int(codes.max()), int(own.max())
    if count == top and _maps(own, codes):
        return "one-to-one"
    if top > 1 and count == 1 and _separates(own, codes):
        return "indicator"
    enough = len(own) >= 50 and _least(codes) >= 5
    if enough and top < count <= 30 and len(own) >= 5 * count and _maps(own, codes) and _is_category(values):
        return "determines"
    if enough and top == 1 and count > 20 and _is_absent_with(values, codes):
        return "nonzero"
    if len(own) >= _MANY_IDS and _least(codes) >= 10 and count == len(own) - 1 and _is_sorted_by(values, own, codes):
        return "sorted"
    return None


def _worth_sorting(values: Any, codes: Any, many: bool) -> bool:
    """Tell by a few rows whether a column of fractions can be anything to the target at all."""
    import numpy as np

    start = values[:_START]
    if many:
        order = np.argsort(start, kind="stable")
        steps = np.diff(codes[:_START][order])
        return bool((steps >= 0).all() or (steps <= 0).all())
    if len(start) < _START or len(np.unique(start)) <= _START // 2:
        return True
    return bool((values == 0).any() or np.isnan(values).any())


def _is_monotone(own: Any, codes: Any) -> bool:
    return bool((own == codes).all() or (own == codes.max() - codes).all())


def _is_stepped(own: Any, codes: Any) -> bool:
    """Tell whether a column of few values only rises, or only falls, with the target: three steps of five rows."""
    import numpy as np

    if len(own) < 50 or not 2 <= own.max() < codes.max() // 2 or _least(own) < 1:
        return False
    if (np.bincount(own) >= 5).sum() < 3:
        return False
    steps = np.diff(own[np.lexsort((own, codes))])
    back = np.diff(own[np.lexsort((-own, codes))])
    return bool((steps >= 0).all() or (back <= 0).all())


def _in_order(data: Any, values: Any, rows: Any) -> bool:
    """Tell whether a column only rises, or only falls, along the index of its frame."""
    import numpy as np

    index: Any = getattr(data, "index", None)
    try:
        order = np.argsort(np.asarray(index if rows is None else index[rows]), kind="stable")
    except (TypeError, ValueError):
        return False
    codes = _codes(values)
    if codes is None or len(order) != len(codes):
        return False
    steps = np.diff(codes[order])
    return bool((steps >= 0).all() or (steps <= 0).all())


def _is_sorted_by(values: Any, own: Any, codes: Any) -> bool:
    """Tell whether whole numbers, each of one row, put the rows in the order of their classes."""
    import numpy as np

    if values.dtype.kind not in "iu":
        return False
    return int((np.diff(codes[np.argsort(own)]) != 0).sum()) == int(codes.max())


def _maps(own: Any, codes: Any) -> bool:
    """Tell whether each value stands with one class only."""
    import numpy as np

    first = np.zeros(int(own.max()) + 1, np.int64)
    first[own] = codes
    return bool((first[own] == codes).all())


def _separates(own: Any, codes: Any) -> bool:
    """Tell whether a binary column is true (or false) exactly for one class of several, and not for a trifle."""
    import numpy as np

    for side in (0, 1):
        inside = np.unique(codes[own == side])
        if len(inside) == 1 and not (codes[own != side] == inside[0]).any():
            return int((own == side).sum()) >= 5
    return False


def _least(codes: Any) -> int:
    import numpy as np

    return int(np.bincount(codes).min())


def _is_category(values: Any) -> bool:
    return bool(values.dtype.kind != "f")


def _is_absent_with(values: Any, codes: Any) -> bool:
    """Tell whether a column of many values is zero, or missing, exactly where one class is."""
    import numpy as np

    if values.dtype.kind not in "iuf":
        return False
    for absent in (values == 0, np.isnan(values.astype(np.float64))):
        share = absent.mean()
        if 0.05 < share < 0.95 and ((absent == (codes == 0)).all() or (absent == (codes == 1)).all()):
            return True
    return False


def _codes(values: Any) -> Any:
    import numpy as np

    try:
        if values.dtype.kind == "O":
            values = np.array([str(value) for value in values])
        return np.unique(values, return_inverse=True)[1].reshape(-1)
    except (TypeError, ValueError):
        return None


def _vector(value: Any) -> Any:
    import numpy as np

    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, list | tuple):
        value = np.asarray(value) if value and not isinstance(value[0], list | tuple) else None
    if not isinstance(value, np.ndarray):
        return None
    if value.ndim == 2 and value.shape[1] == 1:
        value = value[:, 0]
    return value if value.ndim == 1 and value.dtype.kind in "biufOUSMT" else None


def _columns(data: Any, used: set[str] | None) -> list[tuple[str, Any]]:
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        names = [str(name) for name in data.columns]
        picked = [i for i, name in enumerate(names) if used is None or name in used]
        return [(names[index], data.iloc[:, index]) for index in picked[:MAX_COLUMNS]]
    if getattr(data, "ndim", 0) == 2:
        return [(f"column {index}", data[:, index]) for index in range(min(data.shape[1], MAX_COLUMNS))]
    return []


def _used_columns(model: Any, data: Any) -> set[str] | None:
    """Return the columns that a pipeline's column transformer takes; `None` for all."""
    if not hasattr(data, "columns"):
        return None
    for part in components(model):
        listed = getattr(part, "transformers_", None)
        if isinstance(listed, list):
            named: set[str] = set()
            for _, transformer, chosen in listed:
                if isinstance(transformer, str) and transformer == "drop":
                    continue
                picked = [chosen] if isinstance(chosen, str) else chosen
                try:
                    every = [str(data.columns[one]) if isinstance(one, int) else str(one) for one in picked]
                except (TypeError, IndexError):
                    return None
                named.update(every)
            return named if "sklearn" in sys.modules else None
    return None
