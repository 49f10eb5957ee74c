"""The verbs on runs: runs, show, delete, restore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import indent
from typing import TYPE_CHECKING, Any, get_args

import click

from nbledger.commands.common import (
    State,
    as_json,
    complete_experiments,
    complete_runs,
    emit,
    examples,
    pass_state,
    plain,
    run_data,
    short,
)
from nbledger.ledger.selection import tracked_filter
from nbledger.pipeline.cache_tags import CACHED_TAG
from nbledger.records import RunKind
from nbledger.tables import ago, cut, many, number, pairs, size, span, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Edge, Run

MOST_METRICS, MOST_PARAMS, MOST_CHILDREN, WIDEST = 5, 5, 200, 40
CONTENT = ("table", "column", "array", "sparse", "tensor", "model", "file", "figure")
NO_RUNS = "No tracked run yet: write %%track at the top of a cell, or nbledger run NOTEBOOK. (--all lists every cell.)"


@click.command(
    epilog=examples("""
        nbledger runs
        nbledger runs "metrics.accuracy > 0.9 and params.max_depth = 5" --order-by "metrics.accuracy desc"
        nbledger runs -e churn --limit 5 --json
        nbledger runs "status = 'failed'" --all
    """)
)
@click.argument("filter_", metavar="[FILTER]", required=False)
@click.option("--order-by", metavar="KEY", help="Such as 'metrics.f1 desc' or 'started_at'; newest first by default.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@click.option("-e", "--experiment", metavar="NAME", shell_complete=complete_experiments, help="Only this experiment's.")
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(get_args(RunKind)),
    help="Only runs of a kind: cell, notebook, trial, script, ...",
)
@click.option("--all", "everything", is_flag=True, help="Every run of every kind, observed cells too.")
@click.option("--deleted", is_flag=True, help="Deleted runs too (until gc).")
@as_json
@pass_state
def runs(
    state: State,
    filter_: str | None,
    order_by: str | None,
    limit: int,
    experiment: str | None,
    kind: str | None,
    everything: bool,
    deleted: bool,
    as_json: bool,
) -> None:
    """List runs: tracked ones by default, the newest first.

    FILTER is MLflow's search grammar: params.NAME, metrics.NAME, tags.NAME and a run's own attributes, compared by
    = != < <= > >=, LIKE, ILIKE, IN, IS NULL, joined by AND, OR and parentheses.
    """
    ledger = state.ledger()
    found = list(
        ledger.runs(
            filter_ if everything or kind else tracked_filter(filter_),
            order_by=order_by,
            limit=limit + 1,
            kind=kind,
            experiment=experiment,
            tracked=None if everything or kind else True,
            include_deleted=deleted,
        )
    )
    listed, more = found[:limit], len(found) > limit
    text = (
        _runs_table(ledger, listed, state.width)
        if listed
        else ("No run matches." if filter_ or experiment or kind else NO_RUNS)
    )
    if more:
        text += f"\n\nThe first {limit}; there are more (--limit)."
    emit([run_data(run) for run in listed], text, as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger show 3f2a91c0
        nbledger show 3f2a91c0 --source
    """)
)
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option("--source", is_flag=True, help="Also the code as it was executed.")
@click.option("--all", "everything", is_flag=True, help="Also params left at their default, and every value.")
@as_json
@pass_state
def show(state: State, run: str, source: bool, everything: bool, as_json: bool) -> None:
    """Show everything that was recorded about a run.

    RUN is its id, or the first digits of it.
    """
    ledger = state.ledger()
    found = ledger.run(run)
    emit(_show_data(ledger, found), _show_text(ledger, found, state.width, source, everything), as_json=as_json)


@click.command(epilog=examples("nbledger delete 3f2a91c0 77d0e1aa"))
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", shell_complete=complete_runs)
@as_json
@pass_state
def delete(state: State, runs: tuple[str, ...], as_json: bool) -> None:
    """Delete runs; restore brings them back, until gc."""
    from nbledger.registry.promotion import user

    ledger = state.ledger()
    ids = [ledger.run_id(run) for run in runs]
    deleted = [ledger.delete(run, who=user()) for run in ids]
    registered = [version for run in deleted for version in ledger.model_versions_from(run)]
    lines = [f"deleted {_listed(deleted)}; undo: nbledger restore {_listed(deleted)}"]
    lines += [
        f"{short(one.run)} is version {one.number} of {one.model}: the version, its model and this run stay through gc"
        for one in registered
    ]
    emit({"deleted": deleted, "registered": registered}, "\n".join(lines), as_json=as_json)


@click.command(epilog=examples("nbledger restore 3f2a91c0"))
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@as_json
@pass_state
def restore(state: State, runs: tuple[str, ...], as_json: bool) -> None:
    """Bring deleted runs back."""
    from nbledger.registry.promotion import user

    ledger = state.ledger()
    ids = [ledger.run_id(run) for run in runs]
    restored = [ledger.restore(run, who=user()) for run in ids]
    emit({"restored": restored}, f"restored {_listed(restored)}", as_json=as_json)


def told(metrics: Mapping[str, float]) -> str:
    """Return metrics on one line."""
    return "  ".join(f"{name}={number(value)}" for name, value in metrics.items())


def _listed(ids: Iterable[str]) -> str:
    return " ".join(short(identity) for identity in ids)


def _runs_table(ledger: Ledger, listed: Sequence[Run], width: int | None) -> str:
    metrics = _most_common((run.metrics for run in listed), MOST_METRICS)
    params = _telling_params(ledger, listed)
    headers = ["run", "name", "experiment", "started", "took", *metrics, *params]
    rows = [
        [
            *(short(run.id), _label(run), run.experiment or "", ago(run.started_at), span(run.duration)),
            *(number(run.metrics.get(name)) for name in metrics),
            *(cut(number(run.params.get(name)), WIDEST) for name in params),
        ]
        for run in listed
    ]
    if any(run.status != "finished" for run in listed):
        headers.insert(3, "status")
        for row, run in zip(rows, listed, strict=True):
            row.insert(3, run.status)
    return table(headers, rows, width=width)


def _label(run: Run) -> str:
    """Return the run's name, or what stands in for one: the first line of its code."""
    if run.name:
        return run.name
    lines = [line for line in (run.source or "").splitlines() if line.strip()]
    return lines[0][:40] if lines else run.kind


def _most_common(groups: Iterable[Iterable[str]], most: int) -> list[str]:
    counts: dict[str, int] = {}
    for group in groups:
        for name in group:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:most]


def _telling_params(ledger: Ledger, listed: Sequence[Run]) -> list[str]:
    """Return the params that somebody set in some listed run and that differ, those first that take other values."""
    chosen = [{param.name for param in ledger.params(run.id) if not param.is_default} for run in listed]
    values = {name: [repr(run.params.get(name)) for run in listed] for name in _most_common(chosen, len(chosen) * 1000)}
    if len(listed) == 1:
        return list(values)[:MOST_PARAMS]
    found: dict[tuple[str, ...], str] = {}
    for name in sorted(values, key=lambda name: ("__" in name, -len(set(values[name]) - {"None"}))):
        if len(set(values[name])) > 1:
            found.setdefault(tuple(values[name]), name)  # a pipeline's `step__C` repeats the cell's `C`
    return list(found.values())[:MOST_PARAMS]


def _show_text(ledger: Ledger, run: Run, width: int | None, source: bool, everything: bool) -> str:
    parts = [_head(ledger, run)]
    params = [param for param in ledger.params(run.id) if everything or not param.is_default]
    defaults = len(run.params) - len(params)
    parts.append(_section("params", pairs(((param.name, _value(param.value)) for param in params), width=width)))
    if defaults > 0:
        parts.append(f"  and {defaults} left at their default (--all)")
    parts.append(_section("metrics", pairs(run.metrics.items(), width=width)))
    parts.append(_section("used", _edges(ledger, ledger.used(run.id), width, everything=everything)))
    parts.append(_section("generated", _edges(ledger, ledger.generated(run.id), width, everything=everything)))
    artifacts = [(item.name, f"{item.media_type}  {size(item.size)}") for item in ledger.artifacts(run.id)]
    parts.append(_section("artifacts", pairs(artifacts, width=width)))
    parts.append(_section("tags", pairs(run.tags.items(), width=width)))
    parts.append(_section("notes", indent("\n".join(ledger.notes(run.id)), "  ")))
    parts.append(_section("runs in it", _children(ledger, run, width)))
    if run.error is not None:
        parts.append(f"\nerror\n  {run.error.type}: {run.error.message}")
    if source and run.source:
        parts.append("\nsource\n" + "\n".join(f"  {line}".rstrip() for line in run.source.splitlines()))
    return "\n".join(part for part in parts if part)


def _head(ledger: Ledger, run: Run) -> str:
    items: list[tuple[str, Any]] = [("run", run.id), ("kind", f"{run.kind}, {run.status}")]
    items += [("name", run.name), ("experiment", run.experiment), ("notebook", run.notebook)]
    cached = run.tags.get(CACHED_TAG)
    if cached:
        items.append(("cached from", f"{short(cached)}, whose results it took: nbledger show {short(cached)}"))
    items += [("part of", short(run.parent)), ("started", ago(run.started_at)), ("took", span(run.duration))]
    environment, git = ledger.environment(run.id), ledger.git(run.id)
    if environment is not None:
        items.append(("python", f"{environment.python}  {environment.platform}  {len(environment.packages)} packages"))
    if git is not None:
        items.append(("git", f"{short(git.commit)} {git.branch or ''}{' (dirty)' if git.dirty else ''}"))
    return pairs(((name, value) for name, value in items if value), indent="")


def _section(title: str, text: str) -> str:
    return f"\n{title}\n{text}" if text else ""


def _value(value: Any) -> str:
    return repr(value) if isinstance(value, str) or value is None else number(value)


def _edges(ledger: Ledger, edges: Iterable[Edge], width: int | None, *, everything: bool) -> str:
    """Return versions as a table, one line each, with all the roles in which a run met them."""
    roles: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        roles.setdefault((edge.name, edge.version), []).append(edge.role)
    rows, others = [], 0
    for (name, content), met in roles.items():
        version = ledger.version(content)
        if version.kind not in CONTENT and not everything:
            others += 1
            continue
        shape = "x".join(str(length) for length in version.shape) if version.shape else ""
        known = [role for role in met if role not in ("variable", name)]
        doubt = [] if version.exactness == "exact" else [version.exactness]
        said = ", ".join([*known, *doubt])
        rows.append([f"  {name}", version.kind, shape, size(version.nbytes), short(version.hash), said])
    text = table(["  name", "kind", "shape", "bytes", "hash", "as"], rows, width=width) if rows else ""
    more = f"  and {others} values, functions and classes (--all)" if others else ""
    return "\n".join(part for part in (text, more) if part)


def _children(ledger: Ledger, run: Run, width: int | None) -> str:
    children = list(ledger.children(run.id, limit=MOST_CHILDREN))
    shown = [child for child in children if child.tracked or child.status != "finished"]
    rows = [
        [f"  {short(child.id)}", _label(child), child.status, span(child.duration), told(child.metrics)]
        for child in shown
    ]
    observed = len(children) - len(rows)
    text = table(["  run", "name", "status", "took", "metrics"], rows, width=width) if rows else ""
    notes = [f"  and {many(observed, 'observed cell')}"] if observed else []
    if len(children) == MOST_CHILDREN:
        notes.append(f"  the first {MOST_CHILDREN}: nbledger runs \"parent = '{run.id}'\" --all lists more")
    return "\n".join([part for part in (text, *notes) if part])


def _show_data(ledger: Ledger, run: Run) -> dict[str, Any]:
    def edges(found: Iterable[Edge]) -> list[dict[str, Any]]:
        return [{**plain(edge), "content": plain(ledger.version(edge.version))} for edge in found]

    return {
        **run_data(run),
        "source": run.source,
        "params": plain(ledger.params(run.id)),
        "metrics": plain(ledger.metrics(run.id)),
        "used": edges(ledger.used(run.id)),
        "generated": edges(ledger.generated(run.id)),
        "artifacts": plain(ledger.artifacts(run.id)),
        "notes": plain(ledger.notes(run.id)),
        "children": [child.id for child in ledger.children(run.id)],
        "environment": plain(ledger.environment(run.id)),
    }
