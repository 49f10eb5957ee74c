"""Conditions of the filter language as SQL predicates on one run.

A predicate is an expression over `{key}`, the run's integer key; names and literals are bound, never spelled out.
NULL is SQL's: a run that lacks what is compared is in neither a condition nor its negation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nbledger.ledger.conditions import Comparison, Condition, Literals, Name, Not
from nbledger.ledger.values import BOOL, STR, TYPE_NAMES, encode

TABLES = {"metrics": "metric", "params": "param", "tags": "tag"}
#: Attributes that are plain columns of `run`.
RUN_COLUMNS = {
    "run_id": "r.id",
    "name": "r.name",
    "kind": "r.kind",
    "experiment": "r.experiment",
    "notebook": "r.notebook",
    "started_at": "r.started_at",
    "position": "r.position",
    "cell_id": "r.cell_id",
    "parent": "r.parent",
    "tracked": "r.tracked",
}
END_COLUMNS = {"ended_at": "ended_at", "duration": "duration"}
#: Their indexes give no order by time: a `+` keeps SQLite from choosing one by itself and sorting 100,000 runs. Where
#: such a condition is the best one to begin from, the planner says so.
_NO_ORDER_INDEX = frozenset({"name", "notebook"})
_NEVER = "0"


class Sql(NamedTuple):
    """A piece of SQL and what is bound in it."""

    text: str
    values: Sequence[Any] = ()


class Context(NamedTuple):
    """What predicates need to know of a ledger: the key of a label, and the sessions that are dead."""

    label: Callable[[Name], int]
    dead_sessions: Callable[[], list[int]]


def predicate(condition: Condition, key: str, context: Context) -> Sql:
    """Return the SQL of a condition on the run whose key is the expression `key`."""
    if isinstance(condition, Comparison):
        return _comparison(condition, key, context)
    if isinstance(condition, Not):
        inner = predicate(condition.part, key, context)
        return Sql(f"NOT ({inner.text})", inner.values)
    parts = [predicate(part, key, context) for part in condition.parts]
    text = f" {condition.operator} ".join(f"({part.text})" for part in parts)
    return Sql(text, [value for part in parts for value in part.values])


def _comparison(one: Comparison, key: str, context: Context) -> Sql:
    if one.name.entity == "attributes":
        column = attribute(one.name.key, key, context)
        if one.name.key in _NO_ORDER_INDEX:
            column = f"+{column}"
        return Sql(f"{column} IS NULL") if one.operator == "NULL" else column_test(column, one)
    table = TABLES[one.name.entity]
    label = context.label(one.name)
    if one.operator == "NULL":
        return Sql(
            f"NOT EXISTS (SELECT 1 FROM {table} v WHERE v.run = {key} AND v.name = ? AND v.value IS NOT NULL)", [label]
        )
    test = value_test(one)
    return Sql(f"(SELECT {test.text} FROM {table} v WHERE v.run = {key} AND v.name = ?)", [*test.values, label])


def attribute(name: str, key: str, context: Context) -> str:
    """Return the expression of an attribute of the run `r` (whose key is `key`)."""
    if name in RUN_COLUMNS:
        return RUN_COLUMNS[name]
    if name in END_COLUMNS:
        return f"(SELECT e.{END_COLUMNS[name]} FROM run_end e WHERE e.run = {key})"
    if name == "session":
        return "(SELECT s.id FROM session s WHERE s.key = r.session)"
    if name == "source":
        return "(SELECT c.text FROM source c WHERE c.key = r.source)"
    dead = ",".join(str(int(session)) for session in context.dead_sessions())
    ended = f"(SELECT e.status FROM run_end e WHERE e.run = {key})"
    return f"coalesce({ended}, CASE WHEN r.session IN ({dead}) THEN 'interrupted' ELSE 'running' END)"


def column_test(column: str, one: Comparison) -> Sql:
    """Return the test of a column that holds one type."""
    if one.operator in ("LIKE", "ILIKE"):
        return like(column, one.operator, str(one.values[0]))
    if one.operator == "IN":
        return Sql(f"{column} IN ({','.join('?' * len(one.values))})", [_plain(value) for value in one.values])
    if column == "r.tracked" and one.operator == "=":
        return Sql(f"r.tracked = {int(bool(one.values[0]))}")  # spelled out for the partial index
    return Sql(f"{column} {one.operator} ?", [_plain(one.values[0])])


def value_test(one: Comparison) -> Sql:
    """Return the test of the row `v` of `metric`, `param` or `tag`."""
    if one.operator == "!=":
        same = value_test(Comparison(one.name, "=", one.values))
        return Sql(f"NOT coalesce({same.text}, 0)", same.values)
    if one.name.entity == "metrics":
        return _metric_test(one)
    if one.name.entity == "tags":
        return _tag_test(one)
    if one.operator in ("LIKE", "ILIKE"):
        text = "CASE v.type WHEN 0 THEN 'None' WHEN 1 THEN CASE v.value WHEN 1 THEN 'True' ELSE 'False' END "
        return like(text + "ELSE CAST(v.value AS TEXT) END", one.operator, str(one.values[0]))
    if one.operator in ("=", "IN"):
        tests = [_param_equals(value) for value in one.values]
        return Sql("(" + " OR ".join(test.text for test in tests) + ")", [v for test in tests for v in test.values])
    return _param_range(one.operator, one.values[0])


def _metric_test(one: Comparison) -> Sql:
    numbers = [_plain(value) for value in one.values]
    if one.operator in ("LIKE", "ILIKE"):
        return like("CAST(v.value AS TEXT)", one.operator, str(one.values[0]))
    if any(isinstance(value, float) and math.isnan(value) for value in numbers):
        return Sql("v.value IS NULL" if one.operator in ("=", "IN") else _NEVER)
    if one.operator == "IN":
        return Sql(f"v.value IN ({','.join('?' * len(numbers))})", numbers)
    return Sql(f"v.value {one.operator} ?", [numbers[0]])


def _tag_test(one: Comparison) -> Sql:
    value = one.values[0]
    if one.operator in ("LIKE", "ILIKE"):
        return like("v.value", one.operator, str(value))
    if one.operator == "IN":
        return Sql(f"v.value IN ({','.join('?' * len(one.values))})", [str(found) for found in one.values])
    if one.operator != "=" and not isinstance(value, str):
        return Sql(f"CAST(v.value AS REAL) {one.operator} ?", [_plain(value)])
    return Sql(f"v.value {one.operator} ?", [str(value)])


def equals(value: Literals) -> list[Any]:
    """Return the stored forms that a param may have to equal a literal: 5 and '5' are the same."""
    stored, _ = encode(value)
    if isinstance(value, bool):
        return [int(value), str(value)]
    if not isinstance(value, str):
        return [stored, str(value)]
    if value in ("True", "true", "False", "false"):
        return [value, int(value in ("True", "true"))]
    for number in (int, float):
        try:
            return [value, encode(number(value))[0]]
        except ValueError:
            continue
    return [value]


def _param_equals(value: Literals) -> Sql:
    forms = equals(value)
    text = f"v.value IN ({','.join('?' * len(forms))})"
    if isinstance(value, bool) or value in ("True", "true", "False", "false"):
        return Sql(f"({text} AND v.type IN ({BOOL}, {STR}))", forms)
    if value == "None":
        return Sql(f"({text} OR v.type = {TYPE_NAMES.index('null')})", forms)
    return Sql(text, forms)


def _param_range(operator: str, value: Literals) -> Sql:
    number: Any = value
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return Sql(f"(v.value {operator} ? AND v.value >= '' AND v.type = {STR})", [value])
    if operator in ("<", "<="):
        return Sql(f"v.value {operator} ?", [_plain(number)])
    # In SQLite every number is less than every text, so '' bounds the numbers and keeps the range in the index.
    return Sql(f"(v.value {operator} ? AND v.value < '')", [_plain(number)])


def like(column: str, operator: str, pattern: str) -> Sql:
    """Return LIKE (which minds case, as MLflow's does: SQLite's GLOB) or ILIKE (which does not, for ASCII).

    The `+` before the pattern keeps SQLite from preparing the statement anew each time, which takes 130 microseconds.
    """
    if operator == "ILIKE":
        return Sql(f"{column} LIKE +?", [pattern])
    glob = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in pattern)
    return Sql(f"{column} GLOB +?", [glob.replace("%", "*").replace("_", "?")])


def _plain(value: Literals) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return float(value) if abs(value) < 1 << 1023 else math.copysign(math.inf, value)
    return value
