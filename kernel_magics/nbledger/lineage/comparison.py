"""Two runs of the same slice, compared: whether the second one made what the first one made.

Equal hashes are identical. Where they differ, contents are compared: numbers within a tolerance, all else exactly.
Times of the clock and durations of fits differ in every run and say nothing about a result, so they are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from nbledger.records import Version

Verdict = Literal["identical", "equivalent", "different", "not compared"]
DEFAULT_TOLERANCE = 1e-9
_TIMING = re.compile(r"(?:^|_)(?:time|times|duration|durations|elapsed|seconds|secs)(?:_|$)")
_MOST_DEPTH = 60
_NO_STATE = (type(None), bool, str, bytes, type, type(len), type(lambda: None))


@dataclass(frozen=True, slots=True)
class Compared:
    """How one thing came out.

    `largest` is the largest absolute difference of numbers, `relative` the largest one relative to the recorded
    number, `where` the place of the difference inside the value (`['a'][2]`), `why` the reason in words, `left_out`
    the timings that were not compared.
    """

    verdict: Verdict
    largest: float | None = None
    relative: float | None = None
    where: str = ""
    why: str = ""
    left_out: tuple[str, ...] = ()


def is_timing(name: str) -> bool:
    """Tell whether a name is that of a time or a duration: `refit_time_`, `mean_fit_time`, `elapsed`, `fit_seconds`."""
    return _TIMING.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) is not None


def worst(verdicts: Sequence[Verdict]) -> Literal["identical", "equivalent", "different"]:
    """Return what stands for all of them; what was not compared counts for nothing."""
    if "different" in verdicts:
        return "different"
    return "equivalent" if "equivalent" in verdicts else "identical"


def compare_numbers(recorded: float, now: float, tolerance: float) -> Compared:
    """Compare two numbers: the difference may be `tolerance`, times the greater number where that is above 1."""
    walk = _Walk(tolerance)
    walk.numbers(recorded, now, "")
    return walk.result()


def compare_metrics(
    recorded: Mapping[str, Sequence[float]], now: Mapping[str, Sequence[float]], tolerance: float
) -> dict[str, Compared]:
    """Compare the values of metrics, by name; durations are not compared, a missing metric is different."""
    found: dict[str, Compared] = {}
    for name, values in recorded.items():
        if is_timing(name):
            found[name] = Compared("not compared", why="a duration")
        elif name not in now:
            found[name] = Compared("different", why="it was not measured")
        elif len(values) != len(now[name]):
            found[name] = Compared("different", why=f"{len(now[name])} values instead of {len(values)}")
        else:
            walk = _Walk(tolerance)
            for step, (one, other) in enumerate(zip(values, now[name], strict=True)):
                walk.numbers(one, other, f" (value {step + 1})" if len(values) > 1 else "")
            found[name] = walk.result()
    for name in now:
        if name not in recorded:
            found[name] = Compared("not compared", why="it was not measured when this was recorded")
    return found


def compare_versions(recorded: Version, now: Version, tolerance: float) -> Compared:
    """Compare two versions by what the ledger knows of them: hash, exactness, columns and their profiles.

    `different` may only mean that the contents have to be looked at: see `compare_values`.
    """
    if recorded.hash == now.hash:
        sampled = "only a sample of it was hashed" if recorded.exactness == "sampled" else ""
        return Compared("identical", why=sampled)
    if "opaque" in (recorded.exactness, now.exactness):
        return Compared("not compared", why="its content cannot be hashed")
    if recorded.type_name != now.type_name:
        return Compared("different", why=f"a {now.type_name} instead of a {recorded.type_name}")
    if recorded.shape != now.shape:
        return Compared("different", why=f"of shape {now.shape} instead of {recorded.shape}")
    if recorded.kind == "table" and recorded.schema and now.schema:
        return _compare_columns(recorded, now, tolerance)
    return Compared("different", why="its content differs")


def _compare_columns(recorded: Version, now: Version, tolerance: float) -> Compared:
    before, after = [(c.name, c.dtype) for c in recorded.schema], [(c.name, c.dtype) for c in now.schema]
    if before != after:
        changed = [name for name, _ in set(before) ^ set(after)]
        return Compared("different", why=f"its columns differ: {', '.join(sorted(set(changed))[:5]) or 'their order'}")
    changed = [a.name for a, b in zip(recorded.schema, now.schema, strict=True) if a.hash != b.hash]
    kept = [name for name in changed if not is_timing(name)]
    if not kept:
        if changed:
            return Compared("not compared", why="only columns with times differ", left_out=tuple(changed))
        return Compared("different", why="its index differs")
    walk = _Walk(tolerance)
    for a, b in zip(recorded.schema, now.schema, strict=True):
        if a.name in kept:
            for key in ("min", "max", "mean"):
                one, other = (a.profile or {}).get(key), (b.profile or {}).get(key)
                if isinstance(one, int | float) and isinstance(other, int | float):
                    walk.numbers(one, other, f"{key} of {a.name}")
    found = walk.result()
    names = ", ".join(kept[:5])
    return Compared("different", found.largest, found.relative, found.where, f"column {names} differs")


def compare_values(
    recorded: Any,
    now: Any,
    tolerance: float,
    *,
    translate: Callable[[str], str] | None = None,
    by_chance: Callable[[str], bool] | None = None,
) -> Compared:
    """Compare two contents part by part; `translate` maps a text that is made now to what it would have been then.

    Two texts or paths of which `by_chance` tells that they are another in every run are left out.
    """
    walk = _Walk(tolerance, translate, by_chance)
    walk.values(recorded, now, "", 0)
    return walk.result()


def timings_in(value: Any) -> tuple[str, ...]:
    """Return the names inside a value (keys, columns, attributes) that hold times or durations."""
    found: dict[str, None] = {}
    seen: set[int] = set()

    def look(item: Any, depth: int) -> None:
        if depth > 6 or id(item) in seen or isinstance(item, (*_NO_STATE, int, float)):
            return
        seen.add(id(item))
        if isinstance(item, list | tuple):
            parts: Mapping[Any, Any] = dict(enumerate(item[:1000]))
        elif _is_pandas(item):
            parts = dict.fromkeys(getattr(item, "columns", [getattr(item, "name", None)]))
        else:
            parts = item if isinstance(item, Mapping) else _attributes(item) or {}
        for name, part in list(parts.items()):
            if isinstance(name, str) and is_timing(name):
                found[name] = None
            look(part, depth + 1)

    look(value, 0)
    return tuple(found)


@dataclass
class _Walk:
    """A walk through two values at once, which ends at the first part that is different."""

    tolerance: float
    translate: Callable[[str], str] | None = None
    by_chance: Callable[[str], bool] | None = None
    largest: float = 0.0
    relative: float = 0.0
    where: str = ""
    why: str = ""
    left_out: dict[str, None] = field(default_factory=dict)
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _kept: list[Any] = field(default_factory=list)

    def result(self) -> Compared:
        verdict: Verdict = "different" if self.why else "equivalent" if self.largest else "identical"
        largest, relative = (self.largest, self.relative) if self.largest else (None, None)
        return Compared(verdict, largest, relative, self.where, self.why, tuple(self.left_out))

    def fail(self, where: str, why: str) -> None:
        if not self.why:
            self.where, self.why = where, why

    def numbers(self, one: Any, other: Any, where: str) -> None:
        if one == other or (math.isnan(abs(one)) and math.isnan(abs(other))):
            return
        gap = abs(one - other)
        if not math.isfinite(gap):
            self.fail(where, f"{other!r} instead of {one!r}")
            return
        self._gap(float(gap), float(abs(one)), float(abs(other)), where)

    def _gap(self, gap: float, one: float, other: float, where: str) -> None:
        if gap > self.largest:
            self.largest = gap
            self.where = self.where if self.why else where
        self.relative = max(self.relative, gap / one if one else math.inf)
        if gap > self.tolerance * max(1.0, one, other):
            self.fail(where, "differs by more than the tolerance")

    def values(self, one: Any, other: Any, where: str, depth: int) -> None:
        if self.why or one is other:
            return
        if (id(one), id(other)) in self._seen:
            return
        if depth > _MOST_DEPTH:
            self.fail(where, "too deep to compare")
            return
        if not isinstance(one, (*_NO_STATE, int, float)):
            self._seen.add((id(one), id(other)))
            self._kept += (one, other)  # states made on the way must not give their ids to others
        if _is_number(one) and _is_number(other):
            self.numbers(one, other, where)
        elif type(one) is not type(other):
            self.fail(where, f"a {type(other).__name__} instead of a {type(one).__name__}")
        else:
            self._same_type(one, other, where, depth)

    def _same_type(self, one: Any, other: Any, where: str, depth: int) -> None:
        module = type(one).__module__.partition(".")[0]
        if isinstance(one, str | PurePath):
            self._text(one, other, where)
        elif isinstance(one, Mapping):
            self._mapping(one, other, where, depth)
        elif isinstance(one, list | tuple):
            self._sequence(one, other, where, depth)
        elif module == "numpy" and hasattr(one, "dtype"):
            self._array(one, other, where, depth)
        elif _is_pandas(one):
            self._pandas(one, other, where, depth)
        elif module == "scipy" and hasattr(one, "tocoo"):
            self._sparse(one, other, where)
        else:
            self._object(one, other, where, depth)

    def _text(self, one: Any, other: Any, where: str) -> None:
        if one != other and self.by_chance is not None and self.by_chance(str(one)) and self.by_chance(str(other)):
            self.left_out[where] = None
            return
        if one != other and (self.translate is None or self.translate(str(other)) != str(one)):
            self.fail(where, f"{str(other)[:80]!r} instead of {str(one)[:80]!r}")

    def _mapping(self, one: Mapping[Any, Any], other: Mapping[Any, Any], where: str, depth: int) -> None:
        extra = [key for key in (*one, *other) if (key in one) != (key in other) and not self._timing(key)]
        if extra:
            self.fail(where, f"key {extra[0]!r} is in one of them only")
        for key, part in one.items():
            if key in other and not self._timing(key):
                self.values(part, other[key], f"{where}[{key!r}]", depth + 1)

    def _timing(self, name: Any) -> bool:
        if isinstance(name, str) and is_timing(name):
            self.left_out[name] = None
            return True
        return False

    def _sequence(self, one: Any, other: Any, where: str, depth: int) -> None:
        if len(one) != len(other):
            self.fail(where, f"of length {len(other)} instead of {len(one)}")
            return
        for place, (part, counterpart) in enumerate(zip(one, other, strict=True)):
            self.values(part, counterpart, f"{where}[{place}]", depth + 1)

    def _array(self, one: Any, other: Any, where: str, depth: int) -> None:
        import numpy as np

        if one.dtype != other.dtype or one.shape != other.shape:
            self.fail(where, f"{other.dtype} of shape {other.shape} instead of {one.dtype} of shape {one.shape}")
        elif one.dtype.names:
            for name in one.dtype.names:
                if not self._timing(name):
                    self._array(one[name], other[name], f"{where}[{name!r}]", depth + 1)
        elif one.dtype.kind == "O":
            self._sequence(one.ravel().tolist(), other.ravel().tolist(), where, depth)
        elif one.dtype.kind in "iufcb":
            self._number_array(np.asarray(one), np.asarray(other), where)
        elif not np.array_equal(one, other):
            self.fail(where, "its items differ")

    def _number_array(self, one: Any, other: Any, where: str) -> None:
        import numpy as np

        wide = complex if one.dtype.kind == "c" else np.longdouble
        with np.errstate(all="ignore"):
            unequal = (one != other) & ~(np.isnan(one) & np.isnan(other))
            if not unequal.any():
                return
            first, second = one[unequal].astype(wide), other[unequal].astype(wide)
            gaps = np.abs(first - second)
        if not np.isfinite(gaps).all():
            self.fail(where, "infinite or missing in one of them only")
            return
        scale = np.maximum(np.abs(first), np.abs(second))
        place = int(np.argmax(gaps / np.maximum(1.0, scale)))
        where = f"{where} ({int(unequal.sum())} of {unequal.size} numbers)"
        self._gap(float(gaps[place]), float(np.abs(first[place])), float(np.abs(second[place])), where)
        self.largest = max(self.largest, float(gaps.max()))

    def _pandas(self, one: Any, other: Any, where: str, depth: int) -> None:
        if hasattr(one, "columns"):
            if list(one.columns) != list(other.columns) or len(one) != len(other):
                self.fail(where, f"of shape {other.shape} instead of {one.shape}, or with other columns")
                return
            self.values(one.index, other.index, f"{where}.index", depth + 1)
            for place, name in enumerate(one.columns):
                if not self._timing(name):
                    self._column(one.iloc[:, place], other.iloc[:, place], f"{where}[{name!r}]", depth)
            return
        if hasattr(one, "index"):
            self.values(one.index, other.index, f"{where}.index", depth + 1)
        self._column(one, other, where, depth)

    def _column(self, one: Any, other: Any, where: str, depth: int) -> None:
        if one.dtype != other.dtype or one.name != other.name or len(one) != len(other):
            self.fail(where, f"{other.dtype} ({len(other)}) instead of {one.dtype} ({len(one)})")
        elif getattr(one.dtype, "kind", "O") in "iufcbO" and hasattr(one.dtype, "str"):
            self._array(one.to_numpy(), other.to_numpy(), where, depth)
        elif not one.equals(other):
            self.fail(where, "its items differ")

    def _sparse(self, one: Any, other: Any, where: str) -> None:
        if one.shape != other.shape or one.dtype != other.dtype:
            self.fail(where, f"{other.dtype} of shape {other.shape} instead of {one.dtype} of shape {one.shape}")
            return
        difference = abs(one.tocsr() - other.tocsr())
        if difference.nnz:
            self._gap(float(difference.max()), float(abs(one).max()), float(abs(other).max()), where)

    def _object(self, one: Any, other: Any, where: str, depth: int) -> None:
        first, second = _attributes(one), _attributes(other)
        if first is None or second is None:
            if not _same_hash(one, other):
                self.fail(where, f"another {type(one).__name__}")
            return
        names = [name for name in (*first, *second) if (name in first) != (name in second)]
        if any(not self._timing(name) for name in names):
            self.fail(where, f"attribute {names[0]} is in one of them only")
        for name, part in first.items():
            if name in second and not self._timing(name):
                self.values(part, second[name], f"{where}.{name}" if isinstance(name, str) else where, depth + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _is_pandas(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "equals")


def _attributes(value: Any) -> Mapping[Any, Any] | None:
    """Return what an object is made of, `None` where only its hash tells."""
    if isinstance(value, (*_NO_STATE, int, float, set, frozenset)) or type(value).__module__ == "numpy":
        return None
    own = getattr(value, "__dict__", None)
    if isinstance(own, dict) and own:
        return own
    try:
        state = value.__reduce_ex__(2)[2]
    except Exception:  # noqa: BLE001  (its own methods may raise anything)
        return None
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        state = {**(state[0] or {}), **state[1]}
    return state if isinstance(state, dict) and state else None


def _same_hash(one: Any, other: Any) -> bool:
    from nbledger.fingerprint import fingerprint

    first = fingerprint(one, profile=False)
    return first.exactness != "opaque" and first.hash == fingerprint(other, profile=False).hash


__all__ = [
    "DEFAULT_TOLERANCE",
    "Compared",
    "Verdict",
    "compare_metrics",
    "compare_numbers",
    "compare_values",
    "compare_versions",
    "is_timing",
    "timings_in",
    "worst",
]
