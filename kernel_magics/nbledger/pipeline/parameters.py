"""The params of a notebook: which ones its cell tagged `parameters` declares, and how text becomes their value."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.fingerprint.syntax import parse
from nbledger.records import Param

TAG = "parameters"


class UnknownParameter(NBLedgerError):
    """A param was given that the notebook's parameters cell does not declare. Fields: notebook, name, known."""

    template = "{notebook} has no parameter {name!r}{hint}"


class NoParametersCell(NBLedgerError):
    """Params were given to a notebook that has no cell tagged `parameters`. Fields: notebook, names."""

    template = (
        "{notebook} takes no parameters ({names} given): tag the cell that assigns their defaults with 'parameters'"
    )


class BadParametersFile(NBLedgerError):
    """A file of params could not be read. Fields: path, why."""

    template = "{path} is no file of params: {why}"


def parse_value(text: str) -> bool | int | float | str | None:
    """Return the value that a param's text means, by papermill's rules: True, False, None, int, float, else text."""
    constants: dict[str, bool | None] = {"True": True, "False": False, "None": None}
    if text in constants:
        return constants[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def declared(nb: Any) -> tuple[str, ...] | None:
    """Return the names that the notebook's cell tagged `parameters` assigns, or `None` when there is no such cell.

    The cell is parsed, not matched by pattern: several targets on a line, annotations and values over many lines
    are found. A parameters cell in another language is left to papermill's own inspection.
    """
    cell = next((cell for cell in nb.cells if TAG in cell.metadata.get("tags", ())), None)
    if cell is None:
        return None
    try:
        tree = parse(_plain_python(cell.source))
    except SyntaxError:
        return _inspected(nb)
    return tuple(dict.fromkeys(name for statement in tree.body for name in _targets(statement)))


def check(nb: Any, given: Iterable[str], notebook: str) -> None:
    """Raise before anything runs when a given param is not one that the notebook declares.

    Raises `NoParametersCell`, or `UnknownParameter` with the nearest name.
    """
    names = list(given)
    if not names:
        return
    known = declared(nb)
    if known is None:
        raise NoParametersCell(notebook=notebook, names=", ".join(names))
    for name in names:
        if name not in known:
            raise UnknownParameter(notebook=notebook, name=name, known=known, hint=_hint(name, known))


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


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        found = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        found = [statement.target]
    else:
        return []
    nodes = [node for target in found for node in ast.walk(target)]
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _plain_python(source: str) -> str:
    """Return the cell with its magics and shell lines turned into Python calls."""
    try:
        parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return TransformerManager().transform_cell(source)
    return source


def _inspected(nb: Any) -> tuple[str, ...]:
    from papermill.inspection import _infer_parameters

    return tuple(parameter.name for parameter in _infer_parameters(nb, language=_language(nb)))


def _language(nb: Any) -> str:
    from nbledger.pipeline.engine import NBLedgerEngine

    return NBLedgerEngine.nb_language(nb)
