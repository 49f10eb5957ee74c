"""A first checks file, inferred from data that is known to be good: to be read and edited by a person.

It says what the data is, a little wider where the next data will differ: numbers rounded outwards, row counts with
slack, no missing values only where there are none. A regular expression is never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from nbledger.pipeline.checks import frame_columns
from nbledger.tables import many

#: Up to this many different texts are listed as the allowed values, when each stands there often enough.
MOST_VALUES = 20
#: A column is only taken for a key when at least this many rows tell it apart from chance.
LEAST_ROWS_OF_A_KEY = 20
ROW_SLACK = 0.1
_DIGITS = 4
_LONGEST_VALUE = 60


def infer(frame: Any, *, data: str | None = None, variable: str | None = None, slack: float = ROW_SLACK) -> str:
    """Return the text of a checks file that a frame passes, as YAML with comments.

    `data` or `variable` is where the file is to find it; `slack` is the share by which the row count may differ.
    """
    rows, columns = frame.shape
    low, high = math.floor(round(rows * (1 - slack), 6)), math.ceil(round(rows * (1 + slack), 6))
    about = data or variable or "a frame"
    lines = [
        f"# What {_comment(about)} is expected to be, inferred from {many(rows, 'row')} and {many(columns, 'column')}.",
        "# A start: loosen what may differ next time, tighten what must not. A row number counts from 0.",
    ]
    if data is not None:
        lines.append(f"data: {_scalar(data)}")
    elif variable is not None:
        lines.append(f"variable: {_scalar(variable)}")
    lines.append(f"rows: {{min: {low}, max: {high}}}  # {rows} seen")
    names = [str(name) for name in frame.columns]
    lines.append("extra_columns: false  # columns that are not listed here are not expected")
    lines.append("columns:" if names else "columns: {}")
    for place, name in enumerate(names):
        if name in names[:place]:
            continue
        lines += [f"  {_scalar(name)}:", *(f"    {line}" for line in _column(frame.iloc[:, place]))]
    return "\n".join(lines) + "\n"


def _column(values: Any) -> Iterator[str]:
    dtype, comment = _dtype(values)
    yield f"dtype: {_scalar(dtype)}" + (f"  # {comment}" if comment else "")
    gone = int(frame_columns.missing(values).sum())
    if not gone:
        yield "nullable: false"
    else:
        share = gone / len(values)
        allowed = min(1.0, math.ceil(share * 1.2 * 1000) / 1000)
        yield f"missing: {_scalar(allowed)}  # largest share of missing values; {gone} of {len(values)} seen"
    present = values.dropna()
    listed = _listed(present)
    if listed is not None:
        yield f"values: [{', '.join(map(_scalar, listed))}]"
    else:
        yield from _range(present)
    if not gone and listed is None and _is_key(present):
        yield "unique: true"


def _dtype(values: Any) -> tuple[str, str]:
    """Return the dtype to expect: exact for numbers, the kind where versions of pandas name it differently."""
    import pandas as pd
    from pandas.api import types

    dtype = values.dtype
    exact = str(dtype)
    if types.is_datetime64_any_dtype(dtype):
        return "datetime", exact
    if types.is_timedelta64_dtype(dtype):
        return "timedelta", exact
    if isinstance(dtype, pd.CategoricalDtype):
        return "category", f"of {many(len(dtype.categories), 'category').replace('categorys', 'categories')}"
    if exact in ("str", "string", "object") and frame_columns.has_dtype(dtype, "string"):
        return "string", exact
    if exact == "object" and len(values) and not frame_columns.unfit(values, "string").any():
        return "object", "all text"
    return exact, ""


def _listed(present: Any) -> list[Any] | None:
    """Return the values of a column of few categories, `None` for any other column."""
    import pandas as pd
    from pandas.api import types

    if not len(present):
        return None
    texts = (
        isinstance(present.dtype, pd.CategoricalDtype)
        or types.is_object_dtype(present)
        or types.is_string_dtype(present)
    )
    if not texts and not types.is_integer_dtype(present.dtype):
        return None
    try:
        found = pd.unique(present)
    except (TypeError, NotImplementedError):
        return None
    if len(found) > MOST_VALUES:
        return None
    distinct = found.tolist()
    if not texts:
        flags = len(distinct) == 2 and len(present) >= LEAST_ROWS_OF_A_KEY and {0, 1} == set(map(int, distinct))
        return sorted(map(int, distinct)) if flags else None
    if any(not isinstance(value, str) or len(value) > _LONGEST_VALUE for value in distinct):
        return None
    return sorted(distinct) if len(distinct) * 5 <= len(present) else None


def _range(present: Any) -> Iterator[str]:
    import numpy as np
    from pandas.api import types

    dtype = present.dtype
    if not len(present) or types.is_bool_dtype(dtype):
        return
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        yield f"min: {_scalar(str(present.min()))}"
        yield f"max: {_scalar(str(present.max()))}"
    elif types.is_integer_dtype(dtype):
        yield f"min: {int(present.min())}"
        yield f"max: {int(present.max())}"
    elif types.is_float_dtype(dtype):
        numbers = frame_columns.as_numbers(present)
        low, high = float(np.min(numbers)), float(np.max(numbers))
        yield f"min: {_scalar(_outwards(low, up=False))}"
        yield f"max: {_scalar(_outwards(high, up=True))}"


def _outwards(value: float, *, up: bool) -> float:
    """Return a number rounded to a few digits, away from the data."""
    if value == 0 or not math.isfinite(value):
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    if step == 0 or not math.isfinite(value / step):
        return value
    rounded = (math.ceil(value / step) if up else math.floor(value / step)) * step
    rounded = float(f"{rounded:.{_DIGITS}g}")
    outside = rounded >= value if up else rounded <= value
    return rounded if outside and math.isfinite(rounded) else value


def _is_key(present: Any) -> bool:
    from pandas.api import types

    if len(present) < LEAST_ROWS_OF_A_KEY or types.is_float_dtype(present.dtype) or types.is_bool_dtype(present.dtype):
        return False
    return not frame_columns.repeated(present).any()


def _scalar(value: Any) -> str:
    """Return a value as YAML on one line that reads back as itself, as a key and within a list too."""
    import yaml

    text = str(yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=math.inf))
    text = text.removesuffix("\n").removesuffix("\n...")
    if not isinstance(value, str):
        return text
    try:
        if len(text.splitlines()) == 1 and yaml.safe_load(f"{text}: [{text}]") == {value: [value]}:
            return text
    except yaml.YAMLError:
        pass
    quoted: str = yaml.safe_dump(value, default_style='"', width=math.inf)
    return quoted.removesuffix("\n")


def _comment(text: str) -> str:
    from nbledger.tables import clean

    return clean(text)


__all__ = ["infer"]
