"""A pipeline as jobs of a scheduler: what each runs, what it waits for, and how often it may fail."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.pipeline.graph import Dag
    from nbledger.pipeline.spec import Pipeline

PROMOTE = "promote"
#: Where the project (with its ledger) is mounted in a container.
PROJECT = "/project"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `id` is its name as every system takes one: lower case letters, digits and hyphens.

    `command` are the words that run it in the project's folder, `needs` the ids of the jobs before it. `timeout` and
    `retry_delay` are seconds.
    """

    id: str
    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    retries: int = 0
    retry_delay: float = 0.0
    timeout: float | None = None

    @property
    def line(self) -> str:
        """The command as one line for a shell."""
        return shlex.join(self.command)


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs of a pipeline, each after those it needs. `place` is the pipeline's path in the project.

    `packages` are the recorded distributions (name to version) of its last run, empty where none was recorded;
    `python` is that run's Python version (`3.11.7`).
    """

    name: str
    id: str
    place: str
    jobs: tuple[Job, ...]
    schedule: str | None
    image: str
    python: str
    packages: dict[str, str]

    @property
    def python_minor(self) -> str:
        """Python's version without the last number, as set-up actions take it."""
        return ".".join(self.python.split(".")[:2])

    @property
    def installs(self) -> str:
        """The line that installs what the steps need."""
        return "python -m pip install -r requirements.txt" if self.packages else "python -m pip install nbledger"


def plan_of(pipeline: Pipeline, dag: Dag, ledger: Ledger | None = None, *, image: str | None = None) -> Plan:
    """Return the jobs of a pipeline, in an order in which they can run.

    The last job moves the alias where the pipeline promotes: it judges the gates that the pipeline's file names.
    """
    place = _place(pipeline, ledger)
    ids = _ids((*dag.steps, PROMOTE) if pipeline.promote else dag.steps)
    jobs = []
    for name in dag.steps:
        step = pipeline.step(name)
        jobs.append(
            Job(
                id=ids[name],
                name=name,
                command=("nbledger", "pipeline", "run", place, "--only", name, "--no-upstream", "--no-retries"),
                needs=tuple(ids[one] for one in dag.before(name)),
                retries=step.retries,
                retry_delay=step.retry_delay,
                timeout=step.timeout,
            )
        )
    if pipeline.promote:
        last = tuple(job.id for job in jobs if not any(job.id in other.needs for other in jobs))
        job = Job(ids[PROMOTE], PROMOTE, ("nbledger", "pipeline", "promote", place), last)
        jobs.append(job)
    python, packages = _environment(pipeline, ledger)
    name = slug(pipeline.name)
    return Plan(pipeline.name, name, place, tuple(jobs), pipeline.schedule, image or f"{name}:latest", python, packages)


def slug(name: str) -> str:
    """Return a name as Kubernetes takes one (RFC 1123): at most 50 lower case letters, digits and hyphens."""
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].rstrip("-")
    return found if found[:1].isalpha() else f"step-{found}".rstrip("-")


def levels(jobs: Iterable[Job]) -> list[list[Job]]:
    """Return the jobs by how many must run one after another before them."""
    depth: dict[str, int] = {}
    found: list[list[Job]] = []
    for job in jobs:
        depth[job.id] = 1 + max((depth[need] for need in job.needs), default=-1)
        while len(found) <= depth[job.id]:
            found.append([])
        found[depth[job.id]].append(job)
    return found


def _ids(names: Iterable[str]) -> dict[str, str]:
    """Return an id for each name, no two alike."""
    found: dict[str, str] = {}
    for name in names:
        base = slug(name)
        taken = set(found.values())
        found[name] = next(one for one in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if one not in taken)
    return found


def _place(pipeline: Pipeline, ledger: Ledger | None) -> str:
    """Return the pipeline's path in the project, as its command takes it."""
    from nbledger.ledger import find_root
    from nbledger.ledger.location import relative

    root = ledger.root if ledger is not None else find_root(pipeline.folder)
    return relative(str(pipeline.file or pipeline.folder), Path(root)) or "."


def _environment(pipeline: Pipeline, ledger: Ledger | None) -> tuple[str, dict[str, str]]:
    """Return the Python and the distributions that the pipeline last ran with, else this Python and none."""
    import platform

    if ledger is not None:
        for run in ledger.runs("attributes.status = 'finished'", kind="pipeline", limit=50):
            if run.name == pipeline.name:
                children = ledger.children(run.id, limit=1)
                found = ledger.environment(children[0].id if children else run.id)
                if found is not None:
                    return found.python, dict(found.packages)
    return platform.python_version(), {}
