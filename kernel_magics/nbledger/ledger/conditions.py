"""The filter language's syntax tree, and the names that it knows."""

from __future__ import annotations

from typing import Literal, NamedTuple

Literals = int | float | str | bool

ENTITIES = {
    "metric": "metrics",
    "metrics": "metrics",
    "param": "params",
    "params": "params",
    "parameter": "params",
    "parameters": "params",
    "tag": "tags",
    "tags": "tags",
    "attr": "attributes",
    "attribute": "attributes",
    "attributes": "attributes",
    "run": "attributes",
}
ATTRIBUTES = {
    "run_id": "run_id",
    "id": "run_id",
    "name": "name",
    "run_name": "name",
    "kind": "kind",
    "status": "status",
    "experiment": "experiment",
    "experiment_name": "experiment",
    "notebook": "notebook",
    "started_at": "started_at",
    "start_time": "started_at",
    "created": "started_at",
    "ended_at": "ended_at",
    "end_time": "ended_at",
    "duration": "duration",
    "position": "position",
    "cell_id": "cell_id",
    "session": "session",
    "parent": "parent",
    "tracked": "tracked",
    "source": "source",
}
STATUSES = ("running", "finished", "failed", "cancelled", "interrupted")


class Name(NamedTuple):
    """What is compared: an entity (`metrics`, `params`, `tags`, `attributes`) and a key in it."""

    entity: str
    key: str


class Comparison(NamedTuple):
    """A name against literals; `operator` is =, !=, >, >=, <, <=, LIKE, ILIKE, IN or NULL (is missing)."""

    name: Name
    operator: str
    values: tuple[Literals, ...] = ()


class Not(NamedTuple):
    """The negation of a condition."""

    part: Condition


class Group(NamedTuple):
    """Conditions joined by AND or by OR."""

    operator: Literal["AND", "OR"]
    parts: tuple[Condition, ...]


Condition = Comparison | Not | Group


class Order(NamedTuple):
    """One key to sort by."""

    name: Name
    descending: bool = False
