"""Which params each step of a pipeline is given, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.pipeline.checks.located_yaml import near
from nbledger.pipeline.execute import read_notebook
from nbledger.pipeline.parameters import check, declared
from nbledger.pipeline.spec import Pipeline


class NoSuchParameter(NBLedgerError):
    """A param was given that no step takes. Fields: pipeline, name, hint."""

    template = "{pipeline}: no step takes a parameter {name!r}{hint}"


def step_params(pipeline: Pipeline, given: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return the params of each step by its name.

    A param of the pipeline goes to the steps whose notebook declares it; the step's own wins over it, and `given`
    (by `name`, or by `step.name` for one step) over both. Raises `NoSuchParameter`, and what `parameters.check`
    raises for a value of the wrong type.
    """
    notebooks = {step.name: read_notebook(step.notebook) for step in pipeline.steps}
    paths = {step.name: step.notebook.name for step in pipeline.steps}
    known = {name: [one.name for one in declared(nb, paths[name]) or ()] for name, nb in notebooks.items()}
    found: dict[str, dict[str, Any]] = {step.name: {} for step in pipeline.steps}
    for name, value in pipeline.params.items():
        for step in _takers(pipeline, known, name):
            found[step][name] = value
    for one in pipeline.steps:
        found[one.name].update(one.params)
    single = {}
    for name, value in (given or {}).items():
        only, own = _split(pipeline, name)
        if only is not None:
            single[only, own] = value
            continue
        for step in _takers(pipeline, known, name):
            found[step][name] = value
    for (step, own), value in single.items():
        if own not in known[step]:
            raise NoSuchParameter(pipeline=step, name=own, hint=_hint(own, known[step]))
        found[step][own] = value
    return {step: check(notebooks[step], params, _shown(pipeline, step)) for step, params in found.items()}


def _takers(pipeline: Pipeline, known: Mapping[str, list[str]], name: str) -> list[str]:
    takers = [step for step, names in known.items() if name in names]
    if not takers:
        every = sorted({one for names in known.values() for one in names})
        raise NoSuchParameter(pipeline=pipeline.name, name=name, hint=_hint(name, every))
    return takers


def _split(pipeline: Pipeline, name: str) -> tuple[str | None, str]:
    """Return the step and the param of `step.name`; no step where the name has none. Raises `NoSuchStep`."""
    step, dot, own = name.rpartition(".")
    if not dot:
        return None, name
    return pipeline.step(step).name, own


def _hint(name: str, known: list[str]) -> str:
    return near(name, known) if known else ": no cell is tagged 'parameters'"


def _shown(pipeline: Pipeline, step: str) -> str:
    return f"{step} ({pipeline.step(step).notebook.name})"


__all__ = ["NoSuchParameter", "step_params"]
