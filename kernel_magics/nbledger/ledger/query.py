"""Filters and orders to SQL that stays quick in a ledger of a million runs; `ways` says where it begins."""

from __future__ import annotations

import itertools
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nbledger.ledger.conditions import Comparison, Condition, Group, Name, Order
from nbledger.ledger.drivers import Driver, filter_driver, index_test
from nbledger.ledger.errors import LedgerWarning
from nbledger.ledger.predicates import (
    END_COLUMNS,
    RUN_COLUMNS,
    TABLES,
    Context,
    Sql,
    attribute,
    predicate,
    value_test,
)
from nbledger.ledger.runs import Reader, whole_rows
from nbledger.ledger.sizes import Sizes, remember
from nbledger.ledger.ways import Question, bound, bounds_order, choose, has_order_index, stages

_LATEST = Order(Name("attributes", "started_at"), descending=True)
#: Instructions of SQLite for each run that a walk visits, and ledgers that are walked through in 2 ms.
_INSTRUCTIONS, _SMALL = 8, 5_000


class Plan(NamedTuple):
    """How a question was answered, for the next time that it is asked."""

    select: Sql
    #: Whether that is always the whole answer. A walk's is where the page is full.
    alone: bool
    #: Up to how many runs the ledger may grow before conditions are counted again.
    most: int
    #: What finds a row where a value is written in a way that nothing was when this was made: `'5'` for 5.
    written: list[Sql]


class Planner:
    """Answers questions about one ledger with the keys of the runs that fit."""

    def __init__(self, reader: Reader, connection: sqlite3.Connection, *, include_deleted: bool = False) -> None:
        self.reader = reader
        self.connection = connection
        runs, deletions = connection.execute(
            "SELECT (SELECT coalesce(max(key), 1) FROM run), EXISTS (SELECT 1 FROM deletion)"
        ).fetchone()
        self._runs = int(runs)
        self._hides = deletions and not include_deleted
        self._whole = False
        self._suggested: set[Name] = set()
        #: Whether what was asked names what may be otherwise next time: a dead session, or a label that no run has yet.
        self._passing = False
        self.context = Context(self._label, self._dead_sessions)
        self.sizes = Sizes(connection, self._runs, reader.common, self._label)
        #: Drivers whose runs are listed before a walk or a count, by the identity of what they stand for.
        self._listed: Mapping[int, Driver] = {}

    def keys(self, question: Question) -> list[int]:
        """Return the keys of the runs in order."""
        return [row[0] for row in self._answer(question)]

    def rows(self, question: Question) -> list[tuple[Any, ...]]:
        """Return the rows of the runs in order, for `Reader.filled`; the question has a limit."""
        self._whole = True
        return self._answer(question)

    def _answer(self, question: Question) -> list[tuple[Any, ...]]:
        asked = (question.words, question.order, question.limit, question.offset, self._hides)
        known: Plan | None = self.reader.plans.get(asked) if question.words else None
        if known is not None and self._runs <= known.most and not any(map(self._any, known.written)):
            found = self._found(known.select)
            if known.alone or len(found) == question.limit:
                return found
        select, found, alone = self._planned(question)
        if not alone and len(found) != question.limit:
            return found + self._lacking(question, found)
        if question.words and not self._passing:
            most = self._runs + bound(question, self._runs)
            remember(self.reader.plans, asked, Plan(select, alone, most, self.sizes.written))
        return found

    def _planned(self, question: Question) -> tuple[Sql, list[tuple[Any, ...]], bool]:
        """Return the SELECT that turned out to be quick, its rows, and whether those are the whole answer."""
        for stage in stages(question):
            way = choose(question, self.sizes, stage)
            self._listed = way.listed
            alone = way.driver is not None or not has_order_index(question)
            select = self._sorted(question, way.driver) if alone else self._walk(question)
            found = self._found_within(select, way.most)
            if found is not None:
                break
        return select, found or [], alone

    def count(self, conditions: list[Condition]) -> int:
        """Return how many runs fit."""
        if len(conditions) < 2:
            best = next(filter(None, (filter_driver(one, self._label) for one in conditions)), None)
        else:
            sized = self.sizes.fewest(conditions)
            best = sized[0].driver if sized else None
            self._listed = self.sizes.lists(self.sizes.fewer(conditions, 3 * sized[0].runs)[1:]) if sized else {}
        return self._count(best, _untested(conditions, best))

    # -- ways ---------------------------------------------------------------------------------------------------

    def _sorted(self, question: Question, driver: Driver | None) -> Sql:
        key = driver.key if driver else "r.key"
        conditions = _untested(question.conditions, driver)
        return self._select(question, driver, conditions, self._order(question.order, key))

    def _walk(self, question: Question) -> Sql:
        """Walk the index of the first sort key, which knows the runs that have one."""
        first = question.order[0] if question.order else _LATEST
        driver, has, _, _ = self._order_driver(first, question.conditions)
        direction = "DESC" if first.descending else "ASC"
        order = self._order(question.order[1:], driver.key, f"{driver.column} {direction}, ", first)
        return self._select(question, driver, question.conditions, order, has)

    def _lacking(self, question: Question, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return the rest of a page that a walk `found`: runs without the sort key come last in either direction."""
        first = question.order[0] if question.order else _LATEST
        driver, has, lacks, needed = self._order_driver(first, question.conditions)
        if lacks is None or needed:
            return []
        skipped = 0
        if question.offset and not found:
            skipped = question.offset - self._count(driver, question.conditions, has)
        limit = None if question.limit is None else question.limit - len(found)
        order = self._order(question.order[1:], "r.key", "", first)
        rest = Question([], (), limit, skipped)
        return self._found(self._select(rest, None, question.conditions, order, lacks))

    # -- pieces -------------------------------------------------------------------------------------------------

    def _found(self, select: Sql) -> list[tuple[Any, ...]]:
        text = whole_rows(select.text) if self._whole else select.text
        return self.connection.execute(text, select.values).fetchall()

    def _found_within(self, select: Sql, most: int | None) -> list[tuple[Any, ...]] | None:
        """Return the rows of a SELECT, `None` where it would visit more than `most` runs."""
        if most is None or self._runs < _SMALL:
            return self._found(select)
        # Called once in a thousand instructions; SQLite counts those of the statement's earlier executions, too.
        go_on = itertools.chain(itertools.repeat(0, most * _INSTRUCTIONS // 1000 + 1), itertools.repeat(1))
        self.connection.set_progress_handler(go_on.__next__, 1000)
        try:
            return self._found(select)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self.connection.set_progress_handler(None, 0)

    def _any(self, select: Sql) -> bool:
        return self.connection.execute(select.text, select.values).fetchone() is not None

    def _select(
        self, page: Question, driver: Driver | None, conditions: list[Condition], order: Sql, *more: Sql
    ) -> Sql:
        key = driver.key if driver else "r.key"
        chosen = self._from(driver, conditions, *more, order=order.text, every=page.limit is None)
        text = f"SELECT {key} AS run {chosen.text} {order.text}"
        values = [*chosen.values, *order.values]
        if page.limit is not None or page.offset:
            text += " LIMIT ?"
            values.append(-1 if page.limit is None else page.limit)
        if page.offset:
            text += " OFFSET ?"
            values.append(page.offset)
        return Sql(text, values)

    def _from(
        self, driver: Driver | None, conditions: list[Condition], *more: Sql, order: str = "", every: bool = True
    ) -> Sql:
        """Return FROM and WHERE for the runs that fit: for every one of them, or for the first of some order."""
        key = driver.key if driver else "r.key"
        listed = [one for one in conditions if id(one) in self._listed]
        within = [self._within(self._listed[id(one)], key) for one in listed]
        conditions = [one for one in conditions if id(one) not in self._listed or not self._listed[id(one)].implies]
        joined = [one for one in conditions if driver and self._is_joined(one, driver)]
        joined.sort(key=lambda one: id(one) not in self.sizes.lookups)
        joins, last = self._joins(joined, key)
        rest = [one for one in conditions if not any(one is other for other in joined)]
        where = self._where(driver, rest, *more, *within)
        tables = _tables(driver, where.text + order)
        # The last row that is joined: what fits in all else is tested for being deleted.
        last = last or ("r.key" if tables.endswith("d.run") else key)
        where = _and(where, self._hidden(last, every=every))
        return Sql(f"FROM {tables} {joins.text} {where.text}", [*joins.values, *where.values])

    def _is_joined(self, condition: Condition, driver: Driver) -> bool:
        """Tell whether a condition is about one row beside the run's, which is then there."""
        if isinstance(condition, Comparison) and condition.name.entity in TABLES:
            return condition.operator != "NULL"
        return id(condition) in self.sizes.lookups and driver.source != "run r"

    def _within(self, driver: Driver, key: str) -> Sql:
        """Return the test that a run is among those that a driver names, which are listed once."""
        text = f"SELECT {driver.key} FROM {driver.source} WHERE {driver.test.text}"
        return Sql(f"{key} IN ({text})", driver.test.values)

    def _joins(self, conditions: list[Any], key: str) -> tuple[Sql, str]:
        """Return the joins of the one row that each comparison looks at, and the run's key in the last of them.

        They are a quarter faster than a subquery for each run. Where the row's value cannot be looked up, the `+` keeps
        SQLite from looking for it in the index of values.
        """
        text, last, values = "", "", list[Any]()
        for number, one in enumerate(conditions):
            row = f"v{number}"
            found = self.sizes.lookups.get(id(one))
            if found is not None:
                join = found.join(row, key)
                text += join.text
                values += join.values
                last = found.key(row)
                continue
            test = value_test(one)
            last = f"{row}.run"
            fits = test.text.replace("v.value", f"+{row}.value").replace("v.type", f"{row}.type")
            text += f" CROSS JOIN {TABLES[one.name.entity]} {row} ON {row}.run = {key} AND {row}.name = ? AND ({fits})"
            values += [self._label(one.name), *test.values]
        return Sql(text, values), last

    def _count(self, driver: Driver | None, conditions: list[Condition], *more: Sql) -> int:
        chosen = self._from(driver, conditions, *more)
        return int(self.connection.execute(f"SELECT count(*) {chosen.text}", chosen.values).fetchone()[0])

    def _where(self, driver: Driver | None, conditions: list[Condition], *more: Sql) -> Sql:
        key = driver.key if driver else "r.key"
        tests = [driver.test] if driver and driver.test.text else []
        tests += [test for test in more if test.text]
        tests += [predicate(condition, key, self.context) for condition in conditions]
        text = " AND ".join(f"({test.text})" for test in tests)
        return Sql(f"WHERE {text}" if text else "", [value for test in tests for value in test.values])

    def _hidden(self, key: str, *, every: bool) -> Sql:
        """Return the test that leaves out deleted runs, where there are any.

        For some runs their own events are looked at; for every run the list of all that are deleted is made first.
        """
        if not self._hides:
            return Sql("")
        if every:
            return Sql(f"{key} NOT IN (SELECT run FROM deleted_run)")
        event = f"""SELECT h.event FROM run g CROSS JOIN deletion h ON h.run = g.id WHERE g.key = {key}
            ORDER BY h.seq DESC, h.time DESC, h.id DESC LIMIT 1"""
        return Sql(f"coalesce(({event}), '') <> 'delete'")

    def _order(self, order: Sequence[Order], key: str, before: str = "", first: Order | None = None) -> Sql:
        """Return ORDER BY: `before`, the keys of `order`, then the order of recording in the first key's direction.

        That direction lets an index give the order of ties too, be they a million.
        """
        terms: list[str] = []
        values: list[Any] = []
        for one in order:
            if one.name.entity == "attributes":
                expression = Sql(attribute(one.name.key, key, self.context))
            else:
                table = TABLES[one.name.entity]
                label = self._label(one.name)
                expression = Sql(f"(SELECT v.value FROM {table} v WHERE v.run = {key} AND v.name = ?)", [label])
            terms.append(f"{expression.text} {'DESC' if one.descending else 'ASC'} NULLS LAST, ")
            values += expression.values
        leading = first or (order[0] if order else _LATEST)
        if not (before or order or first):
            before = "r.started_at DESC, "
        return Sql(f"ORDER BY {before}{''.join(terms)}{key} {'DESC' if leading.descending else 'ASC'}", values)

    def _order_driver(self, first: Order, conditions: list[Condition]) -> tuple[Driver, Sql, Sql | None, bool]:
        """Return the driver of a sort key, the tests for having it and lacking it, and whether having it is needed."""
        name = first.name
        if name.entity != "attributes":
            table = TABLES[name.entity]
            label = self._label(name)
            ranges = [index_test(one) for one in conditions if bounds_order(one, name)]
            test = Sql("d.name = ?", [label])
            for one in ranges:
                test = Sql(f"{test.text} AND {one.text}", [*test.values, *one.values])
            source = f"{table} d INDEXED BY {table}_value"
            held = f"SELECT 1 FROM {table} h WHERE h.run = r.key AND h.name = ? AND h.value IS NOT NULL"
            driver = Driver(source, test, "d.value")
            return driver, Sql("d.value IS NOT NULL"), Sql(f"NOT EXISTS ({held})", [label]), bool(ranges)
        if name.key in END_COLUMNS:
            column = f"d.{END_COLUMNS[name.key]}"
            driver = Driver("run_end d", Sql(""), column)
            return driver, Sql(""), Sql("NOT EXISTS (SELECT 1 FROM run_end h WHERE h.run = r.key)"), False
        column = RUN_COLUMNS[name.key]
        driver = Driver("run r", Sql(""), column)
        if name.key in ("started_at", "kind"):
            return driver, Sql(""), None, False
        return driver, Sql(f"{column} IS NOT NULL"), Sql(f"{column} IS NULL"), False

    # -- what the ledger knows ----------------------------------------------------------------------------------

    def _label(self, name: Name) -> int:
        found = self.reader.labels.get(name.key)
        if found is None:
            row = self.connection.execute("SELECT key FROM label WHERE text = ?", (name.key,)).fetchone()
            if row is None:
                self._passing = True
                self._suggest(name)
                return -1
            found = self.reader.labels[name.key] = int(row[0])
        return found

    def _suggest(self, name: Name) -> None:
        if name in self._suggested:
            return
        self._suggested.add(name)
        import difflib

        known = [row[0] for row in self.connection.execute("SELECT text FROM label LIMIT 5000")]
        near = difflib.get_close_matches(name.key, known, 1, cutoff=0.75)
        if near:
            message = f"No run has {name.entity}.{name.key}: did you mean {name.entity}.{near[0]}?"
            warnings.warn(message, LedgerWarning, stacklevel=8)

    def _dead_sessions(self) -> list[int]:
        self._passing = True
        rows = self.connection.execute("SELECT DISTINCT r.session FROM open_run o CROSS JOIN run r ON r.key = o.run")
        return [session for (session,) in rows.fetchall() if self.reader.is_dead(session)]


def _untested(conditions: list[Condition], driver: Driver | None) -> list[Condition]:
    """Return the conditions that a driver's index has not tested."""
    # Compared by identity: 1 and true are equal, but not the same condition.
    return [one for one in conditions if driver is None or one is not driver.implies]


def _and(where: Sql, test: Sql) -> Sql:
    """Return a WHERE clause with one more test, which has no values."""
    if not test.text:
        return where
    return Sql(f"{where.text} AND ({test.text})" if where.text else f"WHERE ({test.text})", where.values)


def _tables(driver: Driver | None, text: str) -> str:
    """Return the FROM clause; the run itself is only visited when `text` asks for something of it."""
    if driver is None:
        return "run r"
    return driver.joined if "r." in text else driver.source


def conjuncts(condition: Condition | None) -> list[Condition]:
    """Return the conditions of which all must hold."""
    if condition is None:
        return []
    if not isinstance(condition, Group):
        return [condition]
    if condition.operator == "AND":
        return [found for part in condition.parts for found in conjuncts(part)]
    return [_listed(condition)]


def _listed(group: Group) -> Condition:
    """Return `name = 3 OR name = 4` as `name IN (3, 4)`, for which there is an index; any other OR as it is."""
    ones = [one for one in group.parts if isinstance(one, Comparison) and one.operator in ("=", "IN")]
    if len(ones) < len(group.parts) or len({one.name for one in ones}) > 1 or ones[0].name.entity == "metrics":
        return group  # a metric that equals NaN is a missing one, which a list cannot say
    return Comparison(ones[0].name, "IN", tuple(value for one in ones for value in one.values))
