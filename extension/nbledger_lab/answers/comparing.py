"""Two runs against each other (diff), and several of them side by side (compare)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from nbledger.figures.compared import compared, judgements
from nbledger_lab.plain import MOST_TEXT, clean, left_out, run_data, scalar
from nbledger_lab.routes import PATH, RUN_ID, Ask, Table

if TYPE_CHECKING:
    from nbledger.figures.compared import Row
    from nbledger.ledger import Ledger
    from nbledger.lineage.diff import Diff
    from nbledger.lineage.differences.code_diff import CellDiff
    from nbledger.lineage.differences.data_diff import DataDiff, TableDiff

TABLE = Table()
MOST_COMPARED, MOST_ROWS, MOST_COLUMNS, MOST_WORDS = 50, 1_000, 500, 500_000
_KINDS = {"params": "param", "metrics": "metric", "data": "data"}
_OTHER_DATA = "judged on other data"


@TABLE.get(
    "diff",
    "What differs between two runs, and what that changed",
    "Diff",
    query={"path": PATH, "a": RUN_ID, "b": RUN_ID},
    versioned=True,
    slow=True,
)
def diff(ask: Ask) -> Any:
    """Return what differs between two runs (`IDiff`). Raises `NotFound`."""
    ledger = ask.ledger
    a, b = ledger.run(ask.query["a"]).id, ledger.run(ask.query["b"]).id
    return ask.service.remembered(ask.place, ("diff", a, b), lambda: _diff(ledger, a, b))


@TABLE.get(
    "compare",
    "Runs side by side, the first one as the baseline",
    "Comparison",
    query={"path": PATH, "run": {"type": "array", "items": RUN_ID, "minItems": 1, "maxItems": MOST_COMPARED}},
    versioned=True,
    slow=True,
)
def compare(ask: Ask) -> Any:
    """Return everything that runs are compared by (`IComparison`). Raises `NotFound`."""
    ids = [ask.ledger.run_id(run) for run in dict.fromkeys(ask.query["run"])]
    return ask.service.remembered(ask.place, ("compare", *ids), lambda: _compare(ask.ledger, ids))


def _compare(ledger: Ledger, ids: list[str]) -> dict[str, Any]:
    runs = [ledger.run(id) for id in ids]
    rows = compared(ledger, runs)
    return {
        "runs": [run_data(run) for run in runs],
        "rows": [_row(row, len(runs)) for row in rows[:MOST_ROWS]],
        "truncated": left_out(("names", len(rows), MOST_ROWS)),
        "judgements": [clean(told) for told in judgements(ledger, runs[0])],
    }


def _row(row: Row, count: int) -> dict[str, Any]:
    prefix, dot, name = row.name.partition(".")
    kind = _KINDS.get(prefix, "attribute") if dot else "attribute"
    notes = ["every run left it at its default"] if row.untouched else []
    if not all(row.comparable):
        notes.append(f"{row.comparable.count(False)} of {count} runs were {_OTHER_DATA}, and are not compared")
    gains = [gain for gain in row.gains if gain is not None and gain.low is not None and gain.high is not None]
    if gains:
        unsure = sum(not gain.sure for gain in gains)
        notes.append("changes come with paired intervals" + (f"; {unsure} may be chance" if unsure else ""))
    return {
        "kind": kind,
        "name": clean(name if kind != "attribute" else row.name),
        "values": [scalar(value, most=MOST_TEXT) for value in row.values],
        "differs": row.differs,
        "comparable": list(row.comparable) if row.comparable else [True] * count,
        "note": "; ".join(notes),
        "best": row.best,
        "gains": [_gain(gain) for gain in row.gains] if row.gains else [None] * count,
    }


def _gain(gain: Any) -> dict[str, Any] | None:
    if gain is None or gain.delta is None:
        return None
    return {"change": scalar(gain.delta), "low": scalar(gain.low), "high": scalar(gain.high), "sure": bool(gain.sure)}


def _diff(ledger: Ledger, a: str, b: str) -> dict[str, Any]:
    from nbledger.lineage.diff import diff as between

    found = between(ledger, a, b)
    return {
        "a": a,
        "b": b,
        "text": clean(found.text())[:MOST_WORDS],
        "code": [_cell(cell) for cell in found.code if cell.change != "same"],
        "params": [
            {"name": clean(one.name), "before": scalar(one.old), "after": scalar(one.new)} for one in found.params
        ],
        "metrics": [
            {
                "name": clean(one.name),
                "before": scalar(one.old),
                "after": scalar(one.new),
                "comparable": one.same_data is not False,
                "why_not": _OTHER_DATA if one.same_data is False else "",
            }
            for one in found.metrics
        ],
        "data": [_data(one) for one in (*found.data, *found.made) if one.change != "same"],
        "environment": _environment(found),
        "conclusion": clean(found.conclusion),
    }


def _cell(cell: CellDiff) -> dict[str, str]:
    before, after = (side.source if side else "" for side in (cell.a, cell.b))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="")
    words = f"{cell.label} ({cell.change}{', moved' if cell.moved else ''})"
    return {
        "name": clean(words),
        "before": clean(before)[:MOST_WORDS],
        "after": clean(after)[:MOST_WORDS],
        "unified": clean("\n".join(lines))[:MOST_WORDS],
    }


def _data(one: DataDiff) -> dict[str, Any]:
    name = f"{one.name_a} -> {one.name}" if one.name_a else one.name
    summary = f"{'made' if one.direction == 'generated' else 'used'}: {one.summary}"
    if one.note:
        summary += f" ({one.note})"
    return {"name": clean(name), "summary": clean(summary), "columns": _columns(one.table) if one.table else []}


def _columns(table: TableDiff) -> list[dict[str, str]]:
    told = [(name, "added") for name in table.columns_added] + [(name, "removed") for name in table.columns_removed]
    for column in table.columns:
        words = [f"{column.dtype_a} -> {column.dtype_b}"] if column.dtype_a != column.dtype_b else []
        words.append("values" if column.cells is None else f"{column.cells:,} values")
        if column.shift is not None:
            words.append(str(column.shift))
        told.append((column.name, ", ".join(words)))
    if len(told) > MOST_COLUMNS:
        told[MOST_COLUMNS:] = [("...", f"and {len(told) - MOST_COLUMNS:,} more columns")]
    return [{"name": clean(name), "change": clean(change)} for name, change in told]


def _environment(found: Diff) -> list[dict[str, str]]:
    one = found.environment
    if one is None:
        return []
    pairs: list[tuple[str, str, str]] = []
    for name, change in (("Python", one.python), ("platform", one.platform), ("git commit", one.commit)):
        if change is not None:
            pairs.append((name, *change))
    pairs += [(name, "", version) for name, version in one.added.items()]
    pairs += [(name, version, "") for name, version in one.removed.items()]
    pairs += [(name, *change) for name, change in one.changed.items()]
    return [{"name": clean(name), "before": clean(before), "after": clean(after)} for name, before, after in pairs]
