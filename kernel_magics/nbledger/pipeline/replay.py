"""Runs a slice in a fresh kernel by papermill, in a scratch copy, and brings back what was seen of each cell."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from papermill.engines import NBClientEngine, papermill_engines

from nbledger.capture.process_variables import started_as
from nbledger.ledger import Ledger
from nbledger.ledger.errors import NotFound
from nbledger.lineage.clock import clock_names
from nbledger.lineage.definitions import reads_of
from nbledger.lineage.graph import Graph, Point
from nbledger.lineage.slicing import Slice, SliceRun
from nbledger.pipeline.client import RecordingClient
from nbledger.pipeline.kernels.starting import kernel_config
from nbledger.pipeline.managed import in_own_loop
from nbledger.pipeline.replaying import VARIABLE
from nbledger.pipeline.scratch import Scratch
from nbledger.records import RunError, Version

ENGINE = "nbledger-replay"
_EXTENSION = "--InteractiveShellApp.extra_extensions=nbledger.pipeline.replaying"
_OF_OUTER_ENVIRONMENT = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"})
_NOT_COMPARED = frozenset({"import", "state", "output"})


@dataclass(slots=True)
class Replayed:
    """What came of a replay: `cells` by their place in the slice, the kernel's environment, how it ended."""

    cells: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    platform: str = ""
    troubles: list[str] = field(default_factory=list)
    failure: RunError | None = None
    executed: Path | None = None


def expected_points(ledger: Ledger, run: SliceRun) -> list[Point]:
    """Return the versions that a run made and that a reproduction compares, in their order."""
    return [point for point in Graph(ledger).generated(run.key) if point.role not in _NOT_COMPARED]


def replay(
    ledger: Ledger,
    cut: Slice,
    scratch: Scratch,
    *,
    tolerance: float,
    python: Path | None = None,
    progress: bool = True,
    variables: Mapping[str, str] | None = None,
) -> Replayed:
    """Run the slice; nothing is raised for what the cells do.

    `python` is the interpreter of another environment, `variables` are the recorded environment variables.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    plan = _plan(ledger, cut, scratch, tolerance)
    inside = scratch.root / ".nbledger"
    inside.mkdir(exist_ok=True)
    plan_file, source, target = inside / "plan.json", inside / "slice.ipynb", inside / "executed.ipynb"
    plan_file.write_text(json.dumps(plan), encoding="utf-8")
    source.write_text(json.dumps(_notebook(cut, scratch)), encoding="utf-8")
    papermill_engines.register(ENGINE, ReplayEngine)
    environment = started_as(variables, _environment(cut, scratch, plan_file, foreign=python is not None))
    failure: RunError | None = None
    try:
        papermill.execute_notebook(
            _literal(source),
            _literal(target),
            engine_name=ENGINE,
            progress_bar={"desc": "Reproducing"} if progress else False,
            environment=environment,
            folder=str(scratch.folder),
            python=python,
        )
    except papermill.PapermillExecutionError as error:
        failure = RunError(str(error.ename), str(error.evalue))
    except (DeadKernelError, RuntimeError, TimeoutError) as error:
        failure = RunError(type(error).__name__, str(error).strip() or "the kernel died")
    return _collect(Path(plan["evidence"]), failure, target)


class ReplayEngine(NBClientEngine):
    """Papermill's own engine with a kernel that is prepared for a replay."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        environment: dict[str, str],
        folder: str,
        python: Path | None = None,
        log_output: bool = False,
        start_timeout: int = 60,
        **options: Any,
    ) -> Any:
        """Execute the notebook; the kernel runs in `folder`, by `python` where that is another environment's."""
        for name in ("input_path", "execution_timeout", "timeout", "startup_timeout"):
            options.pop(name, None)
        kind = RecordingClient if python is None else _client_of(python)
        client = kind(
            nb_man,
            kernel_name=kernel_name,
            log_output=log_output,
            startup_timeout=start_timeout,
            extra_arguments=[_EXTENSION],
            config=kernel_config(),
            **options,
        )
        return in_own_loop(lambda: client.execute(env=environment, cwd=folder))


def _client_of(python: Path) -> type[RecordingClient]:
    """Return a client whose kernel is another environment's."""

    class Client(RecordingClient):
        def create_kernel_manager(self) -> Any:
            from jupyter_client.kernelspec import KernelSpec

            manager = super().create_kernel_manager()
            argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            manager._kernel_spec = KernelSpec(argv=argv, display_name="recorded", language="python")
            return manager

    return Client


def _plan(ledger: Ledger, cut: Slice, scratch: Scratch, tolerance: float) -> dict[str, Any]:
    clocks = clock_names(run.source for run in cut.runs)
    states = _states(ledger, cut)
    return {
        "ledger": str(ledger.folder),
        "scratch": str(scratch.root),
        "base": str(scratch.base),
        "moves": scratch.moves,
        "tolerance": tolerance,
        "evidence": str(scratch.root / ".nbledger" / "evidence.jsonl"),
        "cells": [
            {
                "position": run.position,
                "tracked": ledger.run(run.id).tracked,
                "states": states.get(run.key, []),
                "metrics": metrics_of(ledger, run.id),
                "expected": [
                    _item(ledger, cut, run, point, scratch, clock=point.name in clocks)
                    for point in expected_points(ledger, run)
                ],
            }
            for run in cut.runs
        ],
    }


def metrics_of(ledger: Ledger, run: str) -> dict[str, list[float]]:
    """Return the values of a run's metrics in their order."""
    found: dict[str, list[float]] = {}
    for metric in ledger.metrics(run):
        value = metric.value
        found.setdefault(metric.name, []).append(float("nan") if value is None else value)
    return found


def is_target(cut: Slice, run: SliceRun, point: Point) -> bool:
    """Tell whether a version is what was asked for: the last of its name in the slice, or made by the run itself."""
    target = cut.target
    if target.run is not None:
        return run.key == target.run
    wanted = "file" if target.role == "file" else "variable"
    role = point.role if point.role == "file" else "variable"
    if (role, point.name) != (wanted, target.name):
        return False
    return target.version is None or point.version == target.version


def is_asked_for(cut: Slice, run: SliceRun, point: Point) -> bool:
    """Tell whether a version was asked for by its name, not just made by a run that was."""
    return cut.target.run is None and is_target(cut, run, point)


def _item(ledger: Ledger, cut: Slice, run: SliceRun, point: Point, scratch: Scratch, *, clock: bool) -> dict[str, Any]:
    version = _known(ledger, point)
    stored = ledger.stored(point.version)
    return {
        "role": point.role,
        "name": point.name,
        "target": is_target(cut, run, point),
        "asked": is_asked_for(cut, run, point),
        "clock": clock,
        "elsewhere": _elsewhere(ledger, cut, run, point),
        "moved": scratch.moved(run.source) != run.source,
        "stored": [stored.object, stored.format] if stored is not None else None,
        "path": str(ledger.root / point.name) if point.role == "file" else "",
        "version": {
            "hash": version.hash,
            "kind": version.kind,
            "exactness": version.exactness,
            "type_name": version.type_name,
            "shape": version.shape,
            "columns": [[c.name, c.dtype, c.hash, dict(c.profile) if c.profile else None] for c in version.schema],
        },
    }


def _elsewhere(ledger: Ledger, cut: Slice, run: SliceRun, point: Point) -> list[str]:
    """Return the globals that a definition reads and that the slice makes in other cells than the recorded ones.

    They count in what a function is, as they were when it was defined; when they were made anew before it was called,
    the slice has the cells of that time alone.
    """
    if point.kind not in ("function", "class") or point.role != "variable":
        return []
    graph = Graph(ledger)
    session = graph.run(run.key).session_key
    keys = {one.key for one in cut.runs}
    return sorted({one.name for one in reads_of(graph, session, point.name, run.key + 1) if one.run not in keys})


def _known(ledger: Ledger, point: Point) -> Version:
    try:
        return ledger.version(point.version)
    except NotFound:
        return Version(point.version, point.kind)


def _states(ledger: Ledger, cut: Slice) -> dict[int, list[list[str]]]:
    """Return the random states to set, by the first run of the slice that meets each of them."""
    wanted = {(item.name, item.version) for item in cut.inputs if item.role == "state"}
    graph = Graph(ledger)
    found: dict[int, list[list[str]]] = {}
    for run in cut.runs:
        for point in graph.used(run.key):
            if point.role == "state" and (point.name, point.version) in wanted:
                wanted.discard((point.name, point.version))
                stored = ledger.stored(point.version)
                if stored is not None and ledger.objects.has(stored.object):
                    found.setdefault(run.key, []).append([point.name, stored.object])
    return found


def _notebook(cut: Slice, scratch: Scratch) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"{run.id[:16]}",
            "metadata": {"tags": ["raises-exception"]} if run.status != "finished" else {},
            "execution_count": None,
            "outputs": [],
            "source": scratch.moved(run.source),
        }
        for run in cut.runs
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _environment(cut: Slice, scratch: Scratch, plan: Path, *, foreign: bool) -> dict[str, str]:
    """Return the kernel's environment: this process's, with nothing of a kernel that we may be in ourselves."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("NBLEDGER_")}
    if foreign:
        ours = {name: value for name, value in ours.items() if name not in _OF_OUTER_ENVIRONMENT}
    ours |= {"NBLEDGER_DIR": str(scratch.root / ".nbledger"), VARIABLE: str(plan)}
    notebook = next((run.notebook for run in cut.runs if run.notebook), None)
    if notebook is not None:
        ours["NBLEDGER_NOTEBOOK"] = str(scratch.place(notebook))
    return ours


def _collect(evidence: Path, failure: RunError | None, executed: Path) -> Replayed:
    found = Replayed(failure=failure, executed=executed if executed.is_file() else None)
    if not evidence.is_file():
        return found
    for line in evidence.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if "packages" in told:
            found.packages, found.python, found.platform = told["packages"], told["python"], told["platform"]
        elif "cell" in told:
            found.cells[told["cell"]] = told
        if "trouble" in told:
            found.troubles.append(told["trouble"])
    return found


def _literal(path: Path) -> str:
    """Return a path as papermill takes it, which reads `{name}` in paths as parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")
