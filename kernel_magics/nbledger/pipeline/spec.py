"""What a pipeline is: a folder of notebooks, or the steps that a `pipeline.yaml` names.

The file's keys are in `pipeline.schema.json`, beside this module, which editors can use too. A step's notebook,
outputs and checks are relative to the file; a notebook's own paths are relative to the notebook, as in Lab.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.pipeline.checks.located_yaml import near
from nbledger.pipeline.cron import cron_problem
from nbledger.pipeline.document import BadDocument, Document, load_schema, read_document

if TYPE_CHECKING:
    from nbledger.registry import GateSpec

SCHEMA = Path(__file__).with_name("pipeline.schema.json")
FILES = ("pipeline.yaml", "pipeline.yml")


class NoPipeline(NBLedgerError):
    """There is no pipeline at the path. Fields: path, why."""

    template = "{path} is no pipeline: {why}"


class NoSuchStep(NBLedgerError):
    """A step was named that the pipeline does not have. Fields: pipeline, name, hint (the nearest one)."""

    template = "{pipeline} has no step {name!r}{hint}"


class BadPipeline(BadDocument):
    """A pipeline's file is wrong. Fields: path, problems (one line each, with file, line, place and what is wrong)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One notebook in a pipeline. `retry_delay`, `timeout` and `cell_timeout` are seconds.

    `outputs` are paths relative to the pipeline's folder, `checks` are absolute.
    """

    name: str
    notebook: Path
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    retries: int = 0
    retry_delay: float = 0.0
    timeout: float | None = None
    cell_timeout: float | None = None
    checks: tuple[Path, ...] = ()
    cache: bool = True
    kernel: str | None = None


@dataclass(frozen=True, slots=True)
class Promote:
    """Which run wins (`best`, a metric, among those that fit the filter `where`) and where its model goes."""

    model: str
    best: str
    alias: str = "champion"
    where: str | None = None
    which: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps that belong together. `file` is the `pipeline.yaml` that names them, `None` for a folder of notebooks."""

    name: str
    folder: Path
    steps: tuple[Step, ...]
    file: Path | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[GateSpec, ...] = ()
    promote: Promote | None = None
    schedule: str | None = None

    def step(self, name: str) -> Step:
        """Return the step of a name. Raises `NoSuchStep` with the nearest one."""
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            known = [step.name for step in self.steps]
            raise NoSuchStep(pipeline=self.name, name=name, hint=near(name, known))
        return found


def load_pipeline(path: str | Path = ".") -> Pipeline:
    """Return the pipeline at a path: a `pipeline.yaml`, a folder that has one, or a folder of notebooks.

    Raises `NoPipeline` where there is neither, and `BadPipeline`, with every problem on a line of its own.
    """
    place = Path(path).expanduser().absolute()
    if place.is_dir():
        file = next((place / name for name in FILES if (place / name).is_file()), None)
        return _from_file(file) if file else _from_folder(place)
    if not place.exists():
        raise NoPipeline(path=path, why="there is no such file or folder")
    if place.suffix not in (".yaml", ".yml", ".json"):
        raise NoPipeline(path=path, why="give a folder of notebooks or a pipeline.yaml")
    return _from_file(place)


def _from_folder(folder: Path) -> Pipeline:
    notebooks = sorted(path for path in folder.glob("*.ipynb") if path.is_file() and not path.name.startswith("."))
    if not notebooks:
        raise NoPipeline(path=folder, why="the folder has no notebooks and no pipeline.yaml")
    return Pipeline(folder.name, folder, tuple(Step(path.stem, path) for path in notebooks))


def _from_file(file: Path) -> Pipeline:
    try:
        document = read_document(file)
        problems = document.violations(load_schema(SCHEMA))
    except BadDocument as error:
        raise BadPipeline(**error.fields) from None
    if not problems:
        problems = [*_broken_steps(document), *_broken_rest(document)]
    if problems:
        raise BadPipeline(**BadDocument.of(file, problems).fields)
    data, folder = document.data, file.parent
    promote = data.get("promote")
    return Pipeline(
        name=data.get("name", folder.name),
        folder=folder,
        steps=tuple(_step(name, given, folder) for name, given in data["steps"].items()),
        file=file,
        params=data.get("params", {}),
        gates=_gates(document)[0],
        promote=Promote(**promote) if promote else None,
        schedule=data.get("schedule"),
    )


def _step(name: str, given: Mapping[str, Any], folder: Path) -> Step:
    plain = {key: value for key, value in given.items() if key not in ("notebook", "needs", "outputs", "checks")}
    return Step(
        name=name,
        notebook=folder / given["notebook"],
        needs=tuple(given.get("needs", ())),
        outputs=tuple(given.get("outputs", ())),
        checks=tuple(folder / one for one in given.get("checks", ())),
        **plain,
    )


def _broken_steps(document: Document) -> list[str]:
    """Return what no schema tells: files that are not there, steps that are not there, circles."""
    steps = document.data["steps"]
    found = [problem for name, given in steps.items() for problem in _broken_step(document, name, given)]
    made: dict[str, str] = {}
    for name, given in steps.items():
        for number, output in enumerate(given.get("outputs", ())):
            other = made.setdefault(output, name)
            if other != name:
                place = ("steps", name, "outputs", number)
                found.append(document.problem(place, f"step {other!r} writes {output!r} too"))
    circle = None if found else find_circle({name: tuple(given.get("needs", ())) for name, given in steps.items()})
    if circle:
        what = f"these steps need each other: {' -> '.join(circle)}"
        found.append(document.problem(("steps", circle[0], "needs"), what))
    return found


def _broken_step(document: Document, name: str, given: Mapping[str, Any]) -> Iterator[str]:
    folder, place, file = document.path.parent, ("steps", name), given["notebook"]
    if not file.endswith(".ipynb"):
        yield document.problem((*place, "notebook"), f"{file!r} is no .ipynb")
    elif not (folder / file).is_file():
        there = [path.name for path in sorted(folder.glob("*.ipynb"))]
        yield document.problem((*place, "notebook"), f"there is no file {file!r}{near(file, there) if there else ''}")
    for key in ("retry_delay", "timeout", "cell_timeout"):
        if math.isnan(given.get(key, 0)):
            yield document.problem((*place, key), "must be a number")
    others = [other for other in document.data["steps"] if other != name]
    for number, need in enumerate(given.get("needs", ())):
        if need not in others:
            what = "a step cannot need itself" if need == name else f"no step {need!r}{near(need, others)}"
            yield document.problem((*place, "needs", number), what)
    for number, check in enumerate(given.get("checks", ())):
        if not (folder / check).is_file():
            yield document.problem((*place, "checks", number), f"there is no file {check!r}")


def _broken_rest(document: Document) -> list[str]:
    schedule = document.data.get("schedule")
    wrong = cron_problem(schedule) if schedule is not None else None
    found = [document.problem(("schedule",), wrong)] if wrong else []
    return [*found, *_gates(document)[1]]


def _gates(document: Document) -> tuple[tuple[GateSpec, ...], list[str]]:
    items = document.data.get("gates", ())
    if not items:
        return (), []
    from nbledger.registry import parse_gate

    specs, problems = [], []
    for number, item in enumerate(items):
        try:
            specs.append(parse_gate(item))
        except NBLedgerError as error:
            problems.append(document.problem(("gates", number), str(error)))
    return tuple(specs), problems


def find_circle(needs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return steps that lead back to the first of them, or `None`: `needs` maps a step to those before it."""
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        stack = [(start, iter(needs.get(start, ())))]
        path.append(start)
        while stack:
            name, rest = stack[-1]
            following = next((one for one in rest if one not in done), None)
            if following is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following in needs:
                stack.append((following, iter(needs[following])))
                path.append(following)
    return None


__all__ = [
    "BadPipeline",
    "NoPipeline",
    "NoSuchStep",
    "Pipeline",
    "Promote",
    "Step",
    "find_circle",
    "load_pipeline",
]
