"""Which run is best by a metric, and in which direction that metric is better."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.ledger.filter import parse
from nbledger.records import Run

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

LESS_IS_BETTER = re.compile(
    r"(?:^|_)(?:mse|rmse|msle|rmsle|mae|mape|smape|wape|mad|nll|brier|loss|losses|error|errors|err|deviance|perplexity|"
    r"regret|latency|duration|time|seconds|bytes|hamming|inertia|davies_bouldin|wer|cer|fpr|fnr|aic|bic)(?:_|$)"
)
# scikit-learn's scorers that were turned around already, and its D2 scores (1 minus an error's share).
MORE_IS_BETTER = re.compile(r"(?:^|_)(?:neg|d2)_")


class NoWinner(NBLedgerError):
    """No run carries the metric. Fields: metric, where (the filter, or an empty text)."""

    template = "no finished run has metrics.{metric}{where}: `nbledger runs` lists what there is"


def metric_name(text: str) -> str:
    """Return the metric's name without the filter grammar's prefix: `metrics.f1` and `f1` are the same metric."""
    for prefix in ("metrics.", "metric."):
        if text.startswith(prefix):
            return text[len(prefix) :].strip('`"')
    return text


def is_minimized(metric: str) -> bool:
    """Return whether less of this metric is better, told from the words of its name.

    `mse`, `val_loss`, `log_loss`, `mean_absolute_error` are; scikit-learn's `neg_` scorers and D2 scores are not.
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric_name(metric)).lower().replace(" ", "_").replace("-", "_")
    return MORE_IS_BETTER.search(name) is None and LESS_IS_BETTER.search(name) is not None


def direction(metric: str, minimize: bool | None = None) -> str:
    """Return `lowest` or `highest`, as asked for or else by the metric's name."""
    return "lowest" if (is_minimized(metric) if minimize is None else minimize) else "highest"


def best_run(
    ledger: Ledger,
    metric: str,
    where: str | None = None,
    *,
    minimize: bool | None = None,
    experiment: str | None = None,
) -> Run:
    """Return the finished run with the best value of a metric, among those that the filter leaves.

    Without `minimize` the metric's name tells the direction (`is_minimized`). Not-a-number never wins; of equals the
    one that was first wins, so that a promotion repeated later names the same run. Raises `NoWinner`.
    """
    parse(where or "")  # so that what is wrong with it is shown in its own words
    name = metric_name(metric)
    order = "asc" if direction(name, minimize) == "lowest" else "desc"
    column = f"metrics.`{name}`"
    conditions = [f"({where})"] if where else []
    conditions += [f"{column} IS NOT NULL", "attributes.status = 'finished'"]
    found = ledger.runs(
        " and ".join(conditions),
        order_by=f"{column} {order}, attributes.started_at asc",
        experiment=experiment,
        limit=20,
    )
    for run in found:
        if not math.isnan(run.metrics[name]):
            return run
    place = f" where {where}" if where else ""
    raise NoWinner(metric=name, where=place + (f" in experiment {experiment!r}" if experiment else ""))
