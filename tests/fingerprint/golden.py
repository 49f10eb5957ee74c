"""Values whose fingerprints must never change by accident: `python golden.py` prints name to hash as JSON.

`golden.json` was made on Python 3.11; the tests compare it on every version, in a process with another hash seed.
What pandas and scikit-learn put into dtypes and fitted state changes with their releases: those sections are compared
where the releases are those of `made with`.
After a deliberate change of the format, write it again: `python tests/fingerprint/golden.py > tests/fingerprint/golden.json`.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import linecache
import math
import pathlib
import re
import sys
import types
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from nbledger.fingerprint import fingerprint

CELL = '''
import math
from dataclasses import dataclass, field
from enum import Enum

FACTOR = 3

class Colour(Enum):
    RED = 1
    BLUE = "b"

@dataclass
class Point:
    x: float
    y: float = 0.0
    tags: list = field(default_factory=list)

    def norm(self):
        """Length."""
        return math.hypot(self.x, self.y)

def helper(x):
    return x * FACTOR

def scale(x, *, by=2, names=("a", "b")):
    """Docstring."""
    # comment
    total = sum(helper(i) for i in range(x) if i % 2)
    label = f"{total:.2f} of {by!r}"
    with open(label) as f, open("x") as g:
        match f.read():
            case [1, *rest] if rest:
                return {**dict(rest), "k": lambda z: z ** by}
            case _:
                pass
    try:
        return [y async_ for y, async_ in ()] if False else total
    except* ValueError:
        raise

def counter(start):
    step = 2
    def count():
        nonlocal start
        start += step
        return start
    return count

count = counter(10)
square = lambda v: v ** 2
'''.replace("[y async_ for y, async_ in ()] if False else total", "[y for y, z in ()] if False else total")


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


Pair = collections.namedtuple("Pair", "left right")  # noqa: PYI024 - users write both


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    a: int
    b: str = "b"


def cell() -> dict[str, Any]:
    """Run CELL as IPython would: its lines are in `linecache`, its functions in `__main__`."""
    linecache.cache["<ipython-input-1-golden>"] = (len(CELL), None, CELL.splitlines(True), "<ipython-input-1-golden>")
    module = types.ModuleType("__main__")
    saved = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        exec(compile(CELL, "<ipython-input-1-golden>", "exec"), module.__dict__)
    finally:
        sys.modules["__main__"] = saved
    return module.__dict__


def builtin_values() -> dict[str, Any]:
    loop: list[Any] = [1]
    loop.append({"self": loop})
    return {
        "none": None, "true": True, "one": 1, "one float": 1.0, "minus zero": -0.0, "nan": math.nan, "big": -(10**40),
        "text": "naïve 𝄞", "long text": "x" * 1000, "surrogate": "\udc80", "bytes": b"abc", "bytearray": bytearray(b"abc"),
        "complex": 1 - 2j, "list": [1, "a", None, 2.5], "ints": list(range(100)), "floats": [i / 7 for i in range(100)],
        "strings": [f"s{i}" for i in range(10_000)], "tuple": (1, (2, (3,))), "dict": {"b": 1, "a": [1, 2], 3: None},
        "set": {"a", "b", 3, (4, 5)}, "frozenset": frozenset("hello"), "loop": loop, "range": range(2, 20, 3),
        "slice": slice(1, None, 2), "deque": collections.deque([1, 2], maxlen=3), "counter": collections.Counter("hello"),
        "ordered": collections.OrderedDict(b=1, a=2), "default": collections.defaultdict(list, a=[1]),
        "decimal": decimal.Decimal("-1.50"), "fraction": fractions.Fraction(1, 3), "date": datetime.date(2020, 2, 29),
        "datetime": datetime.datetime(2020, 1, 2, 3, 4, 5, 6, datetime.UTC),
        "zoned": datetime.datetime(2020, 1, 2, tzinfo=ZoneInfo("Europe/Paris")),
        "timedelta": datetime.timedelta(days=1, microseconds=3), "uuid": uuid.UUID(int=5), "regex": re.compile("a+", re.IGNORECASE),
        "path": pathlib.PurePosixPath("a/b"), "partial": functools.partial(int, base=2), "builtin": len, "type": dict,
        "library function": json.dumps, "library class": json.JSONDecoder, "namespace": types.SimpleNamespace(a=1),
        "ellipsis": ..., "object state": fractions.Fraction, "module": json,
    }  # fmt: skip


def written_values() -> dict[str, Any]:
    names = cell()
    point = names["Point"](1.0, 2.0, ["t"])
    return {
        "scale": names["scale"], "closure": names["count"], "lambda": names["square"], "class": names["Point"],
        "instance": point, "enum class": names["Colour"], "member": names["Colour"].RED, "method": point.norm,
        "int enum": Level.HIGH, "namedtuple": Pair(1, [2]), "slots": Slotted(1),
    }  # fmt: skip


def numpy_values() -> dict[str, Any]:
    numbers = np.arange(60_000, dtype="f8").reshape(300, 200) / 7
    values: dict[str, Any] = {
        dtype: np.arange(12).reshape(3, 4).astype(dtype)
        for dtype in (
            "?",
            "i1",
            "u2",
            "i4",
            "u8",
            "f2",
            "f4",
            "f8",
            "c8",
            "c16",
            ">i4",
            "M8[s]",
            "m8[ms]",
            "U4",
            "S3",
            "O",
        )
    }
    return values | {
        "multi-leaf": numbers, "multi-leaf F": np.asfortranarray(numbers), "0-d": np.array(3.5), "empty": np.empty((0, 3)),
        "masked": np.ma.masked_array([1, 2, 3], [0, 1, 0]), "scalar": np.float32(1.5), "np str": np.str_("a"),
        "structured": np.array([(1, 2.5, "x")], dtype=[("a", "i1"), ("b", "f8"), ("c", "U2")]),
        "state": np.random.RandomState(3), "generator": np.random.default_rng(3), "dtype": np.dtype("f4"),
        "ufunc": Named(np.add.__name__),
    }  # fmt: skip


@dataclasses.dataclass
class Named:
    name: str


def pandas_values() -> dict[str, Any]:
    frame = pd.DataFrame(
        {
            "i": [1, 2, 3], "f": [1.0, np.nan, -0.0], "b": [True, False, True], "s": pd.array(["x", None, "é"], dtype="string"),
            "str": pd.Series(["x", None, "é"], dtype=pd.StringDtype("python", na_value=np.nan)),
            "cat": pd.Categorical(["u", "v", None], categories=["v", "u", "w"], ordered=True),
            "t": pd.to_datetime(["2020-01-01", None, "2020-01-03"]).astype("M8[ns]"),
            "tz": pd.to_datetime(["2020-01-01", None, "2020-01-03"], utc=True).astype("datetime64[ns, UTC]"),
            "I": pd.array([1, None, 3], dtype="Int64"), "B": pd.array([True, None, False], dtype="boolean"),
            "F": pd.array([1.5, None, 3], dtype="Float64"), "iv": pd.interval_range(0, 3),
            "p": pd.period_range("2020", periods=3, freq="M"), "sp": pd.arrays.SparseArray([0.0, 1.0, 0.0], fill_value=0.0),
            "o": pd.Series([1, "a", None], dtype=object), "d": pd.to_timedelta([1, 2, None], unit="s").astype("m8[ns]"),
        }
    )  # fmt: skip
    tuples = pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("a", 3)], names=["k", None])
    return {f"column {name}": frame[name] for name in frame} | {
        "frame": frame, "range index": pd.RangeIndex(5), "multi index": tuples, "indexed": frame[["i", "f"]].set_index(tuples),
        "wide": pd.DataFrame(np.arange(200_000.0).reshape(-1, 4)), "timestamp": pd.Timestamp("2020-01-01", tz="UTC").as_unit("ns"),
        "na": pd.NA, "nat": pd.NaT, "category dtype": frame["cat"].dtype, "no columns": pd.DataFrame(index=[1, 2]),
    }  # fmt: skip


def arrow_values() -> dict[str, Any]:
    try:
        import polars as pl
        import pyarrow as pa
    except ImportError:
        return {}
    table = pa.table(
        {
            "i": pa.array([1, None, 3]), "s": ["x", None, "é"], "b": [True, None, False], "l": [[1], None, [2, 3]],
            "st": [{"a": 1}, None, {"a": 2}], "d": pa.array(["a", "b", "a"]).dictionary_encode(),
        }
    )  # fmt: skip
    return {
        "table": table, "arrow int": pd.Series([1, None], dtype="int64[pyarrow]"),
        "polars": pl.DataFrame({"a": [1, None], "s": ["x", None], "l": [[1], [2, 3]], "b": [True, None]}),
    }  # fmt: skip


def fitted_values() -> dict[str, Any]:
    import scipy.sparse as sp
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = (np.arange(400).reshape(100, 4) * 7 % 13).astype(float)
    y = (X[:, 0] > 6).astype(int)
    return {
        "csr": sp.csr_matrix(np.eye(3)), "scaler": StandardScaler().fit(X), "unfitted": LogisticRegression(C=0.5),
        "pipeline": make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=3, random_state=0)),
        "forest": RandomForestClassifier(n_estimators=3, random_state=0).fit(X, y),
        "boosting": GradientBoostingRegressor(n_estimators=3, random_state=0).fit(X, y),
    }  # fmt: skip


SECTIONS = {
    "builtin": builtin_values, "written": written_values, "numpy": numpy_values, "pandas": pandas_values,
    "arrow": arrow_values, "fitted": fitted_values,
}  # fmt: skip


def made_with() -> dict[str, str]:
    """The libraries whose own state is part of what is hashed."""
    import sklearn

    return {"numpy": np.__version__, "pandas": pd.__version__, "scikit-learn": sklearn.__version__}


def main() -> None:
    found: dict[str, Any] = {"made with": made_with()}
    for section, build in SECTIONS.items():
        for name, value in build().items():
            version = fingerprint(value)
            found[f"{section}: {name}"] = version.hash if version.exactness == "exact" else version.exactness
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
