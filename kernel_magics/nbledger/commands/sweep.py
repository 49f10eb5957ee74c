"""The verbs sweep and sweeps: a notebook run with many params, and how that went."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import OLD_FILE, State, as_json, complete_runs, emit, examples, pass_state, short
from nbledger.commands.sweep_text import Watch, best_text, counts_text, sweep_data, sweep_text, trials_table
from nbledger.tables import ago, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.executors import Executor
    from nbledger.pipeline.sweep import SweepRun
    from nbledger.pipeline.sweep.space import Space

SOME_FAILED = 3


@click.command(
    epilog=examples("""
        nbledger sweep train.ipynb --grid C=0.1,1,10 --grid kernel=rbf,linear --metric accuracy -j 2
        nbledger sweep train.ipynb --random "C=loguniform(0.01,100)" --random "depth=randint(2,10)" --trials 20 --seed 0
        nbledger sweep train.ipynb --optuna "C=float(0.01,100,log)" --metric accuracy --trials 50 --stop-early median
        nbledger sweep train.ipynb --space space.yaml --executor dask --scheduler tcp://10.0.0.5:8786
        nbledger sweep --resume 3f2a91c0
    """)
)
@click.argument("notebook", required=False, type=OLD_FILE)
@click.option(
    "--grid", multiple=True, metavar="NAME=A,B,...", help="Values to try, every combination. May be repeated."
)
@click.option(
    "--random",
    "random_",
    multiple=True,
    metavar="NAME=DIST",
    help="A distribution to draw from: uniform(a,b), loguniform(a,b), randint(a,b), choice(a,b,...).",
)
@click.option(
    "--optuna",
    multiple=True,
    metavar="NAME=DIST",
    help="A range for Optuna: float(a,b[,log][,step=S]), int(a,b[,log][,step=S]), choice(a,b,...).",
)
@click.option("--space", type=OLD_FILE, help="A YAML file with strategy, params and settings.")
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="How many trials, with --random and --optuna.")
@click.option("--seed", type=int, metavar="N", help="What --random draws by and Optuna begins with; drawn by default.")
@click.option("-m", "--metric", metavar="NAME", help="The metric that judges a trial, recorded by any of its cells.")
@click.option("--minimize/--maximize", default=None, help="Which is better; told from the metric's name by default.")
@click.option(
    "--stop-early", metavar="RULE", help="Stop trials that fall behind: median; halving, hyperband with Optuna."
)
@click.option("-p", "--param", "params", nargs=2, multiple=True, metavar="NAME VALUE", help="A param that all share.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many trials at once: 1 here, one a worker with Dask.",
)
@click.option(
    "--executor",
    type=click.Choice(["processes", "dask"]),
    default="processes",
    show_default=True,
    help="Where trials run.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler, such as tcp://10.0.0.5:8786.")
@click.option(
    "--upload",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file or folder of the project that Dask's workers need. May be repeated.",
)
@click.option("-e", "--experiment", metavar="NAME", help="The experiment of its runs; the notebook's name by default.")
@click.option("--kernel", metavar="NAME", help="The kernel to use instead of the notebook's.")
@click.option("--timeout", type=float, metavar="SECONDS", help="The longest that one trial may take.")
@click.option("--cell-timeout", type=float, metavar="SECONDS", help="The longest that one cell may take.")
@click.option("--resume", metavar="RUN", shell_complete=complete_runs, help="Go on with a sweep that was interrupted.")
@as_json
@pass_state
@click.pass_context
def sweep(
    context: click.Context,
    state: State,
    notebook: Path | None,
    grid: tuple[str, ...],
    random_: tuple[str, ...],
    optuna: tuple[str, ...],
    space: Path | None,
    trials: int | None,
    seed: int | None,
    metric: str | None,
    minimize: bool | None,
    stop_early: str | None,
    params: tuple[tuple[str, str], ...],
    jobs: int | None,
    executor: str,
    scheduler: str | None,
    upload: tuple[Path, ...],
    experiment: str | None,
    kernel: str | None,
    timeout: float | None,
    cell_timeout: float | None,
    resume: str | None,
    as_json: bool,
) -> None:
    """Run a notebook with many params.

    Each trial is a run of kind trial under one run of kind sweep. A sweep that was interrupted or killed goes on with
    --resume; trials that ended are not run again. Exits with 0 when every trial finished or was stopped early, 3 when
    some failed, 1 when none finished or the sweep was refused, 130 when it was interrupted.
    """
    if (notebook is None) == (resume is None):
        raise click.UsageError("Name a NOTEBOOK to sweep, or a run to --resume.")
    if executor == "dask" and not scheduler:
        raise click.UsageError("--executor dask needs --scheduler ADDRESS.")
    if executor != "dask" and (scheduler or upload):
        raise click.UsageError("--scheduler and --upload belong to --executor dask.")
    from nbledger.pipeline.sweep import resume_sweep, run_sweep

    pairs = {"grid": grid, "random": random_, "optuna": optuna}
    options: dict[str, Any] = {
        "trials": trials,
        "seed": seed,
        "metric": metric,
        "minimize": minimize,
        "stop_early": stop_early,
        "experiment": experiment,
        "kernel": kernel,
        "timeout": timeout,
        "cell_timeout": cell_timeout,
    }
    options = {name: value for name, value in options.items() if value is not None}
    if notebook is None:
        _refuse_changes({**pairs, "space": space, "param": params, **options})
    ledger = state.ledger() if notebook is None else state.ledger_beside(notebook)

    def made(path: Path) -> Executor:
        return _executor(ledger, path, executor, scheduler, jobs, upload)

    watch = Watch(ledger, state, quiet=as_json)
    try:
        if notebook is None:
            known = ledger.run_id(str(resume))
            watch.on_change(known, "", over=False)
            path = _notebook_of(ledger, known)
            done = resume_sweep(known, ledger=ledger, executor=made(path), on_change=watch.on_change)
        else:
            points, settings = _space(pairs, space)
            options = {**settings, **options, "params": _params(params), "executor": made(notebook)}
            done = run_sweep(notebook, points, ledger=ledger, on_change=watch.on_change, **options)
    except BaseException:
        watch.interrupted()
        raise
    watch.close()
    emit(sweep_data(done), sweep_text(done, state.width), as_json=as_json)
    code = _code(done)
    if code:
        context.exit(code)


@click.command(
    epilog=examples("""
        nbledger sweeps
        nbledger sweeps 3f2a91c0
        nbledger sweeps 3f2a91c0 --all
    """)
)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_runs)
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@click.option("--all", "everything", is_flag=True, help="Every trial of the sweep, by number.")
@as_json
@pass_state
def sweeps(state: State, run: str | None, limit: int, everything: bool, as_json: bool) -> None:
    """List sweeps, or show how one stands.

    RUN is the id of a sweep's run: its best trials and those that failed are shown, also while it is under way.
    """
    from nbledger.pipeline.sweep import read_sweep

    ledger = state.ledger()
    if run is not None:
        found = read_sweep(ledger, run)
        text = trials_table(found.trials, found, state.width) if everything else sweep_text(found, state.width, limit)
        emit(sweep_data(found), text, as_json=as_json)
        return
    listed = [read_sweep(ledger, one.id) for one in ledger.runs(kind="sweep", limit=limit)]
    rows = [
        [short(one.id), one.notebook, one.strategy, one.status, counts_text(one), best_text(one), ago(one.started_at)]
        for one in listed
    ]
    headers = ["run", "notebook", "strategy", "status", "trials", "best", "started"]
    text = table(headers, rows, width=state.width) if rows else "No sweep yet: nbledger sweep NOTEBOOK --grid NAME=A,B"
    emit([sweep_data(one) for one in listed], text, as_json=as_json)


def _refuse_changes(asked: Mapping[str, Any]) -> None:
    """Raise for what belongs to the sweep as it began."""
    given = [name.replace("_", "-") for name, value in asked.items() if value not in (None, ())]
    if given:
        raise click.UsageError(f"--{given[0]} cannot be changed when a sweep is resumed.")


def _space(pairs: Mapping[str, tuple[str, ...]], file: Path | None) -> tuple[Space, dict[str, Any]]:
    """Return the one space that was given, and the settings that its file holds."""
    from nbledger.pipeline.sweep import space as spaces

    named = [strategy for strategy in spaces.STRATEGIES if pairs[strategy]]
    if len(named) + (file is not None) != 1:
        raise click.UsageError("Give the space in one way: --grid, --random, --optuna or --space.")
    if file is not None:
        return spaces.read_file(file)
    return spaces.from_pairs(named[0], pairs[named[0]]), {}


def _params(pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    from nbledger.pipeline.parameters import Text

    return {name: Text(text) for name, text in pairs}


def _notebook_of(ledger: Ledger, sweep: str) -> Path:
    from nbledger.ledger import sweeps as stored

    return ledger.root / str(stored.spec(ledger, sweep)["notebook"])


def _executor(
    ledger: Ledger, notebook: Path, kind: str, scheduler: str | None, jobs: int | None, upload: tuple[Path, ...]
) -> Executor:
    if kind == "processes":
        from nbledger.pipeline.executors.processes import ProcessExecutor

        return ProcessExecutor(jobs or 1)
    from nbledger.pipeline.executors.dask import DaskExecutor

    return DaskExecutor(str(scheduler), ledger, notebook, jobs=jobs, upload=upload)


def _code(done: SweepRun) -> int:
    if done.status != "finished":
        return 1
    return SOME_FAILED if any(one.status == "failed" for one in done.trials) else 0
