"""Where a question of runs begins: at the index of its order, or at that of a condition.

SQLite cannot know whether it is better to walk an order's index until enough runs pass the filter, or to take the few
runs that a condition's index names and sort those. Without statistics it guesses, and a wrong guess costs seconds. So
conditions are counted in their index first, up to the bound where the two ways cost the same: with `n` runs, `limit`
wanted and `c` that fit, walking visits about n * limit / c runs and sorting c, equal at c = sqrt(n * limit); sorting a
run costs two to ten times as much as visiting it, because what it is sorted by lies on a page of its own.

Counts tell nothing of runs that fulfil two conditions, nor of where in the order they lie. So a walk that comes to ten
times as many runs as it should is given up, and the runs of the rarest condition are sorted after all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from nbledger.ledger.conditions import Comparison, Condition, Name, Order
from nbledger.ledger.drivers import RANGES, Driver
from nbledger.ledger.predicates import END_COLUMNS, TABLES
from nbledger.ledger.sizes import Sizes

_ORDERED = frozenset({"started_at", "name", "kind", "experiment"})


class Question(NamedTuple):
    """What was asked: conditions that all must hold, the order, and the page.

    `words` are those that the conditions were read from, where they were: 1 and true are equal as literals, not here.
    """

    conditions: list[Condition]
    order: Sequence[Order]
    limit: int | None
    offset: int
    words: tuple[str | bool | None, ...] = ()

    @property
    def wanted(self) -> int | None:
        """How many runs from the first one on."""
        return None if self.limit is None else self.limit + self.offset


class Way(NamedTuple):
    """Where to begin: at a driver, whose runs are sorted, or at the order's index, which is walked."""

    driver: Driver | None = None
    #: For a walk: drivers whose runs are listed first, by the identity of the condition that they stand for.
    listed: Mapping[int, Driver] = {}
    #: How many runs it may visit.
    most: int | None = None


def stages(question: Question) -> range:
    """Return the stages of `choose`. Where each run that a walk visits would cost a page, it counts further at once."""
    return range(1 if any(map(_is_range, question.conditions)) else 0, 3)


def choose(question: Question, sizes: Sizes, stage: int) -> Way:
    """Return where to begin. Each of three stages counts further than the one before, whose walk has come too far."""
    runs, first = sizes.runs, bound(question, sizes.runs)
    conditions = question.conditions
    if question.wanted is None or not has_order_index(question):
        sized = sizes.fewer(conditions, first)
        return Way(sized[0].driver if sized else None)
    if question.order:
        conditions = [one for one in conditions if not bounds_order(one, question.order[0].name)]
    reach = (first, 10 * first, runs // 2)[stage]
    sized = sizes.fewer(conditions, reach)
    if stage != 1:
        most = None if stage or not sizes.has_index(conditions) else 30 * question.wanted
        return Way(sized[0].driver) if sized else Way(most=most)
    # Conditions that are too common to be counted are taken for the mean of what they may be.
    fits = runs * (reach / runs) ** ((len(conditions) - len(sized)) / 2)
    fits = max(fits * math.prod(one.runs / runs for one in sized), 1.0)
    visits = runs * question.wanted / fits
    if not sized:
        return Way(most=3 * int(visits + reach))
    fewest, _, driver = sized[0]
    if fits + (fewest / 2 if len(conditions) > 1 else 0) < visits / 4:
        return Way(driver)
    return Way(None, sizes.lists(sized), 3 * int(visits + fewest))


def bound(question: Question, runs: int) -> int:
    """Return up to how many runs it is better to sort than to walk an order's index."""
    if question.wanted is None or not has_order_index(question):
        return runs // 3
    return min(int(0.2 * math.sqrt(runs * max(question.wanted, 1))), runs) + 1


def has_order_index(question: Question) -> bool:
    """Tell whether an index knows the first runs of an order."""
    if not question.order:
        return True
    name = question.order[0].name
    return name.entity != "attributes" or name.key in _ORDERED or name.key in END_COLUMNS


def bounds_order(condition: Condition, name: Name) -> TypeGuard[Comparison]:
    """Tell whether a condition only bounds the part of an order's index that is walked."""
    if not isinstance(condition, Comparison) or condition.name != name or name.entity == "attributes":
        return False
    return condition.operator in RANGES and "None" not in condition.values


def _is_range(condition: Condition) -> bool:
    """Tell whether an index names the runs of a condition on a param, metric or tag, and none can be looked up."""
    if not isinstance(condition, Comparison) or condition.name.entity not in TABLES:
        return False
    return condition.operator in RANGES and (condition.operator != "=" or condition.name.entity == "metrics")
