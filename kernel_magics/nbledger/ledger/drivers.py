"""Where a query of runs may begin: at the index of one of its conditions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from nbledger.ledger.conditions import Comparison, Condition, Name
from nbledger.ledger.predicates import END_COLUMNS, RUN_COLUMNS, TABLES, Sql, column_test, equals, value_test

#: Operators that an index is searched by. LIKE is, too, for the letters that its pattern begins with.
RANGES = frozenset({"=", "IN", ">", ">=", "<", "<="})
_INDEXED = frozenset({"run_id", "name", "kind", "experiment", "notebook", "parent"})
#: The first letters of params that are no text: of numbers, infinities, `True`, `False` and `None`.
_NO_TEXT = frozenset("0123456789+-.iInNTF")


class Driver(NamedTuple):
    """Where a query begins: a table (as `d`, or `run r`), and what its index is searched by."""

    source: str
    test: Sql
    column: str = ""
    #: The condition that every row found so fulfils.
    implies: Condition | None = None

    @property
    def key(self) -> str:
        """The run's key in it."""
        return "r.key" if self.source == "run r" else "d.run"

    @property
    def joined(self) -> str:
        """The FROM clause with the run itself, visited in this order."""
        return self.source if self.source == "run r" else f"{self.source} CROSS JOIN run r ON r.key = d.run"


class Lookup(NamedTuple):
    """Where one run is looked up among those that equal a value: they lie side by side in an index.

    A walk that looks at a thousand runs reads a dozen pages there, where the rows themselves lie on a thousand.
    """

    table: str
    column: str
    #: What precedes the run's key in the index: the label of a param, metric or tag, and the value.
    values: tuple[Any, ...]

    @property
    def source(self) -> str:
        """The table as `v`, by the index."""
        return f"{self.table} v INDEXED BY {self.table}_{self.column}"

    def key(self, row: str = "v") -> str:
        """Return the run's key in a row that was found."""
        return f"{row}.key" if self.table == "run" else f"{row}.run"

    def test(self, row: str = "v") -> str:
        """Return the test of an entry."""
        return f"{row}.name = ?" if self.table == "run" else f"{row}.name = ? AND {row}.{self.column} = ?"

    def join(self, row: str, key: str) -> Sql:
        """Return the join of the one entry of a run, which is not there where the run does not fit."""
        source = self.source.replace(" v ", f" {row} ")
        return Sql(f" CROSS JOIN {source} ON {self.key(row)} = {key} AND {self.test(row)}", self.values)


def lookups(condition: Condition, label: Callable[[Name], int]) -> list[Lookup]:
    """Return where it is looked up whether a run fulfils a condition: in one of these, none where no index tells."""
    if not isinstance(condition, Comparison) or condition.operator != "=":
        return []
    entity, key = condition.name
    if entity == "attributes":
        values = column_test("r.name", condition).values
        return [Lookup("run", "name", tuple(values))] if key == "name" else []
    if entity == "tags":
        return [Lookup("tag", "value", (label(condition.name), str(condition.values[0])))]
    if entity == "metrics" or "None" in condition.values or "type" in value_test(condition).text:
        return []
    forms = dict.fromkeys(equals(condition.values[0]))
    return [Lookup("param", "value", (label(condition.name), form)) for form in forms]


def filter_driver(condition: Condition, label: Callable[[Name], int]) -> Driver | None:
    """Return the driver that finds no fewer runs than fit a condition, `None` where no index does."""
    if not isinstance(condition, Comparison):
        return None
    entity = condition.name.entity
    if entity == "attributes":
        return _attribute_driver(condition)
    found = _value_test(condition)
    if found is None:
        return None
    test, implies = found
    table = TABLES[entity]
    test = Sql(f"d.name = ? AND {test.text}", [label(condition.name), *test.values])
    return Driver(f"{table} d INDEXED BY {table}_value", test, implies=implies)


def _value_test(condition: Comparison) -> tuple[Sql, Condition | None] | None:
    """Return the test by an index on (name, value), and the condition where that is all that it asks."""
    entity = condition.name.entity
    if condition.operator == "LIKE" and entity != "metrics":
        pattern = str(condition.values[0])
        if entity == "params" and pattern[:1] in _NO_TEXT:
            return None
        test = _beginning("d.value", pattern)
        return None if test is None else (test, None)
    if condition.operator not in RANGES:
        return None
    if entity != "params" or condition.operator not in ("=", "IN"):
        return index_test(condition), condition
    if "None" in condition.values:
        return None
    # True is stored as 1, and tells itself from a number by its type.
    return index_test(condition), None if "type" in value_test(condition).text else condition


def _attribute_driver(condition: Comparison) -> Driver | None:
    name, operator = condition.name.key, condition.operator
    if operator == "LIKE":
        test = _beginning(RUN_COLUMNS[name], str(condition.values[0])) if name in _INDEXED else None
        return None if test is None else Driver("run r", test)
    if operator not in RANGES:
        return None
    if name == "status" and operator in ("=", "IN"):
        return _status_driver(condition)
    if name in END_COLUMNS:
        return Driver("run_end d", column_test(f"d.{END_COLUMNS[name]}", condition), implies=condition)
    if name == "started_at" or (name in (*_INDEXED, "tracked") and operator in ("=", "IN")):
        return Driver("run r", column_test(RUN_COLUMNS[name], condition), implies=condition)
    return None


def index_test(condition: Comparison) -> Sql:
    """Return what an index on (name, value) is searched by: no less than what the condition itself lets pass."""
    if condition.name.entity == "params" and condition.operator in ("=", "IN"):
        forms = [form for value in condition.values for form in equals(value)]
        return Sql(f"d.value IN ({','.join('?' * len(forms))})", forms)
    test = value_test(condition)
    return Sql(test.text.replace("v.", "d."), test.values)


def _beginning(column: str, pattern: str) -> Sql | None:
    """Return the range of texts that begin as a LIKE pattern does, `None` where it begins with a wildcard."""
    start = re.split("[%_]", pattern, maxsplit=1)[0]
    # The next letter of a private use area or beyond may be none at all.
    if not start or start[-1] >= "\ud7ff":
        return None
    return Sql(f"({column} >= ? AND {column} < ?)", [start, start[:-1] + chr(ord(start[-1]) + 1)])


def _status_driver(condition: Comparison) -> Driver | None:
    ends = [value for value in condition.values if value not in ("running", "interrupted")]
    if len(ends) == len(condition.values):
        test = Sql(f"d.status IN ({','.join('?' * len(ends))})", ends)
        return Driver("run_end d", test, implies=condition)
    if not ends:
        return Driver("open_run d", Sql("1"))
    return None
