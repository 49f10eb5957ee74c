"""A `Diff` as text: one section for each kind of difference, the conclusion at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nbledger.lineage.differences.code_diff import CellDiff
from nbledger.lineage.differences.conclusion import value_text
from nbledger.lineage.differences.data_diff import DataDiff, TableDiff
from nbledger.lineage.differences.fact_diff import EnvironmentDiff
from nbledger.lineage.differences.rows_diff import RowsDiff
from nbledger.tables import change, clean, cut, number, size, table

if TYPE_CHECKING:
    from nbledger.lineage.diff import Diff

_MOST_CELLS, _MOST_LINES = 20, 60
_MOST_COLUMNS = 20
_WIDEST = 24
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "title": "\x1b[1m"}
_PLAIN = "\x1b[0m"

Paint = Callable[[str, str], str]


def diff_text(diff: Diff, *, width: int | None = None, colour: bool = False) -> str:
    """Return a difference as text, its lines cut to `width`; with ANSI colours if `colour`."""

    def paint(kind: str, line: str) -> str:
        return f"{_COLOURS[kind]}{line}{_PLAIN}" if colour and kind in _COLOURS else line

    sections = [
        ("code", _code(diff.code, width, paint)),
        ("params", _params(diff, width)),
        ("data", _data(diff.data, width, paint)),
        ("made", _data(diff.made, width, paint)),
        ("state at the start", [f"  {name} differs" for name in diff.state]),
        ("environment", _environment(diff.environment, width)),
        ("models", _models(diff, width)),
        ("metrics", _metrics(diff, width)),
    ]
    lines = [cut(clean(f"a  {diff.a}"), width), cut(clean(f"b  {diff.b}"), width)]
    for title, body in sections:
        if body:
            lines += ["", paint("title", title), *body]
    return "\n".join([*lines, "", *diff.conclusion.splitlines()])


def _code(cells: Sequence[CellDiff], width: int | None, paint: Paint) -> list[str]:
    lines = []
    shown = [cell for cell in cells if cell.change != "same" or cell.moved]
    for cell in shown[:_MOST_CELLS]:
        words = {
            "changed": "changed",
            "added": "only in b",
            "removed": "only in a",
            "formatting": "comments and formatting only",
            "same": "",
        }
        said = [word for word in (words[cell.change], "moved" if cell.moved else "") if word]
        lines.append(cut(clean(f"  {cell.label}  {', '.join(said)}"), width))
        if cell.change in ("added", "removed"):
            lines += _source(cell, width, paint)
        for statement in cell.statements:
            where = f"line {statement.line_b or statement.line_a}"
            lines.append(cut(clean(f"    {statement.change} {where}: {statement.head}"), width))
            lines += _marked(statement.diff, width, paint)
    return lines + ([f"  ... {len(shown) - _MOST_CELLS} more cells (--json has all)"] if shown[_MOST_CELLS:] else [])


def _source(cell: CellDiff, width: int | None, paint: Paint) -> list[str]:
    side, mark = (cell.b, "+") if cell.change == "added" else (cell.a, "-")
    return _marked([mark + line for line in side.source.splitlines()], width, paint) if side else []


def _marked(diff: Sequence[str], width: int | None, paint: Paint) -> list[str]:
    shown = [cut(f"      {clean(line.expandtabs(4))}", width) for line in diff[:_MOST_LINES]]
    lines = [paint(raw[:1], line) for raw, line in zip(diff, shown, strict=False)]
    return lines + ([f"      ... {len(diff) - _MOST_LINES} more lines"] if len(diff) > _MOST_LINES else [])


def _params(diff: Diff, width: int | None) -> list[str]:
    rows = [
        (
            param.name,
            "" if param.change == "added" else value_text(param.old),
            "" if param.change == "removed" else value_text(param.new),
            "" if param.change == "changed" else param.change,
        )
        for param in diff.params
    ]
    return _table(("name", "a", "b", ""), rows, width)


def _data(data: Sequence[DataDiff], width: int | None, paint: Paint) -> list[str]:
    lines: list[str] = []
    notes: dict[str, list[str]] = {}
    for datum in data:
        if datum.change == "same":
            continue
        name = datum.name if datum.name_a is None else f"{datum.name_a} -> {datum.name}"
        role = "" if datum.role in ("variable", "version") else f" ({datum.role})"
        words = {"added": "only in b", "removed": "only in a"}.get(datum.change, datum.summary)
        lines.append(cut(clean(f"  {name}{role}  {words}"), width))
        if datum.table is not None:
            lines += _table_lines(datum.table, width, paint)
        if datum.array is not None and datum.array.most is not None:
            array = datum.array
            lines.append(f"    {array.changed} of {array.size} values, the largest change {number(array.most)}")
        if not datum.exact:
            lines.append("    not hashed in full: compared as far as it was")
        if datum.note:
            notes.setdefault(datum.note, []).append(datum.name)
    return lines + [cut(clean(f"  {', '.join(names)}: {note}"), width) for note, names in notes.items()]


def _table_lines(found: TableDiff, width: int | None, paint: Paint) -> list[str]:
    lines = []
    if found.rows_a != found.rows_b and found.rows is not None:
        lines.append(f"    rows {found.rows_a} -> {found.rows_b}")
    for word, names in (("added", found.columns_added), ("removed", found.columns_removed)):
        if names:
            lines.append(cut(clean(f"    columns {word}: {', '.join(names)}"), width))
    if found.reordered:
        lines.append("    the columns stand in another order")
    rows = []
    telling = {column.name for column in found.changed}
    for column in found.columns:
        if column.name in telling or (column.shift is not None and column.shift.is_notable):
            dtype = column.dtype_a if column.dtype_a == column.dtype_b else f"{column.dtype_a} -> {column.dtype_b}"
            rows.append((column.name, dtype, "" if column.cells is None else str(column.cells), *_shift(column.shift)))
    if rows:
        heads = ("column", "dtype", "values changed", "PSI", "KS", "shift")
        lines += _dense(heads, rows[:_MOST_COLUMNS], width)
        if len(rows) > _MOST_COLUMNS:
            lines.append(f"    ... {len(rows) - _MOST_COLUMNS} more columns (--json has all)")
    return lines + (_rows(found.rows, width, paint) if found.rows is not None else [])


def _shift(found: Any) -> tuple[str, str, str]:
    if found is None:
        return "", "", ""
    return ("" if found.psi is None else f"{found.psi:.3f}", "" if found.ks is None else f"{found.ks:.3f}", found.words)


def _dense(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return a table without the columns that have nothing in any row."""
    kept = [place for place in range(len(heads)) if place == 0 or any(row[place] for row in rows)]
    return table(
        [heads[place] for place in kept], [[row[place] for place in kept] for row in rows], width=width, indent="    "
    ).splitlines()


def _rows(rows: RowsDiff, width: int | None, paint: Paint) -> list[str]:
    words = [f"{rows.added} added", f"{rows.removed} removed"]
    if rows.changed is not None:
        words.append(f"{rows.changed} changed")
    lines = [f"    rows by {rows.by}: {', '.join(words)}"]
    for mark, examples in (("-", rows.examples_removed), ("+", rows.examples_added)):
        for example in examples:
            values = ", ".join(f"{name}={_value(value)}" for name, value in example["values"].items())
            lines.append(paint(mark, cut(clean(f"      {mark} {_value(example['row'])}: {values}"), width)))
    for example in rows.examples_changed:
        pairs = [f"{name} {_value(old)} -> {_value(new)}" for name, (old, new) in example["values"].items()]
        lines.append(cut(clean(f"      ~ {_value(example['row'])}: {', '.join(pairs)}"), width))
    return lines


def _value(value: Any) -> str:
    return cut(clean(value if isinstance(value, str) else number(value) or str(value)), _WIDEST)


def _environment(found: EnvironmentDiff | None, width: int | None) -> list[str]:
    if found is None:
        return []
    rows = [(name, *pair) for name, pair in (("Python", found.python), ("platform", found.platform)) if pair]
    rows += [(name, *pair) for name, pair in found.changed.items()]
    rows += [(name, "", version) for name, version in found.added.items()]
    rows += [(name, version, "") for name, version in found.removed.items()]
    if found.commit:
        rows.append(("git commit", *found.commit))
    lines = _table(("", "a", "b"), rows, width)
    return lines if found.known else [*lines, "  not recorded for both runs"]


def _models(diff: Diff, width: int | None) -> list[str]:
    rows = []
    for model in diff.models:
        words = {"same": "the same content", "changed": "another content", "added": "only in b", "removed": "only in a"}
        classes = dict.fromkeys(name for name in (model.class_a, model.class_b) if name)
        sizes = dict.fromkeys(size(count) for count in (model.size_a, model.size_b) if count is not None)
        said = words[model.change] + ("" if model.exact else ", as far as it was hashed")
        rows.append((model.name, " -> ".join(classes), said, " -> ".join(sizes)))
    return _dense_all(("name", "class", "", "size"), rows, width)


def _metrics(diff: Diff, width: int | None) -> list[str]:
    rows = []
    for metric in diff.metrics:
        moved = ""
        if metric.same_data is False:
            moved = "not judged on the same data"
        elif metric.old is not None and metric.new is not None:
            moved = change(metric.new, metric.old) if metric.differs else "="
        rows.append((metric.name, number(metric.old), number(metric.new), moved))
    return _table(("name", "a", "b", "change"), rows, width)


def _dense_all(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    return [line[2:] for line in _dense(heads, rows, width)] if rows else []


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    return table(heads, rows, width=width, indent="  ").splitlines() if rows else []


__all__ = ["diff_text"]
