"""What is chosen among runs besides the user's filter: by the keyword arguments of `Ledger.runs`, and by kind."""

from __future__ import annotations

from nbledger.ledger.conditions import Comparison, Condition, Name
from nbledger.ledger.filter import parse

#: The kinds of what only surrounds or makes up the runs that one compares.
AROUND = ("notebook", "pipeline", "sweep", "trial")
_OWN = f"attributes.kind NOT IN {AROUND}"


def selection(**attributes: str | bool | None) -> list[Condition]:
    """Return `attribute = value` for each argument that is not `None`."""
    return [
        Comparison(Name("attributes", key), "=", (value,)) for key, value in attributes.items() if value is not None
    ]


def tracked_filter(text: str | None) -> str:
    """Return a filter without what only surrounds or makes up the runs that one compares: notebooks and trials.

    Raises `FilterError` for the text itself.
    """
    return _OWN if not text or parse(text) is None else f"({text}) AND {_OWN}"
