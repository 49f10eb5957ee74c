"""Figures as plotly JSON: the very ones that widgets and reports show, each with a sentence that says what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.ledger.runs import RunList
from nbledger.ledger.selection import tracked_filter
from nbledger.registry.best import is_minimized, metric_name
from nbledger_lab.problems import bad_request, not_found
from nbledger_lab.routes import HASH, PATH, RUN_ID, Ask, Schema, Table, Validator, converted

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.figures.source import Predictions, RunsFrame
    from nbledger.ledger import Ledger

TABLE = Table()
MOST_RUNS, MOST_DIMS, MOST_CURVES, MOST_JUDGED, MOST_BARS = 500, 8, 60, 6, 60
_COLUMN: Schema = {"type": "string", "maxLength": 300, "default": ""}
_FLAG: Schema = {"type": "boolean", "default": False}
_VERSION: Schema = {"type": "string", "pattern": "^([0-9a-f]{4,32})?$", "default": ""}
_FILTER: Schema = {"type": "string", "maxLength": 4_000, "default": ""}
Draw = Callable[["Ledger", Sequence[str], Mapping[str, Any]], "go.Figure"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of figure: its options, each a JSON schema, and the function that draws it for some runs."""

    title: str
    draw: Draw
    options: Mapping[str, Schema]


@TABLE.get("figures", "The kinds of figures and their options", "FigureKinds", query={"path": PATH})
def figures(_ask: Ask) -> Any:
    """Return what figures there are (`IFigureKind`)."""
    return {
        "items": [
            {"name": name, "title": kind.title, "options": {key: dict(one) for key, one in kind.options.items()}}
            for name, kind in KINDS.items()
        ]
    }


@TABLE.get(
    "figures/{figure}",
    "A figure of some runs as plotly JSON; its options are further parameters, as `figures` lists them",
    "Figure",
    names={"figure": {"type": "string", "pattern": "^[a-z_]{1,40}$"}},
    query={"path": PATH, "run": {"type": "array", "items": RUN_ID, "maxItems": MOST_RUNS, "default": []}},
    versioned=True,
    slow=True,
    open_query=True,
)
def figure(ask: Ask) -> Any:
    """Return a figure (`IFigure`); what cannot be drawn is a figure that says why."""
    name = ask.names["figure"]
    kind = KINDS.get(name)
    if kind is None:
        raise not_found(f"There is no figure {name!r}.", f"There are {', '.join(KINDS)}.")
    options = _read(kind, ask.query)
    runs = [ask.ledger.run_id(run) for run in dict.fromkeys(ask.query["run"])]
    key = ("figure", name, tuple(runs), tuple(options.items()))
    return ask.service.remembered(ask.place, key, lambda: _plain(kind.draw(ask.ledger, runs, options)))


def _read(kind: Kind, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a figure's options with their types. Raises a `Problem`."""
    read: dict[str, Any] = {}
    for name, schema in kind.options.items():
        value = converted(query[name], schema["type"]) if query.get(name) not in (None, "") else schema["default"]
        error = next(iter(Validator(dict(schema)).iter_errors(value)), None)
        if error is not None:
            raise bad_request(f"The parameter {name!r} is wrong: {error.message[:200]}")
        read[name] = value
    return read


def _plain(drawn: go.Figure) -> dict[str, Any]:
    from nbledger.figures.theme import CONFIG, describe

    data = json.loads(drawn.to_json(validate=False))
    return {
        "figure": {"data": data["data"], "layout": data["layout"], "config": dict(CONFIG)},
        "description": describe(drawn),
    }


# -- of many runs --------------------------------------------------------------------------------------------------


def _frame(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> RunsFrame:
    """Return some runs as a frame, or those that a filter leaves of all tracked ones."""
    from nbledger.figures import source

    if runs:
        return source.runs_frame(ledger, runs)
    found = ledger.runs(tracked_filter(options["filter"]), order_by="started_at asc", tracked=True)
    return source.runs_frame(ledger, found)


def _metric(table: RunsFrame, options: Mapping[str, Any], option: str = "metric") -> str:
    """Return the column of the metric that is meant: the one that was named, else the one that most runs have."""
    if options[option]:
        name = str(options[option])
        return name if name in table.frame or "." in name else f"metrics.{name}"
    columns = [name for name in table.frame if str(name).startswith("metrics.")]
    return max(columns, key=lambda name: int(table.frame[name].notna().sum()), default="metrics.?")


def _params(table: RunsFrame) -> list[str]:
    """Return the params that take different values, one of those that always go together."""
    kept: dict[tuple[str, ...], str] = {}
    for name in table.frame:
        column = table.frame[name]
        if str(name).startswith("params.") and column.dropna().map(repr).nunique() > 1:
            kept.setdefault(tuple(column.map(repr)), str(name))
    return sorted(kept.values(), key=lambda name: "__" in name)


def _scatter(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures.runs_charts import scatter
    from nbledger.figures.source import note

    table = _frame(ledger, runs, options)
    y = _metric(table, options, "y")
    x = options["x"] or next(iter(_params(table)), "attributes.started_at")
    ways = [(name, "min" if _is_less_better(name) else "max") for name in (x, y)] if options["pareto"] else ()
    return scatter(
        table.frame,
        x,
        y,
        color=options["color"] or None,
        size=options["size"] or None,
        pareto=ways,
        log_x=options["log_x"],
        log_y=options["log_y"],
        note=note(ledger, table, x, y, options["color"], options["size"]),
    )


def _is_less_better(column: str) -> bool:
    return not column.startswith("metrics.") or is_minimized(column)


def _parallel(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures.runs_charts import parallel_coordinates
    from nbledger.figures.source import note

    table = _frame(ledger, runs, options)
    dims = [one.strip() for one in options["dims"].split(",") if one.strip()] or _params(table)
    metric, shown = _metric(table, options), dims[:MOST_DIMS]
    return parallel_coordinates(table.frame, shown, metric, note=note(ledger, table, metric, *shown))


def _importance(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures.importance import importance
    from nbledger.figures.source import note

    table = _frame(ledger, runs, options)
    metric = _metric(table, options)
    return importance(table.frame, metric, note=note(ledger, table, metric))


# -- of a few runs -------------------------------------------------------------------------------------------------


def _learning(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures import source
    from nbledger.figures.learning import learning_curves
    from nbledger.figures.theme import missing

    shown = runs[:MOST_CURVES]
    known = source.all_curves(ledger, shown)
    name = metric_name(options["metric"]) or next(iter(known), "")
    if name not in known:
        return missing("Learning curves", "none of the runs has several values of one metric" if not known else
                       f"none of the runs has several values of {name}")  # fmt: skip
    names = {run: _called(ledger, run) for run in shown}
    return learning_curves(
        known[name], name, smoothing=options["smoothing"], x=options["x"], band=options["band"], names=names
    )


def _bars(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures.compared import compared
    from nbledger.figures.metric_bars import metric_bars
    from nbledger.figures.report_tables import called, intervals
    from nbledger.figures.theme import missing

    shown = [ledger.run(run) for run in runs[:MOST_BARS]]
    rows = [row for row in compared(ledger, shown) if row.is_metric] if shown else []
    wanted = f"metrics.{metric_name(options['metric'])}" if options["metric"] else ""
    row = next((row for row in rows if not wanted or row.name == wanted), None)
    if row is None:
        return missing("Metrics", "no run has such a metric" if wanted else "no run has a metric")
    table = intervals(ledger, shown, shown, row)
    return metric_bars(table, row.name.removeprefix("metrics."), baseline=called(shown[0]))


def _judged(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> list[Predictions]:
    from dataclasses import replace

    from nbledger.figures import source

    found = [(run, source.predictions(ledger, run, options["metric"] or None)) for run in runs[:MOST_JUDGED]]
    return [replace(one, name=_called(ledger, run)) for run, one in found if isinstance(one, source.Predictions)]


def _curve(name: str) -> Draw:
    """Return the drawing of a figure of predictions."""

    def draw(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
        from nbledger.figures import judged
        from nbledger.figures.theme import missing

        known = _judged(ledger, runs, options)
        if not known:
            return missing(
                name.capitalize(), "no predictions of these runs are stored: judge in tracked cells (%%track)"
            )
        drawn: go.Figure = getattr(judged, name)(known)
        return drawn

    return draw


def _confusion(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures.judged import confusion
    from nbledger.figures.theme import missing

    known = _judged(ledger, runs[:1], options)
    if not known:
        return missing("Confusion", "no predictions of this run are stored: judge in tracked cells (%%track)")
    return confusion(known[0], options["normalize"] or None)


def _called(ledger: Ledger, run: str) -> str:
    from nbledger.figures.report_tables import called

    return called(ledger.run(run))


# -- of data, models and sweeps ------------------------------------------------------------------------------------


def _distribution(ledger: Ledger, _runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures import source
    from nbledger.figures.distribution import distribution
    from nbledger.figures.theme import missing

    name, hashes = options["column"], [one for one in (options["version"], options["after"]) if one]
    title = f"Distribution of {name}"
    columns = []
    for hash in hashes:
        table = source.data(ledger, hash, options["name"])
        if isinstance(table, source.Missing):
            return missing(title, table.why)
        if name not in table:
            return missing(title, "the data has no such column")
        columns.append(table[name])
    if not columns:
        raise bad_request("The parameter 'version' is missing.")
    return distribution(*columns, name=name, names=(hashes[0][:8], hashes[-1][:8]))


def _history(ledger: Ledger, _runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    import time

    from nbledger.figures.history import history_timeline

    return history_timeline(
        ledger.alias_history(options["model"]), title=f"Aliases of {options['model']}", until=time.time()
    )


def _sweep(ledger: Ledger, runs: Sequence[str], options: Mapping[str, Any]) -> go.Figure:
    from nbledger.figures import source
    from nbledger.figures.sweep_progress import sweep_progress

    if not runs:
        raise bad_request("The parameter 'run' is missing.", "Name the sweep's run.")
    found = source.trials(ledger, runs[0])
    metric = options["metric"] or found.metric or ""
    return sweep_progress(found.frame, f"metrics.{metric_name(metric)}", minimize=found.minimize, total=found.total)


_MANY = {"filter": _FILTER}
_JUDGED = {"metric": _COLUMN}
KINDS: dict[str, Kind] = {
    "scatter": Kind(
        "Scatter",
        _scatter,
        {
            "x": _COLUMN,
            "y": _COLUMN,
            "color": _COLUMN,
            "size": _COLUMN,
            "pareto": _FLAG,
            "log_x": _FLAG,
            "log_y": _FLAG,
            **_MANY,
        },
    ),
    "parallel": Kind("Parallel coordinates", _parallel, {"metric": _COLUMN, "dims": _FILTER, **_MANY}),
    "importance": Kind("Importance of params", _importance, {"metric": _COLUMN, **_MANY}),
    "learning": Kind(
        "Learning curves",
        _learning,
        {
            "metric": _COLUMN,
            "smoothing": {"type": "number", "minimum": 0, "maximum": 0.99, "default": 0},
            "x": {"type": "string", "enum": ["step", "time", "log step"], "default": "step"},
            "band": {"type": "string", "enum": ["none", "std", "minmax"], "default": "none"},
        },
    ),
    "bars": Kind("Metric with intervals", _bars, {"metric": _COLUMN}),
    "confusion": Kind(
        "Confusion",
        _confusion,
        {**_JUDGED, "normalize": {"type": "string", "enum": ["", "true", "pred", "all"], "default": ""}},
    ),
    "roc": Kind("ROC", _curve("roc"), _JUDGED),
    "pr": Kind("Precision and recall", _curve("pr"), _JUDGED),
    "calibration": Kind("Calibration", _curve("calibration"), _JUDGED),
    "residuals": Kind("Residuals", _curve("residuals"), _JUDGED),
    "distribution": Kind(
        "Distribution of a column",
        _distribution,
        {"version": _VERSION, "after": _VERSION, "column": _COLUMN, "name": _FILTER},
    ),
    "history": Kind("History of aliases", _history, {"model": _COLUMN}),
    "sweep_progress": Kind("Progress of a sweep", _sweep, {"metric": _COLUMN}),
}

__all__ = ["HASH", "KINDS", "TABLE", "RunList"]
