"""How many runs conditions name, counted in their indexes up to a bound, and where one run is looked up there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nbledger.ledger.conditions import Condition, Name
from nbledger.ledger.drivers import Driver, Lookup, filter_driver, lookups
from nbledger.ledger.predicates import Sql

_REMEMBERED = 256


class Sized(NamedTuple):
    """A condition, the driver that finds its runs, and how many runs the driver names."""

    runs: int
    condition: Condition
    driver: Driver


class Sizes:
    """What the indexes of one ledger say of conditions; `common` is what was found of them before."""

    def __init__(
        self, connection: sqlite3.Connection, runs: int, common: dict[Condition, int], label: Callable[[Name], int]
    ) -> None:
        #: How many runs there are, about.
        self.runs = runs
        self._connection = connection
        self._common = common
        self._label = label
        #: By the condition's identity: 1 and true are equal, but not the same condition.
        self.lookups: dict[int, Lookup] = {}
        #: What finds a row where a value is now written in a way that the lookups leave out.
        self.written: list[Sql] = []

    def has_index(self, conditions: Sequence[Condition]) -> bool:
        """Tell whether some index names runs that fulfil a condition."""
        return any(id(one) in self.lookups or filter_driver(one, self._label) for one in conditions)

    def fewer(self, conditions: Sequence[Condition], reach: int) -> list[Sized]:
        """Return the conditions whose index names fewer than `reach` runs, the fewest first.

        The lookups of all of them are found, too.
        """
        found: list[Sized] = []
        self.written = []
        for condition in conditions:
            counted = self._common.get(condition, 0) < reach
            places = lookups(condition, self._label)
            driver = None if places else filter_driver(condition, self._label)
            if places:
                runs = self._looked_up(condition, places, reach if counted else 1)
            elif driver is not None and counted:
                runs = self._count(driver.source, driver.test, reach)
            if not counted or not (places or driver):
                continue
            if runs >= reach:
                remember(self._common, condition, reach)
            elif driver or (driver := filter_driver(condition, self._label)):
                found.append(Sized(runs, condition, driver))
        return sorted(found, key=lambda one: one.runs)

    def fewest(self, conditions: Sequence[Condition]) -> list[Sized]:
        """Return the conditions whose index names the fewest runs, the fewest first."""
        reach = 1000
        while not (found := self.fewer(conditions, reach)) and reach <= self.runs:
            reach *= 8
        return found

    def lists(self, sized: Sequence[Sized]) -> dict[int, Driver]:
        """Return the drivers whose runs are listed before others are tested: those of conditions without a lookup."""
        return {id(one.condition): one.driver for one in sized if id(one.condition) not in self.lookups}

    def _looked_up(self, condition: Condition, places: list[Lookup], reach: int) -> int:
        """Return how many runs equal one of the forms of a value, up to `reach`; remember the one form that there is.

        A param that is 5 or `'5'` is nearly always one of them, and the other would be searched for at every run.
        """
        held = [self._count(place.source, Sql(place.test(), place.values), reach) for place in places]
        there = [place for place, runs in zip(places, held, strict=True) if runs] or places[:1]
        if len(there) == 1:
            self.lookups[id(condition)] = there[0]
            self.written += [
                Sql(f"SELECT 1 FROM {place.source} WHERE {place.test()} LIMIT 1", place.values)
                for place in places
                if place is not there[0]
            ]
        return min(sum(held), reach)

    def _count(self, source: str, test: Sql, reach: int) -> int:
        """Return how many rows of a table fit, up to `reach`."""
        text = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {test.text} LIMIT ?)"
        return int(self._connection.execute(text, [*test.values, reach]).fetchone()[0])


def remember(known: dict[Any, Any], key: object, value: object) -> None:
    """Keep what was found, in a dictionary that is emptied when it is full."""
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
