"""One column of a frame as the checks see it: which values are missing, which fit a dtype, which lie outside limits.

Everything is a whole-column operation that gives a mask of the rows that break a check, so that a million rows take
a fraction of a second a check.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from nbledger.pipeline.checks.checks_file import Limit


class NotComparable(ValueError):
    """A limit that cannot be compared with what a column holds."""


def missing(values: Any) -> Any:
    """Return which values are missing (NaN, None, NaT, NA)."""
    return values.isna().to_numpy(dtype=bool)


def has_dtype(dtype: Any, wanted: str) -> bool:
    """Tell whether a dtype is the one wanted, by its exact name or as one of `FAMILIES`."""
    from pandas.api import types

    if str(dtype) == wanted:
        return True
    tests = {
        "integer": types.is_integer_dtype,
        "float": types.is_float_dtype,
        "number": lambda one: types.is_numeric_dtype(one) and not types.is_bool_dtype(one),
        "string": lambda one: types.is_string_dtype(one) and not isinstance(one, _category()),
        "boolean": types.is_bool_dtype,
        "datetime": types.is_datetime64_any_dtype,
        "timedelta": types.is_timedelta64_dtype,
        "category": lambda one: isinstance(one, _category()),
    }
    test = tests.get(wanted)
    return test is not None and bool(test(dtype))


def _category() -> Any:
    from pandas import CategoricalDtype

    return CategoricalDtype


def unfit(values: Any, wanted: str) -> Any:
    """Return which values kept a column from the wanted dtype, as far as single values can be blamed."""
    import numpy as np
    import pandas as pd

    kind = _kind(wanted)
    gone = missing(values)
    nothing = np.zeros(len(values), dtype=bool)
    if kind == "string":
        return ~gone & ~np.fromiter((isinstance(value, str) for value in values.tolist()), bool, len(values))
    if kind == "boolean":
        return ~gone & ~np.fromiter(
            (isinstance(value, bool | np.bool_) for value in values.tolist()), bool, len(values)
        )
    if kind == "datetime":
        if pd.api.types.is_numeric_dtype(values.dtype):
            return nothing
        return ~gone & _parsed(values).isna().to_numpy(dtype=bool)
    if kind not in ("integer", "number"):
        return nothing
    numbers = as_numbers(values)
    lost = ~gone & np.isnan(numbers)
    if kind == "number":
        return lost
    with np.errstate(invalid="ignore"):
        return lost | gone | (numbers != np.floor(numbers))


def _kind(wanted: str) -> str:
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_float_dtype, is_integer_dtype, pandas_dtype

    if wanted in ("integer", "number", "string", "boolean", "datetime"):
        return wanted
    if wanted in ("float", "timedelta", "category"):
        return "number" if wanted == "float" else ""
    if wanted.endswith("[pyarrow]"):
        return ""
    dtype = pandas_dtype(wanted)
    for name, test in (
        ("boolean", is_bool_dtype),
        ("integer", is_integer_dtype),
        ("number", is_float_dtype),
        ("datetime", is_datetime64_any_dtype),
    ):
        if test(dtype):
            return name
    return "string" if wanted in ("str", "string") else ""


def as_numbers(values: Any) -> Any:
    """Return a column as float64, NaN where a value is missing or no number."""
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce")
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def beyond(values: Any, limit: Limit, *, above: bool) -> Any:
    """Return which values lie above (or else below) a limit; a missing value does not. Raises `NotComparable`."""
    held, limit = _comparable(values, limit)
    gone = held.isna().to_numpy(dtype=bool)
    try:
        outside = held > limit if above else held < limit
    except TypeError as error:
        raise NotComparable(str(error)) from error
    return outside.to_numpy(dtype=bool, na_value=False) & ~gone


def _comparable(values: Any, limit: Limit) -> tuple[Any, Any]:
    """Return a column and a limit in forms that compare: numbers, times or texts."""
    import pandas as pd
    from pandas.api import types

    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.dtype.categories.dtype)
    if types.is_datetime64_any_dtype(values.dtype) or isinstance(limit, datetime.date):
        return _times(values, limit)
    if types.is_timedelta64_dtype(values.dtype):
        return values, _converted(pd.Timedelta, limit, "a duration")
    if isinstance(limit, str):
        if types.is_numeric_dtype(values.dtype):
            raise NotComparable(f"the limit {limit!r} is text and the column holds {values.dtype}")
        return values.astype("str").where(~values.isna()), limit
    if types.is_numeric_dtype(values.dtype):
        return values, limit
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().all() and not values.isna().all():
        raise NotComparable(f"the limit {limit!r} is a number and the column holds {values.dtype}")
    return numbers, limit


def _times(values: Any, limit: Limit) -> tuple[Any, Any]:
    import pandas as pd
    from pandas.api import types

    moment = _converted(pd.Timestamp, limit, "a date") if not isinstance(limit, int | float) else None
    if moment is None:
        raise NotComparable(f"the limit {limit!r} is a number and the column holds {values.dtype}")
    if types.is_numeric_dtype(values.dtype):
        raise NotComparable(f"the limit {limit} is a date and the column holds {values.dtype}")
    aware = getattr(values.dtype, "tz", None) is not None
    if not types.is_datetime64_any_dtype(values.dtype):
        values, aware = _parsed(values), True
    if aware:
        return values, moment.tz_localize("UTC") if moment.tzinfo is None else moment
    return values, moment if moment.tzinfo is None else moment.tz_convert("UTC").tz_localize(None)


def _converted(make: Any, limit: Limit, what: str) -> Any:
    try:
        return make(limit)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotComparable(f"the limit {limit!r} is not {what}") from error


def not_among(values: Any, allowed: tuple[Any, ...]) -> Any:
    """Return which values are not among the allowed ones; a missing value is no value."""
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype

    wanted: list[Any] = list(allowed)
    if is_datetime64_any_dtype(values.dtype):
        moments = [_converted(pd.Timestamp, one, "a date") for one in wanted]
        aware = getattr(values.dtype, "tz", None) is not None
        wanted = [one.tz_localize("UTC") if aware and one.tzinfo is None else one for one in moments]
    try:
        inside = values.isin(wanted)
    except (TypeError, NotImplementedError):
        inside = values.map(repr).isin(set(map(repr, wanted)))
    return ~inside.to_numpy(dtype=bool) & ~missing(values)


def repeated(frame: Any) -> Any:
    """Return which rows of a frame (or values of a column) stand there more than once."""
    try:
        return frame.duplicated(keep=False).to_numpy(dtype=bool)
    except (TypeError, NotImplementedError):  # values that do not hash, such as lists
        return frame.map(repr).duplicated(keep=False).to_numpy(dtype=bool)


def not_matching(values: Any, regex: str) -> Any:
    """Return which texts do not match a regular expression from their first to their last character.

    What is no text does not match; a missing value is not looked at.
    """
    import numpy as np
    import pandas as pd

    pattern = re.compile(regex)
    try:
        codes, distinct = pd.factorize(values, use_na_sentinel=True)
    except (TypeError, NotImplementedError):  # values that do not hash, such as lists
        return np.fromiter((not _matches(pattern, one) for one in values.tolist()), bool, len(values)) & ~missing(
            values
        )
    texts = distinct.tolist()  # at once: one at a time each costs a microsecond and more in an arrow array
    wrong = np.fromiter((not _matches(pattern, one) for one in texts), bool, len(texts))
    return np.append(wrong, [False])[codes]  # code -1, the last, is a missing value


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _parsed(values: Any) -> Any:
    """Return a column as times in UTC, NaT where a value is none; each value is read in its own format."""
    import pandas as pd

    return pd.to_datetime(values, errors="coerce", utc=True, format="mixed")


__all__ = [
    "NotComparable",
    "as_numbers",
    "beyond",
    "has_dtype",
    "missing",
    "not_among",
    "not_matching",
    "repeated",
    "unfit",
]
