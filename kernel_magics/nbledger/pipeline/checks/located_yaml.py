"""YAML with the line that each thing stands on, so that an error can name it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

Place = tuple[Any, ...]
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class Located(NamedTuple):
    """A YAML file's content as plain values, and the line (from 1) of everything in it by its path of keys."""

    value: Any
    lines: dict[Place, int]

    def line(self, *place: Any) -> int:
        """Return the line of what stands at a path of keys, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class NotYaml(ValueError):
    """A text that is not YAML, or that says a key twice; `line` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(detail)
        self.line = line


def load(path: Path) -> Located:
    """Return a file's content with its lines. Raises `NotYaml`, and `OSError` when it cannot be read."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise NotYaml(1, f"it is not UTF-8 text ({error.reason})") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(mark.line + 1 if mark else 1, f"it is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise NotYaml(1, f"it is not YAML: {str(error).partition(chr(10))[0]}") from None
    lines: dict[Place, int] = {}
    if root is None:
        return Located(None, lines)
    try:
        value = _Constructor(yaml.SafeLoader(""), lines).value(root, (), frozenset())
    except NotYaml:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotYaml(
            mark.line + 1 if mark else 1, f"it is not plain YAML: {getattr(error, 'problem', error)}"
        ) from None
    except (ValueError, OverflowError) as error:
        raise NotYaml(1, f"a value in it cannot be read: {error}") from None
    return Located(value, lines)


class _Constructor:
    """Makes plain values of nodes, and notes their lines."""

    def __init__(self, loader: Any, lines: dict[Place, int]) -> None:
        self._loader = loader
        self._lines = lines

    def value(self, node: Any, place: Place, above: frozenset[int]) -> Any:
        """Return a node's value."""
        import yaml

        self._lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in above:
            raise NotYaml(node.start_mark.line + 1, "it contains itself by an alias")
        inside = above | {id(node)}
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
            raise NotYaml(node.start_mark.line + 1, f"it is not plain YAML: the tag {node.tag} is not known here")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, at), inside) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, inside)
        return self._loader.construct_object(node)

    def _mapping(self, node: Any, place: Place, inside: frozenset[int]) -> dict[Any, Any]:
        import yaml

        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise NotYaml(line, "a key must be a plain word or text")
            key = self._loader.construct_object(key_node)
            if key in found:
                raise NotYaml(line, f"the key {key!r} stands twice")
            self._lines[(*place, key)] = line
            found[key] = self.value(value_node, (*place, key), inside)
        return found


def near(word: Any, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the nearest known word, or `; known are ...` where none is near."""
    names = list(known)
    close = difflib.get_close_matches(str(word), names, 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(names)}"


__all__ = ["Located", "NotYaml", "load", "near"]
