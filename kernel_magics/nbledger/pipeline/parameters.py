"""The params that are given to a notebook, checked against what its cell tagged `parameters` declares."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.pipeline.declarations import TAG, Declared, declared, is_python
from nbledger.pipeline.kinds import Refused, is_scientific
from nbledger.pipeline.kinds import plain_value as parse_value
from nbledger.records import Param


class UnknownParameter(NBLedgerError):
    """A param was given that the notebook's parameters cell does not declare. Fields: notebook, name, known."""

    template = "{notebook} has no parameter {name!r}{hint}"


class NoParametersCell(NBLedgerError):
    """Params were given to a notebook that has no cell tagged `parameters`. Fields: notebook, names."""

    template = (
        "{notebook} takes no parameters ({names} given): tag the cell that assigns their defaults with 'parameters'"
    )


class AssignedAgain(NBLedgerError):
    """A given param would be lost: a further cell tagged `parameters` assigns it too. Fields: notebook, name."""

    template = (
        "{notebook}: {name} would have no effect, as a second cell tagged 'parameters' assigns it: tag one cell only"
    )


class BadParametersFile(NBLedgerError):
    """A file of params could not be read. Fields: path, why."""

    template = "{path} is no file of params: {why}"


class BadParameter(NBLedgerError):
    """A param was given a value that its declaration does not allow. Fields: notebook, name, value, expected."""

    template = "{notebook}: {name} is {value!r}, but the notebook expects {expected}{hint}"


class Text(str):
    """A param's value as typed on a command line, which its declared type makes a value of."""

    __slots__ = ()


def check(nb: Any, given: Mapping[str, Any], notebook: str) -> dict[str, Any]:
    """Return the params with their typed values, before anything runs.

    `Text` becomes what the declared type makes of it; other values must be of that type. Raises `NoParametersCell`,
    `UnknownParameter` with the nearest name, `UnreadableParameters`, `AssignedAgain`, or `BadParameter`.
    """
    if not given:
        return {}
    known = declared(nb, notebook)
    if known is None:
        raise NoParametersCell(notebook=notebook, names=", ".join(given))
    if not known and not is_python(nb):  # papermill cannot look into a cell of most other languages
        return {name: parse_value(value) if isinstance(value, Text) else value for name, value in given.items()}
    by_name = {one.name: one for one in known}
    for name in given:
        if name not in by_name:
            raise UnknownParameter(notebook=notebook, name=name, known=tuple(by_name), hint=_hint(name, tuple(by_name)))
    for again in _further_cells(nb):
        for name in (one.name for one in declared(again, notebook) or () if one.name in given):
            raise AssignedAgain(notebook=notebook, name=name)
    return {name: _typed(by_name[name], value, notebook) for name, value in given.items()}


def _further_cells(nb: Any) -> list[Any]:
    """Return a notebook of each cell tagged `parameters` behind the first, which papermill leaves as they are."""
    tagged = [cell for cell in nb.cells if TAG in cell.metadata.get("tags", ())]
    return [type(nb)(cells=[cell], metadata=nb.metadata) for cell in tagged[1:]]


def check_injected(nb: Any, notebook: str) -> None:
    """Raise as `check` where papermill has put params into a notebook that do not fit what it declares."""
    check(nb, nb.metadata.get("papermill", {}).get("parameters") or {}, notebook)


def _typed(one: Declared, value: Any, notebook: str) -> Any:
    """Return a value of the declared kind. Raises `BadParameter`."""
    if isinstance(value, Text):
        try:
            return one.kind.from_text(str(value))
        except Refused:
            raise _bad(one, str(value), notebook) from None
    if one.kind.accepts(value):
        return list(value) if isinstance(value, tuple | set | frozenset) else value
    if isinstance(value, str) and is_scientific(value) and one.kind.accepts(0.5):
        return float(value)
    raise _bad(one, value, notebook)


def _bad(one: Declared, value: Any, notebook: str) -> BadParameter:
    hint = ""
    if one.annotation is None and one.kind.name == "int" and (isinstance(value, float) or _is_float(value)):
        hint = f" (its default is {one.default_text}; write it as a float, or annotate it, to allow fractions)"
    elif isinstance(value, bool | int | float) and one.kind.accepts(""):
        hint = " (text that looks like a number stays text by -r NAME TEXT)"
    expected = f"{one.kind.text}{_example(one)}"
    return BadParameter(notebook=notebook, name=one.name, value=value, expected=expected, hint=hint)


def _is_float(value: Any) -> bool:
    try:
        return isinstance(value, str) and not float(value).is_integer()
    except (ValueError, OverflowError):
        return False


def _example(one: Declared) -> str:
    examples = {"list": ', such as "[1, 2]"', "dict": ', such as "{a: 1}"', "bool": ": true or false"}
    return examples.get(one.kind.name, "")


def as_params(values: Mapping[str, Any]) -> tuple[Param, ...]:
    """Return papermill's parameters as params; values that are no scalars are kept as their text."""
    return tuple(
        Param(name, value if isinstance(value, bool | int | float | str | None) else repr(value), "papermill")
        for name, value in values.items()
    )


def read_file(path: Path) -> dict[str, Any]:
    """Return the params in a YAML (or JSON) file, which holds one mapping. Raises `BadParametersFile`."""
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadParametersFile(path=str(path), why=" ".join(str(error).split())) from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise BadParametersFile(path=str(path), why="it must hold names and values")
    return values


def _hint(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f": did you mean {near[0]!r}?"
    return f": it has {', '.join(known)}" if known else ": its parameters cell assigns nothing"


__all__ = [
    "TAG",
    "BadParameter",
    "BadParametersFile",
    "Declared",
    "NoParametersCell",
    "Text",
    "UnknownParameter",
    "as_params",
    "check",
    "check_injected",
    "declared",
    "parse_value",
    "read_file",
]
