"""A notebook's code cells as what they mean: the syntax tree of each, without comments, layout, outputs, ids or tags.

A cell whose tree is empty means nothing and is left out. Magics and `%%track` lines are kept as they are written. Two
cells have one hash when, and only when, running one is running the other.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nbledger.fingerprint.syntax import parse

#: The function that stands for a magic or a shell line in a cell's tree; its argument is the line.
MAGIC = "__ipython_line__"
INJECTED = "injected-parameters"
_LINE = re.compile(r"^(?P<before>\s*(?:[\w., \[\]'\"]+=\s*)?)(?P<line>(?:%|!).*?)\s*$")
_HEADLINE = 72


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell: its hash, its place among the notebook's code cells (from 1), its first line, and its tree.

    `tree` is `None` for what is no Python. `takes_params` is of the cell tagged `parameters`; `magics` are its magics
    and shell lines, as written.
    """

    hash: str
    place: int
    line: str
    tree: ast.Module | None
    cell_id: str | None = None
    takes_params: bool = False
    magics: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How text speaks of the cell."""
        return f"cell {self.place} ({self.line})"


def cells_of(nb: Any) -> tuple[Cell, ...]:
    """Return the notebook's code cells that mean something; those that papermill put in are left out."""
    found = []
    place = 0
    for cell in nb.cells:
        tags = frozenset(cell.metadata.get("tags", ()))
        if cell.cell_type != "code" or INJECTED in tags or "papermill-error-cell-tag" in tags:
            continue
        place += 1
        one = _cell(cell.source, place, cell.get("id"), tags)
        if one is not None:
            found.append(one)
    return tuple(found)


def chain(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the hash chain over cells: link n stands for the first n cells, in their order."""
    links: list[str] = []
    for cell in cells:
        links.append(digest("chain", links[-1] if links else "", cell.hash))
    return tuple(links)


def digest(*parts: str) -> str:
    """Return a hash of texts, each told apart from the next."""
    from blake3 import blake3

    hasher = blake3()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.hexdigest(length=16)


def _cell(source: str, place: int, cell_id: str | None, tags: frozenset[str]) -> Cell | None:
    heads, body = _heads(source)
    tree, magics = _tree(body)
    if tree is not None and not tree.body and not heads:
        return None
    if tree is None and not source.strip():
        return None
    meaning = ast.dump(tree) if tree is not None else body.strip()
    marks = [mark for mark, held in (("hushed", _is_hushed(body)), ("may-fail", "raises-exception" in tags)) if held]
    marks += ["parameters"] if "parameters" in tags else []
    hash = digest("cell", "\n".join(heads), meaning, *marks)
    return Cell(hash, place, _headline(source), tree, cell_id, "parameters" in tags, (*heads, *magics))


def _heads(source: str) -> tuple[list[str], str]:
    """Split off the cell magics at the top; their words are kept, their spacing is not."""
    heads: list[str] = []
    lines = source.splitlines()
    while lines and (not lines[0].strip() or lines[0].startswith("%%")):
        if lines[0].strip():
            heads.append(" ".join(lines[0].split()))
        lines.pop(0)
    return heads, "\n".join(lines)


def _tree(body: str) -> tuple[ast.Module | None, tuple[str, ...]]:
    try:
        return parse(body), ()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    magics: list[str] = []
    lines = []
    for line in body.splitlines():
        match = _LINE.match(line)
        if match is None:
            lines.append(line)
            continue
        magics.append(match["line"])
        lines.append(f"{match['before']}{MAGIC}({match['line']!r})")
    try:
        return parse("\n".join(lines)), tuple(magics)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, (body.strip(),)


def _is_hushed(body: str) -> bool:
    """Tell whether the cell ends with a semicolon, which hides the value of its last line."""
    if not body.rstrip().rpartition("\n")[2].partition("#")[0].rstrip().endswith(";") and ";" not in body:
        return False
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(body).readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT):
                last = token.string
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return body.rstrip().endswith(";")
    return last == ";"


def _headline(source: str) -> str:
    from nbledger.capture.redaction.secrets import redact

    lines = [line.strip() for line in source.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")] or [""]
    line = redact(next((line for line in lines if not line.startswith("%%")), lines[0]))
    return line if len(line) <= _HEADLINE else line[: _HEADLINE - 1] + "…"


def first_change(before: Iterable[str], now: Sequence[Cell]) -> Cell | None:
    """Return the first cell that is not what it was, by the cells' hashes before; `None` where only later ones went."""
    was = list(before)
    return next((cell for at, cell in enumerate(now) if at >= len(was) or was[at] != cell.hash), None)


__all__ = ["INJECTED", "MAGIC", "Cell", "cells_of", "chain", "digest", "first_change"]
