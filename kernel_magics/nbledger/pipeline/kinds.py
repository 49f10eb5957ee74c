"""Kinds of values that a param may have: read from an annotation or a default, told of a value, made from text.

An annotation that is not understood (`Path`, a class of the notebook) is `ANYTHING`: it refuses nothing.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

_NAMES = {"int": "int", "float": "float", "complex": "any", "bool": "bool", "str": "str", "None": "None",
          "Number": "float", "Real": "float", "Integral": "int"}  # fmt: skip
_LISTS = frozenset({"list", "List", "Sequence", "MutableSequence", "Iterable", "Collection"})
_TUPLES = frozenset({"tuple", "Tuple"})
_SETS = frozenset({"set", "frozenset", "Set", "FrozenSet", "AbstractSet"})
_DICTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_WRAPPERS = frozenset({"Annotated", "Final", "ClassVar", "Required", "NotRequired"})
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)?(\.\d+)?([eE][-+]?\d+)?")
_SCIENTIFIC = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


class Refused(ValueError):
    """A text is no value of a kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: `name` with `parts`, the members of a union or what a container holds; `choices` of a literal.

    `text` is how it is shown to people.
    """

    name: Literal["any", "None", "bool", "int", "float", "str", "list", "dict", "choice", "union"]
    text: str
    parts: tuple[Kind, ...] = ()
    choices: tuple[Any, ...] = ()

    def accepts(self, value: Any) -> bool:  # noqa: PLR0911 - one answer for each kind
        """Tell whether a value is of this kind: an int is a float too, and a bool is neither."""
        match self.name:
            case "any":
                return True
            case "None":
                return value is None
            case "int":
                return isinstance(value, int) and not isinstance(value, bool)
            case "float":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "bool":
                return isinstance(value, bool)
            case "str":
                return isinstance(value, str)
            case "choice":
                return any(type(value) is type(choice) and value == choice for choice in self.choices)
            case "union":
                return any(part.accepts(value) for part in self.parts)
            case "list":
                return isinstance(value, list | tuple | set | frozenset) and self._holds(value)
            case _:
                return (
                    isinstance(value, dict) and all(isinstance(key, str) for key in value) and self._holds_pairs(value)
                )

    def _holds(self, items: Iterable[Any]) -> bool:
        return not self.parts or all(self.parts[0].accepts(item) for item in items)

    def _holds_pairs(self, value: dict[str, Any]) -> bool:
        if len(self.parts) != 2:
            return True
        return all(self.parts[0].accepts(key) and self.parts[1].accepts(item) for key, item in value.items())

    def from_text(self, text: str) -> Any:
        """Return the value that a text means. Raises `Refused`.

        Text for `str` is taken as it is. In a union the more special kinds come first, and text that would be written
        otherwise (`007`) stays text where text is allowed.
        """
        match self.name:
            case "any":
                return plain_value(text)
            case "str":
                return text
            case "None":
                return _one_of(text, {"none": None, "null": None})
            case "bool":
                return _one_of(text, dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False))
            case "int" | "float":
                return _number(text, self.name)
            case "choice":
                return self._choice(text)
            case "union":
                return self._member(text)
            case _:
                return self._container(text)

    def _choice(self, text: str) -> Any:
        for choice in self.choices:
            if text == str(choice):
                return choice
        raise Refused(text)

    def _member(self, text: str) -> Any:
        members = sorted(self.parts, key=lambda part: _ORDER.index(part.name))
        has_text = any(part.name == "str" for part in members)
        for part in members:
            try:
                value = part.from_text(text)
            except Refused:
                continue
            if part.name == "bool" and text.lower() not in ("true", "false"):
                continue
            if has_text and part.name in ("int", "float") and not _PLAIN_NUMBER.fullmatch(text):
                continue
            return value
        raise Refused(text)

    def _container(self, text: str) -> Any:
        value = structure(text)
        if isinstance(value, tuple | set | frozenset):
            value = list(value)
        if not self.accepts(value):
            raise Refused(text)
        return value


_ORDER = ("None", "choice", "int", "float", "bool", "list", "dict", "str", "any", "union")
ANYTHING = Kind("any", "anything")
NONE, BOOL, INT = Kind("None", "None"), Kind("bool", "bool"), Kind("int", "int")
FLOAT, STR, LIST, DICT = Kind("float", "float"), Kind("str", "str"), Kind("list", "list"), Kind("dict", "dict")
_PLAIN = {"int": INT, "float": FLOAT, "bool": BOOL, "str": STR, "None": NONE, "any": ANYTHING}


def plain_value(text: str) -> bool | int | float | str | None:
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


def is_scientific(text: str) -> bool:
    """Tell whether a text is a number that YAML 1.1 takes for text (`1e-3`)."""
    return _SCIENTIFIC.fullmatch(text) is not None


def structure(text: str) -> Any:
    """Return the list, tuple or dict that a text writes as Python, JSON or YAML. Raises `Refused`."""
    import yaml

    for read in (ast.literal_eval, json.loads, yaml.safe_load):
        try:
            value = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError, yaml.YAMLError):
            continue
        if isinstance(value, list | tuple | set | dict):
            return value
    raise Refused(text)


def of_value(value: Any) -> Kind:
    """Return the kind of a literal default; `None` may become anything."""
    for kind, types in ((BOOL, bool), (INT, int), (FLOAT, float), (STR, str), (DICT, dict)):
        if isinstance(value, types):
            return kind
    if isinstance(value, list | tuple | set):
        return Kind("list", type(value).__name__)
    return ANYTHING


def of_annotation(node: ast.expr | None) -> Kind:
    """Return the kind that an annotation says; text in it is read as an annotation too."""
    if node is None:
        return ANYTHING
    if isinstance(node, ast.Constant):
        if node.value is None:
            return NONE
        return of_text(node.value) if isinstance(node.value, str) else ANYTHING
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([of_annotation(node.left), of_annotation(node.right)])
    name = _name(node)
    if isinstance(node, ast.Subscript):
        return _subscript(node)
    if name in _NAMES:
        return _PLAIN[_NAMES[name]]
    if name in _LISTS | _TUPLES | _SETS:
        return Kind("list", name.lower() if name in _TUPLES | _SETS else "list")
    return DICT if name in _DICTS else ANYTHING


def of_text(text: str) -> Kind:
    """Return the kind that an annotation written as text says."""
    from nbledger.fingerprint.syntax import parse

    try:
        tree = parse(text.strip())
    except (SyntaxError, ValueError):
        return ANYTHING
    only = tree.body[0] if len(tree.body) == 1 else None
    return of_annotation(only.value) if isinstance(only, ast.Expr) else ANYTHING


def _subscript(node: ast.Subscript) -> Kind:
    name = _name(node.value)
    items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return _choices(items)
    if name in _WRAPPERS:
        return of_annotation(items[0])
    if name == "Optional":
        return _union([of_annotation(items[0]), NONE])
    if name == "Union":
        return _union([of_annotation(item) for item in items])
    if name in _LISTS | _SETS or (name in _TUPLES and _is_uniform(items)):
        return _holding("list", name.lower() if name not in _LISTS else "list", [of_annotation(items[0])])
    if name in _TUPLES:
        return Kind("list", "tuple")
    if name in _DICTS and len(items) == 2:
        return _holding("dict", "dict", [of_annotation(item) for item in items])
    return DICT if name in _DICTS else ANYTHING


def _is_uniform(items: list[ast.expr]) -> bool:
    return len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is ...


def _choices(items: list[ast.expr]) -> Kind:
    try:
        values = tuple(ast.literal_eval(item) for item in items)
    except ValueError:
        return ANYTHING
    return Kind("choice", "one of " + ", ".join(map(repr, values)), choices=values)


def _holding(name: Literal["list", "dict"], shown: str, parts: list[Kind]) -> Kind:
    if any(part == ANYTHING for part in parts) and name == "list":
        return Kind(name, shown)
    return Kind(name, f"{shown}[{', '.join(part.text for part in parts)}]", tuple(parts))


def _union(parts: list[Kind]) -> Kind:
    flat = [member for part in parts for member in (part.parts if part.name == "union" else (part,))]
    if ANYTHING in flat:
        return ANYTHING
    members = tuple(dict.fromkeys(flat))
    return members[0] if len(members) == 1 else Kind("union", " | ".join(part.text for part in members), members)


def either(one: Kind, other: Kind) -> Kind:
    """Return the kind of values that are of one kind or of the other."""
    return one if one == other else _union([one, other])


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _one_of(text: str, values: dict[str, Any]) -> Any:
    try:
        return values[text.strip().lower()]
    except KeyError:
        raise Refused(text) from None


def _number(text: str, name: str) -> int | float:
    try:
        return int(text) if name == "int" else float(text)
    except ValueError:
        raise Refused(text) from None


__all__ = [
    "ANYTHING",
    "BOOL",
    "DICT",
    "NONE",
    "STR",
    "Kind",
    "Refused",
    "either",
    "is_scientific",
    "of_annotation",
    "of_text",
    "of_value",
    "plain_value",
    "structure",
]
