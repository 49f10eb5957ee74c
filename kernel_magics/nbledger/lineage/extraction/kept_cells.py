"""The cells of a slice, to be edited: statements are taken out, literals and outputs get names, a failure is caught.

Edits are made at the places that the syntax tree names, so that all other text stays as it was typed.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, field

from nbledger.lineage.extraction.cell_tree import parse_cell
from nbledger.lineage.slicing import SliceRun

#: Cell magics whose body is Python: it is read, and never edited.
READ_ONLY = frozenset({"track", "time", "timeit", "capture"})


@dataclass(slots=True)
class KeptCell:
    """One run of a slice. `tree` is what may be edited, `whole` what is known of its code, `None` for no Python."""

    run: SliceRun
    tree: ast.Module | None
    whole: ast.Module | None
    lines: list[str]
    after: list[str] = field(default_factory=list)
    _removed: set[int] = field(default_factory=set)
    _replaced: list[tuple[int, int, int, int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, run: SliceRun) -> KeptCell:
        """Return the cell of a run."""
        return cls(run, parse_cell(run.source), parse_cell(run.source, cell_magics=READ_ONLY), run.source.splitlines())

    def stands_alone(self, node: ast.stmt) -> bool:
        """Tell whether a top-level statement has its lines for itself."""
        assert self.tree is not None
        last = node.end_lineno or node.lineno
        for other in self.tree.body:
            if other is not node and other.lineno <= last and (other.end_lineno or other.lineno) >= node.lineno:
                return False
        rest = self.lines[last - 1].encode()[node.end_col_offset or 0 :].decode().strip()
        return not rest or rest.startswith("#")

    def text(self, node: ast.stmt) -> str:
        """Return the lines of a statement."""
        return "\n".join(self.lines[node.lineno - 1 : node.end_lineno])

    def remove(self, node: ast.stmt) -> None:
        """Take a statement out, with its lines."""
        self._removed.update(range(node.lineno - 1, node.end_lineno or node.lineno))

    def replace(self, node: ast.expr, text: str) -> None:
        """Put a text in the place of an expression."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        self._replaced.append((node.lineno - 1, node.col_offset, end_line - 1, end_column, text))

    def source(self) -> str:
        """Return the cell as edited; an empty text when nothing but comments is left of what was taken apart."""
        lines: list[str | None] = list(self.lines)
        for first, column, last, end, text in sorted(self._replaced, reverse=True):
            head, tail = (lines[first] or "").encode()[:column].decode(), (lines[last] or "").encode()[end:].decode()
            lines[first : last + 1] = [head + text + tail, *[None] * (last - first)]
        left = [line for number, line in enumerate(lines) if number not in self._removed and line is not None]
        if self._removed and not any(line.strip() and not line.lstrip().startswith("#") for line in left):
            return ""
        source = "\n".join(left).strip("\n")
        return _caught(source, self.run) if self.run.status == "failed" and self.tree is not None else source


def _caught(source: str, run: SliceRun) -> str:
    """Return code that failed when it was recorded in a form that goes on: what it did before failing is needed."""
    lines = source.splitlines()
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].startswith("%%")):
        start += 1
    inside = _lines_inside_texts("\n".join(lines[start:]))
    body = [
        line if number in inside or not line.strip() else f"    {line}" for number, line in enumerate(lines[start:], 1)
    ]
    said = f"This cell failed when it was recorded as [{run.position}], too; what it did before is needed."
    return "\n".join(
        [*lines[:start], "try:", *body, "except Exception as error:", f"    # {said}", "    print(repr(error))"]
    )


def _lines_inside_texts(source: str) -> set[int]:
    """Return the numbers of the lines that begin inside a text over several lines: to indent them would change it."""
    found: set[int] = set()
    started = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            name = tokenize.tok_name[token.type]
            if name == "FSTRING_START":
                started = token.start[0]
            elif name == "FSTRING_END":
                found.update(range(started + 1, token.end[0] + 1))
            elif token.type == tokenize.STRING:
                found.update(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass  # a magic among the lines; the texts before it are known
    return found


def name_outputs(cells: Iterable[KeptCell], outputs: dict[int, list[str]]) -> None:
    """Give what cells read as `Out[3]`, `_3` or `_` a name of its own: the numbers are others in a new notebook.

    `outputs` has the names of the outputs that each run (by its key) read.
    """
    kept = list(cells)
    for cell in kept:
        numbers = [name.removeprefix("Out[").removesuffix("]") for name in outputs.get(cell.run.key, ())]
        if cell.tree is None or not numbers:
            continue
        left = list(numbers)
        for node in ast.walk(cell.tree):
            number = _output_number(node)
            if number in numbers and isinstance(node, ast.expr):
                cell.replace(node, f"out_{number}")
                left = [other for other in left if other != number]
        last = [n for n in ast.walk(cell.tree) if isinstance(n, ast.Name) and n.id in ("_", "__", "___")]
        if len(left) == 1 and all(isinstance(node.ctx, ast.Load) for node in last):
            for node in last:
                cell.replace(node, f"out_{left[0]}")
        for number in numbers:
            for maker in kept:
                if str(maker.run.position) == number and maker.run.session == cell.run.session:
                    line = f"out_{number} = _"
                    maker.after += [line] if line not in maker.after else []


def _output_number(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and node.id[:1] == "_" and node.id[1:].isdigit():
        return node.id[1:]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in ("Out", "_oh"):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else None
    return None


__all__ = ["KeptCell", "name_outputs"]
