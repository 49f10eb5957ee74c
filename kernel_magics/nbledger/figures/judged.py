"""How models predict, from stored predictions: confusion, ROC, precision and recall, calibration, residuals.

All is counted here with numpy: the functions of `sklearn.metrics` are watched in a notebook that records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nbledger.figures.source import Predictions
from nbledger.figures.text import number, plain, sentence
from nbledger.figures.theme import QUIET, described, drawable, missing, new_figure, packed, say, series

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_CLASSES = 30
#: More points of a curve, or of residuals, are not told apart on a screen.
MOST_POINTS = 500
MOST_SERIES = 6
BINS = 10


def confusion(predictions: Predictions, normalize: Literal["true", "pred", "all"] | None = None) -> go.Figure:
    """Return the confusion matrix: true classes downwards, predicted ones across, counts in the cells.

    With `normalize` shares of the true class (the row), of the predicted one (the column) or of all.
    """
    import numpy as np
    import plotly.graph_objects as go

    title = f"Confusion: {predictions.name}"
    if predictions.kind != "classification" or predictions.y_pred is None:
        return missing(title, "no predicted classes are stored")
    if not len(predictions.y_true):
        return missing(title, "no rows were judged")
    if len(predictions.classes) > MOST_CLASSES:
        return missing(title, f"{len(predictions.classes)} classes are more than can be read")
    classes = np.asarray(predictions.classes)
    rows, columns = (np.searchsorted(classes, values) for values in (predictions.y_true, predictions.y_pred))
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, (rows, columns), 1)
    sums = {"true": counts.sum(axis=1, keepdims=True), "pred": counts.sum(axis=0, keepdims=True), "all": counts.sum()}
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.nan_to_num(counts / sums[normalize or "true"])
    texts = [[f"{int(one):,}" for one in row] for row in counts]
    if normalize:
        texts = [[f"{share:.1%}" for share in row] for row in shares]
    names = [plain(one, 24) for one in predictions.classes]
    figure = new_figure(plain(title, 60), "", height=max(340, min(640, 190 + 40 * len(names))))
    cells = go.Heatmap(
        z=packed(shares),
        x=names,
        y=names,
        text=texts,
        texttemplate="%{text}",
        colorscale=[[0, "#EAF2F8"], [1, "#0067A1"]],
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="true %{y}, predicted %{x}: %{text} (%{z:.1%})<extra></extra>",
    )
    figure.add_trace(cells)
    figure.update_xaxes(title_text="predicted", type="category", constrain="domain", ticks="")
    figure.update_yaxes(title_text="true", type="category", autorange="reversed", ticks="")
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    say(figure, "counts; darker is a larger share of the true class" if not normalize else f"shares of {normalize}")
    right = float(np.trace(counts) / counts.sum())
    worst = counts - np.diag(np.diag(counts))
    text = f"Confusion matrix of {predictions.name} over {len(classes)} classes and {int(counts.sum()):,} rows: "
    text += f"{right:.1%} on the diagonal"
    if worst.max() > 0:
        at = np.unravel_index(int(worst.argmax()), worst.shape)
        text += f"; most often {predictions.classes[at[0]]} was taken for {predictions.classes[at[1]]}"
        text += f" ({int(worst.max()):,} times)"
    return described(figure, f"{text}.")


def roc(predictions: Sequence[Predictions]) -> go.Figure:
    """Return ROC curves with their areas; of more than two classes each row counts once a class (micro average)."""
    import numpy as np

    def points(hit: Any, scores: Any) -> tuple[Any, Any, float] | None:
        true, false = _cumulated(hit, scores)
        if not true[-1] or not false[-1]:
            return None
        x, y = np.r_[0, false / false[-1]], np.r_[0, true / true[-1]]
        return x, y, float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum())

    return _curves("ROC", ("false positive rate", "true positive rate"), "AUC", predictions, points, chance=True)


def pr(predictions: Sequence[Predictions]) -> go.Figure:
    """Return curves of precision over recall with their average precision; several classes as in `roc`."""
    import numpy as np

    def points(hit: Any, scores: Any) -> tuple[Any, Any, float] | None:
        true, false = _cumulated(hit, scores)
        if not true[-1]:
            return None
        recall, precision = true / true[-1], true / (true + false)
        area = float((np.diff(np.r_[0, recall]) * precision).sum())
        return np.r_[0, recall], np.r_[precision[0], precision], area

    return _curves("Precision and recall", ("recall", "precision"), "average precision", predictions, points)


def calibration(predictions: Sequence[Predictions], *, bins: int = BINS) -> go.Figure:
    """Return how often the second of two classes came true among rows of about one predicted probability.

    Each point is one of `bins` parts with as many rows each. Scores that are no probabilities (outside 0 to 1) are left
    out, and so are more than two classes.
    """
    import numpy as np

    def points(hit: Any, scores: Any) -> tuple[Any, Any, float] | None:
        if scores.min() < 0 or scores.max() > 1:
            return None
        parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), bins) if len(part)]
        x = np.array([scores[part].mean() for part in parts])
        y = np.array([hit[part].mean() for part in parts])
        return x, y, float(np.mean((scores - hit) ** 2))

    two = [one for one in predictions if len(one.classes) == 2]
    axes = ("predicted probability", "share that came true")
    return _curves("Calibration", axes, "Brier score", two, points, chance=True, markers=True)


def residuals(predictions: Sequence[Predictions]) -> go.Figure:
    """Return the residuals (true less predicted) over the predicted values, at most 500 points a run."""
    import numpy as np
    import plotly.graph_objects as go

    figure = new_figure("Residuals", "")
    told, sampled = list[str](), False
    for one in predictions:
        if one.kind != "regression" or one.y_pred is None or len(told) >= MOST_SERIES:
            continue
        true, predicted = drawable(np.asarray(one.y_true)), drawable(np.asarray(one.y_pred))
        known = np.isfinite(true) & np.isfinite(predicted)
        if not known.any():
            continue
        predicted, left = predicted[known], true[known] - predicted[known]
        step = -(-len(left) // MOST_POINTS)
        sampled = sampled or step > 1
        look = series(len(told))
        marker = {"color": look["color"], "symbol": look["symbol"], "size": 6, "opacity": 0.6}
        shown = go.Scatter(x=packed(predicted[::step]), y=packed(left[::step]), mode="markers", marker=marker)
        figure.add_trace(
            shown.update(
                name=plain(one.name, 40),
                meta={"run": one.run},
                hovertemplate="predicted %{x:.5~g}, residual %{y:.5~g}",
            )
        )
        told.append(f"{one.name}: mean {number(float(left.mean()))}, standard deviation {number(float(left.std()))}")
    if not told:
        return missing("Residuals", "no predicted values are stored")
    figure.add_hline(y=0, line={"color": QUIET, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="predicted")
    figure.update_yaxes(title_text="true less predicted")
    figure.update_layout(showlegend=True)
    words = f"every so many rows, at most {MOST_POINTS} a run" if sampled else ""
    if sampled:
        say(figure, words)
    return described(figure, f"Residuals of {'; '.join(told)}. {sentence([words])}")


def _curves(
    title: str,
    axes: tuple[str, str],
    area: str,
    predictions: Sequence[Predictions],
    points: Callable[[Any, Any], tuple[Any, Any, float] | None],
    *,
    chance: bool = False,
    markers: bool = False,
) -> go.Figure:
    """Draw a curve for each of the predictions that has scores; `points` gives x, y and a number for the legend."""
    import plotly.graph_objects as go

    figure, told = new_figure(title, ""), list[str]()
    for one in predictions:
        usable = _scored(one)
        drawn = None if usable is None else points(*usable)
        if drawn is None or len(told) >= MOST_SERIES:
            continue
        x, y, value = drawn
        look = series(len(told))
        told.append(f"{one.name} {area} {number(value)}" + (" (micro average)" if len(one.classes) > 2 else ""))
        x, y = _thinned(x, y)
        figure.add_trace(
            go.Scatter(
                x=packed(x),
                y=packed(y),
                mode="lines+markers" if markers else "lines",
                line={"color": look["color"], "dash": look["dash"], "width": 2},
                marker={"symbol": look["symbol"], "size": 8},
                name=plain(told[-1], 60),
                meta={"run": one.run},
                hovertemplate="%{x:.3f}, %{y:.3f}",
            )
        )
    if not told:
        return missing(title, "no scores or probabilities are stored for it")
    if chance:
        line = {"color": QUIET, "dash": "dot", "width": 1}
        figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=line)
    figure.update_xaxes(title_text=axes[0], range=[-0.01, 1.01])
    figure.update_yaxes(title_text=axes[1], range=[-0.01, 1.02])
    figure.update_layout(showlegend=True, height=440)
    left = len(predictions) - len(told)
    words = f" {left} without scores left out." if left else ""
    return described(figure, f"{title}, {axes[1]} over {axes[0]}: {'; '.join(told)}.{words}")


def _scored(one: Predictions) -> tuple[Any, Any] | None:
    """Return for each row (and class, when there are several) whether it is positive, and its score."""
    import numpy as np

    scores = one.y_score
    if one.kind != "classification" or scores is None or len(one.classes) < 2 or not len(one.y_true):
        return None
    scores = np.asarray(scores, dtype="float64")
    if scores.ndim == 2 and scores.shape[1] == 2 and len(one.classes) == 2:
        scores = scores[:, 1]
    if scores.ndim == 1:
        if len(one.classes) != 2:
            return None
        hit = one.y_true == one.classes[-1]
    elif scores.shape[1] == len(one.classes):
        hit = (one.y_true[:, None] == np.asarray(one.classes)[None, :]).ravel()
        scores = scores.ravel()
    else:
        return None
    known = np.isfinite(drawable(scores))
    return (hit[known].astype("float64"), scores[known]) if known.any() else None


def _cumulated(hit: Any, scores: Any) -> tuple[Any, Any]:
    """Return how many positives and negatives score at least as much, at each different score from the highest."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ends = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    true = np.cumsum(hit[order])[ends]
    return true, ends + 1 - true


def _thinned(x: Any, y: Any) -> tuple[Any, Any]:
    """Return at most `MOST_POINTS` points, evenly along the curve, both ends kept."""
    import numpy as np

    if len(x) <= MOST_POINTS:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).astype(int))
    return x[kept], y[kept]
