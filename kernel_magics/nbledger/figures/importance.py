"""Which params a metric hangs on, told by a forest of trees from the runs there are.

Permutation importance (Breiman 2001) on runs that the forest was not fitted on: how much worse the metric is predicted
when a param's values are shuffled among the runs, as a share of the metric's variance. What the runs cannot tell is
said: too few of them, params that always change together, a metric that the params do not explain.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbledger.figures.runs_charts import placed
from nbledger.figures.text import number, plain, sentence
from nbledger.figures.theme import PALETTE, QUIET, described, missing, new_figure, packed, say

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects as go

LEAST_RUNS, ENOUGH_RUNS = 8, 20
MOST_PARAMS = 20
TREES, FOLDS, SHUFFLES = 40, 4, 5
SEED = 20_010_101
#: Params whose ranks correlate more than this share one effect.
ALIKE = 0.9


def importance(frame: pandas.DataFrame, metric: str, *, note: str = "") -> go.Figure:
    """Return how important each param that varies is for a metric (a column of `source.runs_frame`).

    Under 20 runs there is a warning, under 8 no figure. Params that always change together are one bar.
    """
    import plotly.graph_objects as go

    label = metric.removeprefix("metrics.")
    title = f"Importance of params for {label}"
    if metric not in frame:
        return missing(title, "no run has the metric")
    target = placed(frame[metric])[0]
    runs, target = frame[target.notna()], target[target.notna()]
    if len(runs) < LEAST_RUNS:
        return missing(title, f"{len(runs)} runs are too few to tell it from chance (at least {LEAST_RUNS})")
    if target.nunique() < 2:
        return missing(title, "all runs have the same value")
    columns, constant = _columns(runs)
    if not columns:
        return missing(title, "no param takes different values")
    names = list(columns)[:MOST_PARAMS]
    inputs = _matrix([columns[name] for name in names])
    shares, explained = _shares(inputs, target.to_numpy(dtype="float64"))
    order = sorted(range(len(names)), key=lambda at: -shares[at][0])
    figure = new_figure(plain(title, 80), "", height=150 + 28 * len(names))
    figure.add_trace(
        go.Bar(
            x=packed([max(shares[at][0], 0.0) for at in order]),
            y=[plain(names[at], 48) for at in order],
            error_x={"type": "data", "array": packed([shares[at][1] for at in order]), "thickness": 1, "color": QUIET},
            orientation="h",
            marker={"color": PALETTE[0]},
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(title_text="share of the variance lost when shuffled", rangemode="tozero")
    words = [*([note] if note else []), *_warnings(len(runs), explained, _alike(inputs, names), constant)]
    say(figure, "<br>".join(map(plain, words)))
    told = ", ".join(f"{names[at]} {number(round(max(shares[at][0], 0.0), 3))}" for at in order[:5])
    return described(figure, f"{title}, from {len(runs):,} runs: {told}. {sentence(words)}")


def _columns(runs: pandas.DataFrame) -> tuple[dict[str, Any], int]:
    """Return the params that vary as numbers, under the names of all that change with them; and how many do not."""
    found: dict[tuple[int, ...], tuple[list[str], Any]] = {}
    constant = 0
    for name in runs:
        if not str(name).startswith("params."):
            continue
        values, _ = placed(runs[name])
        if values.nunique(dropna=False) < 2:
            constant += 1
            continue
        found.setdefault(_pattern(values), ([], values))[0].append(str(name).removeprefix("params."))
    return {" = ".join(sorted(names, key=len)[:3]): values for names, values in found.values()}, constant


def _pattern(values: Any) -> tuple[Any, ...]:
    """Return what two params have in common that always change together.

    Of a few values that is which runs share one. Where (nearly) every run has its own, as in a random search, that says
    nothing: then it is the order of the runs.
    """
    if 2 * values.nunique() <= len(values):
        return tuple(values.factorize()[0].tolist())
    return tuple(values.rank(method="dense", na_option="top").tolist())


def _matrix(columns: list[Any]) -> Any:
    """Return columns side by side; a value that is lacking lies below all others."""
    import numpy as np

    return np.column_stack([column.fillna(column.min() - 1).to_numpy(dtype="float64") for column in columns])


def _shares(inputs: Any, target: Any) -> tuple[list[tuple[float, float]], float]:
    """Return each param's importance with its standard error over the folds, and the R2 on runs left out."""
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    random = np.random.default_rng(SEED)
    variance = float(target.var())
    fold = random.permutation(len(target)) % FOLDS
    lost = np.zeros((FOLDS, inputs.shape[1]))
    errors = np.zeros(len(target))
    for part in range(FOLDS):
        left, fitted = fold == part, fold != part
        with _unobserved():
            forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=part).fit(
                inputs[fitted], target[fitted]
            )
            errors[left] = (forest.predict(inputs[left]) - target[left]) ** 2
            # All columns in one prediction, which takes a sixth of the time of one for each.
            shuffled = np.tile(inputs[left], (inputs.shape[1], SHUFFLES, 1, 1))
            for column in range(inputs.shape[1]):
                for turn in range(SHUFFLES):
                    shuffled[column, turn, :, column] = random.permutation(inputs[left][:, column])
            found = forest.predict(shuffled.reshape(-1, inputs.shape[1])).reshape(inputs.shape[1], -1)
            worse = (found - np.tile(target[left], SHUFFLES)) ** 2
            lost[part] = (worse.mean(axis=1) - errors[left].mean()) / (2 * variance)
    spread = lost.std(axis=0, ddof=1) / FOLDS**0.5
    return list(zip(lost.mean(axis=0).tolist(), spread.tolist(), strict=True)), 1 - float(errors.mean()) / variance


@contextmanager
def _unobserved() -> Iterator[None]:
    """Keep the forest out of the records of the cell that draws the figure: as if an observed call were made of it."""
    from nbledger.capture.hooks.observe import LOCAL

    before, LOCAL.depth = LOCAL.depth, LOCAL.depth or 1
    try:
        yield
    finally:
        LOCAL.depth = before


def _alike(inputs: Any, names: list[str]) -> list[str]:
    import numpy as np
    import pandas

    ranks = pandas.DataFrame(inputs).rank().to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.abs(np.corrcoef(ranks, rowvar=False)).reshape(len(names), len(names))
    return [
        f"{names[one]} and {names[other]}"
        for one in range(len(names))
        for other in range(one)
        if found[one, other] > ALIKE
    ]


def _warnings(runs: int, explained: float, alike: list[str], constant: int) -> list[str]:
    words = [f"the params explain {max(explained, 0.0):.0%} of the variance of runs left out"]
    if explained < 0.1:
        words.append("that is little: these importances mean little")
    if runs < ENOUGH_RUNS:
        words.append(f"only {runs} runs: with fewer than {ENOUGH_RUNS} this may be chance")
    if alike:
        words.append(f"changed together, so not told apart: {'; '.join(alike[:3])}")
    if constant:
        words.append(f"{constant} {'param is' if constant == 1 else 'params are'} the same in all runs")
    return words
