"""A table of runs as a plain model: which runs, which columns, in what order; the ledger is asked for one page at once.

Its whole state is a `TableState`, which JSON can hold; observers are told which parts of it changed. No widget and no
Jupyter is involved, so that widgets, the Lab extension's server and tests share it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from nbledger.errors import NBLedgerError
from nbledger.ledger.filter import parse, parse_order
from nbledger.ledger.runs import RunList
from nbledger.ledger.selection import tracked_filter

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run
    from nbledger.widgets.table_page import Page

PAGE_SIZE = 20
PAGE_SIZES = (10, 20, 50, 100)
#: Which columns there are, and which tell runs apart, is found by looking at so many runs: the oldest and the newest.
LOOKED_AT = 240
#: Filtered runs are counted up to here (20 ms; 190 ms for half of 100,000), and pages go to here: who looks for a run
#: beyond it sorts or filters.
FARTHEST = 20_000
MOST_METRICS, MOST_PARAMS = 5, 5
ATTRIBUTES = ("experiment", "notebook", "status", "started_at", "duration", "kind")
_LABELS = {"started_at": "started", "duration": "took"}

Observer = Callable[[frozenset[str]], None]


class BadState(NBLedgerError):
    """A table cannot be shown so. Field: detail."""


class Column(NamedTuple):
    """One column: its full name (`metrics.accuracy`), and whether the runs that were looked at differ in it."""

    name: str
    differs: bool = True

    @property
    def entity(self) -> str:
        """`metrics`, `params`, `tags` or `attributes`."""
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        """The name within its entity."""
        return self.name.partition(".")[2]

    @property
    def label(self) -> str:
        """What stands in the column's head."""
        return _LABELS.get(self.key, self.key) if self.entity == "attributes" else self.key

    @property
    def order(self) -> str:
        """The column as a key of `order_by`."""
        return f"{self.entity}.{quoted(self.key)}"


@dataclass(frozen=True, slots=True)
class TableState:
    """What is shown of a table. `columns` are full names, `None` for those that tell most; `page` counts from 0.

    `selected` and `baseline` are full ids of runs.
    """

    filter: str = ""
    order_by: str = ""
    page: int = 0
    page_size: int = PAGE_SIZE
    columns: tuple[str, ...] | None = None
    only_differing: bool = True
    baseline: str | None = None
    selected: tuple[str, ...] = ()


class TableModel:
    """A table of the tracked runs of a ledger: those of an experiment, or those given by their ids, or all.

    Raises `NotFound` for an id, `FilterError` for a filter, `BadState` for anything else that cannot be shown.
    """

    kind: type[TableState] = TableState

    def __init__(
        self,
        ledger: Ledger,
        runs: Sequence[str] | None = None,
        *,
        experiment: str | None = None,
        **state: Any,
    ) -> None:
        self.ledger = ledger
        self.experiment = experiment
        self._given = None if runs is None else list(dict.fromkeys(ledger.reader.key(run) for run in runs))
        self.ids = None if runs is None else tuple(run.id for run in RunList(ledger.reader, self._given or []))
        self._observers: list[Observer] = []
        self._state = self.kind()
        self.cache: dict[Any, Any] = {}
        self.change(**state)

    def __reduce__(self) -> str:
        # As a view: what it shows is in the ledger.
        return f"{type(self).__qualname__}({id(self):x})"

    # -- state --------------------------------------------------------------------------------------------------

    @property
    def state(self) -> TableState:
        """The present state; it is changed by `change` alone."""
        return self._state

    def change(self, **changes: Any) -> None:
        """Change parts of the state and tell the observers; where something is wrong nothing changes.

        Another filter or order begins at the first page again. Ids may be given by their first digits.
        """
        unknown = set(changes) - {item.name for item in fields(self.kind)}
        if unknown:
            raise BadState(detail=f"a table has no {', '.join(sorted(unknown))}")
        if "page" not in changes and {"filter", "order_by", "page_size"} & set(changes):
            changes["page"] = 0
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        before = self._state
        self._state = replace(before, **checked)
        if self._state.page and self._state.page >= self.pages:
            self._state = replace(self._state, page=self.pages - 1)
        changed = frozenset(name for name in checked if getattr(before, name) != getattr(self._state, name))
        if changed:
            self._tell(changed)

    def on_change(self, observer: Observer) -> Callable[[], None]:
        """Have `observer(names of what changed)` called after each change; return what ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer) if observer in self._observers else None

    def refresh(self) -> None:
        """Forget what was read from the ledger, so that new runs show; observers are told `ledger`."""
        self.cache.clear()
        self._tell(frozenset({"ledger"}))

    def select(self, runs: Iterable[str], *, on: bool = True) -> None:
        """Add runs to the selection, or take them out of it."""
        ids = [self.ledger.run_id(run) for run in runs]
        kept = [id for id in self._state.selected if on or id not in ids]
        self.change(selected=(*kept, *ids) if on else tuple(kept))

    def sort(self, column: str, *, descending: bool | None = None) -> None:
        """Sort by a column; by default downwards first, and the other way round when it is sorted by already."""
        now = self.sorted_by
        if descending is None:
            descending = not (now is not None and now[0] == column and now[1])
        self.change(order_by=f"{Column(column).order} {'desc' if descending else 'asc'}")

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """The first column sorted by, and whether downwards; `None` for the order of recording."""
        orders = parse_order(self._state.order_by)
        return (f"{orders[0].name.entity}.{orders[0].name.key}", orders[0].descending) if orders else None

    # -- what is there ------------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """How many runs fit; of filtered ones at most 20,001, which then means more than 20,000."""
        key = ("total", self._state.filter)
        if key not in self.cache:
            self.cache[key] = self._count()
        return int(self.cache[key])

    @property
    def counted(self) -> str:
        """How many runs fit, in words."""
        if self._state.filter and self.total > FARTHEST:
            return f"more than {FARTHEST:,} runs"
        return "1 run" if self.total == 1 else f"{self.total:,} runs"

    @property
    def pages(self) -> int:
        """How many pages there are, at least one; they go to the 20,000th run."""
        return -(-min(self.total, FARTHEST) // self._state.page_size) or 1

    def found(self, *, order_by: str | None = None, limit: int | None = None, offset: int = 0) -> RunList:
        """Return the runs that fit, by default in the table's order (those given by id in theirs, or newest first)."""
        order = self._state.order_by if order_by is None else order_by
        if self._given is not None and (not self._given or not (self._state.filter or order)):
            end = None if limit is None else offset + limit
            return RunList(self.ledger.reader, self._given[offset:end])
        return self.ledger.runs(self._where, order_by=order, limit=limit, offset=offset, **self._scope)

    def runs(self) -> list[Run]:
        """Return the runs of the present page."""
        state = self._state
        key = ("page", state.filter, state.order_by, state.page, state.page_size)
        if key not in self.cache:
            self.cache = {name: value for name, value in self.cache.items() if name[0] != "page"}
            self.cache[key] = list(self.found(limit=state.page_size, offset=state.page * state.page_size))
        return list(self.cache[key])

    def looked_at(self) -> list[Run]:
        """Return the runs by which columns are found: all of a few, else the oldest and the newest."""
        key = ("looked at", self._state.filter)
        if key not in self.cache:
            if self.total <= LOOKED_AT:
                found = list(self.found(order_by="started_at asc"))
            else:
                half = LOOKED_AT // 2
                newest = self.found(order_by="started_at desc", limit=half)
                found = [*self.found(order_by="started_at asc", limit=half), *reversed(newest)]
            self.cache[key] = found
        return list(self.cache[key])

    def available(self) -> tuple[Column, ...]:
        """Return every column that the looked-at runs have: attributes, metrics (the commonest first), params, tags."""
        key = ("available", self._state.filter)
        if key not in self.cache:
            self.cache[key] = tuple(_columns(self.looked_at()))
        found: tuple[Column, ...] = self.cache[key]
        return found

    def columns(self) -> tuple[Column, ...]:
        """Return the columns that are shown, in order."""
        known = {column.name: column for column in self.available()}
        if self._state.columns is None:
            key = ("telling", self._state.filter)
            if key not in self.cache:
                self.cache[key] = _telling(self.looked_at(), known.values())
            shown = list(self.cache[key])
        else:
            shown = [known.get(name, Column(name)) for name in self._state.columns]
        if self._state.only_differing and self.total > 1:
            shown = [column for column in shown if column.differs or column.entity == "metrics"]
        by = self.sorted_by
        if by is not None and by[0] not in {column.name for column in shown}:
            shown.append(known.get(by[0], Column(by[0])))
        return tuple(shown)

    def table(self, *, seconds: float | None = None) -> Page:
        """Return the present page with deltas, intervals and marks; after `seconds` some intervals are left pending."""
        from nbledger.widgets.table_page import page

        return page(self, seconds=seconds)

    # -- pieces -------------------------------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        text = tracked_filter(self._state.filter)
        if self.ids is None:
            return text
        listed = ", ".join(f"'{id}'" for id in self.ids)
        mine = f"run_id IN ({listed})"
        return f"({self._state.filter}) AND {mine}" if parse(self._state.filter) is not None else mine

    @property
    def _scope(self) -> dict[str, Any]:
        return {} if self.ids is not None else {"experiment": self.experiment, "tracked": True}

    def _count(self) -> int:
        if not self._state.filter:
            return self.ledger.count(self._where, **self._scope) if self.ids is None else len(self.ids)
        return len(self.found(order_by="started_at desc", limit=FARTHEST + 1))

    def _tell(self, changed: frozenset[str]) -> None:
        for observer in list(self._observers):
            observer(changed)

    def _checked(self, name: str, value: Any) -> Any:
        """Return a part of the state as it is kept. Raises what says that it is wrong."""
        if name in ("filter", "order_by"):
            text = str(value or "").strip()
            (parse if name == "filter" else parse_order)(text)
            return text
        if name == "page_size":
            if value not in PAGE_SIZES:
                raise BadState(detail=f"a page has {', '.join(map(str, PAGE_SIZES))} runs, not {value!r}")
            return int(value)
        if name == "page":
            if not isinstance(value, int) or value < 0:
                raise BadState(detail=f"there is no page {value!r}: the first one is 0")
            return value
        if name == "baseline":
            return self.ledger.run(str(value)).id if value else None
        if name == "selected":
            return tuple(dict.fromkeys(self.ledger.run_id(str(run)) for run in value))
        if name == "columns":
            return None if value is None else tuple(dict.fromkeys(map(_column, value)))
        return bool(value) if name == "only_differing" else value


def quoted(key: str) -> str:
    """Return a name as the filter grammar takes it."""
    return key if re.fullmatch(r"[A-Za-z_]\w*", key) else '"' + key.replace('"', '""') + '"'


def _column(name: Any) -> str:
    entity, _, key = str(name).partition(".")
    if entity not in ("metrics", "params", "tags", "attributes") or not key:
        raise BadState(detail=f"{name!r} is no column: metrics.NAME, params.NAME, tags.NAME or attributes.NAME")
    return str(name)


def _columns(runs: Sequence[Run]) -> list[Column]:
    found = [Column(f"attributes.{name}", _differs(runs, name)) for name in ATTRIBUTES]
    for entity in ("metrics", "params", "tags"):
        values: dict[str, list[Any]] = {}
        for run in runs:
            for name, value in getattr(run, entity).items():
                values.setdefault(name, []).append(value)
        ordered = sorted(values, key=lambda name: -len(values[name])) if entity == "metrics" else list(values)
        found += [Column(f"{entity}.{name}", _varied(values[name], len(runs))) for name in ordered]
    return found


def _differs(runs: Sequence[Run], attribute: str) -> bool:
    return len({getattr(run, attribute) for run in runs}) > 1


def _varied(values: Sequence[Any], runs: int) -> bool:
    """Tell whether runs disagree; one that lacks the value does."""
    return len(values) < runs or len({repr(value) for value in values}) > 1


def _telling(runs: Sequence[Run], known: Iterable[Column]) -> list[Column]:
    """Return the columns that tell most: metrics, then params of different values, one of those that go together."""
    shown = [one for one in known if one.name in ("attributes.experiment", "attributes.status") and one.differs]
    shown += [one for one in known if one.name in ("attributes.started_at", "attributes.duration")]
    shown += [one for one in known if one.entity == "metrics"][:MOST_METRICS]
    seen: set[tuple[str, ...]] = set()
    params = [one for one in known if one.entity == "params"]
    # Params that take several values come first; what a notebook says comes before what an estimator's step repeats.
    values = {one: tuple(repr(run.params.get(one.key)) for run in runs) for one in params}
    several = {one: len(set(values[one]) - {"None"}) > 1 for one in params}
    params.sort(key=lambda one: (not several[one], "__" in one.key))
    count = 0
    for one in params:
        if count < MOST_PARAMS and values[one] not in seen and (several[one] or one.differs or len(runs) == 1):
            shown.append(one)
            seen.add(values[one])
            count += 1
    return shown
