"""How the values of a column are spread, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbledger.figures.text import number, plain, sentence
from nbledger.figures.theme import described, drawable, missing, new_figure, packed, say, series

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

BINS = 30
MOST_VALUES = 20


def distribution(
    before: pandas.Series[Any],
    after: pandas.Series[Any] | None = None,
    *,
    name: str = "",
    names: tuple[str, str] = ("", ""),
) -> go.Figure:
    """Return the shares of a column's values: numbers and times in bins, all else by its most frequent values.

    With `after` both stand side by side, over the same bins; `names` is what they are called. Missing and infinite
    values are left out and counted.
    """
    import pandas

    title = f"Distribution of {name or before.name}"
    columns = [before] if after is None else [before, after]
    labels = [names[0] or "before", names[1] or "after"] if after is not None else [names[0] or str(before.name)]
    numeric = all(pandas.api.types.is_numeric_dtype(one) and not pandas.api.types.is_bool_dtype(one) for one in columns)
    known = [_known(one, numeric=numeric) for one in columns]
    if not any(len(one) for one in known):
        return missing(title, "no values are known")
    places, shares, words = _binned(known) if numeric else _counted(known)
    lost = [len(one) - len(left) for one, left in zip(columns, known, strict=True)]
    if any(lost):
        words.append(f"missing: {', '.join(f'{one:,}' for one in lost)}")
    figure = new_figure(plain(title, 80), "")
    import plotly.graph_objects as go

    for at, (label, share) in enumerate(zip(labels, shares, strict=True)):
        xs = packed(places) if numeric else places
        look = {"color": series(at)["color"], "pattern": {"shape": ["", "/"][at]}}
        hover = "%{x}: %{y:.2%}" if not numeric else "about %{x:.4~g}: %{y:.2%}"
        figure.add_trace(go.Bar(x=xs, y=packed(share), name=plain(label, 40), marker=look, hovertemplate=hover))
    figure.update_layout(showlegend=len(columns) > 1, bargap=0.1)
    figure.update_xaxes(title_text=plain(name or before.name, 60), type="linear" if numeric else "category")
    figure.update_yaxes(title_text="share of rows", tickformat=".0%")
    if words:
        say(figure, "; ".join(words))
    told = [_told(label, one, numeric=numeric) for label, one in zip(labels, known, strict=True)]
    return described(figure, f"{title}: {'; '.join(told)}. {sentence(words)}")


def _known(column: pandas.Series[Any], *, numeric: bool) -> pandas.Series[Any]:
    if not numeric:
        return column.dropna().map(str)
    return drawable(column).dropna()


def _binned(columns: list[pandas.Series[Any]]) -> tuple[Any, list[Any], list[str]]:
    import numpy as np

    every = np.concatenate([one.to_numpy() for one in columns])
    low, high = float(every.min()), float(every.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    shares = [np.histogram(one, edges)[0] / max(len(one), 1) for one in columns]
    return (edges[1:] + edges[:-1]) / 2, shares, []


def _counted(columns: list[pandas.Series[Any]]) -> tuple[list[str], list[Any], list[str]]:
    import pandas

    counts = pandas.concat([one.value_counts(normalize=True) for one in columns], axis=1).fillna(0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shown = counts.iloc[:MOST_VALUES]
    words = [f"the {len(shown)} most frequent of {len(counts):,} values"] if len(shown) < len(counts) else []
    return [plain(one, 24) for one in shown.index], [shown.iloc[:, at].to_numpy() for at in range(len(columns))], words


def _told(label: str, column: pandas.Series[Any], *, numeric: bool) -> str:
    if not len(column):
        return f"{label} without values"
    if not numeric:
        return f"{label} {len(column):,} rows of {column.nunique():,} values, most often {column.mode().iloc[0]}"
    low, middle, high = (number(float(one)) for one in (column.min(), column.median(), column.max()))
    return f"{label} {len(column):,} rows from {low} to {high}, median {middle}"
