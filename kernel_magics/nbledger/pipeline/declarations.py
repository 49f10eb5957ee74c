"""What the cell tagged `parameters` declares: names, types, defaults and help, read from its syntax tree."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nbledger.errors import NBLedgerError
from nbledger.fingerprint.syntax import parse
from nbledger.pipeline import kinds
from nbledger.pipeline.kinds import Kind

TAG = "parameters"
_TYPE_COMMENT = re.compile(r"type:\s*(?P<type>[^\s#]+(?:\s*\|\s*[^\s#]+)*)\s*(?P<help>.*)")
_MOST_DIGITS = 64


class UnreadableParameters(NBLedgerError):
    """The cell tagged `parameters` is not Python. Fields: notebook, why."""

    template = "{notebook}: its cell tagged 'parameters' cannot be read: {why}"


class _Unknown:
    """The default of a param whose value only running the cell would tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Declared:
    """A param that a notebook declares.

    `annotation` is its type as written (an annotation, or papermill's `# type:` comment), `default` its value, or
    `UNKNOWN` where that is no literal; `default_text` is the default as written, empty where there is none. `kind` is
    what its values may be, by the annotation, else by the default.
    """

    name: str
    annotation: str | None = None
    default: Any = UNKNOWN
    default_text: str = ""
    help: str = ""
    kind: Kind = field(default=kinds.ANYTHING)

    def to_dict(self) -> dict[str, Any]:
        """Return the declaration as plain data."""
        return {"name": self.name, "type": self.kind.text, "default": self.default_text or None, "help": self.help}


def declared(nb: Any, notebook: str = "The notebook") -> tuple[Declared, ...] | None:
    """Return what the notebook's cell tagged `parameters` declares, or `None` when there is no such cell.

    Found are assignments at its top and in `if`, `try` and `with`: several targets, tuples, annotations, values over
    many lines, comments. A cell in another language is left to papermill's own inspection (then a name is all that
    counts). Raises `UnreadableParameters`, which names `notebook`, for a Python cell with a syntax error.
    """
    cell = next((cell for cell in nb.cells if TAG in cell.metadata.get("tags", ())), None)
    if cell is None:
        return None
    source = plain_python(cell.source)
    try:
        tree = parse(source)
    except (SyntaxError, ValueError) as error:
        if is_python(nb):
            raise UnreadableParameters(notebook=notebook, why=_why(error)) from None
        return _inspected(nb, cell)
    comments = _comments(source)
    found: dict[str, Declared] = {}
    for statement in _statements(tree.body):
        for one in _declarations(statement, source, comments):
            found[one.name] = _joined(found.get(one.name), one)
    return tuple(found.values())


def plain_python(source: str) -> str:
    """Return a cell with its magics and shell lines turned into Python calls."""
    try:
        parse(source)
    except (SyntaxError, ValueError):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            return TransformerManager().transform_cell(source)
        except SyntaxError:
            return source
    return source


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _statements(statement.body)
            yield from _statements(getattr(statement, "orelse", []))
            for handler in getattr(statement, "handlers", []):
                yield from _statements(handler.body)
            yield from _statements(getattr(statement, "finalbody", []))
        else:
            yield statement


def _declarations(statement: ast.stmt, source: str, comments: dict[int, str]) -> Iterator[Declared]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        pairs = [(statement.target, statement.value)]
        annotation: ast.expr | None = statement.annotation
    elif isinstance(statement, ast.Assign):
        pairs = [pair for target in statement.targets for pair in _pairs(target, statement.value)]
        annotation = None
    else:
        return
    said, help = _said(statement, comments)
    for name, value in pairs:
        default = _literal(value)
        written = _written(annotation, source) if annotation is not None else said
        if annotation is not None:
            kind = kinds.of_annotation(annotation)
        else:
            kind = kinds.of_text(said) if said else _kind_of(value, default)
        if default is None:
            kind = kinds.either(kind, kinds.NONE)
        text = "" if value is None else " ".join((ast.get_source_segment(source, value) or "").split())
        yield Declared(name.id, written, default, text, help, kind)


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.Name, ast.expr | None]]:
    """Yield each name of a target with its value; of a tuple the items, where both sides are as long."""
    if isinstance(target, ast.Name):
        yield target, value
    elif isinstance(target, ast.Tuple | ast.List):
        items = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        both = [*target.elts, *items]
        alike = len(items) == len(target.elts) and not any(isinstance(item, ast.Starred) for item in both)
        for at, inner in enumerate(target.elts):
            if isinstance(inner, ast.Starred):
                yield from _pairs(inner.value, ast.List([_UNTOLD], ast.Load()))
            else:
                yield from _pairs(inner, items[at] if alike else _UNTOLD)


_UNTOLD = ast.Name("untold", ast.Load())


def _literal(value: ast.expr | None) -> Any:
    """Return the value of a literal, with plain arithmetic on numbers (`60 * 60`); `UNKNOWN` for all else."""
    if value is None:
        return UNKNOWN
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _computed(value)


def _computed(node: ast.expr) -> Any:  # noqa: PLR0911 - one answer for each operator
    if not isinstance(node, ast.BinOp):
        return UNKNOWN
    left, right = _literal(node.left), _literal(node.right)
    if not all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right)):
        return UNKNOWN
    try:
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
            case ast.FloorDiv():
                return left // right
            case ast.Pow() if abs(right) <= _MOST_DIGITS and abs(left) <= 1 << _MOST_DIGITS:
                return left**right
    except (ArithmeticError, ValueError):
        pass
    return UNKNOWN


def _kind_of(value: ast.expr | None, default: Any) -> Kind:
    if default is not UNKNOWN:
        return kinds.of_value(default)
    match value:
        case ast.JoinedStr():
            return kinds.STR
        case ast.List() | ast.ListComp() | ast.Tuple() | ast.Set() | ast.SetComp():
            return Kind("list", type(value).__name__.removesuffix("Comp").lower())
        case ast.Dict() | ast.DictComp():
            return kinds.DICT
        case ast.UnaryOp(op=ast.Not()):
            return kinds.BOOL
    return kinds.ANYTHING


def _joined(before: Declared | None, now: Declared) -> Declared:
    """Return what two assignments of one name say together: an annotation holds, else both kinds are allowed."""
    if before is None:
        return now
    kind = now.kind
    if now.annotation is None:
        kind = before.kind if before.annotation is not None else kinds.either(before.kind, now.kind)
    return replace(now, annotation=now.annotation or before.annotation, kind=kind, help=now.help or before.help)


def _written(node: ast.expr, source: str) -> str:
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
    return text if text is not None else " ".join((ast.get_source_segment(source, node) or "").split())


def _comments(source: str) -> dict[int, str]:
    """Return the comment on each line that has one, and code before it."""
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
                found[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass
    return found


def _said(statement: ast.stmt, comments: dict[int, str]) -> tuple[str | None, str]:
    """Return the type and the help that the comment behind a statement gives."""
    text = comments.get(statement.end_lineno or statement.lineno) or comments.get(statement.lineno, "")
    match = _TYPE_COMMENT.match(text)
    return (match["type"], match["help"].lstrip("# ").strip()) if match else (None, text)


def is_python(nb: Any) -> bool:
    """Tell whether a notebook's cells are Python's, as they are where nothing says otherwise."""
    from nbledger.pipeline.engine import NBLedgerEngine

    return NBLedgerEngine.nb_language(nb).lower().startswith(("python", "ipython"))


def _why(error: SyntaxError | ValueError) -> str:
    return f"{error.msg}, line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else str(error)


def _inspected(nb: Any, cell: Any) -> tuple[Declared, ...]:
    """Return what papermill finds in the cell, which it looks for among cells that all have tags."""
    from papermill.inspection import _infer_parameters

    from nbledger.pipeline.engine import NBLedgerEngine

    alone = type(nb)(cells=[cell], metadata=nb.metadata)
    found = _infer_parameters(alone, language=NBLedgerEngine.nb_language(nb))
    return tuple(Declared(one.name, default_text=one.default, help=one.help) for one in found)


__all__ = ["TAG", "UNKNOWN", "Declared", "UnreadableParameters", "declared", "is_python", "plain_python"]
