"""`run_sweep` and `resume_sweep`: a sweep from its notebook and space, checked whole before anything runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nbledger.errors import NBLedgerError
from nbledger.ledger import sweeps
from nbledger.pipeline.executors.task import Executor
from nbledger.pipeline.sweep import space as spaces
from nbledger.pipeline.sweep.leader import Leader
from nbledger.pipeline.sweep.reading import SweepRun, read_sweep
from nbledger.pipeline.sweep.space import MOST_TRIALS, Space, Strategy
from nbledger.pipeline.sweep.strategy import Planned
from nbledger.records import Facts, Param, RunStart, new_id

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.sweep.strategy import Strategy as Source

STUDIES = "studies"


class OnChange(Protocol):
    """What is called when a trial of a sweep began, moved or ended."""

    def __call__(self, sweep: str, trial: str, *, over: bool) -> None:
        """Take the ids of both, and whether the trial ended."""


class BadSweep(NBLedgerError):
    """What was asked of a sweep does not go together. Fields: what, why."""

    template = "{what}: {why}"


class SweepChanged(NBLedgerError):
    """The notebook is not the one that the sweep began with. Fields: sweep, notebook."""

    template = "{notebook} was changed since sweep {sweep} began, so its trials would not compare: begin a new sweep"


def run_sweep(
    notebook: str | Path,
    space: Space | Mapping[str, Any],
    *,
    strategy: Strategy = "grid",
    trials: int | None = None,
    seed: int | None = None,
    metric: str | None = None,
    minimize: bool | None = None,
    stop_early: str | None = None,
    params: Mapping[str, Any] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    ledger: Ledger | None = None,
    experiment: str | None = None,
    kernel: str | None = None,
    timeout: float | None = None,
    cell_timeout: float | None = None,
    on_change: OnChange | None = None,
) -> SweepRun:
    """Run a notebook once for each point of a space, each a trial under one sweep run, and return how it went.

    `space` maps names to lists of values, or to texts such as `loguniform(0.01, 100)`. `metric` is what trials are
    judged by (`accuracy` or `metrics.accuracy`), found on any cell of the notebook; the last recorded value counts.
    `on_change` is called with the ids of the sweep and of a trial that moved, and whether it ended. `jobs` trials run
    side by side here, unless an `executor` is given (it is closed at the end). Raises `BadSpace`, `BadSweep` and what
    `parameters.check` raises before anything runs.
    """
    from nbledger.ledger import Ledger, find_root

    path = Path(notebook).expanduser().absolute()
    if not isinstance(space, Space):
        space = spaces.from_mapping(strategy, space)
    opened = ledger if ledger is not None else Ledger.open(find_root(path))
    try:
        spec = _spec(
            opened,
            path,
            space,
            dict(params or {}),
            trials=trials,
            seed=seed,
            metric=metric,
            minimize=minimize,
            stop_early=stop_early,
        )
        spec |= {"experiment": experiment or path.stem, "kernel": kernel}
        spec |= {"timeout": timeout, "cell_timeout": cell_timeout}
        sweep = new_id()
        source = _source(opened, sweep, spec)  # a missing package is told before anything is written
        return _lead(opened, sweep, spec, source, executor or _processes(jobs), on_change, new=True)
    finally:
        if ledger is None:
            opened.close()


def resume_sweep(
    run: str,
    *,
    ledger: Ledger,
    jobs: int = 1,
    executor: Executor | None = None,
    on_change: OnChange | None = None,
) -> SweepRun:
    """Go on with a sweep that did not come to its end; one that did is returned as it is.

    Trials that ended are not run again. Raises `NotFound`, `SweepBusy` while another process leads it, and
    `SweepChanged`.
    """
    found = read_sweep(ledger, run)
    if found.status in ("finished", "failed", "cancelled"):
        return found
    from nbledger.pipeline.execute import read_notebook

    spec = sweeps.spec(ledger, found.id)
    path = ledger.root / spec["notebook"]
    if _code_hash(read_notebook(path)) != spec["code"]:
        raise SweepChanged(sweep=found.id[:8], notebook=spec["notebook"])
    source = _source(ledger, found.id, spec)
    return _lead(ledger, found.id, spec, source, executor or _processes(jobs), on_change, new=False)


def _lead(
    ledger: Ledger,
    sweep: str,
    spec: dict[str, Any],
    source: Source,
    executor: Executor,
    on_change: OnChange | None,
    *,
    new: bool,
) -> SweepRun:
    from nbledger.capture.identity import current_session

    path = ledger.root / spec["notebook"]
    session = current_session("sweep", str(path))
    try:
        ledger.start_session(session)
        try:
            if new:
                _plan(ledger, sweep, session.id, spec)

            def changed(trial: str, *, over: bool) -> None:
                if on_change is not None:
                    on_change(sweep, trial, over=over)

            Leader(ledger, sweep, session.id, spec, source, executor, changed).lead()
        finally:
            ledger.end_session(session.id)
    finally:
        executor.close()
    return read_sweep(ledger, sweep)


def _plan(ledger: Ledger, sweep: str, session: str, spec: dict[str, Any]) -> None:
    start = RunStart(
        id=sweep,
        session=session,
        kind="sweep",
        started_at=time.time(),
        name=Path(spec["notebook"]).stem,
        experiment=spec["experiment"],
        notebook=str(ledger.root / spec["notebook"]),
        tracked=True,
    )
    space = spaces.from_dict(spec["space"])
    points: list[dict[str, Any]] = []
    if space.strategy == "grid":
        points = list(space.grid())
    elif space.strategy == "random":
        points = list(space.draws(spec["seed"], spec["trials"]))
    sweeps.plan(ledger, start, spec, points)
    told = {"strategy": space.strategy, **{name: spec[name] for name in ("trials", "seed", "metric", "stop_early")}}
    ledger.record(sweep, Facts(params=tuple(Param(name, value) for name, value in told.items() if value is not None)))


def _spec(
    ledger: Ledger,
    notebook: Path,
    space: Space,
    params: dict[str, Any],
    *,
    trials: int | None,
    seed: int | None,
    metric: str | None,
    minimize: bool | None,
    stop_early: str | None,
) -> dict[str, Any]:
    """Return all that a sweep is, as plain values, after every check that can be made ahead."""
    from nbledger.pipeline.execute import read_notebook
    from nbledger.pipeline.parameters import check
    from nbledger.registry.best import is_minimized, metric_name

    nb = read_notebook(notebook)
    if not space.domains:
        raise BadSweep(what="the space", why="it names no param: give --grid, --random, --optuna or --space")
    _check_names(space, params)
    space = spaces.typed(space, lambda given: check(nb, given, notebook.name))
    name = metric_name(metric) if metric else None
    _check_options(space, trials, seed, name, stop_early)
    count = spaces.size(space) if space.strategy == "grid" else trials or 0
    if not 0 < count <= MOST_TRIALS:
        raise BadSweep(what="the sweep", why=f"it has {count:,} trials; between 1 and {MOST_TRIALS:,} are possible")
    return {
        "notebook": ledger.relative(notebook),
        "code": _code_hash(nb),
        "space": spaces.to_dict(space),
        "params": check(nb, params, notebook.name),
        "trials": count,
        "seed": _seed(seed) if space.strategy != "grid" else None,
        "metric": name,
        "minimize": bool(name) and (is_minimized(str(name)) if minimize is None else minimize),
        "stop_early": stop_early,
    }


def _check_names(space: Space, params: Mapping[str, Any]) -> None:
    from nbledger.capture.redaction.secrets import redact_value

    for name in params:
        if name in space.domains:
            raise BadSweep(what=f"param {name}", why="it is swept and given a value; leave one of both out")
        if redact_value(name, params[name]) != params[name]:
            raise BadSweep(
                what=f"param {name}",
                why="it looks like a credential, and a sweep keeps its params to be resumed: let the notebook read it "
                "from the environment",
            )


def _check_options(
    space: Space, trials: int | None, seed: int | None, metric: str | None, stop_early: str | None
) -> None:
    if space.strategy == "grid":
        for option, value in (("--trials", trials), ("--seed", seed)):
            if value is not None:
                raise BadSweep(
                    what=option, why="it goes with --random and --optuna; a grid runs every combination once"
                )
    elif trials is None:
        raise BadSweep(what=f"--{space.strategy}", why="say how many trials: --trials N")
    if metric is None and (space.strategy == "optuna" or stop_early):
        what = "--optuna" if space.strategy == "optuna" else "--stop-early"
        raise BadSweep(what=what, why="say which metric judges a trial: --metric NAME")
    from nbledger.pipeline.sweep.study import PRUNERS

    known = PRUNERS if space.strategy == "optuna" else ("median",)
    if stop_early is not None and stop_early not in known:
        raise BadSweep(what=f"--stop-early {stop_early}", why=f"with --{space.strategy} there is {', '.join(known)}")


def _source(ledger: Ledger, sweep: str, spec: dict[str, Any]) -> Source:
    space = spaces.from_dict(spec["space"])
    if space.strategy != "optuna":
        return Planned(minimize=spec["minimize"], median=spec["stop_early"] == "median")
    from nbledger.pipeline.sweep.study import Study

    path = ledger.folder / STUDIES / f"{sweep}.db"
    return Study(path, space, seed=spec["seed"], minimize=spec["minimize"], pruner=spec["stop_early"])


def _processes(jobs: int) -> Executor:
    from nbledger.pipeline.executors.processes import ProcessExecutor

    return ProcessExecutor(jobs)


def _code_hash(nb: Any) -> str:
    """Return what tells whether a notebook's code was changed; outputs and prose do not count."""
    from blake3 import blake3

    code = "\0".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    return blake3(code.encode("utf-8", "surrogatepass")).hexdigest(length=16)


def _seed(seed: int | None) -> int:
    import secrets

    return secrets.randbits(31) if seed is None else seed
