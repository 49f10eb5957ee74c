"""One run in full: its code, params, metrics with intervals, data, artifacts, models, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbledger.figures.report_tables import metric_interval
from nbledger.ledger.deletion import deleted_by
from nbledger.ledger.errors import NotFound
from nbledger.lineage.honest import metric_story
from nbledger_lab.plain import clean, left_out, run_data, scalar
from nbledger_lab.routes import PATH, RUN_ID, Ask, Table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Edge, Metric, Run

TABLE = Table()
MOST_CODE, MOST_DATA, MOST_INTERVALS, MOST_NOTES = 200_000, 500, 20, 200


@TABLE.get("runs/{run}", "One run in full", "RunDetail", names={"run": RUN_ID}, query={"path": PATH}, versioned=True)
def run(ask: Ask) -> Any:
    """Return a run in full (`IRunDetail`). Raises `NotFound`."""
    found = ask.ledger.run(ask.names["run"])
    return ask.service.remembered(ask.place, ("run", found.id), lambda: detail(ask.ledger, found))


def detail(ledger: Ledger, run: Run) -> dict[str, Any]:
    """Return a run in full."""
    environment, git = ledger.environment(run.id), ledger.git(run.id)
    edges, artifacts, notes = _edges(ledger, run), ledger.artifacts(run.id), ledger.notes(run.id)
    hidden = deleted_by(ledger.reader, run.id)
    return run_data(run) | {
        "deleted": None if hidden is None else {"who": clean(hidden[0]), "at": hidden[1]},
        "truncated": left_out(
            ("uses of data", len(edges), MOST_DATA),
            ("artifacts", len(artifacts), MOST_DATA),
            ("notes", len(notes), MOST_NOTES),
            ("characters of code", len(run.source or ""), MOST_CODE),
        ),
        "code": clean((run.source or "")[:MOST_CODE]),
        "error_detail": clean(run.error.traceback if run.error else ""),
        "all_params": [
            {"name": clean(one.name), "value": scalar(one.value), "source": one.origin, "is_default": one.is_default}
            for one in ledger.params(run.id)
        ],
        "all_metrics": _metrics(ledger, run),
        "data": [_use(ledger, role, edge) for role, edge in edges[:MOST_DATA]],
        "artifacts": [
            {"name": clean(one.name), "hash": one.object, "nbytes": one.size} for one in artifacts[:MOST_DATA]
        ],
        "models": [
            {"model": clean(one.model), "version": one.number, "aliases": [clean(alias) for alias in one.aliases]}
            for one in ledger.model_versions_from(run.id)
        ],
        "environment": None
        if environment is None
        else {
            "python": environment.python,
            "platform": environment.platform,
            "packages": dict(environment.packages),
        },
        "git": None if git is None else {"commit": git.commit, "dirty": git.dirty},
        "notes": [clean(note) for note in notes[:MOST_NOTES]],
        "children": len(ledger.children(run.id)),
    }


def _metrics(ledger: Ledger, run: Run) -> list[dict[str, Any]]:
    points: dict[str, list[Metric]] = {}
    for metric in ledger.metrics(run.id):
        points.setdefault(metric.name, []).append(metric)
    told = []
    for place, (name, series) in enumerate(points.items()):
        last = series[-1]
        low, high = (
            metric_interval(ledger, run, name, last.value) if place < MOST_INTERVALS and last.basis else (None, None)
        )
        told.append(
            {
                "name": clean(name),
                "value": scalar(last.value),
                "step": last.step,
                "points": len(series),
                "low": scalar(low),
                "high": scalar(high),
                "computed_on": _computed_on(ledger, run, last) if place < MOST_INTERVALS else "",
            }
        )
    return told


def _computed_on(ledger: Ledger, run: Run, metric: Metric) -> str:
    """Return what a metric was judged on: as the source calls it, with its number of rows, and its content."""
    truths = [basis.version[:8] for basis in metric.basis if basis.role in ("y_true", "y")]
    told = ""
    try:
        judged = metric_story(ledger, run.id, metric.name).judged_on
    except NotFound:
        judged = None
    if judged is not None:
        rows = "" if judged.rows is None else f", {judged.rows:,} rows"
        told = f"{judged.name}{rows}"
    return clean(" ".join(filter(None, [told, f"({', '.join(dict.fromkeys(truths))})" if truths else ""])))


def _edges(ledger: Ledger, run: Run) -> list[tuple[str, Edge]]:
    """Return the versions that a run used and generated, each once."""
    edges = [("used", edge) for edge in ledger.used(run.id)] + [
        ("generated", edge) for edge in ledger.generated(run.id)
    ]
    kept = {(role, edge.name, edge.version): edge for role, edge in edges if edge.role in ("variable", "file", "url")}
    return [(role, edge) for (role, _, _), edge in kept.items()]


def _use(ledger: Ledger, role: str, edge: Edge) -> dict[str, Any]:
    version = ledger.version(edge.version)
    return {
        "role": role,
        "name": clean(edge.name),
        "hash": version.hash,
        "kind": version.kind,
        "type_name": version.type_name,
        "shape": None if version.shape is None else list(version.shape),
        "nbytes": version.nbytes,
        "exactness": version.exactness,
    }
