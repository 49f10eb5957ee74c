"""What a trial has to show: the metrics of its notebook's cells, and the value by which it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbledger.capture.redaction.secrets import redact_value
from nbledger.errors import NBLedgerError
from nbledger.pipeline.parameters import as_params
from nbledger.records import Metric, Param


class MetricMissing(NBLedgerError):
    """A trial's notebook ended without the metric that it is judged by. Fields: metric, known."""

    template = "no cell recorded the metric {metric!r}{known}"


def value_of(metrics: Mapping[str, Metric], name: str) -> float:
    """Return the value of a metric. Raises `MetricMissing`, which names those that there are."""
    if name not in metrics:
        known = f": there are {', '.join(sorted(metrics))}" if metrics else ", nor any other"
        raise MetricMissing(metric=name, known=known)
    return metrics[name].value


def params_of(values: Mapping[str, Any]) -> tuple[Param, ...]:
    """Return a trial's params as recorded."""
    return as_params({name: redact_value(name, value) for name, value in values.items()})
