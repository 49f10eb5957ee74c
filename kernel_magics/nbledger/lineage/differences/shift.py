"""How a column's distribution shifted, in figures and in plain words.

With the values at hand: the population stability index (PSI, over the deciles of the old values or over categories) and
for numbers the Kolmogorov-Smirnov distance. Without them: what the light profiles of both versions say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BINS = 10
_MOST_VALUES = 100_000
_MOST_CATEGORIES = 50
_LEAST = 1e-4
MODERATE, LARGE = 0.1, 0.25


@dataclass(frozen=True, slots=True)
class Shift:
    """A column's shift. `psi` under 0.1 is commonly read as none, over 0.25 as large. `words` say it in one line.

    `ks` is the greatest distance between the two cumulative distributions, `p` its two-sided p-value.
    """

    words: str
    psi: float | None = None
    ks: float | None = None
    p: float | None = None
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None

    @property
    def is_notable(self) -> bool:
        """Whether a reader should look at it: a moderate shift, new categories, or missing values that came or went."""
        return self.psi is None or self.psi >= MODERATE or "new values" in self.words or "missing" in self.words


def of_profiles(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Shift | None:
    """Return what two profiles say of a shift, `None` when they say nothing or nothing moved."""
    if not old or not new:
        return None
    words = _moves(old, new)
    return Shift(", ".join(words), old=old, new=new) if words else None


def of_values(a: Any, b: Any, old: Mapping[str, Any] | None = None, new: Mapping[str, Any] | None = None) -> Shift:
    """Return the shift from the values of two pandas columns; from 100,000 of each where there are more."""
    import pandas as pd

    words = _moves(old or {}, new or {})
    numeric = all(pd.api.types.is_numeric_dtype(x.dtype) and not pd.api.types.is_bool_dtype(x.dtype) for x in (a, b))
    a, b = _sampled(a.dropna()), _sampled(b.dropna())
    if not len(a) or not len(b):
        return Shift(", ".join([*words, "no values to compare"]), old=old, new=new)
    if numeric:
        psi, ks, p = _of_numbers(a, b)
        return Shift(", ".join([_judged(psi), *words]), psi, ks, p, old, new)
    psi, unseen = _of_categories(a, b)
    if unseen:
        words.append(f"new values: {', '.join(unseen[:3])}{', ...' if len(unseen) > 3 else ''}")
    return Shift(", ".join([_judged(psi), *words]), psi, old=old, new=new)


def _judged(psi: float) -> str:
    if psi >= LARGE:
        return "large shift"
    return "moderate shift" if psi >= MODERATE else "hardly shifted"


def _moves(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    words = []
    for name in ("missing", "mean", "min", "max", "categories"):
        was, now = old.get(name), new.get(name)
        if was != now and was is not None and now is not None:
            words.append(f"{name} {_number(was)} -> {_number(now)}")
    return words


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sampled(column: Any) -> Any:
    return column if len(column) <= _MOST_VALUES else column.iloc[:: len(column) // _MOST_VALUES + 1]


def _of_numbers(a: Any, b: Any) -> tuple[float, float, float]:
    import numpy as np
    from scipy import stats

    mine, other = (np.asarray(x, dtype=float) for x in (a, b))
    mine, other = mine[np.isfinite(mine)], other[np.isfinite(other)]
    if not len(mine) or not len(other):
        return 0.0, 0.0, 1.0
    edges = np.unique(np.quantile(mine, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = [np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) / len(x) for x in (mine, other)]
    found = stats.ks_2samp(mine, other, method="asymp")
    return _psi(*shares), float(found.statistic), float(found.pvalue)


def _of_categories(a: Any, b: Any) -> tuple[float, list[str]]:
    import numpy as np

    mine, other = (x.astype(str).value_counts(normalize=True) for x in (a, b))
    top = mine.index[:_MOST_CATEGORIES]
    known = [x.reindex(top).fillna(0).to_numpy() for x in (mine, other)]
    shares = [np.append(x, max(1 - x.sum(), 0.0)) for x in known]
    unseen = [str(name) for name in other.index.difference(mine.index)[:4]]
    return _psi(*shares), unseen


def _psi(old: Any, new: Any) -> float:
    import numpy as np

    old, new = np.clip(old, _LEAST, None), np.clip(new, _LEAST, None)
    return float(((new - old) * np.log(new / old)).sum())


__all__ = ["LARGE", "MODERATE", "Shift", "of_profiles", "of_values"]
